//! Reads a round back from the store: the same `apply` as live, event by event in the order in
//! which they happened.
//!
//! Decides nothing. What the store does not hold is marked as vacant: its ticket, if there is one,
//! is the proof.

use crate::shared::{LineShared, QUEUE_SHARDS};
use crate::store::{Store, StoreError};
use openrun_core::queue::Queue;
use openrun_core::round::Round;
use openrun_core::stops::Pauses;
use openrun_core::{Event, RoundId, Timestamp};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A round as the store knows it.
pub(crate) struct Loaded {
    pub round: Round,
    pub queues: Vec<Queue>,
    pub lines: Vec<Arc<LineShared>>,
    /// For each line the numbers that were reserved and, as far as the store knows, never given.
    pub vacant: Vec<Vec<(u64, u64)>>,
    /// How long it was paused.
    pub pauses: Pauses,
}

#[derive(Default)]
struct Replay {
    round: Option<Round>,
    queues: Vec<Queue>,
    lines: Vec<Arc<LineShared>>,
    pauses: Pauses,
}

impl Replay {
    fn apply(&mut self, at: Timestamp, event: &Event) {
        if let Some(stops) = self.pauses.see(at, event) {
            self.queues.iter_mut().for_each(|queue| queue.see(stops));
        }
        if let Event::RoundDefined { spec } = event {
            self.lines = spec.lines().iter().map(|_| Arc::default()).collect();
            match &mut self.round {
                Some(round) => round.apply(event),
                None => self.round = Some(Round::new(spec.clone())),
            }
            return;
        }
        let Some(round) = &mut self.round else { return };
        let held = match event {
            Event::Issued { purchase } => round.payment(purchase.id),
            Event::Voided { purchase, .. } => round.payment(*purchase),
            _ => None,
        };
        let is_paid_later = held.is_some();
        if let (Event::Voided { .. }, Some(payment)) = (event, held) {
            let pass = payment.purchase.pass;
            let places = &self.lines[pass.line.index()].places;
            let had_bought = places.unbuy(pass.number, at < payment.pass_expires_at);
            assert!(had_bought, "OR-9: a pass that was not used is free again");
        }
        round.apply(event);
        match event {
            Event::Joined { line, person, .. }
            | Event::Claimed { line, person, .. }
            | Event::CameBack { line, person, .. }
            | Event::Left { line, person, .. } => {
                let places = &self.lines[line.index()].places;
                self.queues[person.shard(QUEUE_SHARDS)].apply(event, places);
            }
            Event::TurnGiven { line, numbers, .. } => {
                self.lines[line.index()].places.call_again(numbers);
            }
            // A purchase that was held bought then.
            Event::Issued { .. } if is_paid_later => {}
            Event::Issued { purchase } | Event::Held { purchase, .. } => {
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
            chunk.iter().for_each(|stored| replay.apply(stored.at, &stored.event));
        }))
        .map_err(|_| LoadError::Contradiction(id.clone()))?;
    }
    let Replay { round, mut queues, lines, pauses } = replay;
    let round = round.ok_or_else(|| LoadError::Contradiction(id.clone()))?;
    // What had run out when the last event was written is over; everything else has a whole claim
    // window from the start on.
    let over_at = pauses.over_at(round.spec().inlet.claim_window_s);
    let places: Vec<_> = lines.iter().map(|line| Arc::clone(&line.places)).collect();
    for queue in &mut queues {
        queue.expire(over_at, &places);
    }
    let mut vacant = Vec::new();
    for (index, line) in round.lines().iter().enumerate() {
        let places = &lines[index].places;
        let given = former.get(index).map(|line| line.places.last_number());
        vacant.push(places.vacate(given.unwrap_or(line.reserved), VACANT_RUN));
        places.set_reserved(line.reserved);
        if line.watermark > 0 {
            places.advance(line.watermark);
        }
    }
    Ok(Loaded { round, queues, lines, vacant, pauses })
}

/// Shortest run of vacant numbers that is published: single ones are joins that were lost, not
/// gaps, and would not change what anybody is told.
const VACANT_RUN: u64 = 64;
