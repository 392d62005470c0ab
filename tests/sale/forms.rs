//! A whole sale by the forms of the pages, as a browser without scripts sends them; and what other
//! sites cannot do with them.

use crate::pages::check_page;
use crate::support::browser::{Browser, after, field, view};
use crate::support::checks::{money, sold_is, stop_clean};
use crate::support::staff::RoundForm;
use crate::support::{Answer, Request, TestApp, eventually, on_stage};

const ROUND: &str = "/rounds/r1";

/// Somebody who is signed in and up, through a channel.
async fn person(app: &TestApp, name: &str) -> Browser {
    let mut browser = Browser::new(app.web.clone(), "en");
    let token = app.token(name, "seoul-pay", "1991-03-01");
    let entered = browser.submit("/enter", &[("token", &token), ("round", "r1")]).await;
    assert_eq!(view(&entered), "round", "{entered:?}");
    let signed_up =
        browser.submit("/rounds/r1/sign-up", &[("account", "110-1"), ("accepted_terms", "true")]);
    assert_eq!(view(&signed_up.await), "round");
    browser
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    check_page(answer);
    let html = answer.text();
    assert_eq!((answer.status, view(answer).as_str()), (status, "refused"), "{html}");
    assert_eq!(after(&html, "data-code=\"").as_deref(), Some(code), "{html}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// Joins where there is room, and claims the turn. On a busy machine the tick that lets people in
/// may come after the join.
async fn get_in(browser: &mut Browser) -> Answer {
    let turn = eventually::some("there is room", async || {
        let page = browser.submit("/rounds/r1/join", &[]).await;
        Some(page).filter(|it| view(it) == "admitted")
    })
    .await;
    if !turn.text().contains("data-do=\"claim\"") {
        return turn;
    }
    let claimed = browser.submit("/rounds/r1/claim", &[]).await;
    assert_eq!(view(&claimed), "admitted", "{claimed:?}");
    claimed
}

#[test]
fn a_whole_sale_goes_by_forms_alone() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut browser = Browser::new(app.web.clone(), "ko");
        let page = browser.open(ROUND).await;
        assert_eq!(view(&page), "round");
        assert_eq!(field(&page, "made_up"), "true");
        // In development somebody can be made up; the token never stands in an address.
        let entered = browser.submit("/enter", &[("made_up", "true"), ("round", "r1")]).await;
        assert_eq!(view(&entered), "round", "{entered:?}");
        assert!(entered.text().contains("data-do=\"join\""), "{entered:?}");
        // When there is room, joining is the turn; who never signed up does it now.
        let joined = browser.submit("/rounds/r1/join", &[]).await;
        assert_eq!(view(&joined), "sign_up", "{joined:?}");
        assert!(joined.text().contains("data-figure=\"number\">1<"), "{joined:?}");
        let token = browser.cookie("openrun_token").expect("it is kept").clone();
        assert!(token.attributes.contains("HttpOnly; SameSite=Lax"), "{token:?}");
        assert!(!token.attributes.contains("Secure"), "the test speaks no TLS: {token:?}");
        let without = browser.submit("/rounds/r1/sign-up", &[("account", "110-1")]).await;
        refused(&without, 400, "malformed");
        let terms = [("account", "110-000-000000"), ("accepted_terms", "true")];
        let signed_up = browser.submit("/rounds/r1/sign-up", &terms).await;
        assert!(["admitted", "waiting"].contains(&view(&signed_up).as_str()), "{signed_up:?}");
        let turn = get_in(&mut browser).await;
        check_page(&turn);
        assert_eq!(turn.header("cache-control"), Some("no-store"));
        let html = turn.text();
        assert!(html.contains("data-figure=\"number\">1<"), "{html}");
        assert!(html.contains("data-figure=\"allowance\">400,000원<"), "{html}");
        assert!(html.contains("max=\"400000\" step=\"10000\""), "{html}");
        for name in ["openrun_ticket", "openrun_pass"] {
            let cookie = browser.cookie(name).expect("it is kept");
            assert_eq!(cookie.path, ROUND, "{cookie:?}");
            assert!(cookie.attributes.contains("HttpOnly; SameSite=Lax"), "{cookie:?}");
        }
        let confirm = browser.open("/rounds/r1?amount_won=300000").await;
        let html = confirm.text();
        assert_eq!(view(&confirm), "buying", "{html}");
        assert!(html.contains("data-figure=\"price\">279,000원<"), "{html}");
        assert!(
            html.contains("data-do=\"confirm\"") && html.contains("data-do=\"back\""),
            "{html}"
        );
        let (amount, key) = (field(&confirm, "amount_won"), field(&confirm, "key"));
        // Twice, as an impatient finger does it: one purchase, and the same page.
        let form = [("amount_won", amount.as_str()), ("key", key.as_str())];
        let bought = browser.submit("/rounds/r1/buy", &form).await;
        let again = browser.submit("/rounds/r1/buy", &form).await;
        assert_eq!((view(&bought), view(&again)), ("bought".to_owned(), "bought".to_owned()));
        let id = |answer: &Answer| after(&answer.text(), "구매 번호</dt><dd>");
        assert_eq!(id(&bought).expect("an id")[..36], id(&again).expect("an id")[..36]);
        sold_is(&app, "r1", 300_000).await;
        assert_eq!(money(&app, "r1").await.3, 1);
        let mine = browser.open("/me").await;
        check_page(&mine);
        assert_eq!(view(&mine), "me");
        for wanted in ["300,000원", "279,000원", "결제 완료", "100,000원"] {
            assert!(mine.text().contains(wanted), "{wanted}: {}", mine.text());
        }
        eventually::so("the place has bought", async || {
            view(&browser.clone().open(ROUND).await) == "bought"
        })
        .await;
        // As the page writes it: whoever uses this browser next finds nobody's place.
        browser.submit("/exit", &[]).await;
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
        assert_eq!(view(&browser.open("/me").await), "sign_in");
        stop_clean(app, 300_000).await;
    });
}

