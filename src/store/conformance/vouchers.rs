//! What becomes of vouchers after their sale: a stream of its own, and what is read of it.

use super::{Owner, all, numbered};
use crate::store::sample;
use crate::store::sample::vouchers::{
    LATER, bought_by, gifted, move_id, of, of_itself, of_vouchers, payback, payback_sent, spent,
    voucher, voucher_stream,
};
use openrun_actors::store::{CommitError, DueVouchers, Store};
use openrun_core::purchase::PurchaseState;
use openrun_core::voucher::{AfterSale, PaybackCause, VoucherMove};
use openrun_core::{Event, PersonKey, Program, StoredEvent, StreamId, Timestamp, VoucherId, Won};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A sale of each kind of event, and the owner of the stream of its vouchers.
async fn sold(store: &Arc<dyn Store>) -> Owner {
    let mut owner = Owner::of(store.clone()).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    Owner::of_stream(store.clone(), voucher_stream()).await
}

/// Every move comes back as it was written, to whom it concerns; the stream of a program and that
/// of its vouchers know nothing of each other.
pub(crate) async fn moves_of_vouchers_come_back(store: Arc<dyn Store>) {
    let mut owner = sold(&store).await;
    let sale = store.standing(&sample::stream()).await.expect("reads");
    assert_eq!((owner.ownership.epoch, owner.ownership.next_seq), (1, 1));
    super::write_chained(&mut owner, of_vouchers()).await;
    assert_eq!(store.standing(&sample::stream()).await.expect("reads"), sale);
    let standing = store.standing(&voucher_stream()).await.expect("reads").expect("is there");
    assert_eq!(standing.next_seq, 1 + of_vouchers().len() as u64);
    let end = store.hash_at(&voucher_stream(), standing.next_seq).await.expect("reads");
    assert_eq!(end, Some(standing.hash));

    let stored = numbered(1, of_vouchers());
    for number in 1..=5 {
        let whose = sample::person(number);
        let expected: Vec<StoredEvent> =
            stored.iter().filter(|stored| concerns(&stored.event, whose)).cloned().collect();
        let read = store.voucher_events(whose).await.expect("reads");
        assert_eq!(read, expected, "person {number}");
        let of_sale = store.person_events(whose).await.expect("reads");
        let is_move = |stored: &StoredEvent| of_vouchers().contains(&stored.event);
        assert!(!of_sale.iter().any(is_move), "person {number} has moves among their purchases");
    }
    let rounds = all(store.round_events(&sample::round())).await;
    assert!(rounds.iter().all(|stored| stored.event.voucher_move().is_none()));

    let mut again = Owner::of_stream(store.clone(), voucher_stream()).await;
    assert_eq!(again.ownership.epoch, owner.ownership.epoch + 1);
    let late = owner.write(vec![sample::refused(9, "late")]).await;
    assert_eq!(late, Err(CommitError::Deposed));
    again.write(vec![sample::refused(9, "in-time")]).await.expect("writes");
}

fn concerns(event: &Event, person: PersonKey) -> bool {
    match event {
        Event::Refused { person: whose, .. } => *whose == person,
        Event::Gifted { of, to, .. } => of.person == person || *to == person,
        other => other.voucher_move().is_some_and(|of| of.person == person),
    }
}

/// What is under way to the rail is found again, and a settlement finds what went back.
pub(crate) async fn paybacks_are_found_until_they_end(store: Arc<dyn Store>) {
    assert_eq!(store.open_paybacks().await.expect("reads"), []);
    let mut owner = sold(&store).await;
    let (first, one) = (voucher(1), sample::person(1));
    let refund = || payback(PaybackCause::Refund, 100_000);
    let sent = payback_sent(of(first, one, 1, 1), refund());
    let refused = Event::PaybackRefused { of: of_itself(first, one, 1, 2), payback: refund() };
    let again = payback_sent(of(first, one, 2, 3), refund());
    let done = Event::PaidBack { of: of_itself(first, one, 2, 4), payback: refund() };
    let open = async || -> Vec<Event> {
        let open = store.open_paybacks().await.expect("reads");
        open.into_iter().map(|stored| stored.event).collect()
    };
    for (event, expected) in [
        (sent.clone(), vec![sent.clone()]),
        (refused, vec![]),
        (again.clone(), vec![again.clone()]),
        (done.clone(), vec![]),
    ] {
        owner.write(vec![event]).await.expect("writes");
        assert_eq!(open().await, expected);
    }
    let of_round = all(store.paybacks_of(&sample::round())).await;
    let of_round: Vec<Event> = of_round.into_iter().map(|stored| stored.event).collect();
    assert_eq!(of_round, [sent, again, done]);
    let elsewhere = openrun_core::RoundId::new("elsewhere").expect("a slug");
    assert_eq!(all(store.paybacks_of(&elsewhere)).await, []);
}

