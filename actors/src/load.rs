//! Reads a round back from the store: the same `apply` as live, event by event in the order in
//! which they happened.
//!
//! Decides nothing. What the store does not hold is marked as vacant: its ticket, if there is one,
//! is the proof.

use crate::shared::{LineShared, QUEUE_SHARDS};
use crate::store::{Store, StoreError};
use openrun_core::places::Phase;
use openrun_core::queue::Queue;
use openrun_core::round::Round;
use openrun_core::{Event, RoundId};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A round as the store knows it.
pub(crate) struct Loaded {
    pub round: Round,
    pub queues: Vec<Queue>,
    pub lines: Vec<Arc<LineShared>>,
    /// For each line the numbers that were reserved and, as far as the store knows, never given.
    pub vacant: Vec<Vec<(u64, u64)>>,
}

#[derive(Default)]
struct Replay {
    round: Option<Round>,
    queues: Vec<Queue>,
    lines: Vec<Arc<LineShared>>,
}

impl Replay {
    fn apply(&mut self, event: &Event) {
        if let Event::RoundDefined { spec } = event {
            self.lines = spec.lines().iter().map(|_| Arc::default()).collect();
            match &mut self.round {
                Some(round) => round.apply(event),
                None => self.round = Some(Round::new(spec.clone())),
            }
            return;
        }
        let Some(round) = &mut self.round else { return };
        round.apply(event);
        match event {
            Event::Joined { line, person, .. }
            | Event::Claimed { line, person, .. }
            | Event::Left { line, person, .. } => {
                let places = &self.lines[line.index()].places;
                self.queues[person.shard(QUEUE_SHARDS)].apply(event, places);
            }
            Event::Issued { purchase } => {
                let places = &self.lines[purchase.pass.line.index()].places;
                let former = places.buy(purchase.pass.number);
                assert!(former.is_some(), "OR-9: a pass was used twice in the store");
            }
            _ => {}
        }
    }
}

/// Why a round could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The store did not answer: it may later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it holds cannot be: asking again changes nothing.
    #[error("round {0} contradicts itself in the store; run `openrun audit`")]
    Contradiction(RoundId),
}

/// Reads a round. `former`: the lines of a round that lived in this process, whose numbers count as
/// given.
pub(crate) async fn load_round(
    store: &dyn Store,
    id: &RoundId,
    former: &[Arc<LineShared>],
) -> Result<Loaded, LoadError> {
    let mut replay = Replay {
        queues: (0..QUEUE_SHARDS).map(|_| Queue::default()).collect(),
        ..Replay::default()
    };
    let mut chunks = store.round_events(id);
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        catch_unwind(AssertUnwindSafe(|| {
            chunk.iter().for_each(|stored| replay.apply(&stored.event));
        }))
        .map_err(|_| LoadError::Contradiction(id.clone()))?;
    }
    let Replay { round, queues, lines } = replay;
    let round = round.ok_or_else(|| LoadError::Contradiction(id.clone()))?;
    let mut vacant = Vec::new();
    for (index, line) in round.lines().iter().enumerate() {
        let places = &lines[index].places;
        let given = former.get(index).map(|line| line.places.last_number());
        vacant.push(mark_vacant(places, given.unwrap_or(line.reserved)));
        places.set_reserved(line.reserved);
        if line.watermark > 0 {
            places.advance(line.watermark);
        }
    }
    Ok(Loaded { round, queues, lines, vacant })
}

/// Numbers up to `last` count as given; those that nobody is known to hold are vacant. Answers them
/// as ranges.
fn mark_vacant(places: &openrun_core::places::Places, last: u64) -> Vec<(u64, u64)> {
    places.skip_to(last);
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in 1..=last {
        if !places.change(number, Phase::Unknown, Phase::Vacant) {
            continue;
        }
        match ranges.last_mut() {
            Some((_, to)) if *to + 1 == number => *to = number,
            _ => ranges.push((number, number)),
        }
    }
    // Single numbers are joins that were lost, not gaps: only runs matter to those who count who is
    // ahead.
    ranges.retain(|(from, to)| to - from >= VACANT_RUN);
    ranges
}

/// Shortest run of vacant numbers that is published: shorter ones would not change what anybody is
/// told.
const VACANT_RUN: u64 = 64;
