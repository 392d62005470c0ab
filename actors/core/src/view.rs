//! What everybody may see of a round: one snapshot for all, and what it means for one person.
//!
//! Readers never wait for a mailbox: the round publishes a snapshot each tick, and a place is
//! worked out from it.

use crate::draw::ShareValue;
use crate::forecast::Chances;
use crate::gate::GateView;
use crate::honesty::Honesty;
use crate::places::{Phase, Places};
use crate::program::Program;
use crate::round::{LifeCycle, Line, Round, StockEnd, Window, WindowPhase};
use crate::round_spec::{Eligibility, LineId, RoundSpec, SoldAt};
use crate::speed::Speed;
use crate::stock::Stock;
use crate::uptake::{Uptake, WHOLE_PPM};
use crate::{Notice, OpeningAsk, StockAsk, Timestamp, Who, WindowId, Won};
use std::sync::Arc;

mod chances;
mod lobby;
mod selling;

pub use chances::{Measured, POLL, PollRule};
pub use lobby::LobbyView;

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
    /// What operators gave it, then and since; leftover is not counted.
    pub granted: Won,
    /// When the last of it was taken, if that stands.
    pub stock_end: Option<StockEnd>,
    /// How many purchases it made.
    pub purchases: u64,
    /// From when.
    pub opens_at: Timestamp,
    /// Until when.
    pub closes_at: Timestamp,
    /// Where.
    pub sold_at: SoldAt,
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
    /// How fast people are let in, whether or not anything moves now: see [`RoundView::speed`].
    pub speed: Option<Speed>,
    /// How many of those who have their turn buy.
    pub uptake: Uptake,
    /// Whom the stock will reach.
    pub chances: Chances,
    /// The share of the numbers ahead that somebody still waits with, in millionths, vacant ranges
    /// left out.
    pub present_ppm: u64,
    /// Numbers that were never given: ranges, both ends included.
    pub vacant: Vec<(u64, u64)>,
}

/// The live parts of a line: its places, what was measured of it, and the numbers never given.
pub type LineParts = (Arc<Places>, (Measured, Vec<(u64, u64)>));

