//! How a round lets people in: the core's gate driven tick by tick. A turn counts once it is
//! durable.

use super::RoundShell;
use crate::committer::IntoActorFuture;
use crate::handle::Ctx;
use crate::shared::LineShared;
use actix::AsyncContext;
use openrun_core::places::Places;
use openrun_core::round_spec::LineId;
use openrun_core::view::{Interruption, Missing};
use openrun_core::{Event, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// How long the store may owe an answer before people are told that selling is held up: longer than
/// a slow flush, shorter than the deadline of a write.
const STORE_PATIENCE: Duration = Duration::from_secs(1);

/// The numbers of each line.
pub(super) fn places_of(lines: &[Arc<LineShared>]) -> Vec<Arc<Places>> {
    lines.iter().map(|line| Arc::clone(&line.places)).collect()
}

impl RoundShell {
    /// Lets in whom the policies allow, on every line.
    pub(super) fn drive_gate(
        &mut self,
        lines: &[Arc<LineShared>],
        now: Timestamp,
        ctx: &mut Ctx<Self>,
    ) {
        let limit = self.program.rules_at(now).monthly_limit_won;
        let rail = self.around.till.as_ref().map(|till| till.room.look());
        let (places, is_held_up) = (places_of(lines), self.interruption.is_some());
        self.owed.settle(&mut self.gate.meter);
        self.gate.tick(now, &self.round, &places, limit, (rail, is_held_up));
        for index in 0..places.len() {
            let id = LineId(u8::try_from(index).unwrap_or(u8::MAX));
            if self.is_being_drawn(id) {
                continue;
            }
            let events = self.gate.decide(id, &self.round, &places, limit);
            if events.is_empty() {
                continue;
            }
            let written = self.around.journal.append(now, events.clone());
            let places = Arc::clone(&places[index]);
            ctx.spawn(written.into_actor_future(move |shell: &mut Self, outcome, _ctx| {
                if outcome.is_err() || shell.is_retired {
                    return shell.gate.failed(id);
                }
                events.iter().for_each(|event| shell.round.apply(event));
                shell.note_entering(id, &events, &places);
                shell.gate.written(shell.around.clock.now(), id, &events, &places);
            }));
        }
    }

    /// How many people the watermark lets in, and over how many numbers it passes.
    fn note_entering(&mut self, id: LineId, events: &[Event], places: &Places) {
        for event in events {
            let Event::WatermarkMoved { to, .. } = event else { continue };
            let from = places.watermark();
            let people = places.entering(from, *to);
            self.drives[id.index()].meter.entered(people);
            self.drives[id.index()].uptake.passed_over(to - from - people);
        }
    }

    /// What holds the sale up for the moment, from the moment at which it was first seen.
    pub(super) fn look_for_interruption(&mut self, now: Timestamp) {
        let is_store_away = self.around.journal.standing.waiting_for() >= STORE_PATIENCE;
        let cause = match (is_store_away, self.is_till_shut()) {
            (true, _) => Some(Missing::Store),
            (false, true) => Some(Missing::Payment),
            (false, false) => None,
        };
        let is_same = self.interruption.map(|interruption| interruption.cause) == cause;
        if !is_same {
            self.interruption = cause.map(|cause| Interruption { cause, since: now });
            let round = &self.round.spec().id;
            match cause {
                Some(cause) => tracing::warn!(%round, ?cause, "selling is held up"),
                None => tracing::info!(%round, "selling goes on"),
            }
        }
    }

    pub(super) fn is_till_shut(&self) -> bool {
        self.around.till.as_ref().is_some_and(|till| till.room.is_shut())
    }
}
