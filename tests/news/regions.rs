//! Complaints of those whose region was down because another one's was.

use crate::support::staff::{RoundForm, citywide_rules};
use crate::support::{TestApp, allowed, checks, join_all, on_stage};
use serde_json::{Value, json};

fn region(id: &str, stock_won: i64) -> RoundForm {
    RoundForm::for_all(stock_won).with("program_id", json!(id))
}

/// Everybody of `people` buys in the round; none of them is sent away even once.
async fn all_buy(app: &TestApp, round: &str, people: usize) {
    let crowd = (0..people).map(|person| {
        let mut buyer = app.buyer(&format!("{round}-{person}"));
        let round = round.to_owned();
        async move { buyer.buy_through(&round, "only", 100_000).await }
    });
    join_all(crowd).await;
}

/// 002: one operator ran every region's app, and all of them were down from 09:10 for an hour.
#[test]
fn one_region_down_leaves_others_selling() {
    on_stage(async {
        let app = TestApp::start().await;
        for id in ["chuncheon", "gangwon"] {
            app.operator.define_open(id, &region(id, 100_000_000)).await;
        }
        app.operator.pause("gangwon").await;
        all_buy(&app, "chuncheon", 20).await;
        app.operator.close("gangwon").await;
        let mut again = app.buyer("chuncheon-0");
        again.get_pass("chuncheon").await;
        assert_eq!(again.buy("chuncheon", "second", 100_000).await.status, 201);
        checks::sold_is(&app, "chuncheon", 2_100_000).await;
        checks::stop_clean(app, 2_100_000).await;
    });
}

/// 002: and when a region does not only pause but breaks, again and again.
#[cfg(feature = "failpoints")]
#[test]
fn one_region_that_crashes_leaves_others_selling() {
    use openrun_actors::failpoints::Victim;
    use openrun_core::{PersonKey, RoundId};
    on_stage(async {
        let app = TestApp::start().await;
        for id in ["chuncheon", "gangwon"] {
            app.operator.define_open(id, &region(id, 100_000_000)).await;
        }
        let (engine, broken) = (app.engine.clone(), RoundId::new("gangwon").expect("a slug"));
        let breaking = async move {
            for time in 0..10 {
                let victim = if time % 2 == 0 { Victim::Round } else { Victim::Queue };
                engine.panic_actor(victim, &broken, PersonKey::of_subject("somebody"));
                checks::eventually::pause().await;
            }
        };
        tokio::join!(breaking, all_buy(&app, "chuncheon", 60));
        checks::sold_is(&app, "chuncheon", 6_000_000).await;
        // The broken one sells as well, once it is back.
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        checks::eventually::so("gangwon is back", async || ann.join("gangwon").await.status < 300)
            .await;
        ann.await_turn("gangwon").await;
        let bought = ann.buy_until_answered("gangwon", "only", 100_000).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        checks::stop_clean(app, 6_100_000).await;
    });
}

/// 001, 003: 25 districts sold their own vouchers at the same time.
#[test]
fn districts_sell_at_the_same_time_and_apart() {
    on_stage(async {
        let app = TestApp::start().await;
        let mut rules = citywide_rules();
        rules["discount_bps"] = json!(1_000);
        for district in 0..25 {
            let id = format!("district-{district}");
            rules["regions"] = json!([id]);
            allowed(app.operator.put_program(&id, rules.clone()).await);
            allowed(app.operator.put_round(&id, &region(&id, 400_000)).await);
            app.operator.open(&id).await;
        }
        let buyers = (0..25).map(|district| {
            let mut ann = app.buyer("ann");
            async move {
                let id = format!("district-{district}");
                ann.buy_through(&id, &id, 400_000).await.json()
            }
        });
        for bought in join_all(buyers).await {
            // Each district has limits of its own: the same person may buy in all of them.
            let (amount, price) = (&bought["amount_won"], &bought["price_won"]);
            assert_eq!((amount, price), (&json!(400_000), &json!(360_000)), "{bought}");
            assert_eq!(bought["subsidy_won"], 40_000, "{bought}");
        }
        let rounds = allowed(app.operator.get("/v1/admin/rounds").await);
        let rounds: &Vec<Value> = rounds["rounds"].as_array().expect("a list");
        assert_eq!(rounds.len(), 25);
        checks::stop_clean(app, 25 * 400_000).await;
    });
}
