//! A sale as its callers see it: every refusal, every kind of bad input, and what must hold when
//! a thousand people act at once, hang up, retry, or a part of the server dies.
//!
//! Concurrency tests have a negative control: with the guard switched off the same check must find
//! a violation.

#[path = "../support/mod.rs"]
mod support;

mod board;
mod canary;
mod canary_panics;
mod canary_routes;
mod capacity;
mod claims;
mod console;
mod counter;
mod document;
mod doors;
mod draw;
mod draw_steps;
mod events;
mod expiry;
mod figures;
mod forgery;
mod forms;
mod hangups;
mod honesty;
mod import;
mod input;
mod joins;
mod ladder;
mod limits;
mod line;
mod money;
mod notices;
mod opening;
mod ops;
mod order;
mod pages;
mod panics;
mod pay_forms;
mod paybacks;
mod payment;
mod process;
mod rail;
mod rehearsal;
mod rejoin;
mod restarts;
mod retries;
mod rude;
mod settlement;
mod shell;
mod store;
mod versions;
mod voucher_doubts;
mod voucher_forms;
mod voucher_races;
mod voucher_rivals;
mod vouchers;
#[cfg(feature = "failpoints")]
mod walls;
