//! F10: an order keeps the date of its first second, at a bank where ids are a day's.

use super::adapters::{APPROVED, PATIENT_MS, fresh_id, order_at};
use super::support::{TestRail, on_stage};
use openrun_core::Timestamp;
use openrun_core::payment::RailAnswer::{Cancelled, NotFound, Unknown};

/// 2022-07-31T23:59:58+09:00.
const BEFORE_MIDNIGHT: Timestamp = Timestamp(1_659_279_598_000);

#[test]
fn f10_an_order_of_before_midnight_is_asked_about_under_its_own_date() {
    on_stage(async {
        let bank = TestRail::start("drop_answer=100");
        let rail = bank.adapter("http", PATIENT_MS);
        let request = order_at(&rail, fresh_id(), BEFORE_MIDNIGHT);
        assert!(request.contains("2022-07-31T23:59:58+09:00"), "{request}");
        assert_eq!(rail.authorise(&request).await, Unknown);
        bank.modes("none").await;
        // It is years later by now.
        assert_eq!(rail.inquire(&request).await, APPROVED);
        // The control: under the date of after midnight it is not found, nor can it be sent again.
        let after = request.replace("2022-07-31T23:59:58", "2022-08-01T00:00:01");
        assert_eq!(rail.inquire(&after).await, NotFound);
        assert_eq!(rail.authorise(&after).await, Unknown);
        assert_eq!(rail.cancel(&after).await, Unknown);
        assert_eq!(bank.ledger().await.approved, 1);
        assert_eq!(rail.cancel(&request).await, Cancelled);
        assert_eq!(bank.ledger().await.net_won, 0);
    });
}
