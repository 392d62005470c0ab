//! The audit: every rule of sql/audit/ asked of a store from outside, also while a server writes to
//! it, and the chain of every stream made again from its rows.
//!
//! A rule is a query that finds nothing on a healthy store. All of them, and the chain, read one
//! snapshot through a connection that cannot write. What is printed of a row never holds a person's
//! key. It repairs nothing.
//!
//! Which store it is makes no difference here: each kind answers the questions of [`Examined`].

mod examined;
mod in_sale;
mod links;

pub use examined::{BatchRow, Examined, Found, OwnRule, Piece, StreamRow};
pub use in_sale::rounds_in_sale;

use super::postgres::{self, PostgresExamined};
use super::sqlite::SqliteExamined;
use super::{OpenError, shown, sqlite_path};
use std::collections::HashMap;
use std::path::Path;

/// Rows of a finding that are told in full: enough to start looking; the count says how many there
/// are.
const ROWS_TOLD: usize = 5;
/// The rule that is not a query: no query can make a hash again.
const CHAIN_RULE: &str = "store-chain-intact";

/// The rules in the order of the invariants, each with its query.
pub const RULES: [(&str, &str); 33] = [
    ("or1-oversell", include_str!("../../sql/audit/or1-oversell.sql")),
    ("or1-left-after", include_str!("../../sql/audit/or1-left-after.sql")),
    ("or1-counter-stock", include_str!("../../sql/audit/or1-counter-stock.sql")),
    ("or2-monthly-limit", include_str!("../../sql/audit/or2-monthly-limit.sql")),
    ("or2-used-after", include_str!("../../sql/audit/or2-used-after.sql")),
    ("or2-holding-limit", include_str!("../../sql/audit/or2-holding-limit.sql")),
    ("or2-gift-limit", include_str!("../../sql/audit/or2-gift-limit.sql")),
    ("or3-purchase-twice", include_str!("../../sql/audit/or3-purchase-twice.sql")),
    ("or4-key-twice", include_str!("../../sql/audit/or4-key-twice.sql")),
    ("or5-claim-before-turn", include_str!("../../sql/audit/or5-claim-before-turn.sql")),
    ("or6-number-twice", include_str!("../../sql/audit/or6-number-twice.sql")),
    ("or6-number-not-reserved", include_str!("../../sql/audit/or6-number-not-reserved.sql")),
    ("or6-reserved-moved-back", include_str!("../../sql/audit/or6-reserved-moved-back.sql")),
    ("or6-watermark-moved-back", include_str!("../../sql/audit/or6-watermark-moved-back.sql")),
    ("or6-serial-gap", include_str!("../../sql/audit/or6-serial-gap.sql")),
    ("or7-price-and-subsidy", include_str!("../../sql/audit/or7-price-and-subsidy.sql")),
    ("or7-hold-ends-once", include_str!("../../sql/audit/or7-hold-ends-once.sql")),
    ("or7-step-without-hold", include_str!("../../sql/audit/or7-step-without-hold.sql")),
    ("or7-return-out-of-turn", include_str!("../../sql/audit/or7-return-out-of-turn.sql")),
    ("or7-books-balance", include_str!("../../sql/audit/or7-books-balance.sql")),
    ("or7-voucher-below-zero", include_str!("../../sql/audit/or7-voucher-below-zero.sql")),
    ("or7-balance-after", include_str!("../../sql/audit/or7-balance-after.sql")),
    ("or7-move-without-voucher", include_str!("../../sql/audit/or7-move-without-voucher.sql")),
    ("or7-payback-ends-once", include_str!("../../sql/audit/or7-payback-ends-once.sql")),
    ("or9-pass-twice", include_str!("../../sql/audit/or9-pass-twice.sql")),
    ("or9-purchase-without-pass", include_str!("../../sql/audit/or9-purchase-without-pass.sql")),
    ("or9-counter-not-named", include_str!("../../sql/audit/or9-counter-not-named.sql")),
    ("store-seq-gap", include_str!("../../sql/audit/store-seq-gap.sql")),
    ("store-batch-gap", include_str!("../../sql/audit/store-batch-gap.sql")),
    ("store-epoch-moved-back", include_str!("../../sql/audit/store-epoch-moved-back.sql")),
    ("store-ownership-gap", include_str!("../../sql/audit/store-ownership-gap.sql")),
    ("store-rows-whole", include_str!("../../sql/audit/store-rows-whole.sql")),
    ("store-names-known", include_str!("../../sql/audit/store-names-known.sql")),
];

