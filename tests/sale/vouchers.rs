//! Vouchers after the sale, over HTTP: what is left, spending, cancel, refund, gifts, expiry; every
//! refusal of them; and that a key keeps its answer, also over a restart.

use crate::support::app::Ending;
use crate::support::checks::{self, eventually};
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::vouchers::{BAKERY, FAR_AWAY, PICKY};
use crate::support::{Answer, Buyer, Request, TestApp, allowed, expect, on_stage};
use serde_json::{Value, json};

async fn with_round() -> TestApp {
    let app = TestApp::start().await;
    app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
    app
}

async fn signed_up(app: &TestApp, person: &str) -> Buyer {
    let buyer = app.buyer(person);
    allowed(buyer.sign_up().await);
    buyer
}

fn kinds(voucher: &Value) -> Vec<String> {
    let history = voucher["history"].as_array().expect("a list");
    history.iter().filter_map(|it| it["kind"].as_str().map(str::to_owned)).collect()
}

async fn holding(buyer: &Buyer) -> i64 {
    buyer.limits(CITYWIDE).await["holding_won"].as_i64().expect("in won")
}

#[test]
fn a_voucher_is_spent_and_the_rest_is_refunded_from_the_threshold_on() {
    on_stage(async {
        let app = with_round().await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 300_000).await;
        let all = ann.vouchers().await;
        assert_eq!(all.len(), 1);
        let facts = json!({"id": id, "program_id": CITYWIDE, "round_id": "r1", "is_gift": false,
            "purchase_id": id, "channel": "seoul-pay", "state": "active", "amount_won": 300_000,
            "price_won": 279_000, "subsidy_won": 21_000, "balance_won": 300_000,
            "spent_won": 0, "given_won": 0, "expires_at": null});
        for (name, value) in facts.as_object().expect("facts") {
            assert_eq!(&all[0][name], value, "{name}");
        }
        // Any whole won: a shop's prices are no multiples of ten thousand.
        let spent = ann.spend(&id, "spend-1", 12_340).await;
        assert_eq!(spent.status, 201, "{spent:?}");
        assert_eq!(spent.header("location"), Some(format!("/v1/vouchers/{id}").as_str()));
        assert_eq!(spent.header("cache-control"), Some("no-store"));
        let body = spent.json();
        let told = [&body["voucher_id"], &body["merchant_id"], &body["balance_won"]];
        assert_eq!(told, [&json!(id), &json!(BAKERY), &json!(287_660)], "{body}");
        assert_eq!(holding(&ann).await, 287_660, "what is spent is held no more");
        let early = ann.refund(&id, "refund-early").await;
        let shares = json!({"spent_bps": 411, "threshold_bps": 6_000});
        expect(&early, 409, "below-refund-threshold", &shares);
        allowed(ann.spend(&id, "spend-2", 167_660).await);
        let refunded = ann.refund(&id, "refund").await;
        assert_eq!(refunded.status, 201, "{refunded:?}");
        let body = refunded.json();
        // 120,000 are left: 8,400 of them were the discount's.
        let told = [&body["amount_won"], &body["price_won"], &body["subsidy_won"]];
        assert_eq!(told, [&json!(120_000), &json!(111_600), &json!(8_400)], "{body}");
        let told = [&body["cause"], &body["state"], &body["month_back"]];
        assert_eq!(told, [&json!("refund"), &json!("paid_back"), &Value::Null], "{body}");
        let voucher = ann.voucher(&id).await;
        assert_eq!((&voucher["state"], &voucher["balance_won"]), (&json!("refunded"), &json!(0)));
        assert_eq!(kinds(&voucher), ["paid_back", "paying_back", "spent", "spent", "bought"]);
        assert_eq!(holding(&ann).await, 0);
        let limits = ann.limits(CITYWIDE).await;
        assert_eq!(limits["allowance_won"], 100_000, "a refund gives no allowance back: {limits}");
        let purchase = allowed(ann.get(&format!("/v1/purchases/{id}")).await);
        assert_eq!(purchase["state"], "issued", "{purchase}");
        expect(&ann.spend(&id, "late", 1).await, 409, "voucher-not-active", &Value::Null);
        checks::stop_clean(app, 300_000).await;
    });
}

