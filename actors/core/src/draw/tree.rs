//! The Merkle tree hash of RFC 6962 (section 2.1): one hash for a list of leaves in their order.

use super::Digest;
use sha2::{Digest as _, Sha256};

/// The root over leaves, each of which is one element of 32 bytes of the RFC's list. Of no leaves
/// it is the hash of nothing.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest(Sha256::digest([]).into()),
        [only] => hash(0, &[only]),
        many => {
            // The largest power of two below the length: full trees to the left.
            let split = many.len().next_power_of_two() / 2;
            assert!(split < many.len() && many.len() <= split * 2);
            let (left, right) = many.split_at(split);
            hash(1, &[&root(left), &root(right)])
        }
    }
}

/// The prefix keeps a node from being shown as a leaf.
fn hash(prefix: u8, parts: &[&Digest]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([prefix]);
    parts.iter().for_each(|part| hasher.update(part.0));
    Digest(hasher.finalize().into())
}
