//! What people did with vouchers and were answered, against what the store holds of it: a pure
//! function, shown below to fail for every fault that it is there for.
//!
//! Adds up by itself what each voucher must have left, what each merchant was paid and what went
//! back, and believes no sum that the store keeps.

use crate::check::{Fault, HOLDING_LIMIT_WON, Stored, StoredPurchase};
use crate::paid::Taken;
use openrun_core::PersonKey;
use std::collections::{HashMap, HashSet};

/// Something done with a voucher that was answered to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckedMove {
    /// Of the spend, the payback or the gift.
    pub id: String,
    /// The last row that the store must have of it: `spent`, `paid_back` or `gifted`.
    pub kind: String,
    pub voucher: String,
    pub person: PersonKey,
    pub key: String,
    pub amount_won: i64,
    pub merchant: Option<String>,
}

/// A row of what became of vouchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMove {
    pub id: String,
    pub kind: String,
    pub voucher: String,
    pub person: PersonKey,
    pub receiver: Option<PersonKey>,
    pub key: Option<String>,
    pub amount_won: i64,
    /// Of what is paid back: what the person gets.
    pub price_won: i64,
    pub balance_won: i64,
    pub merchant: Option<String>,
    /// The month whose allowance a cancel gave back.
    pub month: Option<i64>,
}

/// What must be so at any moment of which nobody's request is under way.
pub fn check(acked: &[AckedMove], stored: &Stored) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    let by_id: HashMap<(&str, &str), &StoredMove> =
        stored.moves.iter().map(|row| ((row.id.as_str(), row.kind.as_str()), row)).collect();
    for asked in acked {
        let id = asked.id.clone();
        match by_id.get(&(asked.id.as_str(), asked.kind.as_str())) {
            None => faults.push(Fault::MoveLost { id }),
            Some(row) if !is_as_answered(asked, row, &by_id) => {
                faults.push(Fault::MoveChanged { id });
            }
            Some(_) => {}
        }
    }
    let mut keys = HashSet::new();
    let asked_for = stored.moves.iter().filter_map(|row| Some((row.person, row.key.as_ref()?)));
    let twice = asked_for.filter(|asked| !keys.insert(*asked));
    faults.extend(twice.map(|(_, key)| Fault::KeyTwice { key: key.clone() }));
    faults.extend(balances(stored));
    faults.extend(holdings(stored));
    faults
}

/// A payback bears its key in the row of its first step.
fn is_as_answered(
    asked: &AckedMove,
    row: &StoredMove,
    by_id: &HashMap<(&str, &str), &StoredMove>,
) -> bool {
    let first = match asked.kind.as_str() {
        "paid_back" => by_id.get(&(asked.id.as_str(), "payback_sent")).copied(),
        _ => Some(row),
    };
    let is_same = (&row.voucher, row.person, row.amount_won, &row.merchant)
        == (&asked.voucher, asked.person, asked.amount_won, &asked.merchant);
    is_same && first.is_some_and(|first| first.key.as_deref() == Some(asked.key.as_str()))
}

/// What each voucher has left, added up from how it came to be and each row in order.
pub fn left(stored: &Stored) -> HashMap<&str, i64> {
    let bought = stored.purchases.iter().map(|it| (it.id.as_str(), it.amount_won));
    let given = stored.moves.iter().filter(|row| row.kind == "gifted");
    let given = given.map(|row| (row.id.as_str(), row.amount_won));
    let mut left: HashMap<&str, i64> = bought.chain(given).collect();
    for row in &stored.moves {
        if let Some(balance_won) = left.get_mut(row.voucher.as_str()) {
            *balance_won += moved(row);
        }
    }
    left
}

fn moved(row: &StoredMove) -> i64 {
    match row.kind.as_str() {
        "paid_back" => 0,
        "payback_refused" => row.amount_won,
        _ => -row.amount_won,
    }
}

