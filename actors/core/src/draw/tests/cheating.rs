//! Each way in which a transcript can be wrong, and what the verifier says of it.

use super::*;

fn check(change: impl FnOnce(&mut Transcript), want: &Fault, code: &str) {
    let mut transcript = transcript(100);
    change(&mut transcript);
    assert_eq!(verify(&transcript).as_ref(), Err(want));
    assert_eq!(want.code(), code);
    let said = want.to_string();
    assert!(!said.is_empty() && !said.ends_with('.') && !said.contains("Fault"), "{said}");
}

/// Declaration order is precedence: this walks it.
#[test]
fn each_change_is_found_for_what_it_is() {
    let sound = Fault::SharesAreNotSound;
    check(
        |it| it.algorithm = "openrun/draw/v2".into(),
        &Fault::AlgorithmIsNotKnown,
        "algorithm-not-known",
    );
    check(|it| it.count = ENTRIES_MAX + 1, &Fault::ThereAreTooManyEntries, "too-many-entries");
    let counted = Fault::LeavesAreNotAsManyAsCounted { count: 101, leaves: 100 };
    check(|it| it.count = 101, &counted, "leaves-not-as-many-as-counted");
    let late = |it: &mut Transcript| it.committed_at = Timestamp(2_001);
    check(late, &Fault::TimesAreNotInOrder, "times-not-in-order");
    let early = |it: &mut Transcript| it.drawn_at = Timestamp(1_999);
    check(early, &Fault::TimesAreNotInOrder, "times-not-in-order");
    let key = "key-does-not-fit-commitment";
    check(|it| it.key[31] ^= 1, &Fault::KeyDoesNotFitCommitment, key);
    check(|it| it.commitment.0[0] ^= 1, &Fault::KeyDoesNotFitCommitment, key);
    let twice = sound(SpecFault::NameIsUsedTwice { name: "city".into() });
    check(|it| it.shares[2].spec = it.shares[0].spec.clone(), &twice, "shares-not-sound");
    let share = |why| Fault::ShareDoesNotFit { name: "city".into(), why };
    let changed = |it: &mut Transcript| it.shares[0].value = Some("06".repeat(32));
    check(changed, &share(ShareFault::ValueDoesNotFitCommitment), "share-does-not-fit");
    let empty = |it: &mut Transcript| it.shares[0].value = Some(String::new());
    check(empty, &share(ShareFault::ValueIsNotHexadecimal), "share-does-not-fit");
    let longer = |it: &mut Transcript| it.entries_by_number.push(101);
    let numbers = Fault::OrderIsNotAsLongAsCounted { numbers: 101 };
    check(longer, &numbers, "order-not-as-long-as-counted");
    let swapped = |it: &mut Transcript| it.entries_by_number.swap(40, 60);
    check(swapped, &Fault::OrderDoesNotFollow { number: 41 }, "order-does-not-follow");
    let doubled = |it: &mut Transcript| it.entries_by_number[99] = it.entries_by_number[0];
    check(doubled, &Fault::OrderDoesNotFollow { number: 100 }, "order-does-not-follow");
}

#[test]
fn a_list_that_is_not_the_one_published_is_found() {
    let check = |change: fn(&mut Transcript)| {
        check(change, &Fault::LeavesDoNotFitRoot, "leaves-do-not-fit-root");
    };
    check(|it| it.root.0[31] ^= 1);
    check(|it| it.leaves[70].0[3] ^= 0x10);
    check(|it| it.leaves.swap(0, 99));
    check(|it| {
        it.leaves.remove(50);
        it.count = 99;
    });
    check(|it| {
        it.leaves.insert(50, Digest([1; 32]));
        it.count = 101;
    });
    check(|it| {
        it.leaves.push(it.leaves[99]);
        it.count = 101;
    });
    // A person who was in the lobby is replaced by nobody.
    check(|it| it.leaves[9] = empty_leaf(&round(), CLASS, 10));
}

#[test]
fn a_seed_that_does_not_follow_is_found() {
    let check = |change: fn(&mut Transcript)| {
        check(change, &Fault::SeedDoesNotFollow, "seed-does-not-follow");
    };
    check(|it| it.seed.0[0] ^= 1);
    // The value of a beacon can be any; only this one makes the seed.
    check(|it| it.shares[1].value = Some("00fe".into()));
    check(|it| it.shares[1].value = None);
    check(|it| it.shares[0].value = None);
    check(|it| it.shares[2].value = Some("05".repeat(32)));
    check(|it| it.shares.swap(0, 1));
    check(|it| {
        it.shares.pop();
    });
    // The seed of another key, with everything else in place.
    check(|it| {
        it.key = [8; 32];
        it.commitment = commitment(&it.key);
    });
    // A list changed together with its root, which somebody has noted.
    check(|it| {
        it.leaves.swap(0, 99);
        it.root = root(&it.leaves);
    });
}

/// The negative control of the engine's tests: an order made from another seed.
#[test]
fn an_order_of_another_seed_is_found() {
    let mut other = transcript(100);
    let order = DrawnOrder::shuffle(&Digest([1; 32]), 100);
    other.entries_by_number = order.entries_by_number().to_vec();
    assert_eq!(verify(&other), Err(Fault::OrderDoesNotFollow { number: 1 }));
}

/// A transcript has exactly its fields, each in one form.
#[test]
fn a_transcript_in_another_form_is_not_read() {
    let good = serde_json::to_value(transcript(3)).unwrap();
    assert!(serde_json::from_value::<Transcript>(good.clone()).is_ok());
    let check = |field: &str, value: Value| {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(serde_json::from_value::<Transcript>(bad).is_err(), "{field}");
    };
    check("more", Value::from(1));
    check("count", Value::from(-1));
    check("key", Value::from("AB".repeat(32)));
    check("seed", Value::from("00"));
    check("round_id", Value::from("A B"));
    check("leaves", Value::from(vec!["00"]));
    check("entries_by_number", Value::from(vec![-1]));
    for field in ["key", "shares", "leaves", "drawn_at_ms"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(field);
        assert!(serde_json::from_value::<Transcript>(bad).is_err(), "{field}");
    }
}