/// A purchase is cancelled when its money went back, and by nothing less.
pub(crate) async fn a_purchase_is_cancelled_once_it_is_paid_back(store: Arc<dyn Store>) {
    let mut owner = sold(&store).await;
    let state = async |number| {
        let purchase = store.purchase(sample::purchase(number).id).await.expect("reads");
        let listed = store.purchases_of(sample::person(number), None, 9).await.expect("reads");
        let state = purchase.as_ref().map(|purchase| purchase.state);
        assert_eq!(listed.first(), purchase.as_ref());
        state
    };
    for (number, cause, expected) in [
        (1, PaybackCause::Refund, PurchaseState::Issued),
        (4, PaybackCause::Cancel, PurchaseState::Cancelled),
    ] {
        let (id, person) = (voucher(number), sample::person(number));
        let whole = || payback(cause, 100_000);
        let sent = payback_sent(of(id, person, number, 1), whole());
        owner.write(vec![sent]).await.expect("writes");
        assert_eq!(state(number).await, Some(PurchaseState::Issued), "it was only sent");
        let done = Event::PaidBack { of: of_itself(id, person, number, 2), payback: whole() };
        owner.write(vec![done]).await.expect("writes");
        assert_eq!(state(number).await, Some(expected));
    }
}

/// Whose time is over: by the rules of the day of the purchase, or by what the gift says.
pub(crate) async fn vouchers_are_due_when_their_time_is_over(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let rules = |days| {
        let mut program: Program = sample::program(1_000_000);
        let first = Arc::make_mut(&mut program.versions[0]);
        first.after_sale = AfterSale { valid_days: days, ..AfterSale::default() };
        Event::ProgramChanged { program }
    };
    let people = || (1..=5).map(|number| sample::issued(sample::purchase(number)));
    owner.write([rules(None)].into_iter().chain(people()).collect()).await.expect("writes");
    let day = 86_400_000;
    // Bought at ten in the morning of Seoul and good for a day more: over 38 hours later.
    let over = sample::OPENING.plus_millis(38 * 3_600_000);
    let due = async |until| {
        let all = walked(&*store, until, 9).await;
        for limit in 1..=6 {
            assert_eq!(walked(&*store, until, limit).await, all, "{limit} at once");
        }
        all.into_iter().map(|(id, _)| id).collect::<Vec<VoucherId>>()
    };
    assert_eq!(due(over.plus_millis(9_999 * day)).await, [], "they never expire");
    owner.write(vec![rules(Some(1))]).await.expect("writes");
    assert_eq!(due(over.plus_millis(-1)).await, []);
    assert_eq!(due(over).await, (1..=5).map(voucher).collect::<Vec<_>>());
    let page = store.vouchers_due(over, Some(voucher(2)), 2).await.expect("reads");
    let ids: Vec<VoucherId> = page.found.iter().map(|(id, _)| *id).collect();
    assert_eq!((ids, page.next), (vec![voucher(3), voucher(4)], Some(voucher(4))));
    let last = store.vouchers_due(over, Some(voucher(5)), 2).await.expect("reads");
    assert_eq!(last, DueVouchers::default());

    let mut moves = Owner::of_stream(store.clone(), voucher_stream()).await;
    let by = |number, id, move_no| of(voucher(number), sample::person(number), id, move_no);
    let itself = |number, id, move_no| VoucherMove { asked: None, ..by(number, id, move_no) };
    let whole = || payback(PaybackCause::Refund, 100_000);
    let given = VoucherId::from(move_id(6));
    let events = vec![
        spent(by(1, 1, 1), 100_000, 0),
        payback_sent(by(2, 2, 1), whole()),
        payback_sent(by(3, 3, 1), whole()),
        Event::PaybackRefused { of: itself(3, 3, 2), payback: whole() },
        sample::vouchers::expired(itself(4, 4, 1), 100_000),
        spent(by(5, 5, 1), 10_000, 90_000),
        gifted(by(5, 6, 2), sample::person(9), 90_000, 0),
    ];
    moves.write(events).await.expect("writes");
    // What was given says itself when it is over.
    let later = LATER.plus_millis(day);
    assert_eq!(due(later.plus_millis(-1)).await, [], "neither is over yet");
    assert_eq!(due(later).await, [given]);
    let both = walked(&*store, over, 9).await;
    assert_eq!(both, [(voucher(3), sample::person(3)), (given, sample::person(9))]);
    assert_eq!(due(over).await, [voucher(3), given]);
    // No more is looked at than was asked for, however few of them are due.
    let page = store.vouchers_due(over, None, 2).await.expect("reads");
    assert_eq!(page, DueVouchers { found: Vec::new(), next: Some(voucher(2)) });
}

