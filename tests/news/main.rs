//! What the articles complained of, one test for each complaint that the engine answers: `cargo
//! test --test news` prints what this project is for.
//!
//! The number in a doc comment is that of the article, as in the list of facts. Rules of a sale and
//! concurrency are tested in `tests/sale`.

#[path = "../support/mod.rs"]
mod support;

mod buying;
#[cfg(feature = "failpoints")]
mod neighbours;
mod onnuri;
#[cfg(feature = "failpoints")]
mod pace;
mod paying;
mod regions;
mod rules;
mod signing_up;
mod waiting;
mod windows;
