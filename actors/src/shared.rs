//! What a round shares with everybody who reads: its snapshot, its places, its rendered document,
//! and handles.
//!
//! Reading never touches a mailbox. Only the round's own actors write.

use crate::committer::Journal;
use crate::documents::{Documents, Rendered};
use crate::failpoints::OwnNumbers;
use crate::handle::Handle;
use crate::lobby::LobbyShared;
use crate::queue::QueueShell;
use crate::round::{ReserveNumbers, RoundShell};
use arc_swap::ArcSwap;
use bytes::Bytes;
use metrics::Counter;
use openrun_core::places::Places;
use openrun_core::queue::ShownTicket;
use openrun_core::round_spec::LineId;
use openrun_core::view::{PlaceView, RoundView};
use openrun_core::{PersonKey, RoundId, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shards of a round's people: enough that rebuilding or draining one is short, few enough to be
/// walked.
pub const QUEUE_SHARDS: usize = 8;
/// A place in line, as its person sees it.
#[derive(Debug, Clone)]
pub struct Place {
    /// In which line.
    pub line: LineId,
    /// The word for the line.
    pub class: Arc<str>,
    /// The number; in a lobby that is not drawn one that says nothing.
    pub number: u64,
    /// Whether the place is in a lobby that is not drawn.
    pub is_entry: bool,
    /// Where it stands.
    pub view: PlaceView,
    /// Until when the pass is good, when one is out and known to the answer.
    pub pass_expires_at: Option<Timestamp>,
}

/// The shared numbers of one line, and the watch over their order.
#[derive(Debug, Default)]
pub struct LineShared {
    /// The places.
    pub places: Arc<Places>,
    /// The highest number whose join has been answered.
    answered: AtomicU64,
    /// Whether a block is being reserved.
    pub reserving: AtomicBool,
    /// What the draw adds to a line that is the lobby of another.
    pub(crate) lobby: LobbyShared,
}

/// What a round shares.
pub(crate) struct RoundShared {
    pub id: RoundId,
    /// Of the program's stream.
    pub journal: Journal,
    pub view: ArcSwap<RoundView>,
    pub lines: ArcSwap<Vec<Arc<LineShared>>>,
    pub round: Handle<RoundShell>,
    pub queues: Vec<Handle<QueueShell>>,
    pub documents: Documents,
    pub renders_total: Counter,
    pub inversions: AtomicU64,
    pub inversions_total: Counter,
}

impl RoundShared {
    pub fn queue(&self, person: PersonKey) -> &Handle<QueueShell> {
        &self.queues[person.shard(QUEUE_SHARDS)]
    }

    pub fn line(&self, line: LineId) -> Option<Arc<LineShared>> {
        self.lines.load().get(line.index()).cloned()
    }

    /// Takes the next number, and watches that it is larger than every number answered before
    /// (OR-5).
    pub fn take_number(&self, id: LineId, line: &LineShared, own: &mut OwnNumbers) -> Option<u64> {
        let floor = line.answered.load(Ordering::SeqCst);
        let number = own.take(id, &line.places)?;
        if number <= floor {
            self.inversions.fetch_add(1, Ordering::Relaxed);
            self.inversions_total.increment(1);
        }
        Some(number)
    }

    /// The join that got `number` is about to be answered.
    pub fn answered(line: &LineShared, number: u64) {
        line.answered.fetch_max(number, Ordering::SeqCst);
    }
}

/// A round, for readers. Cheap to clone.
#[derive(Clone)]
pub struct RoundRef(pub(crate) Arc<RoundShared>);

impl RoundRef {
    /// The newest snapshot.
    #[must_use]
    pub fn view(&self) -> Arc<RoundView> {
        self.0.view.load_full()
    }

    /// Whether the round has this line.
    #[must_use]
    pub fn has_line(&self, line: LineId) -> bool {
        self.0.lines.load().len() > line.index()
    }

    /// Where a number stands. For a line that is not there: the first line.
    #[must_use]
    pub fn place(&self, line: LineId, number: u64) -> Place {
        let lines = self.0.lines.load();
        let view = self.0.view.load();
        // A draft that is defined anew gets its lines before its snapshot: for a moment the one may
        // have lines that the other has not.
        let known = |line: LineId| {
            let is_there = line.index() < lines.len();
            is_there && view.spec.line_behind(line).index() < view.lines.len()
        };
        let asked = if known(line) { line } else { LineId(0) };
        let shown = ShownTicket { line: asked, number };
        let renewed = Some(self.0.renewed(shown)).filter(|renewed| known(renewed.line));
        let ShownTicket { line, number } = renewed.unwrap_or(shown);
        let places = &lines[line.index()].places;
        Place {
            line,
            class: Arc::clone(&view.lines[view.spec.line_behind(line).index()].class),
            number,
            is_entry: view.spec.is_lobby(line),
            view: view.place(line, number, places),
            pass_expires_at: None,
        }
    }

    /// The watermark document: made once per snapshot by whoever asks first, and not more often
    /// than every 200 ms unless the state of the round has changed. While one makes it, all others
    /// get the one before.
    pub fn rendered(&self, render: impl FnOnce(&RoundView) -> Bytes) -> Rendered {
        self.0.documents.newest(
            || self.0.view.load_full(),
            |view| {
                self.0.renders_total.increment(1);
                render(view)
            },
        )
    }

    /// Asks for numbers now, not at the next tick.
    pub(crate) fn reserve_numbers(&self) {
        for index in 0..self.0.lines.load().len() {
            self.0.round.tell(ReserveNumbers(LineId(u8::try_from(index).unwrap_or(u8::MAX))));
        }
    }

    /// How many joins got a number out of order. Must be 0.
    #[must_use]
    pub fn inversions(&self) -> u64 {
        self.0.inversions.load(Ordering::Relaxed)
    }
}
