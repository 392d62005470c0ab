//! The verdict: what clients were told against what the server says, and against what the scenario
//! expects.
//!
//! Pure: takes what was gathered, decides, and says why. A broken invariant weighs more than a
//! missed threshold.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::checks::{Check, Checks, Weight};
use super::crowd::{Acknowledged, Crowd};
use super::draws::first_served;
use super::expected::expected;
use super::figures::{Broken, Reading};
use super::order::{given_twice, inversions};
use super::scenario::{Group, Scenario, SoldAt};
use super::stage::scaled_won;
use super::truth::Truth;
use super::visit::Last;
use super::witness::{ServerRound, Witness};

/// Of the buyers of a draw at least so many in a hundred stand among as many first numbers: who
/// leaves or is slow makes room for somebody behind. An order that has nothing to do with the draw
/// would come to the share of the lobby that can buy: a quarter in the scenario `draw`.
const FIRST_SERVED_PERCENT: u64 = 60;

/// Latency percentiles of one kind of call, in microseconds.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct LatencyRow {
    pub call: &'static str,
    pub count: u64,
    pub from_intended_us: [u64; 5],
    pub from_sending_us: [u64; 5],
}

/// The percentiles of `LatencyRow`.
pub const PERCENTILES: [f64; 5] = [50.0, 90.0, 99.0, 99.9, 100.0];

/// How a scenario went. Serialisable: of one that is played alone this is what `--json` prints.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verdict {
    /// 0, 3 if an invariant is broken, 4 if a threshold is missed.
    pub exit_code: i32,
    /// The scenario's id and title.
    pub scenario: String,
    /// See `scenario`.
    pub title: String,
    /// What was asked for.
    pub scale: f64,
    /// See `scale`.
    pub pace: String,
    /// See `scale`.
    pub seed: u64,
    /// People, counted once each.
    pub people: u64,
    /// People who got at least one purchase.
    pub buyers: u64,
    /// Sum of the acknowledged purchases in won.
    pub bought_won: u64,
    /// From the first join sent to the last purchase acknowledged; for each act, in seconds.
    pub first_join_to_last_purchase_s: Vec<f64>,
    /// Requests sent, all kinds but sign-up beforehand.
    pub requests: u64,
    /// Connections that were lost without being asked for.
    pub lost_connections: u64,
    /// Answers that said to come again later.
    pub asked_to_retry: u64,
    /// How often each habit was acted on.
    pub habits: BTreeMap<&'static str, u64>,
    /// How many had each last answer.
    pub last_answers: BTreeMap<String, u64>,
    /// Refusals by code.
    pub refusals: BTreeMap<String, u64>,
    /// Answers that the contract does not know.
    pub unexpected: BTreeMap<String, u64>,
    /// Broken promises that clients saw.
    pub broken: Broken,
    /// What the server says.
    pub rounds: Vec<ServerRound>,
    /// Everything that was checked.
    pub checks: Vec<Check>,
    /// Latencies by call.
    pub latencies: Vec<LatencyRow>,
    /// How right people were told of their chances; only with `--pace N`.
    pub truth: Option<Truth>,
    /// From the first call to the purchase, percentiles in milliseconds.
    pub to_purchase_ms: [u64; 5],
    /// From getting a place to being admitted, percentiles in milliseconds.
    pub waited_ms: [u64; 5],
    /// How everything moved.
    #[serde(skip)]
    pub readings: Vec<Reading>,
}

/// What the options add to the verdict.
pub(super) struct Asked {
    pub scale: f64,
    pub pace: String,
    pub seed: u64,
}

