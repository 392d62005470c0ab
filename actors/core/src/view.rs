//! What everybody may see of a round: one snapshot for all, and what it means for one person.
//!
//! Readers never wait for a mailbox: the round publishes a snapshot each tick, and a place is
//! worked out from it.

use crate::places::{Phase, Places};
use crate::program::Program;
use crate::round::{LifeCycle, Line, Round, Window, WindowPhase};
use crate::round_spec::{Eligibility, InletMode, LineId, RoundSpec};
use crate::speed::Speed;
use crate::stock::Stock;
use crate::{Notice, Refusal, Timestamp, Who, WindowId, Won};
use std::sync::Arc;

/// Shortest and longest time between two looks of somebody who waits.
const POLL_MILLIS: (u64, u64) = (1_000, 30_000);
/// Shortest time between two looks of somebody in the lobby: everybody is there at once.
const POLL_LOBBY_MILLIS: u64 = 5_000;
/// Time between two looks of somebody who waits while nothing moves: paused, or the inlet shut.
const POLL_STILL_MILLIS: u64 = 10_000;
/// Share of those ahead who turn up and buy, in percent, until it is measured.
pub const TURN_UP_PERCENT: u64 = 90;
/// Under this share of what the stock can serve a purchase is likely, in percent.
pub const LIKELY_PERCENT: u64 = 80;
/// Under this share it is possible; above it is unlikely.
pub const POSSIBLE_PERCENT: u64 = 115;

/// A window in a snapshot.
#[derive(Debug, Clone)]
pub struct WindowView {
    /// Its id.
    pub id: WindowId,
    /// Who may buy.
    pub eligibility: Eligibility,
    /// Whether it sells.
    pub phase: WindowPhase,
    /// What it has.
    pub stock: Stock,
    /// How many purchases it made.
    pub purchases: u64,
    /// From when.
    pub opens_at: Timestamp,
    /// Until when.
    pub closes_at: Timestamp,
}

/// A line in a snapshot.
#[derive(Debug, Clone)]
pub struct LineView {
    /// Who stands in it.
    pub eligibility: Eligibility,
    /// The word for it.
    pub class: Arc<str>,
    /// Numbers at or under it have their turn.
    pub watermark: u64,
    /// The last number given.
    pub last_number: u64,
    /// How many wait.
    pub waiting: u64,
    /// How many are between their turn and its end.
    pub active: u64,
    /// The measured speed of the watermark.
    pub speed: Option<Speed>,
    /// Numbers that were never given: ranges, both ends included.
    pub vacant: Vec<(u64, u64)>,
}

/// The live parts of a line: its places, the speed of its watermark, and the numbers never given.
pub type LineParts = (Arc<Places>, (Option<Speed>, Vec<(u64, u64)>));

/// A round as everybody sees it.
#[derive(Debug, Clone)]
pub struct RoundView {
    /// Grows with each snapshot of this round.
    pub serial: u64,
    /// Under which epoch of the store.
    pub epoch: u64,
    /// When it was made.
    pub at: Timestamp,
    /// What the operator said.
    pub spec: Arc<RoundSpec>,
    /// What is sold.
    pub program: Arc<Program>,
    /// Where it is in its life.
    pub state: LifeCycle,
    /// Its windows.
    pub windows: Vec<WindowView>,
    /// Its lines.
    pub lines: Vec<LineView>,
    /// The mean purchase.
    pub mean_purchase: Won,
    /// Why nothing is sold for the moment, though the round is open.
    pub interruption: Option<Interruption>,
    /// What the operator tells everybody, oldest first.
    pub notices: Vec<Arc<Notice>>,
}

/// What holds a sale up without anybody having decided it; it ends by itself. Places are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interruption {
    /// What is away.
    pub cause: Missing,
    /// Since when.
    pub since: Timestamp,
}

/// What a sale cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The store takes nothing: away, slow or full.
    Store,
    /// The payment rail does not answer, or has no room.
    Payment,
}

/// Which line somebody stands in now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineChoice {
    /// This one: its window is open or its lobby is.
    Now(LineId),
    /// Their window is still ahead.
    Later(Timestamp),
    /// There is no window for them any more.
    Never,
}

