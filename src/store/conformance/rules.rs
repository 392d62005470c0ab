//! What a store takes no part of, by the name of the constraint: these names are the same in both
//! stores.

use super::{Owner, actions, all};
use crate::store::sample;
use openrun_actors::store::{CommitError, Store};
use openrun_core::payment::VoidReason;
use openrun_core::purchase::PurchaseState;
use openrun_core::{Event, Purchase, RoundId, StreamId, Won};
use std::sync::Arc;

/// What breaks a rule takes its whole batch with it, by name, and the store goes on from where it
/// was.
pub(crate) async fn a_broken_rule_writes_nothing(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let there = vec![
        sample::joined(&sample::round(), 1),
        sample::issued(sample::purchase(1)),
        sample::refused(1, "refused"),
        sample::held(sample::purchase(2)),
        sample::payment_sent(2),
        sample::cancel_sent(2, VoidReason::Unanswered),
        sample::voided(2, "first", VoidReason::Unanswered),
    ];
    owner.write(there).await.expect("writes");
    let before = all(store.round_events(&sample::round())).await;
    let standing = store.standing(&sample::stream()).await.expect("reads");
    for (name, broken) in broken_rules() {
        // A round, a window and a ticket that are new: they must go, names included, with what is
        // broken.
        let new_round = RoundId::new("new-round").expect("a slug");
        let batch = vec![sample::joined(&new_round, 5), sample::staff_acted(name), broken];
        refuses(&mut owner, name, batch).await;
        assert_eq!(all(store.round_events(&new_round)).await, [], "{name}");
        assert_eq!(actions(&store).await, Vec::<String>::new(), "{name}");
    }
    assert_eq!(all(store.round_events(&sample::round())).await, before);
    assert_eq!(store.standing(&sample::stream()).await.expect("reads"), standing);
    owner.write(vec![sample::joined(&sample::round(), 2)]).await.expect("goes on");

    let mut people = Owner::of_stream(store.clone(), StreamId::People).await;
    people.write(vec![sample::signed_up(1)]).await.expect("writes");
    let again = vec![sample::signed_up(2), sample::signed_up(1)];
    refuses(&mut people, "person_signs_up_once", again).await;
    assert_eq!(all(store.people()).await, [sample::person(1)]);
    people.write(vec![sample::signed_up(2)]).await.expect("goes on");
}

async fn refuses(owner: &mut Owner, name: &str, batch: Vec<Event>) {
    match owner.write(batch).await {
        Err(CommitError::NotWritten(cause)) => assert!(cause.contains(name), "{name}: {cause}"),
        other => panic!("{name}: {other:?}"),
    }
}

/// For each named constraint, an event that breaks it and no other.
fn broken_rules() -> Vec<(&'static str, Event)> {
    let good = || sample::purchase(9);
    let (issued, held) = (sample::purchase(1), sample::purchase(2));
    let mut cases = vec![
        ("ticket_number_given_once", sample::joined(&sample::round(), 1)),
        ("ticket_number_positive", sample::joined(&sample::round(), 0)),
        ("2^63", sample::joined(&sample::round(), u64::MAX)),
        ("refusal_key_used_once", sample::refused(1, "refused")),
        ("payment_sent_once", sample::payment_sent(2)),
        ("cancel_sent_once", sample::cancel_sent(2, VoidReason::WrongAmount)),
        ("voided_once", sample::voided(2, "second", VoidReason::Declined)),
        ("purchase_id_given_once", sample::issued(Purchase { id: issued.id, ..good() })),
        ("purchase_pass_used_once", sample::issued(Purchase { pass: issued.pass, ..good() })),
        ("hold_id_given_once", sample::held(Purchase { id: held.id, ..good() })),
    ];
    let Purchase { person, key, .. } = issued;
    cases.push(("purchase_key_used_once", sample::issued(Purchase { person, key, ..good() })));
    let Purchase { person, key, .. } = held;
    cases.push(("hold_key_used_once", sample::held(Purchase { person, key, ..good() })));
    for (of_purchase, of_hold, broken) in [
        (
            "purchase_amount_positive",
            "hold_amount_positive",
            Purchase { amount: Won(0), price: Won(0), subsidy: Won(0), ..good() },
        ),
        (
            "purchase_price_and_subsidy_make_amount",
            "hold_price_and_subsidy_make_amount",
            Purchase { price: Won(93_001), ..good() },
        ),
        (
            "purchase_price_and_subsidy_make_amount",
            "hold_price_and_subsidy_make_amount",
            Purchase { price: Won(-1), subsidy: Won(100_001), ..good() },
        ),
        (
            "purchase_left_not_negative",
            "hold_left_not_negative",
            Purchase { left_after: Won(-1), ..good() },
        ),
        (
            "purchase_within_monthly_limit",
            "hold_within_monthly_limit",
            Purchase { used_after: Won(400_001), ..good() },
        ),
        (
            "purchase_within_monthly_limit",
            "hold_within_monthly_limit",
            Purchase { used_after: Won(99_999), ..good() },
        ),
    ] {
        cases.push((of_purchase, sample::issued(broken.clone())));
        cases.push((of_hold, sample::held(broken)));
    }
    cases
}

/// What its row could not say is not written: the stream and the state follow from where a row
/// lies.
pub(crate) async fn a_misfit_writes_nothing(store: Arc<dyn Store>) {
    let mut people = Owner::of_stream(store.clone(), StreamId::People).await;
    let mut other = Owner::of_stream(store.clone(), sample::stream_of("busan")).await;
    let mut owner = Owner::of(store.clone()).await;
    let purchase = |state| Purchase { state, ..sample::purchase(1) };
    let stream = "an event of another stream";
    let state = "a purchase in another state";
    refuses(&mut people, stream, vec![sample::notice_posted(1)]).await;
    refuses(&mut owner, stream, vec![sample::suspensions(1)]).await;
    refuses(&mut owner, stream, vec![sample::signed_up(1)]).await;
    refuses(&mut other, stream, vec![sample::issued(sample::purchase(1))]).await;
    refuses(&mut other, stream, vec![sample::held(sample::purchase(1))]).await;
    let issued = sample::issued(purchase(PurchaseState::Held));
    refuses(&mut owner, state, vec![sample::staff_acted("open"), issued]).await;
    let held =
        Event::Held { purchase: purchase(PurchaseState::Issued), pass_expires_at: sample::OPENING };
    refuses(&mut owner, state, vec![sample::staff_acted("open"), held]).await;
    assert_eq!(actions(&store).await, Vec::<String>::new());
    owner.write(vec![sample::staff_acted("open")]).await.expect("goes on");
}
