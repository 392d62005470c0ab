//! Stock of one window of a round: what is left, held and sold.
//!
//! Decides whether an amount can be held and what becomes of a hold. Knows nothing about people,
//! limits, passes or time: the round asks those questions first. `left + held + sold == total`
//! after every change (OR-1).

use crate::{Refusal, Won};
use serde::{Deserialize, Serialize};

/// What a window has. `total` changes only when leftover moves in or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// All that this window was given.
    pub total: Won,
    /// What can still be bought.
    pub left: Won,
    /// What is set aside for purchases that are not decided yet.
    pub held: Won,
    /// What is bought.
    pub sold: Won,
}

impl Stock {
    /// All of it left.
    #[must_use]
    pub fn new(total: Won) -> Stock {
        assert!(total >= Won::ZERO, "OR-1: a stock of {total} won");
        Stock { total, left: total, held: Won::ZERO, sold: Won::ZERO }
    }

    /// Whether `amount` can be held.
    ///
    /// # Errors
    /// `SoldOut` when nothing is left, `InsufficientStock` when less is left than asked for.
    pub fn decide_hold(&self, amount: Won) -> Result<(), Refusal> {
        if self.left == Won::ZERO {
            return Err(Refusal::SoldOut);
        }
        if self.left < amount {
            return Err(Refusal::InsufficientStock { remaining_won: self.left });
        }
        // From here it must succeed.
        Ok(())
    }

    /// Sets `amount` aside.
    pub fn hold(&mut self, amount: Won) {
        self.left = self.left.minus(amount);
        self.held = self.held.plus(amount);
        self.assert_conserved();
    }

    /// What was set aside is sold.
    pub fn issue(&mut self, amount: Won) {
        self.held = self.held.minus(amount);
        self.sold = self.sold.plus(amount);
        self.assert_conserved();
    }

    /// What was set aside is free again.
    pub fn release(&mut self, amount: Won) {
        self.held = self.held.minus(amount);
        self.left = self.left.plus(amount);
        self.assert_conserved();
    }

    /// `amount` of what is left goes to another window.
    pub fn move_out(&mut self, amount: Won) {
        self.left = self.left.minus(amount);
        self.total = self.total.minus(amount);
        self.assert_conserved();
    }

    /// `amount` comes from another window.
    pub fn move_in(&mut self, amount: Won) {
        self.left = self.left.plus(amount);
        self.total = self.total.plus(amount);
        self.assert_conserved();
    }

    /// Whether nothing is left and nothing can come back.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.left == Won::ZERO && self.held == Won::ZERO
    }

    fn assert_conserved(&self) {
        assert!(crate::invariants::stock_is_conserved(self), "OR-1: {self:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_is_held_issued_and_released() {
        check(
            30_000,
            "
            hold    20_000  held                left 10_000  held 20_000  sold      0
            hold    20_000  insufficient 10_000 left 10_000  held 20_000  sold      0
            hold    10_000  held                left      0  held 30_000  sold      0
            hold    10_000  sold out            left      0  held 30_000  sold      0
            release 10_000  done                left 10_000  held 20_000  sold      0
            issue   20_000  done                left 10_000  held      0  sold 20_000
            out     10_000  done                left      0  held      0  sold 20_000
            hold    10_000  sold out            left      0  held      0  sold 20_000
            in      30_000  done                left 30_000  held      0  sold 20_000
            hold    30_000  held                left      0  held 30_000  sold 20_000
        ",
        );
    }

    /// F15, the negative control: whoever takes without asking what is left is found out at once.
    #[test]
    #[should_panic(expected = "OR-1")]
    fn f15_taking_more_than_is_left_is_a_defect() {
        let mut stock = Stock::new(Won(10_000));
        stock.hold(Won(10_000));
        assert_eq!(stock.decide_hold(Won(10_000)), Err(Refusal::SoldOut), "with the guard");
        stock.hold(Won(10_000));
    }

    /// One line a command: what is asked, what is answered, what stands after it.
    fn check(total: i64, table: &str) {
        let mut stock = Stock::new(Won(total));
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let amount = Won(words[1].replace('_', "").parse().expect("a whole number of won"));
            let answer = match words[0] {
                "hold" => match stock.decide_hold(amount) {
                    Ok(()) => {
                        stock.hold(amount);
                        "held".to_owned()
                    }
                    Err(Refusal::InsufficientStock { remaining_won }) => {
                        format!("insufficient {remaining_won}")
                    }
                    Err(refusal) => refusal.code().replace('-', " "),
                },
                command => {
                    match command {
                        "issue" => stock.issue(amount),
                        "release" => stock.release(amount),
                        "out" => stock.move_out(amount),
                        "in" => stock.move_in(amount),
                        other => panic!("unknown command: {other}"),
                    }
                    "done".to_owned()
                }
            };
            let Stock { left, held, sold, .. } = stock;
            let now = format!("{answer} left {left} held {held} sold {sold}");
            assert_eq!(now, words[2..].join(" ").replace('_', ""), "after: {line}");
        }
    }
}
