//! Counters over HTTP: bank tellers sell paper without a line, by the same limits, from the stock
//! that is set aside for them, and every sheet has a number.

use crate::support::app::Ending;
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::{
    Answer, Buyer, Play, Request, ScriptedRail, TestApp, allowed, checks, eventually, expect,
    join_all, on_stage,
};
use openrun::trust::Role;
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

/// A round of the city-wide program: so much for the line, so much for the counters.
async fn with_counter(app: &TestApp, line_won: i64, counter_won: i64) {
    let mut rules = citywide_rules();
    rules["counters"] = json!(["counter"]);
    allowed(app.operator.put_program(CITYWIDE, rules).await);
    let mut form = RoundForm::for_all(line_won);
    let mut paper = form.0["windows"][0].clone();
    paper["id"] = json!("paper");
    paper["sold_at"] = json!("counter");
    paper["stock_won"] = json!(counter_won);
    form.0["windows"].as_array_mut().expect("a list").push(paper);
    allowed(app.operator.put_round("r1", &form).await);
    app.operator.open("r1").await;
}

/// Somebody who stands at a teller's window.
fn client(app: &TestApp, person: &str) -> Buyer {
    app.buyer_in(person, "counter", "1991-03-01")
}

fn paid_by(buyer: &Buyer, key: &str, amount_won: i64, method: &str) -> Request {
    let body = json!({"amount_won": amount_won, "payment": {"method": method}});
    buyer.buy_request("r1", key, amount_won).json(&body)
}

async fn buys_paper(buyer: &Buyer, key: &str, amount_won: i64) -> Answer {
    buyer.web.send(&paid_by(buyer, key, amount_won, "cash")).await
}

#[test]
fn a_counter_sells_numbered_paper_without_a_line_and_every_figure_tells_it_apart() {
    on_stage(async {
        let app = TestApp::start().await;
        with_counter(&app, 1_000_000, 500_000).await;
        let ann = client(&app, "ann");
        allowed(ann.sign_up().await);
        let bought = buys_paper(&ann, "paper", 300_000).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        let paper = bought.json();
        let told = [&paper["state"], &paper["channel"], &paper["voucher_id"]];
        assert_eq!(told, [&json!("issued"), &json!("counter"), &Value::Null], "{paper}");
        assert_eq!(paper["serial_numbers"], json!(["r1-0000001"]), "{paper}");
        assert_eq!(paper["price_won"], 279_000, "{paper}");
        let again = buys_paper(&ann, "paper", 300_000).await;
        assert_eq!((again.header("idempotency-replayed"), again.json()), (Some("true"), paper));
        let id = again.json()["id"].as_str().expect("an id").to_owned();
        let purchase = allowed(ann.get(&format!("/v1/purchases/{id}")).await);
        assert_eq!(purchase["serial_numbers"], json!(["r1-0000001"]), "{purchase}");
        // It counts in the month, and in no app: paper is whose hand it is in.
        assert!(ann.vouchers().await.is_empty());
        let limits = ann.limits(CITYWIDE).await;
        let told = [&limits["used_won"], &limits["allowance_won"], &limits["holding_won"]];
        assert_eq!(told, [&json!(300_000), &json!(100_000), &json!(0)], "{limits}");
        expect(&ann.cancel(&id, "cancel").await, 404, "purchase-not-found", &NOTHING);
        let mut in_the_app = app.buyer("ann");
        in_the_app.get_pass("r1").await;
        let much = in_the_app.buy("r1", "too-much", 200_000).await;
        expect(&much, 409, "monthly-limit-exceeded", &json!({"allowance_won": 100_000}));
        assert_eq!(in_the_app.buy("r1", "rest", 100_000).await.status, 201);
        let none = buys_paper(&ann, "more", 10_000).await;
        expect(&none, 409, "monthly-limit-exceeded", &json!({"allowance_won": 0}));
        told_apart(&app).await;
        checks::stop_clean(app, 400_000).await;
    });
}

