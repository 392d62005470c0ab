//! The list of merchants in a store: read as a whole, brought up to date in parts.
//!
//! Not part of the port of the actors: no decision about a sale waits for it, and it is no history.
//! Importing works beside a running server, whichever store it is.

use super::OpenError;
use super::postgres::{self, PostgresMerchants};
use super::sqlite::{SqliteMerchants, SqliteStore};
use crate::merchants::{MERCHANTS_MAX, Merchant};
use async_trait::async_trait;
use openrun_actors::store::StoreError;
use std::sync::Arc;

/// Merchants of one import that are written together: a few milliseconds, so that the commits of a
/// sale on the same file wait no longer than for each other.
pub const IMPORTED_AT_ONCE: usize = 500;

/// Merchants that are read at most: one more than fit, which says that there are more.
pub(super) const READ_MAX: usize = MERCHANTS_MAX + 1;

/// The merchants that a store has.
#[async_trait]
pub trait MerchantRows: Send + Sync {
    /// Grows with every change of the list.
    async fn version(&self) -> Result<u64, StoreError>;

    /// How many there are.
    async fn count(&self) -> Result<u64, StoreError>;

    /// All of them in the order of their ids, and the version that they are of. Of more than
    /// [`MERCHANTS_MAX`] only one more than that: nobody reads a list without an end.
    async fn all(&self) -> Result<(u64, Vec<Merchant>), StoreError>;

    /// Adds merchants, or changes those that are there to what is said now. All of these or none,
    /// [`IMPORTED_AT_ONCE`] at most; whoever does it again changes nothing. Answers how many were
    /// new or other than before.
    async fn import(&self, merchants: Vec<Merchant>) -> Result<u64, StoreError>;
}

/// A list that nobody is on and nobody can be added to: beside a store that keeps none.
#[derive(Debug, Clone, Copy)]
pub struct NoMerchants;

#[async_trait]
impl MerchantRows for NoMerchants {
    async fn version(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn all(&self) -> Result<(u64, Vec<Merchant>), StoreError> {
        Ok((0, Vec::new()))
    }

    async fn import(&self, _: Vec<Merchant>) -> Result<u64, StoreError> {
        Err(StoreError("this store keeps no merchants".to_owned()))
    }
}

/// The merchants of the store that `url` names, which must be there: a server has it open.
///
/// # Errors
/// What is wrong with the store, and what to do about it.
pub fn merchants_of(url: &str) -> Result<Arc<dyn MerchantRows>, OpenError> {
    if postgres::is_url(url) {
        return Ok(Arc::new(PostgresMerchants::new(url)?));
    }
    Ok(Arc::new(SqliteMerchants::new(&super::sqlite_path(url)?)))
}

/// The same for a program that serves nobody: a store that is not there is made, and one that is
/// old is brought up to date, unless a server is using it.
///
/// # Errors
/// What is wrong with the store, and what to do about it.
pub async fn open_merchants(url: &str) -> Result<Arc<dyn MerchantRows>, OpenError> {
    if postgres::is_url(url) {
        postgres::make_if_empty(url).await?;
        return merchants_of(url);
    }
    let path = super::sqlite_path(url)?;
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&path).map(drop)).await;
    match opened.map_err(|stopped| OpenError::Stopped(stopped.to_string()))? {
        // A server that is running has brought it up to date.
        Ok(()) | Err(OpenError::InUse { .. }) => merchants_of(url),
        Err(fault) => Err(fault),
    }
}
