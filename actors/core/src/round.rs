//! A round: its life, its windows and their stock, the reserved numbers and the watermarks.
//!
//! `decide_*` read and answer; `apply` is the only thing that changes a round, live and in recovery
//! alike. Knows nothing of people beyond what a purchase says, nothing of limits (the person
//! decided them before), and has no clock.

use crate::notice::Notices;
use crate::opening::Asks;
use crate::payment::Payment;
use crate::purchase::PassId;
use crate::round_spec::{Eligibility, InletMode, InletSpec, RoundSpec, WindowSpec};
use crate::stock::Stock;
use crate::{
    ChannelId, Event, IdempotencyKey, Month, PersonKey, PurchaseId, Refusal, Rules, Timestamp, Who,
    WindowId, Won,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

mod by_hand;
mod draw;
mod figures;
mod numbers;
mod payments;
mod selling;
mod version;

pub use by_hand::STEP_MAX;
pub use draw::{ClassDraw, ClosedLobby, Drawn};
pub use figures::StockEnd;
pub use payments::NextStep;

pub use crate::life::{LifeCycle, Step};

/// Numbers reserved at once: when half of them are given the next block is asked for, so a store
/// may stall for half a second in the largest rush that one machine can take in. A restart leaves
/// at most this many numbers unused, which costs nobody a place or a wait.
pub const NUMBER_BLOCK: u64 = 32_768;
/// Whether a window sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowPhase {
    /// Not yet.
    Ahead,
    /// Now.
    Open,
    /// No more.
    Over,
}

/// A window as it stands.
#[derive(Debug, Clone)]
pub struct Window {
    /// What the operator said.
    pub spec: WindowSpec,
    /// Whether it sells.
    pub phase: WindowPhase,
    /// What it has.
    pub stock: Stock,
    /// What operators gave it, then and since; leftover is not counted.
    pub granted: Won,
    /// How many purchases it made.
    pub purchases: u64,
    /// The sum of the squares of their amounts, in won: how much purchases differ.
    pub squares: u128,
    last_taken: Option<StockEnd>,
}

/// A line as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who stands in it.
    pub eligibility: Eligibility,
    /// The last number that may be given.
    pub reserved: u64,
    /// Numbers at or under it have their turn.
    pub watermark: u64,
    /// How far an operator let people in by hand; counts with mode `manual` only.
    pub stepped_to: u64,
}

/// A purchase as asked of the round: the person's limits were decided before.
#[derive(Debug, Clone)]
pub struct PurchaseOrder {
    /// The id made at the edge.
    pub id: PurchaseId,
    /// Who.
    pub person: PersonKey,
    /// Through which channel.
    pub channel: ChannelId,
    /// How much.
    pub amount: Won,
    /// With which pass.
    pub pass: PassId,
    /// Under which key.
    pub key: IdempotencyKey,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
    /// The month whose limit was held.
    pub month: Month,
    /// What the person will have used of it.
    pub used_after: Won,
    /// The rules under which the limit was held.
    pub rules: Arc<Rules>,
    /// At a counter, who it is: what decides the window, where a pass does elsewhere.
    pub at_counter: Option<Who>,
}

/// A sale.
#[derive(Debug, Clone)]
pub struct Round {
    spec: RoundSpec,
    state: LifeCycle,
    windows: Vec<Window>,
    lines: Vec<Line>,
    /// Payments under way, and those voided after the rail was asked: money may turn up for them.
    payments: BTreeMap<PurchaseId, Payment>,
    /// Won sent to the rail, by day of Seoul.
    sent_on: BTreeMap<i64, Won>,
    /// The last serial number that was given to a voucher on paper.
    last_serial: u64,
    draws: draw::Draws,
    pub(crate) notices: Notices,
    pub(crate) asks: Asks,
    version: u64,
}

impl Round {
    /// A round as an operator defined it.
    #[must_use]
    pub fn new(spec: RoundSpec) -> Round {
        let window = |spec: &WindowSpec| Window {
            spec: spec.clone(),
            phase: WindowPhase::Ahead,
            stock: Stock::new(spec.stock_won),
            granted: spec.stock_won,
            purchases: 0,
            squares: 0,
            last_taken: None,
        };
        let line = |eligibility| Line { eligibility, reserved: 0, watermark: 0, stepped_to: 0 };
        let windows = spec.windows.iter().map(window).collect();
        let lines = spec.lines_with_lobbies().into_iter().map(line).collect();
        let draws = draw::Draws::of(&spec);
        let (payments, sent_on, notices, asks) = Default::default();
        let (state, version, last_serial) = (LifeCycle::Draft, 1, 0);
        Round {
            spec,
            state,
            windows,
            lines,
            payments,
            sent_on,
            last_serial,
            draws,
            notices,
            asks,
            version,
        }
    }

    /// What the operator said.
    #[must_use]
    pub fn spec(&self) -> &RoundSpec {
        &self.spec
    }

    /// Where it is in its life.
    #[must_use]
    pub fn state(&self) -> LifeCycle {
        self.state
    }

