//! Tests that span machines: a whole sale, its replay from the journal, and the stored form of
//! every event.

mod crowd;
mod draw;
mod holds;
mod journal;
mod sale;
pub mod samples;
mod vouchers;