#[test]
fn who_waits_sees_their_place_and_the_page_looks_by_itself() {
    on_stage(async {
        let app = TestApp::start().await;
        let form = RoundForm::for_all(1_000_000).inlet("max_active", 1);
        app.operator.define_open("r1", &form).await;
        let mut ann = person(&app, "ann").await;
        get_in(&mut ann).await;
        let mut bob = person(&app, "bob").await;
        let waiting = bob.submit("/rounds/r1/join", &[]).await;
        assert_eq!(view(&waiting), "waiting", "{waiting:?}");
        check_page(&waiting);
        let html = waiting.text();
        assert!(html.contains("data-figure=\"number\">2<"), "{html}");
        assert!(html.contains("data-figure=\"ahead\">"), "{html}");
        let refresh = "<noscript><meta http-equiv=\"refresh\" content=\"";
        let seconds = after(&html, refresh).expect("it looks by itself").parse::<u64>();
        assert!((5..=60).contains(&seconds.expect("a number")), "{html}");
        let still = bob.open("/rounds/r1?refresh=off").await.text();
        assert!(!still.contains("http-equiv=\"refresh\""), "{still}");
        // A reload, a restart of the browser, a second one: the same place.
        assert!(bob.open(ROUND).await.text().contains("data-figure=\"number\">2<"));
        let mut second = Browser::new(app.web.clone(), "en");
        let token = app.token("bob", "tmoney-pay", "1991-03-01");
        second.submit("/enter", &[("token", &token), ("round", "r1")]).await;
        let same = second.submit("/rounds/r1/join", &[]).await;
        assert!(same.text().contains("data-figure=\"number\">2<"), "{same:?}");
        refused(&bob.submit("/rounds/r1/claim", &[]).await, 409, "not-yet");
        assert_eq!(view(&ann.submit("/rounds/r1/leave", &[]).await), "left");
        eventually::so("it is the turn of the next", async || {
            app.clock.advance(1_000);
            view(&bob.open(ROUND).await) == "admitted"
        })
        .await;
        assert_eq!(view(&bob.submit("/rounds/r1/claim", &[]).await), "admitted");
        assert!(bob.open(ROUND).await.text().contains("data-do=\"buy\""));
        stop_clean(app, 0).await;
    });
}