#[test]
fn a_wholly_unused_voucher_is_cancelled_and_the_month_comes_back_if_the_rules_say_so() {
    on_stage(async {
        let app = with_round().await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 400_000).await;
        let cancelled = ann.cancel(&id, "cancel").await;
        assert_eq!(cancelled.status, 201, "{cancelled:?}");
        let body = cancelled.json();
        let told = [&body["cause"], &body["price_won"], &body["month_back"]];
        assert_eq!(told, [&json!("cancel"), &json!(372_000), &json!("2022-07")], "{body}");
        let purchase = allowed(ann.get(&format!("/v1/purchases/{id}")).await);
        assert_eq!(purchase["state"], "cancelled", "{purchase}");
        assert_eq!(ann.purchases().await[0]["state"], "cancelled");
        assert_eq!(ann.voucher(&id).await["state"], "cancelled");
        let limits = ann.limits(CITYWIDE).await;
        assert_eq!(
            (&limits["allowance_won"], &limits["holding_won"]),
            (&json!(400_000), &json!(0))
        );
        ann.get_pass("r1").await;
        assert_eq!(ann.buy("r1", "again", 400_000).await.status, 201, "the month came back");
        // And by rules that keep it.
        let mut rules = citywide_rules();
        rules["cancel_returns_allowance"] = json!(false);
        allowed(app.operator.put_program("strict", rules).await);
        let strict = RoundForm::for_all(10_000_000).with("program_id", json!("strict"));
        allowed(app.operator.put_round("r2", &strict).await);
        app.operator.open("r2").await;
        let mut ben = app.buyer("ben");
        let id = ben.get_voucher("r2", "buy", 300_000).await;
        let body = allowed(ben.cancel(&id, "cancel").await);
        assert_eq!(body["month_back"], Value::Null, "{body}");
        let limits = ben.limits("strict").await;
        assert_eq!(
            (&limits["allowance_won"], &limits["holding_won"]),
            (&json!(100_000), &json!(0))
        );
        checks::stop_clean(app, 1_100_000).await;
    });
}

#[test]
fn a_gift_is_a_voucher_of_its_receiver_and_counts_in_their_limits() {
    on_stage(async {
        let app = with_round().await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 300_000).await;
        let ben = signed_up(&app, "ben").await;
        let given = ann.give(&id, "gift", "ben", 100_000).await;
        assert_eq!(given.status, 201, "{given:?}");
        let gift = given.json();
        assert_eq!((&gift["amount_won"], &gift["balance_won"]), (&json!(100_000), &json!(200_000)));
        assert!(!given.text().contains("ben"), "who received it is not repeated: {given:?}");
        let theirs = gift["id"].as_str().expect("an id").to_owned();
        let voucher = ben.voucher(&theirs).await;
        let facts = json!({"is_gift": true, "purchase_id": null, "state": "active",
            "amount_won": 100_000, "price_won": 93_000, "subsidy_won": 7_000,
            "balance_won": 100_000});
        for (name, value) in facts.as_object().expect("facts") {
            assert_eq!(&voucher[name], value, "{name} of {voucher}");
        }
        for name in ["round_id", "channel", "bought_at"] {
            assert_eq!(voucher[name], Value::Null, "{name} is the giver's own business: {voucher}");
        }
        assert_eq!(kinds(&voucher), ["received"]);
        assert_eq!((holding(&ann).await, holding(&ben).await), (200_000, 100_000));
        let month = ben.limits(CITYWIDE).await;
        assert_eq!(month["allowance_won"], 400_000, "receiving is not buying: {month}");
        assert_eq!(
            (&month["gift_limit_won"], &month["gifts_received_won"]),
            (&Value::Null, &json!(100_000))
        );
        allowed(ben.spend(&theirs, "spend", 70_000).await);
        expect(&ben.refund(&theirs, "back").await, 409, "gift-not-refundable", &Value::Null);
        let cho = signed_up(&app, "cho").await;
        let on = allowed(ben.give(&theirs, "on", "cho", 20_000).await);
        let on = on["id"].as_str().expect("an id").to_owned();
        allowed(cho.spend(&on, "spend", 20_000).await);
        assert_eq!(cho.voucher(&on).await["state"], "used_up");
        // What was given away counts as not bought by the giver: 180,000 of 200,000 are 90 percent.
        expect(&ann.cancel(&id, "cancel").await, 409, "already-spent", &Value::Null);
        let shares = json!({"spent_bps": 0, "threshold_bps": 6_000});
        expect(&ann.refund(&id, "soon").await, 409, "below-refund-threshold", &shares);
        allowed(ann.spend(&id, "spend", 180_000).await);
        let refunded = allowed(ann.refund(&id, "refund").await);
        assert_eq!(
            (&refunded["amount_won"], &refunded["price_won"]),
            (&json!(20_000), &json!(18_600))
        );
        checks::stop_clean(app, 300_000).await;
    });
}

