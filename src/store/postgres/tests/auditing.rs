//! The audit on PostgreSQL: every rule can be asked, and what a hand did to the rows is found.

use super::database::Database;
use super::{Owner, open, opened};
use crate::store::audit::{Finding, Report, audit_url};
use crate::store::audit_tests::clocks::{self, for_every_clock};
use crate::store::audit_tests::sale::Ground;
use crate::store::sample;
use openrun_core::StreamId;

/// A small sale in which every rule holds.
async fn healthy() -> Database {
    let database = Database::create().await;
    let store = open(&database).await;
    let mut people = Owner::of_stream(store.clone(), StreamId::People).await;
    people.write(vec![sample::signed_up(1), sample::signed_up(2)]).await.expect("writes");
    let mut owner = Owner::of(store).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    owner.write(vec![sample::joined(&sample::round(), 7)]).await.expect("writes");
    owner.write(vec![sample::claimed(&sample::round(), 7)]).await.expect("writes");
    let mut vouchers = Owner::of_stream(owner.store, sample::vouchers::voucher_stream()).await;
    vouchers.write(sample::vouchers::of_vouchers()).await.expect("writes");
    database
}

async fn audited(database: &Database) -> Report {
    let url = database.url.clone();
    // It blocks, as the command does.
    let asked = tokio::task::spawn_blocking(move || audit_url(&url)).await;
    asked.expect("ends").expect("is asked")
}

#[tokio::test]
async fn a_healthy_store_has_no_findings() {
    let database = healthy().await;
    let report = audited(&database).await;
    assert_eq!(report.findings, []);
    assert_eq!(report.rules, crate::store::audit::rule_names().len() + 1);
    let moves = sample::vouchers::of_vouchers().len() as u64;
    let events = 2 + sample::one_of_each().len() as u64 + 2 + moves;
    assert_eq!((report.totals.events, report.totals.purchases), (events, 2));
    assert_eq!(report.totals.sold_won, 200_000);
}

#[tokio::test]
async fn paper_needs_no_pass_and_is_held_by_nobody_and_its_numbers_have_no_gap() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    owner.write(sample::counter::sale()).await.expect("writes");
    let report = audited(&database).await;
    assert_eq!(
        (report.findings, report.totals.purchases, report.totals.balance_won),
        (vec![], 2, 0)
    );
    for (rule, fault) in [
        (
            "or2-holding-limit",
            "update journal set body = jsonb_set(body::jsonb,
             '{program,versions,0,holding_limit_won}', '90000')::json
             where kind = 'program_changed'",
        ),
        ("or6-serial-gap", "update purchase set number = 3 where number = 2"),
        (
            "or1-counter-stock",
            "update purchase set window_id = (select id from name where text = 'seoul')",
        ),
        (
            "or9-counter-not-named",
            "update purchase set channel_id = (select id from name where text = 'seoul')",
        ),
        (
            "or7-move-without-voucher",
            "insert into voucher_move (stream_id, seq, at, decided_at, kind, id, voucher, person,
             merchant, move_no, amount, balance_after, body)
             select -stream_id, 1, at, at, 'spent', id, id, person, 'cafe-1', 1, 1000, 99000, '{}'
             from purchase where number = 1",
        ),
    ] {
        let fault = format!(
            "set session_replication_role = replica; {fault};
             set session_replication_role = origin"
        );
        database.execute(&fault).await;
        let found = audited(&database).await.findings;
        assert!(found.iter().any(|finding| finding.rule == rule), "{rule} missed: {found:?}");
    }
}

#[tokio::test]
async fn a_store_can_be_audited_while_a_server_writes() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    owner.write(sample::opening_of(&sample::round(), 100)).await.expect("writes");
    for number in 1..=5 {
        owner.write(vec![sample::joined(&sample::round(), number)]).await.expect("writes");
        let report = audited(&database).await;
        assert_eq!((report.findings.len(), report.totals.tickets), (0, number));
    }
}

