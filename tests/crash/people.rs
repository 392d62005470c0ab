//! Virtual people of a sale: each signs up, joins, waits, claims, buys, sometimes leaves, loses the
//! connection, taps twice, uses vouchers ([`crate::spending`]), and starts again as somebody new
//! when the month's limit is used up.
//!
//! Without an answer, or while the rail owes one, a person asks the same again. An answer that
//! cannot be right whatever happened is written down as a fault.

use crate::chance::Chance;
use crate::check::AckedPurchase;
use crate::house::{CHANNELS, House, ROUND};
use crate::ledger::{Ledger, Standing};
use crate::spending::{Voucher, Wallet};
use crate::wire::{Answer, Request, Wire};
use openrun_core::PersonKey;
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::RwLock;

/// Where people, their book and whoever kills the server meet.
#[derive(Debug)]
pub struct World {
    pub house: Arc<House>,
    pub ledger: Ledger,
    /// Each request is sent and answered under a reading guard: whoever writes knows that nothing
    /// is in flight.
    pub gate: RwLock<()>,
    /// Nobody begins anything new: whoever has no purchase under way goes.
    pub is_closing: AtomicBool,
}

#[derive(Debug)]
struct Attempt {
    request: Request,
    again: Request,
    key: String,
    amount_won: i64,
    /// The answer, when it came and is asked for once more.
    answer: Option<Answer>,
    tries: u32,
    /// Whether it was answered that the payment is under way.
    is_under_way: bool,
}

#[derive(Debug)]
struct Place {
    number: u64,
    ticket: String,
    /// In the book.
    index: usize,
    is_admitted: bool,
    is_leaving: bool,
    pass: Option<String>,
}

/// One person.
pub struct Person {
    pub world: Arc<World>,
    wire: Wire,
    pub chance: Chance,
    slot: usize,
    generation: u32,
    pub subject: String,
    pub key: PersonKey,
    tokens: Vec<String>,
    is_signed_up: bool,
    is_join_open: bool,
    place: Option<Place>,
    attempt: Option<Attempt>,
    attempts: u32,
    pub wallet: Wallet,
}

impl Person {
    pub fn new(world: Arc<World>, slot: usize, chance: Chance) -> Person {
        let wire = Wire::new(world.house.public);
        let (subject, key) = (String::new(), PersonKey([0; 16]));
        let mut person = Person {
            world,
            wire,
            chance,
            slot,
            generation: 0,
            subject,
            key,
            tokens: Vec::new(),
            is_signed_up: false,
            is_join_open: false,
            place: None,
            attempt: None,
            attempts: 0,
            wallet: Wallet::default(),
        };
        person.be_somebody_new();
        person
    }

    pub fn be_somebody_new(&mut self) {
        self.generation += 1;
        self.subject = format!("p{}-{}", self.slot, self.generation);
        self.key = PersonKey::of_subject(&self.subject);
        let token = |channel: &&str| self.world.house.person_token(&self.subject, channel);
        self.tokens = CHANNELS.iter().map(token).collect();
        (self.is_signed_up, self.is_join_open) = (false, false);
        (self.place, self.attempt, self.attempts) = (None, None, 0);
        self.wallet = Wallet::default();
    }

