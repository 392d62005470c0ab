//! Whether every order is as likely as any other: counted over many seeds, in whole numbers. The
//! seeds are fixed, so a run is like every other run.

use super::*;

const ENTRIES: usize = 20;
const SEEDS: u64 = 20_000;

type Counts = [[u64; ENTRIES]; ENTRIES];

/// How often each entry got each number.
fn count(shuffle: impl Fn(&Digest) -> Vec<u32>) -> Counts {
    let mut counts = [[0; ENTRIES]; ENTRIES];
    for index in 0..SEEDS {
        let seed = Digest(Sha256::digest(index.to_be_bytes()).into());
        for (number, entry) in shuffle(&seed).into_iter().enumerate() {
            counts[entry as usize - 1][number] += 1;
        }
    }
    counts
}

/// Chi squared against an even spread, in thousandths.
fn chi_squared_milli(counts: &[u64]) -> u64 {
    let expected = SEEDS / ENTRIES as u64;
    let squares: u64 = counts.iter().map(|count| count.abs_diff(expected).pow(2)).sum();
    squares * 1_000 / expected
}

/// The whole table has 19 × 19 degrees of freedom: 361 are expected, with a deviation of 27. Of
/// fair tables one in 600,000 is above 500, of fair rows (19 degrees) one in 250,000 above 60.
fn is_even(counts: &Counts) -> bool {
    let whole: u64 = counts.iter().map(|row| chi_squared_milli(row)).sum();
    let rows = counts.iter().map(|row| chi_squared_milli(row)).max().unwrap();
    whole < 500_000 && rows < 60_000
}

#[test]
fn every_number_is_equally_likely_for_every_entry() {
    let counts =
        count(|seed| DrawnOrder::shuffle(seed, ENTRIES as u64).entries_by_number().to_vec());
    let whole: u64 = counts.iter().map(|row| chi_squared_milli(row)).sum();
    println!("chi squared {whole} thousandths with 361 degrees of freedom");
    assert!(is_even(&counts), "{counts:?}");
    assert!(whole > 230_000, "too even to be random: {whole}");
}

/// The negative control: the well-known mistake of swapping with any position is found.
#[test]
fn a_shuffle_that_swaps_with_any_position_is_found_uneven() {
    let careless = |seed: &Digest| {
        let mut entries: Vec<u32> = (1..).take(ENTRIES).collect();
        for position in 0..ENTRIES {
            let word = Sha256::new().chain_update(seed.0).chain_update([position as u8]);
            let word = u64::from_be_bytes(word.finalize()[..8].try_into().unwrap());
            entries.swap(position, (word % ENTRIES as u64) as usize);
        }
        entries
    };
    assert!(!is_even(&count(careless)));
}

#[test]
fn words_that_would_favour_low_indices_are_thrown_away() {
    let check = |words: &[u64], bound: usize, want: usize, used: usize| {
        let mut rest = words.iter().copied();
        assert_eq!(index_below(bound, || rest.next().unwrap()), want, "{words:?} {bound}");
        assert_eq!(words.len() - rest.len(), used, "{words:?} {bound}");
    };
    check(&[u64::MAX], 1, 0, 1);
    check(&[u64::MAX], 2, 1, 1);
    check(&[u64::MAX], 1 << 20, (1 << 20) - 1, 1);
    // 2^64 is 1 modulo 3: the last word alone is one too many.
    check(&[u64::MAX, 5], 3, 2, 2);
    check(&[u64::MAX - 1], 3, 2, 1);
    // 2^64 is 6 modulo 10: the last six words are.
    check(&[u64::MAX, u64::MAX - 5, u64::MAX - 6], 10, 9, 3);
    check(&[u64::MAX - 5, 7], 10, 7, 2);
    // 2^64 is 9,551,616 modulo fifty million.
    let last = u64::MAX - 9_551_616;
    check(&[u64::MAX, last + 1, last], 50_000_000, 49_999_999, 3);
}
