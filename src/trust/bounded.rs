//! What was verified before: a bounded memory from the hash of a text to what it means.
//!
//! Checking an Ed25519 signature costs about 40 µs, hashing the text 0.4 µs. Only texts whose
//! signature was good are remembered, under SHA-256, so that nothing forged can be found here.

use dashmap::DashMap;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most texts remembered: more than the people of the largest sale known, about 30 MB once there
/// were so many. When it is hit all are forgotten, and each is verified once more when it is next
/// shown.
pub(super) const SEEN_MAX: usize = 262_144;

/// Texts for which there is room from the start: the people active at once in such a sale.
const SEEN_USUALLY: usize = 32_768;

/// SHA-256 of a text.
pub(super) type TextHash = [u8; 32];

/// Texts whose signatures were found good, and what each means.
pub(super) struct Seen<V> {
    by_hash: DashMap<TextHash, V>,
    count: AtomicUsize,
}

impl<V> Seen<V> {
    pub(super) fn new() -> Seen<V> {
        Seen { by_hash: DashMap::with_capacity(SEEN_USUALLY), count: AtomicUsize::new(0) }
    }

    pub(super) fn hash(text: &str) -> TextHash {
        Sha256::digest(text.as_bytes()).into()
    }

    /// What the text of this hash means, if it was seen.
    pub(super) fn read<R>(&self, hash: &TextHash, read: impl FnOnce(&V) -> R) -> Option<R> {
        self.by_hash.get(hash).map(|value| read(&value))
    }

    /// Remembers what a verified text means.
    pub(super) fn remember(&self, hash: TextHash, value: V) {
        if self.by_hash.insert(hash, value).is_none()
            && self.count.fetch_add(1, Ordering::Relaxed) + 1 >= SEEN_MAX
        {
            self.by_hash.clear();
            self.count.store(0, Ordering::Relaxed);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_hash.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_than_its_bound() {
        let seen = Seen::new();
        for number in 0..SEEN_MAX * 2 + 10 {
            seen.remember(Seen::<usize>::hash(&number.to_string()), number);
            assert!(seen.len() < SEEN_MAX, "{number}");
        }
        let last = Seen::<usize>::hash(&(SEEN_MAX * 2 + 9).to_string());
        assert_eq!(seen.read(&last, |value| *value), Some(SEEN_MAX * 2 + 9));
        assert_eq!(seen.read(&Seen::<usize>::hash("0"), |value| *value), None);
    }
}
