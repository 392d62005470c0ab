//! What a round came to, to be settled between issuer, channels and the payment rail: sums by day
//! of Seoul, channel and window.
//!
//! Adds up what it is told and decides nothing. A day is that on which the money moved: of a
//! purchase the day on which it was issued, not the day of its hold. Knows nobody's name or key.

use crate::time::Date;
use crate::voucher::{Payback, PaybackCause};
use crate::{ChannelId, WindowId, Won};
use std::collections::BTreeMap;

/// What one row is about: a day, a channel, and the window whose stock was sold; none for what went
/// back, of which the journal tells the channel alone.
pub type Part = (Date, ChannelId, Option<WindowId>);

/// What moved: counts, and won.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Purchases that were issued.
    pub purchases: u64,
    /// Their face value.
    pub amount: Won,
    /// What people paid for them.
    pub price: Won,
    /// What the issuer adds.
    pub subsidy: Won,
    /// Purchases that were taken back as a whole.
    pub cancels: u64,
    /// Their face value.
    pub cancelled: Won,
    /// What people got back for them.
    pub cancelled_price: Won,
    /// What the issuer got back for them.
    pub cancelled_subsidy: Won,
    /// Vouchers whose balance was refunded.
    pub refunds: u64,
    /// The balances.
    pub refunded: Won,
    /// What people got back for them.
    pub refunded_price: Won,
    /// What the issuer got back for them.
    pub refunded_subsidy: Won,
}

/// What was sold on one day through one channel from one window's stock, as a store adds it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// Of which day, channel and window.
    pub part: Part,
    /// How many purchases.
    pub purchases: u64,
    /// Their face value.
    pub amount: Won,
    /// What people paid for them.
    pub price: Won,
    /// What the issuer adds.
    pub subsidy: Won,
}

/// What a round came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settlement {
    rows: BTreeMap<Part, Sums>,
}

impl Sums {
    fn add(&mut self, other: &Sums) {
        self.purchases += other.purchases;
        self.amount = self.amount.plus(other.amount);
        self.price = self.price.plus(other.price);
        self.subsidy = self.subsidy.plus(other.subsidy);
        self.cancels += other.cancels;
        self.cancelled = self.cancelled.plus(other.cancelled);
        self.cancelled_price = self.cancelled_price.plus(other.cancelled_price);
        self.cancelled_subsidy = self.cancelled_subsidy.plus(other.cancelled_subsidy);
        self.refunds += other.refunds;
        self.refunded = self.refunded.plus(other.refunded);
        self.refunded_price = self.refunded_price.plus(other.refunded_price);
        self.refunded_subsidy = self.refunded_subsidy.plus(other.refunded_subsidy);
        assert_eq!(self.price.plus(self.subsidy), self.amount, "OR-7: a sale that does not add up");
        let cancelled = self.cancelled_price.plus(self.cancelled_subsidy);
        assert_eq!(cancelled, self.cancelled, "OR-7: a cancel that does not add up");
        let refunded = self.refunded_price.plus(self.refunded_subsidy);
        assert_eq!(refunded, self.refunded, "OR-7: a refund that does not add up");
    }
}

impl Settlement {
    /// Adds what was sold.
    ///
    /// # Panics
    /// When price and subsidy do not make the amount.
    pub fn sell(&mut self, sold: Sold) {
        let Sold { part, purchases, amount, price, subsidy } = sold;
        let sums = Sums { purchases, amount, price, subsidy, ..Sums::default() };
        self.rows.entry(part).or_default().add(&sums);
    }

    /// Adds what went back for one voucher on this day.
    ///
    /// # Panics
    /// When price and subsidy do not make the amount.
    pub fn give_back(&mut self, day: Date, payback: &Payback) {
        let Payback { channel, amount, price, subsidy, .. } = payback;
        let (amount, price, subsidy) = (*amount, *price, *subsidy);
        let sums = match payback.cause {
            PaybackCause::Cancel => Sums {
                cancels: 1,
                cancelled: amount,
                cancelled_price: price,
                cancelled_subsidy: subsidy,
                ..Sums::default()
            },
            PaybackCause::Refund => Sums {
                refunds: 1,
                refunded: amount,
                refunded_price: price,
                refunded_subsidy: subsidy,
                ..Sums::default()
            },
        };
        self.rows.entry((day, channel.clone(), None)).or_default().add(&sums);
    }

