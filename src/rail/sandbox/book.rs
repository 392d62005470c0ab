//! The bank's book: what was captured, given back and barred, order by order.
//!
//! A plain machine: it decides, and applies entries, live and at recovery alike; it writes nothing
//! and waits for nothing. An order is one id with one date and one amount for ever.

use openrun_core::{PurchaseId, Won};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Entry {
    /// Captured.
    Approved { order: PurchaseId, date: String, asked: Won, captured: Won },
    /// Declined for good.
    Declined { order: PurchaseId, date: String, asked: Won },
    /// Lost on its way; captured at `due_ms` unless it is cancelled before.
    Late { order: PurchaseId, date: String, asked: Won, captured: Won, due_ms: i64 },
    /// A late one that arrived.
    Arrived { order: PurchaseId },
    /// Given back in full, or barred before it came.
    Cancelled { order: PurchaseId, date: String },
    /// Part of it given back.
    Refunded { order: PurchaseId, refund: PurchaseId, amount: Won },
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Approved,
    Declined,
    Cancelled,
    /// On its way, and unknown to whoever asks.
    Late,
}

/// An order.
#[derive(Debug, Clone)]
struct Order {
    date: String,
    asked: Won,
    /// What was captured; nothing for one that never was.
    captured: Won,
    /// What was given back of it in parts.
    refunds: BTreeMap<PurchaseId, Won>,
    state: State,
    due_ms: i64,
}

/// What the book says of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    pub order: PurchaseId,
    pub state: State,
    pub captured: Won,
    pub refunded: Won,
}

/// How a new payment fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Approve { extra: Won },
    Decline,
    Late { due_ms: i64 },
}

/// What a call comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decided {
    /// Nothing changes.
    Say(Said),
    /// This is to be applied and written first; [`Book::after`] says what is answered then.
    Write(Entry),
}

/// What the book answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Order(View),
    /// No such order, or not of that date.
    NoSuchOrder,
    /// That id was used with another amount or date.
    Differs,
    Refunded {
        order: PurchaseId,
        refund: PurchaseId,
        amount: Won,
        remaining: Won,
    },
    /// More than what is left, or another amount under the same id.
    RefundRefused,
}

/// Count and sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Sum {
    count: u64,
    won: Won,
}

/// The book added up: what the auditor of a test compares with vouchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Totals {
    /// Orders of any kind.
    orders: u64,
    /// Ever captured.
    approved: Sum,
    /// Captured and given back by a cancellation, without what refunds had given back before.
    cancelled: Sum,
    /// Barred before they came.
    barred: u64,
    declined: u64,
    /// On their way.
    late: u64,
    /// Given back in parts.
    refunded: Sum,
    /// What the bank took, less what it gave back.
    net_won: Won,
}

/// All orders.
#[derive(Debug, Default)]
pub(super) struct Book {
    orders: HashMap<PurchaseId, Order>,
    captured_by_day: HashMap<String, Won>,
    late: BTreeMap<(i64, PurchaseId), ()>,
}

impl Sum {
    fn add(&mut self, won: Won) {
        self.count += 1;
        self.won = self.won.plus(won);
    }
}

impl Order {
    fn refunded(&self) -> Won {
        self.refunds.values().copied().sum()
    }
}

impl Book {
    /// A payment is asked for; `fate` counts for a new one only.
    pub fn authorise(
        &self,
        order: PurchaseId,
        date: &str,
        asked: Won,
        daily_limit: Won,
        fate: Fate,
    ) -> Decided {
        if let Some(known) = self.orders.get(&order) {
            // A bar has no amount: it was put up before the payment came.
            let is_bar = known.state == State::Cancelled && known.asked == Won::ZERO;
            let is_same = known.date == date && (known.asked == asked || is_bar);
            return Decided::Say(if is_same { self.view(order) } else { Said::Differs });
        }
        let captured_today = self.captured_by_day.get(date).copied().unwrap_or_default();
        let is_over = daily_limit > Won::ZERO && captured_today.plus(asked) > daily_limit;
        let date = date.to_owned();
        Decided::Write(match fate {
            _ if is_over => Entry::Declined { order, date, asked },
            Fate::Decline => Entry::Declined { order, date, asked },
            Fate::Approve { extra } => {
                Entry::Approved { order, date, asked, captured: asked.plus(extra) }
            }
            Fate::Late { due_ms } => Entry::Late { order, date, asked, captured: asked, due_ms },
        })
    }

