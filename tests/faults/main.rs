//! What the world does to a sale, done on purpose: a PostgreSQL that is slow, cut off, killed,
//! full, restored or newer than the program, and the tools that do it.
//!
//! Each test names the failure mode that it shows (F…). What must hold is asked through public
//! doors: answers, `openrun audit`, exit codes.
//!
//! `OPENRUN_LONG=1`: the loops that are short here, at full length.

#[path = "../support/mod.rs"]
mod support;

mod crowd;

mod cancels;
mod crashes;
mod cuts;
mod full;
mod hasty;
mod owners;
mod proxy;
mod restore;
mod server;
mod stalls;
mod versions;
