//! OR-2, OR-3 and OR-7 after the sale: a small ledger of all vouchers, by what is written alone.
//! Every won that leaves an account arrives in another one.

use super::limits::{LAG, MILLIS_PER_DAY, SEOUL, month_of};
use super::{Auditor, EXPIRY_SEEN};
use crate::sim::people::number_of;
use crate::sim::rail::request_of;
use crate::sim::world::Figures;
use openrun_core::voucher::{Payback, PaybackCause, VoucherMove};
use openrun_core::{Event, Purchase, PurchaseId, Rules, Timestamp, Won};
use std::collections::BTreeMap;

/// Where a voucher stands by what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Active,
    /// Money is asked back, under this id.
    PayingBack(u128),
    Over,
}

/// A voucher by the auditor's sums.
#[derive(Debug)]
pub(super) struct VoucherBook {
    pub person: u32,
    pub balance: i64,
    program: usize,
    amount: i64,
    price: i64,
    subsidy: i64,
    spent: i64,
    given: i64,
    moves: u32,
    month: i64,
    bought_at: Timestamp,
    /// A gift keeps the end that it was given with.
    gift: Option<Option<Timestamp>>,
    standing: Standing,
    /// The least balance that its person was told, and when.
    pub told: Option<(Timestamp, i64)>,
}

impl VoucherBook {
    /// When it may be over, by each of the rules that it may have been bought under.
    fn ends(&self, rules: &[&Rules]) -> Vec<Option<Timestamp>> {
        let end = |days: u32| {
            let day = (self.bought_at.0 + SEOUL).div_euclid(MILLIS_PER_DAY) + i64::from(days);
            Timestamp((day + 1) * MILLIS_PER_DAY - SEOUL)
        };
        match self.gift {
            Some(end) => vec![end],
            None => rules.iter().map(|rules| rules.after_sale.valid_days.map(end)).collect(),
        }
    }
}

/// What came of a move, as far as its answer says it.
#[derive(Debug)]
pub(super) struct Effect {
    pub voucher: u128,
    pub amount: i64,
    pub left: i64,
    /// Of a payback: whether the money went back, once that is known.
    pub is_paid: Option<bool>,
}

/// Accounts of a program: they come to nothing together.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    rail: i64,
    issuer: i64,
    people: i64,
    merchants: i64,
    paper: i64,
}

impl Ledger {
    fn sum(&self) -> i64 {
        self.rail + self.issuer + self.people + self.merchants + self.paper
    }
}

/// Everything after the sale.
#[derive(Debug, Default)]
pub(super) struct Wallets {
    pub books: BTreeMap<u128, VoucherBook>,
    pub effects: BTreeMap<u128, Effect>,
    /// What went back of each order.
    pub returned: BTreeMap<u128, i64>,
    /// Vouchers that somebody was told they have, and when.
    pub told: BTreeMap<u32, Vec<(Timestamp, u128)>>,
    ledgers: BTreeMap<usize, Ledger>,
    /// Given to somebody, of a program, in a month.
    received: BTreeMap<(u32, usize, i64), i64>,
    /// What the rail said of paybacks: that they are paid, that they never will be.
    said: BTreeMap<u128, (bool, bool)>,
    figures: Figures,
}

impl Auditor {
    /// The rail has said of a payback how it ended.
    pub fn rail_said_of_payback(&mut self, id: u128, is_paid: bool) {
        let (yes, no) = self.wallets.said.entry(id).or_default();
        *yes |= is_paid;
        *no |= !is_paid;
    }

    /// Adds what was counted here.
    pub fn counted(&self, figures: Figures) -> Figures {
        let Figures { papers, spends, gifts, paybacks, expired, .. } = self.wallets.figures;
        Figures { papers, spends, gifts, paybacks, expired, ..figures }
    }

    /// What one posting does to the accounts of a program: rail, issuer, people, merchants.
    fn post(&mut self, program: usize, [rail, issuer, people, merchants]: [i64; 4]) {
        let ledger = self.wallets.ledgers.entry(program).or_default();
        ledger.rail += rail;
        ledger.issuer += issuer;
        ledger.people += people;
        ledger.merchants += merchants;
        let sum = ledger.sum();
        self.must(sum == 0, "OR-7", || format!("the books of program {program} differ by {sum}"));
    }

