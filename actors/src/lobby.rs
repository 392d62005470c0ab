//! The lobby of a line that is drawn: what is shared of it, how its list is made, and how its draw
//! is shown.
//!
//! Entries, their order and their places are those of any line ([`openrun_core::places`]). Kept
//! here is what the draw adds: whether it still takes people, the leaves of who was in it, and the
//! order once it is drawn. Decides nothing.

use crate::draw_secrets::Secret;
use bytes::Bytes;
use openrun_core::draw::{
    ALGORITHM, Digest, DrawnOrder, Proof, Transcript, TranscriptShare, empty_leaf, leaf, root,
};
use openrun_core::places::{Phase, Places};
use openrun_core::round::ClassDraw;
use openrun_core::view::RoundView;
use openrun_core::{PersonKey, RoundId};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// A place in a lobby as its shard knows it: the entry and whose it is.
pub(crate) type Entry = (u64, PersonKey);

/// What is shared of a lobby. Each field but the count is set once, in this order.
#[derive(Debug, Default)]
pub(crate) struct LobbyShared {
    /// What the line will be drawn with.
    secret: OnceLock<Secret>,
    /// How many entries somebody is known to have been given before it closed.
    people: AtomicU64,
    /// Whether nobody is taken any more.
    is_closing: AtomicBool,
    /// The list of who is in it; durable.
    closed: OnceLock<Arc<LobbyList>>,
    /// Who stands where; durable.
    drawn: OnceLock<Arc<DrawnOrder>>,
    /// Numbers that fell to entries that nobody was known to hold, in order.
    vacant: OnceLock<Arc<[u32]>>,
    /// The transcript as bytes: made for whoever asks first.
    transcript: OnceLock<Bytes>,
}

/// Who was in a lobby when it closed, as far as everybody may know.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LobbyList {
    /// The leaf of each entry, from entry 1.
    pub leaves: Vec<Digest>,
    /// Over them.
    pub root: Digest,
}

impl LobbyList {
    /// The list of `count` entries, of which these are known. Takes a while: two hashes each.
    pub fn of(
        round: &RoundId,
        class: &str,
        count: u64,
        entries: &[Entry],
        secret: &Secret,
    ) -> LobbyList {
        let mut leaves: Vec<Option<Digest>> = (0..count).map(|_| None).collect();
        for (entry, person) in entries {
            let index = usize::try_from(*entry - 1).ok();
            if let Some(place) = index.and_then(|index| leaves.get_mut(index)) {
                let salt = secret.0.salt(class, *entry, *person);
                *place = Some(leaf(round, class, *entry, *person, &salt));
            }
        }
        let empty = |entry| empty_leaf(round, class, entry);
        let numbered = (1..).zip(leaves);
        let leaves: Vec<Digest> =
            numbered.map(|(entry, leaf)| leaf.unwrap_or_else(|| empty(entry))).collect();
        LobbyList { root: root(&leaves), leaves }
    }
}

impl LobbyShared {
    /// What the line will be drawn with, once the round is committed to it.
    pub fn secret(&self) -> Option<&Secret> {
        self.secret.get()
    }

    /// The round is committed to this.
    pub fn commit(&self, secret: Secret) {
        let _ = self.secret.set(secret);
    }

    /// Whether nobody is taken any more.
    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// One more entry is known.
    pub fn count_entry(&self) {
        self.people.fetch_add(1, Ordering::Relaxed);
    }

    /// How many entries somebody is known to have been given before it closed.
    pub fn people(&self) -> u64 {
        self.people.load(Ordering::Relaxed)
    }

    /// Takes nobody from now on.
    pub fn begin_closing(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
    }

    /// The list of who was in it, once it is durable.
    pub fn list(&self) -> Option<&Arc<LobbyList>> {
        self.closed.get()
    }

    /// The list is durable.
    pub fn close(&self, list: Arc<LobbyList>) {
        self.begin_closing();
        let _ = self.closed.set(list);
    }

    /// Who stands where, once that is durable.
    pub fn drawn(&self) -> Option<&Arc<DrawnOrder>> {
        self.drawn.get()
    }

    /// The draw is durable, and `line` has the places as drawn.
    pub fn draw(&self, order: Arc<DrawnOrder>, line: &Places) {
        assert!(self.closed.get().is_some(), "a lobby is drawn after it has closed");
        let vacant = (1..=order.count()).filter(|number| line.phase(*number) == Phase::Vacant);
        let vacant = vacant.filter_map(|number| u32::try_from(number).ok()).collect();
        let _ = self.vacant.set(vacant);
        let _ = self.drawn.set(order);
    }

    /// Numbers of the line that fell to nobody who was known at the draw.
    pub fn vacant(&self) -> Arc<[u32]> {
        self.vacant.get().cloned().unwrap_or_default()
    }

    /// What a person needs to find their own leaf; nothing for somebody who was not in the list
    /// when it was closed.
    pub fn proof(&self, round: &RoundId, class: &str, (entry, person): Entry) -> Option<Proof> {
        let salt = self.secret()?.0.salt(class, entry, person);
        let (round_id, class) = (round.clone(), class.to_owned());
        let proof = Proof { round_id, class, entry, person, salt };
        let Some(list) = self.list() else { return Some(proof) };
        let index = usize::try_from(entry.checked_sub(1)?).ok()?;
        (list.leaves.get(index) == Some(&proof.leaf())).then_some(proof)
    }

    /// The transcript of the draw as bytes, made by `write` the first time. Takes a while then.
    pub fn transcript(
        &self,
        view: &RoundView,
        draw: &ClassDraw,
        write: impl FnOnce(&Transcript) -> Bytes,
    ) -> Option<Bytes> {
        let (list, order) = (self.list()?, self.drawn()?);
        let (commitment, committed_at) = draw.commitment?;
        let (closed, drawn) = (draw.closed?, draw.drawn?);
        let specs = view.spec.draw().map_or(&[][..], |spec| &spec.shares);
        let make = || {
            write(&Transcript {
                algorithm: ALGORITHM.to_owned(),
                round_id: view.spec.id.clone(),
                class: draw.class.to_string(),
                commitment,
                committed_at,
                count: closed.count,
                root: closed.root,
                closed_at: closed.at,
                shares: TranscriptShare::in_order(specs, &view.shares),
                key: drawn.key.0,
                seed: drawn.seed,
                drawn_at: drawn.at,
                leaves: list.leaves.clone(),
                entries_by_number: order.entries_by_number().to_vec(),
            })
        };
        Some(self.transcript.get_or_init(make).clone())
    }
}
