//! Virtual people: they sign up, join, toggle, double-tap, leave, claim, buy odd amounts through
//! several devices or at a counter, hang up, and ask again with the same key or another one. What
//! they do with what they bought is in `spending.rs`.
//!
//! They know only what they were answered. Whoever does not know what became of a purchase or a
//! move asks again with its key until they are told.

use super::agenda::Task;
use super::chance::mix;
use super::faults::Fault;
use super::house::Placed;
use super::sale::{COUNTER, SELLING};
use super::world::World;
use openrun_core::person::MoveAnswer;
use openrun_core::purchase::{PassId, PurchaseState};
use openrun_core::queue::ShownTicket;
use openrun_core::time::Date;
use openrun_core::{PersonKey, Purchase, Refusal, Timestamp, Voucher, Who, Won};
use spending::KnownVoucher;

mod spending;

pub(super) use spending::{MoveWish, What, digest_of_move};

/// How long a request or an answer travels at most, in milliseconds, and when a person gives up
/// waiting for one that was lost.
const TRAVEL: i64 = 120;
const GIVES_UP: i64 = 4_000;
/// Things that one person does at most, beyond asking what became of a purchase.
const PATIENCE: i64 = 24;

/// What a person asks for.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    SignUp,
    Join {
        shown: Option<ShownTicket>,
    },
    Claim {
        shown: ShownTicket,
    },
    Leave {
        shown: ShownTicket,
    },
    Buy(Attempt),
    Move(MoveWish),
    /// What have I got?
    Look,
}

/// A pass as shown with a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Missing,
    Forged,
    Pass(PassId, Timestamp),
}

/// One attempt to buy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub key: u64,
    pub amount: Won,
    pub shown: Shown,
    pub channel: usize,
}

/// A request on its way.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub number: u64,
    pub person: u32,
    pub round: usize,
    pub wish: Wish,
    pub sent: Timestamp,
    /// For each line the highest new number that had been answered when this was sent.
    pub floors: [u64; 4],
}

/// What a person hears.
#[derive(Debug)]
pub(super) enum Said {
    SignedUp(Result<(), Refusal>),
    Placed(Result<Placed, Refusal>),
    /// With the pass, unless the place lapsed and waits once more.
    Claimed(Result<Option<Timestamp>, Refusal>),
    /// Whether the place is given up: what matters of it is that it was answered.
    Left,
    Bought(Result<Box<Purchase>, Refusal>),
    Moved(Result<MoveAnswer, Refusal>),
    Vouchers(Result<Vec<Voucher>, Refusal>),
    /// The connection broke.
    Nothing,
}

/// An answer with what was asked.
#[derive(Debug)]
pub(super) struct Reply {
    pub request: Request,
    pub said: Said,
}

/// What a person knows of one round.
#[derive(Debug, Clone, Default)]
struct Visit {
    tickets: Vec<ShownTicket>,
    passes: Vec<(PassId, Timestamp)>,
    attempt: Option<Attempt>,
}

/// A person.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub who: Who,
    is_signed_up: bool,
    visits: Vec<Visit>,
    keys: u64,
    patience: i64,
    wallet: Vec<KnownVoucher>,
    moving: Option<MoveWish>,
    /// Whether they came back on the day on which vouchers end.
    is_back: bool,
}

impl Client {
    /// Whether they still do not know what became of a purchase or a move.
    pub fn is_in_the_dark(&self) -> bool {
        self.moving.is_some() || self.visits.iter().any(|visit| visit.attempt.is_some())
    }
}

/// The key of a person by number: the number stands in it.
pub(super) fn key_of(person: u32) -> PersonKey {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&mix(u64::from(person) + 1).to_le_bytes());
    key[8..12].copy_from_slice(&person.to_le_bytes());
    PersonKey(key)
}

/// The number of a person by key.
pub(super) fn number_of(key: PersonKey) -> u32 {
    u32::from_le_bytes(key.0[8..12].try_into().expect("four of sixteen bytes"))
}

/// What a purchase's body comes to.
pub(super) fn digest_of(round: usize, amount: Won) -> [u8; 32] {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&amount.0.to_le_bytes());
    digest[8..16].copy_from_slice(&(round as u64).to_le_bytes());
    digest
}

impl World {
    /// The people of the plan; each begins somewhere in the first part of the sale.
    pub(super) fn gather(&mut self) {
        let rounds = self.plan.rounds.len();
        for person in 0..self.plan.people {
            let chance = &mut self.chances.people;
            let year = i16::try_from(chance.between(1_950, 2_000)).expect("a year");
            let who = Who { birthdate: Date { year, month: 3, day: 1 }, district: None };
            let visits = vec![Visit::default(); rounds];
            let patience = chance.between(3, PATIENCE);
            let at = Timestamp(chance.between(self.plan.begins.0, self.plan.begins.0 + 20_000));
            self.people.push(Client {
                who,
                is_signed_up: false,
                visits,
                keys: 0,
                patience,
                wallet: Vec::new(),
                moving: None,
                is_back: false,
            });
            self.agenda.plan(at, Task::Act { person });
            if let Some(morrow) = self.plan.morrow() {
                let at = morrow.plus_millis(self.chances.people.between(0, 30_000));
                self.agenda.plan(at, Task::Act { person });
            }
        }
    }