    /// A purchase is paid: a voucher, or paper.
    pub(super) fn issued(&mut self, program: usize, purchase: &Purchase) {
        let (amount, price, subsidy) = (purchase.amount.0, purchase.price.0, purchase.subsidy.0);
        if purchase.serial_number().is_some() {
            self.wallets.figures.papers += 1;
            self.wallets.ledgers.entry(program).or_default().paper += amount;
            return self.post(program, [-price, -subsidy, 0, 0]);
        }
        self.post(program, [-price, -subsidy, amount, 0]);
        let book = VoucherBook {
            person: number_of(purchase.person),
            balance: amount,
            program,
            amount,
            price,
            subsidy,
            spent: 0,
            given: 0,
            moves: 0,
            month: i64::from(purchase.month.number()),
            bought_at: purchase.at,
            gift: None,
            standing: Standing::Active,
            told: None,
        };
        let former = self.wallets.books.insert(purchase.id.0, book);
        self.must(former.is_none(), "OR-3", || format!("{:x} issued twice", purchase.id.0));
    }

    /// Something happened to a voucher.
    pub(super) fn voucher_written(&mut self, program: usize, event: &Event, of: &VoucherMove) {
        let id = of.voucher.0;
        let Some(book) = self.wallets.books.get_mut(&id) else {
            return self.break_("OR-3", format!("a move of {id:x}, which was never issued"));
        };
        book.moves += 1;
        let is_next = book.moves == of.number;
        let is_whole = (book.person, book.program) == (number_of(of.person), program);
        self.must(is_whole, "OR-3", || format!("a move of {id:x} by another person or program"));
        self.must(is_next, "OR-7", || format!("move {} of {id:x} is not its next", of.number));
        if let Some(asked) = &of.asked {
            self.take_move_key(number_of(of.person), asked, of);
        }
        match event {
            Event::Spent { merchant, amount, balance_after, .. } => {
                self.wallets.figures.spends += 1;
                self.take_out(of, *amount, Some(*balance_after));
                self.post(program, [0, 0, -amount.0, amount.0]);
                let takes = match merchant.as_str() {
                    "bakery" => true,
                    "grocer" => program == 0,
                    _ => false,
                };
                self.must(takes, "region", || format!("{merchant} was paid with {id:x}"));
                self.note_effect(of, *amount, *balance_after);
                if let Some(book) = self.wallets.books.get_mut(&id) {
                    book.spent += amount.0;
                }
            }
            Event::Gifted { .. } => self.gifted(program, event, of),
            Event::PaybackSent { payback, request, .. } => {
                self.payback_sent(of, payback, request.as_deref());
            }
            Event::PaidBack { payback, .. } => self.paid_back(program, of, payback),
            Event::PaybackRefused { .. } => self.payback_refused(of),
            Event::Expired { amount, .. } => {
                self.wallets.figures.expired += 1;
                self.check_over(of);
                self.take_from(id, *amount);
                self.post(program, [0, amount.0, -amount.0, 0]);
                self.stand(id, Standing::Active, Standing::Over);
            }
            _ => {}
        }
    }

    fn note_effect(&mut self, of: &VoucherMove, amount: Won, left: Won) {
        let (amount, left) = (amount.0, left.0);
        let effect = Effect { voucher: of.voucher.0, amount, left, is_paid: None };
        let former = self.wallets.effects.insert(of.id.0, effect);
        self.must(former.is_none(), "OR-3", || format!("the move {:x} twice", of.id.0));
    }

    /// From one standing to another.
    fn stand(&mut self, id: u128, from: Standing, to: Standing) {
        let Some(book) = self.wallets.books.get_mut(&id) else { return };
        let was = std::mem::replace(&mut book.standing, to);
        self.must(was == from, "OR-7", || format!("{id:x} became {to:?} when it was {was:?}"));
    }

    fn take_from(&mut self, id: u128, amount: Won) {
        let Some(book) = self.wallets.books.get_mut(&id) else { return };
        book.balance -= amount.0;
        let (left, person, program) = (book.balance, book.person, book.program);
        let account = self.accounts.entry((person, program)).or_default();
        account.give_up(amount.0);
        self.must(left >= 0 && amount.0 >= 0, "OR-7", || {
            format!("{amount} won were taken out of {id:x}, {left} are left")
        });
    }

    /// A person takes something out of a voucher that is good.
    fn take_out(&mut self, of: &VoucherMove, amount: Won, left: Option<Won>) {
        let id = of.voucher.0;
        self.check_good(of);
        self.take_from(id, amount);
        let is_left = self.wallets.books.get(&id).map(|book| Won(book.balance));
        self.must(left.is_none() || left == is_left, "OR-7", || {
            format!("the move {:x} leaves {left:?}, the books {is_left:?}", of.id.0)
        });
        self.must(amount.0 > 0, "OR-7", || format!("a move of {amount} won"));
    }

    fn ends_of(&self, id: u128) -> Vec<Option<Timestamp>> {
        let Some(book) = self.wallets.books.get(&id) else { return Vec::new() };
        book.ends(&self.rules[book.program].in_force(book.bought_at))
    }

