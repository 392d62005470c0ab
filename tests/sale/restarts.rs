//! A server that stops, or is cut off, and starts again on its store.

use crate::support::app::Ending;
use crate::support::staff::{CITYWIDE, RoundForm};
use crate::support::{Buyer, TestApp, allowed, checks, eventually, join_all, on_stage};
use serde_json::{Value, json};

#[test]
fn a_server_that_was_stopped_goes_on_where_it_was() {
    on_stage(starts_again(Ending::Stop));
}

#[test]
fn a_server_that_was_cut_off_goes_on_where_it_was() {
    on_stage(starts_again(Ending::Drop));
}

async fn starts_again(ending: Ending) {
    let app = TestApp::start().await;
    app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
    let mut ann = app.buyer("ann");
    let bought = ann.buy_through("r1", "ann-1", 400_000).await;
    ann.get_pass("r1").await;
    let refused = ann.buy("r1", "ann-2", 10_000).await;
    assert_eq!(refused.code(), "monthly-limit-exceeded", "{refused:?}");
    let crowd = (0..200).map(|person| {
        let mut buyer = app.buyer(&format!("person-{person}"));
        async move {
            let joined = allowed(buyer.join_until_answered("r1").await);
            (buyer, joined["number"].clone())
        }
    });
    // Cut off right after the last of them was answered: the store may not know their joins.
    let mut crowd = join_all(crowd).await;
    crowd.sort_by_key(|(_, number)| number.as_u64());
    let watermark = allowed(ann.where_am_i("r1").await)["watermark"].as_u64();
    let last = crowd.iter().filter_map(|(_, number)| number.as_u64()).max();
    let app = app.restart(ending).await;
    again_for_ann(&app, ann, [&bought, &refused]).await;
    for (buyer, number) in &crowd {
        let buyer = Buyer { web: app.web.clone(), ..buyer.clone() };
        let place = allowed(buyer.where_am_i("r1").await);
        assert_eq!(&place["number"], number, "{place}");
        assert!(place["watermark"].as_u64() >= watermark, "OR-6: W went back: {place}");
        // Joining again with the ticket gives the same place, whatever the store knew of it.
        assert_eq!(&allowed(buyer.clone().join_until_answered("r1").await)["number"], number);
    }
    let mut late = app.buyer("late");
    let place = allowed(late.join_until_answered("r1").await);
    assert!(place["number"].as_u64() > last, "OR-6: a number was given twice: {place}");
    let in_line: Vec<Value> = crowd.iter().map(|(_, number)| number.clone()).collect();
    assert!(!in_line.contains(&place["number"]));
    let mut first = Buyer { web: app.web.clone(), ..crowd[0].0.clone() };
    allowed(first.sign_up().await);
    first.get_pass("r1").await;
    assert_eq!(first.buy("r1", "first-1", 300_000).await.status, 201);
    checks::sold_is(&app, "r1", 700_000).await;
    checks::stop_clean(app, 700_000).await;
}

/// Keys have the same answers, limits count, the pass that was out is still good.
async fn again_for_ann(app: &TestApp, ann: Buyer, before: [&crate::support::Answer; 2]) {
    let ann = Buyer { web: app.web.clone(), ..ann };
    for (key, amount, before) in [("ann-1", 400_000, before[0]), ("ann-2", 10_000, before[1])] {
        let again = ann.buy("r1", key, amount).await;
        assert!(again.is_replay(), "{again:?}");
        assert_eq!((again.status, &again.body), (before.status, &before.body));
    }
    let limits = ann.limits(CITYWIDE).await;
    assert_eq!(limits["allowance_won"], 0, "{limits}");
    assert_eq!(ann.purchases().await, [before[0].json()]);
    eventually::so("the figures are those of before", async || {
        checks::money(app, "r1").await == (400_000, 0, 600_000, 1)
    })
    .await;
    let again = ann.buy("r1", "ann-3", 10_000).await;
    crate::support::expect(&again, 409, "monthly-limit-exceeded", &json!({"allowance_won": 0}));
}

#[test]
fn three_restarts_in_a_row_lose_nothing() {
    on_stage(async {
        let mut app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
        let mut tickets: Vec<(Buyer, Value)> = Vec::new();
        for time in 0..3_i64 {
            let mut buyer = app.buyer(&format!("person-{time}"));
            buyer.buy_through("r1", "only", 100_000).await;
            let place = allowed(buyer.where_am_i("r1").await);
            assert_eq!(place["state"], "bought", "{place}");
            tickets.push((buyer, place["number"].clone()));
            app = app.restart(if time == 1 { Ending::Drop } else { Ending::Stop }).await;
            for (buyer, number) in &mut tickets {
                buyer.web = app.web.clone();
                let place = allowed(buyer.where_am_i("r1").await);
                assert_eq!((&place["number"], &place["state"]), (&*number, &json!("bought")));
            }
            checks::sold_is(&app, "r1", 100_000 * (time + 1)).await;
        }
        checks::stop_clean(app, 300_000).await;
    });
}
