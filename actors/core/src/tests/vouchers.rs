//! Races of vouchers, every one of them: a small house of two people, two streams that commit when
//! they like and may fail, a rail and a clock. Every order in which the steps of some requests can
//! come is walked, and after each step what is durable is held against a small model.
//!
//! The house does what the actors do around the same machines. With one of its guards off the same
//! walk must find what it guards against.

use super::samples::*;
use crate::person::{GiftAsk, MoveDecision, PaybackAsk, PaybackOf, Person, SpendAsk};
use crate::purchase::PassId;
use crate::round_spec::LineId;
use crate::voucher::{Asked, MerchantFacts};
use crate::*;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the actors guard against, switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Off {
    Nothing,
    /// What is spent is free before that is durable.
    Unsettled,
    /// The receiver sets no room aside.
    Room,
    /// The giver does not decide a second time.
    SecondDecision,
    /// A payback counts when it is decided.
    PaidBackEarly,
    /// Moves are applied when they are durable.
    ApplyLate,
    /// What may still arrive of a stream in doubt keeps nobody from buying.
    Unsure,
}

/// A request, or something that happens by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Buy(usize, i64),
    Spend(usize, i64),
    Cancel(usize),
    Refund(usize),
    Gift(usize, i64),
    /// The clock passes the end of the month.
    MonthEnds,
    /// What the vouchers' stream has not written is lost, and everybody is read anew.
    Doubt,
    /// The same, but nothing is lost: it arrives when the stream is taken over, and until then
    /// everybody is read without it.
    LateDoubt,
}

/// Where a request stands.
#[derive(Debug, Clone)]
enum At {
    Start,
    /// The receiver is being asked.
    Asked(Box<Event>),
    /// The receiver has room.
    HasRoom(Box<Event>, Month),
    /// Handed to a stream, as this one of it.
    Sent(usize, Box<Event>),
    /// The rail was asked.
    Rail(VoucherId, MoveId),
    /// The stream is to be taken over.
    Doubtful,
    Over,
}

#[derive(Debug, Clone)]
struct House {
    off: Off,
    now: Timestamp,
    people: [Person; 2],
    /// Of sales and of vouchers: all that was handed over, and how much of it is durable.
    streams: [(Vec<StoredEvent>, usize); 2],
    /// Whether nobody owns the vouchers' stream, and something may still arrive there.
    is_unsure: bool,
    tasks: Vec<(Wish, At)>,
}

const SALES: usize = 0;
const VOUCHERS: usize = 1;

fn who(index: usize) -> PersonKey {
    person(index as u64 + 1)
}

impl House {
    fn new(off: Off, before: &[Wish], wishes: &[Wish]) -> House {
        let mut house = House {
            off: Off::Nothing,
            now: at("10:00"),
            people: [Person::default(), Person::default()],
            streams: Default::default(),
            is_unsure: false,
            tasks: Vec::new(),
        };
        for wish in before {
            house.tasks.push((*wish, At::Start));
            let task = house.tasks.len() - 1;
            while !matches!(house.tasks[task].1, At::Over) {
                for stream in [SALES, VOUCHERS] {
                    while house.can_commit(stream) {
                        house.commit(stream);
                    }
                }
                house.step(task);
            }
        }
        house.off = off;
        house.tasks.extend(wishes.iter().map(|wish| (*wish, At::Start)));
        house
    }

    fn can_commit(&self, stream: usize) -> bool {
        let is_owned = stream == SALES || !self.is_unsure;
        is_owned && self.streams[stream].1 < self.streams[stream].0.len()
    }

    fn commit(&mut self, stream: usize) {
        self.streams[stream].1 += 1;
    }

    fn can_step(&self, task: usize) -> bool {
        match &self.tasks[task].1 {
            At::Over => false,
            At::Sent(place, event) => *place < self.streams[stream_of(event)].1,
            At::Start if matches!(self.tasks[task].0, Wish::Doubt | Wish::LateDoubt) => {
                self.can_commit(VOUCHERS)
            }
            At::Rail(..) => !self.is_unsure,
            _ => true,
        }
    }

