//! What people were answered against what the store and the server say: a pure function, which the
//! tests below show to fail for every fault that it is there for.

use crate::moves::{self, AckedMove, StoredMove};
use openrun_core::PersonKey;
use std::collections::{HashMap, HashSet};

/// The program's limit for a person and month, in won.
pub const MONTHLY_LIMIT_WON: i64 = 400_000;

/// Its limit for what a person holds, in won.
pub const HOLDING_LIMIT_WON: i64 = 1_000_000;

/// A purchase that was answered.
#[derive(Debug, Clone)]
pub struct AckedPurchase {
    pub id: String,
    pub person: PersonKey,
    pub key: String,
    pub amount_won: i64,
}

/// All that was answered.
#[derive(Debug, Clone, Default)]
pub struct Acked {
    pub purchases: Vec<AckedPurchase>,
    /// What was done with vouchers.
    pub moves: Vec<AckedMove>,
    /// Number and person of each ticket.
    pub tickets: Vec<(u64, PersonKey)>,
    /// The highest watermark that anybody was told.
    pub watermark: u64,
}

/// A purchase in the store.
#[derive(Debug, Clone)]
pub struct StoredPurchase {
    pub id: String,
    pub person: PersonKey,
    pub key: String,
    pub amount_won: i64,
    pub month: i64,
    pub number: u64,
    /// What the person paid.
    pub price_won: i64,
}

/// What the store holds, and what the server that reads it says.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    pub purchases: Vec<StoredPurchase>,
    /// What became of vouchers, in order.
    pub moves: Vec<StoredMove>,
    pub tickets: Vec<(u64, PersonKey)>,
    /// Each move of the watermark, in order.
    pub watermarks: Vec<u64>,
    /// The server's own figures, now.
    pub told_watermark: u64,
    pub told_sold_won: i64,
    pub told_held_won: i64,
    pub told_left_won: i64,
    pub stock_won: i64,
}

/// What must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// OR-3.
    PurchaseLost { id: String },
    /// OR-3.
    PurchaseChanged { id: String },
    /// OR-3: one id, one purchase.
    PurchaseTwice { id: String },
    /// OR-4: one key of a person, one purchase.
    KeyTwice { key: String },
    /// OR-6: one number, one person.
    NumberTwice { number: u64 },
    /// OR-9: one pass, one purchase.
    PassTwice { number: u64 },
    /// OR-6.
    WatermarkMovedBack { from: u64, to: u64 },
    /// OR-1: the server sells what the store says it sold.
    SoldDiffers { told_won: i64, stored_won: i64 },
    /// OR-1: what is sold, held and left comes to the stock.
    StockDiffers { told_won: i64, stock_won: i64 },
    /// OR-7: the rail took and kept exactly the price of what was issued.
    VoucherNotPaid { id: String, price_won: i64, taken_won: i64 },
    /// OR-7: the rail took money and kept it, and nothing was issued for it.
    PaidForNothing { id: String, taken_won: i64 },
    /// OR-7: in the end each payment is decided.
    Undecided { held_won: i64 },
    /// OR-4: in the end everybody who bought was told so.
    NeverAnswered { id: String },
    /// OR-2.
    LimitExceeded { month: i64, used_won: i64 },
    /// OR-2: bought and given together.
    HoldingExceeded { held_won: i64 },
    /// OR-3: a spend, a payback or a gift.
    MoveLost { id: String },
    /// OR-3.
    MoveChanged { id: String },
    /// OR-7: a move of a voucher that never was.
    MoveOfNothing { id: String },
    /// OR-7: what a voucher has left is what was never moved.
    BalanceDiffers { id: String, left_won: i64, told_won: i64 },
    /// OR-7: in the end each merchant has what people were told to have paid.
    MerchantDiffers { merchant: String, told_won: i64, stored_won: i64 },
    /// OR-7: in the end each payback has come to its end.
    PaybackOpen { id: String },
}

/// Everything that contradicts what was answered.
pub fn check(acked: &Acked, stored: &Stored) -> Vec<Fault> {
    let mut faults = purchases(acked, stored);
    faults.extend(once(stored));
    faults.extend(numbers(acked, stored));
    faults.extend(watermarks(acked, stored));
    faults.extend(limits(stored));
    faults.extend(moves::check(&acked.moves, stored));
    let stored_won = stored.purchases.iter().map(|purchase| purchase.amount_won).sum();
    if stored.told_sold_won != stored_won {
        faults.push(Fault::SoldDiffers { told_won: stored.told_sold_won, stored_won });
    }
    let Stored { told_sold_won, told_held_won, told_left_won, stock_won, .. } = *stored;
    let told_won = told_sold_won + told_held_won + told_left_won;
    if told_won != stock_won || told_left_won < 0 || told_held_won < 0 {
        faults.push(Fault::StockDiffers { told_won, stock_won });
    }
    faults
}

