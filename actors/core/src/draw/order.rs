//! The order that follows from a seed: a Fisher-Yates shuffle of the entries.
//!
//! From the last index down, each is swapped with one at or before it. The index is drawn from a
//! stream of numbers without the bias of a remainder. The same seed and count give the same order
//! on every machine and for ever.

use super::Digest;
use sha2::{Digest as _, Sha256};

/// Most entries of one draw: more than all people in Korea, and 512 MiB for the two directions.
/// Whoever takes entries refuses more before that; the shuffle itself would not begin.
pub const ENTRIES_MAX: u64 = 1 << 26;

/// Who stands where: entries by number and numbers by entry, both from 1 to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnOrder {
    entries_by_number: Vec<u32>,
    numbers_by_entry: Vec<u32>,
}

impl DrawnOrder {
    /// The order of `count` entries that follows from this seed.
    ///
    /// # Panics
    /// `count` is above [`ENTRIES_MAX`].
    #[must_use]
    pub fn shuffle(seed: &Digest, count: u64) -> DrawnOrder {
        assert!(count <= ENTRIES_MAX, "more entries than a draw may have");
        let count = u32::try_from(count).expect("the bound fits");
        let mut entries: Vec<u32> = (1..=count).collect();
        let mut words = Words::new(seed);
        for last in (1..entries.len()).rev() {
            entries.swap(last, index_below(last + 1, || words.next_word()));
        }
        let mut numbers = vec![0; entries.len()];
        for (number, entry) in (1..).zip(&entries) {
            numbers[*entry as usize - 1] = number;
        }
        assert!(numbers.iter().all(|number| *number > 0), "every entry has a number");
        DrawnOrder { entries_by_number: entries, numbers_by_entry: numbers }
    }

    /// The place in line of an entry; none if there is no such entry.
    #[must_use]
    pub fn number_of(&self, entry: u64) -> Option<u64> {
        at(&self.numbers_by_entry, entry)
    }

    /// The entry that stands at a number; none if there is no such number.
    #[must_use]
    pub fn entry_at(&self, number: u64) -> Option<u64> {
        at(&self.entries_by_number, number)
    }

    /// How many were drawn.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.entries_by_number.len() as u64
    }

    /// The entries in the order of their numbers, as a transcript lists them.
    #[must_use]
    pub fn entries_by_number(&self) -> &[u32] {
        &self.entries_by_number
    }
}

fn at(list: &[u32], position: u64) -> Option<u64> {
    let index = usize::try_from(position.checked_sub(1)?).ok()?;
    list.get(index).copied().map(u64::from)
}

/// An index below `bound`, every one as likely as any other: a word at or above the largest
/// multiple of `bound` that 64 bits hold is thrown away, and the next one asked for.
pub(super) fn index_below(bound: usize, mut next_word: impl FnMut() -> u64) -> usize {
    assert!(bound > 0, "there is no index below 0");
    let bound = bound as u64;
    // 2^64 modulo `bound`, in 64 bits.
    let excess = (u64::MAX % bound + 1) % bound;
    let last = u64::MAX - excess;
    loop {
        let word = next_word();
        if word <= last {
            return usize::try_from(word % bound).expect("below a usize");
        }
    }
}

/// The stream: SHA-256 over the seed and a counter from 0 (eight bytes, most significant first),
/// each hash cut in four numbers, most significant byte first.
struct Words {
    seed: [u8; 32],
    counter: u64,
    block: [[u8; 8]; 4],
    used: usize,
}

impl Words {
    fn new(seed: &Digest) -> Words {
        Words { seed: seed.0, counter: 0, block: [[0; 8]; 4], used: 4 }
    }

    fn next_word(&mut self) -> u64 {
        if self.used == self.block.len() {
            let hash = Sha256::new().chain_update(self.seed);
            let hash: [u8; 32] = hash.chain_update(self.counter.to_be_bytes()).finalize().into();
            let (words, _) = hash.as_chunks::<8>();
            self.block.copy_from_slice(words);
            self.counter += 1;
            self.used = 0;
        }
        self.used += 1;
        u64::from_be_bytes(self.block[self.used - 1])
    }
}