/// How somebody's chances are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// What is left will most probably reach them.
    Likely,
    /// It may.
    Possible,
    /// It will most probably not.
    Unlikely,
    /// It cannot: nothing is left and nothing can come back.
    No,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceState {
    /// Before the window opens.
    Lobby,
    /// In line.
    Waiting,
    /// It is their turn.
    Admitted,
    /// The turn was not claimed or not used in time.
    Lapsed,
    /// Given up.
    Left,
    /// They have bought with it.
    Bought,
    /// Nothing is left in their window.
    SoldOut,
    /// The round, or their window, is over.
    Closed,
}

/// Seconds until the turn, as a spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eta {
    /// One in ten waits no longer.
    pub p10_s: u64,
    /// Half wait no longer.
    pub p50_s: u64,
    /// Nine in ten wait no longer.
    pub p90_s: u64,
}

/// A place as its person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceView {
    /// Where it stands.
    pub state: PlaceState,
    /// Where the watermark stands.
    pub watermark: u64,
    /// How many are ahead.
    pub ahead: u64,
    /// How long it will take, if that can be said.
    pub eta: Option<Eta>,
    /// How the chances are.
    pub outlook: Outlook,
    /// When to look again, before jitter.
    pub poll_after_millis: u64,
}

impl RoundView {
    /// A snapshot of `round`. `of_line` answers a line's places, speed and vacant ranges by index.
    pub fn of(
        round: &Round,
        program: Arc<Program>,
        serial: u64,
        epoch: u64,
        at: Timestamp,
        of_line: impl Fn(usize) -> LineParts,
    ) -> RoundView {
        let window = |window: &Window| WindowView {
            id: window.spec.id.clone(),
            eligibility: window.spec.eligibility.clone(),
            phase: window.phase,
            stock: window.stock,
            purchases: window.purchases,
            opens_at: window.spec.opens_at,
            closes_at: window.spec.closes_at,
        };
        let line = |(index, line): (usize, &Line)| {
            let (places, (speed, vacant)) = of_line(index);
            let (watermark, last_number) = (places.watermark(), places.last_number());
            let never_given = vacant_between(&vacant, watermark, last_number);
            LineView {
                eligibility: line.eligibility.clone(),
                class: line.eligibility.class(),
                watermark,
                last_number,
                waiting: last_number.saturating_sub(watermark).saturating_sub(never_given),
                active: places.active(),
                speed,
                vacant,
            }
        };
        RoundView {
            serial,
            epoch,
            at,
            spec: Arc::new(round.spec().clone()),
            mean_purchase: round.mean_purchase(program.rules_at(at).monthly_limit_won),
            program,
            state: round.state(),
            windows: round.windows().iter().map(window).collect(),
            lines: round.lines().iter().enumerate().map(line).collect(),
            interruption: None,
            notices: round.notices().living(at),
        }
    }

    /// Which line `who` stands in now: the first of theirs that is open or
    /// in its lobby, and of those rather one that has something to sell.
    #[must_use]
    pub fn line_for(&self, who: &Who, now: Timestamp) -> LineChoice {
        let lead = self.spec.lobby_lead_millis();
        let theirs = self.windows.iter().filter(|w| w.eligibility.admits(who, w.opens_at));
        let (mut gone, mut later) = (None, None);
        for window in theirs.filter(|w| w.phase != WindowPhase::Over) {
            let lobby_at = window.opens_at.plus_millis(-lead);
            if window.phase != WindowPhase::Open && now < lobby_at {
                later = later.or(Some(window.opens_at));
            } else if self.in_reach(window) > Won::ZERO {
                return LineChoice::Now(self.line_of(&window.eligibility));
            } else {
                gone = gone.or(Some(self.line_of(&window.eligibility)));
            }
        }
        let later = later.map_or(LineChoice::Never, LineChoice::Later);
        gone.map_or(later, LineChoice::Now)
    }

    /// When a window for this person opens next.
    #[must_use]
    pub fn opens_at_for(&self, who: &Who) -> Option<Timestamp> {
        let ahead = |w: &&WindowView| w.phase == WindowPhase::Ahead;
        let theirs = self.windows.iter().filter(|w| w.eligibility.admits(who, w.opens_at));
        theirs.filter(ahead).map(|w| w.opens_at).min()
    }

