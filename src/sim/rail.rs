//! The model rail: a ledger of its own, and every way in which a rail can misbehave.
//!
//! Requests and answers are lost, garbled and overtake each other; orders are approved late, with
//! another amount, or after it had been sworn that they never would be. What the ledger holds at
//! the end is what the auditor compares with the vouchers.

use super::agenda::Task;
use super::faults::Fault;
use super::world::World;
use openrun_core::payment::RailAnswer;
use openrun_core::{PurchaseId, Won};
use std::collections::BTreeMap;

/// How long a call travels at most when nothing is wrong, in milliseconds.
const LATENCY: i64 = 60;
/// How often an order is first taken up and decided later, and how often another amount is taken,
/// in thousandths, when the rail misbehaves at all.
const PENDING_SHARE: u32 = 80;
const WRONG_AMOUNT_SHARE: u32 = 25;

/// What the rail is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Authorise,
    Inquire,
    Cancel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Taken up, not decided.
    Pending,
    Approved,
    Declined,
    /// Given back, or barred before it was ever paid.
    Cancelled,
}

#[derive(Debug)]
struct Order {
    price: Won,
    captured: Won,
    status: Status,
    /// It lies about an order once.
    has_lied: bool,
}

impl Order {
    fn answer(&self) -> RailAnswer {
        match self.status {
            Status::Pending => RailAnswer::Pending,
            Status::Approved => RailAnswer::Approved { amount: self.captured },
            Status::Declined => RailAnswer::Declined,
            Status::Cancelled => RailAnswer::Cancelled,
        }
    }
}

/// A call on its way.
#[derive(Debug)]
struct OnItsWay {
    call: Call,
    id: PurchaseId,
    price: Won,
    life: u32,
    generation: u32,
    /// Nothing when the answer is lost, or comes after the caller gave up.
    answers_after: Option<i64>,
    is_garbled: bool,
}

/// The rail.
#[derive(Debug, Default)]
pub(super) struct ModelRail {
    orders: BTreeMap<PurchaseId, Order>,
    calls: BTreeMap<u64, OnItsWay>,
    last_call: u64,
    pub is_browned_out: bool,
}

impl ModelRail {
    /// What the ledger holds of each order.
    pub fn ledger(&self) -> impl Iterator<Item = (PurchaseId, Won)> {
        self.orders.iter().map(|(id, order)| (*id, order.captured))
    }

    /// Gives some of an order's money back; answers whether there was as much.
    pub fn give_back(&mut self, id: PurchaseId, price: Won) -> bool {
        let paid = self.orders.get_mut(&id).filter(|order| order.status == Status::Approved);
        let Some(order) = paid.filter(|order| order.captured >= price) else { return false };
        order.captured = order.captured.minus(price);
        true
    }
}

/// The exact request of a payment: all that the rail will ever know of it.
pub(super) fn request_of(id: PurchaseId, price: Won) -> String {
    format!("{:x} {price}", id.0)
}

pub(super) fn read_request(request: &str) -> (PurchaseId, Won) {
    let (id, price) = request.split_once(' ').expect("a request has two words");
    let id = u128::from_str_radix(id, 16).expect("an id is a number");
    (PurchaseId(id), Won(price.parse().expect("a price is a number")))
}

impl World {
    pub(super) fn rail_strength(&self, fault: Fault) -> u32 {
        if self.is_healing { 0 } else { self.plan.strengths.of(fault) }
    }

    /// Asks the rail. The till hears exactly one answer, `Unknown` if need be.
    pub(super) fn ask_rail(&mut self, call: Call, request: &str, generation: u32) {
        let Some(terms) = self.plan.terms else { return };
        let (id, price) = read_request(request);
        let (bad, late) = (self.rail_strength(Fault::Rail), self.rail_strength(Fault::Late));
        let is_away = self.rail.is_browned_out && !self.is_healing;
        let (life, now) = (self.life, self.now);
        let chance = &mut self.chances.rail;
        let mut arrives_after = chance.between(0, LATENCY);
        let mut answers_after = chance.between(0, LATENCY);
        if is_away || chance.per_mille(late) {
            answers_after *= 100;
        }
        if call == Call::Authorise && chance.per_mille(late) {
            arrives_after = chance.between(0, terms.finality * 8 / 10);
        }
        let (kind, is_bad) = (chance.below(3), chance.per_mille(bad + 600 * u32::from(is_away)));
        let is_request_lost = is_bad && kind == 0;
        let is_answer_lost = is_bad && kind == 1;
        let is_garbled = is_bad && kind == 2;
        let is_silent = is_request_lost
            || is_answer_lost
            || arrives_after.saturating_add(answers_after) >= terms.timeout;
        if is_silent {
            let answer = RailAnswer::Unknown;
            let at = now.plus_millis(terms.timeout);
            self.agenda.plan(at, Task::RailSays { life, generation, id, answer });
        }
        if is_request_lost {
            return;
        }
        let answers_after = (!is_silent).then_some(answers_after);
        let on_its_way = OnItsWay { call, id, price, life, generation, answers_after, is_garbled };
        self.rail.last_call += 1;
        self.rail.calls.insert(self.rail.last_call, on_its_way);
        let call = self.rail.last_call;
        self.agenda.plan(now.plus_millis(arrives_after), Task::RailGets { call });
    }

