//! What a scenario must show: what is sold and left of each round or of one of its places of sale,
//! who bought there, and what became of a group.
//!
//! Thresholds only: a published figure is missed, a promise is broken (`verdict`).

use std::collections::HashSet;

use super::checks::{Checks, Weight};
use super::crowd::Crowd;
use super::people::scaled;
use super::scenario::{Expect, Scenario, SoldAt};
use super::stage::scaled_won;
use super::verdict::{bought_at, person};
use super::visit::{Last, Visit};
use super::witness::{ServerStock, Witness};

/// Counts of small scales may differ by so many people whatever the percentage.
const FEW: u64 = 3;
/// What somebody buys at most, in units: what one person more or less changes.
const UNITS_EACH: u64 = 40;

/// One expectation, held against what was said.
pub(super) fn expected(
    checks: &mut Checks,
    crowd: &mut Crowd,
    scenario: &Scenario,
    (scale, witness): (f64, &Witness),
    expect: &Expect,
) {
    if let Some(place) = expect.round.as_ref().and_then(|id| scenario.round(id)) {
        let round = &scenario.rounds[place];
        let name = match expect.sold_at {
            Some(sold_at) => format!("{} {}", round.id, sold_at.word()),
            None => round.id.clone(),
        };
        let unit_won = scenario.program_of(round).map_or(1, |program| program.unit_won);
        let there = round.windows.iter().filter(|window| is_there(expect, window.sold_at));
        let full_won = there.map(|window| window.stock_won).sum::<u64>();
        let said = witness.rounds[place].stock_at(expect.sold_at);
        of_stock(checks, &name, (full_won, unit_won, scale), &said, expect);
        if let Some(want) = expect.buyers {
            let told = bought_at(crowd, scenario, place, expect.sold_at);
            let got = told.map(|told| person(crowd, told.visit)).collect::<HashSet<_>>().len();
            let (got, want) = (got as u64, scaled(want, scale));
            let percent = expect.tolerance_percent;
            let slack = FEW.max((want as f64 * percent / 100.0).ceil() as u64);
            let detail = format!("{got}, expected {want} within {percent} %");
            let held = got.abs_diff(want) <= slack;
            checks.add(Weight::Threshold, format!("{name}: buyers"), held, detail);
        }
    }
    if let Some(group) = expect.group.as_ref().and_then(|name| scenario.group(name)) {
        of_group(checks, crowd, scenario, group, expect);
    }
}

fn is_there(expect: &Expect, sold_at: SoldAt) -> bool {
    expect.sold_at.is_none_or(|there| there == sold_at)
}

/// What was sold, left and held of a stock that was `full_won` at scale 1.
fn of_stock(
    checks: &mut Checks,
    name: &str,
    (full_won, unit_won, scale): (u64, u64, f64),
    said: &ServerStock,
    expect: &Expect,
) {
    let sells_out = expect.sold_won == Some(full_won);
    let amounts = [
        ("sold", expect.sold_won, said.sold_won),
        ("left", expect.left_won, said.left_won),
        ("held", expect.held_won, said.held_won),
    ];
    for (what, want, got) in amounts {
        let Some(want) = want else { continue };
        let want = if what == "sold" && sells_out {
            said.stock_won
        } else {
            scaled_won(want, unit_won, scale)
        };
        let exact = sells_out || want == 0;
        // What does not sell out depends on who came: at a small scale one person more or less
        // counts.
        let slack = full_won as f64 * scale * expect.tolerance_percent / 100.0;
        let slack = slack.max((unit_won * UNITS_EACH * FEW) as f64) as u64;
        let held = if exact { got == want } else { got.abs_diff(want) <= slack };
        let detail = format!("{got}, expected {want}");
        checks.add(Weight::Threshold, format!("{name}: won {what}"), held, detail);
    }
}

