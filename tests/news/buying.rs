//! Complaints of those who were let in.

use crate::support::staff::{CHANNELS, CITYWIDE, RoundForm};
use crate::support::{TestApp, allowed, checks, expect, join_all, on_stage};
use serde_json::{Value, json};

/// 000: the payment of people who had been let in failed, and they had to wait again.
#[test]
fn payment_failure_leaves_the_admission_valid() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        app.rail.decline(true);
        for attempt in 0..3 {
            let declined = ann.buy("r1", &format!("ann-{attempt}"), 400_000).await;
            expect(&declined, 402, "payment-declined", &Value::Null);
        }
        let place = allowed(ann.where_am_i("r1").await);
        assert_eq!(place["state"], "admitted", "{place}");
        app.rail.decline(false);
        assert_eq!(ann.buy("r1", "ann-3", 400_000).await.status, 201);
        checks::stop_clean(app, 400_000).await;
    });
}

/// 003: duplicate purchases had to be prevented; a tap that seems to do nothing is tapped again.
#[test]
fn double_tap_buys_once() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        // The same tap sent again by the app, and a second tap, which is another attempt.
        let taps = ["tap-1", "tap-1", "tap-1", "tap-2", "tap-3"].map(|key| {
            let ann = ann.clone();
            async move { ann.buy("r1", key, 100_000).await }
        });
        let answers = join_all(taps).await;
        let bought: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert!(bought.iter().all(|answer| answer.body == bought[0].body), "{answers:?}");
        let refused = answers.iter().filter(|answer| answer.status != 201);
        refused.for_each(|answer| expect(answer, 403, "pass-used", &Value::Null));
        assert_eq!(ann.purchases().await.len(), 1);
        checks::stop_clean(app, 100_000).await;
    });
}

/// 000, 003: four apps sold the same voucher, and the limit was for all of them together.
#[test]
fn cap_holds_across_four_channel_apps() {
    on_stage(async {
        let app = TestApp::start().await;
        for channel in CHANNELS {
            let round = format!("by-{channel}");
            app.operator.define_open(&round, &RoundForm::for_all(100_000_000)).await;
        }
        allowed(app.buyer("ann").sign_up().await);
        let attempts = CHANNELS.map(|channel| {
            let mut ann = app.buyer_in("ann", channel, "1991-03-01");
            async move {
                let round = format!("by-{channel}");
                ann.get_pass(&round).await;
                ann.buy(&round, channel, 300_000).await
            }
        });
        let answers = join_all(attempts).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            expect(answer, 409, "monthly-limit-exceeded", &json!({"allowance_won": 100_000}));
        }
        for channel in CHANNELS {
            let limits = app.buyer_in("ann", channel, "1991-03-01").limits(CITYWIDE).await;
            assert_eq!(limits["allowance_won"], 100_000, "the same in each app: {limits}");
        }
        checks::stop_clean(app, 300_000).await;
    });
}

/// 001: sign-up failed with server errors when the sale opened.
#[test]
fn sign_up_has_its_own_path() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
        let rush = (0..1_000).map(|person| {
            let mut buyer = app.buyer(&format!("person-{person}"));
            async move { allowed(buyer.join("r1").await) }
        });
        let newcomers = (0..200).map(|person| {
            let buyer = app.buyer(&format!("newcomer-{person}"));
            async move { buyer.sign_up().await.status }
        });
        let (_, statuses) = tokio::join!(join_all(rush), join_all(newcomers));
        assert_eq!(statuses, vec![201; 200]);
        // And with no sale at all: paused, closed, or none that they know of.
        app.operator.pause("r1").await;
        assert_eq!(app.buyer("late").sign_up().await.status, 201);
        app.operator.resume("r1").await;
        app.operator.close("r1").await;
        assert_eq!(app.buyer("later").sign_up().await.status, 201);
        assert_eq!(app.buyer("later").sign_up().await.status, 200, "once is enough");
        assert_eq!(allowed(app.buyer("later").get("/v1/people/me").await)["signed_up"], true);
    });
}

/// 000: 25.0 bn won for 64,650 people, each of them 387,000 won on average. Here one thousandth.
/// F15.
#[test]
fn all_of_the_stock_is_sold_and_not_a_won_more() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(25_000_000)).await;
        let crowd = (0..200).map(|person| {
            let mut buyer = app.buyer(&format!("person-{person}"));
            let wanted = if person % 8 == 0 { 300_000 } else { 400_000 };
            async move {
                allowed(buyer.sign_up().await);
                shop(&mut buyer, wanted).await
            }
        });
        let bought: Vec<i64> = join_all(crowd).await;
        assert_eq!(bought.iter().sum::<i64>(), 25_000_000, "{bought:?}");
        let buyers = bought.iter().filter(|won| **won > 0).count();
        assert!((63..=70).contains(&buyers), "{buyers} people bought");
        checks::sold_is(&app, "r1", 25_000_000).await;
        let figures = app.operator.figures("r1").await;
        assert_eq!((&figures["left_won"], &figures["held_won"]), (&json!(0), &json!(0)));
        checks::stop_clean(app, 25_000_000).await;
    });
}

/// Waits until let in or told that it is over; takes less when less is left.
async fn shop(buyer: &mut crate::support::Buyer, wanted: i64) -> i64 {
    let joined = buyer.join("r1").await;
    assert!(joined.status < 300, "{joined:?}");
    for _ in 0..1_000 {
        if buyer.pass.is_some() {
            break;
        }
        let place = allowed(buyer.where_am_i("r1").await);
        match place["state"].as_str() {
            Some("sold_out") => return 0,
            Some("admitted") => drop(buyer.claim("r1").await),
            _ => checks::eventually::pause().await,
        }
    }
    let answer = buyer.buy("r1", "first", wanted).await;
    match answer.code().as_str() {
        "" => wanted,
        "insufficient-stock" => {
            let rest = answer.json()["remaining_won"].as_i64().expect("it is said how much");
            let answer = buyer.buy("r1", "rest", rest).await;
            if answer.status == 201 { rest } else { 0 }
        }
        "sold-out" => 0,
        _ => panic!("{answer:?}"),
    }
}
