//! The virtual people of a measurement, as the generator of load knows them: their tokens, and what
//! the server gave them.

use crate::rehearse::Tokens;
use anyhow::ensure;
use std::sync::OnceLock;

/// Tickets that are kept of those who only wait, for looks: of the first alone, so that they are no
/// part of what later ones take in memory.
const KEPT: usize = 2_000;
/// The channel that they come through.
pub(super) const CHANNEL: &str = "seoul-pay";
/// When they were born.
const BIRTHDATE: &str = "1990-12-31";

/// One of them.
#[derive(Debug, Default)]
struct Person {
    token: String,
    /// In the line that nobody gets through.
    waiting: OnceLock<Box<str>>,
    /// In the line of the sale.
    ticket: OnceLock<Box<str>>,
    pass: OnceLock<Box<str>>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct People(Vec<Person>);

impl People {
    /// So many people with a token each.
    ///
    /// # Errors
    /// A token cannot be made.
    pub(super) fn new(count: usize, tokens: &dyn Tokens) -> anyhow::Result<People> {
        let one = |number: usize| {
            let token = tokens.person(&format!("capacity-{number}"), CHANNEL, BIRTHDATE);
            ensure!(!token.is_empty(), "no token can be made for the channel {CHANNEL}");
            Ok(Person { token, ..Person::default() })
        };
        (0..count).map(one).collect::<anyhow::Result<_>>().map(People)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn token(&self, number: usize) -> &str {
        &self.0[number].token
    }

    /// The ticket of who only waits; nothing of most.
    pub(super) fn waiting(&self, number: usize) -> &str {
        said(&self.0[number].waiting)
    }

    pub(super) fn ticket(&self, number: usize) -> &str {
        said(&self.0[number].ticket)
    }

    pub(super) fn pass(&self, number: usize) -> &str {
        said(&self.0[number].pass)
    }

    pub(super) fn keep_waiting(&self, number: usize, ticket: &str) {
        if number < KEPT {
            let _ = self.0[number].waiting.set(ticket.into());
        }
    }

    pub(super) fn keep_ticket(&self, number: usize, ticket: &str) {
        let _ = self.0[number].ticket.set(ticket.into());
    }

    pub(super) fn keep_pass(&self, number: usize, pass: &str) {
        let _ = self.0[number].pass.set(pass.into());
    }

    /// Those who have a ticket of the line that nobody gets through.
    pub(super) fn who_wait(&self) -> Vec<usize> {
        self.those(|person| person.waiting.get().is_some())
    }

    /// Those who have a ticket of the sale and no pass.
    pub(super) fn who_may_claim(&self) -> Vec<usize> {
        self.those(|person| person.ticket.get().is_some() && person.pass.get().is_none())
    }

    /// Those who have a pass.
    pub(super) fn who_may_buy(&self) -> Vec<usize> {
        self.those(|person| person.pass.get().is_some())
    }

    fn those(&self, are: impl Fn(&Person) -> bool) -> Vec<usize> {
        (0..self.0.len()).filter(|number| are(&self.0[*number])).collect()
    }

    /// What is kept here of the sale, in bytes: it is in the memory of this process, and is none of
    /// the server's.
    pub(super) fn kept_bytes(&self) -> f64 {
        let kept = |person: &Person| said(&person.ticket).len() + said(&person.pass).len();
        self.0.iter().map(kept).sum::<usize>() as f64
    }
}

fn said(text: &OnceLock<Box<str>>) -> &str {
    text.get().map_or("", |text| text)
}