    /// Goes on until the sale closes.
    pub async fn live(mut self) {
        let is_under_way = |it: &Person| it.attempt.is_some() || it.wallet.moving.is_some();
        while is_under_way(&self) || !self.world.is_closing.load(Ordering::SeqCst) {
            let pause = match self.step().await {
                Ok(()) => self.chance.within(20, 120),
                Err(_) => 10,
            };
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// One request, and what its answer says. An error: nothing is known.
    async fn step(&mut self) -> io::Result<()> {
        let world = Arc::clone(&self.world);
        let _open = world.gate.read().await;
        if !self.is_signed_up {
            return self.sign_up().await;
        }
        if self.attempt.is_some() {
            return self.buy().await;
        }
        if self.wallet.moving.is_some() {
            return self.move_on().await;
        }
        // Whoever has vouchers uses them as often as not; whoever has none may have been given one.
        let uses = if self.wallet.vouchers.is_empty() { 20 } else { 3 };
        if self.chance.one_in(uses) {
            return self.use_vouchers().await;
        }
        let (leaves, reconnects) = (self.chance.one_in(40), self.chance.one_in(20));
        let (looks, gives_up) = (self.chance.one_in(5), self.chance.one_in(60));
        match &mut self.place {
            None => self.join().await,
            Some(place) if place.is_leaving => self.leave().await,
            Some(place) if place.pass.is_some() => {
                place.is_leaving = gives_up;
                if gives_up { self.leave().await } else { self.begin_to_buy().await }
            }
            Some(place) if place.is_admitted => self.claim().await,
            Some(place) if leaves => {
                place.is_leaving = true;
                self.leave().await
            }
            Some(_) if reconnects => self.join().await,
            Some(_) if looks => self.look().await,
            Some(_) => self.where_am_i().await,
        }
    }

    pub async fn call(&mut self, what: &'static str, request: &Request) -> io::Result<Answer> {
        let answer = self.wire.call(request).await?;
        self.world.ledger.answered(what, &answer);
        Ok(answer)
    }

    /// Writes down an answer that cannot be; being busy is always possible.
    pub fn wrong(&self, what: &str, answer: &Answer) {
        if answer.status != 503 {
            let number = self.place.as_ref().map(|place| place.number);
            let subject = &self.subject;
            let words = format!("{what} of {subject} (number {number:?}): {}", answer.text());
            self.world.ledger.fault(words);
        }
    }

    pub fn token(&mut self) -> String {
        let index = self.chance.within(0, self.tokens.len() as u64 - 1);
        self.tokens[usize::try_from(index).expect("an index")].clone()
    }

    async fn sign_up(&mut self) -> io::Result<()> {
        let body = json!({"accepted_terms": true, "account": format!("account-{}", self.subject)});
        let request = Request::new("POST", "/v1/people").bearer(&self.token()).json(&body);
        let answer = self.call("sign-up", &request).await?;
        match answer.status {
            200 | 201 => {
                self.is_signed_up = true;
                self.world.ledger.book().subjects.push(self.subject.clone());
            }
            _ => self.wrong("sign-up", &answer),
        }
        Ok(())
    }

    /// Joins, or comes back with the ticket after a while without a connection.
    async fn join(&mut self) -> io::Result<()> {
        let path = format!("/v1/rounds/{ROUND}/tickets");
        let mut request = Request::new("POST", &path).bearer(&self.token());
        if let Some(place) = &self.place {
            request = request.header("openrun-ticket", &place.ticket);
        }
        let before = self.world.ledger.before();
        let is_first = self.place.is_none();
        let was_open = std::mem::replace(&mut self.is_join_open, is_first);
        let answer = self.call("join", &request).await?;
        self.is_join_open = is_first && answer.status == 503 && was_open;
        if !matches!(answer.status, 200 | 201) {
            self.wrong("join", &answer);
            return Ok(());
        }
        // A place that is held without being known comes from a join whose answer was lost.
        if is_first && answer.status == 200 && !was_open {
            self.wrong("join without a place", &answer);
        }
        let told = answer.json();
        if !is_first {
            // 201 when the join was lost by a crash: its ticket took the same place again.
            self.is_told(before, "coming back", &answer);
            return Ok(());
        }
        let (Some(number), Some(ticket)) = (told["number"].as_u64(), told["ticket"].as_str())
        else {
            self.wrong("join", &answer);
            return Ok(());
        };
        let (ledger, who) = (&self.world.ledger, (self.subject.as_str(), self.key));
        let index = ledger.placed(before, who, (number, ticket), answer.status == 201);
        let ticket = ticket.to_owned();
        let (is_admitted, is_leaving, pass) = (false, false, None);
        self.place = Some(Place { number, ticket, index, is_admitted, is_leaving, pass });
        self.is_told(before, "join", &answer);
        Ok(())
    }

    /// Takes in where the place stands; says whether it can be so.
    fn is_told(&mut self, before: crate::ledger::Before, what: &str, answer: &Answer) {
        let told = answer.json();
        if let Some(watermark) = told["watermark"].as_u64() {
            self.world.ledger.told_watermark(before, watermark);
        }
        let Some(place) = &mut self.place else { return };
        let state = told["state"].as_str().unwrap_or_default();
        let is_same = told["number"].as_u64() == Some(place.number);
        if !is_same || !matches!(state, "waiting" | "admitted") {
            let words = format!("{what} of number {} was told {}", place.number, answer.text());
            self.world.ledger.fault(words);
            return;
        }
        place.is_admitted |= state == "admitted";
        place.pass = told["pass"].as_str().map(str::to_owned).or(place.pass.take());
    }

    async fn where_am_i(&mut self) -> io::Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        let path = format!("/v1/rounds/{ROUND}/tickets/me");
        let request = Request::new("GET", &path).header("openrun-ticket", &place.ticket);
        let before = self.world.ledger.before();
        let answer = self.call("where-am-i", &request).await?;
        match answer.status {
            200 => self.is_told(before, "where-am-i", &answer),
            _ => self.wrong("where-am-i", &answer),
        }
        Ok(())
    }

    /// Reads the document that everybody reads.
    async fn look(&mut self) -> io::Result<()> {
        let request = Request::new("GET", &format!("/v1/rounds/{ROUND}/watermark"));
        let before = self.world.ledger.before();
        let answer = self.call("watermark", &request).await?;
        match answer.json()["lines"][0]["watermark"].as_u64() {
            Some(watermark) => self.world.ledger.told_document(before, watermark),
            None => self.wrong("watermark", &answer),
        }
        Ok(())
    }

    async fn claim(&mut self) -> io::Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        let path = format!("/v1/rounds/{ROUND}/passes");
        let request = Request::new("POST", &path).header("openrun-ticket", &place.ticket);
        let before = self.world.ledger.before();
        let answer = self.call("claim", &request).await?;
        match answer.status {
            200 => self.is_told(before, "claim", &answer),
            // Whoever was told to be admitted is, whatever died since.
            _ => self.wrong("claim", &answer),
        }
        Ok(())
    }

