//! What a round came to, as a table: to the won what the round itself says, by day, channel and
//! window, and nothing of anybody.

use crate::support::app::MORNING;
use crate::support::staff::RoundForm;
use crate::support::{
    Play, Request, ScriptedRail, StallingStore, TestApp, checks, eventually, expect, join_all,
    on_stage,
};
use openrun::http::admin::settlement::SETTLEMENTS_MAX;
use openrun::trust::Role;
use serde_json::Value;

const PATH: &str = "/v1/admin/rounds/r1/settlement";
const HEADER: &str = "\u{feff}day,channel,window,purchases,amount_won,price_won,subsidy_won,\
    cancels,cancelled_won,cancelled_price_won,cancelled_subsidy_won,refunds,refunded_won,\
    refunded_price_won,refunded_subsidy_won";

/// The rows of the table, each cut at its commas, without the names of the columns.
async fn rows(app: &TestApp) -> Vec<Vec<String>> {
    let answer = app.staff(Role::Viewer).get(PATH).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let kind = answer.header("content-type").expect("it says what it is").to_owned();
    assert_eq!(kind, "text/csv; charset=utf-8; header=present");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let name = answer.header("content-disposition");
    assert_eq!(name, Some("attachment; filename=\"settlement-r1.csv\""));
    let text = answer.text();
    assert!(text.ends_with("\r\n"), "{text}");
    let mut lines = text.trim_end().split("\r\n");
    assert_eq!(lines.next(), Some(HEADER));
    lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn won(row: &[String], column: usize) -> i64 {
    row[column].parse().unwrap_or_else(|_| panic!("no number: {row:?}"))
}

#[test]
fn the_rows_of_a_settlement_add_up_to_what_the_round_says_to_the_won() {
    on_stage(async {
        let rail = ScriptedRail::default();
        let app = TestApp::start_paying_by(&rail).await;
        let form = RoundForm::for_all(3_000_000);
        let form = form.times("2022-07-14T10:00:00+09:00", "2022-07-15T22:00:00+09:00");
        app.operator.define_open("r1", &form).await;
        let nothing = "total,,,0,0,0,0,0,0,0,0,0,0,0,0".split(',').collect::<Vec<_>>();
        assert_eq!(rows(&app).await, [nothing], "before anything is sold");
        let channels = ["seoul-pay", "tmoney-pay", "shinhan-sol"];
        let buying = (0..9_usize).map(|number| {
            let who = format!("p{number}");
            let mut buyer = app.buyer_in(&who, channels[number % 3], "1991-03-01");
            let won = [10_000, 40_000, 100_000][number / 3];
            async move { buyer.buy_through("r1", "key", won).await }
        });
        join_all(buying).await;
        // Held before midnight: no part of it yet. Paid after it: of that day.
        app.clock.go_to("2022-07-14T23:59:30+09:00");
        let mut late = app.buyer("late");
        late.sign_up().await;
        late.get_pass("r1").await;
        rail.plays([Play::Hang]);
        let asked = rail.authorisations() + 1;
        let request = late.buy_request("r1", "late", 100_000);
        let buying = tokio::spawn(async move { late.until_answered(&request).await });
        eventually::so("it is asked", async || rail.authorisations() == asked).await;
        assert_eq!(rows(&app).await.len(), 3 + 1);
        app.clock.go_to("2022-07-15T00:00:03+09:00");
        rail.go_on();
        assert_eq!(buying.await.expect("it ends").status, 201);
        checks::sold_is(&app, "r1", 550_000).await;

        let rows = rows(&app).await;
        let (total, parts) = rows.split_last().expect("a table has a total");
        let days: Vec<&str> = parts.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(days, ["2022-07-14", "2022-07-14", "2022-07-14", "2022-07-15"], "{rows:?}");
        let names: Vec<&str> = parts.iter().map(|row| row[1].as_str()).collect();
        assert_eq!(names[..3], ["seoul-pay", "shinhan-sol", "tmoney-pay"], "{rows:?}");
        assert!(parts.iter().all(|row| row[2] == "all"), "{rows:?}");
        assert_eq!(total[..3], ["total", "", ""], "{rows:?}");
        for column in 3..15 {
            let sum: i64 = parts.iter().map(|row| won(row, column)).sum();
            assert_eq!(sum, won(total, column), "{rows:?}");
        }
        let (sold, held, _, purchases) = checks::money(&app, "r1").await;
        assert_eq!((held, won(total, 4)), (0, sold), "{rows:?}");
        assert_eq!(won(total, 3), i64::try_from(purchases).expect("few"), "{rows:?}");
        assert_eq!(won(total, 5) + won(total, 6), sold, "price and subsidy make the amount");
        assert_eq!(won(total, 5), rail.net_won(), "what people paid is what the rail took");
        checks::stop_clean(app, sold).await;
    });
}

/// What went back is in rows of its own, of the day on which it went.
#[test]
fn a_cancel_is_settled_on_the_day_on_which_it_is_paid_back() {
    on_stage(async {
        let app = TestApp::start().await;
        let form = RoundForm::for_all(400_000);
        let form = form.times("2022-07-14T10:00:00+09:00", "2022-07-15T22:00:00+09:00");
        app.operator.define_open("r1", &form).await;
        let mut ann = app.buyer("ann");
        let bought = ann.buy_through("r1", "ann-1", 300_000).await.json();
        app.clock.go_to("2022-07-15T09:00:00+09:00");
        let ann = app.buyer("ann");
        let path = format!("/v1/purchases/{}/cancel", bought["id"].as_str().expect("an id"));
        let cancel = Request::new("POST", path).bearer(&ann.token);
        let cancelled = app.web.send(&cancel.header("idempotency-key", "cancel-1")).await;
        assert!((200..300).contains(&cancelled.status), "{cancelled:?}");
        let rows: Vec<String> = rows(&app).await.iter().map(|row| row.join(",")).collect();
        let want = [
            "2022-07-14,seoul-pay,all,1,300000,279000,21000,0,0,0,0,0,0,0,0",
            "2022-07-15,seoul-pay,,0,0,0,0,1,300000,279000,21000,0,0,0,0",
            "total,,,1,300000,279000,21000,1,300000,279000,21000,0,0,0,0",
        ];
        assert_eq!(rows, want);
    });
}

/// S19.
#[test]
fn a_settlement_is_for_staff_of_a_round_that_is_there_and_names_nobody() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        app.buyer("ann-of-the-canary").buy_through("r1", "canary-key", 300_000).await;
        let bare = app.operator.web.send(&Request::new("GET", PATH)).await;
        expect(&bare, 401, "unauthenticated", &Value::Null);
        let public = app.web.send(&Request::new("GET", PATH).bearer(&app.operator.token)).await;
        expect(&public, 404, "not-found", &Value::Null);
        let nowhere = app.operator.get("/v1/admin/rounds/nowhere/settlement").await;
        expect(&nowhere, 404, "round-not-found", &Value::Null);
        let entries = app.operator.log().await.len();
        let rows = rows(&app).await;
        assert_eq!(
            rows[0][..7],
            ["2022-07-14", "seoul-pay", "all", "1", "300000", "279000", "21000"]
        );
        assert!(!format!("{rows:?}").contains("canary"));
        assert_eq!(app.operator.log().await.len(), entries, "no personal data, no entry");
    });
}

