//! Kill -9 in the middle of a sale, again and again: what was answered stays true.
//!
//! The built program serves a sale on a store of either kind (`OPENRUN_TEST_STORE`); virtual people
//! write down everything that they were answered; the process is killed at random moments and
//! started again on the same store and ports. After each restart the audit is clean, and what
//! people hold is compared with what the store and the server say. The comparison is a pure
//! function ([`check`]) that is itself shown to fail. Beside it: every way in which the program
//! ends or refuses to start.
//!
//! Kills processes, not machines: what a lost power supply does to a disk is not shown here.
//!
//! Most of the kills happen to a sale that pays through the sandbox rail in mixed modes, which is
//! killed as well; in the end its ledger and the vouchers say the same. [`controls`] are the same
//! sales with a guard off: they must be found out.
//!
//! `OPENRUN_LONG=1`: 500 kills instead of 50, and a million people who wait ([`recovery`]).
//! `OPENRUN_SEED=N`: other moments, other people.

#[path = "../support/mod.rs"]
mod support;

mod chance;
mod check;
mod clients;
mod controls;
mod ends;
mod honour;
mod house;
mod keys;
mod kill;
mod ledger;
mod moves;
mod paid;
mod paybacks;
mod paying;
mod people;
mod recovery;
mod spending;
mod stored;
mod wire;
