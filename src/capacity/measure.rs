//! The measurement: eight parts of time, one kind of call in each, and what they left in memory and
//! in the store.
//!
//! Runs on threads of its own against a server that is ready and has two rounds of its own. What it
//! learns, and in which order, is here; what follows from it is not.

use super::load::{self, Target, Task};
use super::machine;
use super::people::People;
use super::verdict::{Measured, Rate};
use crate::rehearse::Tokens;
use std::sync::Arc;
use std::time::Duration;

/// The time is divided into so many parts.
pub const PARTS: u32 = 8;
/// Before anything is counted, so that connections, threads and caches are there.
const WARMING: Duration = Duration::from_millis(300);
/// So many people for each second of the measurement, and within these bounds: more than a machine
/// takes in, or the part ends when all have come.
const PEOPLE_PER_S: f64 = 10_000.0;
const PEOPLE_LEAST: usize = 2_000;
const PEOPLE_MOST: usize = 200_000;

/// What is being measured, for whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the calls")]
pub enum Part {
    Tokens,
    Joins,
    Looks,
    SignUps,
    Documents,
    Claims,
    Purchases,
}

/// Where the store is, so that what it grows by can be read.
pub trait Room: Send {
    /// What the store takes, in bytes.
    fn bytes(&self) -> f64;
}

/// How long it may take, and who is told how far it has come.
pub struct Watch<'w> {
    /// All parts together.
    pub time: Duration,
    /// Called when a part begins.
    pub begins: &'w (dyn Fn(Part) + Sync),
}

/// Measures everything but the flush: that is of the store, and this knows only HTTP.
///
/// # Errors
/// A kind of call got no good answer at all.
pub(super) fn run(
    target: &Target,
    tokens: &dyn Tokens,
    room: &dyn Room,
    watch: &Watch<'_>,
) -> anyhow::Result<Measured> {
    let part = watch.time / PARTS;
    (watch.begins)(Part::Tokens);
    let count = (watch.time.as_secs_f64() * PEOPLE_PER_S) as usize;
    let people = Arc::new(People::new(count.clamp(PEOPLE_LEAST, PEOPLE_MOST), tokens)?);
    let everybody = || (0..people.count()).collect::<Vec<_>>();
    let call = |task, who, time| load::run(target, task, &people, who, time);
    call(Task::Document, everybody(), WARMING)?;

    let memory = || machine::resident_bytes().unwrap_or_default();
    let (idle_bytes, empty_store) = (memory(), room.bytes());
    (watch.begins)(Part::Joins);
    // In two halves: the first fills buffers and blocks, and what one who waits takes is read from
    // the second.
    let (first, second) = (0..people.count()).partition(|number| *number < people.count() / 2);
    let early = call(Task::Wait, first, part)?;
    let with_early = memory();
    let joins = call(Task::Wait, second, part)?;
    let (with_waiting, joined_store) = (memory(), room.bytes());
    (watch.begins)(Part::Looks);
    let looks = call(Task::Look, people.who_wait(), part)?;

    let before_sale = memory();
    (watch.begins)(Part::SignUps);
    let sign_ups = call(Task::SignUp, everybody(), part)?;
    // Who signed up is known by the order in which all were asked.
    let signed_up = (0..people.count().min(sign_ups.calls as usize)).collect();
    call(Task::Join, signed_up, part)?;
    // Meanwhile their turns come.
    (watch.begins)(Part::Documents);
    let documents = call(Task::Document, everybody(), part)?;
    (watch.begins)(Part::Claims);
    let claims = call(Task::Claim, people.who_may_claim(), part)?;
    (watch.begins)(Part::Purchases);
    let purchases = call(Task::Buy, people.who_may_buy(), part)?;
    let (after_sale, sold_store) = (memory(), room.bytes());

    let all_joined = (early.calls + joins.calls) as f64;
    let each = |bytes: f64, rate: &Rate| (bytes / rate.calls as f64).max(0.0);
    Ok(Measured {
        joins,
        looks,
        documents,
        sign_ups,
        claims,
        purchases,
        idle_bytes,
        waiting_bytes: each(with_waiting - with_early, &joins),
        buyer_bytes: each(after_sale - before_sale - people.kept_bytes(), &purchases),
        join_disk_bytes: ((joined_store - empty_store) / all_joined).max(0.0),
        buyer_disk_bytes: each(sold_store - joined_store, &purchases),
        flush_ms_p50: 0.0,
        flush_ms_p99: 0.0,
    })
}