/// Two at once, the next is told so; and nobody who buys waits for them.
#[test]
fn settlements_that_hang_hold_up_no_purchase_and_only_two_may() {
    on_stage(async {
        let (stalling, audited) = StallingStore::fresh().await;
        let app = TestApp::start_with_port(stalling.clone(), audited, MORNING).await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        app.buyer("bob").buy_through("r1", "bob-1", 100_000).await;
        stalling.stall_reads(true);
        let asked = |_| {
            let operator = app.operator.clone();
            tokio::spawn(async move { operator.get(PATH).await })
        };
        let mut all: Vec<_> = (0..=SETTLEMENTS_MAX).map(asked).collect();
        let told = eventually::some("one is told", async || {
            all.iter().position(tokio::task::JoinHandle::is_finished)
        })
        .await;
        let told = all.remove(told).await.expect("it ended");
        expect(&told, 503, "overloaded", &Value::Null);
        app.buyer("ann").buy_through("r1", "ann-1", 300_000).await;
        assert!(all.iter().all(|hanging| !hanging.is_finished()), "the others wait");
        stalling.stall_reads(false);
        for hanging in all {
            assert_eq!(hanging.await.expect("it ends").status, 200);
        }
        assert_eq!(app.operator.get(PATH).await.status, 200, "and there is room again");
    });
}
