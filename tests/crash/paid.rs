//! The vouchers against the ledger of the rail that was to be paid for them: a pure function, shown
//! below to fail for every fault that it is there for.
//!
//! While payments are under way the rail may know more than the store, and never less: nothing is
//! issued before it is paid. Once all have come to their end both say the same.

use crate::check::{Acked, Fault, Stored};
use crate::moves;
use crate::support::TestRail;
use std::collections::{HashMap, HashSet};

/// What the rail took and kept for each order; nothing for one that it declined, barred or gave
/// back.
pub type Taken = HashMap<String, i64>;

/// Reads the ledger.
pub async fn taken(rail: &TestRail) -> Taken {
    let of_order = |order: &serde_json::Value| {
        // The rail writes an id without dashes.
        let id = order["order_id"].as_str().and_then(|id| uuid::Uuid::parse_str(id).ok());
        let (Some(id), Some(net_won)) = (id, order["net_won"].as_i64()) else {
            panic!("an order of the rail: {order}")
        };
        // What was given back in full is an approval without money.
        let is_approved = order["status"] == "approved";
        let is_back = order["refunded_won"].as_i64() != Some(0);
        assert!(is_approved || net_won == 0, "only an approval is money: {order}");
        assert!(net_won != 0 || !is_approved || is_back, "an approval is money: {order}");
        (id.to_string(), net_won)
    };
    rail.orders().await.iter().map(of_order).collect()
}

/// What must be so at any moment, of a ledger that is no older than the store.
pub fn check(stored: &Stored, taken: &Taken) -> Vec<Fault> {
    moves::is_taken(stored, taken)
}

/// What must also be so once nobody asks for anything and every payment has had its time.
pub fn check_end(acked: &Acked, stored: &Stored, taken: &Taken) -> Vec<Fault> {
    let issued: HashSet<&str> = stored.purchases.iter().map(|known| known.id.as_str()).collect();
    let told: HashSet<&str> = acked.purchases.iter().map(|known| known.id.as_str()).collect();
    let kept = taken.iter().filter(|(id, won)| **won != 0 && !issued.contains(id.as_str()));
    let for_nothing = |(id, won): (&String, &i64)| {
        let (id, taken_won) = (id.clone(), *won);
        Fault::PaidForNothing { id, taken_won }
    };
    let mut faults: Vec<Fault> = kept.map(for_nothing).collect();
    let silent = issued.difference(&told);
    faults.extend(silent.map(|id| Fault::NeverAnswered { id: (*id).to_owned() }));
    faults.extend(moves::check_end(&acked.moves, stored));
    if stored.told_held_won != 0 {
        faults.push(Fault::Undecided { held_won: stored.told_held_won });
    }
    faults
}

#[cfg(test)]
mod controls {
    use super::*;
    use crate::check::{AckedPurchase, StoredPurchase};
    use openrun_core::PersonKey;

    /// One voucher that was paid, and a payment that was declined.
    fn agreed() -> (Acked, Stored, Taken) {
        let (person, key, amount_won) = (PersonKey([1; 16]), "key".to_owned(), 100_000);
        let id = "a".to_owned();
        let purchase = StoredPurchase {
            id: id.clone(),
            person,
            key: key.clone(),
            amount_won,
            month: 24_271,
            number: 1,
            price_won: 93_000,
        };
        let acked = AckedPurchase { id, person, key, amount_won };
        let taken = [("a".to_owned(), 93_000), ("b".to_owned(), 0)];
        (
            Acked { purchases: vec![acked], ..Acked::default() },
            Stored { purchases: vec![purchase], ..Stored::default() },
            taken.into_iter().collect(),
        )
    }

    fn faults_with(poke: impl FnOnce(&mut Acked, &mut Stored, &mut Taken)) -> Vec<Fault> {
        let (mut acked, mut stored, mut taken) = agreed();
        poke(&mut acked, &mut stored, &mut taken);
        [check(&stored, &taken), check_end(&acked, &stored, &taken)].concat()
    }

    #[test]
    fn a_ledger_that_agrees_has_no_faults() {
        assert_eq!(faults_with(|_, _, _| {}), []);
        assert_eq!(faults_with(|_, _, taken| taken.retain(|id, _| id == "a")), []);
    }

    #[test]
    fn a_voucher_that_was_not_paid_to_the_won_is_found() {
        let unpaid = |taken_won| {
            [Fault::VoucherNotPaid { id: "a".to_owned(), price_won: 93_000, taken_won }]
        };
        let pays = |won: Option<i64>| {
            faults_with(|_, _, taken| {
                taken.remove("a");
                taken.extend(won.map(|won| ("a".to_owned(), won)));
            })
        };
        assert_eq!(pays(None), unpaid(0));
        assert_eq!(pays(Some(0)), unpaid(0));
        assert_eq!(pays(Some(94_000)), unpaid(94_000));
    }

    #[test]
    fn money_that_was_taken_for_nothing_is_found() {
        let faults = faults_with(|_, _, taken| taken.extend([("b".to_owned(), 9_300)]));
        assert_eq!(faults, [Fault::PaidForNothing { id: "b".to_owned(), taken_won: 9_300 }]);
    }

    #[test]
    fn a_payment_that_is_never_decided_or_never_told_is_found() {
        let faults = faults_with(|_, stored, _| stored.told_held_won = 10_000);
        assert_eq!(faults, [Fault::Undecided { held_won: 10_000 }]);
        let faults = faults_with(|acked, _, _| acked.purchases.clear());
        assert_eq!(faults, [Fault::NeverAnswered { id: "a".to_owned() }]);
    }
}
