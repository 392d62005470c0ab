//! The audit: every rule of sql/audit/ asked of a store from outside, also while a server writes to
//! it.
//!
//! A rule is a query that finds nothing on a healthy store. All of them read one snapshot through a
//! connection that cannot write. What is printed of a row never holds a person's key. It repairs
//! nothing.

use super::sqlite::open_to_read;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Rows of a finding that are told in full: enough to start looking; the count says how many there
/// are.
const ROWS_TOLD: usize = 5;
/// The rule that is not a query of ours: SQLite's own check of pages and indexes. (It would check
/// constraints too, but a connection that only reads does not even load them: `store-rows-whole`
/// does that.)
const FILE_RULE: &str = "store-file-intact";

/// The rules in the order of the invariants, each with its query.
const RULES: [(&str, &str); 20] = [
    ("or1-oversell", include_str!("../../sql/audit/or1-oversell.sql")),
    ("or1-left-after", include_str!("../../sql/audit/or1-left-after.sql")),
    ("or2-monthly-limit", include_str!("../../sql/audit/or2-monthly-limit.sql")),
    ("or2-used-after", include_str!("../../sql/audit/or2-used-after.sql")),
    ("or2-holding-limit", include_str!("../../sql/audit/or2-holding-limit.sql")),
    ("or3-purchase-twice", include_str!("../../sql/audit/or3-purchase-twice.sql")),
    ("or4-key-twice", include_str!("../../sql/audit/or4-key-twice.sql")),
    ("or5-claim-before-turn", include_str!("../../sql/audit/or5-claim-before-turn.sql")),
    ("or6-number-twice", include_str!("../../sql/audit/or6-number-twice.sql")),
    ("or6-number-not-reserved", include_str!("../../sql/audit/or6-number-not-reserved.sql")),
    ("or6-reserved-moved-back", include_str!("../../sql/audit/or6-reserved-moved-back.sql")),
    ("or6-watermark-moved-back", include_str!("../../sql/audit/or6-watermark-moved-back.sql")),
    ("or7-price-and-subsidy", include_str!("../../sql/audit/or7-price-and-subsidy.sql")),
    ("or9-pass-twice", include_str!("../../sql/audit/or9-pass-twice.sql")),
    ("or9-purchase-without-pass", include_str!("../../sql/audit/or9-purchase-without-pass.sql")),
    ("store-seq-gap", include_str!("../../sql/audit/store-seq-gap.sql")),
    ("store-batch-gap", include_str!("../../sql/audit/store-batch-gap.sql")),
    ("store-epoch-moved-back", include_str!("../../sql/audit/store-epoch-moved-back.sql")),
    ("store-rows-whole", include_str!("../../sql/audit/store-rows-whole.sql")),
    ("store-names-known", include_str!("../../sql/audit/store-names-known.sql")),
];

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
    /// Purchases.
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
    /// The file cannot be opened or is no store.
    #[error(
        "{path} cannot be audited: {cause}; check that it is the data file of an openrun store"
    )]
    Unreadable {
        /// The data file.
        path: PathBuf,
        /// What SQLite said.
        cause: rusqlite::Error,
    },
    /// A rule could not be asked.
    #[error("rule {rule} could not be asked: {cause}; run the openrun that made the store")]
    NotAsked {
        /// The rule.
        rule: &'static str,
        /// What SQLite said.
        cause: rusqlite::Error,
    },
}

/// Asks every rule of the store at `path`. Blocks; takes seconds for a million purchases.
///
/// # Errors
/// The store could not be read. That a rule does not hold is a finding, not an error.
pub fn audit(path: &Path) -> Result<Report, AuditError> {
    let unreadable = |cause| AuditError::Unreadable { path: path.to_path_buf(), cause };
    let mut connection = open_to_read(path).map_err(unreadable)?;
    let snapshot = connection.transaction().map_err(unreadable)?;
    let totals = totals(&snapshot).map_err(unreadable)?;
    let mut findings = Vec::new();
    let own = "select integrity_check as problem from pragma_integrity_check
               where integrity_check <> 'ok'";
    for (rule, sql) in std::iter::once((FILE_RULE, own)).chain(RULES) {
        let asked = ask(&snapshot, rule, sql);
        findings.extend(asked.map_err(|cause| AuditError::NotAsked { rule, cause })?);
    }
    Ok(Report { rules: RULES.len() + 1, findings, totals })
}

fn ask(
    connection: &Connection,
    rule: &'static str,
    sql: &str,
) -> rusqlite::Result<Option<Finding>> {
    let mut statement = connection.prepare(sql)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    let mut finding = Finding { rule, count: 0, first: Vec::new() };
    while let Some(row) = rows.next()? {
        finding.count += 1;
        if finding.first.len() < ROWS_TOLD {
            let mut told = String::new();
            for (index, name) in columns.iter().enumerate() {
                tell(&mut told, name, row.get_ref(index)?);
            }
            finding.first.push(told);
        }
    }
    Ok((finding.count > 0).then_some(finding))
}

fn tell(told: &mut String, name: &str, value: ValueRef<'_>) {
    let gap = if told.is_empty() { "" } else { " " };
    let written = match value {
        ValueRef::Null => write!(told, "{gap}{name}=none"),
        ValueRef::Integer(number) => write!(told, "{gap}{name}={number}"),
        ValueRef::Real(number) => write!(told, "{gap}{name}={number}"),
        ValueRef::Text(text) => write!(told, "{gap}{name}={}", String::from_utf8_lossy(text)),
        // People and digests are blobs: said to be there, never said.
        ValueRef::Blob(bytes) => write!(told, "{gap}{name}=({} bytes)", bytes.len()),
    };
    written.expect("writing to a string cannot fail");
}

fn totals(connection: &Connection) -> rusqlite::Result<Totals> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let positive = |number: i64| u64::try_from(number).unwrap_or_default();
    Ok(Totals {
        purchases: positive(count("select count(*) from purchase")?),
        sold_won: count("select coalesce(sum(amount), 0) from purchase")?,
        buyers: positive(count("select count(distinct person) from purchase")?),
        tickets: positive(count("select count(*) from ticket")?),
        refusals: positive(count("select count(*) from refusal")?),
        events: positive(count("select next_seq - 1 from ownership")?),
    })
}

/// The names of the rules, for tests and documentation.
#[must_use]
pub fn rule_names() -> Vec<&'static str> {
    std::iter::once(FILE_RULE).chain(RULES.iter().map(|(rule, _)| *rule)).collect()
}
