//! From a row to its event: the other half of `rows`, column by column in the order of the queries
//! here.
//!
//! A row that cannot be read is an error that names the table and the column, never a guess.

use super::names::Names;
use super::packed::Packed;
use crate::store::voucher_row::VoucherRow;
use openrun_actors::store::StoreError;
use openrun_core::purchase::{PassId, PurchaseState};
use openrun_core::round_spec::LineId;
use openrun_core::settlement::Sold;
use openrun_core::time::Date;
use openrun_core::{
    Event, IdempotencyKey, MerchantId, Month, PersonKey, Purchase, PurchaseId, StoredEvent,
    Timestamp, Won,
};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// A table of events: its columns in the order in which they are read here, and how a row becomes
/// its event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static str,
    decode: fn(&Columns<'_>, &Names) -> Result<StoredEvent, StoreError>,
}

impl Table {
    /// The event of a row, wherever it comes from.
    pub(super) fn event(&self, row: Source<'_>, names: &Names) -> Result<StoredEvent, StoreError> {
        (self.decode)(&Columns { table: self.name, row }, names)
    }
}

pub(super) const JOURNAL: Table =
    Table { name: "journal", columns: "seq, at, body::text", decode: journal };
/// Its stream is the people's.
pub(super) const PERSON: Table =
    Table { name: "person", columns: "seq, at, person, channel_id", decode: signed_up };
pub(super) const TICKET: Table = Table {
    name: "ticket",
    columns: "seq, at, round_id, line, number, person, dead_up_to",
    decode: ticket,
};
pub(super) const PLACE_END: Table = Table {
    name: "place_end",
    columns: "seq, at, round_id, line, number, person",
    decode: place_end,
};
pub(super) const CLAIM: Table = Table {
    name: "claim",
    columns: "seq, at, round_id, line, number, person, expires_at",
    decode: claim,
};
/// The columns of a purchase, and until when its pass is good.
pub(super) const HOLD: Table = Table {
    name: "hold",
    columns: "seq, at, round_id, id, window_id, program_id, person, channel_id, amount, price, \
        subsidy, month, line, number, idempotency_key, digest, decided_at, left_after, used_after, \
        monthly_limit, pass_expires_at",
    decode: held,
};
pub(super) const PAYMENT_STEP: Table =
    Table { name: "payment_step", columns: "seq, at, body::text", decode: payment_step };
pub(super) const PURCHASE: Table = Table {
    name: "purchase",
    columns: "seq, at, round_id, id, window_id, program_id, person, channel_id, amount, price, \
        subsidy, month, line, number, idempotency_key, digest, decided_at, left_after, used_after, \
        monthly_limit",
    decode: issued,
};
pub(super) const REFUSAL: Table = Table {
    name: "refusal",
    columns: "seq, at, person, idempotency_key, digest, body::text",
    decode: refused,
};
pub(super) const VOUCHER_MOVE: Table = Table {
    name: "voucher_move",
    columns: "seq, at, body::text, decided_at, kind, id, voucher, person, receiver, merchant, \
        move_no, amount, price, subsidy, balance_after, cause, idempotency_key, digest, round_id, \
        month, due_at",
    decode: voucher_move,
};

/// Where a row comes from.
#[derive(Clone, Copy)]
pub(super) enum Source<'r> {
    /// By itself.
    Row(&'r Row),
    /// The row of this number of a chunk.
    Packed(&'r Packed, usize),
}

/// A row under decoding.
pub(super) struct Columns<'r> {
    table: &'static str,
    row: Source<'r>,
}