/// What a store holds. A hold is open that was neither issued nor voided; what is left in vouchers
/// is what the books say.
const TOTALS: &str = "
    select
        (select count(*) from purchase) as purchases,
        (select coalesce(sum(amount), 0) from purchase) as sold_won,
        (select count(distinct person) from purchase) as buyers,
        (select count(*) from ticket) as tickets,
        (select count(*) from refusal) as refusals,
        (select coalesce(sum(next_seq - 1), 0) from stream) as events,
        (select count(*) from voucher_move) as voucher_moves,
        (select coalesce(sum(amount), 0) from voucher_move where kind = 'spent') as spent_won,
        (select coalesce(sum(amount), 0) from voucher_move where kind = 'paid_back')
            as paid_back_won,
        (select coalesce(sum(amount), 0) from voucher_move where kind = 'expired') as expired_won,
        (select coalesce(sum(amount), 0) from posting where account = 'person') as balance_won,
        (select count(*) from voucher_move as sent where kind = 'payback_sent' and not exists (
            select 1 from voucher_move as ended where ended.id = sent.id
                and ended.kind in ('paid_back', 'payback_refused'))) as paybacks_open,
        count(*) as holds_open, coalesce(sum(amount), 0) as held_won
    from hold
    where not exists (select 1 from purchase where purchase.id = hold.id)
        and not exists (select 1 from hold_voided where hold_voided.id = hold.id)";

/// A rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its name, that of a file in sql/audit/.
    pub rule: &'static str,
    /// How many rows break it.
    pub count: u64,
    /// The first of them, as `column=value`.
    pub first: Vec<String>,
}

/// What a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Purchases that were issued.
    pub purchases: u64,
    /// Their face value, in won.
    pub sold_won: i64,
    /// People who bought.
    pub buyers: u64,
    /// Tickets.
    pub tickets: u64,
    /// Refusals that are remembered.
    pub refusals: u64,
    /// Everything that happened.
    pub events: u64,
    /// Holds that are neither issued nor voided: payments that are not decided yet.
    pub holds_open: u64,
    /// Their face value, in won.
    pub held_won: i64,
    /// Moves of vouchers after their sale: spends, gifts, paybacks and expiries, by their steps.
    pub voucher_moves: u64,
    /// What was spent, in won.
    pub spent_won: i64,
    /// Face value of what was paid back, in won.
    pub paid_back_won: i64,
    /// What fell to issuers, in won.
    pub expired_won: i64,
    /// What is left in vouchers, in won.
    pub balance_won: i64,
    /// Paybacks that the rail has not decided yet.
    pub paybacks_open: u64,
}

/// The answer of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many rules were asked.
    pub rules: usize,
    /// Those that do not hold; empty on a healthy store.
    pub findings: Vec<Finding>,
    /// What the store holds.
    pub totals: Totals,
}

/// Why a store could not be audited: this is not a finding.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The text names no store.
    #[error(transparent)]
    NoStore(#[from] OpenError),
    /// The store cannot be opened or is none.
    #[error("{place} cannot be audited: {cause}; check that it is an openrun store")]
    Unreadable {
        /// Which, without credentials.
        place: String,
        /// What the store said.
        cause: String,
    },
    /// A rule could not be asked.
    #[error("rule {rule} could not be asked: {cause}; run the openrun that made the store")]
    NotAsked {
        /// The rule.
        rule: &'static str,
        /// What the store said.
        cause: String,
    },
}

