//! What staff do to a round: steps of its life, its inlet, its stock, its definition. Each is
//! written together with its line in the log, and answered once both are durable; what is only
//! tried is decided by the same code and written nowhere.

use super::inlet::places_of;
use super::{Drive, RoundShell};
use crate::committer::{CommitFailed, IntoActorFuture};
use crate::figures::Figures;
use crate::handle::{Ctx, Reply, Serve};
use crate::requests::{Acted, InletPatch, Seen, Wish};
use crate::shared::LineShared;
use actix::AsyncContext;
use openrun_core::gate::Gate;
use openrun_core::round_spec::{InletSpec, RoundSpec};
use openrun_core::{Event, Refusal};
use std::sync::Arc;

/// Staff do something.
pub(crate) struct Act {
    pub wish: Wish,
    pub staff: Acted,
}

/// Staff try something: nothing changes and nothing is written.
pub(crate) struct Try {
    pub wish: Wish,
    pub seen: Seen,
}

/// An operator changes the round before people can join.
pub(crate) struct Redefine {
    pub spec: RoundSpec,
    pub staff: Acted,
}

impl RoundShell {
    /// Applies what an operator decided, writes it with the log line, and answers once it is
    /// durable.
    pub(super) fn carry_out(
        &mut self,
        mut events: Vec<Event>,
        staff: Acted,
        reply: Reply<Result<(), Refusal>>,
        ctx: &mut Ctx<Self>,
    ) {
        events.iter().for_each(|event| self.round.apply(event));
        events.extend(self.commit_to_draws());
        events.push(staff.event);
        let written = self.around.journal.append(self.around.clock.now(), events);
        ctx.spawn(written.into_actor_future(|shell: &mut Self, outcome, ctx| {
            shell.tick(ctx);
            reply.send(outcome.map_err(|CommitFailed| Refusal::Unavailable));
        }));
    }

    /// Whether the round takes orders, and is what staff saw when they gave this one.
    pub(super) fn check_order(&self, seen: &Seen) -> Result<(), Refusal> {
        if self.is_retired {
            return Err(Refusal::Unavailable);
        }
        seen.check(Some(self.round.version()))
    }

    /// What a wish of staff comes to: the same answer whether it is tried or done.
    fn decide(&self, wish: &Wish, seen: &Seen) -> Result<Vec<Event>, Refusal> {
        self.check_order(seen)?;
        let now = self.around.clock.now();
        let one = |event: Event| vec![event];
        match wish {
            Wish::Step(step, by) => self.round.decide_step_by(now, *step, by),
            Wish::SetInlet(patch) => {
                let (round, inlet) = (self.round.spec().id.clone(), self.set_inlet(patch)?);
                Ok(vec![Event::InletChanged { round, inlet }])
            }
            Wish::StepInlet(people) => {
                let shared = self.shared.upgrade().ok_or(Refusal::Unavailable)?;
                let places = places_of(&shared.lines.load());
                self.round.decide_inlet_step(*people, &places).map(one)
            }
            Wish::AskStock(ask) => {
                let unit = self.program.rules_at(now).unit_won;
                self.round.decide_stock_ask(unit, ask).map(one)
            }
            Wish::AnswerStock(answer) => {
                let event = self.round.decide_stock_answer(now, answer)?;
                Ok(event.into_iter().collect())
            }
            Wish::LookUp(_) => Ok(Vec::new()),
        }
    }

    fn set_inlet(&self, patch: &InletPatch) -> Result<InletSpec, Refusal> {
        let mut inlet = self.round.spec().inlet.clone();
        inlet.rate_per_1000_s = patch.rate_per_1000_s.unwrap_or(inlet.rate_per_1000_s);
        inlet.max_active = patch.max_active.unwrap_or(inlet.max_active);
        inlet.claim_window_s = patch.claim_window_s.unwrap_or(inlet.claim_window_s);
        inlet.pass_ttl_s = patch.pass_ttl_s.unwrap_or(inlet.pass_ttl_s);
        inlet.mode = patch.mode.unwrap_or(inlet.mode);
        inlet.latency_target_ms = patch.latency_target_ms.unwrap_or(inlet.latency_target_ms);
        if !inlet.is_within_bounds() {
            let detail = openrun_core::round_spec::SpecFault::InletOutOfBounds.words();
            return Err(Refusal::Malformed { detail: detail.to_owned() });
        }
        Ok(inlet)
    }
}

impl Serve<Act> for RoundShell {
    type Answer = Result<(), Refusal>;

    fn serve(&mut self, ask: Act, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        match self.decide(&ask.wish, &ask.staff.seen) {
            Err(refusal) => reply.send(Err(refusal)),
            Ok(events) => self.carry_out(events, ask.staff, reply, ctx),
        }
    }
}

impl Serve<Try> for RoundShell {
    type Answer = Result<Vec<Event>, Refusal>;

    fn serve(&mut self, ask: Try, reply: Reply<Self::Answer>, _: &mut Ctx<Self>) {
        reply.send(self.decide(&ask.wish, &ask.seen));
    }
}

impl Serve<Redefine> for RoundShell {
    type Answer = Result<(), Refusal>;

    fn serve(&mut self, ask: Redefine, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        let decided = self.check_order(&ask.staff.seen);
        match decided.and_then(|()| self.round.decide_redefine(&ask.spec)) {
            Err(refusal) => reply.send(Err(refusal)),
            Ok(event) => {
                let Some(shared) = self.shared.upgrade() else { return };
                let fresh = || Arc::new(LineShared::default());
                let lines: Vec<_> = ask.spec.lines_with_lobbies().iter().map(|_| fresh()).collect();
                self.drives = lines.iter().map(|_| Drive::new(Vec::new())).collect();
                shared.lines.store(Arc::new(lines));
                self.carry_out(vec![event], ask.staff, reply, ctx);
                self.gate = Gate::new(self.around.clock.now(), &self.round, 0);
                self.figures = Figures::new(&self.round);
                self.publish(&shared, self.around.clock.now());
            }
        }
    }
}
