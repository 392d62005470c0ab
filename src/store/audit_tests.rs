//! Each rule of the audit against a store with one fault planted by hand: a rule that never fires
//! proves nothing.

use super::audit::{Finding, Totals, audit, rule_names};
use super::conformance::Owner;
use super::sample::vouchers::{of_vouchers, voucher_stream};
use super::{open, sample};
use openrun_core::{Purchase, StreamId};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use vouchers::FAULTS_OF_VOUCHERS;

pub(crate) mod clocks;
mod counter;
pub(crate) mod sale;
mod vouchers;

/// The names of all rules that the embedded store is asked.
fn rules() -> BTreeSet<&'static str> {
    rule_names().into_iter().chain(["store-file-intact"]).collect()
}

/// A small sale in which every rule holds, on the disk and closed.
async fn healthy() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("openrun.db");
    let store = open(&format!("sqlite:{}", path.display())).await.expect("opens");
    let mut people = Owner::of_stream(store.clone(), StreamId::People).await;
    people.write(vec![sample::signed_up(1)]).await.expect("writes");
    let mut owner = Owner::of(store).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let more = vec![
        sample::joined(&sample::round(), 3),
        sample::claimed(&sample::round(), 3),
        sample::joined(&sample::round(), 7),
        sample::claimed(&sample::round(), 7),
    ];
    owner.write(more).await.expect("writes");
    // The second window had 1,000,000 of its own; 700,000 moved there when the first was over, and
    // 100,000 when a hold of the first came to nothing.
    let second = |number, left| Purchase {
        window: sample::window("second"),
        ..sample::purchase_leaving(number, left)
    };
    let mut owner = Owner::of(owner.store).await;
    owner.write(vec![sample::issued(second(3, 1_700_000))]).await.expect("writes");
    owner.write(vec![sample::held(second(7, 1_600_000))]).await.expect("writes");
    // The pass of a hold that came to nothing is good again.
    let mut again = second(8, 1_500_000);
    (again.person, again.pass) = (sample::person(5), sample::purchase(5).pass);
    let last = vec![sample::issued(again), sample::refused(8, "last")];
    owner.write(last).await.expect("writes");
    let mut vouchers = Owner::of_stream(owner.store, voucher_stream()).await;
    vouchers.write(of_vouchers()).await.expect("writes");
    (directory, path)
}