    async fn leave(&mut self) -> io::Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        let (index, path) = (place.index, format!("/v1/rounds/{ROUND}/tickets/me"));
        let request = Request::new("DELETE", &path).header("openrun-ticket", &place.ticket);
        self.world.ledger.stands(index, Standing::Asked);
        let answer = self.call("leave", &request).await?;
        match answer.status {
            200 => {
                self.world.ledger.stands(index, Standing::Left);
                self.place = None;
            }
            _ => self.wrong("leave", &answer),
        }
        Ok(())
    }

    async fn begin_to_buy(&mut self) -> io::Result<()> {
        let (first, other) = (self.token(), self.token());
        let Some(place) = &self.place else { return Ok(()) };
        let Some(pass) = &place.pass else { return Ok(()) };
        self.attempts += 1;
        let key = format!("{}-{}", self.subject, self.attempts);
        let amount_won = i64::try_from(self.chance.within(1, 20)).expect("small") * 10_000;
        let body: Value = json!({"amount_won": amount_won, "payment": {"method": "account"}});
        let through = |token: &str| {
            Request::new("POST", &format!("/v1/rounds/{ROUND}/purchases"))
                .bearer(token)
                .header("openrun-pass", pass)
                .header("idempotency-key", &key)
                .json(&body)
        };
        let (request, again) = (through(&first), through(&other));
        let (answer, tries, is_under_way) = (None, 0, false);
        self.attempt =
            Some(Attempt { request, again, key, amount_won, answer, tries, is_under_way });
        self.buy().await
    }

    /// Asks to buy, with the same key until there is an answer; now and then once more after it,
    /// perhaps in another app.
    async fn buy(&mut self) -> io::Result<()> {
        let Some(mut attempt) = self.attempt.take() else { return Ok(()) };
        let index = self.place.as_ref().map_or(0, |place| place.index);
        let is_open = attempt.answer.is_none();
        if is_open {
            self.world.ledger.stands(index, Standing::Asked);
        }
        let is_first = attempt.tries == 0;
        attempt.tries += 1;
        let request = if is_first { &attempt.request } else { &attempt.again }.clone();
        let outcome = self.call("buy", &request).await;
        let Ok(answer) = outcome else {
            self.attempt = Some(attempt);
            return outcome.map(drop);
        };
        if let Some(known) = &attempt.answer {
            let is_same = (known.status, &known.body) == (answer.status, &answer.body);
            if answer.status == 503 {
                self.attempt = Some(attempt);
            } else if !is_same || !answer.is_replay {
                self.wrong("OR-4: the same key again", &answer);
            }
            return Ok(());
        }
        match (answer.status, answer.code().as_str()) {
            (201, _) => self.bought(attempt, answer, index),
            (409, "monthly-limit-exceeded" | "holding-limit-exceeded") => {
                self.world.ledger.stands(index, Standing::Live);
                self.world.ledger.kept(attempt.again, answer, None);
                // Some give their place up properly, some just go.
                if self.chance.one_in(3) {
                    self.be_somebody_new();
                } else if let Some(place) = &mut self.place {
                    place.is_leaving = true;
                }
            }
            (503, _) => self.attempt = Some(attempt),
            (202, _) => {
                if !matches!(answer.json()["state"].as_str(), Some("held" | "paying")) {
                    self.wrong("a payment under way", &answer);
                }
                attempt.is_under_way = true;
                self.attempt = Some(attempt);
            }
            // The pass is good for another try.
            (402, "payment-declined") => {
                self.world.ledger.stands(index, Standing::Live);
                self.world.ledger.kept(attempt.again, answer, None);
            }
            _ => {
                self.wrong("buy", &answer);
                self.place = None;
            }
        }
        Ok(())
    }

    fn bought(&mut self, mut attempt: Attempt, answer: Answer, index: usize) {
        let told = answer.json();
        let ledger = &self.world.ledger;
        ledger.stands(index, Standing::Bought);
        let is_as_asked = told["amount_won"].as_i64() == Some(attempt.amount_won);
        if !is_as_asked || told["state"] != "issued" {
            ledger.fault(format!("OR-3: {} was answered {}", attempt.key, answer.text()));
        }
        if answer.is_replay {
            ledger.book().recovered += u64::from(!attempt.is_under_way);
            if attempt.tries == 1 {
                ledger.fault(format!("OR-4: the first request of {} is a replay", attempt.key));
            }
        }
        let purchase = AckedPurchase {
            id: told["id"].as_str().unwrap_or_default().to_owned(),
            person: self.key,
            key: attempt.key.clone(),
            amount_won: attempt.amount_won,
        };
        ledger.kept(attempt.again.clone(), answer.clone(), Some(purchase));
        self.wallet.vouchers.extend(Voucher::bought(&told));
        self.place = None;
        if self.chance.one_in(4) {
            attempt.answer = Some(answer);
            self.attempt = Some(attempt);
        }
    }
}