/// 300,000 of 500,000 were sold at the counter, 100,000 of 1,000,000 in the line.
async fn told_apart(app: &TestApp) {
    checks::sold_is(app, "r1", 400_000).await;
    let figures = app.operator.figures("r1").await;
    assert_eq!(figures["stock_won"], 1_500_000, "{figures}");
    let counters = json!({"stock_won": 500_000, "left_won": 200_000, "held_won": 0,
        "sold_won": 300_000});
    assert_eq!(figures["counters"], counters, "{figures}");
    assert_eq!(figures["windows"][1]["sold_at"], "counter", "{figures}");
    assert_eq!(figures["lines"].as_array().map(Vec::len), Some(1), "{figures}");
    let get = async |path: &str| {
        let request = Request::new("GET", path).header("accept", "application/json");
        allowed(app.web.send(&request).await)
    };
    eventually::so("the document says what the line has left", async || {
        get("/v1/rounds/r1/watermark").await["left_won"] == 900_000
    })
    .await;
    let document = get("/v1/rounds/r1/watermark").await;
    assert_eq!(document["windows"].as_array().map(Vec::len), Some(1), "{document}");
    eventually::so("the board tells them apart", async || {
        let board = get("/v1/rounds/r1/board").await;
        board["counters"] == counters && board["left_won"] == 900_000 && board["issued"] == 1
    })
    .await;
    let round = get("/v1/rounds/r1").await;
    assert_eq!(round["windows"].as_array().map(Vec::len), Some(1), "{round}");
    assert_eq!(round["counter_windows"][0]["stock_won"], 500_000, "{round}");
    let settlement = app.staff(Role::Viewer).get("/v1/admin/rounds/r1/settlement").await.text();
    assert!(settlement.contains("2022-07-14,counter,paper,1,300000,279000,21000"), "{settlement}");
    assert!(settlement.contains("2022-07-14,seoul-pay,all,1,100000,93000,7000"), "{settlement}");
}

/// S5: a permission of the channel stands for the pass, nothing that a client can say.
#[test]
fn only_a_counter_of_the_program_sells_without_a_pass_and_only_from_its_own_stock() {
    on_stage(async {
        let app = TestApp::start().await;
        with_counter(&app, 400_000, 100_000).await;
        let (ann, mut ben) = (client(&app, "ann"), app.buyer("ben"));
        for buyer in [&ann, &ben] {
            allowed(buyer.sign_up().await);
        }
        let send = async |request: Request| app.web.send(&request).await;
        expect(&ben.buy("r1", "no-pass", 10_000).await, 403, "pass-required", &NOTHING);
        let cash = send(paid_by(&ben, "cash", 10_000, "cash")).await;
        expect(&cash, 400, "malformed", &NOTHING);
        let account = send(paid_by(&ann, "account", 10_000, "account")).await;
        expect(&account, 400, "malformed", &NOTHING);
        // A counter has no place in any line, and one that this program does not name is none.
        let join = client(&app, "ann").join("r1").await;
        expect(&join, 403, "channel-not-allowed", &NOTHING);
        let foreign = app.buyer_in("ann", "chak", "1991-03-01");
        let foreign = send(paid_by(&foreign, "foreign", 10_000, "cash")).await;
        expect(&foreign, 400, "malformed", &NOTHING);
        // Whatever pass a teller's client shows changes nothing.
        ben.get_pass("r1").await;
        for (name, pass) in [("forged", "x.y.z"), ("another's", ben.pass.as_deref().expect("one"))]
        {
            let request = paid_by(&ann, name, 50_000, "cash").header("openrun-pass", pass);
            assert_eq!(send(request).await.status, 201, "{name}");
        }
        // The counter has nothing left; the line does not feel it, nor the other way round.
        let gone = buys_paper(&ann, "gone", 10_000).await;
        expect(&gone, 409, "sold-out", &NOTHING);
        assert_eq!(ben.buy("r1", "all", 400_000).await.status, 201);
        checks::stop_clean(app, 500_000).await;
    });
}

