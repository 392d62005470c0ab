//! The till: calls to the rail. What is called when is decided by the till of the core, what an
//! answer means by the round; this carries each payment on, one message at a time.
//!
//! It holds no state that the store does not: after a death or a restart the rounds announce what
//! is open, and what was voided after the rail had been asked is looked at once more.

use super::committer::Done;
use super::person::Bought;
use super::round::{RoundMail, Step};
use crate::sim::agenda::Task;
use crate::sim::plan::Terms;
use crate::sim::rail::{Call, request_of};
use crate::sim::world::World;
use openrun_core::gate::RailRoom;
use openrun_core::payment::{PaymentPhase, RailAnswer};
use openrun_core::round::NextStep;
use openrun_core::till::{Till as Machine, TillTerms, Work, day_of};
use openrun_core::{PurchaseId, Timestamp, Won};
use std::collections::BTreeMap;

/// How often the till looks at the clock while it has anything to do, in milliseconds.
const TICK: i64 = 100;

/// How one message that carried a payment on has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Next {
    /// The next step at once: it is durable.
    Now,
    /// Ask again after a pause.
    Again,
    /// Look once more when the finality window has passed once more.
    LookLater,
    /// It has come to its end.
    Ended,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    round: usize,
    /// When the rail was last asked.
    asked_at: Timestamp,
    /// Voided: a look from this time on is the last one.
    last_look_at: Option<Timestamp>,
}

/// The till of a process.
#[derive(Debug)]
pub(in crate::sim) struct Till {
    pub generation: u32,
    pub is_shut: bool,
    machine: Option<Machine>,
    known: BTreeMap<PurchaseId, Known>,
    begun: BTreeMap<usize, Won>,
    is_ticking: bool,
}

impl Till {
    /// A till that knows nothing yet; none where the rail answers at once.
    pub fn new(generation: u32, terms: Option<Terms>) -> Till {
        let machine = terms.map(|terms| {
            Machine::new(TillTerms {
                concurrency: terms.concurrency,
                rate_per_s: terms.rate_per_s,
                daily_limit: terms.daily_limit,
                hold_ttl_millis: terms.hold_ttl,
                ask_again_millis: terms.ask_again_after,
            })
        });
        let (known, begun) = (BTreeMap::new(), BTreeMap::new());
        Till { generation, is_shut: false, machine, known, begun, is_ticking: false }
    }

    /// What it has room for.
    pub fn room(&self, now: Timestamp) -> Option<RailRoom> {
        let machine = self.machine.as_ref()?;
        Some(RailRoom {
            is_shut: self.is_shut,
            rate_per_s: u64::from(machine.rate_per_s()),
            left_today: machine.left_today(now),
            waiting: machine.load().0 as u64,
        })
    }

    /// Whether nothing is under way or waited for.
    pub fn is_idle(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether it lets nobody begin to pay though it has nothing to wait for.
    pub fn is_stuck(&self) -> bool {
        self.machine.as_ref().is_some_and(Machine::is_resting) && self.is_idle()
    }

    fn know(&mut self, id: PurchaseId, round: usize, now: Timestamp, look: Option<Timestamp>) {
        self.known.entry(id).or_insert(Known { round, asked_at: now, last_look_at: look });
    }
}

impl World {
    fn till(&mut self, generation: u32) -> Option<&mut Till> {
        let till = &mut self.house.as_mut()?.till;
        (till.generation == generation).then_some(till)
    }

