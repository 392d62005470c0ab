//! The rules about vouchers after their sale: faults that they must find, and sales in which they
//! hold although the rules of a sale alone would not.

use super::plant_in;
use crate::store::audit::audit;
use crate::store::conformance::Owner;
use crate::store::open;
use crate::store::sample;
use crate::store::sample::vouchers::{
    gifted, of, of_itself, payback, payback_sent, spent, voucher, voucher_stream,
};
use openrun_core::round_spec::LineId;
use openrun_core::voucher::PaybackCause;
use openrun_core::{Event, PersonKey, Purchase, Timestamp, Won};
use std::path::PathBuf;
use std::sync::Arc;

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

/// The one turn of another person.
const LAST_TURN: u64 = 4;

/// A sale with a holding limit of 400,000 won, in which one person has all the turns but the last.
struct Sale {
    path: PathBuf,
    sale: Owner,
    vouchers: Owner,
    _directory: tempfile::TempDir,
}

impl Sale {
    async fn open() -> Sale {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("openrun.db");
        let store = open(&format!("sqlite:{}", path.display())).await.expect("opens");
        let mut sale = Owner::of(Arc::clone(&store)).await;
        let mut events = vec![Event::ProgramChanged { program: sample::program(400_000) }];
        events.extend(sample::opening_of(&sample::round(), 10));
        let (round, line) = (sample::round(), LineId(0));
        for number in 1..=LAST_TURN {
            let person = owner_of(number);
            let (here, there) = (round.clone(), round.clone());
            events.push(Event::Joined { round: here, line, number, person, dead_up_to: 0 });
            let expires_at = time(9);
            events.push(Event::Claimed { round: there, line, number, person, expires_at });
        }
        sale.write(events).await.expect("writes");
        let vouchers = Owner::of_stream(store, voucher_stream()).await;
        Sale { path, sale, vouchers, _directory: directory }
    }

    async fn buys(&mut self, number: u64, amount: i64, [left, used]: [i64; 2], at: Timestamp) {
        let purchase = Purchase {
            person: owner_of(number),
            amount: Won(amount),
            price: Won(amount / 100 * 93),
            subsidy: Won(amount / 100 * 7),
            left_after: Won(left),
            used_after: Won(used),
            monthly_limit: Won(500_000),
            at,
            ..sample::purchase(number)
        };
        let mut batch = self.sale.batch(vec![sample::issued(purchase)]);
        batch.events[0].0 = at;
        self.sale.store.commit(batch).await.expect("writes");
        self.sale.ownership.next_seq += 1;
    }

    async fn moves(&mut self, events: Vec<Event>, at: Timestamp) {
        let count = events.len() as u64;
        let mut batch = self.vouchers.batch(events.into_iter().map(|one| moved(one, at)).collect());
        batch.events.iter_mut().for_each(|(written, _)| *written = at);
        self.vouchers.store.commit(batch).await.expect("writes");
        self.vouchers.ownership.next_seq += count;
    }

    /// Another server takes over.
    async fn taken_over(&mut self) {
        self.sale = Owner::of(Arc::clone(&self.sale.store)).await;
        self.is_in_doubt_of_vouchers().await;
    }

    /// The right to write to the one stream is taken anew, as after a commit that failed.
    async fn is_in_doubt_of_vouchers(&mut self) {
        self.vouchers = Owner::of_stream(Arc::clone(&self.sale.store), voucher_stream()).await;
    }

    /// Somebody cancels all that they bought for 400,000 won.
    async fn cancels(&mut self, number: u64, at: Timestamp) {
        let one = owner_of(number);
        let whole = || payback(PaybackCause::Cancel, 400_000);
        let both = vec![
            payback_sent(of(voucher(number), one, number, 1), whole()),
            Event::PaidBack { of: of_itself(voucher(number), one, number, 2), payback: whole() },
        ];
        self.moves(both, at).await;
    }

    /// Somebody spends of what they bought, and so much is left.
    async fn spends(&mut self, number: u64, [amount, left]: [i64; 2], at: Timestamp) {
        let of = of(voucher(number), owner_of(number), number, 1);
        self.moves(vec![spent(of, amount, left)], at).await;
    }

    /// The names of the rules that do not hold.
    fn broken(&self) -> Vec<&'static str> {
        let report = audit(&self.path).expect("is asked");
        report.findings.iter().map(|finding| finding.rule).collect()
    }
}

fn time(hours: i64) -> Timestamp {
    sample::OPENING.plus_millis(hours * 3_600_000)
}

/// Whose turn a number is.
fn owner_of(number: u64) -> PersonKey {
    sample::person(if number == LAST_TURN { 2 } else { 1 })
}

/// The same, decided at another time.
fn moved(event: Event, at: Timestamp) -> Event {
    let mut event = event;
    match &mut event {
        Event::Spent { of, .. }
        | Event::Gifted { of, .. }
        | Event::PaybackSent { of, .. }
        | Event::PaidBack { of, .. } => of.at = at,
        other => panic!("{other:?}"),
    }
    event
}

