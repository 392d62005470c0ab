//! The edge over HTTP: two listeners, one route table, one error table, one file per noun.
//!
//! A handler extracts, authorises, acts, answers. It decides nothing about a sale: the engine does.
//! It holds no state between requests, takes no lock, and never calls a mailbox where a shared
//! snapshot will do. Reading order follows a request: the listeners ([`server`]), the route table
//! ([`router`]), what a request shows ([`call`]), the nouns, and how it is answered ([`reply`],
//! [`problem`]).

pub mod api;
pub mod body;
pub mod call;
pub mod edge;
pub mod pattern;
pub mod router;
pub mod server;
pub mod terms;

pub mod admin;
mod announcements;
pub mod board;
pub mod docs;
mod draws;
pub mod events;
pub mod health;
pub mod honesty;
pub mod outcome;
pub mod pages;
pub mod people;
pub mod programs;
pub mod purchases;
mod rail;
pub mod rounds;
pub mod tickets;
pub mod watermark;

pub mod language;
pub mod meter;
pub mod openapi;
pub mod problem;
pub mod problem_table;
pub mod reply;
pub mod time;
mod version;
pub mod words;

#[cfg(test)]
mod tests;

pub use openapi::{openapi, ops_openapi};
pub use server::{Server, ServerOptions, start};
