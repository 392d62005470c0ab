//! The rules about vouchers after their sale: faults that they must find, and sales in which they
//! hold although the rules of a sale alone would not.

use super::plant_in;
use super::sale::{EMBEDDED, Sale, time};

/// As `FAULTS`, on what [`sample::vouchers::of_vouchers`] wrote.
pub(super) const FAULTS_OF_VOUCHERS: &[(&str, &str)] = &[
    (
        "or2-gift-limit",
        "update journal set body = json_set(body, '$.program.versions[0].after_sale',
        json('{\"gift_limit_won\": 10000}')) where kind = 'program_changed'",
    ),
    ("or2-holding-limit", "update voucher_move set amount = 1010000 where kind = 'gifted'"),
    (
        "or4-key-twice",
        "update voucher_move set idempotency_key = 'attempt-1' where merchant is not null
        and move_no = 1",
    ),
    (
        "or7-books-balance",
        "update voucher_move set price = price + 1 where kind = 'paid_back' and cause = 'cancel'",
    ),
    ("or7-books-balance", "update voucher_move set subsidy = 0 where kind = 'gifted'"),
    ("or7-books-balance", "update purchase set price = price - 1 where number = 1"),
    ("or7-voucher-below-zero", "update voucher_move set amount = 100001 where kind = 'spent'"),
    ("or7-voucher-below-zero", "update purchase set amount = 99999 where number = 4"),
    (
        "or7-balance-after",
        "update voucher_move set balance_after = balance_after + 1 where kind = 'spent'",
    ),
    ("or7-balance-after", "delete from voucher_move where kind = 'payback_refused'"),
    ("or7-balance-after", "update voucher_move set move_no = 9 where kind = 'expired'"),
    ("or7-balance-after", "update voucher_move set seq = 99 where kind = 'gifted'"),
    (
        "or7-move-without-voucher",
        "update voucher_move set person = zeroblob(16) where kind = 'expired'",
    ),
    ("or7-move-without-voucher", "delete from purchase where number = 4"),
    ("or7-move-without-voucher", "delete from voucher_move where kind = 'gifted'"),
    ("or7-move-without-voucher", "update voucher_move set stream_id = -99 where kind = 'spent'"),
    ("or7-payback-ends-once", "delete from voucher_move where kind = 'payback_sent'"),
    ("or7-payback-ends-once", "update voucher_move set seq = 99 where kind = 'payback_sent'"),
    (
        "or7-payback-ends-once",
        "update voucher_move set amount = amount - 1 where kind = 'paid_back'",
    ),
    (
        "or7-payback-ends-once",
        "update voucher_move set kind = 'spent' where kind = 'payback_refused'",
    ),
    (
        "or7-payback-ends-once",
        "update voucher_move set kind = 'paid_back' where kind = 'payback_refused'",
    ),
    ("or7-payback-ends-once", "update voucher_move set cause = 'cancel' where cause = 'refund'"),
    (
        "or7-payback-ends-once",
        "insert into voucher_move select * from voucher_move where kind = 'paid_back'",
    ),
    ("store-seq-gap", "delete from voucher_move where kind = 'expired'"),
    ("store-rows-whole", "update voucher_move set balance_after = -1 where kind = 'expired'"),
    ("store-rows-whole", "update voucher_move set receiver = null where kind = 'gifted'"),
    ("store-names-known", "update voucher_move set round_id = 99 where kind = 'paid_back'"),
    ("store-chain-intact", "update voucher_move set body = replace(body, 'cafe-1', 'cafe-2')"),
    // Columns that no longer say what their event does.
    (
        "store-chain-intact",
        "update voucher_move set merchant = 'elsewhere' where merchant is not null",
    ),
    ("store-chain-intact", "update voucher_move set due_at = due_at + 1 where kind = 'gifted'"),
];

/// A purchase that is cancelled, another of which a part is spent, and a third that had room
/// thanks to both.
async fn cancelled_and_spent() -> Sale {
    let mut sale = Sale::open(EMBEDDED).await;
    sale.buys(1, 400_000, [600_000, 400_000], time(0)).await;
    sale.cancels(1, time(1)).await;
    sale.buys(2, 400_000, [200_000, 400_000], time(2)).await;
    sale.spends(2, [100_000, 300_000], time(3)).await;
    sale.buys(3, 100_000, [100_000, 500_000], time(4)).await;
    sale
}

/// What was cancelled gives its allowance back, and what was spent makes room: both lie in another
/// stream than purchases, and only the time says which came first.
#[tokio::test]
async fn a_cancel_gives_the_allowance_back_and_a_spend_makes_room() {
    assert_eq!(cancelled_and_spent().await.broken().await, Vec::<&str>::new());
    // Without what made room there was none; and room that was made too late is none.
    for fault in
        ["delete from voucher_move", "update voucher_move set decided_at = decided_at + 36000000"]
    {
        let sale = cancelled_and_spent().await;
        plant_in(sale.path(), &["voucher_move"], fault);
        let broken = sale.broken().await;
        for rule in ["or2-monthly-limit", "or2-used-after", "or2-holding-limit"] {
            assert!(broken.contains(&rule), "{rule} missed: {fault}: {broken:?}");
        }
    }
}

/// A stream that was taken over by the same server, as after any commit that fails, is no clock
/// that was set back: what makes room afterwards made none before.
#[tokio::test]
async fn a_doubt_excuses_nothing_that_is_too_much() {
    for is_in_doubt in [false, true] {
        let mut sale = Sale::open(EMBEDDED).await;
        sale.buys(1, 400_000, [600_000, 400_000], time(0)).await;
        sale.buys(2, 400_000, [200_000, 400_000], time(1)).await;
        sale.cancels(1, time(2)).await;
        if is_in_doubt {
            sale.is_in_doubt_of_vouchers().await;
        }
        sale.spends(2, [100_000, 300_000], time(3)).await;
        let all = ["or2-monthly-limit", "or2-used-after", "or2-holding-limit"];
        assert_eq!(sale.broken().await, all, "{is_in_doubt}");
    }
}