fn balances(stored: &Stored) -> Vec<Fault> {
    let left = left(stored);
    let below = left.iter().filter(|(_, won)| **won < 0);
    let mut faults: Vec<Fault> = below
        .map(|(id, won)| Fault::BalanceDiffers {
            id: (*id).to_owned(),
            left_won: *won,
            told_won: 0,
        })
        .collect();
    let last: HashMap<&str, i64> =
        stored.moves.iter().map(|row| (row.voucher.as_str(), row.balance_won)).collect();
    for (voucher, told_won) in last {
        let (id, known) = (voucher.to_owned(), left.get(voucher).copied());
        match known {
            None => faults.push(Fault::MoveOfNothing { id }),
            Some(left_won) if left_won != told_won => {
                faults.push(Fault::BalanceDiffers { id, left_won, told_won });
            }
            Some(_) => {}
        }
    }
    faults
}

/// OR-2: what somebody has, bought or given, is within the limit.
fn holdings(stored: &Stored) -> Vec<Fault> {
    let bought = stored.purchases.iter().map(|it| (it.id.as_str(), it.person));
    let given = stored.moves.iter().filter_map(|row| Some((row.id.as_str(), row.receiver?)));
    let left = left(stored);
    let mut held: HashMap<PersonKey, i64> = HashMap::new();
    for (voucher, person) in bought.chain(given) {
        *held.entry(person).or_default() += left.get(voucher).copied().unwrap_or(0);
    }
    let above = held.into_values().filter(|held_won| *held_won > HOLDING_LIMIT_WON);
    above.map(|held_won| Fault::HoldingExceeded { held_won }).collect()
}

/// What must also be so once everybody was answered and every payback has come to its end: each
/// merchant has what people were told to have paid there, to the won, and nothing is on its way.
pub fn check_end(acked: &[AckedMove], stored: &Stored) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut told: HashMap<&str, i64> = HashMap::new();
    for asked in acked {
        if let Some(merchant) = &asked.merchant {
            *told.entry(merchant).or_default() += asked.amount_won;
        }
    }
    let mut held: HashMap<&str, i64> = HashMap::new();
    for row in &stored.moves {
        if let Some(merchant) = &row.merchant {
            *held.entry(merchant).or_default() += row.amount_won;
        }
    }
    let merchants: HashSet<&str> = told.keys().chain(held.keys()).copied().collect();
    for merchant in merchants {
        let won = |sums: &HashMap<&str, i64>| sums.get(merchant).copied().unwrap_or(0);
        let (told_won, stored_won) = (won(&told), won(&held));
        if told_won != stored_won {
            let merchant = merchant.to_owned();
            faults.push(Fault::MerchantDiffers { merchant, told_won, stored_won });
        }
    }
    faults.extend(open(stored).map(|row| Fault::PaybackOpen { id: row.id.clone() }));
    faults
}

/// Vouchers for which money is on its way back: what they have left may change by itself.
pub fn under_way(stored: &Stored) -> HashSet<&str> {
    open(stored).map(|row| row.voucher.as_str()).collect()
}

/// Paybacks that were sent and have no end yet.
fn open(stored: &Stored) -> impl Iterator<Item = &StoredMove> {
    let is_end = |row: &&StoredMove| matches!(row.kind.as_str(), "paid_back" | "payback_refused");
    let ended: HashSet<&str> =
        stored.moves.iter().filter(is_end).map(|it| it.id.as_str()).collect();
    let sent = stored.moves.iter().filter(|row| row.kind == "payback_sent");
    sent.filter(move |row| !ended.contains(row.id.as_str()))
}

/// What the rail must have kept of a purchase: its price less what went back. While a payback is
/// open the rail may have given it back already.
pub fn is_taken(stored: &Stored, taken: &Taken) -> Vec<Fault> {
    let mut back: HashMap<&str, i64> = HashMap::new();
    for row in stored.moves.iter().filter(|row| row.kind == "paid_back") {
        *back.entry(&row.voucher).or_default() += row.price_won;
    }
    let under_way: HashMap<&str, i64> =
        open(stored).map(|row| (row.voucher.as_str(), row.price_won)).collect();
    let judge = |purchase: &StoredPurchase| {
        let (id, of) = (purchase.id.clone(), purchase.id.as_str());
        let price_won = purchase.price_won - back.get(of).copied().unwrap_or(0);
        let taken_won = taken.get(of).copied().unwrap_or(0);
        let is_so = taken_won == price_won
            || under_way.get(of).is_some_and(|on_its_way| taken_won == price_won - on_its_way);
        (!is_so).then_some(Fault::VoucherNotPaid { id, price_won, taken_won })
    };
    stored.purchases.iter().filter_map(judge).collect()
}

