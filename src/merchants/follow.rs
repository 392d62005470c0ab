//! Keeping the merchants of a server as those of the store: read at the start, and again whenever
//! the list has changed.
//!
//! A list that cannot be read leaves the one that is there in force, and is tried again. Reading
//! and making the index happen beside everything else.

use super::{Directory, Index, Merchant, samples};
use crate::store::MerchantRows;
use openrun_actors::store::StoreError;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How often the version of the list is asked for: who imports waits no minute for it.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// The same in development, where somebody has just added a program and wants to pay with it.
const LOOK_EVERY_IN_DEVELOPMENT: Duration = Duration::from_secs(1);

/// The regions that sample merchants are wanted in; none outside of development.
pub type Regions = Box<dyn Fn() -> BTreeSet<String> + Send + Sync>;

/// A list that is followed, until this is dropped.
#[derive(Debug)]
pub struct Followed {
    /// The merchants, always the newest that could be read.
    pub directory: Directory,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads the list once, and follows it. `regions` is asked in development: while the store has no
/// merchants, a few are made up for each of them.
///
/// # Errors
/// The list cannot be read.
pub async fn follow(
    rows: Arc<dyn MerchantRows>,
    regions: Option<Regions>,
) -> Result<Followed, StoreError> {
    let pause = if regions.is_some() { LOOK_EVERY_IN_DEVELOPMENT } else { LOOK_EVERY };
    follow_every(pause, rows, regions).await
}

pub(super) async fn follow_every(
    pause: Duration,
    rows: Arc<dyn MerchantRows>,
    regions: Option<Regions>,
) -> Result<Followed, StoreError> {
    let directory = Directory::default();
    let mut follower =
        Follower { rows, regions, directory: directory.clone(), version: None, samples_of: None };
    follower.look().await?;
    let task = tokio::spawn(async move {
        loop {
            tokio::time::sleep(pause).await;
            if let Err(cause) = follower.look().await {
                tracing::warn!(%cause, "the list of merchants cannot be read; the old one stands");
            }
        }
    });
    Ok(Followed { directory, task })
}

struct Follower {
    rows: Arc<dyn MerchantRows>,
    regions: Option<Regions>,
    directory: Directory,
    /// That of the list which was read last.
    version: Option<u64>,
    /// The regions that there are samples of, while the store has no merchants.
    samples_of: Option<BTreeSet<String>>,
}

impl Follower {
    async fn look(&mut self) -> Result<(), StoreError> {
        let version = self.rows.version().await?;
        if self.version != Some(version) {
            let (version, merchants) = self.rows.all().await?;
            let count = merchants.len();
            // Without merchants there may be samples, which are made below.
            self.samples_of = (count == 0 && self.regions.is_some()).then(BTreeSet::new);
            self.put(merchants).await?;
            self.version = Some(version);
            tracing::info!(version, count, "read the list of merchants");
        }
        let (Some(regions), Some(samples_of)) = (&self.regions, &self.samples_of) else {
            return Ok(());
        };
        let wanted = regions();
        if wanted != *samples_of {
            self.put(samples::of(&wanted)).await?;
            self.samples_of = Some(wanted);
        }
        Ok(())
    }

    async fn put(&self, merchants: Vec<Merchant>) -> Result<(), StoreError> {
        let made = tokio::task::spawn_blocking(move || Index::of(merchants)).await;
        let index = made.map_err(|cause| StoreError(format!("no index was made: {cause}")))?;
        self.directory.replace(index);
        Ok(())
    }
}