    /// Its rows, by day, then channel, then window.
    pub fn rows(&self) -> impl Iterator<Item = (&Part, &Sums)> {
        self.rows.iter()
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.rows.values().for_each(|sums| total.add(sums));
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RoundId, Timestamp};

    fn part(millis: i64, channel: &str, window: &str) -> Part {
        let slug = "a test names slugs";
        let window = WindowId::new(window).expect(slug);
        (Date::of(Timestamp(millis)), ChannelId::new(channel).expect(slug), Some(window))
    }

    fn back(channel: &str, cause: PaybackCause, price: i64, subsidy: i64) -> Payback {
        let (slug, amount) = ("a test names slugs", Won(price + subsidy));
        let (round, channel) = (RoundId::new("r1").expect(slug), ChannelId::new(channel));
        let (price, subsidy, channel) = (Won(price), Won(subsidy), channel.expect(slug));
        Payback { round, channel, cause, amount, price, subsidy, month_back: None }
    }

    fn sold(part: Part, purchases: u64, price: i64, subsidy: i64) -> Sold {
        let amount = Won(price + subsidy);
        Sold { part, purchases, amount, price: Won(price), subsidy: Won(subsidy) }
    }

    fn text(settlement: &Settlement) -> Vec<String> {
        let line = |name: String, it: &Sums| {
            let (sold, cancelled, refunded) = (it.amount, it.cancelled, it.refunded);
            let (cancels, refunds) = (it.cancels, it.refunds);
            format!("{name}: {} {sold} - {cancels} {cancelled} {refunds} {refunded}", it.purchases)
        };
        let rows = settlement.rows().map(|((day, channel, window), sums)| {
            let window = window.as_ref().map_or("back", WindowId::as_str);
            line(format!("{}/{} {channel} {window}", day.month, day.day), sums)
        });
        rows.chain([line("total".to_owned(), &settlement.total())]).collect()
    }

    #[test]
    fn rows_stand_by_day_of_seoul_channel_and_window_and_add_up() {
        // 14 July 2022, 23:59:59.999 in Seoul, and the first moment of the day after.
        let (before, after) = (1_657_810_799_999, 1_657_810_800_000);
        let mut settlement = Settlement::default();
        settlement.sell(sold(part(after, "b", "odd"), 1, 93_000, 7_000));
        settlement.sell(sold(part(before, "b", "odd"), 2, 186_000, 14_000));
        settlement.sell(sold(part(before, "a", "odd"), 1, 9_300, 700));
        settlement.sell(sold(part(before, "b", "even"), 1, 10_000, 0));
        let (cancel, refund) = (PaybackCause::Cancel, PaybackCause::Refund);
        let day = Date::of(Timestamp(after));
        settlement.give_back(day, &back("b", cancel, 93_000, 7_000));
        settlement.give_back(day, &back("a", cancel, 9_300, 700));
        settlement.give_back(day, &back("a", refund, 3_720, 280));
        let want = [
            "7/14 a odd: 1 10000 - 0 0 0 0",
            "7/14 b even: 1 10000 - 0 0 0 0",
            "7/14 b odd: 2 200000 - 0 0 0 0",
            "7/15 a back: 0 0 - 1 10000 1 4000",
            "7/15 b back: 0 0 - 1 100000 0 0",
            "7/15 b odd: 1 100000 - 0 0 0 0",
            "total: 5 320000 - 2 110000 1 4000",
        ];
        assert_eq!(text(&settlement), want);
    }

    #[test]
    fn nothing_comes_to_nothing() {
        assert_eq!(text(&Settlement::default()), ["total: 0 0 - 0 0 0 0"]);
    }

    #[test]
    #[should_panic(expected = "OR-7")]
    fn a_sale_whose_parts_do_not_make_the_whole_is_a_defect() {
        let mut wrong = sold(part(0, "a", "b"), 1, 9, 1);
        wrong.amount = Won(11);
        Settlement::default().sell(wrong);
    }
}