/// What went back to people in all.
pub fn paid_back_won(stored: &Stored) -> i64 {
    stored.moves.iter().filter(|row| row.kind == "paid_back").map(|row| row.price_won).sum()
}

#[cfg(test)]
pub mod sample {
    use super::*;

    /// Both rows of a cancel that gave the allowance of a month back.
    pub fn cancelled(purchase: &StoredPurchase, month: i64) -> [StoredMove; 2] {
        let step = |kind: &str, key: Option<&str>| StoredMove {
            id: format!("cancel of {}", purchase.id),
            kind: kind.to_owned(),
            voucher: purchase.id.clone(),
            person: purchase.person,
            receiver: None,
            key: key.map(str::to_owned),
            amount_won: purchase.amount_won,
            price_won: purchase.price_won,
            balance_won: 0,
            merchant: None,
            month: Some(month),
        };
        [step("payback_sent", Some("cancel")), step("paid_back", None)]
    }
}

#[cfg(test)]
mod controls {
    use super::*;

    const KIM: PersonKey = PersonKey([1; 16]);
    const LEE: PersonKey = PersonKey([2; 16]);
    const BAKERY: &str = "bakery";

    fn row(id: &str, kind: &str, voucher: &str, amount_won: i64, balance_won: i64) -> StoredMove {
        let key =
            (!matches!(kind, "paid_back" | "payback_refused")).then(|| format!("key of {id}"));
        StoredMove {
            id: id.to_owned(),
            kind: kind.to_owned(),
            voucher: voucher.to_owned(),
            person: KIM,
            receiver: (kind == "gifted").then_some(LEE),
            key,
            amount_won,
            price_won: amount_won / 100 * 93,
            balance_won,
            merchant: (kind == "spent").then(|| BAKERY.to_owned()),
            month: None,
        }
    }

    fn bought(id: &str) -> StoredPurchase {
        StoredPurchase {
            id: id.to_owned(),
            person: KIM,
            key: format!("key of {id}"),
            amount_won: 100_000,
            month: 24_271,
            number: 1,
            price_won: 93_000,
        }
    }

    fn told(row: &StoredMove) -> AckedMove {
        AckedMove {
            id: row.id.clone(),
            kind: row.kind.clone(),
            voucher: row.voucher.clone(),
            person: row.person,
            key: format!("key of {}", row.id),
            amount_won: row.amount_won,
            merchant: row.merchant.clone(),
        }
    }

    /// One voucher spent from and given from, another one cancelled, all of it answered.
    fn agreed() -> (Vec<AckedMove>, Stored, Taken) {
        let moves = vec![
            row("s", "spent", "a", 30_000, 70_000),
            row("g", "gifted", "a", 20_000, 50_000),
            row("c", "payback_sent", "b", 100_000, 0),
            row("c", "paid_back", "b", 100_000, 0),
        ];
        let acked = [0, 1, 3].map(|at: usize| told(&moves[at])).to_vec();
        let purchases = vec![bought("a"), bought("b")];
        let taken = [("a".to_owned(), 93_000), ("b".to_owned(), 0)].into_iter().collect();
        (acked, Stored { purchases, moves, ..Stored::default() }, taken)
    }

    fn faults_with(poke: impl FnOnce(&mut Vec<AckedMove>, &mut Stored, &mut Taken)) -> Vec<Fault> {
        let (mut acked, mut stored, mut taken) = agreed();
        poke(&mut acked, &mut stored, &mut taken);
        [check(&acked, &stored), check_end(&acked, &stored), is_taken(&stored, &taken)].concat()
    }

    fn id(id: &str) -> String {
        id.to_owned()
    }

    #[test]
    fn a_store_that_agrees_has_no_faults() {
        assert_eq!(faults_with(|_, _, _| {}), []);
        let (_, stored, _) = agreed();
        let left = left(&stored);
        assert_eq!((left["a"], left["b"], left["g"]), (50_000, 0, 20_000));
        assert_eq!(paid_back_won(&stored), 93_000);
    }

