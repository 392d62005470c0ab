//! What somebody does with a voucher, and the merchants of every test.

use super::checks::{allowed, eventually};
use super::people::Buyer;
use super::wire::{Answer, Request};
use openrun::merchants::Merchant;
use openrun::store::MerchantRows;
use openrun_actors::store::StoreError;
use openrun_core::{MerchantId, ProgramId};
use serde_json::{Value, json};

/// Takes every program of Seoul.
pub const BAKERY: &str = "bakery";
/// Is in Seoul, and takes one program that no test sells.
pub const PICKY: &str = "picky";
/// Is in another region.
pub const FAR_AWAY: &str = "far-away";

/// The merchants of every test.
pub fn merchants() -> Vec<Merchant> {
    let merchant = |id: &str, name: &str, region: &str, programs: &[&str]| Merchant {
        id: MerchantId::new(id).expect("a slug"),
        name: name.to_owned(),
        region: region.to_owned(),
        category: "제과".to_owned(),
        programs: programs.iter().filter_map(|program| ProgramId::new(program)).collect(),
        is_active: true,
    };
    vec![
        merchant(BAKERY, "동네빵집", "seoul", &[]),
        merchant(PICKY, "까다로운 빵집", "seoul", &["nobody-sells-it"]),
        merchant(FAR_AWAY, "먼 빵집", "gangwon", &[]),
    ]
}

/// The list of them, as a store keeps one.
pub struct TestMerchants;

#[async_trait::async_trait]
impl MerchantRows for TestMerchants {
    async fn version(&self) -> Result<u64, StoreError> {
        Ok(1)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(merchants().len() as u64)
    }

    async fn all(&self) -> Result<(u64, Vec<Merchant>), StoreError> {
        Ok((1, merchants()))
    }

    async fn import(&self, _: Vec<Merchant>) -> Result<u64, StoreError> {
        Err(StoreError("it stays as it is".to_owned()))
    }
}

impl Buyer {
    fn moving(&self, path: &str, key: &str, body: &Value) -> Request {
        let request = Request::new("POST", path).bearer(&self.token);
        request.header("idempotency-key", key).json(body)
    }

    /// Signs up, buys, and has a voucher of that: its id.
    pub async fn get_voucher(&mut self, round: &str, key: &str, amount_won: i64) -> String {
        let bought = self.buy_through(round, key, amount_won).await.json();
        bought["voucher_id"].as_str().expect("it is issued").to_owned()
    }

    pub async fn vouchers(&self) -> Vec<Value> {
        let answer = allowed(self.get("/v1/vouchers?limit=100").await);
        answer["vouchers"].as_array().cloned().expect("a list")
    }

    pub async fn voucher(&self, id: &str) -> Value {
        allowed(self.get(&format!("/v1/vouchers/{id}?limit=100")).await)
    }

    pub fn spend_request(&self, voucher: &str, key: &str, to: &str, amount_won: i64) -> Request {
        let body = json!({"merchant_id": to, "amount_won": amount_won});
        self.moving(&format!("/v1/vouchers/{voucher}/spends"), key, &body)
    }

    /// Pays the bakery.
    pub async fn spend(&self, voucher: &str, key: &str, amount_won: i64) -> Answer {
        self.web.send(&self.spend_request(voucher, key, BAKERY, amount_won)).await
    }

    pub fn cancel_request(&self, purchase: &str, key: &str) -> Request {
        self.moving(&format!("/v1/purchases/{purchase}/cancel"), key, &json!({}))
    }

    pub async fn cancel(&self, purchase: &str, key: &str) -> Answer {
        self.web.send(&self.cancel_request(purchase, key)).await
    }

    pub fn refund_request(&self, voucher: &str, key: &str) -> Request {
        self.moving(&format!("/v1/vouchers/{voucher}/refund"), key, &json!({}))
    }

    pub async fn refund(&self, voucher: &str, key: &str) -> Answer {
        self.web.send(&self.refund_request(voucher, key)).await
    }

    pub fn gift_request(&self, voucher: &str, key: &str, to: &str, amount_won: i64) -> Request {
        let body = json!({"to_person": to, "amount_won": amount_won});
        self.moving(&format!("/v1/vouchers/{voucher}/gifts"), key, &body)
    }

    pub async fn give(&self, voucher: &str, key: &str, to: &str, amount_won: i64) -> Answer {
        self.web.send(&self.gift_request(voucher, key, to, amount_won)).await
    }

    /// Asks; as long as the answer is 503 or 202, asks again with the same key, as the contract
    /// says.
    pub async fn until_answered(&self, request: &Request) -> Answer {
        let mut last = None;
        for _ in 0..eventually::LOOKS {
            let answer = self.web.send(request).await;
            match answer.status {
                503 => {
                    let code = answer.code();
                    assert!(["unavailable", "overloaded"].contains(&code.as_str()), "{answer:?}");
                    assert!(answer.header("retry-after").is_some(), "{answer:?}");
                }
                202 => assert!(answer.header("location").is_some(), "{answer:?}"),
                _ => return answer,
            }
            last = Some(answer);
            eventually::pause().await;
        }
        panic!("{} never had an answer: {last:?}", self.person);
    }
}
