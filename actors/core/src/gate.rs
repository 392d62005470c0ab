//! The inlet of a round as its actor drives it, tick by tick: what the policies look at, who is let
//! in and who comes back, turns that lapse, time that does not count.
//!
//! Knows the round and the numbers of its lines, nobody's name. Decides events; they count once
//! they are durable ([`Gate::written`]). Has no clock. What it learns (who turns up, latencies) is
//! not persisted: a start begins with nothing learned.

use crate::inlet::{
    self, Allowance, Figures, LatencyFigures, Limiter, PERSON, RailFigures, RateFigures,
    StockFigures,
};
use crate::latency::{Adaptive, LatencyMeter, pass_life_millis};
use crate::places::{COHORTS, Phase, Places};
use crate::round::{LifeCycle, Line, Round, STEP_MAX};
use crate::round_spec::{InletMode, LineId};
use crate::stops::Stops;
use crate::turn_up::{GRACE_S, TurnUp};
use crate::{Event, Timestamp, Won};
use std::collections::VecDeque;
use std::sync::Arc;

/// Turns given in one step to people who came back: more are given at the next tick.
const CALLS_MAX: usize = 1_000;

/// What the till has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RailRoom {
    /// Whether nobody new should begin to pay.
    pub is_shut: bool,
    /// Payments that may begin in a second.
    pub rate_per_s: u64,
    /// Money that may still begin today.
    pub left_today: Won,
    /// Payments that wait to be sent.
    pub waiting: u64,
}

/// What everybody may see of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineGateView {
    /// What its policies looked at last.
    pub figures: Figures,
    /// Which of them held the line.
    pub limiter: Limiter,
    /// Who has a pass or is expected to claim.
    pub active: u64,
}

/// What everybody may see of a round's gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateView {
    /// How long the sale has stood still.
    pub stops: Stops,
    /// How long a pass that is given now lives, in milliseconds.
    pub pass_life_millis: i64,
    /// Nine in ten purchases took no longer, in milliseconds.
    pub p90_millis: Option<u64>,
    /// The lines; none before the first tick.
    pub lines: Vec<LineGateView>,
}

impl GateView {
    /// Before the first tick: nothing lapses.
    #[must_use]
    pub fn unknown(round: &Round) -> GateView {
        let pass_life_millis = pass_life_millis(&round.spec().inlet, None);
        let stops = Stops::unknown();
        GateView { stops, pass_life_millis, p90_millis: None, lines: Vec::new() }
    }
}

/// A line as its gate drives it.
#[derive(Debug)]
struct LineGate {
    turn_up: TurnUp,
    /// When the watermark reached which number.
    turns: VecDeque<(Timestamp, u64)>,
    /// When who came back had their second turn.
    calls: VecDeque<(Timestamp, Vec<u64>)>,
    /// What is being written, in thousandths of a person.
    pending: Option<u64>,
    claims_seen: u64,
    /// How many turns lapsed unclaimed.
    lapsed: u64,
    /// Where the watermark stood when nothing was left: who is offered what comes back is beyond.
    stand_by: Option<u64>,
    limiter: Limiter,
    figures: Option<Figures>,
}

impl LineGate {
    fn new(now: Timestamp, line: &Line) -> LineGate {
        LineGate {
            turn_up: TurnUp::new(COHORTS),
            // Who had their turn before a start has a whole claim window from now.
            turns: (line.watermark > 0).then_some((now, line.watermark)).into_iter().collect(),
            calls: VecDeque::new(),
            pending: None,
            claims_seen: 0,
            lapsed: 0,
            stand_by: None,
            limiter: Limiter::Shut,
            figures: None,
        }
    }

    /// Who was called within the grace and has not claimed.
    fn called(&self, now: Timestamp, places: &Places) -> u64 {
        let grace = i64::try_from(GRACE_S).expect("seconds") * 1_000;
        let young = self.calls.iter().filter(|(since, _)| now.millis_since(*since) < grace);
        let is_called = |number: &&u64| places.phase(**number) == Phase::Called;
        young.map(|(_, numbers)| numbers.iter().filter(is_called).count() as u64).sum()
    }

    /// Who was let in and is expected to claim, in thousandths.
    fn due_milli(&self, now: Timestamp, places: &Places) -> u64 {
        let called = self.called(now, places) * PERSON;
        self.turn_up.expected_milli() + called + self.pending.unwrap_or(0)
    }

