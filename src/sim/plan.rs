//! The plan of one sale: everything that the seed fixes before the first step. Sizes, windows,
//! terms of the rail, what operators will do, and which faults strike how hard.
//!
//! Small on purpose: most bugs need two people and one window, and a small sale is read by a human.

use super::Settings;
use super::chance::Chance;
use super::faults::{FAULTS, Fault, Strengths};
use super::sale;
use openrun_core::round::Step;
use openrun_core::round_spec::{InletMode, InletSpec, RoundSpec};
use openrun_core::{Program, Rules, Timestamp, WindowId, Won};

/// 2022-07-31T23:59:00+09:00: a minute before the month ends in Seoul.
const NEAR_MIDNIGHT: Timestamp = Timestamp(1_659_279_540_000);
/// 2022-07-28T09:59:00+09:00.
const MORNING: Timestamp = Timestamp(1_658_969_940_000);

/// How long before vouchers are over people come back to them, in milliseconds.
const MORROW: i64 = 20_000;

/// What an operator will do.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    /// A step in a round's life.
    Step(usize, Step),
    /// Another inlet.
    Inlet(usize, InletSpec),
    /// Another version of a program's rules.
    Rules(usize, Rules),
    /// Two persons agree on more or less stock for a window of a round.
    Stock(usize, WindowId, Won),
}

/// A spell of bad weather.
#[derive(Debug, Clone, Copy)]
pub(super) enum Weather {
    /// The store goes away, or comes back.
    Store(bool),
    /// The rail browns out, or recovers.
    Rail(bool),
}

/// What the rail allows and promises, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub concurrency: usize,
    pub rate_per_s: u32,
    pub daily_limit: Won,
    pub finality: i64,
    pub hold_ttl: i64,
    pub ask_again_after: i64,
    pub timeout: i64,
    /// Whether a cancel of an unknown order bars it; otherwise the rail says that it knows none.
    pub bars_unknown: bool,
}

/// A whole sale before it begins.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub people: u32,
    pub programs: Vec<Program>,
    pub rounds: Vec<RoundSpec>,
    pub begins: Timestamp,
    /// When the sale is about over: what is planned happens before.
    pub quiet: Timestamp,
    /// When the first vouchers are over, if ever: what happens around it is played too.
    pub over: Option<Timestamp>,
    /// When the faults stop, if the steps have not run out before.
    pub heals: Timestamp,
    pub tick: i64,
    /// Absent: the rail answers at once.
    pub terms: Option<Terms>,
    pub batch_events: usize,
    pub number_block: u64,
    /// Mean time between two things that one person does.
    pub pause: i64,
    pub operations: Vec<(Timestamp, Operation)>,
    pub weather: Vec<(Timestamp, Weather)>,
    pub strengths: Strengths,
}

impl Plan {
    pub fn new(seed: u64, settings: &Settings) -> Plan {
        let mut chance = Chance::new(seed, 1);
        let strengths = strengths(&mut chance, settings);
        let drawn = crowd(&mut chance);
        let people = settings.people.map_or(drawn, |most| drawn.min(most)).max(1);
        let begins = if chance.per_mille(400) { NEAR_MIDNIGHT } else { MORNING };
        let window = chance.between(20_000, 80_000);
        let mut sale = sale::draw(&mut chance, begins, window, people);
        let tick = *chance.one_of(&[250, 500, 1_000]);
        let terms = Terms {
            concurrency: usize::try_from(chance.between(1, 8)).expect("a small number"),
            rate_per_s: *chance.one_of(&[1, 5, 50, 1_000]),
            daily_limit: Won(*chance.one_of(&[500_000, i64::MAX / 2, i64::MAX / 2])),
            finality: chance.between(8_000, 40_000),
            hold_ttl: chance.between(1_500, 15_000),
            ask_again_after: chance.between(200, 1_000),
            timeout: chance.between(800, 4_000),
            bars_unknown: chance.per_mille(700),
        };
        let is_waiting = chance.per_mille(800);
        let batch_events = usize::try_from(chance.between(1, 24)).expect("a small number");
        let number_block = *chance.one_of(&[4, 16, 64]);
        let pause = chance.between(800, 6_000);
        let last = sale.rounds.iter().flat_map(|round| &round.windows);
        let heals = last.map(|window| window.closes_at).max().expect("a round has windows");
        let quiet = heals.plus_millis(chance.between(-10_000, 5_000));
        let after_sale = sale.programs[0].versions[0].after_sale;
        let over = after_sale.valid_days.map(|days| begins.end_of_day_after(days));
        let heals = over.map_or(quiet, |over| over.plus_millis(chance.between(10_000, 30_000)));
        let mut plan = Plan {
            people,
            programs: std::mem::take(&mut sale.programs),
            rounds: std::mem::take(&mut sale.rounds),
            begins,
            quiet,
            over,
            heals,
            tick,
            terms: is_waiting.then_some(terms),
            batch_events,
            number_block,
            pause,
            operations: Vec::new(),
            weather: Vec::new(),
            strengths,
        };
        plan.operate(&mut chance);
        plan.forecast(&mut chance);
        plan
    }

