//! Paying a merchant by the forms of the pages, as a browser without scripts sends them: found or
//! scanned, chosen, confirmed once, shown. And everything that does not pay, in words.

use crate::pages::check_page;
use crate::support::browser::{Browser, after, field, view};
use crate::support::checks;
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::vouchers::{BAKERY, FAR_AWAY, PICKY};
use crate::support::{Answer, Buyer, Request, TestApp, allowed, expect, on_stage};
use serde_json::{Value, json};

async fn browser_of(app: &TestApp, buyer: &Buyer) -> Browser {
    let mut browser = Browser::new(app.web.clone(), "en");
    browser.submit("/enter", &[("token", &buyer.token), ("merchant", BAKERY)]).await;
    browser
}

/// Somebody with a voucher of 100,000 won and a browser of theirs.
async fn with_voucher(app: &TestApp) -> (Buyer, String, Browser) {
    app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
    let mut ann = app.buyer("ann");
    let id = ann.get_voucher("r1", "buy", 100_000).await;
    let browser = browser_of(app, &ann).await;
    (ann, id, browser)
}

#[track_caller]
fn shows(answer: &Answer, wanted: &str) {
    check_page(answer);
    assert_eq!((answer.status, view(answer).as_str()), (200, wanted), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[track_caller]
fn says(answer: &Answer, words: &[&str]) {
    let html = answer.text();
    for word in words {
        assert!(html.contains(word), "{word} is not in {html}");
    }
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, words: &[&str]) {
    check_page(answer);
    let html = answer.text();
    assert_eq!((answer.status, view(answer).as_str()), (status, "refused"), "{html}");
    assert_eq!(after(&html, "data-code=\"").as_deref(), Some(code), "{html}");
    says(answer, words);
}

/// The form that is sent with the button, from the page on which it is confirmed.
fn form_of(confirm: &Answer) -> Vec<(&'static str, String)> {
    ["voucher", "amount_won", "key"].into_iter().map(|name| (name, field(confirm, name))).collect()
}

async fn pays(browser: &mut Browser, merchant: &str, form: &[(&'static str, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = form.iter().map(|(name, it)| (*name, it.as_str())).collect();
    browser.submit(&format!("/pay/{merchant}"), &fields).await
}

async fn balance(buyer: &Buyer) -> i64 {
    buyer.vouchers().await[0]["balance_won"].as_i64().expect("a balance")
}

#[test]
fn a_merchant_is_found_paid_once_and_shown_the_receipt() {
    on_stage(async {
        let app = TestApp::start().await;
        let (ann, id, mut browser) = with_voucher(&app).await;
        let mine = browser.open(&format!("/me?voucher={id}")).await;
        let to = format!("/pay?voucher={id}&amp;program={CITYWIDE}");
        says(&mine, &[&format!("href=\"{to}\"")]);
        // Only who takes this voucher: neither another region's nor one that takes another's.
        let found = browser.open(&to.replace("&amp;", "&")).await;
        shows(&found, "merchants");
        let link = format!("/pay/{BAKERY}?voucher={id}");
        says(&found, &[&format!("href=\"{link}\""), "동네빵집"]);
        assert!(!found.text().contains("먼 빵집") && !found.text().contains("까다로운"));
        let page = browser.open(&link).await;
        shows(&page, "pay");
        says(&page, &["<h1>동네빵집</h1>", "data-figure=\"balance\">100,000 won<", BAKERY]);
        let attempt = field(&page, "attempt");
        let chosen = format!("{link}&amount_won=12000&attempt={attempt}");
        let confirm = browser.open(&chosen).await;
        shows(&confirm, "pay_confirm");
        says(
            &confirm,
            &["data-figure=\"amount\">12,000 won<", "data-figure=\"after\">88,000 won<"],
        );
        assert_eq!(balance(&ann).await, 100_000, "nothing is paid before the button");
        // Twice, as an impatient finger does it, and once more from a page that was loaded again.
        let form = form_of(&confirm);
        assert!(!chosen.contains(&form[2].1), "no key stands in an address");
        let paid = pays(&mut browser, BAKERY, &form).await;
        let again = pays(&mut browser, BAKERY, &form).await;
        // The attempt stands in the address.
        let back = browser.open(&chosen).await;
        let number = |answer: &Answer| after(&answer.text(), "data-figure=\"payment\">");
        for receipt in [&paid, &again, &back] {
            shows(receipt, "paid");
            says(receipt, &["12,000 won", "2022-07-14 10:", "동네빵집", BAKERY, "88,000 won"]);
            says(receipt, &["Show this to the merchant"]);
            assert_eq!(number(receipt), number(&paid));
        }
        assert_eq!(balance(&ann).await, 88_000);
        // An old confirmation that turns up later pays nothing, and does not pass for a new one.
        app.clock.advance(120_000);
        let old = pays(&mut browser, BAKERY, &form).await;
        shows(&old, "paid");
        says(&old, &["had been paid already", "12,000 won"]);
        assert_eq!((number(&old), balance(&ann).await), (number(&paid), 88_000));
        // The next payment is another one.
        let next = field(&browser.open(&link).await, "attempt");
        assert_ne!(next, attempt);
        let confirm = browser.open(&format!("{link}&amount_won=8000&attempt={next}")).await;
        shows(&pays(&mut browser, BAKERY, &form_of(&confirm)).await, "paid");
        assert_eq!(balance(&ann).await, 80_000);
        // Nothing is left: what was confirmed is a receipt all the same, and no new way to pay.
        let last = field(&browser.open(&link).await, "attempt");
        let chosen = format!("{link}&amount_won=80000&attempt={last}");
        let form = form_of(&browser.open(&chosen).await);
        let paid = pays(&mut browser, BAKERY, &form).await;
        assert_eq!(balance(&ann).await, 0);
        let reloaded = browser.open(&chosen).await;
        shows(&reloaded, "paid");
        assert_eq!(number(&reloaded), number(&paid));
        checks::stop_clean(app, 100_000).await;
    });
}

/// S21: no link and no code pays, or signs in who did not say so.
#[test]
fn who_scans_a_code_signs_in_and_goes_on_with_that_merchant() {
    on_stage(async {
        let app = TestApp::start().await;
        let (ann, id, _) = with_voucher(&app).await;
        let mut browser = Browser::new(app.web.clone(), "ko");
        let page = browser.open(&format!("/pay/{BAKERY}?amount_won=5000")).await;
        shows(&page, "sign_in");
        says(&page, &["동네빵집"]);
        assert_eq!(field(&page, "merchant"), BAKERY);
        // By the form of their app, from elsewhere: asked with one tap, then on to the merchant.
        let fields = [("token", ann.token.as_str()), ("merchant", BAKERY)];
        let asked = browser.post("/enter", &fields, &[("origin", "https://app.example")]).await;
        assert_eq!(view(&asked), "enter");
        assert_eq!(field(&asked, "merchant"), BAKERY);
        let entered = browser.submit("/enter", &fields).await;
        shows(&entered, "pay");
        // The amount of a code is filled in; which voucher and whether stays the person's.
        let page = browser.open(&format!("/pay/{BAKERY}?amount_won=5000")).await;
        shows(&page, "pay");
        says(&page, &["value=\"5000\"", &id]);
        // A number as it is typed from a sign leads to the same page.
        let typed =
            browser.submit(&format!("/pay?merchant=+{}+", BAKERY.to_uppercase()), &[]).await;
        assert_eq!(typed.status, 405, "searching is no deed");
        let typed = browser.open(&format!("/pay?merchant=+{}+", BAKERY.to_uppercase())).await;
        assert_eq!((typed.status, typed.header("location")), (303, Some("/pay/bakery")));
        assert_eq!(balance(&ann).await, 100_000);
        checks::stop_clean(app, 100_000).await;
    });
}

#[test]
fn whatever_does_not_pay_says_what_to_do() {
    on_stage(async {
        let app = TestApp::start().await;
        let (ann, id, mut browser) = with_voucher(&app).await;
        let form = |voucher: &str, amount: &str| {
            vec![
                ("voucher", voucher.to_owned()),
                ("amount_won", amount.to_owned()),
                ("key", format!("key-{voucher}-{amount}").chars().take(64).collect()),
            ]
        };
        // Another region, and a merchant that takes another program: seen before, said after.
        for merchant in [FAR_AWAY, PICKY] {
            let page = browser.open(&format!("/pay/{merchant}?voucher={id}")).await;
            shows(&page, "pay");
            says(&page, &["None of your vouchers can be used here", "data-code=\"wrong-region\""]);
            says(&page, &[&format!("/pay?voucher={id}&amp;program={CITYWIDE}")]);
            assert!(!page.text().contains("data-do=\"pay\""), "{}", page.text());
            let forced = pays(&mut browser, merchant, &form(&id, "1000")).await;
            refused(
                &forced,
                403,
                "wrong-region",
                &["merchant of the voucher", "Nothing was spent"],
            );
        }
        // More than is left.
        let path = format!("/pay/{BAKERY}?voucher={id}");
        let attempt = field(&browser.open(&path).await, "attempt");
        let much = browser.open(&format!("{path}&amount_won=100001&attempt={attempt}")).await;
        shows(&much, "pay");
        says(&much, &["Only 100,000 won are left", "value=\"100001\"", "aria-invalid=\"true\""]);
        let forced = pays(&mut browser, BAKERY, &form(&id, "100001")).await;
        refused(&forced, 409, "insufficient-balance", &["100,000 won", "Choose another amount"]);
        for typed in ["0", "-5", "x", "1.5"] {
            let page = browser.open(&format!("{path}&amount_won={typed}&attempt={attempt}")).await;
            shows(&page, "pay");
            says(&page, &["Enter the amount in digits"]);
        }
        // What is no attempt of these pages is not taken from an address.
        let page = browser.open(&format!("{path}&amount_won=10&attempt=of-somebody")).await;
        shows(&page, "pay");
        let forced = pays(&mut browser, BAKERY, &form(&id, "0")).await;
        refused(&forced, 422, "invalid-amount", &["Choose another amount"]);
        // Nobody of this number.
        let typed = browser.open("/pay?merchant=nobody").await;
        refused(&typed, 404, "merchant-not-found", &["search for them"]);
        refused(
            &browser.open("/pay/nobody").await,
            404,
            "merchant-not-found",
            &["search for them"],
        );
        refused(&browser.open("/pay/No%20Slug").await, 404, "merchant-not-found", &["/pay\""]);
        let unknown = pays(&mut browser, "nobody", &form(&id, "10")).await;
        refused(&unknown, 404, "merchant-not-found", &["search for them"]);
        // Nobody is signed in, another site's form, another's voucher, and none at all.
        let mut nobody = Browser::new(app.web.clone(), "en");
        let lost = pays(&mut nobody, BAKERY, &form(&id, "10")).await;
        refused(&lost, 401, "unauthenticated", &["name=\"merchant\" value=\"bakery\""]);
        let lured = [("origin", "https://evil.example")];
        let foreign = browser.post("/pay/bakery", &[("voucher", &id)], &lured).await;
        assert_eq!(foreign.status, 403, "{foreign:?}");
        let ben = app.buyer("ben");
        allowed(ben.sign_up().await);
        let mut other = browser_of(&app, &ben).await;
        let theirs = other.open(&path).await;
        shows(&theirs, "pay");
        says(&theirs, &["You have no voucher with anything left", "href=\"/\""]);
        assert!(!theirs.text().contains("100,000"), "{}", theirs.text());
        let forced = pays(&mut other, BAKERY, &form(&id, "10")).await;
        refused(&forced, 404, "voucher-not-found", &[]);
        assert_eq!(balance(&ann).await, 100_000, "nobody paid anything");
        checks::stop_clean(app, 100_000).await;
    });
}

#[test]
fn a_receipt_is_its_owners_and_a_voucher_whose_time_is_over_is_said_to_be() {
    on_stage(async {
        let app = TestApp::start().await;
        let mut rules = citywide_rules();
        rules["valid_days"] = json!(1);
        allowed(app.operator.put_program(CITYWIDE, rules).await);
        allowed(app.operator.put_round("r1", &RoundForm::for_all(10_000_000)).await);
        app.operator.open("r1").await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 100_000).await;
        let mut browser = browser_of(&app, &ann).await;
        let path = format!("/pay/{BAKERY}?voucher={id}");
        let attempt = field(&browser.open(&path).await, "attempt");
        let confirm = browser.open(&format!("{path}&amount_won=1&attempt={attempt}")).await;
        let paid = pays(&mut browser, BAKERY, &form_of(&confirm)).await;
        shows(&paid, "paid");
        let number = after(&paid.text(), "data-figure=\"payment\">").expect("a number");
        let number = number.get(..36).expect("an id").to_owned();
        let receipt = format!("{path}&receipt={number}");
        shows(&browser.open(&receipt).await, "paid");
        let ben = app.buyer("ben");
        allowed(ben.sign_up().await);
        let mut other = browser_of(&app, &ben).await;
        refused(&other.open(&receipt).await, 404, "voucher-not-found", &[]);
        // It was paid to the bakery and to nobody else.
        let moved = receipt.replace(BAKERY, PICKY);
        refused(&browser.open(&moved).await, 404, "merchant-not-found", &[]);
        app.clock.go_to("2022-07-16T00:00:01+09:00");
        let ann = app.buyer("ann");
        let mut browser = browser_of(&app, &ann).await;
        let page = browser.open(&path).await;
        shows(&page, "pay");
        says(&page, &["expired"]);
        assert!(!page.text().contains("data-do=\"pay\""), "{}", page.text());
        let late = vec![
            ("voucher", id.clone()),
            ("amount_won", "10".to_owned()),
            ("key", "late".to_owned()),
        ];
        let late = pays(&mut browser, BAKERY, &late).await;
        refused(&late, 409, "voucher-not-active", &["pay with another voucher"]);
        // What was paid in time is still shown for it, and not as if it had just been paid.
        let old = browser.open(&receipt).await;
        shows(&old, "paid");
        says(&old, &["had been paid already"]);
        checks::stop_clean(app, 100_000).await;
    });
}

#[test]
fn paying_goes_on_while_the_search_is_switched_off() {
    on_stage(async {
        let app = TestApp::start().await;
        let (ann, id, mut browser) = with_voucher(&app).await;
        let search = format!("/pay?text={}", "%EB%8F%99%EB%84%A4");
        says(&browser.open(&search).await, &["value=\"동네\"", "/pay/bakery\""]);
        let none = browser.open("/pay?text=nobody-sells-this").await;
        says(&none, &["No merchant is found", "data-do=\"number\""]);
        refused(&browser.open("/pay?program=nobody").await, 404, "program-not-found", &[]);
        let off = json!({"feature": "merchant_search", "from": "2022-07-14T10:00:00+09:00",
            "until": "2022-07-14T12:00:00+09:00",
            "message": {"ko": "판매 중에는 쉽니다", "en": "Off while the sale runs"}});
        let list = json!({"suspensions": [off], "reason": "rush"});
        allowed(app.operator.call("PUT", "/v1/admin/suspensions", Some(list)).await);
        let page = browser.open(&search).await;
        refused(&page, 409, "suspended", &["Off while the sale runs", "data-do=\"number\""]);
        let by_number = browser.open(&format!("/pay?merchant={BAKERY}&voucher={id}")).await;
        let to = format!("/pay/{BAKERY}?voucher={id}");
        assert_eq!((by_number.status, by_number.header("location")), (303, Some(to.as_str())));
        // An app that has read a code is told who it is, from a cache too.
        let one = app.web.send(&Request::new("GET", "/v1/merchants/bakery")).await;
        let kept = Some("public, max-age=60, stale-while-revalidate=60, stale-if-error=600");
        assert_eq!(one.header("cache-control"), kept);
        let want = json!({"id": BAKERY, "name": "동네빵집", "region": "seoul", "category": "제과",
            "programs": []});
        assert_eq!(allowed(one), want);
        for unknown in ["/v1/merchants/nobody", "/v1/merchants/No%20Slug"] {
            let answer = app.web.send(&Request::new("GET", unknown)).await;
            expect(&answer, 404, "merchant-not-found", &Value::Null);
        }
        let attempt = field(&browser.open(&to).await, "attempt");
        let confirm = browser.open(&format!("{to}&amount_won=100000&attempt={attempt}")).await;
        says(&confirm, &["data-figure=\"after\">0 won<"]);
        shows(&pays(&mut browser, BAKERY, &form_of(&confirm)).await, "paid");
        assert_eq!(balance(&ann).await, 0);
        checks::stop_clean(app, 100_000).await;
    });
}
