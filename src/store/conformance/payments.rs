//! Purchases that are held until a rail has answered, and what becomes of them.

use super::{Owner, all};
use crate::store::sample;
use openrun_actors::store::Store;
use openrun_core::payment::VoidReason;
use openrun_core::purchase::PurchaseState::{Held, Issued, Paying, Voided};
use openrun_core::purchase::{PassId, PurchaseState};
use openrun_core::{Event, Purchase, PurchaseId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// After each step a purchase stands where it should, asked by id and by person.
pub(crate) async fn a_purchase_goes_through_its_life(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let unanswered = VoidReason::Unanswered;
    let lives: [(u64, Vec<(Event, PurchaseState)>); 4] = [
        (1, vec![(sample::issued(sample::purchase(1)), Issued)]),
        (
            2,
            vec![
                (sample::held(sample::purchase(2)), Held),
                (sample::payment_sent(2), Paying),
                (sample::issued(sample::purchase(2)), Issued),
            ],
        ),
        (
            3,
            vec![
                (sample::held(sample::purchase(3)), Held),
                (sample::voided(3, "first", VoidReason::Expired), Voided),
            ],
        ),
        (
            4,
            vec![
                (sample::held(sample::purchase(4)), Held),
                (sample::payment_sent(4), Paying),
                (sample::cancel_sent(4, unanswered), Paying),
                (sample::voided(4, "second", unanswered), Voided),
                (sample::return_sent(4), Voided),
                (sample::returned(4), Voided),
                // Money that turns up twice goes back twice.
                (sample::return_sent(4), Voided),
                (sample::returned(4), Voided),
            ],
        ),
    ];
    for (number, life) in lives {
        for (event, state) in life {
            owner.write(vec![event.clone()]).await.expect("writes");
            let expected = Purchase { state, ..sample::purchase(number) };
            let found = store.purchase(expected.id).await.expect("reads");
            assert_eq!(found.as_ref(), Some(&expected), "{event:?}");
            let of_person = store.purchases_of(expected.person, None, 9).await.expect("reads");
            assert_eq!(of_person, [expected], "{event:?}");
        }
    }
}

/// The purchases of one person in all their states, newest first, page by page.
pub(crate) async fn a_held_purchase_is_listed_in_its_state(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let person = sample::person(0);
    let of_person = |number: u64| Purchase { person, ..sample::purchase(number) };
    let mut events = vec![sample::issued(sample::purchase(99))];
    // Not in the order of their ids: that is when they were asked for, not when they were decided.
    for number in [2, 1, 4, 3, 5] {
        events.push(sample::held(of_person(number)));
    }
    events.push(sample::issued(of_person(6)));
    for number in [1, 3, 4] {
        events.push(sample::payment_sent(number));
    }
    events.push(sample::issued(of_person(4)));
    events.push(sample::voided(3, "first", VoidReason::Declined));
    events.push(sample::voided(5, "first", VoidReason::Expired));
    owner.write(events).await.expect("writes");

    let expected = [(6, Issued), (5, Voided), (4, Issued), (3, Voided), (2, Held), (1, Paying)];
    for limit in [1, 2, 3, 6, 9] {
        let (mut listed, mut before) = (Vec::new(), None);
        loop {
            let page = store.purchases_of(person, before, limit).await.expect("reads");
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            listed.extend(page.iter().map(|purchase| (purchase.pass.number, purchase.state)));
        }
        assert_eq!(listed, expected, "{limit} a page");
    }
    for foreign in [sample::purchase(99).id, PurchaseId(1), PurchaseId(u128::MAX)] {
        let page = store.purchases_of(person, Some(foreign), 9).await.expect("reads");
        assert_eq!(page, [], "a cursor that is not this person's");
    }
}

/// A pass may be held again once its hold was voided; a key never serves twice.
pub(crate) async fn a_pass_is_good_again_after_a_void(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let pass = sample::purchase(1).pass;
    let again = |number: u64, pass: PassId| Purchase {
        person: sample::person(1),
        pass,
        ..sample::purchase(number)
    };
    let first = vec![
        sample::held(sample::purchase(1)),
        sample::payment_sent(1),
        sample::voided(1, "first", VoidReason::Declined),
    ];
    owner.write(first).await.expect("writes");
    let same_key = Purchase { key: sample::purchase(1).key, ..again(2, pass) };
    let refused = owner.write(vec![sample::held(same_key)]).await.expect_err("a key is good once");
    assert!(refused.to_string().contains("hold_key_used_once"), "{refused}");
    let second =
        vec![sample::held(again(3, pass)), sample::payment_sent(3), sample::issued(again(3, pass))];
    owner.write(second).await.expect("the pass is good again");
    let third = again(4, pass);
    let twice = owner.write(vec![sample::issued(third)]).await.expect_err("a pass buys once");
    assert!(twice.to_string().contains("purchase_pass_used_once"), "{twice}");
    let states = store.purchases_of(sample::person(1), None, 9).await.expect("reads");
    let states: Vec<_> = states.iter().map(|purchase| purchase.state).collect();
    assert_eq!(states, [Issued, Voided]);
}

/// Who must be loaded when limits are asked, and stands in no event of a round.
pub(crate) async fn who_was_refused_is_listed_and_who_bought_is_in_the_rounds(
    store: Arc<dyn Store>,
) {
    let mut people = Owner::of_stream(store.clone(), openrun_core::StreamId::People).await;
    people.write(vec![sample::signed_up(9)]).await.expect("writes");
    let mut owner = Owner::of(store.clone()).await;
    let events = vec![
        sample::joined(&sample::round(), 8),
        sample::issued(sample::purchase(1)),
        sample::held(sample::purchase(2)),
        sample::held(sample::purchase(3)),
        sample::voided(3, "first", VoidReason::Expired),
        sample::refused(4, "refused"),
    ];
    owner.write(events).await.expect("writes");
    let refused: BTreeSet<_> = all(store.refused_or_given()).await.into_iter().collect();
    assert_eq!(refused, BTreeSet::from([sample::person(4)]));
    let of_round = all(store.round_events(&sample::round())).await;
    let bought = of_round.iter().filter_map(|stored| Purchase::in_event(&stored.event));
    let bought: BTreeSet<_> = bought.map(|purchase| purchase.person).collect();
    assert_eq!(bought, (1..=3).map(sample::person).collect());
}