    /// Hands an event to its stream, applied as its actor does it.
    fn send(&mut self, me: usize, event: Event) -> At {
        // Nobody writes there, and who was read before it is taken over will not.
        if stream_of(&event) == VOUCHERS && self.is_unsure {
            return At::Over;
        }
        if stream_of(&event) == VOUCHERS && self.off != Off::ApplyLate {
            let is_end = matches!(event, Event::PaidBack { .. });
            if !is_end || self.off == Off::PaidBackEarly {
                self.people[me].begin_move(who(me), &event);
            }
            if self.off == Off::Unsettled {
                self.people[me].settle_move(who(me), &event);
            }
        }
        let (stream, _) = &mut self.streams[stream_of(&event)];
        let seq = stream.len() as u64 + 1;
        stream.push(StoredEvent { seq, at: self.now, event: event.clone() });
        At::Sent(stream.len() - 1, Box::new(event))
    }

    fn step(&mut self, task: usize) {
        let (wish, stands) = self.tasks[task].clone();
        let next = match (wish, stands) {
            (Wish::MonthEnds, _) => {
                self.now = moment("08-01T00:00");
                At::Over
            }
            (Wish::Doubt, _) => {
                self.doubt();
                At::Over
            }
            (Wish::LateDoubt, At::Start) => {
                self.is_unsure = true;
                self.read_anew();
                At::Doubtful
            }
            (Wish::LateDoubt, _) => {
                self.is_unsure = false;
                while self.can_commit(VOUCHERS) {
                    self.commit(VOUCHERS);
                }
                self.read_anew();
                At::Over
            }
            (Wish::Buy(me, amount), At::Start) => self.buy(me, Won(amount), task),
            (Wish::Buy(me, _), At::Sent(_, event)) => {
                self.people[me].apply(&event);
                At::Over
            }
            (wish, At::Start) => self.decide(wish, task),
            (Wish::Gift(giver, amount), At::Asked(event)) => {
                self.ask_receiver(giver, Won(amount), event)
            }
            (Wish::Gift(giver, _), At::HasRoom(event, month)) => {
                self.give(wish, giver, *event, month, task)
            }
            (wish, At::Sent(_, event)) => self.durable(wish, &event),
            (Wish::Cancel(me) | Wish::Refund(me), At::Rail(voucher, id)) => {
                match self.people[me].decide_payback_end(self.now, voucher, id, true) {
                    Some(event) => self.send(me, event),
                    None => At::Over,
                }
            }
            (_, stands) => stands,
        };
        self.tasks[task].1 = next;
    }

    fn buy(&mut self, me: usize, amount: Won, task: usize) -> At {
        if self.is_unsure && self.off != Off::Unsure {
            return At::Over;
        }
        let limits = self.people[me].limits(&program().id, &rules(), self.now);
        if amount > limits.allowance || amount > limits.room {
            return At::Over;
        }
        let id = 100 + task as u64;
        let purchase = Purchase {
            id: PurchaseId(u128::from(id)),
            person: who(me),
            amount,
            price: amount,
            subsidy: Won::ZERO,
            month: limits.month,
            pass: PassId { line: LineId(0), number: id },
            key: key(&format!("buy-{id}")),
            at: self.now,
            used_after: limits.used.plus(limits.held).plus(amount),
            ..purchase_in_july()
        };
        self.people[me].hold(crate::person::LimitHold {
            program: program().id,
            month: limits.month,
            amount,
            pass: purchase.pass,
            pass_expires_at: Timestamp(i64::MAX),
            used_after: purchase.used_after,
        });
        self.send(me, Event::Issued { purchase })
    }

    /// The voucher of a person that was there first.
    fn voucher_of(&self, me: usize) -> Option<VoucherId> {
        let of = program();
        self.people[me].vouchers(self.now, |_| Some(&of)).last().map(|voucher| voucher.id)
    }

    fn decide(&mut self, wish: Wish, task: usize) -> At {
        let (Wish::Spend(me, _) | Wish::Cancel(me) | Wish::Refund(me) | Wish::Gift(me, _)) = wish
        else {
            return At::Over;
        };
        let Some(voucher) = self.voucher_of(me) else { return At::Over };
        match (self.decision(wish, voucher, Month::of(self.now), task), wish) {
            (Ok(MoveDecision::Do(event)), Wish::Gift(..)) => At::Asked(event),
            (Ok(MoveDecision::Do(event)), _) => self.send(me, *event),
            _ => At::Over,
        }
    }