#[test]
fn a_line_that_is_sold_out_leaves_the_counter_selling_and_a_paused_round_does_not() {
    on_stage(async {
        let app = TestApp::start().await;
        with_counter(&app, 100_000, 100_000).await;
        app.buyer("ben").buy_through("r1", "all", 100_000).await;
        eventually::so("the line is sold out", async || {
            app.operator.figures("r1").await["state"] == "sold_out"
        })
        .await;
        let ann = client(&app, "ann");
        allowed(ann.sign_up().await);
        assert_eq!(buys_paper(&ann, "paper", 50_000).await.status, 201);
        app.operator.pause("r1").await;
        let paused = buys_paper(&ann, "later", 50_000).await;
        expect(&paused, 409, "round-not-open", &json!({"state": "paused"}));
        app.operator.resume("r1").await;
        assert_eq!(buys_paper(&ann, "later", 50_000).await.status, 201);
        checks::stop_clean(app, 200_000).await;
    });
}

/// The teller has the money: a rail that is silent stops the line and not the counter.
#[test]
fn a_silent_rail_stops_no_counter() {
    on_stage(async {
        let rail = ScriptedRail::default();
        let app = TestApp::start_paying_by(&rail).await;
        with_counter(&app, 400_000, 400_000).await;
        let mut ben = app.buyer("ben");
        allowed(ben.sign_up().await);
        ben.get_pass("r1").await;
        rail.plays([Play::Hang]);
        let asked = rail.authorisations() + 1;
        let paying = ben.clone();
        let request = paying.buy_request("r1", "slow", 100_000);
        let buying = tokio::spawn(async move { paying.until_answered(&request).await });
        eventually::so("the rail is asked", async || rail.authorisations() == asked).await;
        let ann = client(&app, "ann");
        allowed(ann.sign_up().await);
        let bought = buys_paper(&ann, "paper", 400_000).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        assert_eq!(rail.authorisations(), asked, "cash is none of the rail's business");
        rail.go_on();
        assert_eq!(buying.await.expect("it ends").status, 201);
        checks::sold_is(&app, "r1", 500_000).await;
        checks::stop_clean(app, 500_000).await;
    });
}

/// Sixty at once for forty sheets, the server dropped in the midst of it: forty numbers, no gap,
/// none twice, and whoever asks again with the same key holds the same sheet.
#[test]
fn numbers_have_no_gap_whoever_comes_at_once_and_whatever_dies() {
    on_stage(async {
        let app = TestApp::start().await;
        with_counter(&app, 0, 400_000).await;
        let clients: Vec<Buyer> = (0..60).map(|n| client(&app, &format!("p{n}"))).collect();
        join_all(clients.iter().cloned().map(|buyer| async move {
            allowed(buyer.sign_up().await);
        }))
        .await;
        let first = clients[..30].iter().cloned();
        let first = join_all(first.map(|buyer| async move { one_sheet(&buyer).await })).await;
        let half: Vec<Buyer> = clients[30..45].to_vec();
        let half = tokio::spawn(join_all(half.into_iter().map(|buyer| async move {
            // Perhaps answered, perhaps not: the server goes meanwhile.
            let _ = buyer.web.try_send(&paid_by(&buyer, "sheet", 10_000, "cash")).await;
        })));
        let app = app.restart(Ending::Drop).await;
        let _ = half.await;
        let again = clients.iter().map(|buyer| Buyer { web: app.web.clone(), ..buyer.clone() });
        let again = join_all(again.map(|buyer| async move { one_sheet(&buyer).await })).await;
        assert_eq!(first[..], again[..30], "what was answered stands");
        let mut numbers: Vec<String> = again.into_iter().flatten().collect();
        numbers.sort();
        let want: Vec<String> = (1..=40).map(|number| format!("r1-{number:07}")).collect();
        assert_eq!(numbers, want);
        checks::stop_clean(app, 400_000).await;
    });
}

/// The number of the sheet, or nothing when all are gone.
async fn one_sheet(buyer: &Buyer) -> Option<String> {
    for _ in 0..eventually::LOOKS {
        let answer = buys_paper(buyer, "sheet", 10_000).await;
        match answer.status {
            503 => eventually::pause().await,
            201 => return answer.json()["serial_numbers"][0].as_str().map(str::to_owned),
            _ => {
                expect(&answer, 409, "sold-out", &NOTHING);
                return None;
            }
        }
    }
    panic!("{} never had an answer", buyer.person);
}