/// A purchase that is cancelled, another of which a part is spent, and a third that had room
/// thanks to both.
async fn cancelled_and_spent() -> Sale {
    let mut sale = Sale::open().await;
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
    assert_eq!(cancelled_and_spent().await.broken(), Vec::<&str>::new());
    // Without what made room there was none; and room that was made too late is none.
    for fault in
        ["delete from voucher_move", "update voucher_move set decided_at = decided_at + 36000000"]
    {
        let sale = cancelled_and_spent().await;
        plant_in(&sale.path, &["voucher_move"], fault);
        let broken = sale.broken();
        for rule in ["or2-monthly-limit", "or2-used-after", "or2-holding-limit"] {
            assert!(broken.contains(&rule), "{rule} missed: {fault}: {broken:?}");
        }
    }
}

/// A purchase that was cancelled and one that was spent, and then two that had room thanks to both,
/// by a clock that is three hours behind: that of another server if `is_taken_over`.
async fn before_and_after_the_clock_was_set_back(is_taken_over: bool) -> Vec<&'static str> {
    let mut sale = Sale::open().await;
    sale.buys(1, 400_000, [600_000, 400_000], time(5)).await;
    sale.cancels(1, time(6)).await;
    sale.buys(2, 100_000, [500_000, 100_000], time(6)).await;
    sale.spends(2, [100_000, 0], time(6)).await;
    if is_taken_over {
        sale.taken_over().await;
    }
    sale.buys(3, 400_000, [100_000, 500_000], time(3)).await;
    sale.broken()
}

/// F33: the wall clock was set back before a server was started again.
#[tokio::test]
async fn f33_a_clock_that_was_set_back_between_two_servers_is_no_fault_of_a_sale() {
    assert_eq!(before_and_after_the_clock_was_set_back(true).await, Vec::<&str>::new());
    // The clock of one server never goes back: under one take-over the time is the order.
    let broken = before_and_after_the_clock_was_set_back(false).await;
    for rule in ["or2-monthly-limit", "or2-used-after", "or2-holding-limit"] {
        assert!(broken.contains(&rule), "{rule} missed: {broken:?}");
    }
}

/// The same when the sale was quiet: only the stream of vouchers shows that the clock was set back.
#[tokio::test]
async fn f33_the_stream_of_vouchers_tells_that_the_clock_was_set_back() {
    for is_taken_over in [true, false] {
        let mut sale = Sale::open().await;
        sale.buys(1, 300_000, [700_000, 300_000], time(1)).await;
        sale.buys(2, 100_000, [600_000, 400_000], time(1)).await;
        sale.spends(1, [300_000, 0], time(6)).await;
        if is_taken_over {
            sale.taken_over().await;
        }
        sale.spends(2, [10_000, 90_000], time(3)).await;
        sale.buys(3, 100_000, [500_000, 500_000], time(3)).await;
        let broken: &[&str] = if is_taken_over { &[] } else { &["or2-holding-limit"] };
        assert_eq!(sale.broken(), broken, "{is_taken_over}");
    }
}

/// F33: what was given after the clock was set back was not there when it was bought, by the time
/// that was shown before.
#[tokio::test]
async fn f33_a_gift_after_the_clock_was_set_back_takes_no_room_before() {
    for is_taken_over in [true, false] {
        let mut sale = Sale::open().await;
        sale.buys(4, 400_000, [600_000, 400_000], time(1)).await;
        sale.buys(1, 300_000, [300_000, 300_000], time(5)).await;
        sale.spends(1, [300_000, 0], time(6)).await;
        if is_taken_over {
            sale.taken_over().await;
        }
        let of = of(voucher(4), owner_of(4), 4, 1);
        sale.moves(vec![gifted(of, owner_of(1), 300_000, 100_000)], time(3)).await;
        let broken: &[&str] = if is_taken_over { &[] } else { &["or2-holding-limit"] };
        assert_eq!(sale.broken(), broken, "{is_taken_over}");
    }
}

/// A stream that was taken over by the same server, as after any commit that fails, is no clock
/// that was set back: what makes room afterwards made none before.
#[tokio::test]
async fn a_doubt_excuses_nothing_that_is_too_much() {
    for is_in_doubt in [false, true] {
        let mut sale = Sale::open().await;
        sale.buys(1, 400_000, [600_000, 400_000], time(0)).await;
        sale.buys(2, 400_000, [200_000, 400_000], time(1)).await;
        sale.cancels(1, time(2)).await;
        if is_in_doubt {
            sale.is_in_doubt_of_vouchers().await;
        }
        sale.spends(2, [100_000, 300_000], time(3)).await;
        let all = ["or2-monthly-limit", "or2-used-after", "or2-holding-limit"];
        assert_eq!(sale.broken(), all, "{is_in_doubt}");
    }
}

/// The clock was set back, and under the second server somebody buys more than there is room for,
/// and spends it.
#[tokio::test]
async fn f33_what_is_too_much_is_found_after_the_clock_was_set_back() {
    let mut sale = Sale::open().await;
    sale.buys(1, 400_000, [600_000, 400_000], time(5)).await;
    sale.taken_over().await;
    sale.buys(2, 100_000, [500_000, 500_000], time(3)).await;
    assert_eq!(sale.broken(), ["or2-holding-limit"]);
    // By the times that are shown the spend came before the first purchase.
    sale.spends(2, [100_000, 0], time(4)).await;
    assert_eq!(sale.broken(), ["or2-holding-limit"]);
}