    /// Who was let in, is not expected within the grace and may claim later, in thousandths. They
    /// cost no rate, but the stock must not be promised to others before it is known that such
    /// people do not come: until their turns have lapsed, all of them may.
    fn silent_milli(&self, now: Timestamp, places: &Places) -> u64 {
        let unclaimed = places.active().saturating_sub(places.passes());
        let expected = self.turn_up.expected_milli() + self.called(now, places) * PERSON;
        let silent = (unclaimed * PERSON).saturating_sub(expected);
        let claims = places.claims();
        let come = (claims * PERSON).checked_div(claims + self.lapsed).unwrap_or(PERSON);
        let came = self.turn_up.share().min(PERSON);
        // Of those who had not come within the grace, the share that does in the end.
        let late = come.saturating_sub(came) * PERSON;
        silent * late.checked_div(PERSON - came).unwrap_or(0).min(PERSON) / PERSON
    }

    /// The same, if everybody comes.
    fn due_at_most(&self, now: Timestamp, places: &Places) -> u64 {
        let people = self.turn_up.unclaimed() + self.called(now, places);
        people * PERSON + self.pending.unwrap_or(0)
    }
}

/// The inlet of a round.
#[derive(Debug)]
pub struct Gate {
    lines: Vec<LineGate>,
    rate: Allowance,
    by_latency: Allowance,
    by_rail: Allowance,
    adaptive: Adaptive,
    /// How long purchases take.
    pub meter: LatencyMeter,
    stops: Stops,
    now: Timestamp,
    rail: Option<RailRoom>,
    has_counted: bool,
}

impl Gate {
    /// As at a start. `stopped_millis`: how long the round was paused, by its journal.
    #[must_use]
    pub fn new(now: Timestamp, round: &Round, stopped_millis: i64) -> Gate {
        Gate {
            lines: round.lines().iter().map(|line| LineGate::new(now, line)).collect(),
            rate: Allowance::default(),
            by_latency: Allowance::default(),
            by_rail: Allowance::default(),
            adaptive: Adaptive::default(),
            meter: LatencyMeter::default(),
            stops: Stops::after_start(now, stopped_millis, claim_window_millis(round)),
            now,
            rail: None,
            has_counted: false,
        }
    }

    /// Looks at the clock and at what became of those who were let in; ends turns that nobody
    /// claimed. `is_held_up`: the store or the rail is away.
    pub fn tick(
        &mut self,
        now: Timestamp,
        round: &Round,
        places: &[Arc<Places>],
        monthly_limit: Won,
        (rail, is_held_up): (Option<RailRoom>, bool),
    ) {
        let elapsed = now.millis_since(self.now).max(0);
        (self.now, self.rail) = (now, rail);
        let is_stopped = is_held_up || round.state() == LifeCycle::Paused;
        let was_stopped = self.stops.is_stopped || is_stopped;
        self.stops.observe(now, elapsed, is_stopped, claim_window_millis(round));
        let grace = usize::try_from(round.spec().inlet.claim_window_s).unwrap_or(GRACE_S);
        let mut claims = 0;
        for (line, places) in self.lines.iter_mut().zip(places) {
            let all = places.claims();
            claims += all.saturating_sub(line.claims_seen);
            line.claims_seen = all;
            if was_stopped {
                line.turn_up.stand_still(elapsed);
            }
            line.turn_up.observe(now, grace, |slot| places.cohort(slot));
        }
        // What was claimed before this process looked was paid for then.
        if std::mem::replace(&mut self.has_counted, true) {
            self.rate.pay(claims);
            self.by_latency.pay(claims);
            self.by_rail.pay(claims);
        }
        self.fill(round, places, u64::try_from(elapsed).unwrap_or(0));
        let mean = round.mean_purchase(monthly_limit);
        for (index, line) in self.lines.iter_mut().enumerate() {
            let left = round.open_window_of(line_id(index)).map(|window| window.stock.left);
            look_for_stand_by(line, &places[index], mean, left);
            let stands = was_stopped || left == Some(Won::ZERO);
            lapse(line, &places[index], now, claim_window_millis(round), stands);
        }
    }

    fn fill(&mut self, round: &Round, places: &[Arc<Places>], millis: u64) {
        let inlet = &round.spec().inlet;
        let (p90, errors) = (self.meter.p90_millis(self.now), self.meter.errors(self.now));
        self.meter.forget(self.now);
        self.adaptive.look(self.now, inlet.latency_target_ms, p90, errors);
        let due = self.due_milli(places);
        self.rate.fill(inlet.rate_per_1000_s, millis, due);
        self.by_latency.fill(self.adaptive.rate_per_1000_s(inlet), millis, due);
        if let Some(rail) = self.rail {
            self.by_rail.fill(rail.rate_per_s.saturating_mul(1_000), millis, due);
        }
    }

    /// Who was let in and is expected to claim, in all lines.
    fn due_milli(&self, places: &[Arc<Places>]) -> u64 {
        let lines = self.lines.iter().zip(places);
        lines.map(|(line, places)| line.due_milli(self.now, places)).sum()
    }

