//! An attempt of a person: the id that it will have, and the digest that tells a repeat from
//! another request under the same key.
//!
//! Pure but for chance: reads no request and decides nothing.

use openrun_core::Timestamp;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// A UUIDv7: ordered by time, so that the store appends.
#[must_use]
pub fn new_id(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.0).unwrap_or(0);
    let random: [u8; 10] = rand::random();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// SHA-256 of what was asked: the domain and each field, with its length before it.
#[must_use]
pub fn digest(domain: &[u8], fields: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for field in [domain].iter().chain(fields) {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_7_in_the_order_of_time() {
        let (early, late) = (new_id(Timestamp(1_000)), new_id(Timestamp(2_000)));
        assert!(early < late);
        assert_eq!(early.get_version_num(), 7);
    }

    /// F7.
    #[test]
    fn the_digest_tells_requests_apart() {
        assert_eq!(digest(b"a", &[b"b", b"c"]), digest(b"a", &[b"b", b"c"]));
        assert_ne!(digest(b"a", &[b"b", b"c"]), digest(b"a", &[b"bc"]));
        assert_ne!(digest(b"a", &[b"b", b"c"]), digest(b"ab", &[b"c"]));
        assert_ne!(digest(b"a", &[b"b", b""]), digest(b"a", &[b"b"]));
    }
}