    /// Its windows.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether the operator may still change what the round is.
    ///
    /// # Errors
    /// `WrongState` once people can have joined; once the round is more than a draft, also for
    /// another order or other shares than were announced with it: they would give another seed
    /// under the commitment that people have noted. What two persons agreed on stands:
    /// see [`crate::opening`].
    pub fn decide_redefine(&self, spec: &RoundSpec) -> Result<Event, Refusal> {
        if !matches!(self.state, LifeCycle::Draft | LifeCycle::Scheduled) {
            return Err(Refusal::WrongState { state: self.state });
        }
        let is_announced = self.state == LifeCycle::Scheduled && self.spec.draw().is_some();
        if is_announced && spec.order != self.spec.order {
            return Err(Refusal::WrongState { state: self.state });
        }
        self.check_agreed(spec)?;
        Ok(Event::RoundDefined { spec: spec.clone() })
    }

    /// What an operator's step does. Each is idempotent: where the round already is, nothing
    /// happens.
    ///
    /// # Errors
    /// `WrongState` when the step does not lead on from here.
    pub fn decide_step(&self, step: Step) -> Result<Vec<Event>, Refusal> {
        use LifeCycle::{Closed, Draft, Lobby, Open, Paused, Scheduled, SoldOut};
        let to = match (step, self.state) {
            (Step::Schedule, Draft) => Scheduled,
            (Step::Schedule, Scheduled | Lobby | Open | SoldOut | Paused) => return Ok(vec![]),
            (Step::Open, Draft | Scheduled | Lobby) => Open,
            (Step::Open, Open | SoldOut) => return Ok(vec![]),
            (Step::Pause, Lobby | Open | SoldOut) => Paused,
            (Step::Pause, Paused) => return Ok(vec![]),
            (Step::Resume, Paused) => self.state_after_pause(),
            (Step::Resume, Open | SoldOut | Lobby) => return Ok(vec![]),
            (Step::Close, Closed) => return Ok(vec![]),
            (Step::Close, _) => Closed,
            (_, state) => return Err(Refusal::WrongState { state }),
        };
        // From here it must succeed.
        let mut events = vec![self.moved(to)];
        match step {
            Step::Open => events.extend(self.first_windows_opened()),
            // All end at once: what is left stays where it is, for there is nobody that it could be
            // sold to.
            Step::Close => events.extend(self.not_over().map(|window| self.shut(window, None))),
            _ => {}
        }
        Ok(events)
    }

    /// The next thing that is due by the clock alone, if any. Apply it and ask again.
    #[must_use]
    pub fn decide_due(&self, now: Timestamp) -> Option<Event> {
        let first = self.spec.windows[0].opens_at;
        match self.state {
            LifeCycle::Draft | LifeCycle::Closed => return None,
            LifeCycle::Scheduled | LifeCycle::Lobby if now >= first => {
                return Some(self.moved(LifeCycle::Open));
            }
            LifeCycle::Scheduled if now >= self.spec.lobby_opens_at => {
                return Some(self.moved(LifeCycle::Lobby));
            }
            LifeCycle::Scheduled | LifeCycle::Lobby => return None,
            LifeCycle::Open | LifeCycle::Paused | LifeCycle::SoldOut => {}
        }
        // Those that close first, so that a line has one open window at most and leftover finds its
        // target not over.
        if let Some(window) = self.first_due_to_close(now) {
            return Some(self.shut(window, window.spec.leftover_to.clone()));
        }
        if let Some(window) = self.windows.iter().find(|w| w.is_due_to_open(now)) {
            return Some(self.opened(window));
        }
        if self.windows.iter().all(|w| w.phase == WindowPhase::Over) {
            return Some(self.moved(LifeCycle::Closed));
        }
        match (self.state, self.open_windows_are_gone()) {
            (LifeCycle::Open, true) => Some(self.moved(LifeCycle::SoldOut)),
            (LifeCycle::SoldOut, false) => Some(self.moved(LifeCycle::Open)),
            _ => None,
        }
    }

