//! What virtual people do with their vouchers: pay a merchant, cancel, have the rest refunded, give
//! some of it to somebody else, and look at what they have.
//!
//! As with purchases: without an answer, or while the rail owes one, the same is asked again with
//! the same key. Nobody else moves what somebody has, so a refusal that does not follow from the
//! rail or from who receives is a fault, and so is a balance that is not what was left.

use crate::chance::Chance;
use crate::moves::AckedMove;
use crate::people::Person;
use crate::wire::{Answer, Request};
use serde_json::{Value, json};
use std::io;

/// Where people pay: the sample merchants of a development server.
const MERCHANTS: [&str; 2] = ["sample-seoul-bakery", "sample-seoul-market"];
/// Gifts are whole numbers of these.
const UNIT_WON: i64 = 10_000;
/// From this much spent on the rest can be refunded, in percent.
const REFUND_FROM_PERCENT: i64 = 60;
/// Whoever has more starts again as somebody new: one page shows all that somebody has.
const VOUCHERS_MAX: usize = 60;

/// A voucher, as far as its person knows.
#[derive(Debug, Clone)]
pub struct Voucher {
    id: String,
    /// None of a gift, which can only be spent and given on.
    purchase: Option<String>,
    amount_won: i64,
    balance_won: i64,
    given_won: i64,
}

impl Voucher {
    /// One that was bought just now.
    pub fn bought(told: &Value) -> Option<Voucher> {
        let word = |name: &str| told[name].as_str().map(str::to_owned);
        let amount_won = told["amount_won"].as_i64()?;
        let (id, purchase) = (word("voucher_id")?, word("id"));
        Some(Voucher { id, purchase, amount_won, balance_won: amount_won, given_won: 0 })
    }

    fn spent_won(&self) -> i64 {
        self.amount_won - self.balance_won - self.given_won
    }

    fn is_refundable(&self) -> bool {
        let enough = self.spent_won() * 100 >= self.amount_won * REFUND_FROM_PERCENT;
        self.purchase.is_some() && self.given_won == 0 && enough && self.balance_won > 0
    }
}

/// What is being done with a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Spend,
    Cancel,
    Refund,
    Give,
}

/// Something under way, until it is answered.
#[derive(Debug)]
pub struct Moving {
    what: What,
    request: Request,
    key: String,
    /// In the wallet.
    voucher: usize,
    amount_won: i64,
    merchant: Option<&'static str>,
    tries: u32,
}

/// What somebody has, and does with it.
#[derive(Debug, Default)]
pub struct Wallet {
    pub vouchers: Vec<Voucher>,
    pub moving: Option<Moving>,
    moves: u32,
}

impl Person {
    /// Looks at all vouchers, or begins something with one of them.
    pub async fn use_vouchers(&mut self) -> io::Result<()> {
        if self.wallet.vouchers.len() > VOUCHERS_MAX {
            self.be_somebody_new();
            return Ok(());
        }
        if self.chance.one_in(4) {
            return self.look_at_vouchers().await;
        }
        let usable: Vec<usize> = {
            let all = self.wallet.vouchers.iter().enumerate();
            all.filter(|(_, it)| it.balance_won > 0).map(|(at, _)| at).collect()
        };
        if usable.is_empty() {
            return self.look_at_vouchers().await;
        }
        let at = usable[pick(&mut self.chance, usable.len())];
        let voucher = self.wallet.vouchers[at].clone();
        self.wallet.moves += 1;
        let key = format!("{}-move-{}", self.subject, self.wallet.moves);
        let moving = match self.chance.within(0, 9) {
            0 | 1 if voucher.purchase.is_some() && voucher.balance_won == voucher.amount_won => {
                self.cancel_of(&voucher, &key)
            }
            0..=4 if voucher.is_refundable() => self.refund_of(&voucher, &key),
            2 | 3 if voucher.balance_won >= UNIT_WON => match self.gift_of(&voucher, &key) {
                Some(gift) => gift,
                None => self.spend_of(&voucher, &key),
            },
            _ => self.spend_of(&voucher, &key),
        };
        self.wallet.moving = Some(Moving { voucher: at, ..moving });
        self.move_on().await
    }

