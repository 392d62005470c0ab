//! Names for the numbers that rows hold: made once per name and shared by all rows that bear it.
//!
//! A name is a slug whatever it names, so one table serves rounds, windows, programs and channels.
//! The writer needs none of this: numbers are looked up in the statement that writes.

use openrun_actors::store::StoreError;
use openrun_core::{ChannelId, ProgramId, RoundId, WindowId};
use std::collections::HashMap;
use tokio_postgres::Row;

/// The number of the people's stream, which no name has: those count from one.
pub(super) const PEOPLE: i64 = 0;
/// What to ask for all of them: a few per round, window, program and channel.
pub(super) const ALL: &str = "select id, text from name";

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

/// From number to name.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<i64, Name>);

impl Names {
    /// From the rows of [`ALL`]. What is no slug is left out: the rows that bear it will say so.
    pub(super) fn of(rows: &[Row]) -> Names {
        let named = rows.iter().map(|row| (row.get(0), Name::new(row.get(1))));
        Names(named.filter_map(|(number, name)| Some((number, name?))).collect())
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
        self.0.get(&number).ok_or_else(|| StoreError(format!("name {number} is missing")))
    }
}
