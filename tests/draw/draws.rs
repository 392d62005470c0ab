//! Draws to verify: an honest one, and each way of cheating with it.

use openrun_core::draw::{
    ALGORITHM, Digest, DrawnOrder, Proof, ShareSpec, ShareValue, Transcript, TranscriptShare,
    commitment, empty_leaf, leaf, root, seed, share_commitment,
};
use openrun_core::{PersonKey, RoundId, Timestamp};
use serde::Serialize;
use std::path::{Path, PathBuf};

pub const CLASS: &str = "everyone";

pub fn round() -> RoundId {
    RoundId::new("seoul-2022-07-14").unwrap()
}

/// What the person of an entry was given.
pub fn proof(entry: u64) -> Proof {
    let person = PersonKey::of_subject(&format!("person {entry}"));
    let mut salt = [7; 32];
    salt[..8].copy_from_slice(&entry.to_be_bytes());
    Proof { round_id: round(), class: CLASS.into(), entry, person, salt }
}

/// A draw of `count` entries with a share, a beacon and a share that was not given. Nobody holds
/// entry 5.
pub fn honest(count: u64) -> Transcript {
    let leaf_of = |entry| match entry {
        5 => empty_leaf(&round(), CLASS, entry),
        _ => {
            let of = proof(entry);
            leaf(&round(), CLASS, entry, of.person, &of.salt)
        }
    };
    let leaves: Vec<Digest> = (1..=count).map(leaf_of).collect();
    let committed = |name: &str| ShareSpec::Committed {
        name: name.into(),
        commitment: share_commitment(&round(), name, &[1; 32]),
    };
    let source = "drand quicknet round 12345678".to_owned();
    let beacon = ShareSpec::Beacon { name: "drand".into(), source };
    let specs = [committed("city"), beacon, committed("press")];
    let given = |name: &str, value: &str| ShareValue { name: name.into(), value: value.to_owned() };
    let values = [given("city", &"01".repeat(32)), given("drand", "0badcafe")];
    let (key, root) = ([42; 32], root(&leaves));
    let seed = seed(&root, &key, &ShareValue::in_order(&specs, &values));
    Transcript {
        algorithm: ALGORITHM.into(),
        round_id: round(),
        class: CLASS.into(),
        commitment: commitment(&key),
        committed_at: Timestamp(1_657_000_000_000),
        count,
        root,
        closed_at: Timestamp(1_657_760_400_000),
        shares: TranscriptShare::in_order(&specs, &values),
        key,
        seed,
        drawn_at: Timestamp(1_657_760_401_000),
        entries_by_number: DrawnOrder::shuffle(&seed, count).entries_by_number().to_vec(),
        leaves,
    }
}

/// One way of cheating: what it is called, how, and the code that every verifier gives.
pub type Cheat = (&'static str, fn(&mut Transcript), &'static str);

pub const CHEATS: &[Cheat] = &[
    ("another seed", |it| it.seed.0[0] ^= 1, "seed-does-not-follow"),
    ("another key", |it| it.key[0] ^= 1, "key-does-not-fit-commitment"),
    ("another commitment", |it| it.commitment.0[0] ^= 1, "key-does-not-fit-commitment"),
    ("another share", |it| it.shares[0].value = Some("02".repeat(32)), "share-does-not-fit"),
    (
        "a share in capitals",
        |it| it.shares[1].value = Some("0BADCAFE".into()),
        "share-does-not-fit",
    ),
    ("another beacon", |it| it.shares[1].value = Some("0badcaff".into()), "seed-does-not-follow"),
    ("a share less", |it| it.shares.truncate(2), "seed-does-not-follow"),
    ("a share twice", |it| it.shares[2] = it.shares[0].clone(), "shares-not-sound"),
    (
        "a share that was late",
        |it| it.shares[2].value = Some("01".repeat(32)),
        "seed-does-not-follow",
    ),
    ("a leaf removed", remove, "leaves-do-not-fit-root"),
    ("a leaf inserted", insert, "leaves-do-not-fit-root"),
    ("two leaves swapped", |it| it.leaves.swap(1, 70), "leaves-do-not-fit-root"),
    ("a person erased", erase, "leaves-do-not-fit-root"),
    ("another count", |it| it.count += 1, "leaves-not-as-many-as-counted"),
    ("two numbers swapped", |it| it.entries_by_number.swap(1, 70), "order-does-not-follow"),
    ("an entry twice", |it| it.entries_by_number[9] = 1, "order-does-not-follow"),
    ("a number less", |it| it.entries_by_number.truncate(99), "order-not-as-long-as-counted"),
    ("closed before committed", |it| it.closed_at = Timestamp(0), "times-not-in-order"),
    ("another algorithm", |it| it.algorithm.push('1'), "algorithm-not-known"),
];

fn remove(it: &mut Transcript) {
    it.leaves.remove(50);
    it.count -= 1;
    it.entries_by_number.retain(|entry| u64::from(*entry) <= it.count);
}

fn insert(it: &mut Transcript) {
    it.leaves.insert(50, Digest([3; 32]));
    it.count += 1;
    it.entries_by_number.push(u32::try_from(it.count).unwrap());
}

fn erase(it: &mut Transcript) {
    it.leaves[50] = empty_leaf(&round(), CLASS, 51);
}

/// Writes a document to be verified.
pub fn write(folder: &Path, name: &str, value: &impl Serialize) -> PathBuf {
    let path = folder.join(name).with_extension("json");
    std::fs::write(&path, serde_json::to_vec(value).unwrap()).unwrap();
    path
}