    /// Why this round does not sell to this person now: `RoundNotOpen`, then `NotEligible`.
    ///
    /// # Errors
    /// The first that applies.
    pub fn check_selling(&self, who: &Who, now: Timestamp) -> Result<(), Refusal> {
        let opens_at = self.opens_at_for(who);
        if !self.state.is_selling() {
            return Err(Refusal::RoundNotOpen { state: self.state, opens_at });
        }
        let open = |w: &WindowView| w.phase == WindowPhase::Open && now < w.closes_at;
        if !self.windows.iter().any(|w| open(w) && w.eligibility.admits(who, w.opens_at)) {
            return Err(Refusal::NotEligible { opens_at });
        }
        Ok(())
    }

    /// The line of an eligibility class.
    ///
    /// # Panics
    /// Never: every window's class has a line.
    #[must_use]
    pub fn line_of(&self, eligibility: &Eligibility) -> LineId {
        let index = self.lines.iter().position(|line| line.eligibility == *eligibility);
        let index = index.expect("every window's class has a line");
        LineId(u8::try_from(index).expect("a round has at most 16 windows"))
    }

    /// The window that sells, will sell, or sold last to a line.
    #[must_use]
    pub fn window_of(&self, line: LineId) -> &WindowView {
        let eligibility = &self.lines[line.index()].eligibility;
        let theirs = || self.windows.iter().filter(move |w| w.eligibility == *eligibility);
        let current = theirs().find(|w| w.phase == WindowPhase::Open);
        let next = || theirs().find(|w| w.phase == WindowPhase::Ahead);
        current.or_else(next).or_else(|| theirs().next_back()).expect("every line has a window")
    }

    /// Where a number stands. Reads the shared places, no mailbox.
    #[must_use]
    pub fn place(&self, line: LineId, number: u64, places: &Places) -> PlaceView {
        let watermark = places.watermark();
        let ahead = self.ahead(line, number, watermark);
        let state = self.place_state(line, number, watermark, places.phase(number));
        let outlook = self.outlook(line, state, ahead);
        let is_moving = self.state != LifeCycle::Paused && self.spec.inlet.mode != InletMode::Shut;
        let is_waiting = state == PlaceState::Waiting && is_moving;
        let eta = is_waiting.then(|| self.eta(line, ahead)).flatten();
        let poll = match state {
            PlaceState::Admitted => POLL_MILLIS.0,
            PlaceState::Waiting => eta.map_or(POLL_STILL_MILLIS, |eta| eta.p10_s * 1_000 / 4),
            PlaceState::Lobby => self.poll_in_lobby(line),
            _ => POLL_MILLIS.1,
        };
        let poll_after_millis = poll.clamp(POLL_MILLIS.0, POLL_MILLIS.1);
        PlaceView { state, watermark, ahead, eta, outlook, poll_after_millis }
    }

    fn poll_in_lobby(&self, line: LineId) -> u64 {
        let opens_in = self.window_of(line).opens_at.millis_since(self.at);
        (u64::try_from(opens_in).unwrap_or(0) / 4).max(POLL_LOBBY_MILLIS)
    }

    fn place_state(&self, line: LineId, number: u64, watermark: u64, phase: Phase) -> PlaceState {
        match phase {
            Phase::Bought => return PlaceState::Bought,
            Phase::Left => return PlaceState::Left,
            Phase::Lapsed => return PlaceState::Lapsed,
            _ => {}
        }
        let window = self.window_of(line);
        if self.state == LifeCycle::Closed || window.phase == WindowPhase::Over {
            let is_sold_out = window.stock.is_gone() && !self.has_passed_on(window);
            return if is_sold_out { PlaceState::SoldOut } else { PlaceState::Closed };
        }
        if window.phase == WindowPhase::Ahead {
            return PlaceState::Lobby;
        }
        if self.in_reach(window) == Won::ZERO {
            return PlaceState::SoldOut;
        }
        if number <= watermark { PlaceState::Admitted } else { PlaceState::Waiting }
    }

