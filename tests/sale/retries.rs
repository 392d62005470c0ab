//! One purchase sent many times: one effect, one answer.

use crate::support::staff::RoundForm;
use crate::support::{Answer, TestApp, allowed, checks, expect, join_all, on_stage};
use serde_json::Value;

/// F6.
#[test]
fn a_hundred_copies_of_a_purchase_have_one_effect_and_one_answer() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(4_000_000)).await;
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        let request = ann.buy_request("r1", "ann-1", 100_000);
        let copies = (0..100).map(|_| {
            let (web, request) = (app.web.clone(), request.clone());
            async move { web.send(&request).await }
        });
        let answers: Vec<Answer> = join_all(copies).await;
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (201, &answers[0].body), "{answer:?}");
            assert_eq!(answer.header("location"), answers[0].header("location"));
        }
        assert_eq!(answers.iter().filter(|answer| answer.is_replay()).count(), 99);
        assert_eq!(ann.purchases().await.len(), 1);
        checks::stop_clean(app, 100_000).await;
    });
}

#[test]
fn a_hundred_copies_of_a_refused_purchase_have_one_answer() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(4_000_000)).await;
        let mut ann = app.buyer("ann");
        ann.buy_through("r1", "ann-1", 400_000).await;
        ann.get_pass("r1").await;
        let request = ann.buy_request("r1", "ann-2", 10_000);
        let copies = (0..100).map(|_| {
            let (web, request) = (app.web.clone(), request.clone());
            async move { web.send(&request).await }
        });
        let answers: Vec<Answer> = join_all(copies).await;
        for answer in &answers {
            expect(answer, 409, "monthly-limit-exceeded", &Value::Null);
            assert_eq!(answer.body, answers[0].body);
        }
        assert_eq!(answers.iter().filter(|answer| answer.is_replay()).count(), 99);
        checks::stop_clean(app, 400_000).await;
    });
}

/// S4, F9.
#[test]
fn two_phones_with_two_keys_and_one_pass_buy_once() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
        let people = (0..50).map(|person| {
            let mut first = app.buyer(&format!("person-{person}"));
            let second = app.buyer_in(&format!("person-{person}"), "moneytree", "1991-03-01");
            async move {
                allowed(first.sign_up().await);
                first.get_pass("r1").await;
                let mut second = second;
                let same = allowed(second.join("r1").await);
                assert_eq!(same["number"], allowed(first.where_am_i("r1").await)["number"]);
                assert_eq!(second.pass, first.pass, "the same place has the same pass");
                let answers = tokio::join!(
                    first.buy("r1", "phone", 100_000),
                    second.buy("r1", "tablet", 100_000),
                );
                let mut statuses = [answers.0.status, answers.1.status];
                statuses.sort_unstable();
                assert_eq!(statuses, [201, 403], "{answers:?}");
                let refused = if answers.0.status == 403 { &answers.0 } else { &answers.1 };
                expect(refused, 403, "pass-used", &Value::Null);
            }
        });
        join_all(people).await;
        checks::sold_is(&app, "r1", 5_000_000).await;
        checks::stop_clean(app, 5_000_000).await;
    });
}
