//! From a batch to the arrays of `openrun.write_batch`: one array per table, its rows as composite
//! values, names as places in one list.
//!
//! Rows of people come in the order of their persons: what two streams both touch they touch in the
//! same order, so neither waits for one that waits for it. `seq` still says the order of events.
//! What a batch may be is said by `shape`; what a row may be by the constraints.

use super::composite::{Composite, Fields, Misfitting};
use crate::store::shape::{Misfit, kind_of, whole};
use crate::store::voucher_row::VoucherRow;
use openrun_actors::store::Batch;
use openrun_core::round_spec::LineId;
use openrun_core::{
    Event, IdempotencyKey, MerchantId, Month, PersonKey, Purchase, PurchaseId, RoundId, Timestamp,
};
use std::collections::HashMap;

/// Why a batch has no rows.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowsError {
    /// A row would not say all of it.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// It cannot be said as JSON.
    #[error("an event cannot be said as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// When and where an event stands in its stream.
#[derive(Debug, Clone, Copy)]
struct Place {
    seq: i64,
    at: i64,
}

#[derive(Debug)]
pub(super) struct JournalRow {
    place: Place,
    kind: &'static str,
    round: Option<i32>,
    body: String,
}

#[derive(Debug)]
pub(super) struct PersonRow<'b> {
    place: Place,
    person: &'b PersonKey,
    channel: i32,
}

/// A ticket, the end of a place or a claim: what the first and the last have more is `extra`.
#[derive(Debug)]
pub(super) struct TurnRow<'b> {
    place: Place,
    round: i32,
    line: u8,
    number: i64,
    person: &'b PersonKey,
    extra: Option<i64>,
}

#[derive(Debug)]
pub(super) struct StepRow {
    place: Place,
    round: i32,
    id: PurchaseId,
    kind: &'static str,
    body: String,
}

#[derive(Debug)]
pub(super) struct RefusalRow<'b> {
    place: Place,
    person: &'b PersonKey,
    key: &'b IdempotencyKey,
    digest: &'b [u8; 32],
    body: String,
}

/// A hold, or a purchase, which says nothing of its pass.
#[derive(Debug)]
pub(super) struct PurchaseRow<'b> {
    place: Place,
    round: i32,
    window: i32,
    program: i32,
    channel: i32,
    number: i64,
    purchase: &'b Purchase,
    pass_expires_at: Option<i64>,
}

/// A move of a voucher.
#[derive(Debug)]
pub(super) struct VoucherMoveRow<'b> {
    place: Place,
    round: Option<i32>,
    row: VoucherRow<'b>,
    body: String,
}

/// The rows of a batch.
#[derive(Debug, Default)]
pub(super) struct Rows<'b> {
    pub(super) names: Names<'b>,
    pub(super) journals: Vec<JournalRow>,
    pub(super) persons: Vec<PersonRow<'b>>,
    pub(super) tickets: Vec<TurnRow<'b>>,
    pub(super) place_ends: Vec<TurnRow<'b>>,
    pub(super) claims: Vec<TurnRow<'b>>,
    pub(super) holds: Vec<PurchaseRow<'b>>,
    pub(super) payment_steps: Vec<StepRow>,
    pub(super) purchases: Vec<PurchaseRow<'b>>,
    pub(super) refusals: Vec<RefusalRow<'b>>,
    pub(super) voucher_moves: Vec<VoucherMoveRow<'b>>,
}

/// The names of a batch, each once, and where it stands in the list, from 1.
#[derive(Debug, Default)]
pub(super) struct Names<'b> {
    pub(super) texts: Vec<&'b str>,
    places: HashMap<&'b str, i32>,
}

impl<'b> Names<'b> {
    fn place(&mut self, text: &'b str) -> i32 {
        let texts = &mut self.texts;
        *self.places.entry(text).or_insert_with(|| {
            texts.push(text);
            i32::try_from(texts.len()).expect("a batch has fewer events than that, with few names")
        })
    }
}