    fn decision(
        &self,
        wish: Wish,
        voucher: VoucherId,
        month: Month,
        task: usize,
    ) -> Result<MoveDecision, Refusal> {
        let (of, id) = (program(), MoveId(1_000 + task as u128));
        let asked = Asked { key: key(&format!("move-{task}")), digest: [1; 32] };
        match wish {
            Wish::Spend(me, amount) => {
                let id_of = MerchantId::new("tea-house").expect("a slug");
                let (region, programs) = ("seoul".to_owned(), Vec::new());
                let merchant = Some(MerchantFacts { id: id_of, region, programs });
                let ask = SpendAsk { id, voucher, merchant, amount: Won(amount), asked };
                self.people[me].decide_spend(self.now, &ask, Some(&of))
            }
            Wish::Cancel(me) => {
                let of_purchase = PaybackOf::Purchase(PurchaseId(voucher.0));
                let ask = PaybackAsk { id, of: of_purchase, asked };
                self.people[me].decide_payback(self.now, &ask, Some(&of))
            }
            Wish::Refund(me) => {
                let ask = PaybackAsk { id, of: PaybackOf::Voucher(voucher), asked };
                self.people[me].decide_payback(self.now, &ask, Some(&of))
            }
            Wish::Gift(giver, amount) => {
                let (to, is_receiver_registered) = (who(1 - giver), true);
                let amount = Won(amount);
                let ask = GiftAsk { id, voucher, to, is_receiver_registered, amount, asked };
                self.people[giver].decide_gift(self.now, &ask, Some(&of), month)
            }
            _ => Err(Refusal::Unavailable),
        }
    }

    fn ask_receiver(&mut self, giver: usize, amount: Won, event: Box<Event>) -> At {
        let Some(of) = event.voucher_move() else { return At::Over };
        let (id, receiver) = (of.id, &mut self.people[1 - giver]);
        let room = receiver.expect_gift(self.now, id, (&program().id, &rules()), amount);
        if self.off == Off::Room {
            receiver.release_gift(id);
        }
        room.map_or(At::Over, |month| At::HasRoom(event, month))
    }

    fn give(&mut self, wish: Wish, giver: usize, first: Event, month: Month, task: usize) -> At {
        if self.off == Off::SecondDecision {
            return self.send(giver, first);
        }
        let Some(of) = first.voucher_move() else { return At::Over };
        match self.decision(wish, of.voucher, month, task) {
            Ok(MoveDecision::Do(event)) => self.send(giver, *event),
            _ => {
                self.people[1 - giver].release_gift(of.id);
                At::Over
            }
        }
    }

    /// What follows once an event is durable.
    fn durable(&mut self, wish: Wish, event: &Event) -> At {
        let (Wish::Spend(me, _) | Wish::Cancel(me) | Wish::Refund(me) | Wish::Gift(me, _)) = wish
        else {
            return At::Over;
        };
        let is_end = matches!(event, Event::PaidBack { .. });
        if self.off == Off::ApplyLate || is_end && self.off != Off::PaidBackEarly {
            self.people[me].apply_move(who(me), event);
        } else if self.off != Off::Unsettled {
            self.people[me].settle_move(who(me), event);
        }
        match (event, wish) {
            (Event::PaybackSent { of, .. }, _) => At::Rail(of.voucher, of.id),
            (_, Wish::Gift(giver, _)) => {
                self.people[1 - giver].apply_move(who(1 - giver), event);
                At::Over
            }
            _ => At::Over,
        }
    }

    /// What was not written is gone; what the other stream still had on its way is written before
    /// anybody is read. Who asked is told that nothing is known.
    fn doubt(&mut self) {
        let (vouchers, durable) = &mut self.streams[VOUCHERS];
        vouchers.truncate(*durable);
        self.read_anew();
    }

    fn read_anew(&mut self) {
        while self.can_commit(SALES) {
            self.commit(SALES);
        }
        self.people = [0, 1].map(|me| self.replayed(me));
        for (_, stands) in &mut self.tasks {
            if !matches!(stands, At::Start | At::Rail(..) | At::Doubtful) {
                *stands = At::Over;
            }
        }
    }

    /// A person as the store knows them.
    fn replayed(&self, me: usize) -> Person {
        let [sales, vouchers] = [SALES, VOUCHERS].map(|stream| {
            let (events, durable) = &self.streams[stream];
            let theirs = events[..*durable].iter().filter(|stored| match &stored.event {
                Event::Issued { purchase } => purchase.person == who(me),
                Event::Gifted { of, to, .. } => of.person == who(me) || *to == who(me),
                event => event.voucher_move().is_some_and(|of| of.person == who(me)),
            });
            theirs.cloned().collect::<Vec<_>>()
        });
        Person::replay_with_moves(who(me), &sales, &vouchers)
    }

