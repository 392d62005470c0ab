//! The chain over a stream: one hash per batch, made of the hash before it and of everything that
//! the batch says. Whoever changes, removes or reorders a row that was written has to make every
//! hash after it anew, and the rows of batches refuse that.
//!
//! Both stores write it in the transaction of the batch; the audit makes it again from the rows. So
//! it is made of what comes back from a row, never of how a table keeps it. A field that an event
//! gets later must be left out of its JSON while it says nothing, or the hashes of old batches
//! would no longer be found.
//!
//! It is not signed: whoever may write every table of the store may make a whole chain anew. What
//! stands outside the store (`witness`) tells that.

use openrun_actors::store::Batch;
use openrun_core::StreamId;
use sha2::{Digest, Sha256};

/// What is hashed, and in which way: another way gets another name.
const DOMAIN: &str = "openrun journal 1";
/// Where every stream begins.
pub const BEGINNING: [u8; 32] = [0; 32];

/// The hash after `batch`, which is written on top of `before`. A batch without events leaves the
/// hash as it is: nothing of it is kept.
#[must_use]
pub fn next(before: [u8; 32], batch: &Batch) -> [u8; 32] {
    if batch.events.is_empty() {
        return before;
    }
    let mut hash = Sha256::new();
    add(&mut hash, DOMAIN.as_bytes());
    hash.update(before);
    add(&mut hash, stream_name(&batch.stream).as_bytes());
    for number in [batch.epoch, batch.first_seq, batch.events.len() as u64] {
        hash.update(number.to_be_bytes());
    }
    let mut body = Vec::new();
    for (at, event) in &batch.events {
        body.clear();
        serde_json::to_writer(&mut body, event)
            .expect("an event has no map with keys of its own and a vector takes any byte");
        hash.update(at.0.to_be_bytes());
        add(&mut hash, &body);
    }
    hash.finalize().into()
}

/// `people`, or `program:` or `vouchers:` and the id of the program.
#[must_use]
pub fn stream_name(stream: &StreamId) -> String {
    match stream {
        StreamId::People => "people".to_owned(),
        StreamId::Program(program) => format!("program:{program}"),
        StreamId::Vouchers(program) => format!("vouchers:{program}"),
    }
}

/// What has no fixed length goes in behind its length, so that no two batches say the same bytes.
fn add(hash: &mut Sha256, field: &[u8]) {
    hash.update((field.len() as u64).to_be_bytes());
    hash.update(field);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;
    use openrun_core::Timestamp;
    use std::collections::BTreeSet;

    fn batch() -> Batch {
        let timed = |event| (sample::OPENING, event);
        let events = vec![sample::joined(&sample::round(), 1), sample::staff_acted("open")];
        Batch {
            stream: sample::stream(),
            epoch: 3,
            first_seq: 10,
            events: events.into_iter().map(timed).collect(),
        }
    }

    #[test]
    fn whatever_changes_changes_the_hash() {
        let with = |change: &dyn Fn(&mut Batch)| {
            let mut changed = batch();
            change(&mut changed);
            next(BEGINNING, &changed)
        };
        let hashes = [
            with(&|_| {}),
            next([1; 32], &batch()),
            with(&|batch| batch.stream = StreamId::People),
            with(&|batch| batch.stream = sample::stream_of("people")),
            with(&|batch| batch.epoch = 4),
            with(&|batch| batch.first_seq = 11),
            with(&|batch| batch.events.truncate(1)),
            with(&|batch| batch.events.swap(0, 1)),
            with(&|batch| batch.events[0].0 = Timestamp(1)),
            with(&|batch| batch.events[0].1 = sample::joined(&sample::round(), 2)),
            with(&|batch| batch.events[1].1 = sample::staff_acted("pause")),
        ];
        let different: BTreeSet<_> = hashes.iter().collect();
        assert_eq!(different.len(), hashes.len());
    }

    #[test]
    fn what_moves_from_one_field_to_the_next_changes_the_hash() {
        let mut first = Sha256::new();
        add(&mut first, b"ab");
        add(&mut first, b"c");
        let mut second = Sha256::new();
        add(&mut second, b"a");
        add(&mut second, b"bc");
        assert_ne!(first.finalize(), second.finalize());
    }

    #[test]
    fn a_barrier_leaves_the_hash() {
        let empty = Batch { events: Vec::new(), ..batch() };
        assert_eq!(next([5; 32], &empty), [5; 32]);
    }

    /// Stores that exist hold hashes made like this: a change here is a change of every store.
    #[test]
    fn the_hash_is_what_it_always_was() {
        let hex: String = next(BEGINNING, &batch()).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "e2fb03c2eb60ea2c6f001a55dab9eb2fe5a01cae122c6829fddf5236d5b9e076");
    }
}