impl<'b> Rows<'b> {
    pub(super) fn of(batch: &'b Batch) -> Result<Rows<'b>, RowsError> {
        let mut rows = Rows::default();
        for (seq, (at, event)) in (batch.first_seq..).zip(&batch.events) {
            rows.add(seq, *at, event)?;
        }
        rows.persons.sort_by_key(|row| row.person);
        rows.holds.sort_by_key(|row| by_key(row.purchase));
        rows.purchases.sort_by_key(|row| by_key(row.purchase));
        rows.refusals.sort_by_key(|row| (row.person, row.key.as_str()));
        rows.voucher_moves.sort_by_key(|row| (row.row.of.person, row.row.key()));
        Ok(rows)
    }

    fn add(&mut self, seq: u64, at: Timestamp, event: &'b Event) -> Result<(), RowsError> {
        let place = Place { seq: whole(seq, "a sequence number")?, at: at.0 };
        match event {
            Event::SignedUp { person, channel } => {
                let channel = self.names.place(channel.as_str());
                self.persons.push(PersonRow { place, person, channel });
            }
            Event::Joined { round, line, number, person, dead_up_to } => {
                let extra = Some(whole(*dead_up_to, "a place")?);
                let row = self.turn(place, round, (*line, *number), person, extra)?;
                self.tickets.push(row);
            }
            Event::Left { round, line, number, person } => {
                let row = self.turn(place, round, (*line, *number), person, None)?;
                self.place_ends.push(row);
            }
            Event::Claimed { round, line, number, person, expires_at } => {
                let row = self.turn(place, round, (*line, *number), person, Some(expires_at.0))?;
                self.claims.push(row);
            }
            Event::Held { purchase, pass_expires_at } => {
                let row = self.purchase(place, purchase, Some(pass_expires_at.0));
                self.holds.push(row?);
            }
            Event::Issued { purchase } => {
                let row = self.purchase(place, purchase, None)?;
                self.purchases.push(row);
            }
            Event::PaymentSent { round, purchase: id, .. }
            | Event::CancelSent { round, purchase: id, .. }
            | Event::Voided { round, purchase: id, .. }
            | Event::ReturnSent { round, purchase: id, .. }
            | Event::Returned { round, purchase: id } => self.step(place, round, *id, event)?,
            Event::Refused { person, key, digest, refusal } => {
                let body = serde_json::to_string(refusal)?;
                self.refusals.push(RefusalRow { place, person, key, digest, body });
            }
            Event::Spent { .. }
            | Event::PaybackSent { .. }
            | Event::PaidBack { .. }
            | Event::PaybackRefused { .. }
            | Event::Gifted { .. }
            | Event::Expired { .. } => self.voucher_move(place, event)?,
            Event::ProgramChanged { .. }
            | Event::RoundDefined { .. }
            | Event::RoundMoved { .. }
            | Event::WindowOpened { .. }
            | Event::WindowClosed { .. }
            | Event::NumbersReserved { .. }
            | Event::WatermarkMoved { .. }
            | Event::DrawCommitted { .. }
            | Event::LobbyClosed { .. }
            | Event::ShareGiven { .. }
            | Event::Drawn { .. }
            | Event::InletChanged { .. }
            | Event::InletStepped { .. }
            | Event::CameBack { .. }
            | Event::TurnGiven { .. }
            | Event::NoticePosted { .. }
            | Event::NoticeWithdrawn { .. }
            | Event::OpeningAsked { .. }
            | Event::StockAsked { .. }
            | Event::StockChanged { .. }
            | Event::StockKept { .. }
            | Event::SuspensionsChanged { .. }
            | Event::StaffActed { .. } => self.journal(place, event)?,
        }
        Ok(())
    }

    fn step(
        &mut self,
        place: Place,
        round: &'b RoundId,
        id: PurchaseId,
        event: &'b Event,
    ) -> Result<(), RowsError> {
        let (round, kind) = (self.names.place(round.as_str()), kind_of(event));
        let body = serde_json::to_string(event)?;
        self.payment_steps.push(StepRow { place, round, id, kind, body });
        Ok(())
    }

    fn turn(
        &mut self,
        place: Place,
        round: &'b RoundId,
        (line, number): (LineId, u64),
        person: &'b PersonKey,
        extra: Option<i64>,
    ) -> Result<TurnRow<'b>, Misfit> {
        let (round, number) = (self.names.place(round.as_str()), whole(number, "a place")?);
        Ok(TurnRow { place, round, line: line.0, number, person, extra })
    }

    fn journal(&mut self, place: Place, event: &'b Event) -> Result<(), RowsError> {
        let round = event.round().map(|round| self.names.place(round.as_str()));
        let (kind, body) = (kind_of(event), serde_json::to_string(event)?);
        self.journals.push(JournalRow { place, kind, round, body });
        Ok(())
    }

    fn voucher_move(&mut self, place: Place, event: &'b Event) -> Result<(), RowsError> {
        if let Some(row) = VoucherRow::of(event) {
            let round = row.round.map(|round| self.names.place(round.as_str()));
            let body = serde_json::to_string(event)?;
            self.voucher_moves.push(VoucherMoveRow { place, round, row, body });
        }
        Ok(())
    }

    fn purchase(
        &mut self,
        place: Place,
        purchase: &'b Purchase,
        pass_expires_at: Option<i64>,
    ) -> Result<PurchaseRow<'b>, RowsError> {
        Ok(PurchaseRow {
            place,
            round: self.names.place(purchase.round.as_str()),
            window: self.names.place(purchase.window.as_str()),
            program: self.names.place(purchase.program.as_str()),
            channel: self.names.place(purchase.channel.as_str()),
            number: whole(purchase.pass.number, "a place")?,
            purchase,
            pass_expires_at,
        })
    }
}

