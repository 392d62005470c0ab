//! The end of a run: what the world looks like, for the auditor.

use super::World;
use crate::sim::audit::Ends;
use crate::sim::house::{RoundSeat, Seat};
use crate::sim::people::key_of;
use openrun_core::person::Person;

impl World {
    pub(super) fn judge(&mut self) {
        let sums = |seat: &RoundSeat| {
            let actor = seat.actor.as_ref()?;
            let windows = actor.round.windows().iter().map(|window| window.stock);
            Some(windows.map(|s| (s.left.0, s.held.0, s.sold.0)).collect())
        };
        let stocks = match &self.house {
            Some(house) => house.rounds.iter().map(sums).collect(),
            None => Vec::new(),
        };
        let ends = Ends {
            now: self.now,
            unanswered: self.outstanding.len(),
            in_the_dark: self.people.iter().filter(|client| client.is_in_the_dark()).count(),
            ledger: self.rail.ledger().collect(),
            is_till_stuck: self.house.as_ref().is_some_and(|house| house.till.is_stuck()),
            stocks,
        };
        self.auditor.check_end(&ends);
        self.judge_memory();
    }

    /// What everybody has, by whoever decides for them and by what the store says.
    fn judge_memory(&mut self) {
        let now = self.now;
        for person in 0..self.plan.people {
            let (events, moves) = self.store.of_person(person);
            let read = Person::replay_with_moves(key_of(person), &events, &moves);
            let seat = self.house.as_ref().and_then(|house| house.seats.get(&person));
            let living = match seat {
                Some(Seat::Living(living)) if living.is_settled() => Some(&living.person),
                _ => None,
            };
            for memory in living.into_iter().chain([&read]) {
                let vouchers = memory.vouchers(now, |_| None);
                let vouchers = vouchers.into_iter().map(|it| (it.id.0, it.balance.0)).collect();
                self.auditor.check_memory(person, &vouchers);
                for (index, program) in self.plan.programs.iter().enumerate() {
                    let limits = memory.limits(&program.id, program.rules_at(now), now);
                    let figures = (limits.holding, limits.used);
                    self.auditor.check_limits((person, index), now, figures);
                }
            }
        }
    }
}
