//! The merchants that a server knows: replaced as a whole, read without waiting.

use super::{Index, Merchant, Page, Query};
use openrun_core::MerchantId;
use std::sync::{Arc, PoisonError, RwLock};

/// The newest list of merchants, shared by everybody who looks one up.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    newest: Arc<RwLock<Arc<Index>>>,
}

impl Directory {
    /// Of these merchants.
    #[must_use]
    pub fn of(merchants: Vec<Merchant>) -> Directory {
        Directory { newest: Arc::new(RwLock::new(Arc::new(Index::of(merchants)))) }
    }

    /// The merchants that `query` looks for, in the order of their names.
    #[must_use]
    pub fn search(&self, query: &Query) -> Page {
        self.newest().search(query)
    }

    /// The merchant of this id, if it takes vouchers now.
    #[must_use]
    pub fn find(&self, id: &MerchantId) -> Option<Arc<Merchant>> {
        self.newest().find(id)
    }

    /// How many merchants there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.newest().len()
    }

    /// Puts another list in the place of the one that is there. Searches under way end with the
    /// old one.
    pub fn replace(&self, index: Index) {
        metrics::gauge!("openrun_merchants").set(index.len() as f64);
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *newest, Arc::new(index));
        drop(newest);
        // Freeing a long list takes a while: outside of the lock.
        drop(old);
    }

    fn newest(&self) -> Arc<Index> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }
}