/// What a hand does that may do everything, and the rule that finds it. The triggers are taken away
/// and put back: what is found is the rows.
const FAULTS: [(&str, &str); 22] = [
    (
        "or7-books-balance",
        "alter table voucher_move drop constraint voucher_price_and_subsidy_make_amount;
         update voucher_move set price = price + 1 where kind = 'paid_back'",
    ),
    ("or7-voucher-below-zero", "update voucher_move set amount = 100001 where kind = 'spent'"),
    ("or7-balance-after", "delete from voucher_move where kind = 'payback_refused'"),
    ("or7-move-without-voucher", "delete from voucher_move where kind = 'gifted'"),
    ("or7-payback-ends-once", "delete from voucher_move where kind = 'payback_sent'"),
    (
        "or2-gift-limit",
        "update journal set body = jsonb_set(body::jsonb, '{program,versions,0,after_sale}',
         '{\"gift_limit_won\": 10000}')::json where kind = 'program_changed'",
    ),
    ("store-chain-intact", "update voucher_move set merchant = 'x' where merchant is not null"),
    ("store-chain-intact", "update voucher_move set stream_id = -99 where kind = 'expired'"),
    ("store-chain-intact", "update ticket set person = '\\x00112233445566778899aabbccddeeff'"),
    ("store-chain-intact", "update journal set body = replace(body::text, 'staff-1', 'x')::json"),
    ("store-chain-intact", "update person set at = at + 1"),
    ("store-chain-intact", "delete from claim where number = 7"),
    // Two rows change places.
    ("store-chain-intact", "update person set seq = -seq; update person set seq = 3 + seq"),
    ("store-chain-intact", "update batch set hash = sha256('x') where first_seq = 1"),
    ("store-chain-intact", "update stream set hash = sha256('x')"),
    ("store-seq-gap", "delete from ticket where number = 2"),
    ("store-batch-gap", "update batch set count = count + 1 where first_seq = 1"),
    ("store-ownership-gap", "delete from ownership where stream_id > 0"),
    ("store-ownership-gap", "update ownership set server = null where stream_id > 0"),
    ("store-epoch-moved-back", "update batch set epoch = 9 where first_seq = 1"),
    ("or1-left-after", "update purchase set left_after = left_after - 1 where number = 1"),
    (
        "or6-watermark-moved-back",
        "update journal set kind = 'watermark_moved',
         body = (body::jsonb || '{\"line\": 0, \"to\": 400}')::json where kind = 'window_closed'",
    ),
];

/// S16, F16.
#[tokio::test]
async fn what_a_hand_changed_removed_or_reordered_is_found() {
    let database = healthy().await;
    for (rule, fault) in FAULTS {
        let client = database.client().await;
        // In a copy of the database, so that each fault is alone. Nobody else may be connected.
        let copy = format!("{}_copy", database.name());
        let sessions = "select pg_terminate_backend(pid) from pg_stat_activity
                        where datname = current_database() and pid <> pg_backend_pid()";
        client.batch_execute(sessions).await.expect("alone");
        drop(client);
        let copied = database.copied_as(&copy).await;
        copied
            .execute(&format!(
                "set session_replication_role = replica; {fault};
                 set session_replication_role = origin"
            ))
            .await;
        let report = audited(&copied).await;
        let found = report.findings.iter().find(|finding| finding.rule == rule);
        let Some(Finding { first, .. }) = found else {
            panic!("{rule} missed {fault}: {:?}", report.findings)
        };
        assert!(!first.is_empty() && first.iter().all(|row| !row.contains("\\x")), "{first:?}");
    }
}

#[tokio::test]
async fn a_guard_that_was_taken_away_is_found() {
    let database = healthy().await;
    for (fault, told) in [
        (
            "alter table ticket disable trigger ticket_is_never_changed",
            "found_in=ticket problem=trigger missing guard=changed",
        ),
        (
            "drop trigger stream_is_never_removed on stream",
            "found_in=stream problem=trigger missing guard=removed",
        ),
        (
            "alter table hold drop constraint hold_left_not_negative;
             alter table hold add constraint hold_left_not_negative check (left_after >= 0)
             not valid",
            "found_in=hold problem=constraint not validated guard=hold_left_not_negative",
        ),
    ] {
        database.execute(fault).await;
        let report = audited(&database).await;
        let found = report.findings.iter().find(|found| found.rule == "store-guards-intact");
        let found = found.unwrap_or_else(|| panic!("missed {fault}"));
        assert!(found.first.contains(&told.to_owned()), "{found:?}");
    }
}

#[tokio::test]
async fn what_is_no_store_is_said_so() {
    let database = Database::create().await;
    let url = database.url.clone();
    let asked = tokio::task::spawn_blocking(move || audit_url(&url)).await.expect("ends");
    let words = asked.expect_err("there is nothing").to_string();
    assert!(words.contains("run `openrun migrate`"), "{words}");
}

/// A database of its own, that two servers may have open.
const DATABASE: Ground = Ground {
    fresh: || {
        Box::pin(async {
            let database = Database::create().await;
            let url = database.url.clone();
            let place: Box<dyn std::any::Any + Send> = Box::new(database);
            (url, place)
        })
    },
    open: |url| Box::pin(opened(url)),
    is_for_two: true,
};

/// Runs the test of this name that every store must pass.
macro_rules! judges {
    ($($name:ident)+) => {$(
        #[tokio::test]
        async fn $name() {
            clocks::$name(DATABASE).await;
        }
    )+};
}

for_every_clock!(judges);