    /// A person does something, and will do something else later.
    pub(super) fn act(&mut self, person: u32) {
        let pause = self.plan.pause;
        let is_morrow = self.plan.morrow().is_some_and(|morrow| morrow <= self.now);
        let client = &mut self.people[person as usize];
        if is_morrow && !std::mem::replace(&mut client.is_back, true) {
            client.patience = self.chances.people.between(2, 9);
        }
        client.patience -= 1;
        let is_done = client.patience <= 0 || self.is_healing;
        if is_done && !client.is_in_the_dark() {
            return;
        }
        if is_done {
            self.ask_what_became_of_it(person);
        } else {
            self.do_something(person);
        }
        let pause = if self.is_healing { pause.min(2_000) } else { pause };
        let at = self.now.plus_millis(self.chances.people.between(pause / 4, pause * 2));
        self.agenda.plan(at, Task::Act { person });
    }

    fn ask_what_became_of_it(&mut self, person: u32) {
        if let Some(wish) = self.people[person as usize].moving {
            self.send(person, 0, Wish::Move(wish));
        }
        let visits = &self.people[person as usize].visits;
        let open = visits.iter().enumerate().filter_map(|(round, v)| Some((round, v.attempt?)));
        for (round, attempt) in open.collect::<Vec<_>>() {
            self.send(person, round, Wish::Buy(attempt));
        }
    }

    fn do_something(&mut self, person: u32) {
        let chance = &mut self.chances.people;
        let round = usize::try_from(chance.below(self.plan.rounds.len() as u64)).expect("index");
        let client = &self.people[person as usize];
        // Whoever has got something, or may have been given something, sees to that too.
        let has_vouchers = !client.wallet.is_empty() || client.moving.is_some();
        let share = if has_vouchers { 450 } else { 30 };
        if client.is_signed_up && chance.per_mille(share) {
            return self.use_vouchers(person);
        }
        if self.plan.rounds[round].windows.len() > 1
            && self.has_counter(round)
            && self.chances.people.per_mille(150)
        {
            return self.buy_something(person, round, true);
        }
        let chance = &mut self.chances.people;
        let client = &self.people[person as usize];
        let visit = &client.visits[round];
        // Most are here to buy; some only try out what happens.
        let dice = if chance.per_mille(700) { chance.below(55) } else { chance.below(100) };
        if !client.is_signed_up && dice < 90 {
            return self.send(person, round, Wish::SignUp);
        }
        if let Some(attempt) = visit.attempt.filter(|_| dice < 75) {
            return self.send(person, round, Wish::Buy(attempt));
        }
        let pass = visit.passes.last().copied();
        let ticket = visit.tickets.last().copied();
        // Seldom one that is not the last.
        let shown = match ticket {
            Some(_) if dice % 8 == 0 => Some(*chance.one_of(&visit.tickets)),
            other => other,
        };
        let is_good = pass.is_some_and(|(_, expires_at)| self.now < expires_at);
        match (shown, dice) {
            (_, 0..70) if is_good => self.buy_something(person, round, false),
            (_, 0..8) if pass.is_some() => self.buy_something(person, round, false),
            (Some(shown), 0..55) => self.send(person, round, Wish::Claim { shown }),
            (Some(shown), 55..60) => self.send(person, round, Wish::Leave { shown }),
            (_, 60..62) => self.buy_something(person, round, false),
            (shown, dice) => {
                // Airplane mode on and off: with the ticket or without it, once or twice.
                let shown = shown.filter(|_| dice % 3 != 0);
                self.send(person, round, Wish::Join { shown });
                if dice % 7 == 0 {
                    self.send(person, round, Wish::Join { shown: None });
                }
            }
        }
    }

    fn has_counter(&self, round: usize) -> bool {
        self.plan.rounds[round].windows.iter().any(|window| !window.sold_at.is_line())
    }