    fn ahead(&self, line: LineId, number: u64, watermark: u64) -> u64 {
        let before = number.saturating_sub(1).saturating_sub(watermark);
        let vacant = &self.lines[line.index()].vacant;
        before.saturating_sub(vacant_between(vacant, watermark, number.saturating_sub(1)))
    }

    /// What a window can still sell: its own, and what may move into it from those that are not
    /// over.
    fn in_reach(&self, window: &WindowView) -> Won {
        let sources = self.windows.iter().filter(|source| {
            source.id == window.id
                || (source.phase != WindowPhase::Over && self.leads_to(&source.id, &window.id))
        });
        sources.map(|source| source.stock.left.plus(source.stock.held)).sum()
    }

    fn leads_to(&self, from: &WindowId, to: &WindowId) -> bool {
        let next = |id: &WindowId| {
            let spec = self.spec.windows.iter().find(|spec| spec.id == *id);
            spec.and_then(|spec| spec.leftover_to.as_ref())
        };
        // Each target closes later than its source, so the walk comes to an end.
        std::iter::successors(next(from), |id| next(id)).any(|id| id == to)
    }

    /// Whether a window that is over had something left that moved on.
    fn has_passed_on(&self, window: &WindowView) -> bool {
        let spec = self.spec.windows.iter().find(|spec| spec.id == window.id);
        spec.is_some_and(|spec| window.stock.total < spec.stock_won)
    }

    fn outlook(&self, line: LineId, state: PlaceState, ahead: u64) -> Outlook {
        let window = self.window_of(line);
        match state {
            PlaceState::Bought => return Outlook::Likely,
            PlaceState::SoldOut | PlaceState::Closed => return Outlook::No,
            _ => {}
        }
        let in_reach = self.in_reach(window);
        if in_reach == Won::ZERO {
            return Outlook::No;
        }
        let here = &self.lines[line.index()];
        // Who gave the place up, or lost it, would come back at the tail.
        let is_out = matches!(state, PlaceState::Left | PlaceState::Lapsed);
        let ahead = if is_out { here.waiting } else { ahead };
        let mean = self.mean_purchase.0.max(1);
        let own = window.stock.left.plus(window.stock.held);
        let sure = if own == Won::ZERO { in_reach } else { own };
        let served = u64::try_from(sure.0 / mean).unwrap_or(0).max(1);
        let competing = ahead.saturating_add(here.active) * TURN_UP_PERCENT / 100;
        let percent = competing.saturating_mul(100) / served;
        match percent {
            // What others may leave over is a hope, not a stock.
            0..POSSIBLE_PERCENT if own == Won::ZERO => Outlook::Possible,
            0..LIKELY_PERCENT => Outlook::Likely,
            LIKELY_PERCENT..POSSIBLE_PERCENT => Outlook::Possible,
            _ => Outlook::Unlikely,
        }
    }

    fn eta(&self, line: LineId, ahead: u64) -> Option<Eta> {
        let inlet = self.spec.inlet.rate_per_1000_s;
        let planned = Speed { p10_milli: inlet, p50_milli: inlet, p90_milli: inlet };
        let speed = self.lines[line.index()].speed.filter(|speed| speed.p50_milli > 0);
        let speed = speed.unwrap_or(planned);
        let seconds = |milli: u64| (milli > 0).then(|| (ahead + 1).saturating_mul(1_000) / milli);
        let p50_s = seconds(speed.p50_milli)?;
        let p10_s = seconds(speed.p90_milli).unwrap_or(p50_s).min(p50_s);
        let p90_s = seconds(speed.p10_milli).unwrap_or(p50_s.saturating_mul(2)).max(p50_s);
        Some(Eta { p10_s, p50_s, p90_s })
    }
}

/// How many of the numbers after `after` up to `up_to` were never given.
fn vacant_between(vacant: &[(u64, u64)], after: u64, up_to: u64) -> u64 {
    let inside = vacant.iter().map(|(from, to)| {
        let (from, to) = ((*from).max(after + 1), (*to).min(up_to));
        (to + 1).saturating_sub(from)
    });
    inside.sum()
}

#[cfg(test)]
mod tests;
