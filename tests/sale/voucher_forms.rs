//! Vouchers by the forms of the pages, as a browser without scripts sends them; and merchants as
//! everybody finds them.

use crate::pages::check_page;
use crate::support::browser::{Browser, after, view};
use crate::support::checks;
use crate::support::staff::RoundForm;
use crate::support::vouchers::BAKERY;
use crate::support::{Answer, Buyer, Request, TestApp, allowed, expect, on_stage};
use serde_json::{Value, json};

async fn browser_of(app: &TestApp, buyer: &Buyer) -> Browser {
    let mut browser = Browser::new(app.web.clone(), "en");
    browser.submit("/enter", &[("token", &buyer.token)]).await;
    browser
}

/// The hidden key of the form that does `act`.
#[track_caller]
fn key_of(page: &Answer, act: &str) -> String {
    let html = page.text();
    let form = html.split_once(&format!("/{act}\">")).unwrap_or_else(|| panic!("no {act}: {html}"));
    after(form.1, "name=\"key\" value=\"").expect("a key")
}

#[test]
fn a_voucher_is_cancelled_refunded_and_given_by_forms_alone() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
        let mut ann = app.buyer("ann");
        let first = ann.get_voucher("r1", "buy-1", 100_000).await;
        let second = ann.get_voucher("r1", "buy-2", 100_000).await;
        let ben = app.buyer("ben");
        allowed(ben.sign_up().await);
        let mut browser = browser_of(&app, &ann).await;
        let mine = browser.open("/me").await;
        check_page(&mine);
        assert!(mine.text().contains("data-figure=\"balance\">100,000 won<"), "{mine:?}");
        let page = browser.open(&format!("/me?voucher={first}")).await;
        check_page(&page);
        assert_eq!((page.status, view(&page).as_str()), (200, "voucher"));
        let path = |id: &str, act: &str| format!("/me/vouchers/{id}/{act}");
        let key = key_of(&page, "cancel");
        let unsure = browser.submit(&path(&first, "cancel"), &[("key", &key)]).await;
        assert_eq!((unsure.status, view(&unsure).as_str()), (400, "refused"), "{unsure:?}");
        // Twice, as an impatient finger does it.
        for _ in 0..2 {
            let form = [("key", key.as_str()), ("sure", "true")];
            let done = browser.submit(&path(&first, "cancel"), &form).await;
            assert_eq!((done.status, view(&done).as_str()), (200, "voucher"), "{done:?}");
            assert!(done.text().contains("cancelled"), "{done:?}");
            assert!(!done.text().contains("data-do=\"cancel\""), "nothing more to do: {done:?}");
        }
        let page = browser.open(&format!("/me?voucher={second}")).await;
        let key = key_of(&page, "gift");
        let gift = [("key", key.as_str()), ("sure", "true"), ("to_person", "ben")];
        let form = [&gift[..], &[("amount_won", "30000")]].concat();
        let given = browser.submit(&path(&second, "gift"), &form).await;
        assert!(given.text().contains("data-figure=\"balance\">70,000 won<"), "{given:?}");
        assert_eq!(ben.vouchers().await[0]["balance_won"], 30_000);
        let key = key_of(&given, "refund");
        let form = [("key", key.as_str()), ("sure", "true")];
        let early = browser.submit(&path(&second, "refund"), &form).await;
        assert_eq!((early.status, view(&early).as_str()), (409, "refused"), "{early:?}");
        assert!(early.text().contains("data-code=\"below-refund-threshold\""), "{early:?}");
        assert!(early.text().contains("60%"), "how much is enough: {early:?}");
        check_page(&early);
        allowed(ann.spend(&second, "spend", 60_000).await);
        let page = browser.open(&format!("/me?voucher={second}")).await;
        assert!(page.text().contains(BAKERY), "the history names who was paid: {page:?}");
        let key = key_of(&page, "refund");
        let form = [("key", key.as_str()), ("sure", "true")];
        let refunded = browser.submit(&path(&second, "refund"), &form).await;
        assert!(refunded.text().contains("refunded"), "{refunded:?}");
        checks::stop_clean(app, 200_000).await;
    });
}

