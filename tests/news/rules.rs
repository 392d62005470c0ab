//! Rules that the articles tell of: halves, limits, leftover, prices.

use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::{Buyer, TestApp, allowed, checks, eventually, expect, on_stage};
use serde_json::{Value, json};

const ODD: &str = "1991-07-28";
const EVEN: &str = "1990-07-28";

fn at(time: &str) -> String {
    format!("2022-07-28T{time}+09:00")
}

/// The clock goes on to a time of 28 July, and the window of this id is open then.
async fn until_open(app: &TestApp, time: &str, window: usize) {
    app.clock.go_to(&at(time));
    eventually::so("the window opens", async || {
        app.operator.figures("halves").await["windows"][window]["phase"] == "open"
    })
    .await;
}

async fn halves(half_won: i64) -> TestApp {
    let app = TestApp::start_at("2022-07-28T09:59:00+09:00").await;
    app.operator.define("halves", &RoundForm::in_halves(half_won)).await;
    allowed(app.operator.step("halves", "schedule").await);
    until_open(&app, "10:00:00", 0).await;
    app
}

fn born(app: &TestApp, person: &str, birthdate: &str) -> Buyer {
    app.buyer_in(person, "seoul-pay", birthdate)
}

/// 003: odd birth years bought from 10 to 14, even ones from 14 to 18, each from 25.0 bn won.
#[test]
fn odd_and_even_birth_years_have_their_halves() {
    on_stage(async {
        let app = halves(1_000_000).await;
        born(&app, "odd", ODD).buy_through("halves", "odd-1", 300_000).await;
        let even = born(&app, "even", EVEN);
        allowed(even.sign_up().await);
        let early = even.other_device().join("halves").await;
        assert_eq!(early.json()["state"], "ineligible_now", "{early:?}");
        assert_eq!(early.json()["opens_at"], at("14:00:00"));
        let refused = even.buy("halves", "even-1", 300_000).await;
        expect(&refused, 403, "not-eligible", &json!({"opens_at": at("14:00:00")}));
        until_open(&app, "14:00:00", 1).await;
        born(&app, "even", EVEN).buy_through("halves", "even-2", 400_000).await;
        let late = born(&app, "late", ODD);
        allowed(late.sign_up().await);
        let refused = late.buy("halves", "late-1", 300_000).await;
        expect(&refused, 403, "not-eligible", &json!({"opens_at": at("18:00:00")}));
        eventually::so("each half sells from its own stock", async || {
            let figures = app.operator.figures("halves").await;
            let sold = |window: usize| figures["windows"][window]["sold_won"].clone();
            (sold(0), sold(1)) == (json!(300_000), json!(400_000))
        })
        .await;
        checks::stop_clean(app, 700_000).await;
    });
}

/// 003: whoever bought 300,000 won in the first round of July had 100,000 left for the second, and
/// whoever bought 400,000 had none.
#[test]
fn limit_of_july_counts_both_rounds() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("first", &RoundForm::for_all(10_000_000)).await;
        app.operator.define("halves", &RoundForm::in_halves(10_000_000)).await;
        allowed(app.operator.step("halves", "schedule").await);
        born(&app, "part", ODD).buy_through("first", "part-1", 300_000).await;
        born(&app, "whole", ODD).buy_through("first", "whole-1", 400_000).await;
        until_open(&app, "10:00:00", 0).await;
        for (person, allowance, most) in [("part", 100_000, 201), ("whole", 0, 409)] {
            let mut buyer = born(&app, person, ODD);
            assert_eq!(buyer.limits(CITYWIDE).await["allowance_won"], allowance);
            buyer.get_pass("halves").await;
            let facts = json!({"allowance_won": allowance});
            let refused = buyer.buy("halves", "too-much", 110_000).await;
            expect(&refused, 409, "monthly-limit-exceeded", &facts);
            assert_eq!(buyer.buy("halves", "rest", 100_000).await.status, most);
        }
        checks::stop_clean(app, 800_000).await;
    });
}