    fn check_good(&mut self, of: &VoucherMove) {
        let id = of.voucher.0;
        let may_be_good = self.ends_of(id).iter().any(|end| end.is_none_or(|end| of.at < end));
        self.must(may_be_good, "OR-7", || format!("{id:x} was used after its time"));
        self.stand(id, Standing::Active, Standing::Active);
    }

    fn check_over(&mut self, of: &VoucherMove) {
        let id = of.voucher.0;
        let may_be_over = self.ends_of(id).iter().any(|end| end.is_some_and(|end| end <= of.at));
        self.must(may_be_over, "OR-7", || format!("{id:x} expired before its time"));
    }

    fn gifted(&mut self, program: usize, event: &Event, of: &VoucherMove) {
        let Event::Gifted {
            to,
            amount,
            price,
            subsidy,
            balance_after,
            month,
            bought_at,
            expires_at,
            ..
        } = event
        else {
            return;
        };
        self.wallets.figures.gifts += 1;
        let (id, to) = (of.voucher.0, number_of(*to));
        let is_end = self.ends_of(id).contains(expires_at);
        self.take_out(of, *amount, Some(*balance_after));
        self.note_effect(of, *amount, *balance_after);
        let Some(book) = self.wallets.books.get_mut(&id) else { return };
        book.given += amount.0;
        let share = share_of(book.subsidy, amount.0, book.amount);
        let is_same = (book.bought_at, share) == (*bought_at, subsidy.0);
        let is_to_another = book.person != to;
        let gift = VoucherBook {
            person: to,
            balance: amount.0,
            program,
            amount: amount.0,
            price: price.0,
            subsidy: subsidy.0,
            spent: 0,
            given: 0,
            moves: 0,
            month: 0,
            bought_at: *bought_at,
            gift: Some(*expires_at),
            standing: Standing::Active,
            told: None,
        };
        let former = self.wallets.books.insert(of.id.0, gift);
        let adds_up = price.0 + subsidy.0 == amount.0 && former.is_none();
        self.must(is_same && adds_up && is_end, "OR-7", || {
            format!("the gift {:x} is not what was given", of.id.0)
        });
        self.must(is_to_another, "OR-7", || format!("{to} gave something to themselves"));
        self.check_receiver(program, to, *amount, i64::from(month.number()), of.at);
    }

    /// What somebody may be given and hold, by the rules that may have been in force.
    fn check_receiver(&mut self, program: usize, to: u32, amount: Won, month: i64, at: Timestamp) {
        let rules = self.rules[program].in_force(at);
        let holding = rules.iter().map(|rules| rules.holding_limit_won.0).max().unwrap_or(0);
        let gifts = |rules: &&Rules| rules.after_sale.gift_limit_won.map_or(i64::MAX, |won| won.0);
        let limit = rules.iter().map(gifts).max().unwrap_or(0);
        let account = self.accounts.entry((to, program)).or_default();
        let held = account.take_in(amount.0);
        let received = self.wallets.received.entry((to, program, month)).or_default();
        *received += amount.0;
        let received = *received;
        self.must(held <= holding, "OR-2", || {
            format!("person {to} holds {held} won after a gift, above the limit of {holding}")
        });
        self.must(received <= limit, "OR-2", || {
            format!("person {to} was given {received} won in {month}, above {limit}")
        });
        let is_month = month == month_of(at) || month == month_of(at.plus_millis(-LAG));
        self.must(is_month, "OR-2", || format!("given at {} against month {month}", at.0));
    }

    fn payback_sent(&mut self, of: &VoucherMove, payback: &Payback, request: Option<&str>) {
        let id = of.voucher.0;
        self.check_good(of);
        self.note_effect(of, payback.amount, Won::ZERO);
        let Some(book) = self.wallets.books.get(&id) else { return };
        let rules = self.rules[book.program].in_force(book.bought_at);
        let own = (book.amount - book.given).max(1);
        let month_back = payback.month_back.map(|month| i64::from(month.number()));
        let is_due = match payback.cause {
            PaybackCause::Cancel => {
                let given_back = |rules: &&Rules| {
                    let is_by_rule = rules.after_sale.cancel_returns_allowance;
                    month_back == is_by_rule.then_some(book.month)
                };
                book.balance == book.amount && rules.iter().any(given_back)
            }
            PaybackCause::Refund => {
                let is_enough = |rules: &&Rules| {
                    book.spent * 10_000 >= own * i64::from(rules.refund_threshold_bps)
                };
                book.balance > 0 && month_back.is_none() && rules.iter().any(is_enough)
            }
        };
        let is_bought = book.gift.is_none();
        let subsidy = share_of(book.subsidy, book.balance, book.amount);
        let parts = (payback.amount.0, payback.subsidy.0, payback.price.0);
        let is_whole = parts == (book.balance, subsidy, book.balance - subsidy);
        let expected = (self.is_waiting_rail && payback.price > Won::ZERO)
            .then(|| request_of(PurchaseId(id), Won(book.price)));
        self.must(is_due && is_bought, "OR-7", || format!("{id:x} may not be paid back"));
        self.must(is_whole, "OR-7", || format!("{payback:?} of {id:x} is not its balance"));
        self.must(request == expected.as_deref(), "OR-7", || {
            format!("money of {id:x} is asked back as {request:?}, not {expected:?}")
        });
        self.stand(id, Standing::Active, Standing::PayingBack(of.id.0));
    }

