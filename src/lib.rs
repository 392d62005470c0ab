//! openrun: a sale engine. Limited stock, a rush of people, a provable order, nothing lost.
//!
//! This package is the edge: everything that may fail because of the world. Decisions are made in
//! `openrun-core`, which knows no IO, and stood in line for in `openrun-actors`, which knows no
//! HTTP and no SQL.
//!
//! ```text
//!   cli ──> config ──> app ──┬──> trust       keys, tokens, tickets, passes
//!                            ├──> store       durable memory
//!                            ├──> Engine      (openrun-actors)
//!                            ├──> http        two listeners
//!                            ├──> merchants   who takes vouchers, found by their name
//!                            ├──> people      who signed up elsewhere, as a file
//!                            ├──> rail        payments; and a bank to try them with
//!                            └──> telemetry   metrics, log
//!   rehearse ···· over sockets ····> http
//!   capacity ···· over sockets ····> http    is this machine enough?
//!   sim ····· the core alone, under virtual time
//! ```
//!
//! Reading order: what can be set ([`config`]), what is believed ([`trust`]), what is kept
//! ([`store`]), who is paid with vouchers ([`merchants`]), who moves the money ([`rail`]), what is
//! answered ([`http`]), how it is tried ([`rehearse`], [`sim`]) and measured ([`capacity`]), how it
//! is watched ([`telemetry`]), how it is put together ([`app`]) and called ([`cli`]).

pub mod app;
pub mod capacity;
pub mod cli;
pub mod config;
mod expiry;
pub mod http;
pub mod merchants;
pub mod people;
pub mod rail;
pub mod rehearse;
pub mod sim;
pub mod store;
pub mod telemetry;
pub mod trust;