/// A round as everybody sees it.
#[derive(Debug, Clone)]
pub struct RoundView {
    /// Grows with each snapshot of this round.
    pub serial: u64,
    /// Grows with what staff do and with each step of its life: see [`Round::version`].
    pub version: u64,
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
    /// In a drawn round the lobby of each line, in the same order.
    pub lobbies: Vec<LobbyView>,
    /// In a drawn round the shares that were given.
    pub shares: Vec<ShareValue>,
    /// The mean purchase.
    pub mean_purchase: Won,
    /// Why nothing is sold for the moment, though the round is open.
    pub interruption: Option<Interruption>,
    /// What its inlet says of itself.
    pub gate: GateView,
    /// How right what people were told has turned out.
    pub honesty: Honesty,
    /// What the operator tells everybody, oldest first.
    pub notices: Vec<Arc<Notice>>,
    /// More or less stock that was asked for and waits for a second person.
    pub stock_ask: Option<Arc<StockAsk>>,
    /// Opening that was asked for and waits for a second person.
    pub opening_ask: Option<Arc<OpeningAsk>>,
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

impl Missing {
    /// Everything that it can be.
    pub const ALL: [Missing; 2] = [Missing::Store, Missing::Payment];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Missing::Store => "store",
            Missing::Payment => "payment",
        }
    }
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
    /// Nothing is left for the moment, but what is held may come back: they keep their order.
    StandBy,
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
            granted: window.granted,
            stock_end: window.stock_end(),
            purchases: window.purchases,
            opens_at: window.spec.opens_at,
            closes_at: window.spec.closes_at,
            sold_at: window.spec.sold_at,
        };
        let line = |(index, line): (usize, &Line)| {
            let (places, (Measured { speed, uptake }, vacant)) = of_line(index);
            let (watermark, last_number) = (places.watermark(), places.last_number());
            let never_given = vacant_between(&vacant, watermark, last_number);
            LineView {
                eligibility: line.eligibility.clone(),
                class: line.eligibility.class(),
                watermark,
                last_number,
                waiting: places.waiting().saturating_sub(never_given),
                active: places.active(),
                speed,
                uptake,
                chances: Chances::default(),
                present_ppm: WHOLE_PPM,
                vacant,
            }
        };
        let lines = round.lines().iter().enumerate();
        let lines = lines.filter(|(index, _)| !round.spec().is_lobby(line_id(*index)));
        let mut view = RoundView {
            serial,
            version: round.version(),
            epoch,
            at,
            lobbies: LobbyView::of_round(round, &of_line),
            shares: round.shares().to_vec(),
            spec: Arc::new(round.spec().clone()),
            mean_purchase: round.mean_purchase(program.rules_at(at).monthly_limit_won),
            program,
            state: round.state(),
            windows: round.windows().iter().map(window).collect(),
            lines: lines.map(line).collect(),
            interruption: None,
            gate: GateView::unknown(round),
            honesty: Honesty::default(),
            notices: round.notices().living(at),
            stock_ask: round.stock_ask(at).cloned(),
            opening_ask: round.opening_ask(at).cloned(),
        };
        for index in 0..view.lines.len() {
            let line = LineId(u8::try_from(index).expect("a round has at most 16 windows"));
            view.look_ahead(round, line, &of_line(index).0);
        }
        view
    }

    /// With what the round's inlet says of itself: active is who has a pass or is expected to
    /// claim.
    pub fn see_gate(&mut self, gate: GateView) {
        for (line, gate) in self.lines.iter_mut().zip(&gate.lines) {
            line.active = gate.active;
        }
        self.gate = gate;
    }

    /// Which line `who` stands in now: the first of theirs that is open or
    /// in its lobby, and of those rather one that has something to sell.
    #[must_use]
    pub fn line_for(&self, who: &Who, now: Timestamp) -> LineChoice {
        let lead = self.spec.lobby_lead_millis();
        let theirs = self.windows_for(who, SoldAt::Line);
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

    /// The line of an eligibility class.
    ///
    /// # Panics
    /// Never for the class of a window that is sold in a line.
    #[must_use]
    pub fn line_of(&self, eligibility: &Eligibility) -> LineId {
        let index = self.lines.iter().position(|line| line.eligibility == *eligibility);
        let index = index.expect("every window's class has a line");
        line_id(index)
    }

    /// The window that sells, will sell, or sold last to a line.
    #[must_use]
    pub fn window_of(&self, line: LineId) -> &WindowView {
        let eligibility = &self.lines[line.index()].eligibility;
        let theirs = || self.windows.iter().filter(move |w| w.is_of_line(eligibility));
        let current = theirs().find(|w| w.phase == WindowPhase::Open);
        let next = || theirs().find(|w| w.phase == WindowPhase::Ahead);
        current.or_else(next).or_else(|| theirs().next_back()).expect("every line has a window")
    }

    /// Where a number stands. Reads the shared places, no mailbox.
    #[must_use]
    pub fn place(&self, line: LineId, number: u64, places: &Places) -> PlaceView {
        if self.spec.is_lobby(line) {
            return self.entry(line, number, places);
        }
        let watermark = places.watermark();
        let phase = places.phase(number);
        // Who came back stands before everybody who never had a turn.
        let ahead = self.ahead(line, number, watermark) + places.returned_before(number);
        let state = self.place_state(line, number, watermark, phase);
        let outlook = self.outlook(line, state, number);
        let wait = self.wait(line, number).filter(|_| state == PlaceState::Waiting);
        let poll_after_millis = match state {
            PlaceState::Admitted => POLL.least_millis,
            PlaceState::Waiting => self.poll_while_waiting(line, wait),
            PlaceState::Lobby => self.poll_in_lobby(line),
            // What comes back is offered to the head of the line first.
            PlaceState::StandBy => (ahead * 100).clamp(POLL.least_millis, POLL.still_millis),
            _ => POLL.most_millis,
        };
        let eta = wait.map(Eta::from);
        PlaceView { state, watermark, ahead, eta, outlook, poll_after_millis }
    }

    /// Where a place of a line stands whose turn has not come, whoever holds it.
    #[must_use]
    pub fn state_of_line(&self, line: LineId) -> PlaceState {
        self.place_state(line, 1, 0, Phase::Unknown)
    }

    fn place_state(&self, line: LineId, number: u64, watermark: u64, phase: Phase) -> PlaceState {
        match phase {
            Phase::Bought => return PlaceState::Bought,
            Phase::Left => return PlaceState::Left,
            _ => {}
        }
        let window = self.window_of(line);
        if self.state == LifeCycle::Closed || window.phase == WindowPhase::Over {
            let is_sold_out = window.stock.is_gone() && !window.has_passed_on();
            return if is_sold_out { PlaceState::SoldOut } else { PlaceState::Closed };
        }
        if window.phase == WindowPhase::Ahead {
            let is_lapsed = phase == Phase::Lapsed;
            return if is_lapsed { PlaceState::Lapsed } else { PlaceState::Lobby };
        }
        if self.in_reach(window) == Won::ZERO {
            return PlaceState::SoldOut;
        }
        // Who lapsed could come back, but not to a sale that has ended.
        if phase == Phase::Lapsed {
            return PlaceState::Lapsed;
        }
        // A pass that is out is good for what comes back as well.
        if phase == Phase::Claimed {
            return PlaceState::Admitted;
        }
        if self.left_in_reach(window) == Won::ZERO {
            return PlaceState::StandBy;
        }
        let has_turn = number <= watermark && phase != Phase::Returned;
        if has_turn { PlaceState::Admitted } else { PlaceState::Waiting }
    }

    fn ahead(&self, line: LineId, number: u64, watermark: u64) -> u64 {
        let before = number.saturating_sub(1).saturating_sub(watermark);
        let vacant = &self.lines[line.index()].vacant;
        let last = number.saturating_sub(1);
        let drawn = self.lobby(line).map_or(0, |lobby| lobby.vacant_between(watermark, last));
        before.saturating_sub(vacant_between(vacant, watermark, last)).saturating_sub(drawn)
    }

    /// What a window can still sell: its own, and what may move into it from those that are not
    /// over.
    fn in_reach(&self, window: &WindowView) -> Won {
        self.sources(window).map(|source| source.stock.left.plus(source.stock.held)).sum()
    }

    /// Of this what is not held by anybody's payment.
    fn left_in_reach(&self, window: &WindowView) -> Won {
        self.sources(window).map(|source| source.stock.left).sum()
    }

    fn sources<'v>(&'v self, window: &'v WindowView) -> impl Iterator<Item = &'v WindowView> {
        self.windows.iter().filter(|source| {
            source.id == window.id
                || (source.phase != WindowPhase::Over && self.leads_to(&source.id, &window.id))
        })
    }

    fn leads_to(&self, from: &WindowId, to: &WindowId) -> bool {
        let next = |id: &WindowId| {
            let spec = self.spec.windows.iter().find(|spec| spec.id == *id);
            spec.and_then(|spec| spec.leftover_to.as_ref())
        };
        // Each target closes later than its source, so the walk comes to an end.
        std::iter::successors(next(from), |id| next(id)).any(|id| id == to)
    }
}

impl WindowView {
    /// Whether it sells to the line of this eligibility.
    #[must_use]
    pub fn is_of_line(&self, eligibility: &Eligibility) -> bool {
        self.sold_at.is_line() && self.eligibility == *eligibility
    }

    /// Whether it, being over, had something left that moved on.
    fn has_passed_on(&self) -> bool {
        self.stock.total < self.granted
    }
}

fn line_id(index: usize) -> LineId {
    LineId(u8::try_from(index).expect("a round has at most 16 windows, and as many lobbies"))
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