#[test]
fn the_limit_on_gifts_is_by_month_and_the_giver_learns_nothing_of_it() {
    on_stage(async {
        let app = TestApp::start().await;
        let mut rules = citywide_rules();
        rules["gift_limit_won"] = json!(150_000);
        allowed(app.operator.put_program(CITYWIDE, rules).await);
        let program =
            allowed(app.web.send(&Request::new("GET", "/v1/programs/seoul-citywide")).await);
        assert_eq!(program["gift_limit_won"], 150_000, "{program}");
        allowed(app.operator.put_round("r1", &RoundForm::for_all(10_000_000)).await);
        app.operator.open("r1").await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 400_000).await;
        let ben = signed_up(&app, "ben").await;
        allowed(ann.give(&id, "1", "ben", 100_000).await);
        let limits = ben.limits(CITYWIDE).await;
        assert_eq!(
            (&limits["gift_limit_won"], &limits["gifts_received_won"]),
            (&json!(150_000), &json!(100_000))
        );
        let refused = ann.give(&id, "2", "ben", 60_000).await;
        expect(&refused, 409, "receiver-limit-exceeded", &Value::Null);
        let body = refused.json();
        let names: Vec<&String> = body.as_object().expect("a problem").keys().collect();
        assert_eq!(names, ["code", "detail", "status", "title", "type"], "no figure of theirs");
        allowed(ann.give(&id, "3", "ben", 50_000).await);
        app.clock.go_to("2022-08-01T00:00:01+09:00");
        let ann = Buyer { token: app.buyer("ann").token, ..ann };
        allowed(ann.give(&id, "4", "ben", 60_000).await);
        checks::stop_clean(app, 400_000).await;
    });
}

#[test]
fn every_refusal_of_a_move_is_told_with_its_facts_and_changes_nothing() {
    on_stage(async {
        let app = with_round().await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 100_000).await;
        signed_up(&app, "ben").await;
        let nobody = "0181f9a3-8f00-7a3c-9d1e-5b6f0c2a4e11";
        let none = Value::Null;
        let balance = json!({"balance_won": 100_000});
        let spend = |voucher: &str, to: &str, won: i64| ann.spend_request(voucher, "k", to, won);
        let give = |to: &str, won: i64| ann.gift_request(&id, "k", to, won);
        for (request, status, code, facts) in [
            (spend(&id, BAKERY, 0), 422, "invalid-amount", &none),
            (spend(&id, BAKERY, -1), 422, "invalid-amount", &none),
            (spend(nobody, BAKERY, 1), 404, "voucher-not-found", &none),
            (spend("none", BAKERY, 1), 404, "voucher-not-found", &none),
            (spend(&id, "nobody", 1), 404, "merchant-not-found", &none),
            (spend(&id, "No Slug", 1), 404, "merchant-not-found", &none),
            (spend(&id, FAR_AWAY, 1), 403, "wrong-region", &none),
            (spend(&id, PICKY, 1), 403, "wrong-region", &none),
            (give("ben", 0), 422, "invalid-amount", &none),
            (give("ben", 5_000), 422, "invalid-amount", &json!({"unit_won": 10_000})),
            (give("not a person", 10_000), 400, "malformed", &none),
            (give("ann", 10_000), 400, "malformed", &none),
            (give("stranger", 10_000), 404, "receiver-not-found", &none),
            (ann.gift_request(nobody, "k", "ben", 10_000), 404, "voucher-not-found", &none),
            (ann.cancel_request(nobody, "k"), 404, "purchase-not-found", &none),
            (ann.cancel_request("none", "k"), 404, "purchase-not-found", &none),
            (ann.refund_request(nobody, "k"), 404, "voucher-not-found", &none),
        ] {
            let answer = app.web.send(&request).await;
            expect(&answer, status, code, facts);
        }
        // Those that depend on the moment are remembered: each has a key of its own.
        let too_much = ann.spend(&id, "too-much", 100_001).await;
        expect(&too_much, 409, "insufficient-balance", &balance);
        expect(&ann.give(&id, "much", "ben", 110_000).await, 409, "insufficient-balance", &balance);
        let without = ann.spend_request(&id, "k", BAKERY, 1).replaced("idempotency-key", None);
        expect(&app.web.send(&without).await, 400, "idempotency-key-required", &none);
        let unsigned = ann.refund_request(&id, "k").replaced("authorization", None);
        expect(&app.web.send(&unsigned).await, 401, "unauthenticated", &none);
        let voucher = ann.voucher(&id).await;
        assert_eq!((&voucher["balance_won"], kinds(&voucher).len()), (&json!(100_000), 1));
        checks::stop_clean(app, 100_000).await;
    });
}