    /// Every payment of a round that was read from the store, or that a new till must hear of.
    pub(in crate::sim) fn announce(&mut self, round: usize) {
        let (now, finality) = (self.now, self.plan.finality());
        let Some(house) = &mut self.house else { return };
        let Some(actor) = &house.rounds[round].actor else { return };
        let till = &mut house.till;
        let Some(machine) = &mut till.machine else { return };
        let sent_today = actor.round.sent_on(day_of(now));
        let former = till.begun.insert(round, sent_today).unwrap_or_default();
        machine.count_begun(now, sent_today.minus(former).or_zero());
        let watched = actor.round.watched_payments();
        let watched: Vec<_> = watched
            .map(|payment| (payment.phase, payment.purchase.id, payment.purchase.price))
            .collect();
        for (phase, id, price) in watched {
            let late = now.plus_millis(finality);
            let look = (phase == PaymentPhase::Voided).then_some(late);
            // Its voiding may have been written without this till hearing of it.
            let fresh = Known { round, asked_at: now, last_look_at: look };
            let known = till.known.entry(id).or_insert(fresh);
            known.last_look_at = known.last_look_at.or(look);
            match phase {
                _ if machine.knows(id) => {}
                PaymentPhase::Held => machine.offer(now, id, price),
                PaymentPhase::Voided => machine.ask_at(late, id),
                _ => machine.ask_at(now, id),
            }
        }
        self.drive_till();
    }

    /// A hold is written: its payment waits to begin.
    pub(in crate::sim) fn offer(&mut self, round: usize, outcome: &Bought) {
        let now = self.now;
        let Bought::Yes(purchase) = outcome else { return };
        // The teller has the money.
        if purchase.serial_number().is_some() {
            return;
        }
        let Some(house) = &mut self.house else { return };
        let Some(machine) = &mut house.till.machine else { return };
        machine.offer(now, purchase.id, purchase.price);
        house.till.know(purchase.id, round, now, None);
        self.drive_till();
    }

    /// Something may have happened to a payment: look now. One that nobody knows here has ended.
    pub(in crate::sim) fn hinted(&mut self, generation: u32, id: PurchaseId) {
        let now = self.now;
        let Some(till) = self.till(generation) else { return };
        let Some(machine) = till.machine.as_mut().filter(|_| till.known.contains_key(&id)) else {
            return;
        };
        machine.ask_at(now, id);
        self.drive_till();
    }

    /// The till looks at the clock.
    pub(in crate::sim) fn tick_till(&mut self, generation: u32) {
        let Some(till) = self.till(generation) else { return };
        till.is_ticking = false;
        self.drive_till();
    }

    /// Does everything that may be done now.
    fn drive_till(&mut self) {
        let (now, life) = (self.now, self.life);
        let mut mails = Vec::new();
        let Some(house) = &mut self.house else { return };
        let till = &mut house.till;
        let Some(machine) = &mut till.machine else { return };
        while let Some(work) = machine.next(now) {
            let (Work::Send(id) | Work::Ask(id) | Work::Expire(id)) = work;
            let Some(known) = till.known.get(&id) else {
                machine.ended(id);
                continue;
            };
            let step = match work {
                Work::Expire(_) => Step::Expire,
                _ => Step::Ask { is_look: known.last_look_at.is_some() },
            };
            mails.push((known.round, id, step));
        }
        till.is_shut = machine.is_shut(now);
        let generation = till.generation;
        if !till.is_ticking && !till.known.is_empty() {
            till.is_ticking = true;
            self.agenda.plan(now.plus_millis(TICK), Task::Till { life, generation });
        }
        for (round, id, step) in mails {
            self.mail_round(round, RoundMail::Pay { id, till: generation, step });
        }
    }

    /// What a payment needs next is known, and all that it stands on is written.
    pub(in crate::sim) fn next_step(&mut self, generation: u32, id: PurchaseId, step: NextStep) {
        let now = self.now;
        let Some(known) = self.till(generation).and_then(|till| till.known.get_mut(&id)) else {
            return;
        };
        known.asked_at = now;
        let round = known.round;
        match step {
            NextStep::Nothing => self.carried(generation, id, Next::Ended, None),
            NextStep::Inquire(request) => self.ask_rail(Call::Inquire, &request, generation),
            NextStep::Cancel(request) => self.ask_rail(Call::Cancel, &request, generation),
            NextStep::Send(purchase) => {
                let request = request_of(id, purchase.price);
                let step = Step::Send { request, sent_at: now };
                self.mail_round(round, RoundMail::Pay { id, till: generation, step });
            }
        }
    }

