//! The vectors of `docs/draw.md`, which a program in another language made.

use super::*;

const PAGE: &str = include_str!("../../../../../docs/draw.md");

fn vectors() -> Value {
    let (_, after) = PAGE.split_once("## Vectors").unwrap();
    let (_, after) = after.split_once("```json\n").unwrap();
    let (text, _) = after.split_once("\n```").unwrap();
    serde_json::from_str(text).unwrap()
}

/// The vectors of one kind: at least one, or nothing would be tested.
fn all(kind: &str) -> Vec<Value> {
    let found = vectors()[kind].as_array().unwrap().clone();
    assert!(!found.is_empty(), "{kind}");
    found
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn bytes<const N: usize>(value: &Value) -> [u8; N] {
    hex::decode_array(text(value)).unwrap()
}

fn digest(value: &Value) -> Digest {
    Digest::parse(text(value)).unwrap()
}

fn id(value: &Value) -> RoundId {
    RoundId::new(text(value)).unwrap()
}

#[test]
fn commitments_leaves_and_shares_are_those_of_the_vectors() {
    for of in all("commitments") {
        assert_eq!(commitment(&bytes(&of["key"])), digest(&of["commitment"]));
    }
    for of in all("leaves") {
        let (round, entry) = (id(&of["round_id"]), of["entry"].as_u64().unwrap());
        let person = PersonKey(bytes(&of["person"]));
        let found = leaf(&round, text(&of["class"]), entry, person, &bytes(&of["salt"]));
        assert_eq!(found, digest(&of["leaf"]));
    }
    for of in all("empty_leaves") {
        let entry = of["entry"].as_u64().unwrap();
        let found = empty_leaf(&id(&of["round_id"]), text(&of["class"]), entry);
        assert_eq!(found, digest(&of["leaf"]));
    }
    for of in all("shares") {
        let value = hex::decode(text(&of["value"])).unwrap();
        let found = share_commitment(&id(&of["round_id"]), text(&of["name"]), &value);
        assert_eq!(found, digest(&of["commitment"]));
    }
}

#[test]
fn roots_and_seeds_are_those_of_the_vectors() {
    let round = RoundId::new("vectors").unwrap();
    for of in all("roots") {
        let count = of["count"].as_u64().unwrap();
        let leaves: Vec<Digest> =
            (1..=count).map(|entry| empty_leaf(&round, CLASS, entry)).collect();
        assert_eq!(root(&leaves), digest(&of["root"]), "{count}");
    }
    for of in all("seeds") {
        let share = |share: &Value| {
            given(text(&share["name"]), share["value"].as_str().unwrap_or_default())
        };
        let shares: Vec<ShareValue> = of["shares"].as_array().unwrap().iter().map(share).collect();
        let found = seed(&digest(&of["root"]), &bytes(&of["key"]), &shares);
        assert_eq!(found, digest(&of["seed"]));
    }
}

#[test]
fn orders_are_those_of_the_vectors() {
    for of in all("orders") {
        let count = of["count"].as_u64().unwrap();
        let order = DrawnOrder::shuffle(&digest(&of["seed"]), count);
        let entries = Value::from(order.entries_by_number());
        assert_eq!(entries, of["entries_by_number"]);
    }
    for of in all("long_orders") {
        let order = DrawnOrder::shuffle(&digest(&of["seed"]), of["count"].as_u64().unwrap());
        let entries = order.entries_by_number().iter();
        let hash =
            Sha256::digest(entries.flat_map(|entry| entry.to_be_bytes()).collect::<Vec<_>>());
        assert_eq!(Digest(hash.into()), digest(&of["sha256"]));
    }
}
