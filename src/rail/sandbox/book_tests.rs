//! What must hold of the book, whatever is asked of it and in whichever order.

use super::*;
use crate::rail::sandbox::modes::Chance;

const DATES: [&str; 2] = ["2022-07-31", "2022-08-01"];

/// One random question about one of few orders, so that they meet often.
fn ask(book: &Book, chance: Chance) -> Decided {
    let pick = |question: u64, many: f64| chance.between(question, 0.0, many) as u128;
    let order = PurchaseId(pick(1, 12.0));
    let date = DATES[usize::from(pick(2, 20.0) == 0)];
    let amount = Won(10_000 * (1 + pick(3, 3.0) as i64));
    match pick(4, 5.0) {
        0 | 1 => {
            let fate = match pick(5, 4.0) {
                0 => Fate::Decline,
                1 => Fate::Late { due_ms: pick(6, 1_000.0) as i64 },
                _ => Fate::Approve { extra: Won(pick(7, 2.0) as i64) },
            };
            book.authorise(order, date, amount, Won(200_000), fate)
        }
        2 => book.inquire(order, Some(date)),
        3 => book.cancel(order, (pick(8, 2.0) == 0).then_some(date)),
        _ => book.refund(order, Some(date), PurchaseId(100 + pick(9, 4.0)), amount),
    }
}

fn state(book: &Book, order: u128) -> Option<State> {
    book.orders.get(&PurchaseId(order)).map(|order| order.state)
}

#[test]
fn the_book_adds_up_and_is_the_same_when_it_is_read_again() {
    for seed in 0..200 {
        let (mut book, mut again) = (Book::default(), Book::default());
        for step in 0..300 {
            let before: Vec<_> = (0..12).map(|order| state(&book, order)).collect();
            let mut entries = Vec::new();
            if let Decided::Write(entry) = ask(&book, Chance::of(seed, 0, 0, step)) {
                entries.push(entry);
            }
            for entry in &entries {
                book.apply(entry).expect("what was decided follows");
            }
            // Apart, as the clock brings them.
            let due = if step % 50 == 49 { book.due(500) } else { Vec::new() };
            due.iter().for_each(|entry| book.apply(entry).expect("it was on its way"));
            for entry in entries.iter().chain(&due) {
                again.apply(entry).expect("the ledger can be read again");
            }
            for (order, was) in (0..12).zip(before) {
                let is = state(&book, order);
                let is_end = matches!(was, Some(State::Cancelled | State::Declined));
                assert!(!is_end || is == was, "seed {seed}: an end is for good");
                assert!(was.is_none() || is.is_some(), "seed {seed}: nothing is forgotten");
            }
            let totals = book.totals();
            let kept = book.orders.values().filter(|order| order.state == State::Approved);
            let net: Won = kept.map(|order| order.captured.minus(order.refunded())).sum();
            assert_eq!(totals.net_won, net, "seed {seed}");
            assert!(totals.net_won >= Won::ZERO, "seed {seed}");
        }
        assert_eq!(again.lines(), book.lines(), "seed {seed}");
        assert_eq!(again.totals(), book.totals(), "seed {seed}");
        assert_eq!(again.next_due_ms(), book.next_due_ms(), "seed {seed}");
    }
}

#[test]
fn a_ledger_that_does_not_follow_is_refused() {
    let date = || DATES[0].to_owned();
    let order = PurchaseId(1);
    let approved = Entry::Approved { order, date: date(), asked: Won(5), captured: Won(5) };
    let cancelled = Entry::Cancelled { order, date: date() };
    let refunded = |amount| Entry::Refunded { order, refund: PurchaseId(9), amount: Won(amount) };
    for entries in [
        vec![approved.clone(), approved.clone()],
        vec![approved.clone(), cancelled.clone(), cancelled.clone()],
        vec![approved.clone(), Entry::Arrived { order }],
        vec![Entry::Arrived { order }],
        vec![refunded(1)],
        vec![approved.clone(), refunded(6)],
        vec![approved.clone(), refunded(1), refunded(1)],
        vec![approved, cancelled, refunded(1)],
    ] {
        let mut book = Book::default();
        let (last, first) = entries.split_last().unwrap();
        first.iter().for_each(|entry| book.apply(entry).unwrap());
        assert!(book.apply(last).is_err(), "{last:?} after {first:?}");
    }
}
