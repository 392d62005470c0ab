//! The rules about counters: a sale over the counter in which every rule holds, and the faults that
//! they must find in it.

use super::plant;
use crate::store::audit::audit;
use crate::store::conformance::Owner;
use crate::store::{open, sample};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// As `FAULTS`, on what [`sample::counter::sale`] is: two sheets of paper, numbered 1 and 2, and
/// none by a pass.
const FAULTS: &[(&str, &str)] = &[
    ("or1-counter-stock", "update purchase set line = 0 where number = 2"),
    (
        "or1-counter-stock",
        "update purchase set window_id = (select id from name where text = 'first')
        where number = 1",
    ),
    (
        "or1-counter-stock",
        "update journal set body = json_remove(body, '$.spec.windows[1].sold_at')
        where kind = 'round_defined'",
    ),
    // Room for less than one sheet: nobody keeps it, and yet it was too much.
    (
        "or2-holding-limit",
        "update journal set body = json_set(body, '$.program.versions[0].holding_limit_won', 90000)
        where kind = 'program_changed'",
    ),
    // Paper is spent by whoever has it, and nobody writes that down.
    (
        "or7-move-without-voucher",
        "insert into voucher_move (stream_id, seq, at, decided_at, kind, id, voucher, person,
        merchant, move_no, amount, balance_after, body)
        select -stream_id, 1, at, at, 'spent', zeroblob(16), id, person, 'cafe-1', 1, 1000, 99000,
        '{}' from purchase where number = 1",
    ),
    ("or6-serial-gap", "update purchase set number = 3 where number = 2"),
    ("or6-serial-gap", "delete from purchase where number = 1"),
    (
        "or9-counter-not-named",
        "update journal set body = json_remove(body, '$.program.versions[0].counters')
        where kind = 'program_changed'",
    ),
    ("or9-counter-not-named", "update journal set seq = 99 where kind = 'program_changed'"),
    ("or9-purchase-without-pass", "update purchase set line = 0"),
];

async fn sale() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("openrun.db");
    let store = open(&format!("sqlite:{}", path.display())).await.expect("opens");
    Owner::of(store).await.write(sample::counter::sale()).await.expect("writes");
    (directory, path)
}

#[tokio::test]
async fn paper_needs_no_pass_and_is_held_by_nobody() {
    let (_directory, path) = sale().await;
    let report = audit(&path).expect("is asked");
    assert_eq!(report.findings, []);
    let totals = report.totals;
    assert_eq!((totals.purchases, totals.sold_won, totals.balance_won), (2, 200_000, 0));
}

/// Which rules found their fault; each of them must.
pub(super) async fn faults_found() -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for (rule, fault) in FAULTS {
        let (_directory, path) = sale().await;
        plant(&path, fault);
        let report = audit(&path).expect("is asked");
        let is_found = report.findings.iter().any(|finding| finding.rule == *rule);
        assert!(is_found, "{rule} missed: {fault}");
        found.insert(*rule);
    }
    found
}