fn purchases(acked: &Acked, stored: &Stored) -> Vec<Fault> {
    let known: HashMap<_, _> = stored.purchases.iter().map(|known| (&known.id, known)).collect();
    let judge = |asked: &AckedPurchase| {
        let id = asked.id.clone();
        let Some(known) = known.get(&asked.id) else { return Some(Fault::PurchaseLost { id }) };
        let is_same = (known.person, &known.key, known.amount_won)
            == (asked.person, &asked.key, asked.amount_won);
        (!is_same).then_some(Fault::PurchaseChanged { id })
    };
    acked.purchases.iter().filter_map(judge).collect()
}

fn once(stored: &Stored) -> Vec<Fault> {
    let (mut ids, mut keys, mut passes) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut faults = Vec::new();
    for StoredPurchase { id, person, key, number, .. } in &stored.purchases {
        if !ids.insert(id) {
            faults.push(Fault::PurchaseTwice { id: id.clone() });
        }
        if !keys.insert((person, key)) {
            faults.push(Fault::KeyTwice { key: key.clone() });
        }
        if !passes.insert(number) {
            faults.push(Fault::PassTwice { number: *number });
        }
    }
    faults
}

fn numbers(acked: &Acked, stored: &Stored) -> Vec<Fault> {
    let mut holders: HashMap<u64, PersonKey> = HashMap::new();
    let bought = stored.purchases.iter().map(|purchase| (purchase.number, purchase.person));
    let given = acked.tickets.iter().chain(&stored.tickets).copied().chain(bought);
    let is_another =
        |(number, person): &(u64, PersonKey)| *holders.entry(*number).or_insert(*person) != *person;
    given.filter(is_another).map(|(number, _)| Fault::NumberTwice { number }).collect()
}

fn watermarks(acked: &Acked, stored: &Stored) -> Vec<Fault> {
    let back = |from, to| Fault::WatermarkMovedBack { from, to };
    let moves = stored.watermarks.windows(2).filter(|pair| pair[1] < pair[0]);
    let mut faults: Vec<Fault> = moves.map(|pair| back(pair[0], pair[1])).collect();
    // What somebody was told was durable before, and is where the server goes on from.
    let last = stored.watermarks.last().copied().unwrap_or(0);
    let now = [last, stored.told_watermark].into_iter();
    faults.extend(now.filter(|now| *now < acked.watermark).map(|now| back(acked.watermark, now)));
    faults
}

fn limits(stored: &Stored) -> Vec<Fault> {
    let mut used: HashMap<(PersonKey, i64), i64> = HashMap::new();
    for purchase in &stored.purchases {
        *used.entry((purchase.person, purchase.month)).or_default() += purchase.amount_won;
    }
    // A cancel gives the allowance of its month back.
    for row in stored.moves.iter().filter(|row| row.kind == "paid_back") {
        if let Some(month) = row.month {
            *used.entry((row.person, month)).or_default() -= row.amount_won;
        }
    }
    let above = used.into_iter().filter(|(_, used_won)| *used_won > MONTHLY_LIMIT_WON);
    above.map(|((_, month), used_won)| Fault::LimitExceeded { month, used_won }).collect()
}

#[cfg(test)]
mod controls {
    use super::*;

    const KIM: PersonKey = PersonKey([1; 16]);
    const LEE: PersonKey = PersonKey([2; 16]);

    fn bought(id: &str, person: PersonKey, number: u64, amount_won: i64) -> StoredPurchase {
        let (id, key) = (id.to_owned(), format!("key of {id}"));
        let price_won = amount_won / 100 * 93;
        StoredPurchase { id, person, key, amount_won, month: 24_271, number, price_won }
    }

    /// Two people who were answered, and a store that agrees.
    fn agreed() -> (Acked, Stored) {
        let purchases = vec![bought("a", KIM, 1, 300_000), bought("b", LEE, 2, 400_000)];
        let told = |purchase: &StoredPurchase| AckedPurchase {
            id: purchase.id.clone(),
            person: purchase.person,
            key: purchase.key.clone(),
            amount_won: purchase.amount_won,
        };
        let tickets = vec![(1, KIM), (2, LEE), (3, KIM)];
        let acked = Acked {
            purchases: purchases.iter().map(told).collect(),
            moves: Vec::new(),
            tickets: tickets.clone(),
            watermark: 2,
        };
        // The join of the third ticket was answered and lost: its ticket is its proof.
        let stored = Stored {
            purchases,
            moves: Vec::new(),
            tickets: tickets[..2].to_vec(),
            watermarks: vec![1, 2, 3],
            told_watermark: 3,
            told_sold_won: 700_000,
            told_held_won: 0,
            told_left_won: 300_000,
            stock_won: 1_000_000,
        };
        (acked, stored)
    }

    fn sells(stored: &mut Stored, more_won: i64) {
        stored.told_sold_won += more_won;
        stored.told_left_won -= more_won;
    }