pub(super) fn judge(
    crowd: &mut Crowd,
    scenario: &Scenario,
    asked: &Asked,
    witness: &Witness,
) -> Verdict {
    let mut checks = Checks::default();
    both_sides(&mut checks, crowd, scenario, asked.scale, witness);
    promises(&mut checks, crowd, scenario, witness);
    drawn(&mut checks, crowd, scenario, witness);
    let unanswered = crowd.visits.iter().filter(|visit| visit.last.is_none()).count() as u64;
    let weight = Weight::Threshold;
    checks.none(weight, "everybody has a last answer: people without one", unanswered);
    let unexpected = crowd.figures.unexpected.values().sum();
    checks.none(weight, "answers that the contract does not know", unexpected);
    let truth = Truth::of(crowd);
    for (name, held, detail) in truth.iter().flat_map(Truth::shown) {
        checks.add(Weight::Threshold, name, held, detail);
    }
    for expect in &scenario.expect {
        expected(&mut checks, crowd, scenario, (asked.scale, witness), expect);
    }
    let buyers: HashSet<u32> = crowd.acknowledged.iter().map(|a| person(crowd, a.visit)).collect();
    let people: HashSet<u32> = crowd.visits.iter().map(|visit| visit.plan.person).collect();
    let figures = &crowd.figures;
    Verdict {
        exit_code: checks.exit_code(),
        scenario: scenario.id.clone(),
        title: scenario.title.clone(),
        scale: asked.scale,
        pace: asked.pace.clone(),
        seed: asked.seed,
        people: people.len() as u64,
        buyers: buyers.len() as u64,
        bought_won: crowd.acknowledged.iter().map(|a| a.amount_won).sum(),
        first_join_to_last_purchase_s: spans_s(crowd, scenario),
        requests: figures.requests,
        lost_connections: figures.lost_connections,
        asked_to_retry: figures.asked_to_retry,
        habits: BTreeMap::from([
            ("airplane mode", figures.airplane),
            ("came back after silence", figures.came_back),
            ("hung up after sending", figures.hung_up),
            ("answers replayed for the same key", figures.replayed),
        ]),
        last_answers: last_answers(crowd),
        refusals: figures.refusals.clone(),
        unexpected: figures.unexpected.clone(),
        broken: figures.broken.clone(),
        rounds: witness.rounds.clone(),
        checks: checks.0,
        latencies: latencies(crowd),
        truth,
        to_purchase_ms: PERCENTILES.map(|p| figures.to_purchase_ms.value_at_percentile(p)),
        waited_ms: PERCENTILES.map(|p| figures.waited_ms.value_at_percentile(p)),
        readings: figures.readings.clone(),
    }
}

pub(super) fn person(crowd: &Crowd, visit: u32) -> u32 {
    crowd.visits[visit as usize].plan.person
}

/// Round by round: what was acknowledged to clients, and what the server says.
fn both_sides(
    checks: &mut Checks,
    crowd: &Crowd,
    scenario: &Scenario,
    scale: f64,
    witness: &Witness,
) {
    let weight = Weight::Invariant;
    for (place, (round, said)) in scenario.rounds.iter().zip(&witness.rounds).enumerate() {
        let name = &round.id;
        let told = || bought_at(crowd, scenario, place, None);
        let told_won = told().map(|told| told.amount_won).sum();
        checks.same(weight, format!("{name}: won acknowledged and sold"), told_won, said.sold_won);
        let count = told().count() as u64;
        let what = format!("{name}: purchases acknowledged and kept");
        checks.same(weight, what, count, said.purchases);
        at_each_place(checks, crowd, scenario, place, said);
        let sum = said.left_won + said.held_won + said.sold_won;
        checks.same(weight, format!("{name}: left + held + sold and stock"), sum, said.stock_won);
        let unit_won = scenario.program_of(round).map_or(1, |program| program.unit_won);
        let stock = |won| scaled_won(won, unit_won, scale);
        let stock_won = round.windows.iter().map(|window| stock(window.stock_won)).sum();
        checks.same(weight, format!("{name}: stock given and kept"), stock_won, said.stock_won);
        checks.none(weight, format!("{name}: inversions seen by the server"), said.inversions);
    }
}

/// The same for each place of sale where there are several: neither sells what the other has.
fn at_each_place(
    checks: &mut Checks,
    crowd: &Crowd,
    scenario: &Scenario,
    place: usize,
    said: &ServerRound,
) {
    let round = &scenario.rounds[place];
    if !round.sells_at(SoldAt::Counter) {
        return;
    }
    for sold_at in [SoldAt::Line, SoldAt::Counter] {
        let told = bought_at(crowd, scenario, place, Some(sold_at));
        let told_won = told.map(|told| told.amount_won).sum();
        let name = format!("{}: won acknowledged and sold {}", round.id, sold_at.word());
        checks.same(Weight::Invariant, name, told_won, said.stock_at(Some(sold_at)).sold_won);
    }
}

/// What was acknowledged of a round, or of one of its places of sale.
pub(super) fn bought_at<'a>(
    crowd: &'a Crowd,
    scenario: &Scenario,
    place: usize,
    sold_at: Option<SoldAt>,
) -> impl Iterator<Item = &'a Acknowledged> {
    let program = scenario.program_of(&scenario.rounds[place]);
    let buys_at = |group: &Group| program.map(|program| group.buys_at(program));
    let there: Vec<bool> = scenario
        .people
        .iter()
        .map(|group| sold_at.is_none_or(|sold_at| buys_at(group) == Some(sold_at)))
        .collect();
    crowd.acknowledged.iter().filter(move |told| {
        let plan = &crowd.visits[told.visit as usize].plan;
        plan.round as usize == place && there[plan.group as usize]
    })
}

