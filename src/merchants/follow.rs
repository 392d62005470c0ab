//! Keeping the merchants of a server as those of the store: read at the start, and again whenever
//! the list has changed.
//!
//! A list that cannot be read leaves the one that is there in force, and is tried again; of one
//! that is too long as much is known as fits. Neither keeps a server from selling: `/readyz` tells
//! it. Reading and making the index happen beside everything else.

use super::{Directory, Index, MERCHANTS_MAX, Merchant, samples};
use crate::store::MerchantRows;
use openrun_actors::store::StoreError;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How often the version of the list is asked for: who imports waits no minute for it.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// The same in development, where somebody has just added a program and wants to pay with it.
const LOOK_EVERY_IN_DEVELOPMENT: Duration = Duration::from_secs(1);

/// How often a list is tried that could not be read: nobody can be paid meanwhile who is new on it.
const TRY_EVERY: Duration = Duration::from_secs(1);

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
pub async fn follow(rows: Arc<dyn MerchantRows>, regions: Option<Regions>) -> Followed {
    let pause = if regions.is_some() { LOOK_EVERY_IN_DEVELOPMENT } else { LOOK_EVERY };
    follow_every(pause, MERCHANTS_MAX, rows, regions).await
}

pub(super) async fn follow_every(
    pause: Duration,
    most: usize,
    rows: Arc<dyn MerchantRows>,
    regions: Option<Regions>,
) -> Followed {
    let directory = Directory::default();
    let (of_follower, version, samples_of) = (directory.clone(), None, None);
    let mut follower =
        Follower { rows, regions, directory: of_follower, most, version, samples_of };
    let mut is_read = follower.look_and_tell().await;
    let task = tokio::spawn(async move {
        loop {
            tokio::time::sleep(if is_read { pause } else { pause.min(TRY_EVERY) }).await;
            is_read = follower.look_and_tell().await;
        }
    });
    Followed { directory, task }
}

struct Follower {
    rows: Arc<dyn MerchantRows>,
    regions: Option<Regions>,
    directory: Directory,
    /// Merchants that fit.
    most: usize,
    /// That of the list which was read last.
    version: Option<u64>,
    /// The regions that there are samples of, while the store has no merchants.
    samples_of: Option<BTreeSet<String>>,
}

impl Follower {
    /// Whether the list could be read.
    async fn look_and_tell(&mut self) -> bool {
        let Err(cause) = self.look().await else { return true };
        tracing::error!(%cause, "the list of merchants cannot be read; the old one stands");
        self.directory.set_problem(Some("the list of merchants cannot be read".to_owned()));
        // It is the same list again, or a newer one: what is wrong with it is found out anew.
        self.version = None;
        false
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let version = self.rows.version().await?;
        if self.version != Some(version) {
            let (version, mut merchants) = self.rows.all().await?;
            let problem = (merchants.len() > self.most).then(|| {
                format!("more than {} merchants: only the first are known, by id", self.most)
            });
            if let Some(problem) = &problem {
                tracing::error!(problem, "the list of merchants is too long");
                merchants.truncate(self.most);
            }
            let count = merchants.len();
            // Without merchants there may be samples, which are made below.
            self.samples_of = (count == 0 && self.regions.is_some()).then(BTreeSet::new);
            self.put(merchants).await?;
            self.version = Some(version);
            self.directory.set_problem(problem);
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