#[test]
fn a_refusal_is_a_page_in_words_with_a_next_step() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(100_000)).await;
        let mut nobody = Browser::new(app.web.clone(), "en");
        refused(&nobody.submit("/rounds/r1/join", &[]).await, 401, "unauthenticated");
        refused(&nobody.submit("/enter", &[("token", "x.y.z")]).await, 401, "unauthenticated");
        refused(&nobody.submit("/rounds/r1/claim", &[]).await, 403, "ticket-invalid");
        let mut ann = person(&app, "ann").await;
        let buy = |amount: &'static str, key: &'static str| [("amount_won", amount), ("key", key)];
        let path = "/rounds/r1/buy";
        refused(&ann.submit(path, &buy("10000", "k1")).await, 403, "pass-required");
        refused(&ann.submit(path, &buy("ten", "k2")).await, 400, "malformed");
        refused(&ann.submit(path, &buy("10000", "")).await, 400, "idempotency-key-required");
        get_in(&mut ann).await;
        refused(&ann.submit(path, &buy("15000", "k3")).await, 422, "invalid-amount");
        let less = ann.submit(path, &buy("200000", "k4")).await;
        refused(&less, 409, "insufficient-stock");
        assert!(less.text().contains("data-figure=\"left\">100,000 won<"), "{less:?}");
        assert!(less.text().contains("data-do=\"again\" href=\"/rounds/r1\""), "{less:?}");
        let other = ann.submit(path, &buy("50000", "k4")).await;
        refused(&other, 422, "idempotency-key-reused");
        app.operator.pause("r1").await;
        refused(&ann.submit(path, &buy("50000", "k5")).await, 409, "round-not-open");
        let mut bob = Browser::new(app.web.clone(), "ko");
        let token = app.token("bob", "seoul-pay", "1991-03-01");
        bob.submit("/enter", &[("token", &token), ("round", "r1")]).await;
        let unknown = bob.submit(path, &buy("50000", "k6")).await;
        refused(&unknown, 403, "not-registered");
        assert!(unknown.text().contains("회원 가입"), "{unknown:?}");
        stop_clean(app, 0).await;
    });
}

/// S21.
#[test]
fn forms_of_other_sites_are_turned_away() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut ann = person(&app, "ann").await;
        let foreign: [&[(&str, &str)]; 6] = [
            &[],
            &[("origin", "https://elsewhere.example")],
            &[("origin", "null")],
            &[("referer", "https://elsewhere.example/openrun")],
            &[("origin", "http://openrun"), ("sec-fetch-site", "cross-site")],
            &[("origin", "http://openrun"), ("sec-fetch-site", "same-site")],
        ];
        for headers in foreign {
            for path in ["/rounds/r1/join", "/rounds/r1/buy", "/exit"] {
                let answer = ann.post(path, &[], headers).await;
                refused(&answer, 403, "forbidden");
            }
        }
        assert!(ann.cookie("openrun_token").is_some(), "still signed in");
        assert_eq!(app.operator.figures("r1").await["last_number"], 0, "nobody joined");
        let ours: [&[(&str, &str)]; 3] = [
            &[("sec-fetch-site", "same-origin")],
            &[("origin", "http://openrun")],
            &[("referer", "http://openrun/rounds/r1")],
        ];
        for headers in ours {
            assert_eq!(ann.clone().post("/rounds/r1/join", &[], headers).await.status, 303);
        }
        // The calls of the contract know no cookie: there is nothing for another site to use.
        let token = ann.cookie("openrun_token").expect("signed in").value.clone();
        let call = Request::new("POST", "/v1/rounds/r1/tickets");
        let answer = app.web.send(&call.header("cookie", format!("openrun_token={token}"))).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "unauthenticated"));
        // A form is a form: no other kind of body is read.
        let json = Request::new("POST", "/rounds/r1/join").json(&serde_json::json!({}));
        let json = json.header("origin", "http://openrun");
        let json = json.header("cookie", format!("openrun_token={token}"));
        refused(&app.web.send(&json).await, 415, "unsupported-media-type");
    });
}

