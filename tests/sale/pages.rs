//! The pages as everybody gets them: what they load, under which policy, in which language, and
//! that nothing that somebody wrote is ever markup.

use crate::support::browser::{Browser, after, view};
use crate::support::staff::RoundForm;
use crate::support::{Answer, Request, TestApp, Web, allowed, eventually, on_stage};
use serde_json::json;
use std::io::Read;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; font-src 'none'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Every page is under the one policy, and needs nothing that it forbids.
#[track_caller]
pub fn check_page(answer: &Answer) {
    let html = answer.text();
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{html}");
    assert_eq!(answer.header("content-security-policy"), Some(POLICY), "{html}");
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{html}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{html}");
    let language = answer.header("content-language").expect("a page has a language");
    assert!(html.starts_with(&format!("<!doctype html>\n<html lang=\"{language}\">")), "{html}");
    let scripts = html.matches("<script").count();
    assert_eq!(scripts, html.matches("<script type=\"module\" src=\"/assets/").count(), "{html}");
    assert_eq!(scripts, 1, "{html}");
    for never in ["<style", " style=", " onclick", " onload", "javascript:", "http://", "https://"]
    {
        assert!(!html.contains(never), "{never}: {html}");
    }
    assert!(!html.contains("page-"), "a sentence is missing: {html}");
    for once in ["<main id=\"main\"", "<h1>", "<title>", "<a class=\"skip\" href=\"#main\">"] {
        assert_eq!(html.matches(once).count(), 1, "{once}: {html}");
    }
}

async fn get(web: &Web, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::new("GET", path);
    web.send(&headers.iter().fold(request, |request, (name, it)| request.header(name, *it))).await
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.header("content-encoding"), Some("gzip"), "{:?}", answer.headers);
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut plain).expect("it is gzip");
    plain
}

#[test]
fn what_a_page_loads_is_kept_for_ever_and_sent_small() {
    on_stage(async {
        let app = TestApp::start().await;
        let ops = app.operator.web.clone();
        for (web, language) in [(&app.web, "ko"), (&app.web, "en"), (&ops, "ko"), (&ops, "en")] {
            let page = get(web, "/", &[("accept-language", language)]).await;
            check_page(&page);
            let html = page.text();
            let addresses: Vec<String> =
                html.split("=\"/assets/").skip(1).filter_map(|it| after(it, "")).collect();
            assert!(addresses.len() >= 3, "{html}");
            for address in addresses {
                let path = format!("/assets/{address}");
                let plain = get(web, &path, &[]).await;
                assert_eq!((plain.status, plain.header("content-encoding")), (200, None));
                let for_ever = Some("public, max-age=31536000, immutable");
                assert_eq!(plain.header("cache-control"), for_ever, "{path}");
                assert_eq!(plain.header("vary"), Some("accept-encoding"));
                let packed = get(web, &path, &[("accept-encoding", "br, gzip;q=0.5")]).await;
                assert_eq!(unpacked(&packed), plain.body, "{path}");
                let refused = get(web, &path, &[("accept-encoding", "gzip;q=0")]).await;
                assert_eq!(refused.body, plain.body);
                let (etag, other) = (plain.header("etag"), packed.header("etag"));
                assert_ne!(etag, other, "two forms have two names");
                let etag = etag.expect("a version").to_owned();
                let known = get(web, &path, &[("if-none-match", &etag)]).await;
                assert_eq!((known.status, known.body.len()), (304, 0));
                let old = path.split('?').next().expect("a path").to_owned() + "?v=0123456789ab";
                let answer = get(web, &old, &[]).await;
                assert_eq!(answer.header("cache-control"), Some("no-cache"), "{old}");
                assert_eq!(answer.body, plain.body);
            }
        }
        for path in ["/assets/none.js", "/assets/..%2fpackage.json", "/assets/"] {
            assert_eq!(get(&app.web, path, &[]).await.code(), "not-found", "{path}");
        }
    });
}