    fn moving(&mut self, what: What, path: &str, key: &str, body: &Value) -> Moving {
        let request = Request::new("POST", path).bearer(&self.token());
        let request = request.header("idempotency-key", key).json(body);
        let (key, voucher, amount_won, merchant, tries) = (key.to_owned(), 0, 0, None, 0);
        Moving { what, request, key, voucher, amount_won, merchant, tries }
    }

    /// All of it, most of it, or a little.
    fn spend_of(&mut self, voucher: &Voucher, key: &str) -> Moving {
        let all = voucher.balance_won;
        let amount_won = match self.chance.within(0, 3) {
            0 => all,
            1 => all.min(voucher.amount_won * 7 / 10).max(1),
            _ => won(self.chance.within(1, all.cast_unsigned())),
        };
        let merchant = MERCHANTS[pick(&mut self.chance, MERCHANTS.len())];
        let body = json!({"merchant_id": merchant, "amount_won": amount_won});
        let path = format!("/v1/vouchers/{}/spends", voucher.id);
        let spend = self.moving(What::Spend, &path, key, &body);
        Moving { amount_won, merchant: Some(merchant), ..spend }
    }

    fn cancel_of(&mut self, voucher: &Voucher, key: &str) -> Moving {
        let purchase = voucher.purchase.as_deref().expect("a gift is not cancelled");
        let path = format!("/v1/purchases/{purchase}/cancel");
        let cancel = self.moving(What::Cancel, &path, key, &json!({}));
        Moving { amount_won: voucher.balance_won, ..cancel }
    }

    fn refund_of(&mut self, voucher: &Voucher, key: &str) -> Moving {
        let path = format!("/v1/vouchers/{}/refund", voucher.id);
        let refund = self.moving(What::Refund, &path, key, &json!({}));
        Moving { amount_won: voucher.balance_won, ..refund }
    }

    /// To somebody who has signed up; nothing while nobody else has.
    fn gift_of(&mut self, voucher: &Voucher, key: &str) -> Option<Moving> {
        let everybody = self.world.ledger.book().subjects.len();
        let to = match everybody {
            0 => return None,
            count => self.world.ledger.book().subjects[pick(&mut self.chance, count)].clone(),
        };
        if to == self.subject {
            return None;
        }
        let units = voucher.balance_won / UNIT_WON;
        let amount_won = UNIT_WON * won(self.chance.within(1, units.min(5).cast_unsigned()));
        let body = json!({"to_person": to, "amount_won": amount_won});
        let path = format!("/v1/vouchers/{}/gifts", voucher.id);
        let gift = self.moving(What::Give, &path, key, &body);
        Some(Moving { amount_won, ..gift })
    }

    /// Asks for what is under way, with the same key until there is an answer.
    pub async fn move_on(&mut self) -> io::Result<()> {
        let Some(mut moving) = self.wallet.moving.take() else { return Ok(()) };
        moving.tries += 1;
        let request = moving.request.clone();
        let name = match moving.what {
            What::Spend => "spend",
            What::Cancel => "cancel",
            What::Refund => "refund",
            What::Give => "gift",
        };
        let outcome = self.call(name, &request).await;
        let Ok(answer) = outcome else {
            self.wallet.moving = Some(moving);
            return outcome.map(drop);
        };
        let is_payback = matches!(moving.what, What::Cancel | What::Refund);
        match (answer.status, answer.code().as_str()) {
            (201, _) => self.moved(&moving, answer),
            (503, _) => self.wallet.moving = Some(moving),
            (202, _) if is_payback => {
                if answer.json()["state"] != "paying_back" {
                    self.wrong("a payback under way", &answer);
                }
                self.wallet.moving = Some(moving);
            }
            // The voucher is as it was.
            (_, "payback-declined") if is_payback => {}
            // What somebody else may have is not known here.
            (409, "receiver-limit-exceeded") if moving.what == What::Give => {}
            _ => self.wrong(name, &answer),
        }
        Ok(())
    }

