//! Rails that misbehave: what the adapters make of a bank that loses, lies, dawdles and dies.
//!
//! The bank is the built program (`openrun rail`) or, where it must be worse than any bank, a
//! socket that answers bytes. Whatever an adapter says is compared with the bank's own ledger.

#[path = "../support/mod.rs"]
mod support;

mod adapters;
mod dates;
mod faults;
mod late;
mod ledger;
mod news;
mod refunds;
mod rude;
mod toss;
