//! What one place came to, read from the journal.

use super::*;
use openrun_core::purchase::PassId;
use openrun_core::round::LifeCycle;

/// A place's events come back in order, without those of its neighbours.
pub(crate) async fn a_place_tells_its_story(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let (round, line) = (sample::round(), LineId(0));
    let moved = |to| Event::RoundMoved { round: sample::round(), to };
    let reached = |line, to| Event::WatermarkMoved { round: sample::round(), line, to };
    let back = |number| {
        let (round, person) = (sample::round(), sample::person(number));
        Event::CameBack { round, line, number, person }
    };
    let given = |line, numbers| Event::TurnGiven { round: sample::round(), line, numbers };
    let elsewhere = RoundId::new("elsewhere").expect("a slug");
    let first = owner.ownership.next_seq;
    let events = vec![
        moved(LifeCycle::Open),
        sample::joined(&round, 1),
        sample::joined(&round, 2),
        sample::joined(&elsewhere, 1),
        reached(line, 1),
        sample::claimed(&round, 1),
        sample::claimed(&round, 2),
        sample::issued(sample::purchase(1)),
        sample::issued(sample::purchase(2)),
        reached(line, 7),
        reached(LineId(1), 99),
        moved(LifeCycle::SoldOut),
        Event::Left { round: round.clone(), line, number: 2, person: sample::person(2) },
        reached(line, 8),
        moved(LifeCycle::Closed),
        back(1),
        back(3),
        given(line, vec![3, 12]),
        given(LineId(1), vec![1]),
        given(line, vec![12, 1]),
    ];
    owner.write(events.clone()).await.expect("writes");
    let stored = numbered(first, events);
    let of = |indexes: &[usize]| -> Vec<StoredEvent> {
        indexes.iter().map(|index| stored[*index].clone()).collect()
    };
    let story = |number: u64, person: u64| {
        let (store, round) = (store.clone(), round.clone());
        async move {
            let place = PassId { line, number };
            store.place_events(&round, place, sample::person(person)).await.expect("reads")
        }
    };
    assert_eq!(story(1, 1).await, of(&[0, 1, 5, 7, 11, 14, 15, 19]));
    assert_eq!(story(2, 2).await, of(&[0, 2, 6, 8, 11, 12, 14]));
    assert_eq!(story(3, 3).await, of(&[0, 11, 14, 16, 17]), "a join that the store lost");
    let other = store.place_events(&elsewhere, PassId { line, number: 1 }, sample::person(1));
    assert_eq!(other.await.expect("reads"), of(&[3]));
}

/// A purchase that was held and paid for is part of the story, step by step.
pub(crate) async fn a_place_tells_how_its_payment_went(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let first = owner.ownership.next_seq;
    let events = sample::one_of_each();
    owner.write(events.clone()).await.expect("writes");
    let stored = numbered(first, events);
    for number in 4..=6 {
        let person = sample::person(number);
        let pass = sample::purchase(number).pass;
        let told = store.place_events(&sample::round(), pass, person).await.expect("reads");
        let theirs = |stored: &&StoredEvent| match &stored.event {
            Event::Joined { number: of, .. } | Event::Claimed { number: of, .. } => *of == number,
            Event::Held { purchase, .. } | Event::Issued { purchase } => purchase.person == person,
            Event::PaymentSent { person: whose, .. } | Event::Voided { person: whose, .. } => {
                *whose == person
            }
            Event::CameBack { number: of, .. } => *of == number,
            Event::TurnGiven { numbers, .. } => numbers.contains(&number),
            Event::RoundMoved { .. } => true,
            _ => false,
        };
        assert_eq!(told, stored.iter().filter(theirs).cloned().collect::<Vec<_>>(), "{number}");
    }
}