    fn moved(&mut self, moving: &Moving, answer: Answer) {
        let told = answer.json();
        let (person, subject) = (self.key, self.subject.clone());
        let voucher = &mut self.wallet.vouchers[moving.voucher];
        voucher.balance_won -= moving.amount_won;
        let is_so = match moving.what {
            What::Spend => told["balance_won"].as_i64() == Some(voucher.balance_won),
            What::Give => {
                voucher.given_won += moving.amount_won;
                told["balance_won"].as_i64() == Some(voucher.balance_won)
            }
            What::Cancel | What::Refund => told["state"] == "paid_back",
        };
        let is_as_asked = told["amount_won"].as_i64() == Some(moving.amount_won)
            && told["voucher_id"].as_str() == Some(&voucher.id);
        let kind = match moving.what {
            What::Spend => "spent",
            What::Give => "gifted",
            What::Cancel | What::Refund => "paid_back",
        };
        let acked = AckedMove {
            id: told["id"].as_str().unwrap_or_default().to_owned(),
            kind: kind.to_owned(),
            voucher: voucher.id.clone(),
            person,
            key: moving.key.clone(),
            amount_won: moving.amount_won,
            merchant: moving.merchant.map(str::to_owned),
        };
        let ledger = &self.world.ledger;
        if !is_so || !is_as_asked {
            ledger.fault(format!("OR-3: {} was answered {}", moving.key, answer.text()));
        }
        if answer.is_replay && moving.tries == 1 {
            ledger.fault(format!("OR-4: the first request of {} is a replay", moving.key));
        }
        ledger.moved(moving.request.clone(), answer, acked, subject);
    }

    /// Everything that somebody has: what they know of is as they left it, the rest are gifts.
    async fn look_at_vouchers(&mut self) -> io::Result<()> {
        let request = Request::new("GET", "/v1/vouchers?limit=100").bearer(&self.token());
        let answer = self.call("vouchers", &request).await?;
        let told = answer.json();
        let (200, Some(all)) = (answer.status, told["vouchers"].as_array()) else {
            self.wrong("vouchers", &answer);
            return Ok(());
        };
        for known in &self.wallet.vouchers {
            let told = all.iter().find(|it| it["id"].as_str() == Some(&known.id));
            let is_same = told.is_some_and(|it| is_as_known(it, known));
            if !is_same {
                let words = format!("OR-3: {known:?} is told {told:?}");
                self.world.ledger.fault(words);
            }
        }
        let is_known = |id: &str| self.wallet.vouchers.iter().any(|it| it.id == id);
        let gifts: Vec<Voucher> = all
            .iter()
            .filter(|it| it["is_gift"] == true && !is_known(it["id"].as_str().unwrap_or_default()))
            .filter_map(|it| {
                let (id, purchase) = (it["id"].as_str()?.to_owned(), None);
                let (amount_won, balance_won) =
                    (it["amount_won"].as_i64()?, it["balance_won"].as_i64()?);
                Some(Voucher { id, purchase, amount_won, balance_won, given_won: 0 })
            })
            .collect();
        self.wallet.vouchers.extend(gifts);
        Ok(())
    }
}

/// What was paid back counts as left here: it is nobody's balance any more, and no more is known.
fn is_as_known(told: &Value, known: &Voucher) -> bool {
    let state = told["state"].as_str().unwrap_or_default();
    let left_won = match state {
        "cancelled" | "refunded" => 0,
        _ => told["balance_won"].as_i64().unwrap_or(-1),
    };
    left_won == known.balance_won
}

fn pick(chance: &mut Chance, count: usize) -> usize {
    let last = count as u64 - 1;
    usize::try_from(chance.within(0, last)).expect("an index")
}

fn won(won: u64) -> i64 {
    i64::try_from(won).expect("small")
}