/// What holds whatever the scenario: limits, order, places, repeats.
fn promises(checks: &mut Checks, crowd: &Crowd, scenario: &Scenario, witness: &Witness) {
    let weight = Weight::Invariant;
    let mut bought: HashMap<(u32, &str), u64> = HashMap::new();
    let mut ids = HashSet::new();
    for told in &crowd.acknowledged {
        let plan = &crowd.visits[told.visit as usize].plan;
        let program = scenario.rounds[plan.round as usize].program.as_str();
        *bought.entry((plan.person, program)).or_default() += told.amount_won;
        ids.insert(&told.id);
    }
    let limit = |id: &str| {
        let program = scenario.programs.iter().find(|program| program.id == id);
        program.map_or(u64::MAX, |program| program.monthly_limit_won)
    };
    let above = bought.iter().filter(|((_, program), won)| **won > limit(program)).count() as u64;
    checks.none(weight, "people above the monthly limit", above);
    let doubled = (crowd.acknowledged.len() - ids.len()) as u64;
    checks.none(weight, "purchase ids given twice", doubled);
    checks.none(weight, "numbers given to two people", given_twice(&crowd.given));
    checks.none(weight, "order inversions seen by clients", inversions(&crowd.given));
    let broken = &crowd.figures.broken;
    let detail = format!("{broken:?}");
    checks.add(weight, "places kept, watermarks grow, repeats agree", broken.sum() == 0, detail);
    checks.none(weight, "sampled buyers whom the server knows otherwise", witness.differing);
    checks.none(weight, "sampled people above a limit, by the server", witness.above_limit);
    let violations = witness.violations;
    let detail = violations.map_or("not in the metrics".to_owned(), |found| found.to_string());
    let name = "invariant violations counted by the server";
    checks.add(weight, name, violations.unwrap_or(0) == 0, detail);
}

/// Of each draw: what was published of it holds, and who bought stands where it put them.
fn drawn(checks: &mut Checks, crowd: &Crowd, scenario: &Scenario, witness: &Witness) {
    for draw in &witness.draws {
        let name = format!("{}: the draw of {}", scenario.rounds[draw.round].id, draw.class);
        let detail = draw.fault.clone().unwrap_or_else(|| format!("{} entries", draw.count));
        checks.add(Weight::Invariant, format!("{name} holds"), draw.fault.is_none(), detail);
        let (buyers, first) = first_served(crowd, draw);
        let held = first * 100 >= buyers * FIRST_SERVED_PERCENT;
        let detail = format!("{first} of {buyers}");
        checks.add(Weight::Threshold, format!("{name}: the first numbers bought"), held, detail);
    }
}

fn last_answers(crowd: &Crowd) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for visit in &crowd.visits {
        let name = match visit.last {
            Some(Last::Bought) => "bought",
            Some(Last::SoldOut) => "sold out",
            Some(Last::Closed) => "closed",
            Some(Last::Left) => "left",
            Some(Last::Lapsed) => "lapsed",
            Some(Last::Refused(code)) => crowd.codes[code as usize].as_str(),
            None => "none",
        };
        *counted.entry(name.to_owned()).or_default() += 1;
    }
    counted
}

/// For each act: from the first join sent to the last purchase acknowledged.
fn spans_s(crowd: &Crowd, scenario: &Scenario) -> Vec<f64> {
    let mut acts: BTreeMap<u16, (u64, u64)> = BTreeMap::new();
    let act = |visit: u32| scenario.rounds[crowd.visits[visit as usize].plan.round as usize].act;
    for visit in crowd.visits.iter().filter(|visit| visit.came > 0) {
        let act = scenario.rounds[visit.plan.round as usize].act;
        let span = acts.entry(act).or_insert((u64::MAX, 0));
        span.0 = span.0.min(visit.came);
    }
    for told in &crowd.acknowledged {
        if let Some(span) = acts.get_mut(&act(told.visit)) {
            span.1 = span.1.max(told.at);
        }
    }
    acts.values().map(|(from, to)| to.saturating_sub(*from) as f64 / 1e9).collect()
}

fn latencies(crowd: &Crowd) -> Vec<LatencyRow> {
    let row = |(call, latency): (super::calls::Call, &super::figures::Latency)| LatencyRow {
        call: call.name(),
        count: latency.from_sending.len(),
        from_intended_us: PERCENTILES.map(|p| latency.from_intended.value_at_percentile(p)),
        from_sending_us: PERCENTILES.map(|p| latency.from_sending.value_at_percentile(p)),
    };
    crowd.figures.latencies().map(row).collect()
}
