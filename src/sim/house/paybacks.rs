//! Paybacks: who asks the rail for money back. Each was made durable before it came here, and bears
//! an id by which the rail does it once; all that is open is read again from the store.

use super::committer::{Append, Done};
use super::moves::Call;
use crate::sim::agenda::Task;
use crate::sim::people::{Client, key_of, number_of};
use crate::sim::plan::Terms;
use crate::sim::world::World;
use openrun_core::payment::RailAnswer;
use openrun_core::till::{Till as Machine, TillTerms, Work};
use openrun_core::{Event, MoveId, PurchaseId, Timestamp, VoucherId, Won};
use std::collections::BTreeMap;

/// How often the clock is looked at while anything is open, and how often the store is read even if
/// nothing was heard of, in milliseconds.
const TICK: i64 = 100;
const READ_AGAIN: i64 = 8_000;
/// How long to wait before reading again from a store that is away.
const READ_PAUSE: i64 = 200;
/// How long after a sale somebody may still do something.
const EVENING: i64 = 120_000;
/// Of the calls that the rail allows at once one in so many is for paybacks, at least one.
const SHARE_OF_CALLS: usize = 4;
/// How often vouchers are looked at for whether their time is over.
const EXPIRE_EVERY: i64 = 3_000;

/// A payback that is durable and has not come to its end.
#[derive(Debug, Clone)]
struct Open {
    person: u32,
    voucher: VoucherId,
    request: String,
    price: Won,
}

/// Whoever asks for money back in a process.
#[derive(Debug)]
pub(in crate::sim) struct Paybacks {
    pub generation: u32,
    machine: Option<Machine>,
    known: BTreeMap<PurchaseId, Open>,
    is_ticking: bool,
}

/// The end of a payback that was handed to be written.
#[derive(Debug)]
pub(in crate::sim) struct Ended {
    person: u32,
    generation: u32,
    paybacks: u32,
    id: MoveId,
    event: Event,
}

impl Paybacks {
    /// Knows nothing yet; has nothing to do where the rail answers at once.
    pub fn new(generation: u32, terms: Option<Terms>) -> Paybacks {
        let machine = terms.map(|terms| {
            Machine::new(TillTerms {
                concurrency: (terms.concurrency / SHARE_OF_CALLS).max(1),
                rate_per_s: terms.rate_per_s,
                daily_limit: terms.daily_limit,
                hold_ttl_millis: terms.hold_ttl,
                ask_again_millis: terms.ask_again_after,
            })
        });
        Paybacks { generation, machine, known: BTreeMap::new(), is_ticking: false }
    }

    /// Whether nothing is open as far as it knows.
    pub fn is_idle(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes note of a payback; one that is known already changes nothing.
    fn know(&mut self, now: Timestamp, event: &Event) {
        let Event::PaybackSent { of, payback, request: Some(request), .. } = event else { return };
        let (id, person) = (PurchaseId(of.id.0), number_of(of.person));
        let (voucher, request, price) = (of.voucher, request.clone(), payback.price);
        let Some(machine) = &mut self.machine else { return };
        if self.known.insert(id, Open { person, voucher, request, price }).is_none() {
            machine.ask_at(now, id);
        }
    }
}

impl World {
    fn paybacks(&mut self, generation: u32) -> Option<&mut Paybacks> {
        let paybacks = &mut self.house.as_mut()?.paybacks;
        (paybacks.generation == generation).then_some(paybacks)
    }

    /// Reads what is open, now and from time to time.
    pub(in crate::sim) fn start_paybacks(&mut self) {
        let Some(generation) = self.house.as_ref().map(|house| house.paybacks.generation) else {
            return;
        };
        if self.plan.terms.is_some() {
            self.plan_paybacks(generation, 0, true);
        }
    }

    fn plan_paybacks(&mut self, generation: u32, after: i64, is_reading: bool) {
        let (life, mut at) = (self.life, self.now.plus_millis(after));
        if let Some(morrow) = self.plan.morrow()
            && is_reading
            && self.is_night(at)
        {
            at = at.max(morrow);
        }
        self.agenda.plan(at, Task::Paybacks { life, generation, is_reading });
    }

    /// Whether nothing happens from now on until people come back on the day on which vouchers end.
    fn is_night(&self, at: Timestamp) -> bool {
        let is_late = at > self.plan.quiet.plus_millis(EVENING) && !self.is_healing;
        let is_nothing_open = self.store.open_paybacks().next().is_none();
        is_late && is_nothing_open && !self.people.iter().any(Client::is_in_the_dark)
    }

    /// It dies: what was under way is forgotten, and read again.
    pub(in crate::sim) fn lose_paybacks(&mut self) {
        let terms = self.plan.terms;
        let Some(house) = &mut self.house else { return };
        let generation = house.next_generation();
        house.paybacks = Paybacks::new(generation, terms);
        self.start_paybacks();
    }

    /// It looks at the clock, or reads the store.
    pub(in crate::sim) fn tick_paybacks(&mut self, generation: u32, is_reading: bool) {
        let (now, is_away) = (self.now, self.store.is_away);
        if self.paybacks(generation).is_none() {
            return;
        }
        if is_reading {
            self.plan_paybacks(generation, if is_away { READ_PAUSE } else { READ_AGAIN }, true);
            let open: Vec<Event> = match is_away {
                true => Vec::new(),
                false => self.store.open_paybacks().cloned().collect(),
            };
            let Some(paybacks) = self.paybacks(generation) else { return };
            open.iter().for_each(|event| paybacks.know(now, event));
        } else if let Some(paybacks) = self.paybacks(generation) {
            paybacks.is_ticking = false;
        }
        self.drive_paybacks();
    }

