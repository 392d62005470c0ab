//! Callers who hang up right after sending, a thousand of them: what they asked for happens once or
//! not at all, they find out which, and nothing of theirs stays behind.

use crate::support::staff::RoundForm;
use crate::support::{Buyer, TestApp, allowed, alone, checks, eventually, join_all};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

const PEOPLE: usize = 1_000;
/// So few that an answer takes milliseconds: all at once, everybody would be gone before it.
const AT_ONCE: usize = 20;

/// What somebody found who came back.
struct Visit {
    had_joined: bool,
    had_bought: bool,
    bought_won: i64,
}

/// F41.
#[test]
fn a_thousand_who_hang_up_find_their_place_and_their_purchase() {
    alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000_000)).await;
        let crowd = Arc::new(Semaphore::new(AT_ONCE));
        let visits = (0..PEOPLE).map(|person| {
            let (buyer, crowd) = (app.buyer(&format!("person-{person}")), Arc::clone(&crowd));
            // From at once to long after the answer: somewhere between lies every step of the work.
            let patience = Duration::from_millis([0, 0, 1, 2, 4, 8, 16, 32][person / 2 % 8]);
            async move {
                let _turn = crowd.acquire().await.expect("nobody closes it");
                visit(buyer, person % 2 == 0, patience).await
            }
        });
        let visits = join_all(visits).await;
        let count = |of: fn(&Visit) -> bool| visits.iter().filter(|visit| of(visit)).count();
        let joined = count(|visit| visit.had_joined);
        let bought = count(|visit| visit.had_bought);
        assert!(joined > 0 && bought > 0, "nothing was under way when they hung up");
        assert!(joined < PEOPLE && bought < PEOPLE, "nobody hung up in time");
        let sold: i64 = visits.iter().map(|visit| visit.bought_won).sum();
        assert_eq!(sold, 10_000 * i64::try_from(PEOPLE).expect("a small number"));
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

/// Joins and hangs up, buys and hangs up, and comes back each time.
async fn visit(mut buyer: Buyer, with_reset: bool, patience: Duration) -> Visit {
    allowed(buyer.sign_up().await);
    buyer.web.hang_up(&buyer.join_request("r1"), with_reset, patience).await;
    let first = buyer.join("r1").await;
    let had_joined = first.status == 200;
    let first = allowed(first);
    let again = allowed(buyer.other_device().join("r1").await);
    assert_eq!(first["number"], again["number"], "one person, one place");
    buyer.get_pass("r1").await;
    buyer.web.hang_up(&buyer.buy_request("r1", "only", 10_000), with_reset, patience).await;
    let answer = buyer.buy("r1", "only", 10_000).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let purchases = buyer.purchases().await;
    assert_eq!(purchases.len(), 1, "{purchases:?}");
    assert_eq!(purchases[0], answer.json());
    let bought_won = purchases[0]["amount_won"].as_i64().expect("an amount");
    Visit { had_joined, had_bought: answer.is_replay(), bought_won }
}