/// Of people who come again only those count who got all that they had wanted the first time.
fn of_group(
    checks: &mut Checks,
    crowd: &mut Crowd,
    scenario: &Scenario,
    group: usize,
    expect: &Expect,
) {
    let weight = Weight::Threshold;
    let name = expect.group.as_deref().unwrap_or_default();
    let code = expect.refused_with.as_ref().map(|code| crowd.code(code));
    let again = scenario.people[group].again.as_ref().and_then(|name| scenario.group(name));
    let got_all = |earlier: usize| -> HashSet<u32> {
        let visits = crowd.visits.iter().filter(|visit| visit.plan.group as usize == earlier);
        let got_all = visits.filter(|visit| visit.bought_won == visit.plan.want_won);
        got_all.map(|visit| visit.plan.person).collect()
    };
    let satisfied = again.map(got_all);
    let counts = |person: &u32| satisfied.as_ref().is_none_or(|people| people.contains(person));
    let members = crowd.visits.iter().filter(|visit| visit.plan.group as usize == group);
    let members: Vec<&Visit> = members.filter(|visit| counts(&visit.plan.person)).collect();
    let of = || members.iter();
    if let Some(most_won) = expect.bought_each_won {
        let above = of().filter(|visit| visit.bought_won > most_won).count() as u64;
        checks.none(weight, format!("{name}: bought more than {most_won} won each"), above);
    }
    if let Some(code) = code {
        let refused = of().filter(|visit| visit.last == Some(Last::Refused(code))).count();
        let other = of().filter(|visit| matches!(visit.last, Some(Last::Refused(c)) if c != code));
        let (other, all) = (other.count(), of().count());
        let held = all == 0 || (refused > 0 && other == 0);
        let detail = format!("{refused} of {all}, {other} with another refusal");
        let what = expect.refused_with.as_deref().unwrap_or_default();
        checks.add(weight, format!("{name}: refused with {what}"), held, detail);
    }
}

#[cfg(test)]
mod tests {
    use super::super::witness::ServerRound;
    use super::*;

    /// 7.2 of 7.8 billion won are sold either way; only one of them is what was published.
    #[test]
    fn what_the_counters_sold_is_not_taken_for_what_the_apps_sold() {
        let billions = |stock: u64, sold: u64| ServerStock {
            stock_won: stock * 100_000_000,
            left_won: (stock - sold) * 100_000_000,
            held_won: 0,
            sold_won: sold * 100_000_000,
        };
        let check = |counters: Option<ServerStock>, missed: &[&str]| {
            let ServerStock { stock_won, left_won, held_won, sold_won } = billions(78, 72);
            let said = ServerRound {
                stock_won,
                left_won,
                held_won,
                sold_won,
                counters,
                ..ServerRound::default()
            };
            let witness = Witness { rounds: vec![said], ..Witness::default() };
            let scenario = Scenario::load("chuncheon-2022-12").unwrap();
            let mut checks = Checks::default();
            for expect in &scenario.expect {
                let expect = Expect { buyers: None, ..expect.clone() };
                let (round, place) = (&scenario.rounds[0], expect.sold_at);
                let there = round.windows.iter().filter(|it| is_there(&expect, it.sold_at));
                let full_won = there.map(|window| window.stock_won).sum();
                let word = place.map_or("", SoldAt::word);
                let said = witness.rounds[0].stock_at(place);
                of_stock(&mut checks, word, (full_won, 10_000, 1.0), &said, &expect);
            }
            assert_eq!(checks.0.len(), 6, "three figures of each place");
            let found = checks.0.iter().filter(|check| !check.held);
            assert_eq!(found.map(|check| check.name.as_str()).collect::<Vec<_>>(), missed);
        };
        check(Some(billions(19, 16)), &[]);
        let all = [
            "in the line: won sold",
            "in the line: won left",
            "at the counters: won sold",
            "at the counters: won left",
        ];
        check(Some(billions(19, 19)), &all);
        check(Some(billions(19, 13)), &all);
        check(None, &all);
    }
}
