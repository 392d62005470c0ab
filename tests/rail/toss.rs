//! The adapter in the style of Toss Payments: that the port fits a provider that we did not write.

use super::adapters::{APPROVED, PATIENT_MS, order};
use super::support::{Request, TestRail, Web, on_stage};
use openrun_core::payment::RailAnswer::{Cancelled, NotFound, Pending, Unknown};

fn web(bank: &TestRail) -> Web {
    Web::new(bank.url.trim_start_matches("http://").parse().expect("it says its address"))
}

#[test]
fn a_whole_payment_in_the_style_of_toss() {
    on_stage(async {
        let bank = TestRail::start("none");
        let rail = bank.adapter("toss", PATIENT_MS);
        let request = order(&rail);
        assert!(request.starts_with("{\"paymentKey\":\"openrun"), "{request}");
        assert_eq!(rail.cancel(&request).await, NotFound, "nothing can be barred");
        assert_eq!(rail.authorise(&request).await, APPROVED, "so it can still be paid");
        assert_eq!(rail.inquire(&request).await, APPROVED);
        assert_eq!(rail.cancel(&request).await, Cancelled);
        assert_eq!(rail.cancel(&request).await, Cancelled, "already, as an inquiry finds");
    });
}

#[test]
fn a_payment_under_way_is_pending() {
    on_stage(async {
        let bank = TestRail::start("late_approval=100,late_s=30-30");
        let rail = bank.adapter("toss", PATIENT_MS);
        let request = order(&rail);
        assert_eq!(rail.authorise(&request).await, Unknown, "lost on its way");
        assert_eq!(rail.authorise(&request).await, Pending, "the first is still being processed");
        assert_eq!(rail.inquire(&request).await, NotFound);
    });
}

#[test]
fn neither_face_takes_a_stranger() {
    on_stage(async {
        let bank = TestRail::start("none");
        let web = web(&bank);
        let body = |request: Request| request.body("application/json", "{}");
        for (method, path, status) in [
            ("POST", "/v1/payments/confirm", 401),
            ("GET", "/v1/payments/orders/0000000000000000000000000000002a", 401),
            ("POST", "/v1/authorisations", 401),
            ("GET", "/v1/orders/0000000000000000000000000000002a?date=2022-07-14", 401),
            ("GET", "/nothing", 404),
            ("DELETE", "/ledger", 405),
        ] {
            let plain = Request::new(method, path);
            let request = if method == "POST" { body(plain) } else { plain };
            let answer = web.send(&request).await;
            assert_eq!(answer.status, status, "{method} {path} {}", answer.text());
        }
        let put = Request::new("PUT", "/modes").body("text/plain", "fly=1");
        assert_eq!(web.send(&put).await.status, 422);
        assert_eq!(bank.ledger().await.orders, 0);
    });
}