/// S8.
#[test]
fn somebody_elses_voucher_is_not_there() {
    on_stage(async {
        let app = with_round().await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 100_000).await;
        let ben = signed_up(&app, "ben").await;
        let look = Request::new("GET", format!("/v1/vouchers/{id}")).bearer(&ben.token);
        for (request, code) in [
            (look, "voucher-not-found"),
            (ben.spend_request(&id, "k", BAKERY, 1), "voucher-not-found"),
            (ben.gift_request(&id, "k", "ann", 10_000), "voucher-not-found"),
            (ben.refund_request(&id, "k"), "voucher-not-found"),
            (ben.cancel_request(&id, "k"), "purchase-not-found"),
        ] {
            expect(&app.web.send(&request).await, 404, code, &Value::Null);
        }
        assert_eq!(ben.vouchers().await, Vec::<Value>::new());
        // The same person in another channel's app has the same voucher.
        let other = app.buyer_in("ann", "tmoney-pay", "1991-03-01");
        allowed(other.spend(&id, "there", 10_000).await);
        assert_eq!(ann.vouchers().await[0]["balance_won"], 90_000);
        checks::stop_clean(app, 100_000).await;
    });
}

/// OR-4: and over both kinds of restart.
#[test]
fn a_key_of_a_move_has_one_effect_and_one_answer() {
    on_stage(async {
        let mut app = with_round().await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 300_000).await;
        signed_up(&app, "ben").await;
        let unused = {
            let mut cho = app.buyer("cho");
            let id = cho.get_voucher("r1", "buy", 100_000).await;
            (cho.cancel_request(&id, "cancel"), cho)
        };
        let requests = [
            ann.spend_request(&id, "spend", BAKERY, 120_000),
            ann.gift_request(&id, "gift", "ben", 100_000),
            ann.spend_request(&id, "too-much", BAKERY, 80_001),
            ann.spend_request(&id, "rest", BAKERY, 70_000),
            ann.refund_request(&id, "refund"),
            unused.0,
        ];
        let mut before: Vec<Answer> = Vec::new();
        for request in &requests {
            before.push(app.web.send(request).await);
        }
        let statuses: Vec<u16> = before.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [201, 201, 409, 201, 201, 201], "{before:?}");
        for ending in [None, Some(Ending::Stop), Some(Ending::Drop)] {
            if let Some(ending) = ending {
                app = app.restart(ending).await;
            }
            for (request, before) in requests.iter().zip(&before) {
                let again = app.web.send(request).await;
                assert!(again.is_replay(), "{ending:?}: {again:?}");
                assert_eq!((again.status, &again.body), (before.status, &before.body));
            }
            let ann = Buyer { web: app.web.clone(), ..ann.clone() };
            for other in [
                ann.spend_request(&id, "spend", BAKERY, 120_001),
                ann.spend_request(&id, "gift", BAKERY, 100_000),
                ann.refund_request(&id, "rest"),
                ann.spend_request(&id, "buy", BAKERY, 1),
                ann.gift_request(&id, "gift", "cho", 100_000),
            ] {
                let reused = app.web.send(&other).await;
                expect(&reused, 422, "idempotency-key-reused", &Value::Null);
            }
            assert_eq!(ann.voucher(&id).await["state"], "refunded", "{ending:?}");
        }
        checks::stop_clean(app, 400_000).await;
    });
}

#[test]
fn a_restart_keeps_balances_histories_and_limits() {
    on_stage(async {
        let mut app = with_round().await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 300_000).await;
        let mut ben = signed_up(&app, "ben").await;
        let gift = allowed(ann.give(&id, "gift", "ben", 50_000).await);
        let theirs = gift["id"].as_str().expect("an id").to_owned();
        for (number, ending) in [Ending::Stop, Ending::Drop].into_iter().enumerate() {
            allowed(ann.spend(&id, &format!("spend-{number}"), 10_001).await);
            allowed(ben.spend(&theirs, &format!("spend-{number}"), 7).await);
            let before = [ann.voucher(&id).await, ben.voucher(&theirs).await];
            let held = (holding(&ann).await, holding(&ben).await);
            app = app.restart(ending).await;
            (ann.web, ben.web) = (app.web.clone(), app.web.clone());
            let after = [ann.voucher(&id).await, ben.voucher(&theirs).await];
            assert_eq!(after, before, "{ending:?}");
            assert_eq!((holding(&ann).await, holding(&ben).await), held, "{ending:?}");
        }
        assert_eq!(holding(&ann).await, 250_000 - 20_002);
        assert_eq!(holding(&ben).await, 50_000 - 14);
        checks::stop_clean(app, 300_000).await;
    });
}