/// 003: what was left of both halves was for everybody after 18:00.
#[test]
fn leftover_goes_to_everybody_after_six() {
    on_stage(async {
        let app = halves(500_000).await;
        born(&app, "odd", ODD).buy_through("halves", "odd-1", 300_000).await;
        until_open(&app, "14:00:00", 1).await;
        born(&app, "even", EVEN).buy_through("halves", "even-1", 300_000).await;
        until_open(&app, "18:00:00", 2).await;
        let figures = app.operator.figures("halves").await;
        assert_eq!(figures["windows"][2]["left_won"], 400_000, "{figures}");
        born(&app, "odd-too", ODD).buy_through("halves", "odd-2", 300_000).await;
        born(&app, "even-too", EVEN).buy_through("halves", "even-2", 100_000).await;
        eventually::so("it is sold out", async || {
            app.operator.figures("halves").await["state"] == "sold_out"
        })
        .await;
        checks::stop_clean(app, 1_000_000).await;
    });
}

/// 002: the sale opened on the 1st of each month, with a limit for each month.
#[test]
fn a_new_month_is_a_new_limit_and_what_is_held_stays_held() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("july", &RoundForm::for_all(10_000_000)).await;
        for (month, opens, closes) in [
            ("august", "2022-08-01T09:00:00+09:00", "2022-08-01T18:00:00+09:00"),
            ("september", "2022-09-01T09:00:00+09:00", "2022-09-01T18:00:00+09:00"),
        ] {
            let form = RoundForm::for_all(10_000_000).times(opens, closes);
            allowed(app.operator.put_round(month, &form).await);
            allowed(app.operator.step(month, "schedule").await);
        }
        let bought = app.buyer("ann").buy_through("july", "july", 400_000).await;
        assert_eq!(bought.json()["month"], "2022-07");
        // Just before the month ends in Seoul it is still July.
        app.clock.go_to("2022-07-31T23:59:30+09:00");
        assert_eq!(app.buyer("ann").limits(CITYWIDE).await["allowance_won"], 0);
        app.clock.go_to("2022-08-01T09:00:00+09:00");
        let limits = app.buyer("ann").limits(CITYWIDE).await;
        assert_eq!(
            (&limits["month"], &limits["allowance_won"]),
            (&json!("2022-08"), &json!(400_000))
        );
        is_open(&app, "august").await;
        let bought = app.buyer("ann").buy_through("august", "august", 400_000).await;
        assert_eq!(bought.json()["month"], "2022-08");
        app.clock.go_to("2022-09-01T09:00:00+09:00");
        // The staff's token is of July.
        is_open(&app, "september").await;
        let mut ann = app.buyer("ann");
        ann.get_pass("september").await;
        let refused = ann.buy("september", "september", 400_000).await;
        expect(&refused, 409, "holding-limit-exceeded", &json!({"room_won": 200_000}));
        assert_eq!(ann.buy("september", "room", 200_000).await.status, 201);
        checks::stop_clean(app, 1_000_000).await;
    });
}

async fn is_open(app: &TestApp, round: &str) {
    eventually::so("the round opens by itself", async || {
        let request = crate::support::Request::new("GET", format!("/v1/rounds/{round}"));
        app.web.send(&request).await.json()["state"] == "open"
    })
    .await;
}

/// 000, 002: 7 percent off in Seoul, 10 in Chuncheon (200,000 won for 180,000), 5 in Gangwon.
#[test]
fn the_discount_is_exact_to_the_won() {
    on_stage(async {
        let app = TestApp::start().await;
        for (program, bps, amount, price) in [
            (CITYWIDE, 700, 390_000, 362_700),
            ("chuncheon", 1_000, 200_000, 180_000),
            ("gangwon", 500, 200_000, 190_000),
        ] {
            let mut rules = citywide_rules();
            rules["discount_bps"] = json!(bps);
            allowed(app.operator.put_program(program, rules).await);
            let form = RoundForm::for_all(1_000_000).with("program_id", json!(program));
            allowed(app.operator.put_round(program, &form).await);
            app.operator.open(program).await;
            let bought = app.buyer("ann").buy_through(program, program, amount).await.json();
            let won = |field: &str| bought[field].as_i64().expect("an amount");
            assert_eq!((won("price_won"), won("subsidy_won")), (price, amount - price), "{bought}");
            assert_eq!(
                (&bought["state"], &bought["program_id"]),
                (&json!("issued"), &json!(program))
            );
            assert_ne!(bought["voucher_id"], Value::Null);
        }
        checks::stop_clean(app, 790_000).await;
    });
}