impl<'r> Columns<'r> {
    pub(super) fn new(table: &'static str, row: &'r Row) -> Columns<'r> {
        Columns { table, row: Source::Row(row) }
    }

    fn get<T: FromSql<'r>>(&self, column: usize) -> Result<T, StoreError> {
        let value = match self.row {
            Source::Row(row) => row.try_get(column).ok(),
            Source::Packed(packed, row) => packed
                .cell(row, column)
                .filter(|(of, _)| T::accepts(of))
                .and_then(|(of, bytes)| T::from_sql(of, bytes).ok()),
        };
        value.ok_or_else(|| self.damaged(column))
    }

    fn count(&self, column: usize) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(column)?).map_err(|_| self.damaged(column))
    }

    pub(super) fn bytes<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError> {
        self.get::<&[u8]>(column)?.try_into().map_err(|_| self.damaged(column))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        serde_json::from_str(self.get(column)?).map_err(|_| self.damaged(column))
    }

    pub(super) fn person(&self, column: usize) -> Result<PersonKey, StoreError> {
        self.bytes(column).map(PersonKey)
    }

    fn line(&self, column: usize) -> Result<LineId, StoreError> {
        u8::try_from(self.get::<i16>(column)?).map(LineId).map_err(|_| self.damaged(column))
    }

    fn key(&self, column: usize) -> Result<IdempotencyKey, StoreError> {
        IdempotencyKey::new(self.get::<&str>(column)?).ok_or_else(|| self.damaged(column))
    }

    fn won(&self, column: usize) -> Result<Won, StoreError> {
        self.get(column).map(Won)
    }

    fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        self.get(column).map(Timestamp)
    }

    /// Every row read for events begins with its place in the order.
    fn stored(&self, event: Event) -> Result<StoredEvent, StoreError> {
        Ok(StoredEvent { seq: self.count(0)?, at: self.time(1)?, event })
    }

    /// Whether a column says what its event does.
    fn is<'v, T: FromSql<'r> + PartialEq<T> + 'v>(
        &self,
        column: usize,
        told: T,
    ) -> Result<(), StoreError> {
        if self.get::<T>(column)? == told { Ok(()) } else { Err(self.damaged(column)) }
    }

    fn damaged(&self, column: usize) -> StoreError {
        let name = match self.row {
            Source::Row(row) => row.columns().get(column).map(|column| column.name()),
            Source::Packed(packed, _) => packed.column_name(column),
        };
        let name = name.unwrap_or("?");
        StoreError(format!("a row of {} is damaged in column {name}", self.table))
    }
}

fn journal(columns: &Columns<'_>, _: &Names) -> Result<StoredEvent, StoreError> {
    columns.stored(columns.json(2)?)
}

fn signed_up(columns: &Columns<'_>, names: &Names) -> Result<StoredEvent, StoreError> {
    let (person, channel) = (columns.person(2)?, names.channel(columns.get(3)?)?);
    columns.stored(Event::SignedUp { person, channel })
}

fn ticket(columns: &Columns<'_>, names: &Names) -> Result<StoredEvent, StoreError> {
    columns.stored(Event::Joined {
        round: names.round(columns.get(2)?)?,
        line: columns.line(3)?,
        number: columns.count(4)?,
        person: columns.person(5)?,
        dead_up_to: columns.count(6)?,
    })
}

fn place_end(columns: &Columns<'_>, names: &Names) -> Result<StoredEvent, StoreError> {
    columns.stored(Event::Left {
        round: names.round(columns.get(2)?)?,
        line: columns.line(3)?,
        number: columns.count(4)?,
        person: columns.person(5)?,
    })
}

fn claim(columns: &Columns<'_>, names: &Names) -> Result<StoredEvent, StoreError> {
    columns.stored(Event::Claimed {
        round: names.round(columns.get(2)?)?,
        line: columns.line(3)?,
        number: columns.count(4)?,
        person: columns.person(5)?,
        expires_at: columns.time(6)?,
    })
}

fn issued(columns: &Columns<'_>, names: &Names) -> Result<StoredEvent, StoreError> {
    let purchase = purchase(columns, names, PurchaseState::Issued)?;
    columns.stored(Event::Issued { purchase })
}

fn held(columns: &Columns<'_>, names: &Names) -> Result<StoredEvent, StoreError> {
    columns.stored(Event::Held {
        purchase: purchase(columns, names, PurchaseState::Held)?,
        pass_expires_at: columns.time(20)?,
    })
}

fn payment_step(columns: &Columns<'_>, _: &Names) -> Result<StoredEvent, StoreError> {
    columns.stored(columns.json(2)?)
}

