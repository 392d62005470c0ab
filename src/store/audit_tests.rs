//! Each rule of the audit against a store with one fault planted by hand: a rule that never fires
//! proves nothing.

use super::audit::{Totals, audit, rule_names};
use super::conformance::Owner;
use super::{open, sample};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A small sale in which every rule holds, on the disk and closed.
async fn healthy() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("openrun.db");
    let store = open(&format!("sqlite:{}", path.display())).await.expect("opens");
    let mut owner = Owner::of(store).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let more = vec![sample::joined(&sample::round(), 3), sample::claimed(&sample::round(), 3)];
    owner.write(more).await.expect("writes");
    // The leftover of the first window moved to the second, which had 1,000,000 of its own.
    let mut second = sample::purchase(3);
    second.window = sample::window("second");
    second.left_after = openrun_core::Won(1_800_000);
    let mut owner = Owner::of(owner.store).await;
    owner.write(vec![sample::issued(second)]).await.expect("writes");
    (directory, path)
}

#[tokio::test]
async fn a_healthy_store_has_no_findings() {
    let (_directory, path) = healthy().await;
    let report = audit(&path).expect("is asked");
    assert_eq!(report.findings, []);
    assert_eq!(report.rules, rule_names().len());
    let (purchases, sold_won, buyers) = (2, 200_000, 2);
    let (tickets, refusals, events) = (3, 1, 19);
    assert_eq!(report.totals, Totals { purchases, sold_won, buyers, tickets, refusals, events });
}

#[tokio::test]
async fn a_store_can_be_audited_while_a_server_writes() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("openrun.db");
    let store = open(&format!("sqlite:{}", path.display())).await.expect("opens");
    let mut owner = Owner::of(store).await;
    for number in 1..=50 {
        let events = if number == 1 { sample::opening_of(&sample::round(), 100) } else { vec![] };
        let joined = sample::joined(&sample::round(), number);
        owner.write(events.into_iter().chain([joined]).collect()).await.expect("writes");
        let report = audit(&path).expect("is asked");
        assert_eq!((report.findings.len(), report.totals.tickets), (0, number));
    }
}

/// Faults, each with the rule that must find it. Faults of uniqueness are put into a table without
/// its constraints.
const FAULTS: [(&str, &str); 28] = [
    ("or1-oversell", "update purchase set amount = 1900001 where number = 3"),
    (
        "or1-oversell",
        "update journal set body = json_set(body, '$.leftover', 2000000)
        where kind = 'window_closed'",
    ),
    ("or1-left-after", "update purchase set left_after = left_after - 1 where number = 3"),
    ("or2-monthly-limit", "update purchase set amount = 400001 where number = 1"),
    (
        "or2-monthly-limit",
        "update purchase set amount = 310000,
        person = (select person from purchase where number = 1) where number = 3",
    ),
    ("or2-used-after", "update purchase set used_after = 200000 where number = 1"),
    ("or2-holding-limit", "update purchase set amount = 1010000 where number = 1"),
    ("or3-purchase-twice", "update purchase set id = (select id from purchase limit 1)"),
    ("or4-key-twice", "update purchase set idempotency_key = 'another-attempt' where number = 1"),
    ("or4-key-twice", "insert into refusal select * from refusal"),
    (
        "or5-claim-before-turn",
        "update journal set body = json_set(body, '$.to', 2)
        where kind = 'watermark_moved'",
    ),
    ("or5-claim-before-turn", "delete from journal where kind = 'watermark_moved'"),
    ("or6-number-twice", "update ticket set number = 1"),
    ("or6-number-not-reserved", "update ticket set number = 1001 where number = 3"),
    (
        "or6-reserved-moved-back",
        "update journal set kind = 'numbers_reserved',
        body = json_set(body, '$.line', 0, '$.up_to', 900) where kind = 'window_closed'",
    ),
    (
        "or6-watermark-moved-back",
        "update journal set kind = 'watermark_moved',
        body = json_set(body, '$.line', 0, '$.to', 400) where kind = 'window_closed'",
    ),
    ("or7-price-and-subsidy", "update purchase set subsidy = subsidy - 1 where number = 1"),
    ("or9-pass-twice", "update purchase set number = 1"),
    ("or9-purchase-without-pass", "delete from claim where number = 1"),
    ("or9-purchase-without-pass", "update claim set person = zeroblob(16) where number = 1"),
    ("or9-purchase-without-pass", "update claim set expires_at = 0 where number = 1"),
    ("store-seq-gap", "delete from ticket where number = 2"),
    ("store-batch-gap", "update batch set count = count + 1 where first_seq = 1"),
    ("store-epoch-moved-back", "update batch set epoch = 9 where first_seq = 1"),
    ("store-names-known", "update purchase set channel_id = 99 where number = 1"),
    ("store-rows-whole", "update purchase set left_after = -1 where number = 1"),
    ("store-rows-whole", "update purchase set state = 'guessed' where number = 1"),
    (
        "store-file-intact",
        "pragma writable_schema = on; update sqlite_schema
        set sql = replace(sql, '(kind, seq)', '(kind, at)') where name = 'journal_by_kind'",
    ),
];

#[tokio::test]
async fn each_rule_finds_its_fault() {
    let mut found = BTreeSet::new();
    for (rule, fault) in FAULTS {
        let (_directory, path) = healthy().await;
        plant(&path, fault);
        let report = audit(&path).expect("is asked");
        let finding = report.findings.iter().find(|finding| finding.rule == rule);
        let finding = finding.unwrap_or_else(|| panic!("{rule} missed: {fault}"));
        assert_eq!(finding.first.len() as u64, finding.count.min(5), "{rule}");
        found.insert(rule);
    }
    let rules: BTreeSet<_> = rule_names().into_iter().collect();
    assert_eq!(found, rules, "every rule has a fault that it finds");
}

/// Takes triggers and constraints away, as a hand that pokes would, and runs `fault`.
fn plant(path: &PathBuf, fault: &str) {
    let raw = Connection::open(path).expect("opens");
    if fault.starts_with("pragma") {
        raw.execute_batch(fault).expect("planted");
        return;
    }
    let table = fault
        .split_whitespace()
        .find(|word| ["journal", "ticket", "claim", "purchase", "refusal", "batch"].contains(word));
    let table = table.expect("a fault names its table");
    raw.execute_batch(&format!(
        "pragma legacy_alter_table = on; pragma ignore_check_constraints = on;
         create table bare as select * from {table};
         drop trigger {table}_is_never_changed; drop trigger {table}_is_never_removed;
         alter table {table} rename to {table}_before; alter table bare rename to {table};
         {fault}"
    ))
    .expect("planted");
}
