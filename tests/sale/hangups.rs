//! Callers who hang up right after sending, a thousand of them: what they asked for happens once or
//! not at all, they find out which, and nothing of theirs stays behind.

use crate::support::staff::RoundForm;
use crate::support::{Buyer, TestApp, allowed, alone, checks, eventually, join_all};
use std::time::Duration;

const PEOPLE: usize = 1_000;

#[test]
fn a_thousand_who_hang_up_find_their_place_and_their_purchase() {
    alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000_000)).await;
        let visits = (0..PEOPLE).map(|person| {
            let buyer = app.buyer(&format!("person-{person}"));
            let patience = Duration::from_millis(person as u64 / 2 % 8);
            async move { visit(buyer, person % 2 == 0, patience).await }
        });
        let purchases = join_all(visits).await;
        let sold: i64 = purchases.iter().map(|(_, won)| won).sum();
        assert_eq!(sold, 10_000 * i64::try_from(PEOPLE).expect("a small number"));
        let found = purchases.iter().filter(|(was_done, _)| *was_done).count();
        assert!(found > 0, "no purchase of those who hung up had been made: this says nothing");
        checks::sold_is(&app, "r1", sold).await;
        eventually::so("every permit is given back", async || {
            let metrics = app.operator.metrics().await;
            assert!(checks::metric(&metrics, "openrun_permits_bound") > 0.0, "{metrics}");
            checks::metric(&metrics, "openrun_permits_in_use") == 0.0
        })
        .await;
        checks::stop_clean(app, sold).await;
    });
}

/// Joins and hangs up, buys and hangs up, at once or a few milliseconds later. Answers whether the
/// purchase had been made when its key was shown again, and what was bought in the end.
async fn visit(mut buyer: Buyer, with_reset: bool, patience: Duration) -> (bool, i64) {
    allowed(buyer.sign_up().await);
    buyer.web.hang_up(&buyer.join_request("r1"), with_reset, patience).await;
    let first = allowed(buyer.join("r1").await);
    let again = allowed(buyer.other_device().join("r1").await);
    assert_eq!(first["number"], again["number"], "one person, one place");
    buyer.get_pass("r1").await;
    buyer.web.hang_up(&buyer.buy_request("r1", "only", 10_000), with_reset, patience).await;
    let answer = buyer.buy("r1", "only", 10_000).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let purchases = buyer.purchases().await;
    assert_eq!(purchases.len(), 1, "{purchases:?}");
    assert_eq!(purchases[0], answer.json());
    (answer.is_replay(), purchases[0]["amount_won"].as_i64().expect("won"))
}