    /// A call reaches the rail.
    pub(super) fn rail_gets(&mut self, call: u64) {
        let Some(got) = self.rail.calls.remove(&call) else { return };
        let answer = match got.call {
            Call::Authorise => self.authorise(&got),
            Call::Inquire => self.answer_of(got.id),
            Call::Cancel => self.cancel(&got),
        };
        self.note(|| format!("rail: {:?} of {:x} is {answer:?}", got.call, got.id.0));
        let answer = if got.is_garbled { RailAnswer::Unknown } else { answer };
        let OnItsWay { life, generation, id, .. } = got;
        let is_approved = matches!(answer, RailAnswer::Approved { .. });
        if got.call == Call::Authorise && is_approved && got.answers_after.is_none() {
            self.figures.late += 1;
        }
        match got.answers_after {
            Some(after) => {
                let at = self.now.plus_millis(after);
                self.agenda.plan(at, Task::RailSays { life, generation, id, answer });
            }
            // It tells by itself what became of it: a hint, no more.
            None if self.chances.rail.per_mille(300) => self.hint(id),
            None => {}
        }
    }

    fn answer_of(&self, id: PurchaseId) -> RailAnswer {
        self.rail.orders.get(&id).map_or(RailAnswer::NotFound, Order::answer)
    }

    fn authorise(&mut self, got: &OnItsWay) -> RailAnswer {
        if !self.rail.orders.contains_key(&got.id) {
            let bad = self.rail_strength(Fault::Rail);
            let chance = &mut self.chances.rail;
            let price = got.price;
            let (captured, status) = if chance.per_mille(bad / 2) {
                (Won::ZERO, Status::Declined)
            } else if bad > 0 && chance.per_mille(PENDING_SHARE) {
                let finality = self.plan.finality();
                let at = self.now.plus_millis(chance.between(100, finality * 6 / 10));
                self.agenda.plan(at, Task::RailDecides { id: got.id });
                (Won::ZERO, Status::Pending)
            } else if bad > 0 && chance.per_mille(WRONG_AMOUNT_SHARE) {
                (price.plus(Won(100)), Status::Approved)
            } else {
                (price, Status::Approved)
            };
            self.rail.orders.insert(got.id, Order { price, captured, status, has_lied: false });
        }
        self.answer_of(got.id)
    }

    fn cancel(&mut self, got: &OnItsWay) -> RailAnswer {
        let bars_unknown = self.plan.terms.is_some_and(|terms| terms.bars_unknown);
        match self.rail.orders.get_mut(&got.id) {
            None if !bars_unknown => return RailAnswer::NotFound,
            None => {
                let (price, captured, status) = (got.price, Won::ZERO, Status::Cancelled);
                let order = Order { price, captured, status, has_lied: false };
                self.rail.orders.insert(got.id, order);
                self.maybe_lie(got.id);
            }
            Some(order) if matches!(order.status, Status::Approved | Status::Pending) => {
                (order.captured, order.status) = (Won::ZERO, Status::Cancelled);
                self.maybe_lie(got.id);
            }
            Some(_) => {}
        }
        self.answer_of(got.id)
    }

    fn maybe_lie(&mut self, id: PurchaseId) {
        let share = self.rail_strength(Fault::Liar);
        if self.chances.rail.per_mille(share) {
            let finality = self.plan.finality();
            let at = self.now.plus_millis(self.chances.rail.between(50, finality));
            self.agenda.plan(at, Task::RailLies { id });
        }
    }

    /// The rail makes up its mind about an order that it had taken up.
    pub(super) fn rail_decides(&mut self, id: PurchaseId) {
        let is_declined = self.chances.rail.per_mille(300);
        let Some(order) = self.rail.orders.get_mut(&id) else { return };
        if order.status != Status::Pending {
            return;
        }
        (order.captured, order.status) = match is_declined {
            true => (Won::ZERO, Status::Declined),
            false => (order.price, Status::Approved),
        };
        self.hint(id);
    }

    /// The rail takes money that it had given back, or sworn never to take.
    pub(super) fn rail_lies(&mut self, id: PurchaseId) {
        let Some(order) = self.rail.orders.get_mut(&id) else { return };
        if order.status == Status::Cancelled && !order.has_lied {
            order.has_lied = true;
            (order.captured, order.status) = (order.price, Status::Approved);
            self.figures.lies += 1;
            self.note(|| format!("rail: takes the money of {:x} after all", id.0));
        }
    }

    /// A webhook: only ever a reason to ask.
    fn hint(&mut self, id: PurchaseId) {
        let Some(house) = &self.house else { return };
        let (life, generation) = (self.life, house.till.generation);
        let at = self.now.plus_millis(self.chances.rail.between(0, LATENCY));
        self.agenda.plan(at, Task::Hint { life, generation, id });
    }
}