#[test]
fn what_is_left_when_the_time_is_over_falls_to_the_issuer() {
    on_stage(async {
        let app = TestApp::start().await;
        let mut rules = citywide_rules();
        rules["valid_days"] = json!(1);
        allowed(app.operator.put_program(CITYWIDE, rules).await);
        allowed(app.operator.put_round("r1", &RoundForm::for_all(10_000_000)).await);
        app.operator.open("r1").await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 300_000).await;
        signed_up(&app, "ben").await;
        let gift = allowed(ann.give(&id, "gift", "ben", 100_000).await);
        let over = json!("2022-07-16T00:00:00+09:00");
        assert_eq!((&ann.voucher(&id).await["expires_at"], &gift["expires_at"]), (&over, &over));
        allowed(ann.spend(&id, "in-time", 50_000).await);
        app.clock.go_to("2022-07-15T23:59:30+09:00");
        let [ann, ben] = ["ann", "ben"].map(|person| app.buyer(person));
        allowed(ann.spend(&id, "last", 10_000).await);
        app.clock.go_to("2022-07-16T00:00:01+09:00");
        let [ann, ben] = [ann, ben].map(|it| app.buyer(&it.person));
        // Nobody has swept yet, and it is good no more all the same.
        expect(&ann.spend(&id, "late", 1).await, 409, "voucher-not-active", &Value::Null);
        eventually::so("both are swept", async || {
            // A slice that finds nothing more to do ends.
            let _ = app.engine.expire_due().await;
            ann.voucher(&id).await["balance_won"] == 0
                && ben.vouchers().await[0]["balance_won"] == 0
        })
        .await;
        let voucher = ann.voucher(&id).await;
        assert_eq!(voucher["balance_won"], 0, "{voucher}");
        assert_eq!(voucher["history"][0]["amount_won"], 140_000, "{voucher}");
        assert_eq!(kinds(&voucher)[0], "expired");
        assert_eq!((holding(&ann).await, holding(&ben).await), (0, 0));
        expect(&ann.refund(&id, "refund").await, 409, "voucher-not-active", &Value::Null);
        checks::stop_clean(app, 300_000).await;
    });
}

#[test]
fn a_list_and_a_history_are_read_page_by_page() {
    on_stage(async {
        let app = with_round().await;
        let mut ann = app.buyer("ann");
        let mut bought = Vec::new();
        for number in 0..3 {
            bought.insert(0, ann.get_voucher("r1", &format!("buy-{number}"), 100_000).await);
            app.clock.advance(1_000);
        }
        let mut seen = Vec::new();
        let mut path = "/v1/vouchers?limit=2".to_owned();
        for pages in 1.. {
            let page = allowed(ann.get(&path).await);
            let ids = page["vouchers"].as_array().expect("a list").iter();
            seen.extend(ids.filter_map(|it| it["id"].as_str().map(str::to_owned)));
            let Some(cursor) = page["next_cursor"].as_str() else {
                assert_eq!(pages, 2);
                break;
            };
            path = format!("/v1/vouchers?limit=2&cursor={cursor}");
        }
        assert_eq!(seen, bought, "newest first, none left out and none twice");
        let id = &bought[0];
        for number in 0..5 {
            allowed(ann.spend(id, &format!("spend-{number}"), 1_000).await);
        }
        let mut numbers = Vec::new();
        let mut path = format!("/v1/vouchers/{id}?limit=4");
        loop {
            let page = allowed(ann.get(&path).await);
            let moves = page["history"].as_array().expect("a list").iter();
            numbers.extend(moves.filter_map(|it| it["number"].as_u64()));
            let Some(cursor) = page["next_cursor"].as_u64() else { break };
            path = format!("/v1/vouchers/{id}?limit=4&cursor={cursor}");
        }
        assert_eq!(numbers, [5, 4, 3, 2, 1, 0]);
        for wrong in ["limit=0", "limit=101", "cursor=x"] {
            let answer = ann.get(&format!("/v1/vouchers?{wrong}")).await;
            expect(&answer, 400, "malformed", &Value::Null);
            let answer = ann.get(&format!("/v1/vouchers/{id}?{wrong}")).await;
            expect(&answer, 400, "malformed", &Value::Null);
        }
        checks::stop_clean(app, 300_000).await;
    });
}
