//! What the tests of rails share: payments to make, and the answers in short.

use openrun_actors::rail::{Charge, Rail};
use openrun_core::payment::RailAnswer;
use openrun_core::{PersonKey, PurchaseId, Timestamp, Won};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What everybody pays here.
pub const PRICE: Won = Won(93_000);
/// 2022-07-14T10:00:00+09:00.
pub const TEN: Timestamp = Timestamp(1_657_760_400_000);
/// The two kinds of rail that are called.
pub const KINDS: [&str; 2] = ["http", "toss"];
/// A call that takes longer than this is given up, where a test wants to see that: less than the
/// second that a slow answer takes at least, and so much that the bank has read what was asked.
pub const HASTY_MS: u64 = 900;
/// Longer than anything takes here.
pub const PATIENT_MS: u64 = 20_000;
/// So soon after a call that what the bank holds up for a second at least cannot have come. A test
/// that is slower itself has seen nothing.
pub const SOON: Duration = Duration::from_millis(500);
/// Paid in full.
pub const APPROVED: RailAnswer = RailAnswer::Approved { amount: PRICE };

/// An id of this test process only.
pub fn fresh_id() -> PurchaseId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    PurchaseId((u128::from(std::process::id()) << 64) | u128::from(number))
}

/// The request of a new order.
pub fn order(rail: &Arc<dyn Rail>) -> String {
    order_at(rail, fresh_id(), TEN)
}

/// The request of this order, first made at this moment.
pub fn order_at(rail: &Arc<dyn Rail>, purchase: PurchaseId, at: Timestamp) -> String {
    let person = PersonKey::of_subject("kim");
    rail.write_request(&Charge { purchase, person, price: PRICE, at })
}
