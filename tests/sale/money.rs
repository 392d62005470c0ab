//! Money and limits where clocks, rules, rounds and hands meet: keys that come back after weeks,
//! months that end while somebody pays, windows that close, limits that two rounds share, rows that
//! somebody changes. F-numbers are those of `docs/failure-modes.md`.

use crate::support::app::{Ending, MORNING};
use crate::support::checks::{self, eventually};
use crate::support::scripted_rail::{Play, ScriptedRail};
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::{Answer, Buyer, TestApp, TestStore, allowed, expect, join_all, on_stage};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

async fn with_pass(app: &TestApp, person: &str, round: &str) -> Buyer {
    let mut buyer = app.buyer(person);
    let signed_up = buyer.sign_up().await;
    assert!(signed_up.status < 300, "{signed_up:?}");
    buyer.get_pass(round).await;
    buyer
}

/// Buys in the background; answers when the rail has been asked for so many payments in all.
async fn is_paying(
    rail: &ScriptedRail,
    authorisations: usize,
    buyer: &Buyer,
    amount_won: i64,
    round: &'static str,
) -> JoinHandle<Answer> {
    let buyer = buyer.clone();
    let buying = tokio::spawn(async move {
        buyer.until_answered(&buyer.buy_request(round, "key", amount_won)).await
    });
    let is_asked = async || rail.authorisations() == authorisations;
    eventually::so("the rail is asked", is_asked).await;
    buying
}

/// F8: a key keeps its answer longer than any provider keeps theirs, and nobody pays again.
#[test]
fn f8_a_key_is_answered_after_sixteen_days_and_the_rail_is_not_asked() {
    on_stage(async {
        let rail = ScriptedRail::default();
        let mut app = TestApp::start_paying_by(&rail).await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let ann = with_pass(&app, "ann", "r1").await;
        let bought = ann.buy("r1", "paid", 100_000).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        let ben = with_pass(&app, "ben", "r1").await;
        rail.plays([Play::Decline]);
        let declined = ben.buy("r1", "declined", 100_000).await;
        expect(&declined, 402, "payment-declined", &Value::Null);
        let asked = rail.authorisations();
        for restarts in [false, true] {
            if restarts {
                app = app.restart(Ending::Stop).await;
            }
            app.clock.advance(16 * 86_400_000);
            for (buyer, key, before) in [(&ann, "paid", &bought), (&ben, "declined", &declined)] {
                // The token of then is over; the key is the person's and not the token's.
                let now = Buyer { pass: buyer.pass.clone(), ..app.buyer(&buyer.person) };
                let again = now.buy("r1", key, 100_000).await;
                assert!(again.is_replay(), "{again:?}");
                assert_eq!((again.status, &again.body), (before.status, &before.body));
            }
        }
        assert_eq!(rail.authorisations(), asked, "OR-4: the rail was asked again");
        checks::stop_clean(app, 100_000).await;
    });
}

