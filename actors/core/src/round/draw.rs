//! The draws of a round: for each line a key that is committed to, a lobby that closes, shares that
//! are given, and the seed that comes of them.
//!
//! Each step happens once, in this order, whatever pauses or restarts lie between. Knows no salt
//! and no leaf: the root is what the shell says it is, and is checked against the entries whenever
//! they are read back.

use super::{LifeCycle, Round, WindowPhase};
use crate::draw::{self, Digest, ENTRIES_MAX, ShareValue};
use crate::round_spec::{LineId, RoundSpec};
use crate::{Event, Refusal, Timestamp};
use std::sync::Arc;

/// How far the draw of one line has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassDraw {
    /// Of which line.
    pub line: LineId,
    /// The line of its lobby.
    pub lobby: LineId,
    /// The word for the line.
    pub class: Arc<str>,
    /// What shows the key later, and since when it stands.
    pub commitment: Option<(Digest, Timestamp)>,
    /// The lobby, once it has closed.
    pub closed: Option<ClosedLobby>,
    /// What it was drawn with.
    pub drawn: Option<Drawn>,
}

/// Who is in a lobby that takes nobody any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedLobby {
    /// How many entries.
    pub count: u64,
    /// Over their leaves.
    pub root: Digest,
    /// Since when.
    pub at: Timestamp,
}

/// What a lobby was drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// The key that was committed to.
    pub key: Digest,
    /// What the order follows from.
    pub seed: Digest,
    /// When.
    pub at: Timestamp,
}

/// The draws of a round; none in a round that is not drawn.
#[derive(Debug, Clone, Default)]
pub(super) struct Draws {
    classes: Vec<ClassDraw>,
    shares: Vec<ShareValue>,
}

impl Draws {
    pub(super) fn of(spec: &RoundSpec) -> Draws {
        let of_line = |(index, eligibility): (usize, crate::round_spec::Eligibility)| {
            let line = LineId(u8::try_from(index).ok()?);
            let lobby = spec.lobby_of(line)?;
            let class = eligibility.class();
            Some(ClassDraw { line, lobby, class, commitment: None, closed: None, drawn: None })
        };
        let classes = spec.lines().into_iter().enumerate().filter_map(of_line).collect();
        Draws { classes, shares: Vec::new() }
    }
}

impl Round {
    /// How far each line's draw has come; empty for a round that is not drawn.
    #[must_use]
    pub fn draws(&self) -> &[ClassDraw] {
        &self.draws.classes
    }

    /// The shares that were given so far.
    #[must_use]
    pub fn shares(&self) -> &[ShareValue] {
        &self.draws.shares
    }

    /// The draw of a line, if it is drawn.
    #[must_use]
    pub fn draw_of(&self, line: LineId) -> Option<&ClassDraw> {
        self.draws.classes.get(line.index())
    }

    /// Whether people of this line stand in a lobby that is not drawn: nobody can have a turn.
    #[must_use]
    pub fn awaits_draw(&self, line: LineId) -> bool {
        self.draw_of(line).is_some_and(|draw| draw.drawn.is_none())
    }

    /// What commits the round to its keys, once it is more than a draft: everything that was not
    /// committed to before.
    #[must_use]
    pub fn decide_commit(
        &self,
        now: Timestamp,
        commitment_of: impl Fn(&str) -> Digest,
    ) -> Vec<Event> {
        if matches!(self.state, LifeCycle::Draft | LifeCycle::Closed) {
            return Vec::new();
        }
        let open = self.draws.classes.iter().filter(|draw| draw.commitment.is_none());
        let committed = |draw: &ClassDraw| Event::DrawCommitted {
            round: self.spec.id.clone(),
            line: draw.line,
            commitment: commitment_of(&draw.class),
            at: now,
        };
        open.map(committed).collect()
    }

    /// Whether the lobby of a line has to close: the first window of its class has opened.
    #[must_use]
    pub fn must_close_lobby(&self, line: LineId) -> bool {
        let eligibility = &self.lines[line.index()].eligibility;
        let mut theirs = self.windows.iter().filter(|w| w.spec.is_of_line(eligibility));
        self.may_close_lobby(line) && theirs.any(|window| window.phase == WindowPhase::Open)
    }

    /// Whether the lobby of a line can still close. Once its list is begun it does, also when its
    /// window has closed meanwhile: nobody could be taken any more.
    #[must_use]
    pub fn may_close_lobby(&self, line: LineId) -> bool {
        let draw = self.draw_of(line);
        let is_open = |draw: &ClassDraw| draw.commitment.is_some() && draw.closed.is_none();
        self.state != LifeCycle::Closed && draw.is_some_and(is_open)
    }

    /// The lobby of a line is closed with so many entries, and the numbers behind it are for those
    /// who come now.
    #[must_use]
    pub fn decide_close_lobby(
        &self,
        now: Timestamp,
        line: LineId,
        count: u64,
        root: Digest,
    ) -> Vec<Event> {
        assert!(self.may_close_lobby(line), "a lobby closes once");
        assert!(count <= ENTRIES_MAX, "a lobby is never given more numbers than can be drawn");
        let lobby = self.draws.classes[line.index()].lobby;
        let round = self.spec.id.clone();
        let up_to = self.lines[line.index()].reserved.max(count) + super::NUMBER_BLOCK;
        vec![
            Event::LobbyClosed { round: round.clone(), line, lobby, count, root, at: now },
            Event::NumbersReserved { round, line, up_to },
        ]
    }