    #[test]
    fn a_lost_spend_is_found_in_the_row_the_balance_and_the_merchants_sum() {
        let faults = faults_with(|_, stored, _| drop(stored.moves.remove(0)));
        assert_eq!(
            faults,
            [
                Fault::MoveLost { id: id("s") },
                Fault::BalanceDiffers { id: id("a"), left_won: 80_000, told_won: 50_000 },
                Fault::MerchantDiffers { merchant: id(BAKERY), told_won: 30_000, stored_won: 0 },
            ]
        );
    }

    #[test]
    fn a_changed_move_is_found() {
        let changed = [Fault::MoveChanged { id: id("s") }];
        assert_eq!(faults_with(|acked, _, _| acked[0].person = LEE), changed);
        assert_eq!(faults_with(|acked, _, _| acked[0].key.clear()), changed);
        let changed = [Fault::MoveChanged { id: id("c") }];
        assert_eq!(faults_with(|_, stored, _| stored.moves[2].key = None), changed);
        assert_eq!(faults_with(|acked, _, _| acked[2].voucher = id("a")), changed);
    }

    #[test]
    fn what_was_done_twice_is_found() {
        let faults = faults_with(|_, stored, _| {
            let again = StoredMove { id: id("s2"), ..row("s", "spent", "a", 30_000, 20_000) };
            stored.moves.push(again);
        });
        let differs =
            Fault::MerchantDiffers { merchant: id(BAKERY), told_won: 30_000, stored_won: 60_000 };
        assert_eq!(faults, [Fault::KeyTwice { key: id("key of s") }, differs]);
    }

    #[test]
    fn a_balance_that_is_not_what_was_moved_is_found() {
        let faults = faults_with(|_, stored, _| stored.moves[1].balance_won = 60_000);
        let differs = Fault::BalanceDiffers { id: id("a"), left_won: 50_000, told_won: 60_000 };
        assert_eq!(faults, [differs]);
        let faults = faults_with(|_, stored, _| {
            stored.moves.push(row("x", "expired", "nowhere", 1, 0));
        });
        assert_eq!(faults, [Fault::MoveOfNothing { id: id("nowhere") }]);
        let faults = faults_with(|_, stored, _| {
            stored.moves.push(row("x", "expired", "a", 50_001, -1));
        });
        let below = Fault::BalanceDiffers { id: id("a"), left_won: -1, told_won: 0 };
        assert_eq!(faults, [below]);
    }

    #[test]
    fn a_gift_above_the_receivers_holding_limit_is_found() {
        let faults = faults_with(|_, stored, _| {
            let mut rich = bought("r");
            (rich.person, rich.amount_won, rich.price_won) = (LEE, 990_000, 0);
            stored.purchases.push(rich);
        });
        assert_eq!(faults, [Fault::HoldingExceeded { held_won: 1_010_000 }]);
    }

    #[test]
    fn money_that_went_back_twice_or_not_at_all_is_found() {
        let not_paid = |taken_won| [Fault::VoucherNotPaid { id: id("b"), price_won: 0, taken_won }];
        let takes = |won| faults_with(|_, _, taken| taken.extend([(id("b"), won)]));
        assert_eq!(takes(93_000), not_paid(93_000));
        assert_eq!(takes(-93_000), not_paid(-93_000));
    }

    #[test]
    fn while_a_payback_is_open_the_rail_may_be_ahead_and_in_the_end_it_is_not_open() {
        let with = |won: i64| {
            let (mut acked, mut stored, mut taken) = agreed();
            acked.truncate(2);
            stored.moves.truncate(3);
            taken.insert(id("b"), won);
            (check(&acked, &stored), is_taken(&stored, &taken), check_end(&acked, &stored))
        };
        let open = vec![Fault::PaybackOpen { id: id("c") }];
        for won in [0, 93_000] {
            assert_eq!(with(won), (vec![], vec![], open.clone()), "{won}");
        }
        assert_eq!(with(50_000).1.len(), 1);
    }
}