/// S21.
#[test]
fn every_page_is_under_one_policy_and_tells_the_scripts_what_it_is() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        for (web, path, status, page, shown) in [
            (&app.web, "/", 200, "rounds", "rounds"),
            (&app.web, "/rounds/r1", 200, "round", "round"),
            (&app.web, "/me", 200, "me", "sign_in"),
            (&app.web, "/pay", 200, "pay", "merchants"),
            (&app.web, "/pay/bakery", 200, "pay", "sign_in"),
            (&app.web, "/pay/nobody", 404, "pay", "refused"),
            (&app.web, "/rounds/nowhere", 404, "rounds", "rounds"),
            (&app.operator.web, "/", 200, "console", "sign_in"),
        ] {
            for language in ["ko", "en"] {
                let answer = get(web, path, &[("accept-language", language)]).await;
                assert_eq!(answer.status, status, "{path}");
                check_page(&answer);
                let html = answer.text();
                assert_eq!(after(&html, "data-page=\"").as_deref(), Some(page), "{path}");
                assert_eq!(view(&answer), shown, "{path}");
                assert!(html.contains(&format!(".{language}.js?v=")), "{path}: {html}");
                assert_eq!(answer.header("content-language"), Some(language), "{path}");
            }
        }
        let round = get(&app.web, "/rounds/r1", &[]).await.text();
        assert_eq!(after(&round, "data-round=\"").as_deref(), Some("r1"));
        assert!(round.contains("data-dev=\"true\""), "{round}");
        // Where there was a list of links there is a console, and the links are below it.
        let console = get(&app.operator.web, "/", &[]).await.text();
        for link in ["/docs", "/openapi.json", "/metrics", "/readyz", "/version"] {
            assert!(console.contains(&format!("href=\"{link}\"")), "{link}: {console}");
        }
    });
}

#[test]
fn a_page_says_how_the_sale_stands_without_any_script() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define("later", &RoundForm::for_all(5_000_000)).await;
        app.operator.define_open("now", &RoundForm::for_all(1_000_000)).await;
        app.buyer("ann").buy_through("now", "ann-1", 300_000).await;
        let html = eventually::some("the page says so", async || {
            let html = get(&app.web, "/rounds/now", &[("accept-language", "en")]).await.text();
            html.contains("300,000 won").then_some(html)
        })
        .await;
        for wanted in ["700,000 won", "10,000 won → 9,300 won", "400,000 won", "On sale"] {
            assert!(html.contains(wanted), "{wanted}: {html}");
        }
        assert!(html.contains("<time datetime=\"2022-07-14T10:00:00+09:00\">"), "{html}");
        let list = get(&app.web, "/", &[("accept-language", "ko")]).await.text();
        assert!(list.contains("href=\"/rounds/now\""), "{list}");
        assert!(!list.contains("href=\"/rounds/later\""), "nobody announced it: {list}");
        assert!(list.contains("서울사랑상품권") && list.contains("판매 중"), "{list}");
    });
}

#[test]
fn the_language_is_what_was_chosen_last_else_what_the_browser_prefers() {
    on_stage(async {
        let app = TestApp::start().await;
        let mut browser = Browser::new(app.web.clone(), "ko");
        let of = |answer: &Answer| answer.header("content-language").map(str::to_owned);
        assert_eq!(of(&browser.open("/").await).as_deref(), Some("ko"));
        let chosen = browser.open("/me?lang=en").await;
        assert_eq!(of(&chosen).as_deref(), Some("en"));
        assert_eq!(chosen.header("cache-control"), Some("no-store"), "a choice is one's own");
        let cookie = browser.cookie("lang").expect("it is remembered").clone();
        assert_eq!((cookie.value.as_str(), cookie.path.as_str()), ("en", "/"));
        assert!(!cookie.attributes.contains("HttpOnly"), "scripts read it: {cookie:?}");
        assert_eq!(of(&browser.open("/").await).as_deref(), Some("en"), "for every page");
        assert_eq!(of(&browser.open("/?lang=ko").await).as_deref(), Some("ko"));
        assert_eq!(of(&browser.open("/?lang=fr").await).as_deref(), Some("ko"), "not a language");
        assert_eq!(of(&browser.open("/").await).as_deref(), Some("ko"));
        let other = after(&browser.open("/").await.text(), "data-do=\"language\" href=\"");
        assert_eq!(other.as_deref(), Some("/?lang=en"));
    });
}