    /// When something is next due by the clock alone, beyond what is due already.
    #[must_use]
    pub fn next_deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let edges = self.spec.windows.iter().flat_map(|w| [w.opens_at, w.closes_at]);
        edges.chain([self.spec.lobby_opens_at]).filter(|edge| *edge > now).min()
    }

    /// Takes an event in. Events of other rounds and of people's places change nothing here.
    ///
    /// # Panics
    /// When the event contradicts what stands: the actor is then rebuilt from the store.
    pub fn apply(&mut self, event: &Event) {
        if event.round() != Some(&self.spec.id) {
            return;
        }
        self.version += u64::from(self.is_another_version(event));
        self.asks.apply_opening(event);
        match event {
            Event::RoundDefined { spec } => {
                let (state, notices) = (self.state, std::mem::take(&mut self.notices));
                let version = self.version;
                *self = Round { state, notices, version, ..Round::new(spec.clone()) };
            }
            Event::RoundMoved { to, .. } => {
                assert!(self.state != LifeCycle::Closed, "a round is closed for ever");
                self.state = *to;
            }
            Event::WindowOpened { window, .. } => {
                let opened = self.window_mut(window);
                assert!(opened.phase == WindowPhase::Ahead, "a window opens once");
                opened.phase = WindowPhase::Open;
            }
            Event::WindowClosed { window, leftover_to, leftover, .. } => {
                self.close_window(window, leftover_to.as_ref(), *leftover);
            }
            Event::NumbersReserved { line, up_to, .. } => {
                let line = &mut self.lines[line.index()];
                assert!(*up_to > line.reserved, "OR-6: a block reserved twice");
                line.reserved = *up_to;
            }
            Event::WatermarkMoved { line, to, .. } => {
                let line = &mut self.lines[line.index()];
                assert!(*to > line.watermark, "OR-6: the watermark moves back");
                line.watermark = *to;
            }
            Event::InletChanged { inlet, .. } => {
                self.spec.inlet = InletSpec::clone(inlet);
                if inlet.mode != InletMode::Manual {
                    // What was left of a step is over with it.
                    self.lines.iter_mut().for_each(|line| line.stepped_to = 0);
                }
            }
            Event::InletStepped { line, to, .. } => {
                let line = &mut self.lines[line.index()];
                assert!(*to > line.stepped_to, "OR-6: a step by hand leads back");
                line.stepped_to = *to;
            }
            Event::NoticePosted { .. } | Event::NoticeWithdrawn { .. } => self.notices.apply(event),
            Event::StockAsked { .. } | Event::StockChanged { .. } | Event::StockKept { .. } => {
                self.apply_stock_ask(event);
            }
            Event::Held { .. }
            | Event::PaymentSent { .. }
            | Event::CancelSent { .. }
            | Event::Issued { .. }
            | Event::Voided { .. }
            | Event::ReturnSent { .. }
            | Event::Returned { .. } => self.apply_payment(event),
            _ => self.apply_draw(event),
        }
        let given: Won = self.windows.iter().map(|window| window.stock.total).sum();
        let granted: Won = self.windows.iter().map(|window| window.granted).sum();
        assert_eq!(given, granted, "OR-1: stock came or went");
    }

    fn close_window(&mut self, id: &WindowId, leftover_to: Option<&WindowId>, leftover: Won) {
        let closed = self.window_mut(id);
        assert!(closed.phase != WindowPhase::Over, "a window closes once");
        assert_eq!(closed.stock.left, leftover, "OR-1: another leftover than decided");
        closed.phase = WindowPhase::Over;
        if let Some(target) = leftover_to {
            closed.passed_on(leftover);
            let target = self.window_mut(target);
            assert!(target.phase != WindowPhase::Over, "OR-8: leftover for a window that is over");
            target.stock.move_in(leftover);
        }
    }

    pub(crate) fn window_mut(&mut self, id: &WindowId) -> &mut Window {
        let window = self.windows.iter_mut().find(|window| window.spec.id == *id);
        window.expect("events name windows of their own round")
    }

    fn moved(&self, to: LifeCycle) -> Event {
        Event::RoundMoved { round: self.spec.id.clone(), to }
    }

    fn opened(&self, window: &Window) -> Event {
        Event::WindowOpened { round: self.spec.id.clone(), window: window.spec.id.clone() }
    }

    fn first_windows_opened(&self) -> Vec<Event> {
        let first = self.spec.windows[0].opens_at;
        let due = |w: &&Window| w.phase == WindowPhase::Ahead && w.spec.opens_at == first;
        self.windows.iter().filter(due).map(|w| self.opened(w)).collect()
    }

    fn not_over(&self) -> impl Iterator<Item = &Window> {
        self.windows.iter().filter(|window| window.phase != WindowPhase::Over)
    }

    fn first_due_to_close(&self, now: Timestamp) -> Option<&Window> {
        self.not_over().filter(|w| w.spec.closes_at <= now).min_by_key(|w| w.spec.closes_at)
    }

    fn shut(&self, window: &Window, leftover_to: Option<WindowId>) -> Event {
        Event::WindowClosed {
            round: self.spec.id.clone(),
            window: window.spec.id.clone(),
            leftover_to,
            leftover: window.stock.left,
        }
    }

    fn open_windows_are_gone(&self) -> bool {
        let of_lines = self.windows.iter().filter(|w| w.spec.sold_at.is_line());
        let mut open = of_lines.filter(|w| w.phase == WindowPhase::Open).peekable();
        open.peek().is_some() && open.all(|w| w.stock.is_gone())
    }

    fn state_after_pause(&self) -> LifeCycle {
        if self.windows.iter().all(|w| w.phase == WindowPhase::Ahead) {
            LifeCycle::Lobby
        } else {
            LifeCycle::Open
        }
    }
}

impl Window {
    fn is_due_to_open(&self, now: Timestamp) -> bool {
        self.phase == WindowPhase::Ahead && self.spec.opens_at <= now && now < self.spec.closes_at
    }
}

#[cfg(test)]
mod tests;