    /// The beginning of a payback is written.
    pub(in crate::sim) fn begin_payback(&mut self, event: &Event) {
        let now = self.now;
        let Some(house) = &mut self.house else { return };
        house.paybacks.know(now, event);
        self.drive_paybacks();
    }

    /// Asks about everything that is due, as far as the rail has room.
    fn drive_paybacks(&mut self) {
        let now = self.now;
        let Some(house) = &mut self.house else { return };
        let paybacks = &mut house.paybacks;
        let Some(machine) = &mut paybacks.machine else { return };
        let mut calls = Vec::new();
        while let Some(work) = machine.next(now) {
            let (Work::Send(id) | Work::Ask(id) | Work::Expire(id)) = work;
            match paybacks.known.get(&id) {
                Some(open) => calls.push((MoveId(id.0), open.clone())),
                None => machine.ended(id),
            }
        }
        let generation = paybacks.generation;
        let must_tick = !paybacks.is_ticking && !paybacks.known.is_empty();
        paybacks.is_ticking |= must_tick;
        if must_tick {
            self.plan_paybacks(generation, TICK, false);
        }
        for (id, open) in calls {
            self.ask_refund(&open.request, id, open.price, generation);
        }
    }

    /// The rail has said something, or nothing: the person whose voucher it is decides.
    pub(in crate::sim) fn refund_says(&mut self, generation: u32, id: MoveId, said: RailAnswer) {
        let Some(paybacks) = self.paybacks(generation) else { return };
        let Some(open) = paybacks.known.get(&PurchaseId(id.0)) else { return };
        let (person, voucher) = (open.person, open.voucher);
        let is_paid = match said {
            RailAnswer::Approved { .. } | RailAnswer::Cancelled => true,
            RailAnswer::Declined => false,
            RailAnswer::Unknown | RailAnswer::NotFound | RailAnswer::Pending => {
                return self.payback_asked(generation, id, said != RailAnswer::Unknown, false);
            }
        };
        self.auditor.rail_said_of_payback(id.0, is_paid);
        self.mail_call(person, Call::PaybackHeard { paybacks: generation, voucher, id, is_paid });
    }

    /// The person's actor has written the end, or there is none to be written; or it is not there.
    pub(in crate::sim) fn payback_carried(&mut self, generation: u32, id: MoveId, has_ended: bool) {
        self.payback_asked(generation, id, true, has_ended);
    }

    fn payback_asked(&mut self, generation: u32, id: MoveId, is_answer: bool, has_ended: bool) {
        let (now, id) = (self.now, PurchaseId(id.0));
        let Some(paybacks) = self.paybacks(generation) else { return };
        let Some(machine) = &mut paybacks.machine else { return };
        machine.heard(now, is_answer);
        if has_ended {
            machine.ended(id);
            paybacks.known.remove(&id);
        } else {
            machine.again(now, id);
        }
        self.drive_paybacks();
    }

    /// A person's actor hears what a payback came to.
    pub(super) fn payback_heard(
        &mut self,
        (person, generation): (u32, u32),
        paybacks: u32,
        (voucher, id): (VoucherId, MoveId),
        is_paid: bool,
    ) {
        let now = self.now;
        let of = self.of_voucher((person, generation), voucher);
        let Some(living) = self.living(person, generation) else { return };
        if living.moving.ending.contains(&id) {
            return self.payback_carried(paybacks, id, false);
        }
        let end = living.person.decide_payback_end(now, voucher, id, is_paid);
        let (Some(event), Some((program, _))) = (end, of) else {
            return self.payback_carried(paybacks, id, true);
        };
        // Applied once it is durable: until then the voucher is neither free nor gone.
        living.moving.ending.insert(id);
        let epochs = living.epochs.clone();
        let stream = self.stream_of_vouchers(program);
        let ended = Ended { person, generation, paybacks, id, event: event.clone() };
        let (under, done) = (Some(epochs[stream]), Done::PaybackEnded(Box::new(ended)));
        self.append(stream, Append { at: now, events: vec![event], under, done });
    }

    /// The end of a payback is written, or is not.
    pub(super) fn payback_ended(&mut self, ended: Ended, is_written: bool) {
        let Ended { person, generation, paybacks, id, event } = ended;
        if let Some(living) = self.living(person, generation) {
            living.moving.ending.remove(&id);
            match is_written {
                true => living.person.apply_move(key_of(person), &event),
                false => self.lose_person(person, generation),
            }
        }
        self.payback_carried(paybacks, id, is_written);
    }

    /// From when the first vouchers are over on, they are looked at from time to time.
    pub(in crate::sim) fn start_expiry(&mut self) {
        if let Some(over) = self.plan.over {
            let life = self.life;
            self.agenda.plan(self.now.max(over), Task::Expire { life });
        }
    }

    /// Whoever has vouchers is asked whether they are over.
    pub(in crate::sim) fn expire_due(&mut self) {
        let life = self.life;
        self.agenda.plan(self.now.plus_millis(EXPIRE_EVERY), Task::Expire { life });
        if self.store.is_away {
            return;
        }
        for person in 0..self.plan.people {
            if self.store.knows(person) {
                self.call(person, Call::Expire);
            }
        }
    }
}