    fn paid_back(&mut self, program: usize, of: &VoucherMove, payback: &Payback) {
        let (id, amount, price) = (of.voucher.0, payback.amount, payback.price);
        self.wallets.figures.paybacks += 1;
        self.stand(id, Standing::PayingBack(of.id.0), Standing::Over);
        self.take_from(id, amount);
        self.post(program, [price.0, payback.subsidy.0, -amount.0, 0]);
        *self.wallets.returned.entry(id).or_default() += price.0;
        let (said_yes, _) = self.wallets.said.get(&of.id.0).copied().unwrap_or_default();
        let is_asked = self.is_waiting_rail && price > Won::ZERO;
        self.must(said_yes || !is_asked, "OR-7", || {
            format!("{id:x} was paid back without a yes of the rail")
        });
        let left = self.wallets.books.get(&id).map_or(0, |book| book.balance);
        self.must(left == 0, "OR-7", || format!("{left} won are left in {id:x}, paid back"));
        self.end_effect(of, true);
        if let Some(month) = payback.month_back {
            let person = number_of(of.person);
            let account = self.accounts.entry((person, program)).or_default();
            account.free_month(i64::from(month.number()), amount.0);
        }
    }

    fn payback_refused(&mut self, of: &VoucherMove) {
        let id = of.voucher.0;
        self.stand(id, Standing::PayingBack(of.id.0), Standing::Active);
        let (_, said_no) = self.wallets.said.get(&of.id.0).copied().unwrap_or_default();
        self.must(said_no, "OR-7", || format!("the rail never refused to pay {id:x} back"));
        self.end_effect(of, false);
    }

    fn end_effect(&mut self, of: &VoucherMove, is_paid: bool) {
        let effect = self.wallets.effects.get_mut(&of.id.0);
        let former = effect.map(|effect| effect.is_paid.replace(is_paid));
        self.must(former == Some(None), "OR-3", || format!("{:x} ended twice", of.id.0));
    }

    /// Nothing is on its way any more, what is over has fallen to the issuer, and the people's
    /// account is what they have.
    pub(super) fn check_wallets(&mut self, now: Timestamp) {
        let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
        let mut open = None;
        for (id, book) in &self.wallets.books {
            *sums.entry(book.program).or_default() += book.balance;
            let seen = now.plus_millis(-EXPIRY_SEEN);
            let is_over = |end: &Option<Timestamp>| end.is_some_and(|end| end <= seen);
            let must_be_over = book.balance > 0 && self.ends_of(*id).iter().all(is_over);
            if must_be_over || matches!(book.standing, Standing::PayingBack(_)) {
                open = Some(format!("{id:x} is still {:?}", book.standing));
            }
        }
        if let Some(text) = open {
            self.break_("liveness", text);
        }
        for (program, sum) in sums {
            let people = self.wallets.ledgers.get(&program).map_or(0, |ledger| ledger.people);
            self.must(people == sum, "OR-7", || {
                format!("people have {sum} won of program {program}, their account {people}")
            });
        }
    }

    /// What somebody has by memory, or by what is read from the store, is what the books say.
    pub fn check_memory(&mut self, person: u32, theirs: &BTreeMap<u128, i64>) {
        let own = self.wallets.books.iter().filter(|(_, book)| book.person == person);
        let own: BTreeMap<u128, i64> = own.map(|(id, book)| (*id, book.balance)).collect();
        self.must(own == *theirs, "OR-3", || {
            format!("person {person} has {theirs:x?} in memory, {own:x?} in the books")
        });
    }

    /// What somebody holds and has used of this month, in memory and in the books.
    pub fn check_limits(&mut self, who: (u32, usize), now: Timestamp, theirs: (Won, Won)) {
        let account = self.accounts.get(&who);
        let own = account.map_or((0, 0), |account| account.figures(month_of(now)));
        self.must(own == (theirs.0.0, theirs.1.0), "OR-2", || {
            format!("person {} holds and used {theirs:?} in memory, {own:?} in the books", who.0)
        });
    }
}

/// The share of `whole` that goes with `part` of `all`, rounded down.
fn share_of(whole: i64, part: i64, all: i64) -> i64 {
    let share = i128::from(whole) * i128::from(part) / i128::from(all.max(1));
    i64::try_from(share).expect("a share is no larger than the whole")
}