    /// Whether a share can be taken. Nothing happens when it was given before.
    ///
    /// # Errors
    /// `WrongState` before the lobby has closed and after the draw; `Malformed` when it is no share
    /// of this round, is not what was committed to, or was given otherwise.
    pub fn decide_share(
        &self,
        now: Timestamp,
        share: &ShareValue,
    ) -> Result<Option<Event>, Refusal> {
        let malformed = |detail: String| Refusal::Malformed { detail };
        let specs = self.spec.draw().map_or(&[][..], |draw| &draw.shares);
        let spec = specs.iter().find(|spec| spec.name() == share.name);
        let spec = spec.ok_or_else(|| malformed("the round names no such share".to_owned()))?;
        spec.check(&self.spec.id, share).map_err(|fault| malformed(fault.to_string()))?;
        if let Some(given) = self.shares().iter().find(|given| given.name == share.name) {
            let is_same = given.value == share.value;
            let other = || malformed("this share was given with another value".to_owned());
            return is_same.then_some(None).ok_or_else(other);
        }
        let is_waited_for = |draw: &ClassDraw| draw.closed.is_some() && draw.drawn.is_none();
        if !self.draws.classes.iter().any(is_waited_for) {
            return Err(Refusal::WrongState { state: self.state });
        }
        let round = self.spec.id.clone();
        Ok(Some(Event::ShareGiven { round, share: share.clone(), at: now }))
    }

    /// Whether a line is to be drawn now: its lobby has closed, and every share is there or their
    /// time is over.
    #[must_use]
    pub fn must_draw(&self, now: Timestamp, line: LineId) -> bool {
        let (Some(draw), Some(spec)) = (self.draw_of(line), self.spec.draw()) else {
            return false;
        };
        let Some(closed) = draw.closed.filter(|_| draw.drawn.is_none()) else { return false };
        let waits_until = closed.at.plus_millis(i64::from(spec.shares_within_s) * 1_000);
        self.shares().len() == spec.shares.len() || now >= waits_until
    }

    /// The draw of a line with the key that was committed to.
    #[must_use]
    pub fn decide_draw(&self, now: Timestamp, line: LineId, key: [u8; 32]) -> Event {
        assert!(self.must_draw(now, line), "a line is drawn once, when all is there");
        let draw = &self.draws.classes[line.index()];
        let closed = draw.closed.expect("a line that is drawn has a closed lobby");
        let seed = draw::seed(&closed.root, &key, &self.shares_in_order());
        let (round, key) = (self.spec.id.clone(), Digest(key));
        let (lobby, count) = (draw.lobby, closed.count);
        Event::Drawn { round, line, lobby, count, key, seed, at: now }
    }

    fn shares_in_order(&self) -> Vec<ShareValue> {
        let specs = self.spec.draw().map_or(&[][..], |draw| &draw.shares);
        ShareValue::in_order(specs, self.shares())
    }

    /// Whether numbers of a line may be reserved up to `up_to`: of a lobby until it has closed, and
    /// of the line behind it only from then on, when it is known how many stand at its head.
    pub(super) fn takes_numbers(&self, line: LineId, up_to: u64) -> bool {
        if self.spec.is_lobby(line) {
            let behind = self.draw_of(self.spec.line_behind(line));
            return up_to <= ENTRIES_MAX && behind.is_some_and(|draw| draw.closed.is_none());
        }
        self.draw_of(line).is_none_or(|draw| draw.closed.is_some())
    }

    pub(super) fn apply_draw(&mut self, event: &Event) {
        match event {
            Event::DrawCommitted { line, commitment, at, .. } => {
                let draw = self.class_mut(*line);
                assert!(draw.commitment.is_none(), "a draw is committed to once");
                draw.commitment = Some((*commitment, *at));
            }
            Event::LobbyClosed { line, count, root, at, .. } => {
                // Its window may have closed again while this was being written.
                let draw = self.class_mut(*line);
                assert!(draw.commitment.is_some(), "a lobby closes after the draw is committed to");
                assert!(draw.closed.is_none(), "a lobby closes once");
                draw.closed = Some(ClosedLobby { count: *count, root: *root, at: *at });
            }
            Event::ShareGiven { share, .. } => {
                let is_new = !self.shares().iter().any(|given| given.name == share.name);
                assert!(is_new, "a share is given once");
                self.draws.shares.push(share.clone());
            }
            Event::Drawn { line, count, key, seed, at, .. } => {
                let shares = self.shares_in_order();
                let draw = self.class_mut(*line);
                assert!(draw.drawn.is_none(), "a line is drawn once");
                let committed = draw.commitment.map(|(commitment, _)| commitment);
                assert_eq!(Some(draw::commitment(&key.0)), committed, "drawn with another key");
                let closed = draw.closed.expect("a line is drawn after its lobby has closed");
                assert_eq!(closed.count, *count, "drawn with another count");
                assert_eq!(draw::seed(&closed.root, &key.0, &shares), *seed, "another seed");
                draw.drawn = Some(Drawn { key: *key, seed: *seed, at: *at });
            }
            _ => {}
        }
    }

    fn class_mut(&mut self, line: LineId) -> &mut ClassDraw {
        self.draws.classes.get_mut(line.index()).expect("events name lines of their own round")
    }
}