    /// What the policies look at.
    fn figures(
        &self,
        id: LineId,
        round: &Round,
        places: &[Arc<Places>],
        mean_purchase: Won,
    ) -> Figures {
        let (inlet, here) = (&round.spec().inlet, &places[id.index()]);
        let is_open = round.state() == LifeCycle::Open && !round.awaits_draw(id);
        let window = round.open_window_of(id).filter(|_| is_open);
        let line = &self.lines[id.index()];
        let purchases = |won: Won| u64::try_from(won.0 / mean_purchase.0.max(1)).unwrap_or(0);
        let left = window.map_or(Won::ZERO, |window| window.stock.left);
        let rest = Won(left.0 % mean_purchase.0.max(1));
        let purchases_left = purchases(left) + u64::from(rest > Won::ZERO);
        let watermark = round.lines()[id.index()].watermark;
        let passes = match line.stand_by {
            Some(from) => here.passes_between(from, watermark),
            None => here.passes(),
        };
        let open_here = watermark.saturating_sub(here.last_number());
        let is_stand_by = line.stand_by.is_some();
        let due_here = match is_stand_by {
            // What came back is offered to one after the other, each for as long as the grace.
            true => line.due_at_most(self.now, here),
            false => line.due_milli(self.now, here) + line.silent_milli(self.now, here),
        };
        let taken_milli = (passes + open_here) * PERSON + due_here;
        let rate = |per_1000_s, allowance: &Allowance| RateFigures {
            per_1000_s,
            left_milli: allowance.milli(),
        };
        let latency = inlet.latency_target_ms.map(|target_ms| LatencyFigures {
            rate: rate(self.adaptive.rate_per_1000_s(inlet), &self.by_latency),
            p90_ms: self.meter.p90_millis(self.now),
            target_ms,
            errors: self.meter.errors(self.now),
        });
        let rail = self.rail.map(|rail| RailFigures {
            is_shut: rail.is_shut,
            rate: rate(rail.rate_per_s.saturating_mul(1_000), &self.by_rail),
            purchases_today: purchases(rail.left_today),
            backlog: rail.waiting.saturating_sub(rail.rate_per_s),
        });
        let open = |places: &Arc<Places>| places.watermark().saturating_sub(places.last_number());
        Figures {
            is_open: window.is_some(),
            mode: inlet.mode,
            rate: rate(inlet.rate_per_1000_s, &self.rate),
            latency,
            rail,
            max_active: inlet.max_active,
            passes: places.iter().map(|places| places.passes()).sum(),
            due_milli: self.due_milli(places),
            open: places.iter().map(open).sum(),
            stock: StockFigures { purchases_left, is_stand_by, taken_milli },
            share: if is_stand_by { PERSON } else { line.turn_up.share() },
            returned: here.returned(),
            manual_left: match inlet.mode {
                InletMode::Manual => {
                    let walked = watermark.saturating_add(STEP_MAX);
                    here.entering(watermark, stepped_to(round, id).min(walked))
                }
                _ => 0,
            },
            wanted: inlet::demand(inlet, here.last_number()).saturating_sub(watermark),
        }
    }

    /// Who has their turn now: those who came back first, the lowest of them first, and then those
    /// whom the watermark reaches. Nothing while the last step is being written. What is answered
    /// is to be made durable together, and then [`Gate::written`] or [`Gate::failed`] be told.
    pub fn decide(
        &mut self,
        id: LineId,
        round: &Round,
        places: &[Arc<Places>],
        monthly_limit: Won,
    ) -> Vec<Event> {
        let figures = self.figures(id, round, places, round.mean_purchase(monthly_limit));
        let (limiter, mut room) = figures.binding();
        let here = &places[id.index()];
        let line = &mut self.lines[id.index()];
        (line.figures, line.limiter) = (Some(figures), limiter);
        let (mut events, mut cost) = (Vec::new(), 0);
        if limiter == Limiter::Shut || line.pending.is_some() {
            return events;
        }
        let most = usize::try_from(room_for_calls(&figures, here) / PERSON).unwrap_or(CALLS_MAX);
        let numbers = here.lowest_returned(most.min(CALLS_MAX));
        if !numbers.is_empty() {
            cost = numbers.len() as u64 * PERSON;
            room = room.saturating_sub(cost);
            let round = round.spec().id.clone();
            events.push(Event::TurnGiven { round, line: id, numbers });
        }
        // OR-5: nobody behind them while one of them waits.
        let called = cost / PERSON;
        if here.returned() <= called && room > 0 {
            let from = round.lines()[id.index()].watermark;
            let mut up_to = inlet::demand(&round.spec().inlet, here.last_number());
            if figures.mode == InletMode::Manual {
                up_to = up_to.min(stepped_to(round, id));
            }
            let (to, price) = here.reach_for(from, room, figures.share, up_to);
            cost += price;
            if to > from {
                let round = round.spec().id.clone();
                events.push(Event::WatermarkMoved { round, line: id, to });
            }
        }
        if !events.is_empty() {
            line.pending = Some(cost);
        }
        events
    }