#[tokio::test]
async fn a_healthy_store_has_no_findings() {
    let (_directory, path) = healthy().await;
    let report = audit(&path).expect("is asked");
    assert_eq!(report.findings, []);
    assert_eq!(report.rules, rules().len());
    let expected = Totals {
        purchases: 4,
        sold_won: 400_000,
        buyers: 4,
        tickets: 7,
        refusals: 3,
        events: 1 + sample::one_of_each().len() as u64 + 8 + of_vouchers().len() as u64,
        holds_open: 1,
        held_won: 100_000,
        voucher_moves: of_vouchers().len() as u64 - 1,
        spent_won: 55_000,
        paid_back_won: 130_000,
        expired_won: 15_000,
        balance_won: 400_000 - 55_000 - 130_000 - 15_000,
        paybacks_open: 0,
    };
    assert_eq!(report.totals, expected);
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
/// its constraints. Passes tell the rows apart: 1 bought at once, 4 was held and issued, 5 held and
/// voided, 6 held and expired, 7 is held, 3 bought later.
const FAULTS: &[(&str, &str)] = &[
    ("or1-oversell", "update purchase set amount = 1800001 where number = 3"),
    ("or1-oversell", "update hold set amount = 1700001 where number = 7"),
    (
        "or1-oversell",
        "update journal set body = json_set(body, '$.leftover', 2000000)
        where kind = 'window_closed'",
    ),
    (
        "or1-oversell",
        "update journal set body = json_set(body, '$.change', -2000000)
        where kind = 'stock_changed' and body like '%-20000%'",
    ),
    (
        "or1-left-after",
        "update journal set body = json_set(body, '$.change', -10000)
        where kind = 'stock_changed' and body like '%-20000%'",
    ),
    ("or1-left-after", "update purchase set left_after = left_after - 1 where number = 3"),
    ("or1-left-after", "update hold set left_after = left_after + 1 where number = 7"),
    (
        "or1-left-after",
        "update payment_step set body = json_set(body, '$.back_to', 'first')
        where kind = 'voided' and body like '%expired%'",
    ),
    ("or2-monthly-limit", "update purchase set amount = 400001 where number = 1"),
    (
        "or2-monthly-limit",
        "update purchase set amount = 310000,
        person = (select person from purchase where number = 1) where number = 3",
    ),
    (
        "or2-monthly-limit",
        "update hold set amount = 310000,
        person = (select person from purchase where number = 1) where number = 7",
    ),
    ("or2-used-after", "update purchase set used_after = 10000 where number = 1"),
    ("or2-used-after", "update hold set used_after = 10000 where number = 7"),
    ("or2-used-after", "delete from payment_step where kind = 'voided'"),
    ("or2-holding-limit", "update purchase set amount = 1010000 where number = 1"),
    ("or2-holding-limit", "update hold set amount = 1010000 where number = 7"),
    ("or3-purchase-twice", "update purchase set id = (select id from purchase limit 1)"),
    ("or3-purchase-twice", "insert into hold select * from hold where number = 7"),
    ("or4-key-twice", "update purchase set idempotency_key = 'another-attempt' where number = 1"),
    ("or4-key-twice", "insert into refusal select * from refusal"),
    (
        "or4-key-twice",
        "update hold set idempotency_key = 'another-attempt',
        person = (select person from refusal where idempotency_key = 'another-attempt')
        where number = 7",
    ),
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
    ("or7-price-and-subsidy", "update hold set price = price + 1 where number = 7"),
    (
        "or7-hold-ends-once",
        "update payment_step set id = (select id from purchase where number = 4)
        where kind = 'voided' and body like '%expired%'",
    ),
    ("or7-hold-ends-once", "delete from payment_step where kind = 'payment_sent'"),
    ("or7-hold-ends-once", "update payment_step set seq = 99 where kind = 'payment_sent'"),
    (
        "or7-hold-ends-once",
        "update payment_step set id = (select id from purchase where number = 4)
        where kind = 'cancel_sent'",
    ),
    ("or7-hold-ends-once", "update payment_step set kind = 'payment_sent'"),
    ("or7-hold-ends-once", "update purchase set amount = amount - 1 where number = 4"),
    ("or7-hold-ends-once", "update purchase set person = zeroblob(16) where number = 4"),
    (
        "or7-hold-ends-once",
        "update payment_step set body = json_set(body, '$.amount', 100001) where kind = 'voided'",
    ),
    (
        "or7-hold-ends-once",
        "update payment_step set body = json_set(body, '$.window', 'second') where kind = 'voided'",
    ),
    ("or7-step-without-hold", "update payment_step set id = zeroblob(16) where kind = 'voided'"),
    ("or7-step-without-hold", "delete from hold where number = 5"),
    ("or7-step-without-hold", "update hold set seq = 99 where number = 5"),
    ("or7-step-without-hold", "delete from payment_step where kind = 'payment_sent'"),
    ("or7-step-without-hold", "delete from payment_step where kind = 'voided'"),
    (
        "or7-step-without-hold",
        "update payment_step set body = json_set(body, '$.reason', 'expired')
        where kind = 'voided'",
    ),
    ("or7-return-out-of-turn", "delete from payment_step where kind = 'return_sent'"),
    ("or7-return-out-of-turn", "update payment_step set kind = 'return_sent'"),
    ("or9-pass-twice", "update purchase set number = 1"),
    ("or9-pass-twice", "update hold set number = 1 where number = 7"),
    ("or9-pass-twice", "update payment_step set seq = 99 where kind = 'voided'"),
    ("or9-purchase-without-pass", "delete from claim where number = 1"),
    ("or9-purchase-without-pass", "update claim set person = zeroblob(16) where number = 7"),
    ("or9-purchase-without-pass", "update claim set expires_at = 0 where number = 1"),
    ("store-seq-gap", "delete from ticket where number = 2"),
    ("store-batch-gap", "update batch set count = count + 1 where stream_id <> 0"),
    ("store-epoch-moved-back", "update batch set epoch = 9 where stream_id <> 0 and first_seq = 1"),
    ("store-ownership-gap", "delete from ownership where stream_id > 0 and epoch = 1"),
    ("store-ownership-gap", "delete from ownership where stream_id > 0 and epoch = 2"),
    (
        "store-ownership-gap",
        "update ownership set from_seq = from_seq + 1 where stream_id > 0 and epoch = 2",
    ),
    ("store-ownership-gap", "update ownership set other_seq = 99 where stream_id < 0"),
    ("store-ownership-gap", "update ownership set server = null where stream_id > 0"),
    ("store-names-known", "update purchase set channel_id = 99 where number = 1"),
    ("store-names-known", "update ticket set stream_id = 99 where number = 3"),
];
/// More of them: of single rows, and of the file itself.
const MORE_FAULTS: &[(&str, &str)] = &[
    ("store-rows-whole", "update purchase set left_after = -1 where number = 1"),
    ("store-rows-whole", "update hold set digest = zeroblob(31) where number = 7"),
    ("store-rows-whole", "update payment_step set kind = 'guessed' where kind = 'voided'"),
    ("store-rows-whole", "update hold set program_id = window_id where number = 7"),
    ("store-rows-whole", "update batch set hash = zeroblob(31) where stream_id = 0"),
    ("store-rows-whole", "update ownership set server = zeroblob(15) where stream_id = 0"),
    // What no rule of the sale can tell: only the chain.
    ("store-chain-intact", "update purchase set decided_at = decided_at - 1 where number = 1"),
    ("store-chain-intact", "update ticket set at = at + 1 where number = 7"),
    ("store-chain-intact", "update person set channel_id = 2"),
    ("store-chain-intact", "update refusal set digest = zeroblob(32)"),
    (
        "store-chain-intact",
        "update payment_step set body = replace(body, 'order', 'ordre') where kind = 'payment_sent'",
    ),
    ("store-chain-intact", "update batch set hash = zeroblob(32) where stream_id = 0"),
    ("store-chain-intact", "update hold set digest = 'text' where number = 7"),
    (
        "store-file-intact",
        "pragma writable_schema = on; update sqlite_schema
        set sql = replace(sql, '(kind, at,', '(kind, round_id,') where name = 'journal_by_kind'",
    ),
];

/// F15 and every other fault that rows can show.
#[tokio::test]
async fn each_rule_finds_its_fault() {
    let mut found = BTreeSet::new();
    for (rule, fault) in FAULTS.iter().chain(MORE_FAULTS).chain(FAULTS_OF_VOUCHERS) {
        let (_directory, path) = healthy().await;
        plant(&path, fault);
        let report = audit(&path).expect("is asked");
        let finding = report.findings.iter().find(|finding| finding.rule == *rule);
        let finding = finding.unwrap_or_else(|| panic!("{rule} missed: {fault}"));
        assert_eq!(finding.first.len() as u64, finding.count.min(5), "{rule}");
        assert!(!finding.first.join(" ").contains("bytes)"), "{rule} tells of a key");
        found.insert(*rule);
    }
    found.extend(counter::faults_found().await);
    assert_eq!(found, rules(), "every rule has a fault that it finds");
}

/// What a careful hand does leaves every other rule whole.
#[tokio::test]
async fn the_chain_alone_tells_what_a_careful_hand_did() {
    // After one of each: a batch of the tickets and claims of 3 and 7, two of one, and one of two.
    let first = sample::one_of_each().len() + 1;
    let (third, end, last) = (first + 2, first + 3, first + 7);
    let cases = [
        (
            "changed",
            (first, end),
            "update claim set expires_at = expires_at + 1 where number = 7".to_owned(),
        ),
        (
            "removed",
            (last - 1, last - 1),
            format!(
                "delete from refusal where seq = {last};
                 update batch set count = 1 where first_seq = {last} - 1 and stream_id > 0;
                 update stream set next_seq = {last} where id > 0;
                 update ownership set other_seq = {last} where stream_id < 0;"
            ),
        ),
        (
            "reordered",
            (first, end),
            format!(
                "update ticket set seq = case seq when {first} then {third} else {first} end
                 where seq in ({first}, {third})"
            ),
        ),
    ];
    for (what, (from, to), fault) in cases {
        let (_directory, path) = healthy().await;
        let tables = ["claim", "ticket", "refusal", "batch", "stream", "ownership"];
        plant_in(&path, &tables, &fault);
        let report = audit(&path).expect("is asked");
        assert_eq!(report.findings.len(), 1, "{what}: {:?}", report.findings);
        let Finding { rule, count, first } = &report.findings[0];
        assert_eq!((*rule, *count), ("store-chain-intact", 1), "{what}: {first:?}");
        let place = format!("stream=program:seoul seq={from} to={to} problem=");
        assert!(first[0].starts_with(&place), "{what}: {first:?}");
    }
}

/// Takes triggers and constraints away, as a hand that pokes would, and runs `fault`.
fn plant(path: &PathBuf, fault: &str) {
    if fault.starts_with("pragma") {
        return Connection::open(path).expect("opens").execute_batch(fault).expect("planted");
    }
    // The first table that it names is the one that it changes.
    let table = fault.split_whitespace().find(|word| TABLES.contains(word));
    plant_in(path, &[table.expect("a fault names its table")], fault);
}

fn plant_in(path: &Path, tables: &[&str], fault: &str) {
    let raw = Connection::open(path).expect("opens");
    let set = "pragma legacy_alter_table = on; pragma ignore_check_constraints = on;";
    raw.execute_batch(set).expect("set");
    for table in tables {
        raw.execute_batch(&format!(
            "create table bare as select * from {table};
             drop trigger if exists {table}_is_never_changed;
             drop trigger if exists {table}_only_grows;
             drop trigger {table}_is_never_removed;
             alter table {table} rename to {table}_before; alter table bare rename to {table};"
        ))
        .expect("bare");
    }
    raw.execute_batch(fault).expect("planted");
}

const TABLES: [&str; 11] = [
    "ownership",
    "voucher_move",
    "journal",
    "person",
    "ticket",
    "claim",
    "hold",
    "payment_step",
    "purchase",
    "refusal",
    "batch",
];