    fn faults_with(poke: impl FnOnce(&mut Acked, &mut Stored)) -> Vec<Fault> {
        let (mut acked, mut stored) = agreed();
        poke(&mut acked, &mut stored);
        check(&acked, &stored)
    }

    #[test]
    fn a_store_that_agrees_has_no_faults() {
        assert_eq!(faults_with(|_, _| {}), []);
        assert_eq!(check(&Acked::default(), &Stored::default()), []);
    }

    #[test]
    fn a_lost_purchase_is_found() {
        let faults = faults_with(|_, stored| drop(stored.purchases.remove(0)));
        let sold = Fault::SoldDiffers { told_won: 700_000, stored_won: 400_000 };
        assert_eq!(faults, [Fault::PurchaseLost { id: "a".to_owned() }, sold]);
    }

    #[test]
    fn a_changed_purchase_is_found() {
        let changed = [Fault::PurchaseChanged { id: "b".to_owned() }];
        assert_eq!(faults_with(|acked, _| acked.purchases[1].amount_won = 10_000), changed);
        assert_eq!(faults_with(|acked, _| acked.purchases[1].person = KIM), changed);
        assert_eq!(faults_with(|acked, _| acked.purchases[1].key.clear()), changed);
    }

    #[test]
    fn a_purchase_that_stands_twice_is_found() {
        let faults = faults_with(|_, stored| {
            let mut again = bought("a", KIM, 3, 100_000);
            again.key = "another".to_owned();
            stored.purchases.push(again);
            sells(stored, 100_000);
        });
        assert!(faults.contains(&Fault::PurchaseTwice { id: "a".to_owned() }), "{faults:?}");
        let faults = faults_with(|_, stored| {
            let mut again = bought("c", KIM, 3, 100_000);
            again.key = "key of a".to_owned();
            stored.purchases.push(again);
            sells(stored, 100_000);
        });
        assert_eq!(faults, [Fault::KeyTwice { key: "key of a".to_owned() }]);
        let faults = faults_with(|_, stored| {
            stored.purchases.push(bought("c", KIM, 1, 100_000));
            sells(stored, 100_000);
        });
        assert_eq!(faults, [Fault::PassTwice { number: 1 }]);
    }

    #[test]
    fn a_number_of_two_people_is_found() {
        let twice = |number| [Fault::NumberTwice { number }];
        assert_eq!(faults_with(|acked, _| acked.tickets.push((2, KIM))), twice(2));
        assert_eq!(faults_with(|_, stored| stored.tickets.push((3, LEE))), twice(3));
        assert_eq!(faults_with(|_, stored| stored.purchases[0].number = 2)[1..], twice(2));
    }

    #[test]
    fn a_watermark_that_moved_back_is_found() {
        let back = |from, to| vec![Fault::WatermarkMovedBack { from, to }];
        assert_eq!(faults_with(|_, stored| stored.told_watermark = 1), back(2, 1));
        assert_eq!(faults_with(|_, stored| stored.watermarks = vec![2, 1, 3]), back(2, 1));
        assert_eq!(faults_with(|acked, _| acked.watermark = 9)[..1], back(9, 3));
    }

    #[test]
    fn a_sum_that_differs_is_found() {
        let faults = faults_with(|_, stored| sells(stored, -10_000));
        assert_eq!(faults, [Fault::SoldDiffers { told_won: 690_000, stored_won: 700_000 }]);
    }

    #[test]
    fn stock_that_is_neither_sold_nor_held_nor_left_is_found() {
        let differs = |told_won| [Fault::StockDiffers { told_won, stock_won: 1_000_000 }];
        assert_eq!(faults_with(|_, stored| stored.told_left_won -= 10_000), differs(990_000));
        assert_eq!(faults_with(|_, stored| stored.told_held_won += 10_000), differs(1_010_000));
        let oversold = |_: &mut Acked, stored: &mut Stored| {
            (stored.told_held_won, stored.told_left_won) = (300_001, -1);
        };
        assert_eq!(faults_with(oversold), differs(1_000_000));
    }

    #[test]
    fn a_limit_that_is_exceeded_is_found() {
        let faults = faults_with(|_, stored| {
            stored.purchases.push(bought("c", LEE, 4, 10_000));
            sells(stored, 10_000);
        });
        assert_eq!(faults, [Fault::LimitExceeded { month: 24_271, used_won: 410_000 }]);
    }

    #[test]
    fn a_cancel_gives_back_the_allowance_of_its_month_and_of_no_other() {
        let with = |month: i64| {
            faults_with(|_, stored| {
                stored.purchases.push(bought("c", LEE, 4, 10_000));
                sells(stored, 10_000);
                let cancelled = moves::sample::cancelled(&stored.purchases[1], month);
                stored.moves.extend(cancelled);
            })
        };
        assert_eq!(with(24_271), []);
        assert_eq!(with(24_272), [Fault::LimitExceeded { month: 24_271, used_won: 410_000 }]);
    }
}