    /// In an app, with a pass; or at a counter, where none is asked for.
    fn buy_something(&mut self, person: u32, round: usize, is_counter: bool) {
        let chance = &mut self.chances.people;
        let amount = match chance.below(100) {
            0..75 => chance.between(1, 20) * 10_000,
            75..90 => chance.between(1, 41) * 10_000,
            90..96 => 400_000,
            _ => *chance.one_of(&[0, -10_000, 9_999, 10_001, i64::MAX, i64::MIN]),
        };
        let client = &mut self.people[person as usize];
        let visit = &mut client.visits[round];
        let shown = match (chance.below(50), visit.passes.last()) {
            _ if is_counter => Shown::Missing,
            (0, _) => Shown::Forged,
            (1, _) | (_, None) => Shown::Missing,
            (_, Some((pass, expires_at))) => Shown::Pass(*pass, *expires_at),
        };
        // Now and then under a key that was used before.
        let is_reused = client.keys > 0 && chance.per_mille(40);
        let key = if is_reused { 1 + chance.below(client.keys) } else { client.keys + 1 };
        client.keys = client.keys.max(key);
        let channel = usize::try_from(chance.below(40)).expect("a small number") / 9;
        let channel = if is_counter { COUNTER } else { channel };
        let attempt = Attempt { key, amount: Won(amount), shown, channel };
        if !is_reused {
            visit.attempt = Some(attempt);
        }
        let (is_twice, is_both) = (chance.per_mille(150), chance.per_mille(100));
        self.send(person, round, Wish::Buy(attempt));
        if is_twice {
            let other = (attempt.channel + 1) % SELLING;
            let channel = if is_counter { COUNTER } else { other };
            self.send(person, round, Wish::Buy(Attempt { channel, ..attempt }));
        }
        if is_both {
            // Every other app at the same moment, each under a key of its own.
            for other in (0..SELLING).filter(|other| *other != attempt.channel) {
                let key = self.people[person as usize].keys + 1;
                self.people[person as usize].keys = key;
                let channel = if is_counter { COUNTER } else { other };
                self.send(person, round, Wish::Buy(Attempt { key, channel, ..attempt }));
            }
        }
    }

    fn send(&mut self, person: u32, round: usize, wish: Wish) {
        self.last_request += 1;
        let (number, sent) = (self.last_request, self.now);
        let floors = self.auditor.floors(round);
        let request = Request { number, person, round, wish, sent, floors };
        let lost = if self.is_healing { 0 } else { self.plan.strengths.of(Fault::Network) };
        if self.chances.net.per_mille(lost) {
            return self.hear_nothing(request);
        }
        let at = self.now.plus_millis(self.chances.net.between(1, TRAVEL));
        self.agenda.plan(at, Task::Arrive(Box::new(request)));
    }

    /// A person gives up waiting.
    pub(super) fn hear_nothing(&mut self, request: Request) {
        let at = self.now.plus_millis(self.chances.net.between(100, GIVES_UP));
        let person = request.person;
        let reply = Box::new(Reply { request, said: Said::Nothing });
        self.agenda.plan(at, Task::Heard { person, reply });
    }

    /// An answer leaves the process; it may be lost on its way.
    pub(super) fn send_reply(&mut self, request: Request, said: Said) {
        let lost = if self.is_healing { 0 } else { self.plan.strengths.of(Fault::Network) };
        if self.chances.net.per_mille(lost) {
            return self.hear_nothing(request);
        }
        let at = self.now.plus_millis(self.chances.net.between(1, TRAVEL));
        let person = request.person;
        self.agenda.plan(at, Task::Heard { person, reply: Box::new(Reply { request, said }) });
    }

    /// A person hears an answer.
    pub(super) fn heard(&mut self, person: u32, reply: Reply) {
        let Reply { request, said } = reply;
        let is_stubborn = self.chances.people.per_mille(300);
        let client = &mut self.people[person as usize];
        let visit = &mut client.visits[request.round];
        match (said, request.wish) {
            (Said::SignedUp(Ok(())), _) => client.is_signed_up = true,
            (Said::Placed(Ok(placed)), _) => {
                let Placed { line, number, pass_expires_at, .. } = placed;
                let ticket = ShownTicket { line, number };
                if visit.tickets.last() != Some(&ticket) {
                    visit.tickets.push(ticket);
                }
                let pass = pass_expires_at.map(|at| (PassId { line, number }, at));
                visit.passes.extend(pass);
            }
            (Said::Claimed(Ok(Some(expires_at))), Wish::Claim { shown }) => {
                let ShownTicket { line, number } = shown;
                let pass = (PassId { line, number }, expires_at);
                if visit.passes.last() != Some(&pass) {
                    visit.passes.push(pass);
                }
            }
            (Said::Moved(answer), Wish::Move(wish)) => {
                client.hear_of_move(wish, answer, is_stubborn)
            }
            (Said::Vouchers(Ok(vouchers)), _) => client.see(&vouchers),
            (Said::Bought(answer), Wish::Buy(attempt)) => {
                let is_theirs = visit.attempt.is_some_and(|open| open.key == attempt.key);
                let is_end = match answer {
                    Ok(purchase) if purchase.state == PurchaseState::Issued => {
                        client.receive(&purchase);
                        true
                    }
                    Ok(_) => false,
                    Err(Refusal::Unavailable | Refusal::Overloaded) => false,
                    Err(refusal) => refusal.is_remembered() || !is_stubborn,
                };
                if is_theirs && is_end {
                    client.visits[request.round].attempt = None;
                }
            }
            _ => {}
        }
    }
}
