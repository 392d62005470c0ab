//! The board: how a sale stands, for people and for programs.

use crate::support::staff::RoundForm;
use crate::support::{Answer, Request, TestApp, allowed, eventually, expect, on_stage};
use openrun_core::RoundId;
use openrun_core::round_spec::LineId;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

const BOARD: &str = "/v1/rounds/r1/board";

async fn page(app: &TestApp, query: &str, accept_language: &str) -> Answer {
    let request = Request::new("GET", format!("{BOARD}{query}"));
    let answer = app.web.send(&request.header("accept-language", accept_language)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    answer
}

#[test]
fn it_says_how_the_sale_stands_as_json_and_as_a_page() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        app.buyer("ann").buy_through("r1", "ann-1", 300_000).await;
        let json = Request::new("GET", BOARD).header("accept", "application/json");
        let board = eventually::some("the board says so", async || {
            let board = allowed(app.web.send(&json).await);
            (board["sold_won"] == 300_000).then_some(board)
        })
        .await;
        assert_eq!((&board["issued"], &board["left_won"]), (&json!(1), &json!(700_000)));
        assert_eq!((&board["state"], &board["held_won"]), (&json!("open"), &json!(0)));
        let line = &board["lines"][0];
        assert_eq!((&line["class"], &line["last_number"]), (&json!("everyone"), &json!(1)));
        assert_eq!((&line["waiting"], &board["waiting"]), (&json!(0), &json!(0)));
        let english = page(&app, "", "en").await.text();
        for wanted in ["<html lang=\"en\">", "On sale", "300,000 won", "700,000 won", "everybody"] {
            assert!(english.contains(wanted), "{wanted}: {english}");
        }
        let korean = page(&app, "", "ko-KR,ko;q=0.9").await.text();
        for wanted in ["<html lang=\"ko\">", "판매 중", "300,000원", "<caption>판매 현황</caption>"]
        {
            assert!(korean.contains(wanted), "{wanted}: {korean}");
        }
        // By link, whatever the machine prefers.
        assert!(page(&app, "?lang=ko", "en").await.text().contains("<html lang=\"ko\">"));
        assert!(page(&app, "?lang=en", "ko").await.text().contains("<html lang=\"en\">"));
        expect(
            &app.web.send(&Request::new("GET", "/v1/rounds/nowhere/board")).await,
            404,
            "round-not-found",
            &json!({}),
        );
    });
}

#[test]
fn the_page_has_no_script_and_what_operators_write_is_text() {
    on_stage(async {
        let app = TestApp::start().await;
        let name = json!({"ko": "<b>시험</b>", "en": "</title><script>alert(1)</script>"});
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000).with("name", name)).await;
        let hostile = "<img src=x onerror=alert(1)>&\"'<script>alert(2)</script>";
        let message = json!({"ko": hostile, "en": hostile});
        let body = json!({"round_id": "r1", "message": message, "reason": "a test"});
        let posted = app.operator.call("POST", "/v1/admin/notices", Some(body)).await;
        assert_eq!(posted.status, 201, "{posted:?}");
        let now = json!("2022-07-14T18:00:00+09:00");
        let off = json!({"feature": "gifts", "until": now, "message": message});
        let body = json!({"suspensions": [off], "reason": "a test"});
        allowed(app.operator.call("PUT", "/v1/admin/suspensions", Some(body)).await);
        for language in ["ko", "en"] {
            let answer = eventually::some("the page shows both", async || {
                let answer = page(&app, "", language).await;
                (answer.text().matches("&lt;img src=x").count() == 2).then_some(answer)
            })
            .await;
            let html = answer.text();
            for never in ["<script", "<img", "<b>", "onerror=alert(1)>"] {
                assert!(!html.contains(never), "{never}: {html}");
            }
            assert_eq!(html.matches("</title>").count(), 1, "{html}");
            let policy = answer.header("content-security-policy").expect("there is one");
            assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            // The style is that of all pages; none stands on this one.
            assert!(!html.contains("<style") && !html.contains(" style="), "{html}");
            let sheet = html.split("<link rel=\"stylesheet\" href=\"").nth(1).expect("a sheet");
            let sheet = sheet.split('"').next().expect("an address");
            assert_eq!(app.web.send(&Request::new("GET", sheet)).await.status, 200, "{sheet}");
        }
    });
}

#[test]
fn caches_tell_its_forms_apart_and_readers_may_make_it_stand_still() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let answer = page(&app, "", "ko").await;
        assert_eq!(answer.header("vary"), Some("accept, accept-language"));
        let kept = Some("public, max-age=1, stale-while-revalidate=1, stale-if-error=600");
        assert_eq!(answer.header("cache-control"), kept);
        assert_eq!(answer.header("content-language"), Some("ko"));
        assert!(answer.text().contains("http-equiv=\"refresh\""));
        let still = page(&app, "?refresh=off", "ko").await;
        assert!(!still.text().contains("http-equiv=\"refresh\""));
        assert_ne!(answer.header("etag"), still.header("etag"));
        eventually::so("the same one is not sent again", async || {
            let etag = page(&app, "", "ko").await.header("etag").expect("a version").to_owned();
            let request = Request::new("GET", BOARD).header("accept-language", "ko");
            let again = app.web.send(&request.header("if-none-match", etag)).await;
            again.status == 304 && again.header("cache-control") == kept
        })
        .await;
    });
}

/// Whoever looks at a draft with its lines in hand, while it gets more of them, or fewer.
#[test]
fn a_draft_that_is_defined_anew_can_be_looked_at_meanwhile() {
    const TIMES: u32 = 40;
    on_stage(async {
        let app = TestApp::start().await;
        let [one_line, three_lines] =
            [RoundForm::for_all(1_000_000), RoundForm::in_halves(1_000_000)];
        app.operator.define("r1", &one_line).await;
        let round = app.engine.round(&RoundId::new("r1").expect("a slug")).expect("is there");
        let is_over = Arc::new(AtomicBool::new(false));
        let looking = Arc::new(Barrier::new(3));
        let lookers: Vec<_> = (0..2)
            .map(|_| {
                let (round, is_over) = (round.clone(), Arc::clone(&is_over));
                let looking = Arc::clone(&looking);
                thread::spawn(move || {
                    looking.wait();
                    while !is_over.load(Ordering::Relaxed) {
                        for line in 0..3 {
                            assert_eq!(round.place(LineId(line), 1).number, 1);
                        }
                    }
                })
            })
            .collect();
        looking.wait();
        for time in 0..TIMES {
            let form = if time % 2 == 0 { &three_lines } else { &one_line };
            let put = app.operator.put_round("r1", form).await;
            assert!(put.status < 300, "{put:?}");
        }
        is_over.store(true, Ordering::Relaxed);
        for looker in lookers {
            looker.join().expect("finds a line, whatever is there");
        }
    });
}
