//! What operators do: steps, inlets and rules, each written together with its log line.

use super::committer::{Append, Done};
use crate::sim::plan::Operation;
use crate::sim::world::World;
use openrun_core::{Event, Program, StockAnswer, StockAsk, StockAskId, WindowId, Won};
use std::sync::Arc;

impl World {
    /// An operator does what is next on the list. What is refused or finds nobody is not tried
    /// again: operators look first, and the plan holds enough of everything.
    pub(in crate::sim) fn operate(&mut self, index: usize) {
        let Some((_, operation)) = self.plan.operations.get(index).cloned() else { return };
        self.note(|| format!("an operator: {operation:?}"));
        match operation {
            Operation::Rules(program, rules) => {
                let Some(house) = &self.house else { return };
                let Ok(now) = house.programs[program].with_version(rules) else { return };
                let changed = Event::ProgramChanged { program: now.clone() };
                let events = vec![changed, acted("put-program", now.id.as_str())];
                let done = Done::Rules { program, now: Box::new(now) };
                self.append(1 + program, Append { at: self.now, events, under: None, done });
            }
            Operation::Step(round, step) => {
                let Some(actor) = self.living_round(round) else { return };
                let Ok(events) = actor.round.decide_step(step) else { return };
                self.carry_out(round, events, "step");
            }
            Operation::Stock(round, window, change) => self.change_stock(round, window, change),
            Operation::Inlet(round, inlet) => {
                let Some(actor) = self.living_round(round) else { return };
                let round_id = actor.round.spec().id.clone();
                let event = Event::InletChanged { round: round_id, inlet };
                self.carry_out(round, vec![event], "set-inlet");
            }
        }
    }

    /// One person asks for more or less, another one confirms.
    fn change_stock(&mut self, round: usize, window: WindowId, change: Won) {
        let (now, unit) = (self.now, self.plan.programs[0].versions[0].unit_won);
        let Some(actor) = self.living_round(round) else { return };
        let id = StockAskId(now.0.unsigned_abs().into());
        let (by, reason) = ("operator".to_owned(), "the plan says so".to_owned());
        let ask = StockAsk { id, window, change, by, reason, at: now };
        let Ok(asked) = actor.round.decide_stock_ask(unit, &ask) else { return };
        let mut tried = actor.round.clone();
        tried.apply(&asked);
        let answer = StockAnswer { id, by: "approver".to_owned(), is_confirmed: true };
        let changed = tried.decide_stock_answer(now, &answer).ok().flatten();
        self.carry_out(round, std::iter::once(asked).chain(changed).collect(), "stock");
    }

    fn living_round(&mut self, round: usize) -> Option<&mut super::RoundActor> {
        self.house.as_mut()?.rounds[round].actor.as_mut()
    }

    fn carry_out(&mut self, round: usize, mut events: Vec<Event>, action: &str) {
        let stream = self.stream_of_round(round);
        let Some(house) = &mut self.house else { return };
        let generation = house.rounds[round].generation;
        let Some(actor) = house.round(round, generation) else { return };
        events.iter().for_each(|event| actor.round.apply(event));
        events.push(acted(action, actor.round.spec().id.as_str()));
        let under = Some(actor.under);
        let done = Done::Operated { round, generation };
        self.append(stream, Append { at: self.now, events, under, done });
    }

    /// A program's new rules are written: now they hold.
    pub(in crate::sim) fn rules_changed(&mut self, program: usize, now: Program) {
        let now = Arc::new(now);
        let rounds =
            (0..self.plan.rounds.len()).filter(|r| self.stream_of_round(*r) == 1 + program);
        let rounds: Vec<usize> = rounds.collect();
        let at = self.now;
        let Some(house) = &mut self.house else { return };
        house.programs[program] = Arc::clone(&now);
        for round in rounds {
            let seat = &mut house.rounds[round];
            let Some(actor) = &mut seat.actor else { continue };
            actor.program = Arc::clone(&now);
            seat.view = actor.view(at);
        }
    }
}

fn acted(action: &str, target: &str) -> Event {
    Event::StaffActed {
        actor: "operator".to_owned(),
        role: "operator".to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        reason: "the plan says so".to_owned(),
    }
}