/// All that are due, so many looked at in one go.
async fn walked(store: &dyn Store, until: Timestamp, limit: usize) -> Vec<(VoucherId, PersonKey)> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.vouchers_due(until, after, limit).await.expect("reads");
        assert!(page.found.len() <= 2 * limit, "{} of {limit}", page.found.len());
        found.extend(page.found);
        let Some(next) = page.next else { return found };
        assert!(after.is_none_or(|after| after < next), "it goes on");
        after = Some(next);
    }
}

/// Who must be loaded when limits are asked: also who was given something and bought nothing.
pub(crate) async fn receivers_are_listed(store: Arc<dyn Store>) {
    let mut owner = Owner::of_stream(store.clone(), voucher_stream()).await;
    let gift = gifted(of(voucher(1), sample::person(1), 1, 1), sample::person(2), 10_000, 0);
    owner.write(vec![gift]).await.expect("writes");
    let given: BTreeSet<_> = all(store.refused_or_given()).await.into_iter().collect();
    assert_eq!(given, BTreeSet::from([sample::person(2)]));
}

/// What breaks a rule takes its whole batch with it, by name.
pub(crate) async fn a_broken_rule_of_vouchers_writes_nothing(store: Arc<dyn Store>) {
    let mut owner = sold(&store).await;
    owner.write(of_vouchers()).await.expect("writes");
    let standing = store.standing(&voucher_stream()).await.expect("reads");
    for (name, broken) in broken_rules() {
        let refused = owner.write(vec![sample::refused(9, name), broken]).await;
        match refused {
            Err(CommitError::NotWritten(cause)) => assert!(cause.contains(name), "{name}: {cause}"),
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(store.voucher_events(sample::person(9)).await.expect("reads"), [], "{name}");
    }
    assert_eq!(store.standing(&voucher_stream()).await.expect("reads"), standing);
    let third = of(voucher(3), sample::person(3), 90, 1);
    owner.write(vec![spent(third, 1, 99_999)]).await.expect("goes on");
}

/// For each named constraint, an event that breaks it and no other.
fn broken_rules() -> Vec<(&'static str, Event)> {
    let person = |number| sample::person(number);
    let fresh = |id| of(voucher(9), person(9), id, 1);
    let whole = |cause| payback(cause, 100_000);
    let mut wrong_parts = whole(PaybackCause::Refund);
    wrong_parts.price = Won(93_001);
    let same_key = VoucherMove { asked: of(voucher(1), person(1), 1, 1).asked, ..fresh(20) };
    let done = |voucher, person, id, number| Event::PaidBack {
        of: of_itself(voucher, person, id, number),
        payback: whole(PaybackCause::Refund),
    };
    vec![
        ("voucher_move_once", spent(of(voucher(1), person(1), 21, 1), 1, 0)),
        ("voucher_move_step_once", spent(fresh(1), 1, 0)),
        ("voucher_key_used_once", spent(VoucherMove { person: person(1), ..same_key }, 1, 0)),
        ("voucher_ended_once", done(voucher(1), person(1), 22, 9)),
        ("payback_ended_once", done(voucher(8), person(8), 4, 1)),
        ("voucher_move_is_counted", spent(of(voucher(9), person(9), 23, 0), 1, 0)),
        ("voucher_move_amount_positive", spent(fresh(24), 0, 0)),
        ("voucher_balance_not_negative", spent(fresh(25), 1, -1)),
        ("voucher_price_and_subsidy_make_amount", payback_sent(fresh(26), wrong_parts)),
        ("voucher_gift_is_to_another", gifted(fresh(27), person(9), 10_000, 0)),
    ]
}

/// Moves are of the vouchers of their own program, and nothing else is of that stream.
pub(crate) async fn a_misfit_of_vouchers_writes_nothing(store: Arc<dyn Store>) {
    let mut sale = Owner::of(store.clone()).await;
    let mut vouchers = Owner::of_stream(store.clone(), voucher_stream()).await;
    let other = openrun_core::ProgramId::new("busan").expect("a slug");
    let mut others = Owner::of_stream(store.clone(), StreamId::Vouchers(other)).await;
    let mut people = Owner::of_stream(store.clone(), StreamId::People).await;
    let spend = || spent(of(voucher(1), sample::person(1), 1, 1), 1, 99_999);
    let purchase = sample::issued(bought_by(sample::person(1), 1));
    for (owner, events) in [
        (&mut sale, vec![spend()]),
        (&mut people, vec![spend()]),
        (&mut others, vec![spend()]),
        (&mut vouchers, vec![purchase, sample::staff_acted("open"), sample::signed_up(1)]),
    ] {
        for event in events {
            match owner.write(vec![event]).await {
                Err(CommitError::NotWritten(cause)) => {
                    assert!(cause.contains("an event of another stream"), "{cause}");
                }
                answer => panic!("{answer:?}"),
            }
        }
    }
    vouchers.write(vec![spend()]).await.expect("there it belongs");
}
