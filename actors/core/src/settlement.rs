//! What a round came to, to be settled between issuer, channels and the payment rail: sums by day
//! of Seoul, channel and window.
//!
//! Adds up what it is told and decides nothing. A day is that on which the money moved: of a
//! purchase the day on which it was issued, not the day of its hold. Knows nobody's name or key.

use crate::time::Date;
use crate::{ChannelId, WindowId, Won};
use std::collections::BTreeMap;

/// What one row is about.
pub type Part = (Date, ChannelId, WindowId);

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
        assert_eq!(self.price.plus(self.subsidy), self.amount, "OR-7: a sale that does not add up");
        let cancelled = self.cancelled_price.plus(self.cancelled_subsidy);
        assert_eq!(cancelled, self.cancelled, "OR-7: a cancel that does not add up");
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

    /// Adds one purchase that was taken back as a whole.
    ///
    /// # Panics
    /// When price and subsidy do not make the amount.
    pub fn cancel(&mut self, part: Part, amount: Won, (price, subsidy): (Won, Won)) {
        let sums = Sums {
            cancels: 1,
            cancelled: amount,
            cancelled_price: price,
            cancelled_subsidy: subsidy,
            ..Sums::default()
        };
        self.rows.entry(part).or_default().add(&sums);
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
    use crate::Timestamp;

    fn part(millis: i64, channel: &str, window: &str) -> Part {
        let slug = "a test names slugs";
        let window = WindowId::new(window).expect(slug);
        (Date::of(Timestamp(millis)), ChannelId::new(channel).expect(slug), window)
    }

    fn sold(part: Part, purchases: u64, price: i64, subsidy: i64) -> Sold {
        let amount = Won(price + subsidy);
        Sold { part, purchases, amount, price: Won(price), subsidy: Won(subsidy) }
    }

    fn text(settlement: &Settlement) -> Vec<String> {
        let line = |name: String, it: &Sums| {
            let (sold, back) = (it.amount, it.cancelled);
            format!("{name}: {} {sold} - {} {back}", it.purchases, it.cancels)
        };
        let rows = settlement.rows().map(|((day, channel, window), sums)| {
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
        settlement.cancel(part(after, "b", "odd"), Won(100_000), (Won(93_000), Won(7_000)));
        settlement.cancel(part(after, "a", "odd"), Won(10_000), (Won(9_300), Won(700)));
        let want = [
            "7/14 a odd: 1 10000 - 0 0",
            "7/14 b even: 1 10000 - 0 0",
            "7/14 b odd: 2 200000 - 0 0",
            "7/15 a odd: 0 0 - 1 10000",
            "7/15 b odd: 1 100000 - 1 100000",
            "total: 5 320000 - 2 110000",
        ];
        assert_eq!(text(&settlement), want);
    }

    #[test]
    fn nothing_comes_to_nothing() {
        assert_eq!(text(&Settlement::default()), ["total: 0 0 - 0 0"]);
    }

    #[test]
    #[should_panic(expected = "OR-7")]
    fn a_sale_whose_parts_do_not_make_the_whole_is_a_defect() {
        let mut wrong = sold(part(0, "a", "b"), 1, 9, 1);
        wrong.amount = Won(11);
        Settlement::default().sell(wrong);
    }
}