    /// What became of an order. `date` is `None` where the contract has none.
    pub fn inquire(&self, order: PurchaseId, date: Option<&str>) -> Decided {
        let known = self.orders.get(&order).filter(|known| known.state != State::Late);
        let known = known.filter(|known| date.is_none_or(|date| known.date == date));
        Decided::Say(if known.is_some() { self.view(order) } else { Said::NoSuchOrder })
    }

    /// Gives an order back in full. With a date, also bars one that has not come.
    pub fn cancel(&self, order: PurchaseId, bar_on: Option<&str>) -> Decided {
        let known = self.orders.get(&order);
        match (known, bar_on) {
            (Some(known), Some(date)) if known.date != date => Decided::Say(Said::Differs),
            (Some(known), None) if known.state == State::Late => Decided::Say(Said::NoSuchOrder),
            (Some(known), _) if matches!(known.state, State::Approved | State::Late) => {
                Decided::Write(Entry::Cancelled { order, date: known.date.clone() })
            }
            (Some(_), _) => Decided::Say(self.view(order)),
            (None, Some(date)) => Decided::Write(Entry::Cancelled { order, date: date.to_owned() }),
            (None, None) => Decided::Say(Said::NoSuchOrder),
        }
    }

    /// Gives part of an order back, once for each refund id.
    pub fn refund(
        &self,
        order: PurchaseId,
        date: Option<&str>,
        refund: PurchaseId,
        amount: Won,
    ) -> Decided {
        let known = self.orders.get(&order).filter(|known| known.state != State::Late);
        let known = known.filter(|known| date.is_none_or(|date| known.date == date));
        let Some(known) = known else { return Decided::Say(Said::NoSuchOrder) };
        let remaining = known.captured.minus(known.refunded());
        match known.refunds.get(&refund) {
            Some(same) if *same == amount => {
                Decided::Say(Said::Refunded { order, refund, amount, remaining })
            }
            None if known.state == State::Approved && amount > Won::ZERO && amount <= remaining => {
                Decided::Write(Entry::Refunded { order, refund, amount })
            }
            _ => Decided::Say(Said::RefundRefused),
        }
    }

    /// What is answered to a call whose entry was applied.
    pub fn after(&self, entry: &Entry) -> Said {
        match entry {
            Entry::Refunded { order, refund, amount } => {
                let known = &self.orders[order];
                let remaining = known.captured.minus(known.refunded());
                Said::Refunded { order: *order, refund: *refund, amount: *amount, remaining }
            }
            Entry::Approved { order, .. }
            | Entry::Declined { order, .. }
            | Entry::Late { order, .. }
            | Entry::Arrived { order }
            | Entry::Cancelled { order, .. } => self.view(*order),
        }
    }

    /// The late payments that are due.
    pub fn due(&self, now_ms: i64) -> Vec<Entry> {
        let due = self.late.keys().take_while(|(due, _)| *due <= now_ms);
        due.map(|(_, order)| Entry::Arrived { order: *order }).collect()
    }

