//! What a snapshot says of somebody's chances: the estimate, the outlook, and when to look again.
//!
//! Everything here follows from figures that the watermark document carries, so that whoever reads
//! it comes to the same answers. Nothing is said that is not known: no estimate while nothing
//! moves, none when the stock ends before.

use super::{Eta, LineView, Outlook, PlaceState, RoundView, WindowView, vacant_between};
use crate::Won;
use crate::ahead::Ahead;
use crate::forecast::{Chances, Figures, Spread};
use crate::places::Places;
use crate::round::{LifeCycle, Round, WindowPhase};
use crate::round_spec::{InletMode, LineId};
use crate::speed::{Speed, millis_for};
use crate::uptake::{Uptake, WHOLE_PPM};

/// When somebody looks again: a share of the shortest estimated wait, and of the shortest time
/// until the stock is expected to end, so that those who are near look often and everybody knows
/// within about two seconds that it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollRule {
    /// Never sooner, in milliseconds: what the server's own document lags by, several times.
    pub least_millis: u64,
    /// Never later, in milliseconds: nobody should believe for longer what may have changed.
    pub most_millis: u64,
    /// In the lobby, in milliseconds: everybody is there at once.
    pub lobby_millis: u64,
    /// While nothing is expected to happen, in milliseconds.
    pub still_millis: u64,
    /// The share of the wait, in percent.
    pub share_percent: u64,
    /// How far a client strays from it, up and down, in percent: a crowd that came together does
    /// not look again together.
    pub jitter_percent: u64,
}

/// The rule.
pub const POLL: PollRule = PollRule {
    least_millis: 1_000,
    most_millis: 30_000,
    lobby_millis: 5_000,
    still_millis: 10_000,
    share_percent: 25,
    jitter_percent: 20,
};

/// What a line's round has measured of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// How fast it lets people in; nothing before a rate was planned.
    pub speed: Option<Speed>,
    /// How many of those who have their turn buy.
    pub uptake: Uptake,
}

impl RoundView {
    /// Works out the chances of a line from its places.
    pub(super) fn look_ahead(&mut self, round: &Round, line: LineId, places: &Places) {
        let window = self.window_of(line);
        let (left, held) = (window.stock.left, window.stock.held);
        let of_lines = || round.windows().iter().filter(|window| window.spec.sold_at.is_line());
        let ahead = Ahead::of(places);
        let here = &self.lines[line.index()];
        let figures = Figures {
            left,
            held,
            in_reach: self.in_reach(window),
            sold: of_lines().map(|window| window.stock.sold).sum::<Won>(),
            purchases: of_lines().map(|window| window.purchases).sum(),
            squares: of_lines().map(|window| window.squares).sum(),
            limit: self.program.rules_at(self.at).monthly_limit_won,
            uptake: here.uptake,
            speed: self.speed(here),
        };
        let chances = match window.phase {
            WindowPhase::Over => Chances::default(),
            _ => figures.chances(&ahead),
        };
        let present_ppm = ahead.share_ppm(&here.vacant);
        let line = &mut self.lines[line.index()];
        (line.chances, line.present_ppm) = (chances, present_ppm);
    }

    /// How fast a line lets people in; nothing while nothing can move.
    #[must_use]
    pub fn speed(&self, line: &LineView) -> Option<Speed> {
        let is_moving = self.state == LifeCycle::Open
            && self.spec.inlet.mode == InletMode::Auto
            && self.interruption.is_none()
            && self.is_drawn(line)
            && self.is_selling(line);
        line.speed.filter(|speed| is_moving && speed.p50_milli > 0)
    }

    /// Whether nobody of the line waits to be drawn: until then its watermark stands still.
    fn is_drawn(&self, line: &LineView) -> bool {
        let mut lobbies = self.lines.iter().zip(&self.lobbies);
        let lobby = lobbies.find(|(of, _)| of.eligibility == line.eligibility);
        lobby.is_none_or(|(_, lobby)| lobby.draw.drawn.is_some())
    }

