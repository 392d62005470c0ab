//! Somebody who joins, waits and buys, as a channel's app would for them.
//!
//! Keeps what an app keeps: token, ticket, pass. Judges no answer beyond that.

use super::checks::{allowed, eventually};
use super::wire::{Answer, Request, Web};
use serde_json::json;

/// A person with one device.
#[derive(Clone)]
pub struct Buyer {
    pub web: Web,
    pub person: String,
    pub token: String,
    pub ticket: Option<String>,
    pub pass: Option<String>,
}

impl Buyer {
    pub fn new(web: Web, person: &str, token: String) -> Buyer {
        Buyer { web, person: person.to_owned(), token, ticket: None, pass: None }
    }

    /// The same person on another device, which knows nothing of the first.
    pub fn other_device(&self) -> Buyer {
        Buyer { ticket: None, pass: None, ..self.clone() }
    }

    pub async fn sign_up(&self) -> Answer {
        self.web.send(&self.sign_up_request("110-000-000000")).await
    }

    pub fn sign_up_request(&self, account: &str) -> Request {
        let body = json!({"accepted_terms": true, "account": account});
        Request::new("POST", "/v1/people").bearer(&self.token).json(&body)
    }

    pub fn join_request(&self, round: &str) -> Request {
        let request = Request::new("POST", format!("/v1/rounds/{round}/tickets"));
        let request = request.bearer(&self.token);
        request.replaced("openrun-ticket", self.ticket.as_deref())
    }

    /// Joins the line, showing the ticket if there is one, and keeps ticket and pass.
    pub async fn join(&mut self, round: &str) -> Answer {
        let answer = self.web.send(&self.join_request(round)).await;
        self.keep(&answer);
        answer
    }

    /// Joins; as long as the answer is 503, asks again, as the contract says.
    pub async fn join_until_answered(&mut self, round: &str) -> Answer {
        for _ in 0..eventually::LOOKS {
            let answer = self.join(round).await;
            if answer.status != 503 {
                return answer;
            }
            eventually::pause().await;
        }
        panic!("{} could never join", self.person);
    }

    pub fn where_am_i_request(&self, round: &str) -> Request {
        self.at_place("GET", &format!("/v1/rounds/{round}/tickets/me"))
    }

    pub async fn where_am_i(&self, round: &str) -> Answer {
        self.web.send(&self.where_am_i_request(round)).await
    }

    pub async fn leave(&self, round: &str) -> Answer {
        self.web.send(&self.at_place("DELETE", &format!("/v1/rounds/{round}/tickets/me"))).await
    }

    pub async fn claim(&mut self, round: &str) -> Answer {
        let request = self.at_place("POST", &format!("/v1/rounds/{round}/passes"));
        let answer = self.web.send(&request).await;
        self.keep(&answer);
        answer
    }

    fn at_place(&self, method: &'static str, path: &str) -> Request {
        Request::new(method, path).replaced("openrun-ticket", self.ticket.as_deref())
    }

    fn keep(&mut self, answer: &Answer) {
        if (200..300).contains(&answer.status) {
            let body = answer.json();
            let text = |field: &str| body[field].as_str().map(str::to_owned);
            self.ticket = text("ticket").or(self.ticket.take());
            self.pass = text("pass").or(self.pass.take());
        }
    }

    /// Joins and waits for the right to buy.
    pub async fn get_pass(&mut self, round: &str) {
        let joined = self.join_until_answered(round).await;
        assert!(joined.status < 300, "{joined:?}");
        if joined.json()["pass"].is_null() {
            self.pass = None;
            self.await_turn(round).await;
        }
    }

    /// Claims until the turn has come.
    pub async fn await_turn(&mut self, round: &str) {
        let mut last = None;
        for _ in 0..eventually::LOOKS {
            let answer = self.claim(round).await;
            if answer.status == 200 && self.pass.is_some() {
                return;
            }
            last = Some(answer);
            eventually::pause().await;
        }
        panic!("{} never had a turn: {last:?}", self.person);
    }

    pub fn buy_request(&self, round: &str, key: &str, amount_won: i64) -> Request {
        let body = json!({"amount_won": amount_won, "payment": {"method": "account"}});
        let request = Request::new("POST", format!("/v1/rounds/{round}/purchases"));
        let request = request.bearer(&self.token).header("idempotency-key", key).json(&body);
        request.replaced("openrun-pass", self.pass.as_deref())
    }

    pub async fn buy(&self, round: &str, key: &str, amount_won: i64) -> Answer {
        self.web.send(&self.buy_request(round, key, amount_won)).await
    }

    /// Buys; as long as the answer is 503, asks again with the same key, as the contract says.
    pub async fn buy_until_answered(&self, round: &str, key: &str, amount_won: i64) -> Answer {
        let request = self.buy_request(round, key, amount_won);
        let mut last = None;
        for _ in 0..eventually::LOOKS {
            let answer = self.web.send(&request).await;
            if answer.status != 503 {
                return answer;
            }
            assert!(["unavailable", "overloaded"].contains(&answer.code().as_str()), "{answer:?}");
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            last = Some(answer);
            eventually::pause().await;
        }
        panic!("{} never had an answer: {last:?}", self.person);
    }

    /// Signs up, waits for the turn and buys: all must go well.
    pub async fn buy_through(&mut self, round: &str, key: &str, amount_won: i64) -> Answer {
        let signed_up = self.sign_up().await;
        assert!(signed_up.status < 300, "{signed_up:?}");
        self.get_pass(round).await;
        let mut bought = self.buy(round, key, amount_won).await;
        // Who was told to wait asks again, as the contract says; each time it waits for the rail.
        for _ in 0..10 {
            if bought.status != 202 {
                break;
            }
            eventually::pause().await;
            bought = self.buy(round, key, amount_won).await;
        }
        assert_eq!(bought.status, 201, "{bought:?}");
        bought
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.web.send(&Request::new("GET", path).bearer(&self.token)).await
    }

    /// All purchases of this person, newest first.
    pub async fn purchases(&self) -> Vec<serde_json::Value> {
        let answer = allowed(self.get("/v1/purchases?limit=100").await);
        answer["purchases"].as_array().cloned().unwrap_or_default()
    }

    /// What this person may still buy of the program.
    pub async fn limits(&self, program: &str) -> serde_json::Value {
        let answer = allowed(self.get("/v1/people/me/limits").await);
        let limits = answer["limits"].as_array().cloned().unwrap_or_default();
        let found = limits.into_iter().find(|limit| limit["program_id"] == program);
        found.unwrap_or_else(|| panic!("no limits of {program}"))
    }
}
