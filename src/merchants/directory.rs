//! The merchants that a server knows: replaced as a whole, read without waiting.

use super::{Index, Merchant, Page, Query};
use openrun_core::MerchantId;
use std::sync::{Arc, PoisonError, RwLock};

/// The newest list of merchants, shared by everybody who looks one up.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    newest: Arc<RwLock<Arc<Index>>>,
    problem: Arc<RwLock<Option<String>>>,
}

impl Directory {
    /// Of these merchants.
    #[must_use]
    pub fn of(merchants: Vec<Merchant>) -> Directory {
        let newest = Arc::new(RwLock::new(Arc::new(Index::of(merchants))));
        Directory { newest, problem: Arc::default() }
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

    /// Why this is not the whole list of the store, if it is not.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.problem.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_problem(&self, problem: Option<String>) {
        *self.problem.write().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    fn newest(&self) -> Arc<Index> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }
}