    /// When the next late payment is due.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.late.keys().next().map(|(due, _)| *due)
    }

    /// Takes an entry in: live before it is written, at recovery after it was read.
    ///
    /// # Errors
    /// The entry does not follow from those before it: the ledger was changed by hand.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), &'static str> {
        match entry {
            Entry::Approved { order, date, asked, captured } => {
                self.open(*order, date, *asked, *captured, State::Approved, 0)
            }
            Entry::Declined { order, date, asked } => {
                self.open(*order, date, *asked, Won::ZERO, State::Declined, 0)
            }
            Entry::Late { order, date, asked, captured, due_ms } => {
                self.late.insert((*due_ms, *order), ());
                self.open(*order, date, *asked, *captured, State::Late, *due_ms)
            }
            Entry::Arrived { order } => {
                let late = self.orders.get_mut(order).filter(|known| known.state == State::Late);
                let late = late.ok_or("an arrival of what was not on its way")?;
                self.late.remove(&(late.due_ms, *order));
                late.state = State::Approved;
                let day = self.captured_by_day.entry(late.date.clone()).or_default();
                *day = day.plus(late.captured);
                Ok(())
            }
            Entry::Cancelled { order, date } => {
                let Some(known) = self.orders.get_mut(order) else {
                    return self.open(*order, date, Won::ZERO, Won::ZERO, State::Cancelled, 0);
                };
                match known.state {
                    State::Approved => {}
                    State::Late => {
                        self.late.remove(&(known.due_ms, *order));
                        known.captured = Won::ZERO;
                    }
                    _ => return Err("a cancellation of what was at its end"),
                }
                known.state = State::Cancelled;
                Ok(())
            }
            Entry::Refunded { order, refund, amount } => {
                let known = self.orders.get_mut(order).ok_or("a refund of no order")?;
                let remaining = known.captured.minus(known.refunded());
                let is_new = !known.refunds.contains_key(refund);
                if known.state != State::Approved || *amount > remaining || !is_new {
                    return Err("a refund of what is not there");
                }
                known.refunds.insert(*refund, *amount);
                Ok(())
            }
        }
    }

    fn open(
        &mut self,
        order: PurchaseId,
        date: &str,
        asked: Won,
        captured: Won,
        state: State,
        due_ms: i64,
    ) -> Result<(), &'static str> {
        if state == State::Approved {
            let day = self.captured_by_day.entry(date.to_owned()).or_default();
            *day = day.plus(captured);
        }
        let (date, refunds) = (date.to_owned(), BTreeMap::new());
        let new = Order { date, asked, captured, refunds, state, due_ms };
        let is_new = self.orders.insert(order, new).is_none();
        is_new.then_some(()).ok_or("an order that was opened twice")
    }

    /// What the book says of an order that it has.
    pub fn view(&self, order: PurchaseId) -> Said {
        let known = &self.orders[&order];
        let (state, captured, refunded) = (known.state, known.captured, known.refunded());
        Said::Order(View { order, state, captured, refunded })
    }

    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for order in self.orders.values() {
            totals.orders += 1;
            let was_captured = order.captured > Won::ZERO && order.state != State::Late;
            if was_captured {
                totals.approved.add(order.captured);
                order.refunds.values().for_each(|amount| totals.refunded.add(*amount));
            }
            match order.state {
                State::Approved => {}
                State::Cancelled if was_captured => {
                    totals.cancelled.add(order.captured.minus(order.refunded()));
                }
                State::Cancelled => totals.barred += 1,
                State::Declined => totals.declined += 1,
                State::Late => totals.late += 1,
            }
        }
        let given_back = totals.cancelled.won.plus(totals.refunded.won);
        totals.net_won = totals.approved.won.minus(given_back);
        totals
    }

    /// Every order as a line of JSON, by id.
    pub fn lines(&self) -> String {
        #[derive(Serialize)]
        struct Line<'o> {
            order_id: PurchaseId,
            date: &'o str,
            status: State,
            asked_won: Won,
            amount_won: Won,
            refunded_won: Won,
            net_won: Won,
        }
        let mut ids: Vec<_> = self.orders.keys().copied().collect();
        ids.sort_unstable();
        let line = |id: PurchaseId| {
            let order = &self.orders[&id];
            let (amount_won, refunded_won) = match order.state {
                State::Late => (Won::ZERO, Won::ZERO),
                _ => (order.captured, order.refunded()),
            };
            let is_kept = order.state == State::Approved;
            let net_won = if is_kept { amount_won.minus(refunded_won) } else { Won::ZERO };
            let (date, status, asked_won) = (order.date.as_str(), order.state, order.asked);
            let line =
                Line { order_id: id, date, status, asked_won, amount_won, refunded_won, net_won };
            serde_json::to_string(&line).expect("strings and numbers are JSON") + "\n"
        };
        ids.into_iter().map(line).collect()
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