#[test]
fn a_form_of_another_site_and_a_voucher_of_somebody_else_do_nothing() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 100_000).await;
        let mut browser = browser_of(&app, &ann).await;
        let form = [("key", "k"), ("sure", "true")];
        let path = format!("/me/vouchers/{id}/cancel");
        let lured = [("origin", "https://evil.example")];
        let foreign = browser.post(&path, &form, &lured).await;
        assert_eq!(foreign.status, 403, "{foreign:?}");
        let ben = app.buyer("ben");
        allowed(ben.sign_up().await);
        let mut other = browser_of(&app, &ben).await;
        let page = other.open(&format!("/me?voucher={id}")).await;
        assert_eq!((page.status, view(&page).as_str()), (404, "refused"), "{page:?}");
        assert!(!page.text().contains("100,000"), "{page:?}");
        let theirs = other.submit(&path, &form).await;
        assert_eq!(theirs.status, 404, "{theirs:?}");
        let mut nobody = Browser::new(app.web.clone(), "ko");
        assert_eq!(nobody.submit(&path, &form).await.status, 401);
        assert_eq!(ann.vouchers().await[0]["state"], "active");
        checks::stop_clean(app, 100_000).await;
    });
}

async fn found(app: &TestApp, query: &str) -> Vec<String> {
    let answer = app.web.send(&Request::new("GET", format!("/v1/merchants?{query}"))).await;
    let kept = Some("public, max-age=60, stale-while-revalidate=60, stale-if-error=600");
    assert_eq!(answer.header("cache-control"), kept, "{answer:?}");
    let page = allowed(answer);
    let all = page["merchants"].as_array().expect("a list").iter();
    all.filter_map(|it| it["id"].as_str().map(str::to_owned)).collect()
}

#[test]
fn merchants_are_found_by_text_region_and_program() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
        assert_eq!(found(&app, "").await, ["picky", "bakery", "far-away"], "by their names");
        assert_eq!(found(&app, "region=seoul").await, ["picky", "bakery"]);
        assert_eq!(found(&app, "program=seoul-citywide").await, ["bakery"]);
        assert_eq!(found(&app, "text=%EB%8F%99%EB%84%A4").await, ["bakery"]);
        assert_eq!(found(&app, "text=%EC%A0%9C%EA%B3%BC&region=gangwon").await, ["far-away"]);
        assert_eq!(found(&app, "limit=1&after=picky").await, ["bakery"]);
        let search = |query: &str| Request::new("GET", format!("/v1/merchants?{query}"));
        let unknown = app.web.send(&search("program=nobody")).await;
        expect(&unknown, 404, "program-not-found", &Value::Null);
        for wrong in ["limit=0", "limit=1000", "after=No+Slug", &format!("text={}", "x".repeat(61))]
        {
            expect(&app.web.send(&search(wrong)).await, 400, "malformed", &Value::Null);
        }
        checks::stop_clean(app, 0).await;
    });
}

#[test]
fn a_suspended_search_or_gift_says_until_when_and_paying_goes_on() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 100_000).await;
        let ben = app.buyer("ben");
        allowed(ben.sign_up().await);
        let given = ann.give(&id, "early", "ben", 10_000).await;
        assert_eq!(given.status, 201, "{given:?}");
        let off = |feature: &str| {
            json!({"feature": feature, "from": "2022-07-14T10:00:00+09:00",
                "until": "2022-07-14T12:00:00+09:00",
                "message": {"ko": "판매 중에는 쉽니다", "en": "Off while the sale runs"}})
        };
        let list = json!({"suspensions": [off("gifts"), off("merchant_search")], "reason": "rush"});
        allowed(app.operator.call("PUT", "/v1/admin/suspensions", Some(list)).await);
        let facts =
            |feature: &str| json!({"feature": feature, "until": "2022-07-14T12:00:00+09:00"});
        expect(&ann.give(&id, "gift", "ben", 10_000).await, 409, "suspended", &facts("gifts"));
        // What a key was answered before, it is answered again.
        let again = ann.give(&id, "early", "ben", 10_000).await;
        assert!(again.status == 201 && again.is_replay(), "{again:?}");
        assert_eq!(again.json(), given.json());
        let searched = app.web.send(&Request::new("GET", "/v1/merchants")).await;
        expect(&searched, 409, "suspended", &facts("merchant_search"));
        assert!(searched.header("retry-after").is_some(), "{searched:?}");
        allowed(ann.spend(&id, "spend", 10_000).await);
        app.clock.go_to("2022-07-14T12:00:01+09:00");
        // The key of a refusal that was no decision about the voucher is free.
        allowed(ann.give(&id, "gift", "ben", 10_000).await);
        assert_eq!(found(&app, "region=gangwon").await, ["far-away"]);
        checks::stop_clean(app, 100_000).await;
    });
}
