//! The draw's tables: what holds, the vectors that another program made, and each way in which a
//! transcript does not hold.

use super::order::index_below;
use super::*;
use crate::{PersonKey, RoundId, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

mod chances;
mod cheating;
mod vectors;

const CLASS: &str = "everyone";

fn round() -> RoundId {
    RoundId::new("seoul-2022-07-14").unwrap()
}

fn person(entry: u64) -> PersonKey {
    PersonKey::of_subject(&format!("person {entry}"))
}

fn salt(entry: u64) -> [u8; 32] {
    Sha256::digest(format!("salt {entry}")).into()
}

/// The lobby of the tests: entry 3 is one that nobody is known to hold.
fn leaves(count: u64) -> Vec<Digest> {
    let leaf_of = |entry| match entry {
        3 => empty_leaf(&round(), CLASS, 3),
        entry => leaf(&round(), CLASS, entry, person(entry), &salt(entry)),
    };
    (1..=count).map(leaf_of).collect()
}

fn specs() -> Vec<ShareSpec> {
    let commitment = |name: &str| share_commitment(&round(), name, &[5; 32]);
    let committed =
        |name: &str| ShareSpec::Committed { name: name.into(), commitment: commitment(name) };
    let source = "drand quicknet round 12345678".to_owned();
    let beacon = ShareSpec::Beacon { name: "drand".into(), source };
    vec![committed("city"), beacon, committed("press")]
}

fn given(name: &str, value: &str) -> ShareValue {
    ShareValue { name: name.into(), value: value.into() }
}

/// A draw as the engine makes it: two shares were given, one was not.
fn transcript(count: u64) -> Transcript {
    let leaves = leaves(count);
    let values = [given("drand", "00ff"), given("city", &"05".repeat(32))];
    let key = [9; 32];
    let root = root(&leaves);
    let seed = seed(&root, &key, &ShareValue::in_order(&specs(), &values));
    let order = DrawnOrder::shuffle(&seed, count);
    Transcript {
        algorithm: ALGORITHM.into(),
        round_id: round(),
        class: CLASS.into(),
        commitment: commitment(&key),
        committed_at: Timestamp(1_000),
        count,
        root,
        closed_at: Timestamp(2_000),
        shares: TranscriptShare::in_order(&specs(), &values),
        key,
        seed,
        drawn_at: Timestamp(2_000),
        leaves,
        entries_by_number: order.entries_by_number().to_vec(),
    }
}

#[test]
fn every_entry_has_one_number_and_back() {
    for count in [0, 1, 2, 3, 1_000] {
        let order = DrawnOrder::shuffle(&Digest([7; 32]), count);
        assert_eq!(order.count(), count);
        let numbers = (1..=count).map(|entry| order.number_of(entry).unwrap());
        let mut numbers: Vec<u64> = numbers.collect();
        for (entry, number) in (1..).zip(&numbers) {
            assert_eq!(order.entry_at(*number), Some(entry));
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
        for outside in [0, count + 1, u64::MAX] {
            assert_eq!((order.number_of(outside), order.entry_at(outside)), (None, None));
        }
    }
}

#[test]
fn an_honest_transcript_holds_and_survives_its_own_text() {
    for count in [0, 1, 3, 100] {
        let honest = transcript(count);
        let verified = verify(&honest).unwrap();
        assert_eq!(verified.count, count);
        assert_eq!(verified.empty, u64::from(count >= 3));
        assert_eq!(verified.missing_shares, ["press"]);
        assert_eq!(verified.beacons, ["drand"]);
        let text = serde_json::to_string(&honest).unwrap();
        assert_eq!(serde_json::from_str::<Transcript>(&text).unwrap(), honest);
    }
}

#[test]
fn a_proof_finds_its_number_and_no_other_persons() {
    let honest = transcript(50);
    let proof = |entry| Proof {
        round_id: round(),
        class: CLASS.into(),
        entry,
        person: person(entry),
        salt: salt(entry),
    };
    let order = DrawnOrder::shuffle(&honest.seed, 50);
    for entry in [1, 2, 49, 50] {
        assert_eq!(proof(entry).number_in(&honest), Ok(order.number_of(entry).unwrap()));
    }
    let check = |proof: Proof, want: ProofFault, code: &str| {
        assert_eq!(proof.number_in(&honest), Err(want));
        assert_eq!(want.code(), code);
    };
    let other = RoundId::new("other").unwrap();
    let (another, list, leaf) =
        ("proof-of-another-round", "proof-entry-not-in-list", "proof-leaf-is-another");
    check(Proof { round_id: other, ..proof(1) }, ProofFault::RoundIsAnother, another);
    let odd = Proof { class: "odd".into(), ..proof(1) };
    check(odd, ProofFault::ClassIsAnother, "proof-of-another-class");
    check(proof(0), ProofFault::EntryIsNotInTheList, list);
    check(proof(51), ProofFault::EntryIsNotInTheList, list);
    check(proof(3), ProofFault::LeafIsAnother, leaf);
    check(Proof { entry: 2, ..proof(1) }, ProofFault::LeafIsAnother, leaf);
    check(Proof { salt: salt(2), ..proof(1) }, ProofFault::LeafIsAnother, leaf);
    check(Proof { person: person(2), ..proof(1) }, ProofFault::LeafIsAnother, leaf);
}

#[test]
fn a_proof_reads_as_written_and_is_not_printed() {
    let proof = Proof {
        round_id: round(),
        class: CLASS.into(),
        entry: 4_711,
        person: PersonKey([0xab; 16]),
        salt: [0xcd; 32],
    };
    let text = serde_json::to_string(&proof).unwrap();
    let (person, salt) = ("ab".repeat(16), "cd".repeat(32));
    let want = format!(
        "{{\"round_id\":\"seoul-2022-07-14\",\"class\":\"everyone\",\"entry\":4711,\
         \"person\":\"{person}\",\"salt\":\"{salt}\"}}"
    );
    assert_eq!(text, want);
    assert_eq!(serde_json::from_str::<Proof>(&text).unwrap(), proof);
    assert!(!format!("{proof:?}").contains("abab"));
}

#[test]
fn a_digest_has_one_text_only() {
    let text = "0f".repeat(32);
    assert_eq!(Digest::parse(&text).unwrap().to_string(), text);
    for bad in [&text[1..], &text[2..], &format!("{text}00"), &text.to_uppercase(), ""] {
        assert_eq!(Digest::parse(bad), None, "{bad}");
        assert!(serde_json::from_value::<Digest>(Value::from(bad)).is_err());
    }
}

#[test]
fn shares_are_fixed_beforehand_and_fit_or_not() {
    let slug = |name: &str| ShareSpec::Beacon { name: name.into(), source: "a page".into() };
    let source = |source: &str| ShareSpec::Beacon { name: "a".into(), source: source.into() };
    let not_a_line = || SpecFault::SourceIsNotOneLine { name: "a".into() };
    let many: Vec<ShareSpec> = (0..=SHARES_MAX).map(|at| slug(&format!("a{at}"))).collect();
    for (specs, want) in [
        (specs(), Ok(())),
        (vec![], Ok(())),
        (many[1..].to_vec(), Ok(())),
        (many, Err(SpecFault::ThereAreTooManyShares)),
        (vec![slug("a"), slug("A")], Err(SpecFault::NameIsNoSlug { position: 2 })),
        (vec![slug("a"), slug("a")], Err(SpecFault::NameIsUsedTwice { name: "a".into() })),
        (vec![source("")], Err(not_a_line())),
        (vec![source("a\nb")], Err(not_a_line())),
        (vec![source(&"x".repeat(SOURCE_BYTES_MAX + 1))], Err(not_a_line())),
    ] {
        assert_eq!(check_specs(&specs), want);
    }
    let (city, drand) = (&specs()[0], &specs()[1]);
    let right = "05".repeat(32);
    for (spec, share, want) in [
        (city, given("city", &right), Ok(())),
        (city, given("press", &right), Err(ShareFault::NameIsAnother)),
        (city, given("city", ""), Err(ShareFault::ValueIsNotHexadecimal)),
        (city, given("city", "0"), Err(ShareFault::ValueIsNotHexadecimal)),
        (city, given("city", "0G"), Err(ShareFault::ValueIsNotHexadecimal)),
        (city, given("city", &"05".repeat(65)), Err(ShareFault::ValueIsNotHexadecimal)),
        (city, given("city", &"06".repeat(32)), Err(ShareFault::ValueDoesNotFitCommitment)),
        (drand, given("drand", "00"), Ok(())),
        (drand, given("drand", "0A"), Err(ShareFault::ValueIsNotHexadecimal)),
    ] {
        assert_eq!(spec.check(&round(), &share), want, "{share:?}");
    }
    // A commitment made for another round fits nothing here.
    let other = RoundId::new("other").unwrap();
    let fault = Err(ShareFault::ValueDoesNotFitCommitment);
    assert_eq!(city.check(&other, &given("city", &right)), fault);
}

#[test]
fn a_share_reads_as_one_kind_or_not_at_all() {
    let text = serde_json::to_value(specs()).unwrap();
    assert_eq!(serde_json::from_value::<Vec<ShareSpec>>(text).unwrap(), specs());
    let commitment = "00".repeat(32);
    for bad in [
        r#"{"name":"a"}"#.to_owned(),
        format!(r#"{{"name":"a","commitment":"{commitment}","source":"b"}}"#),
        format!(r#"{{"name":"a","commitment":"{commitment}","more":1}}"#),
        r#"{"name":"a","commitment":"00"}"#.to_owned(),
    ] {
        assert!(serde_json::from_str::<ShareSpec>(&bad).is_err(), "{bad}");
    }
}

/// S2: the same letters in other fields are other bytes.
#[test]
fn fields_that_run_together_are_told_apart() {
    let slug = |text: &str| RoundId::new(text).unwrap();
    let (ab, a) = (slug("ab"), slug("a"));
    assert_ne!(empty_leaf(&ab, "c", 1), empty_leaf(&a, "bc", 1));
    assert_ne!(share_commitment(&ab, "c", b"d"), share_commitment(&a, "bc", b"d"));
    assert_ne!(share_commitment(&ab, "c", b"d"), share_commitment(&ab, "cd", b""));
    let seed_of = |shares: &[ShareValue]| seed(&Digest([0; 32]), &[0; 32], shares);
    let seeds = [
        seed_of(&[]),
        seed_of(&[given("a", "")]),
        seed_of(&[given("a", "00")]),
        seed_of(&[given("b", "00")]),
        seed_of(&[given("a", "0000")]),
        seed_of(&[given("a", "00"), given("b", "")]),
        seed_of(&[given("b", ""), given("a", "00")]),
    ];
    for (index, seed) in seeds.iter().enumerate() {
        assert!(!seeds[..index].contains(seed), "{index}");
    }
}
