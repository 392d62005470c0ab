//! Planted values: who somebody is, their account, token and keys appear in no line of the log and
//! in no body of an error, however much is logged.

use crate::support::process::Process;
use crate::support::staff::RoundForm;
use crate::support::{Buyer, Request, allowed, on_stage};
use serde_json::{Value, json};

const SUBJECT: &str = "canary-subject-5d1f";
const ACCOUNT: &str = "canary-account-77aa";
const KEY: &str = "canary-key-90b2";
const BODY: &str = "canary-body-31cc";

/// S18, S32.
#[test]
fn nothing_of_a_person_is_logged_or_sent_back_in_an_error() {
    on_stage(async {
        let server = Process::start("trace").await;
        let window = RoundForm::for_all(10_000)
            .times("2022-07-14T10:00:00+09:00", "2099-01-01T00:00:00+09:00");
        server.operator.define_open("r1", &window).await;
        let mut ann = server.buyer(SUBJECT);
        allowed(server.web.send(&ann.sign_up_request(ACCOUNT)).await);
        ann.get_pass("r1").await;
        let bought = ann.buy("r1", KEY, 10_000).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        let errors = refusals(&server, &ann, &bought.json()["id"]).await;
        let planted = [
            SUBJECT.to_owned(),
            ACCOUNT.to_owned(),
            KEY.to_owned(),
            BODY.to_owned(),
            signature(&ann.token),
            signature(&server.operator.token),
            signature(ann.ticket.as_deref().expect("it was given")),
            signature(ann.pass.as_deref().expect("it was claimed")),
        ];
        let metrics = server.operator.metrics().await;
        let (code, log) = server.terminate();
        assert_eq!(code, Some(0), "it stops in good order when asked: {log}");
        let told = log.split_once("\"ready\"").map_or(0, |(_, after)| after.lines().count());
        assert!(told > 20, "what was asked is in the log: {log}");
        for word in &planted {
            let lines = log.lines().filter(|line| line.contains(word.as_str()));
            assert_eq!(lines.collect::<Vec<_>>(), Vec::<&str>::new(), "in the log");
            assert!(!metrics.contains(word.as_str()), "{word} in the metrics");
            for error in &errors {
                assert!(!error.contains(word.as_str()), "{word} in {error}");
            }
        }
    });
}

/// Bodies of every kind of error that can be had here.
async fn refusals(server: &Process, ann: &Buyer, bought: &Value) -> Vec<String> {
    let bought = bought.as_str().expect("an id").to_owned();
    let other_key = format!("{KEY}-2");
    let good = ann.buy_request("r1", &other_key, 10_000);
    let planted = json!({"amount_won": BODY, "payment": {"method": "account"}});
    let requests = [
        good.clone(),
        good.clone().json(&json!({"amount_won": 20_000, "payment": {"method": "account"}})),
        good.clone().json(&planted),
        good.clone().json(&json!({BODY: 1})),
        good.clone().body("application/json", format!("{{\"{BODY}")),
        good.clone().body(BODY, "{}"),
        good.clone().replaced("idempotency-key", Some(&format!("{KEY} {KEY}"))),
        good.clone().replaced("idempotency-key", Some(KEY)).json(&json!({
            "amount_won": 20_000, "payment": {"method": "account"}})),
        good.clone().replaced("openrun-pass", Some(&format!("{KEY}.{KEY}"))),
        good.clone().replaced("authorization", Some(&format!("Bearer {}x", ann.token))),
        good.replaced("authorization", Some(&format!("Basic {BODY}"))),
        ann.sign_up_request(&format!("{ACCOUNT} {ACCOUNT}")),
        Request::new("GET", format!("/v1/rounds/{BODY}/watermark")),
        Request::new("GET", format!("/v1/purchases/{BODY}")).bearer(&ann.token),
        Request::new("GET", format!("/v1/purchases?cursor={BODY}")).bearer(&ann.token),
        Request::new("GET", format!("/v1/vouchers/{BODY}")).bearer(&ann.token),
        Request::new("GET", format!("/v1/vouchers?cursor={BODY}")).bearer(&ann.token),
        Request::new("GET", format!("/v1/merchants?program={BODY}-{SUBJECT}")),
        Request::new("GET", format!("/v1/merchants?limit={BODY}")),
        ann.spend_request(BODY, KEY, BODY, 1),
        ann.gift_request(&bought, &other_key, &format!("{SUBJECT} {BODY}"), 10_000),
        ann.gift_request(&bought, &other_key, &format!("{SUBJECT}-2"), 10_000),
        ann.spend_request(&bought, KEY, BODY, 1),
        ann.spend_request(&bought, &other_key, BODY, 1),
        ann.refund_request(&bought, &format!("{KEY}-refund")),
        ann.cancel_request(BODY, &other_key),
        Request::new("GET", format!("/{BODY}")),
        Request::new("DELETE", "/v1/rounds/r1/tickets/me").header("openrun-ticket", BODY),
    ];
    let mut bodies = Vec::new();
    for request in requests {
        let answer = server.web.send(&request).await;
        assert!((400..500).contains(&answer.status), "{answer:?}");
        bodies.push(answer.text());
    }
    bodies
}

/// The part of a token that nobody else could have written.
fn signature(token: &str) -> String {
    token.rsplit('.').next().unwrap_or(token).to_owned()
}