/// F18: held two seconds before midnight, paid or given up after it: the month is that of the hold.
#[test]
fn f18_a_payment_over_midnight_counts_for_the_month_in_which_it_was_held() {
    on_stage(async {
        let rail = ScriptedRail::default();
        let app = TestApp::start_paying_by(&rail).await;
        let (opens, closes) = ("2022-07-31T20:00:00+09:00", "2022-08-01T20:00:00+09:00");
        let form = RoundForm::for_all(10_000_000).times(opens, closes);
        app.operator.define("r1", &form).await;
        allowed(app.operator.step("r1", "schedule").await);
        app.clock.go_to("2022-07-31T23:55:00+09:00");
        let is_open = async || app.operator.figures("r1").await["state"] == "open";
        eventually::so("the round opens by itself", is_open).await;
        let (ann, ben) = (with_pass(&app, "ann", "r1").await, with_pass(&app, "ben", "r1").await);
        rail.plays([Play::Hang, Play::LoseRequest]);
        app.clock.go_to("2022-07-31T23:59:30+09:00");
        let paying = is_paying(&rail, 1, &ann, 400_000, "r1").await;
        let given_up = is_paying(&rail, 2, &ben, 400_000, "r1").await;
        let held = ann.limits(CITYWIDE).await;
        assert_eq!((&held["month"], &held["held_won"]), (&json!("2022-07"), &json!(400_000)));
        app.clock.go_to("2022-08-01T00:00:03+09:00");
        rail.go_on();
        let bought = allowed(paying.await.expect("no panic"));
        assert_eq!((&bought["state"], &bought["month"]), (&json!("issued"), &json!("2022-07")));
        expect(&given_up.await.expect("no panic"), 402, "payment-declined", &Value::Null);
        for person in ["ann", "ben"] {
            let limits = app.buyer(person).limits(CITYWIDE).await;
            let facts = [&limits["month"], &limits["used_won"], &limits["allowance_won"]];
            assert_eq!(facts, [&json!("2022-08"), &json!(0), &json!(400_000)], "{person}");
            let mut again = app.buyer(person);
            again.get_pass("r1").await;
            let bought = allowed(again.buy("r1", "august", 400_000).await);
            assert_eq!(bought["month"], "2022-08", "{bought}");
        }
        checks::stop_clean(app, 1_200_000).await;
    });
}

/// F23: two rounds share one monthly limit, some purchases are refused for want of stock, some
/// payments fail: nobody is above the limit, and nobody is kept from what is left of it.
#[test]
fn f23_two_rounds_share_a_limit_over_refusals_and_failed_payments() {
    on_stage(async {
        let rail = ScriptedRail::default();
        let app = TestApp::start_paying_by(&rail).await;
        app.operator.define_open("city", &RoundForm::for_all(100_000_000)).await;
        app.operator.define_open("district", &RoundForm::for_all(2_000_000)).await;
        let mix =
            [Play::Approve, Play::Decline, Play::LoseAnswer, Play::Approve, Play::LoseRequest];
        rail.plays(mix.into_iter().cycle().take(40));
        let people = (0..20).map(|person| {
            let (mut city, mut district) =
                (app.buyer(&format!("person-{person}")), app.buyer(&format!("person-{person}")));
            async move {
                allowed(city.sign_up().await);
                city.get_pass("city").await;
                district.get_pass("district").await;
                let in_district = district.buy_request("district", "district", 300_000);
                let in_district = district.until_answered(&in_district);
                let in_city = city.buy_request("city", "city", 300_000);
                let in_city = city.until_answered(&in_city);
                // Half of them at once; the others first where there is not enough for all.
                let answers = match person % 2 {
                    0 => (in_district.await, in_city.await),
                    _ => tokio::join!(in_district, in_city),
                };
                (city, [answers.0, answers.1])
            }
        });
        let mut sold = 0;
        let mut refusals = std::collections::BTreeMap::<String, usize>::new();
        for (mut buyer, answers) in join_all(people).await {
            let bought = answers.iter().filter(|answer| answer.status == 201).count();
            assert!(bought <= 1, "OR-2: {answers:?}");
            answers.iter().for_each(|answer| *refusals.entry(answer.code()).or_default() += 1);
            let used = if bought == 1 { 300_000 } else { 0 };
            let limits = buyer.limits(CITYWIDE).await;
            assert_eq!(limits["used_won"], used, "{answers:?} {limits}");
            assert_eq!(limits["held_won"], 0, "{answers:?} {limits}");
            buyer.get_pass("city").await;
            let rest = buyer.buy_request("city", "rest", 400_000 - used);
            let rest = buyer.until_answered(&rest).await;
            // What is left of the script may still decline or lose it.
            assert!([201, 402].contains(&rest.status), "{answers:?} then {rest:?}");
            sold += used + if rest.status == 201 { 400_000 - used } else { 0 };
        }
        for kind in ["monthly-limit-exceeded", "insufficient-stock", "payment-declined"] {
            assert!(refusals.contains_key(kind), "nothing was put to the test: {refusals:?}");
        }
        assert_eq!(rail.net_won(), sold * 93 / 100, "OR-7");
        checks::stop_clean(app, sold).await;
    });
}

