//! Short numbers for names: the writer's side gives them out, the readers' side turns them back.
//!
//! A name is a slug whatever it names, so one table serves rounds, windows, programs and channels.

use openrun_actors::store::StoreError;
use openrun_core::{ChannelId, ProgramId, RoundId, WindowId};
use rusqlite::Connection;
use std::collections::HashMap;

/// The number of the people's stream, which no name has: those count from one.
pub(super) const PEOPLE: i64 = 0;

/// The writer's side: from name to number. True to the table because there is one writer.
#[derive(Debug, Default)]
pub(super) struct NumberOfName {
    numbers: HashMap<Box<str>, i64>,
    /// Given out in the transaction that is open: to be forgotten if it is rolled back.
    fresh: Vec<Box<str>>,
}

impl NumberOfName {
    /// All that the table has.
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<NumberOfName> {
        let mut statement = connection.prepare("select text, id from name")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(NumberOfName { numbers: rows.collect::<rusqlite::Result<_>>()?, fresh: Vec::new() })
    }

    /// The number of a name; a new name is added in the transaction that is open.
    pub(super) fn number(&mut self, connection: &Connection, text: &str) -> rusqlite::Result<i64> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        connection.prepare_cached("insert into name (text) values (?1)")?.execute([text])?;
        let number = connection.last_insert_rowid();
        self.numbers.insert(text.into(), number);
        self.fresh.push(text.into());
        Ok(number)
    }

    /// The number of a name that has one.
    pub(super) fn find(&self, text: &str) -> Option<i64> {
        self.numbers.get(text).copied()
    }

    /// The transaction was committed.
    pub(super) fn keep(&mut self) {
        self.fresh.clear();
    }

    /// The transaction was rolled back.
    pub(super) fn forget(&mut self) {
        for text in self.fresh.drain(..) {
            self.numbers.remove(&text);
        }
    }
}

/// One name in each of the types that it may have.
#[derive(Debug, Clone)]
struct Name {
    round: RoundId,
    window: WindowId,
    program: ProgramId,
    channel: ChannelId,
}

impl Name {
    fn new(text: &str) -> Option<Name> {
        Some(Name {
            round: RoundId::new(text)?,
            window: WindowId::new(text)?,
            program: ProgramId::new(text)?,
            channel: ChannelId::new(text)?,
        })
    }
}

/// Largest number of a name: a thousand rounds have four thousand names. A greater one is damage.
const NAMES_MAX: usize = 1 << 20;

/// A reader's side: from number to name, made once per name and shared by all rows that bear it.
#[derive(Debug, Default)]
pub(super) struct NameOfNumber {
    /// By number; numbers are given from 1 on without a gap.
    names: Vec<Option<Name>>,
    newest: i64,
}

impl NameOfNumber {
    /// Reads what was added since the last time.
    pub(super) fn refresh(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let added = "select id, text from name where id > ?1 order by id";
        let mut statement = connection.prepare_cached(added).map_err(said)?;
        let mut rows = statement.query([self.newest]).map_err(said)?;
        while let Some(row) = rows.next().map_err(said)? {
            let number: i64 = row.get(0).map_err(said)?;
            let text = row.get_ref(1).map_err(said)?.as_str().unwrap_or_default();
            let name = Name::new(text)
                .ok_or_else(|| StoreError(format!("name {number} is damaged: not a slug")))?;
            let index = usize::try_from(number)
                .ok()
                .filter(|index| *index <= NAMES_MAX)
                .ok_or_else(|| StoreError(format!("name {number} is damaged: out of bounds")))?;
            self.names.resize(self.names.len().max(index + 1), None);
            self.names[index] = Some(name);
            self.newest = number;
        }
        Ok(())
    }

    pub(super) fn round(&self, number: i64) -> Result<RoundId, StoreError> {
        self.find(number).map(|name| name.round.clone())
    }

    pub(super) fn window(&self, number: i64) -> Result<WindowId, StoreError> {
        self.find(number).map(|name| name.window.clone())
    }

    pub(super) fn program(&self, number: i64) -> Result<ProgramId, StoreError> {
        self.find(number).map(|name| name.program.clone())
    }

    pub(super) fn channel(&self, number: i64) -> Result<ChannelId, StoreError> {
        self.find(number).map(|name| name.channel.clone())
    }

    fn find(&self, number: i64) -> Result<&Name, StoreError> {
        let index = usize::try_from(number).ok();
        let name = index.and_then(|index| self.names.get(index)?.as_ref());
        name.ok_or_else(|| StoreError(format!("name {number} is missing")))
    }
}

/// An error of SQLite in the words of the port.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn said(cause: rusqlite::Error) -> StoreError {
    StoreError(cause.to_string())
}