    /// The small model: what is durable breaks no rule.
    fn audit(&self) -> Result<(), String> {
        let mut balances: HashMap<VoucherId, i64> = HashMap::new();
        let mut holdings: HashMap<PersonKey, i64> = HashMap::new();
        let mut months: HashMap<(PersonKey, Month), i64> = HashMap::new();
        let mut sent: HashMap<VoucherId, MoveId> = HashMap::new();
        let durable = self.streams.iter().flat_map(|(events, durable)| &events[..*durable]);
        for stored in durable {
            let mut add = |voucher: VoucherId, person: PersonKey, amount: i64| {
                *balances.entry(voucher).or_default() += amount;
                *holdings.entry(person).or_default() += amount;
                balances[&voucher] >= 0
            };
            if let Some(of) = stored.event.voucher_move()
                && sent.get(&of.voucher).is_some_and(|id| *id != of.id)
            {
                return Err("a voucher was used after its payback was sent".to_owned());
            }
            let is_sound = match &stored.event {
                Event::Issued { purchase } => {
                    *months.entry((purchase.person, purchase.month)).or_default() +=
                        purchase.amount.0;
                    add(purchase.id.into(), purchase.person, purchase.amount.0)
                }
                Event::Spent { of, amount, .. } => add(of.voucher, of.person, -amount.0),
                Event::Gifted { of, to, amount, .. } => {
                    add(of.id.into(), *to, amount.0) && add(of.voucher, of.person, -amount.0)
                }
                Event::PaybackSent { of, .. } => sent.insert(of.voucher, of.id).is_none(),
                Event::PaidBack { of, payback } => {
                    if let Some(month) = payback.month_back {
                        *months.entry((of.person, month)).or_default() -= payback.amount.0;
                    }
                    add(of.voucher, of.person, -payback.amount.0)
                }
                _ => true,
            };
            if !is_sound {
                return Err(format!("below zero, or twice: {:?}", stored.event));
            }
        }
        let limit = rules().holding_limit_won.0;
        if let Some(held) = holdings.values().find(|held| **held > limit) {
            return Err(format!("{held} is held"));
        }
        match months.values().find(|used| **used > rules().monthly_limit_won.0) {
            Some(used) => Err(format!("{used} of a month is used")),
            None => Ok(()),
        }
    }

    /// At the end everybody is as the store knows them.
    fn audit_end(&self) -> Result<(), String> {
        for me in [0, 1] {
            let shown = |person: &Person| {
                let limits = person.limits(&program().id, &rules(), self.now);
                let of = program();
                format!("{limits:?} {:?}", person.vouchers(self.now, |_| Some(&of)))
            };
            if shown(&self.people[me]) != shown(&self.replayed(me)) {
                return Err("somebody is not as the store knows them".to_owned());
            }
        }
        Ok(())
    }
}

fn stream_of(event: &Event) -> usize {
    if event.voucher_move().is_some() { VOUCHERS } else { SALES }
}

/// Walks every order of steps; answers how many ends there are, or what broke.
fn walk(house: &House) -> Result<u64, String> {
    let mut ends = 0;
    let tasks = (0..house.tasks.len()).filter(|task| house.can_step(*task)).map(Some);
    let commits = [SALES, VOUCHERS].into_iter().filter(|stream| house.can_commit(*stream));
    let moves: Vec<(Option<usize>, usize)> =
        tasks.map(|task| (task, 0)).chain(commits.map(|stream| (None, stream))).collect();
    if moves.is_empty() {
        return house.audit_end().map(|()| 1);
    }
    for (task, stream) in moves {
        let mut next = house.clone();
        match task {
            Some(task) => {
                let stepped = catch_unwind(AssertUnwindSafe(|| next.step(task)));
                stepped.map_err(|_| "a machine found a contradiction".to_owned())?;
            }
            None => next.commit(stream),
        }
        next.audit()?;
        ends += walk(&next)?;
    }
    Ok(ends)
}

/// Nothing breaks; with the guard off, something does.
fn check(before: &[Wish], wishes: &[Wish], guards: &[Off]) {
    let ends = walk(&House::new(Off::Nothing, before, wishes)).expect("no order breaks anything");
    assert!(ends > 1, "there is an order to be chosen");
    for off in guards {
        let walked = walk(&House::new(*off, before, wishes));
        assert!(walked.is_err(), "with {off:?} off nothing was found: {walked:?}");
    }
}

mod races;
