//! Where the rules are asked: one snapshot of one store, whatever its kind. A store that is to be
//! audited answers these questions; what follows from the answers is decided outside.
//!
//! Blocks. Nothing here writes.

use openrun_core::{StoredEvent, StreamId};

/// A rule that only one kind of store can be asked: its name and its query, which finds nothing on
/// a healthy store.
pub type OwnRule = (&'static str, &'static str);

/// What a query found, in words. No query of the audit asks for a person, an id or a hash, and a
/// store does not put bytes into words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// How many rows.
    pub count: u64,
    /// The first of them: each column with its value, if it has one.
    pub first: Vec<Vec<(String, Option<String>)>>,
}

/// Where a stream stands, as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRow {
    /// Its number in the store.
    pub number: i64,
    /// Whose it is; nothing when the number has no name.
    pub stream: Option<StreamId>,
    /// The sequence number of the next event.
    pub next_seq: u64,
    /// The hash after the last batch; nothing when it is not one.
    pub hash: Option<[u8; 32]>,
}

/// A row of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchRow {
    /// The sequence number of its first event.
    pub first_seq: u64,
    /// How many events.
    pub count: u64,
    /// Under which epoch it was written.
    pub epoch: u64,
    /// The hash after it; nothing when it is not one.
    pub hash: Option<[u8; 32]>,
}

/// One row of the journal of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A batch. Comes before the event of the same place.
    Batch(BatchRow),
    /// An event.
    Event(StoredEvent),
    /// A row that cannot be read as an event.
    Damaged {
        /// Its place.
        seq: u64,
        /// What is wrong with it.
        problem: String,
    },
}

/// A store under audit, as it stood at one moment.
pub trait Examined {
    /// The rules that only this kind of store can be asked.
    fn own_rules(&self) -> &'static [OwnRule];

    /// Asks a query, and tells at most `told` of its rows.
    ///
    /// # Errors
    /// What the store said.
    fn ask(&mut self, sql: &str, told: usize) -> Result<Found, String>;

    /// Where each stream stands.
    ///
    /// # Errors
    /// What the store said.
    fn streams(&mut self) -> Result<Vec<StreamRow>, String>;

    /// Hands out every row of every stream, with the number of its stream, in the order of stream
    /// and place. Keeps no more of them in memory than it must.
    ///
    /// # Errors
    /// What the store said. A row that cannot be read is a [`Piece::Damaged`].
    fn replay(&mut self, each: &mut dyn FnMut(i64, Piece)) -> Result<(), String>;
}
