//! The stores: durable, ordered, append-only memory behind the port of `openrun_actors::store`.
//!
//! [`open`] turns the operator's `--store` into a store that is migrated and ready. What is wrong
//! with it is said here in one line with cause and cure. This module decides nothing about a sale
//! and keeps no state of one in memory.
//!
//! Reading order: what both stores do alike ([`shape`], [`chain`], [`sold`]), [`sqlite`] (the
//! embedded store), [`postgres`] (the store for production), [`witness`] (what notices that a store
//! was set back) and [`audit`] (the rules, asked of the store from outside).

pub mod audit;
pub mod chain;
mod open_error;
pub mod postgres;
pub mod shape;
pub mod sold;
pub mod sqlite;
pub mod witness;

#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sqlite_tests;

pub use open_error::OpenError;

use openrun_actors::store::Store;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands before the path of an embedded store.
const SQLITE_PREFIX: &str = "sqlite:";

/// Opens the store that `url` names. An embedded store is brought up to date and locked against a
/// second server; PostgreSQL gets its tables if it has none, and is refused if they are old: others
/// may be using them.
///
/// Being open is not yet being the owner: [`Store::take_over`] is.
///
/// # Errors
/// What is wrong with the store, and what to do about it.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    if postgres::is_url(url) {
        return Ok(Arc::new(postgres::PostgresStore::open(url).await?));
    }
    let path = sqlite_path(url)?;
    // Opening migrates and may recover a long write-ahead log: not on a thread that serves people.
    let opened = tokio::task::spawn_blocking(move || sqlite::SqliteStore::open(&path)).await;
    match opened {
        Ok(store) => Ok(Arc::new(store?)),
        Err(stopped) => Err(OpenError::Stopped(stopped.to_string())),
    }
}

/// Brings the tables of the store that `url` names up to date and closes it again: `openrun
/// migrate`, and a development server before it opens the store.
///
/// # Errors
/// What is wrong with the store, and what to do about it.
pub async fn migrate(url: &str) -> Result<(), OpenError> {
    if postgres::is_url(url) {
        return Ok(postgres::migrate(url).await?);
    }
    // Opening an embedded store is all that it takes.
    open(url).await.map(drop)
}

/// Whether `url` names a store, as far as it can tell by itself.
///
/// # Errors
/// What is wrong with it.
pub fn check_url(url: &str) -> Result<(), OpenError> {
    if postgres::is_url(url) {
        return Ok(postgres::check_url(url)?);
    }
    sqlite_path(url).map(drop)
}

/// The URL as it may be shown: without a password.
#[must_use]
pub fn shown(url: &str) -> String {
    if postgres::is_url(url) {
        return postgres::shown(url).unwrap_or_else(|_| without_credentials(url));
    }
    url.to_owned()
}

/// The path that a `sqlite:PATH` names.
///
/// # Errors
/// The text names no store that this program knows.
pub fn sqlite_path(url: &str) -> Result<PathBuf, OpenError> {
    match url.strip_prefix(SQLITE_PREFIX) {
        Some("") | None => Err(OpenError::UnknownKind { url: without_credentials(url) }),
        Some(path) => Ok(Path::new(path).to_path_buf()),
    }
}

/// The text up to where a password could stand, for an error that ends in a log.
fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…"),
        None => url.to_owned(),
    }
}