    /// The rail may be called: that is written.
    pub(in crate::sim) fn authorise_now(&mut self, generation: u32, id: PurchaseId, request: &str) {
        let now = self.now;
        let Some(till) = self.till(generation) else { return };
        if let Some(known) = till.known.get_mut(&id) {
            known.asked_at = now;
            self.ask_rail(Call::Authorise, request, generation);
        }
    }

    /// The rail has said something, or nothing: the round decides what it comes to.
    pub(in crate::sim) fn rail_says(&mut self, generation: u32, id: PurchaseId, said: RailAnswer) {
        let Some(till) = self.till(generation) else { return };
        let Some(Known { round, asked_at, .. }) = till.known.get(&id).copied() else { return };
        self.auditor.rail_said(asked_at, id.0, said);
        let step = Step::Answer(said, asked_at);
        self.mail_round(round, RoundMail::Pay { id, till: generation, step });
    }

    /// One message has carried a payment on. `heard`: whether the rail answered something that can
    /// be read; nothing when it was not called.
    pub(in crate::sim) fn carried(
        &mut self,
        generation: u32,
        id: PurchaseId,
        next: Next,
        heard: Option<bool>,
    ) {
        let (now, finality) = (self.now, self.plan.finality());
        let Some(till) = self.till(generation) else { return };
        let Some(machine) = &mut till.machine else { return };
        let Some(known) = till.known.get_mut(&id) else { return };
        if let Some(is_answer) = heard {
            machine.heard(now, is_answer);
        }
        match (next, known.last_look_at) {
            (Next::Again, _) => machine.again(now, id),
            (Next::Now, _) => {
                machine.ended(id);
                machine.ask_at(now, id);
            }
            (Next::LookLater, _) => {
                let late = now.plus_millis(finality);
                known.last_look_at = Some(late);
                machine.ended(id);
                machine.ask_at(late, id);
            }
            // A hint made it look too early: the last look is still to come.
            (Next::Ended, Some(late)) if now < late => {
                machine.ended(id);
                machine.ask_at(late, id);
            }
            (Next::Ended, _) => {
                machine.ended(id);
                till.known.remove(&id);
            }
        }
        self.drive_till();
    }

    /// The till dies: what was under way is forgotten, and announced anew.
    pub(in crate::sim) fn lose_till(&mut self) {
        let terms = self.plan.terms;
        let Some(house) = &mut self.house else { return };
        let generation = house.next_generation();
        house.till = Till::new(generation, terms);
        let rounds = house.rounds.len();
        (0..rounds).for_each(|round| self.announce(round));
    }

    /// A step of a payment is written, or is not: then its round is rebuilt and announces it.
    pub(in crate::sim) fn step_done(&mut self, done: Done, is_written: bool) {
        match done {
            Done::NextStep { till, id, step } if is_written => self.next_step(till, id, step),
            Done::Sent { till, id, request, event } if is_written => {
                // Whoever pays is told what the rail knows the payment by.
                if let Some(person) = World::person_of(&event) {
                    self.tell_settled(person, *event);
                }
                self.authorise_now(till, id, &request);
            }
            Done::Paid { till, id, event, next, heard } if is_written => {
                if let Some(person) = World::person_of(&event) {
                    self.tell_settled(person, *event);
                }
                self.carried(till, id, next, heard);
            }
            Done::NextStep { till, id, .. } | Done::Sent { till, id, .. } => {
                self.carried(till, id, Next::Again, None);
            }
            Done::Paid { till, id, heard, .. } => self.carried(till, id, Next::Again, heard),
            _ => {}
        }
    }
}
