//! A member of the staff at the ops listener, and the forms that they fill in.

use super::checks::allowed;
use super::wire::{Answer, Request, Web};
use serde_json::{Value, json};

/// The program of most tests, with the rules of July 2022.
pub const CITYWIDE: &str = "seoul-citywide";
/// The four channel apps that sold it.
pub const CHANNELS: [&str; 4] = ["seoul-pay", "tmoney-pay", "shinhan-sol", "moneytree"];

/// Somebody with a staff token.
#[derive(Clone)]
pub struct Operator {
    pub web: Web,
    pub token: String,
}

/// What an operator says of a round.
#[derive(Clone)]
pub struct RoundForm(pub Value);

impl RoundForm {
    /// One window for everybody on 14 July 2022, ten to ten, let in as fast as they come.
    pub fn for_all(stock_won: i64) -> RoundForm {
        RoundForm(json!({
            "program_id": CITYWIDE, "name": {"ko": "시험", "en": "Test"}, "rejoin": "keep",
            "lobby_opens_at": "2022-07-14T09:30:00+09:00",
            "windows": [{"id": "all", "eligibility": "all", "stock_won": stock_won,
                "opens_at": "2022-07-14T10:00:00+09:00", "closes_at": "2022-07-14T22:00:00+09:00"}],
            "inlet": {"rate_per_s": 100_000, "max_active": 100_000, "claim_window_s": 300,
                "pass_ttl_s": 600}
        }))
    }

    /// The second round of Seoul (003): a half for odd, a half for even birth years, and what is
    /// left for everybody from 18:00.
    pub fn in_halves(half_won: i64) -> RoundForm {
        let day = |time: &str| format!("2022-07-28T{time}+09:00");
        let window = |id: &str, eligibility: Value, from: &str, to: &str, stock_won: i64| {
            let leftover = (id != "everyone").then_some("everyone");
            json!({"id": id, "eligibility": eligibility, "opens_at": day(from),
                "closes_at": day(to), "stock_won": stock_won, "leftover_to": leftover})
        };
        let odd = json!({"birth_year": "odd"});
        let even = json!({"birth_year": "even"});
        RoundForm::for_all(0).with("lobby_opens_at", json!(day("09:30:00"))).with(
            "windows",
            json!([
                window("odd", odd, "10:00:00", "14:00:00", half_won),
                window("even", even, "14:00:00", "18:00:00", half_won),
                window("everyone", json!("all"), "18:00:00", "23:59:59", 0),
            ]),
        )
    }

    /// With another value of a field.
    pub fn with(mut self, field: &str, value: Value) -> RoundForm {
        self.0[field] = value;
        self
    }

    /// With another figure of the inlet.
    pub fn inlet(mut self, field: &str, value: impl Into<Value>) -> RoundForm {
        self.0["inlet"][field] = value.into();
        self
    }

    /// With other times of the first window.
    pub fn times(mut self, opens_at: &str, closes_at: &str) -> RoundForm {
        self.0["windows"][0]["opens_at"] = json!(opens_at);
        self.0["windows"][0]["closes_at"] = json!(closes_at);
        if let Some(form) = self.0.as_object_mut() {
            form.remove("lobby_opens_at");
        }
        self
    }
}

/// The rules of the city-wide voucher (000, 001).
pub fn citywide_rules() -> Value {
    json!({"effective_from": "2022-07-01T00:00:00+09:00", "discount_bps": 700,
        "unit_won": 10_000, "monthly_limit_won": 400_000, "holding_limit_won": 1_000_000,
        "refund_threshold_bps": 6_000, "regions": ["seoul"], "channels": CHANNELS})
}

impl Operator {
    pub fn new(web: Web, token: String) -> Operator {
        Operator { web, token }
    }

    pub async fn call(&self, method: &'static str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::new(method, path).bearer(&self.token);
        let request = body.iter().fold(request, |request, body| request.json(body));
        self.web.send(&request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub async fn put_program(&self, id: &str, rules: Value) -> Answer {
        let name = json!({"ko": "서울사랑상품권", "en": "Seoul Love voucher"});
        let body = json!({"name": name, "issuer": "seoul", "rules": rules});
        self.call("PUT", &format!("/v1/admin/programs/{id}"), Some(body)).await
    }

    pub async fn put_round(&self, id: &str, form: &RoundForm) -> Answer {
        self.call("PUT", &format!("/v1/admin/rounds/{id}"), Some(form.0.clone())).await
    }

    pub async fn step(&self, round: &str, step: &str) -> Answer {
        let reason = json!({"reason": format!("{step} for a test")});
        self.call("POST", &format!("/v1/admin/rounds/{round}/{step}"), Some(reason)).await
    }

    pub async fn open(&self, round: &str) -> Value {
        allowed(self.step(round, "open").await)
    }

    pub async fn pause(&self, round: &str) -> Value {
        allowed(self.step(round, "pause").await)
    }

    pub async fn resume(&self, round: &str) -> Value {
        allowed(self.step(round, "resume").await)
    }

    pub async fn close(&self, round: &str) -> Value {
        allowed(self.step(round, "close").await)
    }

    pub async fn set_inlet(&self, round: &str, patch: Value) -> Value {
        let path = format!("/v1/admin/rounds/{round}/inlet");
        allowed(self.call("PATCH", &path, Some(patch)).await)
    }

    pub async fn figures(&self, round: &str) -> Value {
        allowed(self.get(&format!("/v1/admin/rounds/{round}")).await)
    }

    /// The newest entries of the log.
    pub async fn log(&self) -> Vec<Value> {
        let answer = allowed(self.get("/v1/admin/log?limit=100").await);
        answer["entries"].as_array().cloned().unwrap_or_default()
    }

    pub async fn metrics(&self) -> String {
        self.web.send(&Request::new("GET", "/metrics")).await.text()
    }

    /// The city-wide program with a round in it, defined and not yet open.
    pub async fn define(&self, round: &str, form: &RoundForm) {
        let program = form.0["program_id"].as_str().expect("a form names its program");
        let put = self.put_program(program, citywide_rules()).await;
        assert!(put.status < 300, "{put:?}");
        let put = self.put_round(round, form).await;
        assert!(put.status < 300, "{put:?}");
    }

    /// The same, and open.
    pub async fn define_open(&self, round: &str, form: &RoundForm) {
        self.define(round, form).await;
        self.open(round).await;
    }
}