fn by_key(purchase: &Purchase) -> (&PersonKey, &str) {
    (&purchase.person, purchase.key.as_str())
}

// Each in the order of its type in sql/postgres/V3__write.sql, the last in V6__vouchers.sql.

impl Composite for JournalRow {
    fn put(&self, fields: &mut Fields<'_>) -> Result<(), Misfitting> {
        fields.bigint(self.place.seq)?;
        fields.bigint(self.place.at)?;
        fields.text(self.kind)?;
        fields.integer(self.round)?;
        fields.json(&self.body)
    }
}

impl Composite for PersonRow<'_> {
    fn put(&self, fields: &mut Fields<'_>) -> Result<(), Misfitting> {
        fields.bytes(&self.person.0)?;
        fields.bigint(self.place.seq)?;
        fields.bigint(self.place.at)?;
        fields.integer(Some(self.channel))
    }
}

impl Composite for TurnRow<'_> {
    fn put(&self, fields: &mut Fields<'_>) -> Result<(), Misfitting> {
        fields.integer(Some(self.round))?;
        fields.bigint(self.place.seq)?;
        fields.bigint(self.place.at)?;
        fields.smallint(i16::from(self.line))?;
        fields.bigint(self.number)?;
        fields.bytes(&self.person.0)?;
        self.extra.map_or(Ok(()), |extra| fields.bigint(extra))
    }
}

impl Composite for StepRow {
    fn put(&self, fields: &mut Fields<'_>) -> Result<(), Misfitting> {
        fields.integer(Some(self.round))?;
        fields.bigint(self.place.seq)?;
        fields.bigint(self.place.at)?;
        fields.bytes(&self.id.0.to_be_bytes())?;
        fields.text(self.kind)?;
        fields.json(&self.body)
    }
}

impl Composite for RefusalRow<'_> {
    fn put(&self, fields: &mut Fields<'_>) -> Result<(), Misfitting> {
        fields.bytes(&self.person.0)?;
        fields.text(self.key.as_str())?;
        fields.bigint(self.place.seq)?;
        fields.bigint(self.place.at)?;
        fields.bytes(self.digest)?;
        fields.json(&self.body)
    }
}

impl Composite for PurchaseRow<'_> {
    fn put(&self, fields: &mut Fields<'_>) -> Result<(), Misfitting> {
        let purchase = self.purchase;
        fields.integer(Some(self.round))?;
        fields.bigint(self.place.seq)?;
        fields.bigint(self.place.at)?;
        // Big endian, so that ids sort as they were made.
        fields.bytes(&purchase.id.0.to_be_bytes())?;
        fields.integer(Some(self.window))?;
        fields.integer(Some(self.program))?;
        fields.bytes(&purchase.person.0)?;
        fields.integer(Some(self.channel))?;
        fields.bigint(purchase.amount.0)?;
        fields.bigint(purchase.price.0)?;
        fields.bigint(purchase.subsidy.0)?;
        fields.integer(Some(purchase.month.number()))?;
        fields.smallint(i16::from(purchase.pass.line.0))?;
        fields.bigint(self.number)?;
        fields.text(purchase.key.as_str())?;
        fields.bytes(&purchase.digest)?;
        fields.bigint(purchase.at.0)?;
        fields.bigint(purchase.left_after.0)?;
        fields.bigint(purchase.used_after.0)?;
        fields.bigint(purchase.monthly_limit.0)?;
        fields.optional_bigint(self.pass_expires_at)
    }
}

impl Composite for VoucherMoveRow<'_> {
    fn put(&self, fields: &mut Fields<'_>) -> Result<(), Misfitting> {
        let row = &self.row;
        fields.bigint(self.place.seq)?;
        fields.bigint(self.place.at)?;
        fields.bigint(row.of.at.0)?;
        fields.text(row.kind)?;
        fields.bytes(&row.of.id.0.to_be_bytes())?;
        fields.bytes(&row.of.voucher.0.to_be_bytes())?;
        fields.bytes(&row.of.person.0)?;
        fields.optional_bytes(row.receiver.map(|receiver| &receiver.0[..]))?;
        fields.optional_text(row.merchant.map(MerchantId::as_str))?;
        fields.bigint(i64::from(row.of.number))?;
        fields.bigint(row.amount.0)?;
        fields.optional_bigint(row.price.map(|price| price.0))?;
        fields.optional_bigint(row.subsidy.map(|subsidy| subsidy.0))?;
        fields.bigint(row.balance_after.0)?;
        fields.optional_text(row.cause)?;
        fields.optional_text(row.key())?;
        fields.optional_bytes(row.digest())?;
        fields.integer(self.round)?;
        fields.integer(row.month.map(Month::number))?;
        fields.optional_bigint(row.due_at.map(|due_at| due_at.0))?;
        fields.json(&self.body)
    }
}
