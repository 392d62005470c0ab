//! What must hold at the end, once nothing goes wrong any more: every payment has come to an end,
//! everybody was answered, and the rail's ledger is the price of the vouchers, to the won.

use super::Auditor;
use super::money::{Deal, Phase};
use crate::sim::people::{Request, Said, Shown, Wish};
use openrun_core::purchase::PassId;
use openrun_core::queue::ShownTicket;
use openrun_core::{PurchaseId, Timestamp, Won};

/// What the world looks like at the end.
pub(in crate::sim) struct Ends {
    pub now: Timestamp,
    pub unanswered: usize,
    pub in_the_dark: usize,
    /// What the rail holds of each order.
    pub ledger: Vec<(PurchaseId, Won)>,
    /// Whether nobody can begin to pay any more, and nothing would change that.
    pub is_till_stuck: bool,
    /// For each round that lives, left, held and sold of its windows in memory.
    pub stocks: Vec<Option<Vec<(i64, i64, i64)>>>,
}

impl Auditor {
    /// A request arrives.
    pub fn arrived(&mut self, now: Timestamp, request: &Request) {
        self.now = now;
        match &request.wish {
            Wish::Buy(attempt) => {
                self.asked(request, attempt);
                // A pass proves its place, as a ticket does.
                if let Shown::Pass(PassId { line, number }, _) = attempt.shown {
                    self.showing(request, ShownTicket { line, number }, false);
                }
            }
            Wish::Leave { shown } => self.showing(request, *shown, true),
            Wish::Claim { shown } | Wish::Join { shown: Some(shown) } => {
                self.showing(request, *shown, false);
            }
            Wish::Move(wish) => self.move_asked(request, wish),
            Wish::Join { shown: None } | Wish::SignUp | Wish::Look => {}
        }
    }

    /// An answer leaves.
    pub fn answered(&mut self, now: Timestamp, request: &Request, said: &Said) {
        self.now = now;
        match (&request.wish, said) {
            (Wish::Join { .. }, Said::Placed(Ok(placed))) => self.place_answered(request, placed),
            (Wish::Claim { shown }, Said::Claimed(Ok(Some(_)))) => {
                self.claim_answered(request.round, *shown);
            }
            (Wish::Buy(attempt), Said::Bought(answer)) => {
                self.purchase_answered(request, attempt, answer);
            }
            (Wish::Move(wish), Said::Moved(answer)) => self.move_answered(request, wish, answer),
            (Wish::Look, Said::Vouchers(Ok(vouchers))) => self.vouchers_shown(request, vouchers),
            _ => {}
        }
    }

    /// Every payment that is still open is named, when none may be any more.
    pub fn check_liveness(&mut self) {
        let open = self.deals.iter().find(|(_, deal)| deal.phase.is_open());
        let named = open.map(|(id, deal)| format!("{id:x} is still {:?}", deal.phase));
        if let Some(text) = named {
            self.break_("liveness", text);
        }
    }

    /// Everything at the end.
    pub fn check_end(&mut self, ends: &Ends) {
        self.check_liveness();
        let (unanswered, in_the_dark) = (ends.unanswered, ends.in_the_dark);
        self.must(unanswered == 0, "liveness", || format!("{unanswered} were never answered"));
        self.must(in_the_dark == 0, "liveness", || {
            format!("{in_the_dark} people never heard what became of a purchase")
        });
        self.must(!ends.is_till_stuck, "liveness", || "the till rests for ever".to_owned());
        if self.is_waiting_rail {
            self.check_ledger(&ends.ledger);
        }
        self.check_wallets(ends.now);
        for (round, stock) in ends.stocks.iter().enumerate() {
            let own = self.sums_of(round);
            let is_same = stock.as_ref().is_none_or(|stock| *stock == own);
            self.must(is_same, "OR-1", || format!("memory says {stock:?}, the store {own:?}"));
        }
    }

    fn check_ledger(&mut self, ledger: &[(PurchaseId, Won)]) {
        let mut faults = Vec::new();
        let of_rail = |deal: &Deal| deal.phase == Phase::Issued && !deal.is_cash;
        let returned = |id: &u128| Won(self.wallets.returned.get(id).copied().unwrap_or(0));
        let due = |(id, deal): (&u128, &Deal)| deal.price.minus(returned(id));
        let mut issued: Won = self.deals.iter().filter(|(_, deal)| of_rail(deal)).map(due).sum();
        for (id, captured) in ledger {
            let deal = self.deals.get(&id.0).filter(|deal| of_rail(deal));
            let price = deal.map_or(Won::ZERO, |deal| due((&id.0, deal)));
            issued = issued.minus(*captured);
            if price != *captured {
                faults.push(format!("the rail has {captured} won of {:x}, due are {price}", id.0));
            }
        }
        if let Some(fault) = faults.into_iter().next() {
            self.break_("OR-7", fault);
        }
        self.must(issued == Won::ZERO, "OR-7", || {
            format!("vouchers and ledger differ by {issued} won")
        });
    }

    /// How many purchases were made, and how many of them issued.
    pub fn sold(&self) -> (u64, u64) {
        let issued = self.deals.values().filter(|deal| deal.phase == Phase::Issued).count();
        (self.deals.len() as u64, issued as u64)
    }
}
