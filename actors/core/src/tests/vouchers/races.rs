//! Which races are walked, each with the guards without which something breaks.

use super::Wish::{Buy, Cancel, Doubt, Gift, LateDoubt, MonthEnds, Refund, Spend};
use super::{Off, check};

/// F22: 59,999 of 100,000 are spent, 60,000 must be.
#[test]
fn f22_spends_and_a_refund_at_the_threshold_less_one_won() {
    let before = [Buy(0, 100_000), Spend(0, 59_999)];
    check(&before, &[Spend(0, 1), Refund(0), Spend(0, 40_000)], &[Off::ApplyLate]);
    check(&before, &[Spend(0, 1), Refund(0), Doubt], &[]);
}

/// F20: the receiver has room for one of the two.
#[test]
fn f20_a_gift_and_a_purchase_for_the_same_room() {
    let before = [Buy(0, 300_000), Buy(1, 400_000), MonthEnds, Buy(1, 200_000)];
    check(&before, &[Gift(0, 300_000), Buy(1, 200_000)], &[Off::Room]);
    check(&before, &[Gift(0, 300_000), Buy(1, 200_000), Doubt], &[Off::Room]);
}

/// F21: both give at once; neither waits for the other.
#[test]
fn f21_two_gifts_that_cross() {
    let before = [Buy(0, 400_000), Buy(1, 400_000)];
    check(&before, &[Gift(0, 400_000), Gift(1, 400_000)], &[]);
    check(&before, &[Gift(0, 300_000), Gift(1, 300_000), Doubt], &[]);
}

#[test]
fn a_gift_and_spends_of_the_same_voucher() {
    let before = [Buy(0, 100_000)];
    check(&before, &[Gift(0, 60_000), Spend(0, 50_000)], &[Off::SecondDecision]);
    check(&before, &[Gift(0, 60_000), Gift(0, 50_000)], &[Off::SecondDecision]);
    check(&before, &[Gift(0, 100_000), Spend(0, 100_000), Doubt], &[Off::SecondDecision]);
}

#[test]
fn a_cancel_and_a_spend() {
    check(&[Buy(0, 100_000)], &[Cancel(0), Spend(0, 1)], &[Off::ApplyLate]);
    check(&[Buy(0, 100_000)], &[Cancel(0), Spend(0, 1), Doubt], &[Off::ApplyLate]);
}

/// What a cancel gives back is bought with once it is durable, and not before.
#[test]
fn a_cancel_and_a_purchase_of_the_same_month() {
    let before = [Buy(0, 400_000)];
    check(&before, &[Cancel(0), Buy(0, 400_000)], &[Off::PaidBackEarly]);
    check(&before, &[Cancel(0), Buy(0, 400_000), MonthEnds], &[Off::PaidBackEarly]);
}

/// What is spent makes room once it is durable, and not before.
#[test]
fn a_spend_and_a_purchase_at_the_holding_limit_when_the_month_ends() {
    let full = [Buy(0, 400_000), Buy(1, 400_000), Gift(1, 400_000), Spend(0, 1)];
    let wishes = [Spend(0, 200_001), Buy(0, 400_000), MonthEnds];
    check(&full, &wishes, &[Off::Unsettled]);
    check(&full, &[Spend(0, 200_001), Buy(0, 400_000), Doubt, MonthEnds], &[Off::Unsettled]);
}

/// What may still arrive of a stream in doubt takes room, and gives none.
#[test]
fn f50_a_gift_that_arrives_late_and_a_purchase_for_the_same_room() {
    let before = [Buy(0, 300_000), Buy(1, 400_000), MonthEnds, Buy(1, 200_000)];
    check(&before, &[Gift(0, 300_000), Buy(1, 200_000), LateDoubt], &[Off::Unsure]);
    let full = [Buy(0, 400_000), Buy(1, 400_000), Gift(1, 400_000), Spend(0, 1)];
    check(&full, &[Spend(0, 200_001), Buy(0, 400_000), LateDoubt, MonthEnds], &[]);
    check(&[Buy(0, 400_000)], &[Cancel(0), Buy(0, 400_000), LateDoubt], &[]);
}

/// F9: one person, four apps, one balance.
#[test]
fn f9_four_channels_at_once() {
    let before = [Buy(0, 100_000), Spend(0, 60_000)];
    let spends = [Spend(0, 15_000), Spend(0, 15_000), Spend(0, 15_000)];
    check(&before, &[spends[0], spends[1], spends[2], Refund(0)], &[Off::ApplyLate]);
    check(&before, &[spends[0], spends[1], Gift(0, 20_000), Doubt], &[Off::SecondDecision]);
    check(&before, &[spends[0], Refund(0), LateDoubt, MonthEnds], &[]);
}