#[test]
fn what_operators_write_is_text_on_every_page() {
    on_stage(async {
        let app = TestApp::start().await;
        let hostile = "</title><img src=x onerror=alert(1)>&\"'<script>alert(2)</script>";
        let name = json!({"ko": hostile, "en": hostile});
        let form = RoundForm::for_all(1_000_000).with("name", name.clone());
        app.operator.define_open("r1", &form).await;
        let body = json!({"round_id": "r1", "message": name, "reason": "a test"});
        assert_eq!(app.operator.call("POST", "/v1/admin/notices", Some(body)).await.status, 201);
        for (path, times) in [("/", 1), ("/rounds/r1", 3)] {
            for language in ["ko", "en"] {
                let answer = eventually::some("the page shows it", async || {
                    let answer = get(&app.web, path, &[("accept-language", language)]).await;
                    let shown = answer.text().matches("&lt;img src=x").count();
                    (shown == times).then_some(answer)
                })
                .await;
                check_page(&answer);
                let html = answer.text();
                assert!(!html.contains("<img") && !html.contains("<script>"), "{html}");
                assert_eq!(html.matches("</title>").count(), 1, "{html}");
            }
        }
    });
}

#[test]
fn a_page_that_is_nobodys_own_is_shared_and_small() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        for (path, most) in [("/", 2_500), ("/rounds/r1", 3_000), ("/me", 2_000)] {
            let packed = get(&app.web, path, &[("accept-encoding", "gzip")]).await;
            let kept = Some("public, max-age=1, stale-while-revalidate=1, stale-if-error=600");
            assert_eq!(packed.header("cache-control"), kept, "{path}");
            assert_eq!(packed.header("vary"), Some("accept-language, cookie, accept-encoding"));
            assert!(
                packed.header("set-cookie").is_none() && packed.header("x-request-id").is_none()
            );
            assert!(packed.body.len() < most, "{path}: {} bytes", packed.body.len());
            let html = unpacked(&packed);
            assert!(html.starts_with(b"<!doctype html>"), "{path}");
        }
    });
}

#[test]
fn virtual_people_are_made_in_development_alone() {
    on_stage(async {
        let app = TestApp::start().await;
        let make = Request::new("POST", "/dev/people");
        let answer = app.web.send(&make.clone().json(&json!({}))).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let made = answer.json();
        for field in ["person", "channel", "birthdate", "token", "expires_at"] {
            assert!(made[field].is_string(), "{field}: {made}");
        }
        let wanted = json!({"person": "kim", "birthdate": "1990-12-31", "channel": "tmoney-pay",
            "district": "jongno"});
        let made = app.web.send(&make.clone().json(&wanted)).await.json();
        for field in ["person", "birthdate", "channel", "district"] {
            assert_eq!(made[field], wanted[field]);
        }
        let token = made["token"].as_str().expect("a token");
        let body = json!({"accepted_terms": true, "account": "110-1"});
        let signed_up = Request::new("POST", "/v1/people").bearer(token).json(&body);
        assert_eq!(allowed(app.web.send(&signed_up).await)["birth_year"], "even");
        for wrong in [
            json!({"birthdate": "yesterday"}),
            json!({"channel": "nobody"}),
            json!({"district": "Jongno!"}),
            json!({"name": "kim"}),
        ] {
            let answer = app.web.send(&make.clone().json(&wrong)).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"), "{wrong}");
        }
        let earnest = TestApp::start_in_earnest().await;
        let answer = earnest.web.send(&make.json(&json!({}))).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not-found"));
        let page = get(&earnest.web, "/", &[]).await;
        check_page(&page);
        assert!(!page.text().contains("data-dev"), "{page:?}");
        let mut browser = Browser::new(earnest.web.clone(), "en");
        let answer = browser.submit("/enter", &[("made_up", "true")]).await;
        assert_eq!((answer.status, view(&answer).as_str()), (401, "refused"));
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    });
}
