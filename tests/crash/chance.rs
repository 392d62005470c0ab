//! Reproducible choices: SplitMix64, so that a seed says when is killed and who does what. (Which
//! answer comes first stays up to the machine.)

/// A stream of choices.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The seed of this run.
    pub fn of_run() -> (Chance, u64) {
        let named = std::env::var("OPENRUN_SEED").ok().and_then(|text| text.parse().ok());
        let seed = named.unwrap_or(20_220_714);
        (Chance::new(seed), seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// From `low` up to `high`, both included.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// Once in so many times.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }

    /// At most `count` of `items`, without one twice.
    pub fn sample<T>(&mut self, mut items: Vec<T>, count: usize) -> Vec<T> {
        for first in 0..items.len().min(count) {
            let last = items.len() as u64 - 1;
            let other = self.within(first as u64, last);
            items.swap(first, usize::try_from(other).expect("an index"));
        }
        items.truncate(count);
        items
    }
}
