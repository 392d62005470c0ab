//! From a row to its event: the other half of `insert`, column by column in the order of the
//! queries here.
//!
//! A row that cannot be read is an error that names the table and the column, never a guess.

use super::names::{NameOfNumber, said};
use openrun_actors::store::StoreError;
use openrun_core::purchase::{PassId, PurchaseState};
use openrun_core::round_spec::LineId;
use openrun_core::{
    Event, IdempotencyKey, Month, PersonKey, Purchase, PurchaseId, RoundId, StoredEvent, Timestamp,
    Won,
};
use rusqlite::Row;

/// The columns of the journal, in the order in which they are read here.
pub(super) const JOURNAL_COLUMNS: &str = "seq, at, body";
/// The columns of a ticket.
pub(super) const TICKET_COLUMNS: &str = "seq, at, line, number, person, dead_up_to";
/// The columns of the end of a place.
pub(super) const PLACE_END_COLUMNS: &str = "seq, at, line, number, person";
/// The columns of a claim.
pub(super) const CLAIM_COLUMNS: &str = "seq, at, line, number, person, expires_at";
/// The columns of a purchase.
pub(super) const PURCHASE_COLUMNS: &str = "seq, at, round_id, id, window_id, program_id, person, \
    channel_id, amount, price, subsidy, month, line, number, idempotency_key, digest, decided_at, \
    left_after, used_after, monthly_limit, state";
/// The columns of a refusal.
pub(super) const REFUSAL_COLUMNS: &str = "seq, at, idempotency_key, digest, body";

/// A row under decoding.
pub(super) struct Columns<'r> {
    table: &'static str,
    row: &'r Row<'r>,
}

impl<'r> Columns<'r> {
    pub(super) fn new(table: &'static str, row: &'r Row<'r>) -> Columns<'r> {
        Columns { table, row }
    }

    fn integer(&self, column: usize) -> Result<i64, StoreError> {
        self.row.get_ref(column).map_err(said)?.as_i64().map_err(|_| self.damaged(column))
    }

    fn count(&self, column: usize) -> Result<u64, StoreError> {
        u64::try_from(self.integer(column)?).map_err(|_| self.damaged(column))
    }

    fn text(&self, column: usize) -> Result<&'r str, StoreError> {
        self.row.get_ref(column).map_err(said)?.as_str().map_err(|_| self.damaged(column))
    }

    fn bytes<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError> {
        let blob = self.row.get_ref(column).map_err(said)?.as_blob();
        blob.ok().and_then(|blob| blob.try_into().ok()).ok_or_else(|| self.damaged(column))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        serde_json::from_str(self.text(column)?).map_err(|_| self.damaged(column))
    }

    pub(super) fn person(&self, column: usize) -> Result<PersonKey, StoreError> {
        self.bytes(column).map(PersonKey)
    }

    fn line(&self, column: usize) -> Result<LineId, StoreError> {
        u8::try_from(self.integer(column)?).map(LineId).map_err(|_| self.damaged(column))
    }

    fn key(&self, column: usize) -> Result<IdempotencyKey, StoreError> {
        IdempotencyKey::new(self.text(column)?).ok_or_else(|| self.damaged(column))
    }

    fn won(&self, column: usize) -> Result<Won, StoreError> {
        self.integer(column).map(Won)
    }

    fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        self.integer(column).map(Timestamp)
    }

    /// Every row read for events begins with its place in the order.
    fn stored(&self, event: Event) -> Result<StoredEvent, StoreError> {
        Ok(StoredEvent { seq: self.count(0)?, at: self.time(1)?, event })
    }

    fn damaged(&self, column: usize) -> StoreError {
        let name = self.row.as_ref().column_name(column).unwrap_or("?");
        StoreError(format!("a row of {} is damaged in column {name}", self.table))
    }
}

pub(super) fn journal(row: &Row<'_>) -> Result<StoredEvent, StoreError> {
    let columns = Columns::new("journal", row);
    columns.stored(columns.json(2)?)
}

pub(super) fn ticket(row: &Row<'_>, round: &RoundId) -> Result<StoredEvent, StoreError> {
    let columns = Columns::new("ticket", row);
    columns.stored(Event::Joined {
        round: round.clone(),
        line: columns.line(2)?,
        number: columns.count(3)?,
        person: columns.person(4)?,
        dead_up_to: columns.count(5)?,
    })
}

pub(super) fn place_end(row: &Row<'_>, round: &RoundId) -> Result<StoredEvent, StoreError> {
    let columns = Columns::new("place_end", row);
    columns.stored(Event::Left {
        round: round.clone(),
        line: columns.line(2)?,
        number: columns.count(3)?,
        person: columns.person(4)?,
    })
}

pub(super) fn claim(row: &Row<'_>, round: &RoundId) -> Result<StoredEvent, StoreError> {
    let columns = Columns::new("claim", row);
    columns.stored(Event::Claimed {
        round: round.clone(),
        line: columns.line(2)?,
        number: columns.count(3)?,
        person: columns.person(4)?,
        expires_at: columns.time(5)?,
    })
}

pub(super) fn issued(row: &Row<'_>, names: &NameOfNumber) -> Result<StoredEvent, StoreError> {
    let purchase = purchase(row, names)?;
    Columns::new("purchase", row).stored(Event::Issued { purchase })
}

pub(super) fn purchase(row: &Row<'_>, names: &NameOfNumber) -> Result<Purchase, StoreError> {
    let columns = Columns::new("purchase", row);
    let month = i32::try_from(columns.integer(11)?).map_err(|_| columns.damaged(11))?;
    Ok(Purchase {
        round: names.round(columns.integer(2)?)?,
        id: PurchaseId(u128::from_be_bytes(columns.bytes(3)?)),
        window: names.window(columns.integer(4)?)?,
        program: names.program(columns.integer(5)?)?,
        person: columns.person(6)?,
        channel: names.channel(columns.integer(7)?)?,
        amount: columns.won(8)?,
        price: columns.won(9)?,
        subsidy: columns.won(10)?,
        month: Month::from_number(month),
        pass: PassId { line: columns.line(12)?, number: columns.count(13)? },
        key: columns.key(14)?,
        digest: columns.bytes(15)?,
        at: columns.time(16)?,
        left_after: columns.won(17)?,
        used_after: columns.won(18)?,
        monthly_limit: columns.won(19)?,
        state: state(columns.text(20)?).ok_or_else(|| columns.damaged(20))?,
    })
}

pub(super) fn refused(row: &Row<'_>, person: PersonKey) -> Result<StoredEvent, StoreError> {
    let columns = Columns::new("refusal", row);
    columns.stored(Event::Refused {
        person,
        key: columns.key(2)?,
        digest: columns.bytes(3)?,
        refusal: columns.json(4)?,
    })
}

fn state(word: &str) -> Option<PurchaseState> {
    use PurchaseState::{Cancelled, Held, Issued, Paying, Voided};
    [Held, Paying, Issued, Voided, Cancelled].into_iter().find(|state| state.word() == word)
}