/// F24: the limit is lowered while somebody pays: the hold keeps the rules that it was made under,
/// and the next one gets the new ones.
#[test]
fn f24_a_lower_limit_is_for_new_holds_only() {
    on_stage(async {
        let rail = ScriptedRail::default();
        let app = TestApp::start_paying_by(&rail).await;
        app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
        let (ann, ben) = (with_pass(&app, "ann", "r1").await, with_pass(&app, "ben", "r1").await);
        rail.plays([Play::Hang]);
        let paying = is_paying(&rail, 1, &ann, 400_000, "r1").await;
        let mut rules = citywide_rules();
        rules["monthly_limit_won"] = json!(300_000);
        rules["discount_bps"] = json!(500);
        rules["effective_from"] = json!(MORNING);
        allowed(app.operator.put_program(CITYWIDE, rules).await);
        let refused = ben.buy("r1", "too-much", 400_000).await;
        let bounds = json!({"monthly_limit_won": 300_000});
        expect(&refused, 422, "invalid-amount", &bounds);
        let theirs = allowed(ben.buy("r1", "key", 300_000).await);
        assert_eq!(theirs["price_won"], 285_000, "5 percent off: {theirs}");
        rail.go_on();
        let bought = allowed(paying.await.expect("no panic"));
        assert_eq!((&bought["state"], &bought["price_won"]), (&json!("issued"), &json!(372_000)));
        let limits = ann.limits(CITYWIDE).await;
        assert_eq!((&limits["used_won"], &limits["allowance_won"]), (&json!(400_000), &json!(0)));
        assert_eq!(rail.net_won(), 372_000 + 285_000, "OR-7");
        let app = app.restart(Ending::Drop).await;
        let again = Buyer { web: app.web.clone(), ..ann }.buy("r1", "key", 400_000).await;
        assert!(again.is_replay() && again.json() == bought, "{again:?}");
        checks::stop_clean(app, 700_000).await;
    });
}

/// F25: two pay while their window closes. The one whose payment succeeds bought from it, and what
/// the other gives back goes where the leftover went.
#[test]
fn f25_what_is_held_over_the_edge_of_a_window_is_sold_there_or_returns_to_the_next() {
    on_stage(async {
        let rail = ScriptedRail::default();
        let app = TestApp::start_paying_by(&rail).await;
        app.operator.define("halves", &RoundForm::in_halves(1_000_000)).await;
        allowed(app.operator.step("halves", "schedule").await);
        app.clock.go_to("2022-07-28T13:59:00+09:00");
        let phase = async || app.operator.figures("halves").await["windows"][0]["phase"] == "open";
        eventually::so("the first window is open", phase).await;
        let ann = with_pass(&app, "ann", "halves").await;
        let ben = with_pass(&app, "ben", "halves").await;
        rail.plays([Play::Hang, Play::LoseRequest]);
        app.clock.go_to("2022-07-28T13:59:30+09:00");
        let paying = is_paying(&rail, 1, &ann, 300_000, "halves").await;
        let given_up = is_paying(&rail, 2, &ben, 400_000, "halves").await;
        app.clock.go_to("2022-07-28T14:00:01+09:00");
        rail.go_on();
        assert_eq!(allowed(paying.await.expect("no panic"))["state"], "issued");
        expect(&given_up.await.expect("no panic"), 402, "payment-declined", &Value::Null);
        // left, held, sold of odd, even and everyone.
        let expected = [[0, 0, 300_000], [1_000_000, 0, 0], [700_000, 0, 0]];
        let mut last = Value::Null;
        for _ in 0..eventually::LOOKS {
            last = app.operator.figures("halves").await;
            if stocks(&last) == expected {
                break;
            }
            eventually::pause().await;
        }
        assert_eq!(stocks(&last), expected, "{last}");
        let app = app.restart(Ending::Drop).await;
        assert_eq!(stocks(&app.operator.figures("halves").await), expected, "read back");
        checks::stop_clean(app, 300_000).await;
    });
}

