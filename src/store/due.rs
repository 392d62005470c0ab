//! Which vouchers are over: the rules of programs, asked for both stores. No row of a purchase says
//! when its voucher is over, for the row is written in the rush of a sale; the rules of its day do.

use openrun_actors::store::DueVouchers;
use openrun_core::{PersonKey, Program, ProgramId, Timestamp, VoucherId};
use std::collections::HashMap;

/// A voucher that may be over, and whose it is.
pub(super) type Due = (VoucherId, PersonKey);

/// How long the vouchers of each program are good.
#[derive(Debug)]
pub(super) struct Validity {
    programs: HashMap<ProgramId, Program>,
}

impl Validity {
    /// By the rules of these programs.
    pub(super) fn of(programs: Vec<Program>) -> Validity {
        let programs = programs.into_iter().map(|program| (program.id.clone(), program));
        Validity { programs: programs.collect() }
    }

    /// Nothing that was bought at this moment or later is over by `until`; nothing at all is when
    /// no program ever had a validity.
    pub(super) fn bought_before(&self, until: Timestamp) -> Option<Timestamp> {
        const DAY_MILLIS: i64 = 86_400_000;
        let rules = self.programs.values().flat_map(|program| &program.versions);
        let shortest = rules.filter_map(|rules| rules.after_sale.valid_days).min()?;
        // It is good to the end of its last day: for its days at least.
        Some(until.plus_millis(-i64::from(shortest) * DAY_MILLIS))
    }

    /// Whether a voucher that was bought at `at` is over by `until`.
    pub(super) fn is_over(&self, program: &ProgramId, at: Timestamp, until: Timestamp) -> bool {
        let rules = self.programs.get(program).map(|program| program.rules_at(at));
        let over = rules.and_then(|rules| rules.after_sale.expires_at(at));
        over.is_some_and(|over| over <= until)
    }
}

/// Vouchers of one kind that were looked at, in the order of their ids.
#[derive(Debug)]
pub(super) struct LookedAt {
    due: Vec<Due>,
    /// The last of them, if there may be more behind it.
    next: Option<VoucherId>,
}

impl LookedAt {
    /// Each of `all` with whether it is due, and how many were asked for.
    pub(super) fn of(all: Vec<(Due, bool)>, limit: usize) -> LookedAt {
        let next = all.last().filter(|_| all.len() >= limit).map(|((id, _), _)| *id);
        let due = all.into_iter().filter(|(_, is_due)| *is_due).map(|(due, _)| due).collect();
        LookedAt { due, next }
    }

    /// None of this kind can be due.
    pub(super) fn none() -> LookedAt {
        LookedAt { due: Vec::new(), next: None }
    }

    /// Both kinds, as far as both were looked at.
    pub(super) fn with(self, other: LookedAt) -> DueVouchers {
        let next = self.next.into_iter().chain(other.next).min();
        let mut found = self.due;
        found.extend(other.due);
        found.retain(|(id, _)| next.is_none_or(|next| *id <= next));
        found.sort_unstable_by_key(|(id, _)| *id);
        DueVouchers { found, next }
    }
}
