//! The model rail gives money back: each refund once, by its id, however often it is asked for.
//! Requests and answers are lost, garbled and late as all others are; some are refused for good.

use super::agenda::Task;
use super::faults::{Fault, Plant};
use super::rail::read_request;
use super::world::World;
use openrun_core::payment::RailAnswer;
use openrun_core::{MoveId, PurchaseId, Won};
use std::collections::BTreeMap;

/// How long a call travels at most when nothing is wrong, in milliseconds.
const LATENCY: i64 = 60;
/// How long the rail may take to make up its mind.
const DECIDES_WITHIN: i64 = 3_000;
/// How often a refund is taken up and decided later, in thousandths, when the rail misbehaves.
const PENDING_SHARE: u32 = 80;

#[derive(Debug)]
struct Refund {
    order: PurchaseId,
    price: Won,
    answer: RailAnswer,
}

/// A call on its way.
#[derive(Debug)]
struct OnItsWay {
    id: MoveId,
    /// The name that the rail knows it by.
    name: MoveId,
    order: PurchaseId,
    price: Won,
    life: u32,
    generation: u32,
    /// Nothing when the answer is lost, or comes after the caller gave up.
    answers_after: Option<i64>,
}

/// What the rail knows of refunds.
#[derive(Debug, Default)]
pub(super) struct Refunds {
    known: BTreeMap<MoveId, Refund>,
    calls: BTreeMap<u64, OnItsWay>,
    last_call: u64,
}

impl World {
    /// Asks for money back. Exactly one answer is heard, `Unknown` if need be.
    pub(super) fn ask_refund(&mut self, request: &str, id: MoveId, price: Won, generation: u32) {
        let Some(terms) = self.plan.terms else { return };
        let (order, _) = read_request(request);
        let (bad, late) = (self.rail_strength(Fault::Rail), self.rail_strength(Fault::Late));
        let is_away = self.rail.is_browned_out && !self.is_healing;
        let (life, now) = (self.life, self.now);
        let chance = &mut self.chances.rail;
        let arrives_after = chance.between(0, LATENCY);
        let mut answers_after = chance.between(0, LATENCY);
        if is_away || chance.per_mille(late) {
            answers_after *= 100;
        }
        let (kind, is_bad) = (chance.below(2), chance.per_mille(bad + 600 * u32::from(is_away)));
        let is_late = arrives_after + answers_after >= terms.timeout;
        let is_silent = is_bad || is_late;
        if is_silent {
            let answer = RailAnswer::Unknown;
            let at = now.plus_millis(terms.timeout);
            self.agenda.plan(at, Task::RefundSays { life, generation, id, answer });
        }
        if is_bad && kind == 0 {
            return;
        }
        self.refunds.last_call += 1;
        let call = self.refunds.last_call;
        let is_renamed = self.plant == Some(Plant::PaybackTwice);
        let name = if is_renamed { MoveId(id.0 ^ u128::from(call) << 100) } else { id };
        let answers_after = (!is_silent).then_some(answers_after);
        let way = OnItsWay { id, name, order, price, life, generation, answers_after };
        self.refunds.calls.insert(call, way);
        self.agenda.plan(now.plus_millis(arrives_after), Task::RefundGets { call });
    }

    /// A call reaches the rail.
    pub(super) fn refund_gets(&mut self, call: u64) {
        let Some(got) = self.refunds.calls.remove(&call) else { return };
        let answer = match self.refunds.known.get(&got.name) {
            Some(refund) => refund.answer,
            None => self.take_up_refund(&got),
        };
        self.note(|| format!("rail: money of {:x} back is {answer:?}", got.order.0));
        let OnItsWay { id, life, generation, answers_after, .. } = got;
        if let Some(after) = answers_after {
            let at = self.now.plus_millis(after);
            self.agenda.plan(at, Task::RefundSays { life, generation, id, answer });
        }
    }

    fn take_up_refund(&mut self, got: &OnItsWay) -> RailAnswer {
        let (bad, name) = (self.rail_strength(Fault::Rail), got.name);
        let chance = &mut self.chances.rail;
        let (is_declined, is_pending) =
            (chance.per_mille(bad / 3), bad > 0 && chance.per_mille(PENDING_SHARE));
        let (order, price) = (got.order, got.price);
        let answer = if is_declined {
            RailAnswer::Declined
        } else if is_pending {
            let at = self.now.plus_millis(self.chances.rail.between(50, DECIDES_WITHIN));
            self.agenda.plan(at, Task::RefundDecides { id: name });
            RailAnswer::Pending
        } else {
            match self.rail.give_back(order, price) {
                true => RailAnswer::Approved { amount: price },
                false => return RailAnswer::NotFound,
            }
        };
        self.refunds.known.insert(name, Refund { order, price, answer });
        answer
    }

    /// The rail makes up its mind.
    pub(super) fn refund_decides(&mut self, id: MoveId) {
        let is_declined = self.chances.rail.per_mille(200);
        let Some(refund) = self.refunds.known.get_mut(&id) else { return };
        let is_given = !is_declined && self.rail.give_back(refund.order, refund.price);
        refund.answer = match is_given {
            true => RailAnswer::Approved { amount: refund.price },
            false => RailAnswer::Declined,
        };
    }
}