/// A purchase from a row of `purchase` or `hold`, in the state that is asked for.
fn purchase(
    columns: &Columns<'_>,
    names: &Names,
    state: PurchaseState,
) -> Result<Purchase, StoreError> {
    Ok(Purchase {
        round: names.round(columns.get(2)?)?,
        id: PurchaseId(u128::from_be_bytes(columns.bytes(3)?)),
        window: names.window(columns.get(4)?)?,
        program: names.program(columns.get(5)?)?,
        person: columns.person(6)?,
        channel: names.channel(columns.get(7)?)?,
        amount: columns.won(8)?,
        price: columns.won(9)?,
        subsidy: columns.won(10)?,
        month: Month::from_number(columns.get(11)?),
        pass: PassId { line: columns.line(12)?, number: columns.count(13)? },
        key: columns.key(14)?,
        digest: columns.bytes(15)?,
        at: columns.time(16)?,
        left_after: columns.won(17)?,
        used_after: columns.won(18)?,
        monthly_limit: columns.won(19)?,
        state,
    })
}

/// A purchase or a hold that was not issued, whose state stands behind the columns of a purchase.
pub(super) fn standing_purchase(row: &Row, names: &Names) -> Result<Purchase, StoreError> {
    use PurchaseState::{Cancelled, Held, Issued, Paying, Voided};
    let columns = Columns::new("purchase", row);
    let word: &str = columns.get(STATE)?;
    let state = [Held, Paying, Issued, Voided, Cancelled];
    let state = state.into_iter().find(|state| state.word() == word);
    let state = state.ok_or_else(|| columns.damaged(STATE))?;
    purchase(&columns, names, state)
}

/// Behind the columns of a purchase.
const STATE: usize = 20;

/// A row of what a round has sold.
pub(super) fn sold(row: &Row, names: &Names) -> Result<Sold, StoreError> {
    let columns = Columns::new("purchase", row);
    let day = Date::of(columns.time(6)?);
    let (channel, window) = (names.channel(columns.get(0)?)?, names.window(columns.get(1)?)?);
    Ok(Sold {
        part: (day, channel, Some(window)),
        purchases: columns.count(2)?,
        amount: columns.won(3)?,
        price: columns.won(4)?,
        subsidy: columns.won(5)?,
    })
}

fn refused(columns: &Columns<'_>, _: &Names) -> Result<StoredEvent, StoreError> {
    columns.stored(Event::Refused {
        person: columns.person(2)?,
        key: columns.key(3)?,
        digest: columns.bytes(4)?,
        refusal: columns.json(5)?,
    })
}

/// The event is what the body says; every column has to say the same.
fn voucher_move(columns: &Columns<'_>, names: &Names) -> Result<StoredEvent, StoreError> {
    let stored = columns.stored(columns.json(2)?)?;
    let told = VoucherRow::of(&stored.event).ok_or_else(|| columns.damaged(2))?;
    let id = told.of.id.0.to_be_bytes();
    let voucher = told.of.voucher.0.to_be_bytes();
    columns.is(3, told.of.at.0)?;
    columns.is(4, told.kind)?;
    columns.is(5, &id[..])?;
    columns.is(6, &voucher[..])?;
    columns.is(7, &told.of.person.0[..])?;
    columns.is(8, told.receiver.map(|receiver| &receiver.0[..]))?;
    columns.is(9, told.merchant.map(MerchantId::as_str))?;
    columns.is(10, i64::from(told.of.number))?;
    columns.is(11, told.amount.0)?;
    columns.is(12, told.price.map(|price| price.0))?;
    columns.is(13, told.subsidy.map(|subsidy| subsidy.0))?;
    columns.is(14, told.balance_after.0)?;
    columns.is(15, told.cause)?;
    columns.is(16, told.key())?;
    columns.is(17, told.digest())?;
    let round = columns.get::<Option<i64>>(18)?.map(|number| names.round(number)).transpose()?;
    if round.as_ref() != told.round {
        return Err(columns.damaged(18));
    }
    columns.is(19, told.month.map(Month::number))?;
    columns.is(20, told.due_at.map(|due_at| due_at.0))?;
    Ok(stored)
}