    /// What the rail promises, also where it answers at once and nobody asks.
    pub fn finality(&self) -> i64 {
        self.terms.map_or(0, |terms| terms.finality)
    }

    /// When people come back to what they bought, if their vouchers come to an end.
    pub fn morrow(&self) -> Option<Timestamp> {
        self.over.map(|over| over.plus_millis(-MORROW))
    }

    fn moment(&self, chance: &mut Chance) -> Timestamp {
        Timestamp(chance.between(self.begins.0 + 1_000, self.quiet.0))
    }

    fn operate(&mut self, chance: &mut Chance) {
        for _ in 0..chance.between(1, 6) {
            let round = usize::try_from(chance.below(self.rounds.len() as u64)).expect("an index");
            let at = self.moment(chance);
            let operation = match chance.below(10) {
                0 => Operation::Step(round, Step::Open),
                1..=3 => Operation::Step(round, Step::Pause),
                4 if chance.per_mille(300) => Operation::Step(round, Step::Close),
                5 | 6 => {
                    let window = chance.one_of(&self.rounds[round].windows).id.clone();
                    Operation::Stock(round, window, Won(chance.between(-20, 20) * 10_000))
                }
                _ => {
                    let mut inlet = self.rounds[round].inlet.clone();
                    inlet.rate_per_1000_s = *chance.one_of(&[100, 1_000, 20_000, 500_000]);
                    inlet.max_active = *chance.one_of(&[1, 2, 10, 1_000]);
                    let is_shut = chance.per_mille(150);
                    inlet.mode = if is_shut { InletMode::Shut } else { InletMode::Auto };
                    Operation::Inlet(round, inlet)
                }
            };
            let is_pause = matches!(operation, Operation::Step(_, Step::Pause));
            if self.strengths.has(Fault::Staff) {
                self.operations.push((at, operation));
                // Most pauses come to an end.
                if is_pause && chance.per_mille(850) {
                    let later = at.plus_millis(chance.between(500, 20_000));
                    self.operations.push((later, Operation::Step(round, Step::Resume)));
                }
            }
        }
        for _ in 0..chance.between(1, 3) {
            let program = chance.below(self.programs.len() as u64);
            let program = usize::try_from(program).expect("an index");
            let at = self.moment(chance);
            let from = at.plus_millis(*chance.one_of(&[0, 0, 5_000, 30_000]));
            let mut rules = Rules::clone(&self.programs[program].versions[0]);
            rules.effective_from = from;
            rules.monthly_limit_won = Won(*chance.one_of(&[300_000, 100_000, 500_000]));
            rules.holding_limit_won = Won(*chance.one_of(&[300_000, 600_000, 1_000_000]));
            let gifts = chance.one_of(&[None, Some(Won::ZERO), Some(Won(200_000))]);
            rules.after_sale.gift_limit_won = *gifts;
            rules.after_sale.cancel_returns_allowance = chance.per_mille(500);
            if self.strengths.has(Fault::Rules) {
                self.operations.push((at, Operation::Rules(program, rules)));
            }
        }
        self.operations.sort_by_key(|(at, _)| *at);
    }

    fn forecast(&mut self, chance: &mut Chance) {
        let spells = [
            (Fault::Away, 9_000, Weather::Store(true), Weather::Store(false)),
            (Fault::Brownout, 30_000, Weather::Rail(true), Weather::Rail(false)),
        ];
        for (fault, longest, worse, better) in spells {
            let from = self.moment(chance);
            let to = from.plus_millis(chance.between(200, longest));
            if self.strengths.has(fault) {
                self.weather.extend([(from, worse), (to, better)]);
            }
        }
    }
}

/// Mostly a handful, now and then a few hundred.
fn crowd(chance: &mut Chance) -> u32 {
    let (from, to) = match chance.below(1_000) {
        0..=599 => (1, 8),
        600..=899 => (8, 30),
        900..=994 => (30, 90),
        _ => (90, 300),
    };
    u32::try_from(chance.between(from, to)).expect("hundreds at most")
}

/// One run in eight is calm; in the others each class is on or off, mild or wild.
fn strengths(chance: &mut Chance, settings: &Settings) -> Strengths {
    let mut strengths = Strengths::default();
    let is_calm = chance.per_mille(125);
    for fault in FAULTS {
        let (mild, wild, share) = match fault {
            Fault::Crash => (2, 8, 400),
            Fault::Deaths => (3, 15, 450),
            Fault::Store => (15, 120, 500),
            Fault::Zombies => (2, 6, 400),
            Fault::Rail => (60, 300, 700),
            Fault::Late => (60, 300, 500),
            Fault::Liar => (150, 600, 100),
            Fault::Network => (20, 150, 500),
            Fault::Away | Fault::Brownout => (1, 1, 300),
            Fault::Staff | Fault::Rules => (1, 1, 400),
        };
        let is_on = chance.per_mille(share) && !is_calm;
        let strength = if chance.per_mille(350) { wild } else { mild };
        if is_on && !settings.without.contains(&fault) {
            strengths.set(fault, strength);
        }
    }
    strengths
}