    fn is_selling(&self, line: &LineView) -> bool {
        let is_theirs = |w: &WindowView| w.is_of_line(&line.eligibility);
        self.windows.iter().any(|w| is_theirs(w) && w.phase == WindowPhase::Open)
    }

    /// When the stock of a line is expected to end; nothing while nothing can move, or when those
    /// in line will not buy it all.
    #[must_use]
    pub fn stock_ends(&self, line: &LineView) -> Option<Spread> {
        line.chances.stock_ends.filter(|_| self.speed(line).is_some())
    }

    pub(super) fn outlook(&self, line: LineId, state: PlaceState, number: u64) -> Outlook {
        match state {
            PlaceState::Bought => return Outlook::Likely,
            PlaceState::SoldOut | PlaceState::Closed => return Outlook::No,
            _ => {}
        }
        if self.in_reach(self.window_of(line)) == Won::ZERO {
            return Outlook::No;
        }
        let here = &self.lines[line.index()];
        // Who gave the place up, or lost it, would come back at the tail.
        let is_out = matches!(state, PlaceState::Left | PlaceState::Lapsed);
        let number = if is_out { here.last_number + 1 } else { number };
        let Chances { likely_to, possible_to, .. } = here.chances;
        match number {
            _ if number <= likely_to => Outlook::Likely,
            _ if number <= possible_to => Outlook::Possible,
            _ => Outlook::Unlikely,
        }
    }

    /// How many people are really ahead of a number: those who left, and numbers that nobody
    /// holds, are passed over for nothing.
    fn people_ahead(&self, line: &LineView, number: u64) -> u64 {
        let before = number.saturating_sub(1);
        let numbers = before.saturating_sub(line.watermark);
        let given = numbers.saturating_sub(vacant_between(&line.vacant, line.watermark, before));
        let people = u128::from(given) * u128::from(line.present_ppm) / u128::from(WHOLE_PPM);
        u64::try_from(people).expect("a share is no more than the whole")
    }

    /// How long a number waits for its turn, as a spread in milliseconds. Nothing when it has its
    /// turn, when nothing moves, or when the stock will most probably end before.
    #[must_use]
    pub fn wait(&self, line: LineId, number: u64) -> Option<Spread> {
        let here = &self.lines[line.index()];
        if number <= here.watermark || number > here.chances.possible_to {
            return None;
        }
        let speed = self.speed(here)?;
        let people = self.people_ahead(here, number) + 1;
        let p50_millis = millis_for(people, speed.p50_milli)?;
        let p10 = millis_for(people, speed.p90_milli).unwrap_or(p50_millis);
        let p90 = millis_for(people, speed.p10_milli);
        Some(Spread {
            p10_millis: p10.min(p50_millis),
            p50_millis,
            p90_millis: p90.unwrap_or(p50_millis.saturating_mul(2)).max(p50_millis),
        })
    }

    /// When somebody who waits looks again, before jitter.
    pub(super) fn poll_while_waiting(&self, line: LineId, wait: Option<Spread>) -> u64 {
        let ends = self.stock_ends(&self.lines[line.index()]);
        let soonest = [wait, ends].into_iter().flatten().map(|spread| spread.p10_millis).min();
        let poll = soonest.map(|millis| millis.saturating_mul(POLL.share_percent) / 100);
        poll.unwrap_or(POLL.still_millis).clamp(POLL.least_millis, POLL.most_millis)
    }

    pub(super) fn poll_in_lobby(&self, line: LineId) -> u64 {
        let opens_in = self.window_of(line).opens_at.millis_since(self.at);
        let share = u64::try_from(opens_in).unwrap_or(0) * POLL.share_percent / 100;
        share.clamp(POLL.lobby_millis, POLL.most_millis)
    }
}

impl From<Spread> for Eta {
    fn from(spread: Spread) -> Eta {
        Eta {
            p10_s: spread.p10_millis / 1_000,
            p50_s: spread.p50_millis / 1_000,
            p90_s: spread.p90_millis / 1_000,
        }
    }
}