#[test]
fn behind_tls_cookies_are_for_tls_alone_and_another_persons_place_is_not_shown() {
    on_stage(async {
        let app = TestApp::start().await;
        let form = RoundForm::for_all(1_000_000).inlet("max_active", 1);
        app.operator.define_open("r1", &form).await;
        let token = app.token("ann", "seoul-pay", "1991-03-01");
        let through_proxy = [("x-forwarded-proto", "https"), ("origin", "http://openrun")];
        for headers in [&through_proxy[..], &[("origin", "https://openrun")]] {
            let mut browser = Browser::new(app.web.clone(), "en");
            browser.post("/enter", &[("token", &token)], headers).await;
            let cookie = browser.cookie("openrun_token").expect("it is kept");
            assert!(cookie.attributes.ends_with("HttpOnly; SameSite=Lax; Secure"), "{cookie:?}");
        }
        let mut phone = person(&app, "ann").await;
        get_in(&mut phone).await;
        // The next one signs in on the same phone.
        let token = app.token("bob", "seoul-pay", "1991-03-01");
        let entered = phone.submit("/enter", &[("token", &token), ("round", "r1")]).await;
        assert_eq!(view(&entered), "round", "{entered:?}");
        refused(&phone.submit("/rounds/r1/leave", &[]).await, 403, "ticket-invalid");
        let form = [("amount_won", "10000"), ("key", "k1")];
        refused(&phone.submit("/rounds/r1/buy", &form).await, 403, "not-registered");
    });
}

/// S21: Somebody who is lured to a stranger's site must not end up under the stranger's name.
#[test]
fn another_site_signs_nobody_in_before_they_have_said_so_with_one_tap() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let stranger = app.token("eve", "tmoney-pay", "1991-03-01");
        let form = [("token", stranger.as_str()), ("round", "r1")];
        let foreign: [&[(&str, &str)]; 4] = [
            &[],
            &[("origin", "null")],
            &[("origin", "https://elsewhere.example")],
            &[("origin", "http://openrun"), ("sec-fetch-site", "cross-site")],
        ];
        for headers in foreign {
            for mut browser in [Browser::new(app.web.clone(), "en"), person(&app, "ann").await] {
                let before = browser.cookies.clone();
                let asked = browser.post("/enter", &form, headers).await;
                check_page(&asked);
                assert_eq!((asked.status, view(&asked).as_str()), (200, "enter"), "{asked:?}");
                assert_eq!(browser.cookies, before, "nothing is kept before the tap");
                assert_eq!(asked.header("cache-control"), Some("no-store"));
                let html = asked.text();
                assert!(html.contains("data-figure=\"channel\">tmoney-pay<"), "{html}");
                // The tap: a form of ours, with what the page holds.
                let (token, round) = (field(&asked, "token"), field(&asked, "round"));
                let tap = [("token", token.as_str()), ("round", round.as_str())];
                assert_eq!(view(&browser.submit("/enter", &tap).await), "round");
                let kept = browser.cookie("openrun_token").expect("it is kept");
                assert_eq!(kept.value, stranger);
            }
        }
        // A newer token of whoever is signed in needs no tap; another site makes nobody up.
        let mut ann = person(&app, "ann").await;
        let newer = app.token("ann", "moneytree", "1991-03-01");
        assert_eq!(ann.post("/enter", &[("token", &newer)], &[]).await.status, 303);
        assert_eq!(ann.cookie("openrun_token").expect("it is kept").value, newer);
        let mut nobody = Browser::new(app.web.clone(), "en");
        let made_up = nobody.post("/enter", &[("made_up", "true")], &[]).await;
        refused(&made_up, 401, "unauthenticated");
        assert!(nobody.cookies.is_empty());
    });
}
