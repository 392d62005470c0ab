//! OR-1 and OR-8: the stock of each window, by its own sums; leftover; and refusals for want of
//! stock that was there.

use super::money::Phase;
use super::{Auditor, RoundBook};
use openrun_core::payment::VoidReason;
use openrun_core::round::LifeCycle;
use openrun_core::round_spec::{LineId, WindowSpec};
use openrun_core::{Purchase, WindowId, Won};

/// Whether a window sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sells {
    NotYet,
    Now,
    NoMore,
}

/// A window by the auditor's sums.
#[derive(Debug)]
pub(super) struct WindowBook {
    granted: i64,
    left: i64,
    held: i64,
    sold: i64,
    sells: Sells,
}

impl WindowBook {
    pub fn new(spec: &WindowSpec) -> WindowBook {
        let granted = spec.stock_won.0;
        WindowBook { granted, left: granted, held: 0, sold: 0, sells: Sells::NotYet }
    }

    /// Left, held and sold.
    pub fn sums(&self) -> (i64, i64, i64) {
        (self.left, self.held, self.sold)
    }
}

impl RoundBook {
    fn window(&self, id: &WindowId) -> usize {
        let found = self.spec.windows.iter().position(|window| window.id == *id);
        found.expect("events name windows of their own round")
    }

    /// Where stock that comes back to this window can still be sold; itself when nowhere.
    fn heir(&self, window: usize) -> usize {
        let mut at = window;
        while self.windows[at].sells == Sells::NoMore {
            let Some(next) = &self.spec.windows[at].leftover_to else { return window };
            at = self.window(next);
        }
        at
    }
}

impl Auditor {
    pub(super) fn moved(&mut self, round: usize, to: LifeCycle) {
        let was_closed = self.rounds[round].is_closed;
        self.must(!was_closed, "OR-9", || format!("round {round} moved after its end"));
        self.rounds[round].is_closed = to == LifeCycle::Closed;
    }

    pub(super) fn window_opened(&mut self, round: usize, window: &WindowId) {
        let book = &mut self.rounds[round];
        let index = book.window(window);
        let was = std::mem::replace(&mut book.windows[index].sells, Sells::Now);
        self.must(was == Sells::NotYet, "OR-9", || format!("{window} opened when {was:?}"));
    }

    pub(super) fn window_closed(
        &mut self,
        round: usize,
        window: &WindowId,
        leftover_to: Option<&WindowId>,
        leftover: Won,
    ) {
        let book = &mut self.rounds[round];
        let index = book.window(window);
        let was = std::mem::replace(&mut book.windows[index].sells, Sells::NoMore);
        let left = book.windows[index].left;
        if let Some(target) = leftover_to {
            let target = book.window(target);
            book.windows[index].left = 0;
            book.windows[target].left += left;
        }
        self.must(was != Sells::NoMore, "OR-1", || format!("{window} closed twice"));
        self.must(left == leftover.0, "OR-1", || {
            format!("{window} closed with {left} won left, not {leftover}")
        });
        self.check_stock(round);
    }

    /// Two persons agreed on more or less stock.
    pub(super) fn granted(&mut self, round: usize, window: &WindowId, change: Won) {
        let book = &mut self.rounds[round];
        let index = book.window(window);
        book.windows[index].granted += change.0;
        book.windows[index].left += change.0;
        let sells = book.windows[index].sells;
        self.must(sells != Sells::NoMore, "OR-1", || format!("{window} is over, and got {change}"));
        self.check_stock(round);
    }

    pub(super) fn take_stock(&mut self, round: usize, purchase: &Purchase, phase: Phase) {
        let book = &mut self.rounds[round];
        let index = book.window(&purchase.window);
        let amount = purchase.amount.0;
        let window = &mut book.windows[index];
        let sells = window.sells;
        window.left -= amount;
        match phase {
            Phase::Issued => window.sold += amount,
            _ => window.held += amount,
        }
        let left = window.left;
        self.must(sells == Sells::Now, "OR-9", || format!("sold from a window: {sells:?}"));
        self.must(left == purchase.left_after.0, "OR-1", || {
            format!("{left} won are left, the purchase says {}", purchase.left_after)
        });
        self.must(amount > 0, "OR-1", || format!("a purchase of {amount} won"));
        self.check_stock(round);
    }

    /// What was held is sold.
    pub(super) fn sell_stock(&mut self, round: usize, purchase: &Purchase) {
        let book = &mut self.rounds[round];
        let index = book.window(&purchase.window);
        book.windows[index].held -= purchase.amount.0;
        book.windows[index].sold += purchase.amount.0;
        self.check_stock(round);
    }

    /// What was held is free again, in the window that can still sell it.
    pub(super) fn free_stock(
        &mut self,
        round: usize,
        window: &WindowId,
        back_to: &WindowId,
        amount: Won,
        reason: VoidReason,
    ) {
        let book = &mut self.rounds[round];
        let (index, back) = (book.window(window), book.window(back_to));
        let heir = book.heir(index);
        book.windows[index].held -= amount.0;
        book.windows[back].left += amount.0;
        self.must(back == heir, "OR-1", || {
            format!("stock of {window} went back to {back_to} ({reason:?}), not to its heir")
        });
        self.check_stock(round);
    }

    fn check_stock(&mut self, round: usize) {
        let events = self.events;
        let book = &mut self.rounds[round];
        let given: i64 = book.windows.iter().map(|window| window.granted).sum();
        let sum = |window: &WindowBook| window.left + window.held + window.sold;
        let is_whole = book.windows.iter().map(sum).sum::<i64>() == given;
        let least = |window: &WindowBook| window.left.min(window.held).min(window.sold);
        let least = book.windows.iter().map(least).min().unwrap_or(0);
        for (index, window) in book.windows.iter().enumerate() {
            book.history.push((events, index, window.left));
        }
        let shown = || format!("{:?}", self.rounds[round].windows);
        if !is_whole || least < 0 {
            let text = format!("{given} won were to be sold in round {round}: {}", shown());
            self.break_("OR-1", text);
        }
    }

    /// OR-8: whoever was told that the stock does not suffice was told so while it did not, at some
    /// moment since they first asked.
    pub(super) fn check_want(&mut self, round: usize, since: u64, line: LineId, amount: Won) {
        let book = &self.rounds[round];
        let class = book.spec.lines().get(line.index()).cloned();
        if class.is_none() && line != LineId::COUNTER {
            return;
        }
        // Paper of the simulator is for everybody.
        let theirs = |window: usize| match (&book.spec.windows[window], &class) {
            (window, Some(class)) => window.is_of_line(class),
            (window, None) => !window.sold_at.is_line(),
        };
        let from = book.history.partition_point(|(events, _, _)| *events <= since);
        // How it stood when they asked: the last entries before.
        let before = from.saturating_sub(book.windows.len());
        let seen = &book.history[before..];
        let initially = |index: usize| book.spec.windows[index].stock_won.0;
        let at_first = (0..book.windows.len()).filter(|_| before == 0).map(|w| (w, initially(w)));
        let later = seen.iter().map(|(_, window, left)| (*window, *left));
        let was_short =
            at_first.chain(later).any(|(window, left)| theirs(window) && left < amount.0.max(1));
        self.must(was_short, "OR-8", || {
            format!("refused {amount} won for want of stock that was there in round {round}")
        });
    }

    /// What each window has, by these sums.
    pub(super) fn sums_of(&self, round: usize) -> Vec<(i64, i64, i64)> {
        self.rounds[round].windows.iter().map(WindowBook::sums).collect()
    }
}