fn stocks(figures: &Value) -> [[i64; 3]; 3] {
    let won = |window: usize, field: &str| figures["windows"][window][field].as_i64();
    [0, 1, 2].map(|window| {
        ["left_won", "held_won", "sold_won"].map(|field| won(window, field).expect("in won"))
    })
}

/// F16: somebody changes a row by hand under a running server. It sells what it knows to be there
/// and not a won more; the audit finds the hand; a server that starts on it puts the round that
/// contradicts itself out of service, and serves the others.
#[test]
fn f16_a_row_changed_by_hand_oversells_nothing_and_is_found() {
    on_stage(async {
        let store = TestStore::fresh().await;
        let app = TestApp::start_on(store.clone(), MORNING).await;
        app.operator.define_open(POKED, &RoundForm::for_all(1_000_000)).await;
        app.operator.define_open("r2", &RoundForm::for_all(1_000_000)).await;
        app.buyer("first").buy_through(POKED, "key", 200_000).await;
        poke(&store, &app, "update purchase set left_after = left_after + 400000").await;
        let people = (0..20).map(|person| {
            let mut buyer = app.buyer(&format!("person-{person}"));
            async move {
                allowed(buyer.sign_up().await);
                buyer.join(POKED).await;
                if buyer.pass.is_none() {
                    return 0;
                }
                let answer = buyer.buy_until_answered(POKED, "key", 100_000).await;
                assert!([201, 409].contains(&answer.status), "{answer:?}");
                i64::from(answer.status == 201) * 100_000
            }
        });
        let sold = 200_000 + join_all(people).await.into_iter().sum::<i64>();
        assert_eq!(sold, 1_000_000, "OR-1: what was there, all of it and no more");
        let found = store.audit(&app.data()).await.findings;
        let rules: Vec<&str> = found.iter().filter_map(|it| it["rule"].as_str()).collect();
        for rule in ["or1-left-after", "store-chain-intact"] {
            assert!(rules.contains(&rule), "{rule} says nothing: {rules:?}");
        }
        let told =
            |is_out: u8| format!("openrun_round_out_of_service{{round=\"{POKED}\"}} {is_out}");
        let text = app.operator.metrics().await;
        assert!(text.lines().any(|line| line == told(0)), "it is served");
        let app = app.restart(Ending::Stop).await;
        let gone = app.buyer("late").join(POKED).await;
        assert!(gone.status >= 400, "a round that contradicts itself sells nothing: {gone:?}");
        let text = app.operator.metrics().await;
        assert!(text.lines().any(|line| line == told(1)), "the alert has its metric");
        app.buyer("late").buy_through("r2", "key", 100_000).await;
        // What was bought there counts all the same.
        let mut first = app.buyer("first");
        allowed(first.join("r2").await);
        let above = first.buy("r2", "above", 300_000).await;
        expect(&above, 409, "monthly-limit-exceeded", &json!({"allowance_won": 200_000}));
        let audited = app.stop().await;
        assert_eq!(audited.sold_won, 1_100_000);
    });
}

/// A name of its own: its metric must not be another test's.
const POKED: &str = "poked-by-hand";

/// As a hand with every right would: past all guards of the tables.
async fn poke(store: &TestStore, app: &TestApp, change: &str) {
    if let TestStore::Database(database) = store {
        let past =
            format!("set session_replication_role = replica; set search_path = openrun; {change}");
        return database.client().await.batch_execute(&past).await.expect("poked");
    }
    let url = store.url(&app.data());
    let path = url.strip_prefix("sqlite:").expect("a store in a file");
    let file = rusqlite::Connection::open(path).expect("a store");
    let past = format!("drop trigger purchase_is_never_changed; {change};");
    file.execute_batch(&past).expect("poked");
}