/// Asks every rule of the store that `url` names. Blocks.
///
/// # Errors
/// The store could not be read. That a rule does not hold is a finding, not an error.
pub fn audit_url(url: &str) -> Result<Report, AuditError> {
    if !postgres::is_url(url) {
        return audit(&sqlite_path(url)?);
    }
    let mut examined = PostgresExamined::open(url).map_err(OpenError::from)?;
    examine(&mut examined, &shown(url))
}

/// Asks every rule of the embedded store at `path`. Blocks; takes about ten seconds for half a
/// million events.
///
/// # Errors
/// The store could not be read. That a rule does not hold is a finding, not an error.
pub fn audit(path: &Path) -> Result<Report, AuditError> {
    let unreadable = |cause| AuditError::Unreadable { place: path.display().to_string(), cause };
    let mut examined = SqliteExamined::open(path).map_err(unreadable)?;
    examine(&mut examined, &path.display().to_string())
}

/// Asks every rule of a store that is open for it; `place` is what to call it in an error.
///
/// # Errors
/// The store could not be read. That a rule does not hold is a finding, not an error.
pub fn examine(examined: &mut dyn Examined, place: &str) -> Result<Report, AuditError> {
    let unreadable = |cause| AuditError::Unreadable { place: place.to_owned(), cause };
    let totals = totals(examined).map_err(unreadable)?;
    let rules: Vec<OwnRule> = examined.own_rules().iter().chain(&RULES).copied().collect();
    let mut findings = Vec::new();
    for (rule, sql) in &rules {
        let asked = examined.ask(sql, ROWS_TOLD);
        let Found { count, first } = asked.map_err(|cause| AuditError::NotAsked { rule, cause })?;
        if count > 0 {
            let first = first.iter().map(|row| told(row)).collect();
            findings.push(Finding { rule, count, first });
        }
    }
    let broken = links::check(examined);
    let broken = broken.map_err(|cause| AuditError::NotAsked { rule: CHAIN_RULE, cause })?;
    if !broken.is_empty() {
        let first = broken.iter().take(ROWS_TOLD).map(links::Fault::told).collect();
        findings.push(Finding { rule: CHAIN_RULE, count: broken.len() as u64, first });
    }
    Ok(Report { rules: rules.len() + 1, findings, totals })
}

fn told(row: &[(String, Option<String>)]) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let columns = row.iter().map(|(name, said)| format!("{name}={}", value(said)));
    columns.collect::<Vec<_>>().join(" ")
}

fn totals(examined: &mut dyn Examined) -> Result<Totals, String> {
    let mut found = examined.ask(TOTALS, 1)?;
    let row: HashMap<String, Option<String>> =
        found.first.pop().ok_or("no totals")?.into_iter().collect();
    let number = |name: &str| -> Result<i64, String> {
        let said = row.get(name).and_then(Option::as_deref);
        said.and_then(|said| said.parse().ok()).ok_or_else(|| format!("no total of {name}"))
    };
    let count = |name: &str| number(name).map(|count| u64::try_from(count).unwrap_or_default());
    Ok(Totals {
        purchases: count("purchases")?,
        sold_won: number("sold_won")?,
        buyers: count("buyers")?,
        tickets: count("tickets")?,
        refusals: count("refusals")?,
        events: count("events")?,
        holds_open: count("holds_open")?,
        held_won: number("held_won")?,
        voucher_moves: count("voucher_moves")?,
        spent_won: number("spent_won")?,
        paid_back_won: number("paid_back_won")?,
        expired_won: number("expired_won")?,
        balance_won: number("balance_won")?,
        paybacks_open: count("paybacks_open")?,
    })
}

/// The names of the rules that every store is asked, for tests and documentation.
#[must_use]
pub fn rule_names() -> Vec<&'static str> {
    RULES.iter().map(|(rule, _)| *rule).chain([CHAIN_RULE]).collect()
}
