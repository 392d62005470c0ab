//! Ten million joins through the real actors: order in real time, shown by a checker that knows
//! when each was sent and when it was answered; and that the checker sees numbers that come from
//! the shards instead of from the line's one sequence.
//!
//! Joins of one round under `rejoin = "tail"`, where coming again without the ticket takes a new
//! number: so a few thousand people make any number of joins in bounded memory. In process: the
//! wire adds nothing to the order, and `order` asks the same over HTTP. `OPENRUN_LONG=1`: ten
//! million instead of two hundred thousand.

use crate::support::engine::BareEngine;
use crate::support::on_stage;
use openrun_actors::{Engine, Join, Joined};
use openrun_core::invariants::order_inversions;
use openrun_core::round_spec::Rejoin;
use openrun_core::time::Date;
use openrun_core::{ChannelId, PersonKey, Refusal, RoundId, Who};
use std::time::{Duration, Instant};

/// Joins in all.
const JOINS: (usize, usize) = (200_000, 10_000_000);
/// Joins that are remembered at once: 24 bytes each.
const SLICE: usize = 200_000;
/// Callers at once, on all threads of the test.
const CALLERS: usize = 128;
/// People of each caller.
const PEOPLE: u64 = 200;

/// Sent, answered, number.
type Joins = Vec<(u64, u64, u64)>;

/// One of the callers: joins for its people in turn, one join after the other.
async fn call(
    engine: Engine,
    (round, channel): (RoundId, ChannelId),
    caller: usize,
    joins: usize,
    started: Instant,
) -> Joins {
    let now = || u64::try_from(started.elapsed().as_nanos()).expect("a test ends");
    let mut known = Joins::with_capacity(joins);
    for turn in 0..joins as u64 {
        let number = caller as u64 * PEOPLE + turn % PEOPLE;
        let mut person = PersonKey::of_subject("joiner");
        person.0[..8].copy_from_slice(&number.to_le_bytes());
        let birthdate = Date { year: 1991, month: 3, day: 1 };
        loop {
            let who = Who { birthdate, district: None };
            let join = Join { person, who, channel: channel.clone(), shown: None };
            let sent = now();
            match engine.join(&round, join).await {
                Ok(Joined::Place { place, .. }) => break known.push((sent, now(), place.number)),
                // The next block of numbers is on its way.
                Err(Refusal::Overloaded) => tokio::time::sleep(Duration::from_millis(1)).await,
                other => panic!("{other:?}"),
            }
        }
    }
    known
}

/// Joins of all callers at once. Between slices nothing is under way: so every number of a slice
/// must be larger than every one before, which is all that is remembered.
async fn join_in_slices(all: usize) -> (u64, usize) {
    let bare = BareEngine::start().await;
    let place = bare.open_round(Rejoin::Tail).await;
    let (started, mut inversions, mut count, mut highest) = (Instant::now(), 0, 0, 0);
    // The last few that do not divide by the callers are left out.
    while count + CALLERS <= all {
        let each = SLICE.min(all - count) / CALLERS;
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..CALLERS {
            callers.spawn(call(bare.engine.clone(), place.clone(), caller, each, started));
        }
        let mut joins = callers.join_all().await.concat();
        count += joins.len();
        inversions += joins.iter().filter(|(_, _, number)| *number <= highest).count() as u64;
        inversions += order_inversions(&mut joins);
        let mut numbers: Vec<u64> = joins.iter().map(|(_, _, number)| *number).collect();
        numbers.sort_unstable();
        assert!(numbers.is_sorted_by(|one, next| one < next), "OR-6: a number given twice");
        highest = highest.max(*numbers.last().expect("somebody joined"));
    }
    let per_second = count as f64 / started.elapsed().as_secs_f64();
    println!("joins: {count}, inversions: {inversions}, {per_second:.0} a second");
    let seen = bare.engine.round(&place.0).expect("it is there").inversions();
    // The engine's own watch is the finer one: it knows when an answer left, not when it arrived.
    assert!(seen > 0 || inversions == 0, "the engine's own watch sees none of {inversions}");
    (inversions, count)
}

#[test]
fn in_millions_of_joins_nobody_gets_before_whoever_was_answered_before() {
    on_stage(async {
        let is_long = std::env::var_os("OPENRUN_LONG").is_some();
        let all = if is_long { JOINS.1 } else { JOINS.0 };
        let (inversions, count) = join_in_slices(all).await;
        assert_eq!(inversions, 0, "OR-5 in {count} joins");
    });
}

#[cfg(feature = "failpoints")]
#[test]
fn with_numbering_in_the_shards_the_same_checker_finds_inversions() {
    use crate::support::Switched;
    use openrun_actors::failpoints::NUMBERS_IN_SHARDS;
    crate::support::alone(async {
        let _on = Switched::on(&NUMBERS_IN_SHARDS);
        let (mut inversions, mut count) = (0, 0);
        // A machine that is busy with something else does few things at once.
        while inversions == 0 && count < 400_000 {
            let (seen, joins) = join_in_slices(20_000).await;
            (inversions, count) = (inversions + seen, count + joins);
        }
        assert!(inversions > 0, "none in {count} joins: the checker does not see what it is for");
    });
}
