//! Sales against machines, as text.

use super::*;

/// What two cores did: benches/RESULTS.md of November 2026.
fn measured() -> Measured {
    let rate = |per_s: f64| Rate { per_s, busy: 0.98, ..Rate::default() };
    Measured {
        joins: rate(25_900.0),
        looks: rate(95_900.0),
        documents: rate(115_500.0),
        sign_ups: rate(30_000.0),
        claims: rate(20_000.0),
        purchases: rate(28_500.0),
        idle_bytes: 73e6,
        waiting_bytes: 150.0,
        buyer_bytes: 3_000.0,
        join_disk_bytes: 300.0,
        buyer_disk_bytes: 3_000.0,
        flush_ms_p50: 0.12,
        flush_ms_p99: 0.3,
    }
}

fn machine() -> Machine {
    let bytes = |gigabytes: f64| Some(gigabytes * 1e9);
    Machine {
        cores: 2,
        memory_bytes: bytes(20.0),
        disk_bytes: bytes(100.0),
        connections: 1_000_000.0,
    }
}

fn sale(people: u64, stock_won: u64, minutes: u64) -> Sale {
    Sale {
        people,
        stock_won,
        seconds: minutes as f64 * 60.0,
        mean_purchase_won: 387_000,
        joins_per_s: None,
        rail_per_s: None,
    }
}

type Change = fn(&mut Sale, &mut Measured, &mut Machine);

#[track_caller]
fn check(change: Change, answer: Answer, narrowest: What) {
    let (mut sale, mut measured, mut machine) =
        (sale(100_000, 20_000_000_000, 10), measured(), machine());
    change(&mut sale, &mut measured, &mut machine);
    let verdict = Verdict::of(&sale, &measured, &machine);
    assert_eq!((verdict.answer, verdict.narrowest), (answer, narrowest), "{verdict:#?}");
}

#[test]
fn a_sale_that_fits_with_all_margins_is_a_yes() {
    check(|_, _, _| {}, Answer::Yes, What::LastLooks);
    check(|sale, _, _| sale.people = 1, Answer::Yes, What::Memory);
}

#[test]
fn what_is_within_the_machine_and_beyond_a_margin_is_a_condition() {
    check(|sale, _, _| sale.people = 110_000, Answer::Yes, What::LastLooks);
    check(|sale, _, _| sale.people = 300_000, Answer::YesBut, What::LastLooks);
    check(|_, measured, _| measured.joins.per_s = 3_000.0, Answer::YesBut, What::Processor);
    check(|_, _, machine| machine.memory_bytes = Some(2e9), Answer::YesBut, What::Memory);
    check(|_, _, machine| machine.disk_bytes = Some(0.25e9), Answer::YesBut, What::Disk);
    // Even ten times too few: a cache in front, and they are enough.
    check(|_, _, machine| machine.connections = 10_000.0, Answer::YesBut, What::Connections);
}

#[test]
fn what_is_not_there_is_a_no_and_is_named_before_any_condition() {
    let no = Answer::No;
    check(|_, measured, _| measured.joins.per_s = 900.0, no, What::Processor);
    check(|_, measured, _| measured.looks.per_s = 4_000.0, no, What::Processor);
    check(|_, _, machine| machine.memory_bytes = Some(0.5e9), no, What::Memory);
    check(|_, _, machine| machine.disk_bytes = Some(0.1e9), no, What::Disk);
    check(|sale, _, _| sale.rail_per_s = Some(80.0), no, What::Rail);
    let both: Change = |_, _, machine| {
        machine.connections = 10.0;
        machine.disk_bytes = Some(0.1e9);
    };
    check(both, no, What::Disk);
}

#[test]
fn purchases_that_leave_the_processors_idle_wait_for_the_store() {
    let slow: Change = |_, measured, _| {
        measured.purchases.per_s = 60.0;
        measured.purchases.busy = 0.2;
    };
    check(slow, Answer::No, What::Store);
    // A store that is slow, and fast enough for this sale: it is not what is narrow.
    let idle: Change = |_, measured, _| {
        measured.purchases.busy = 0.2;
        measured.looks.per_s = 4_000.0;
    };
    check(idle, Answer::No, What::Processor);
}

#[test]
fn a_bank_is_held_to_what_it_agreed_to_and_costs_three_writes_a_purchase() {
    check(|sale, _, _| sale.rail_per_s = Some(90.0), Answer::Yes, What::Rail);
    let asked = Sale { rail_per_s: Some(43.0), ..sale(100_000, 20_000_000_000, 10) };
    let verdict = Verdict::of(&asked, &measured(), &machine());
    assert_eq!(verdict.rail_seconds.map(f64::round), Some(1_202.0));
    let unasked = Verdict::of(&Sale { rail_per_s: None, ..asked }, &measured(), &machine());
    let share = |verdict: &Verdict| verdict.loads[2].share;
    assert!((share(&verdict) / share(&unasked) - 3.0).abs() < 1e-9);
    assert_eq!(unasked.rail_seconds, None);
}

#[test]
fn what_nobody_knows_is_no_reason_for_a_no() {
    let unknown: Change = |_, _, machine| {
        machine.memory_bytes = None;
        machine.disk_bytes = None;
    };
    check(unknown, Answer::Yes, What::LastLooks);
}

#[test]
fn memory_is_that_of_everybody_who_waits_buys_and_holds_a_connection() {
    let sale = sale(100_000, 38_700_000_000, 10);
    let machine = Machine { connections: 19_000.0, ..machine() };
    let verdict = Verdict::of(&sale, &measured(), &machine);
    let of = |what: What| verdict.needs.iter().find(|need| need.what == what).unwrap().need;
    // 73 MB, 100,000 × 202 B though 150 B were measured, 100,000 × 3 kB, 19,000 × 12 kB.
    assert_eq!(
        of(What::Memory).round() as u64,
        73_000_000 + 20_200_000 + 300_000_000 + 228_000_000
    );
    assert_eq!(of(What::Disk).round() as u64, 300_000_000);
}