    /// What was decided is durable: now it counts. The round has applied it.
    pub fn written(&mut self, now: Timestamp, id: LineId, events: &[Event], places: &Places) {
        let line = &mut self.lines[id.index()];
        line.pending = None;
        for event in events {
            match event {
                Event::TurnGiven { numbers, .. } => {
                    for number in numbers {
                        // They may have left meanwhile.
                        let _ = places.change(*number, Phase::Returned, Phase::Called);
                    }
                    line.calls.push_back((now, numbers.clone()));
                }
                Event::WatermarkMoved { to, .. } => {
                    if let Some(slot) = line.turn_up.begin(now) {
                        places.begin_cohort(slot);
                    }
                    let people = places.advance(*to);
                    line.turn_up.admitted(people);
                    line.turns.push_back((now, *to));
                }
                _ => {}
            }
        }
    }

    /// What was decided could not be written: the round is read from the store anew.
    pub fn failed(&mut self, id: LineId) {
        self.lines[id.index()].pending = None;
    }

    /// For everybody.
    #[must_use]
    pub fn view(&self, round: &Round, places: &[Arc<Places>]) -> GateView {
        let p90 = self.meter.p90_millis(self.now);
        let lines = self.lines.iter().zip(places).filter_map(|(line, places)| {
            let due = line.due_milli(self.now, places).div_ceil(PERSON);
            let (figures, active) = (line.figures?, places.passes() + due);
            Some(LineGateView { figures, limiter: line.limiter, active })
        });
        GateView {
            stops: self.stops,
            pass_life_millis: pass_life_millis(&round.spec().inlet, p90),
            p90_millis: p90,
            lines: lines.collect(),
        }
    }

    /// Which policy holds a line.
    #[must_use]
    pub fn limiter(&self, line: LineId) -> Limiter {
        self.lines[line.index()].limiter
    }

    /// Of those let in now, how many can be expected to claim, in thousandths: at least one.
    #[must_use]
    pub fn share(&self, line: LineId) -> u64 {
        self.lines[line.index()].turn_up.share()
    }

    /// Which policy holds each line.
    #[must_use]
    pub fn limiters(&self) -> Vec<Limiter> {
        self.lines.iter().map(|line| line.limiter).collect()
    }
}

/// Who came back takes what was kept open for who may join: they come first.
fn room_for_calls(figures: &Figures, places: &Places) -> u64 {
    let open = places.watermark().saturating_sub(places.last_number());
    let mut theirs = Figures { open: figures.open.saturating_sub(open), ..*figures };
    theirs.stock.taken_milli = theirs.stock.taken_milli.saturating_sub(open * PERSON);
    theirs.binding().1
}

fn line_id(index: usize) -> LineId {
    LineId(u8::try_from(index).expect("a round has at most 16 windows"))
}

fn stepped_to(round: &Round, line: LineId) -> u64 {
    round.lines()[line.index()].stepped_to
}

fn claim_window_millis(round: &Round) -> i64 {
    i64::from(round.spec().inlet.claim_window_s) * 1_000
}

/// Once nothing is left, what comes back is offered to the lowest number, one by one; until so much
/// is there again that order among a few does not matter.
fn look_for_stand_by(line: &mut LineGate, places: &Places, mean: Won, left: Option<Won>) {
    match left {
        Some(Won::ZERO) if line.stand_by.is_none() => line.stand_by = Some(places.watermark()),
        Some(left) if left > Won::ZERO && line.stand_by.is_some() => {
            let purchases = u64::try_from(left.0 / mean.0.max(1)).unwrap_or(0);
            if purchases > inlet::STOCK_MARGIN_PEOPLE {
                line.stand_by = None;
            }
        }
        None => line.stand_by = None,
        _ => {}
    }
}

/// Turns that nobody claimed in time are over; none while the sale stands still or there is nothing
/// to buy, and all have a whole claim window after it.
fn lapse(line: &mut LineGate, places: &Places, now: Timestamp, window: i64, stands: bool) {
    if stands {
        line.turns.clear();
        line.turns.push_back((now, places.watermark()));
        line.calls.iter_mut().for_each(|(since, _)| *since = now);
        return;
    }
    while let Some((since, watermark)) = line.turns.front().copied() {
        if now.millis_since(since) < window {
            break;
        }
        line.turns.pop_front();
        line.lapsed += places.lapse(watermark);
    }
    while let Some((since, numbers)) = line.calls.front() {
        if now.millis_since(*since) < window {
            break;
        }
        for number in numbers {
            places.change(*number, Phase::Called, Phase::Lapsed);
        }
        line.calls.pop_front();
    }
}

#[cfg(test)]
mod tests;
