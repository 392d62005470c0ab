//! What must hold, as predicates: the same ones in assertions, tests, metrics and the verdict of a
//! rehearsal.

use crate::stock::Stock;
use crate::{Purchase, Won};
use std::collections::{HashMap, HashSet};

/// Every invariant that one process can judge, by its number in the design.
pub const NUMBERS: [&str; 10] =
    ["OR-1", "OR-2", "OR-3", "OR-4", "OR-5", "OR-6", "OR-7", "OR-8", "OR-9", "OR-10"];

/// OR-1: sold + held + left = stock of each window, and nothing is negative.
#[must_use]
pub fn stock_is_conserved(stock: &Stock) -> bool {
    let parts = [stock.left, stock.held, stock.sold];
    parts.iter().all(|part| *part >= Won::ZERO) && parts.into_iter().sum::<Won>() == stock.total
}

/// OR-2: what a person has used of a month is within the limit that it was held against.
#[must_use]
pub fn purchase_is_within_limit(purchase: &Purchase) -> bool {
    purchase.used_after >= purchase.amount && purchase.used_after <= purchase.monthly_limit
}

/// OR-3: every purchase that was answered is in the store. Answers those that are not.
#[must_use]
pub fn answered_but_lost<'a>(answered: &'a [Purchase], stored: &[Purchase]) -> Vec<&'a Purchase> {
    let known: HashSet<_> = stored.iter().map(|purchase| purchase.id).collect();
    answered.iter().filter(|purchase| !known.contains(&purchase.id)).collect()
}

/// OR-4: no person has two purchases under one key.
#[must_use]
pub fn keys_have_one_effect(purchases: &[Purchase]) -> bool {
    let mut seen = HashSet::new();
    purchases.iter().all(|purchase| seen.insert((purchase.person, purchase.key.clone())))
}

/// OR-5: among (sent, answered, number) of joins of one line, none that was answered before another
/// was sent has the larger number. Times in any unit from one clock. Answers how many pairs of
/// neighbours in time are inverted.
#[must_use]
pub fn order_inversions(joins: &mut [(u64, u64, u64)]) -> u64 {
    joins.sort_unstable_by_key(|(sent, _, _)| *sent);
    let mut by_answer: Vec<(u64, u64)> =
        joins.iter().map(|(_, answered, number)| (*answered, *number)).collect();
    by_answer.sort_unstable();
    let (mut answered_before, mut highest, mut inversions) = (0, 0, 0);
    for (sent, _, number) in joins.iter() {
        while answered_before < by_answer.len() && by_answer[answered_before].0 < *sent {
            highest = highest.max(by_answer[answered_before].1);
            answered_before += 1;
        }
        inversions += u64::from(highest > *number);
    }
    inversions
}

/// OR-6: no number of a line was given to two people. Takes (line, number) of every place given.
#[must_use]
pub fn numbers_are_given_once<I: IntoIterator<Item = (u8, u64)>>(given: I) -> bool {
    let mut seen = HashSet::new();
    given.into_iter().all(|place| seen.insert(place))
}

/// OR-7: what people and issuer pay is what the voucher is worth.
#[must_use]
pub fn money_adds_up(purchase: &Purchase) -> bool {
    purchase.price.plus(purchase.subsidy) == purchase.amount
        && purchase.price >= Won::ZERO
        && purchase.subsidy >= Won::ZERO
}

/// OR-8: at closing nothing is left, or nobody eligible was refused for want of stock or is still
/// waiting.
#[must_use]
pub fn nothing_was_withheld(left: Won, refused_for_stock: u64, waiting: u64) -> bool {
    left == Won::ZERO || (refused_for_stock == 0 && waiting == 0)
}

/// OR-9: each pass bought at most once.
#[must_use]
pub fn passes_are_used_once(purchases: &[Purchase]) -> bool {
    let mut uses = HashMap::new();
    purchases.iter().all(|purchase| uses.insert((&purchase.round, purchase.pass), ()).is_none())
}

#[cfg(test)]
mod tests;
