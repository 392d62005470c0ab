//! Checks of the order in which places were given, from what clients saw.
//!
//! Exact in real time: if the answer to A's join had come before B's join was sent, A's number is
//! smaller than B's. Joins that overlapped may come in any order. Also: no number is given to two
//! people.

use std::collections::HashMap;

/// A place as one person was given it. Times are nanoseconds of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given {
    pub line: u32,
    pub number: u64,
    pub person: u32,
    pub sent: u64,
    pub answered: u64,
}

/// How many places came before a place that had been given before they were asked for.
pub(super) fn inversions(given: &[Given]) -> u64 {
    let mut by_answer: Vec<&Given> = given.iter().collect();
    let mut by_sending = by_answer.clone();
    by_answer.sort_by_key(|place| place.answered);
    by_sending.sort_by_key(|place| place.sent);
    let mut largest: HashMap<u32, u64> = HashMap::new();
    let (mut next, mut found) = (0, 0);
    for place in by_sending {
        while by_answer.get(next).is_some_and(|earlier| earlier.answered < place.sent) {
            let seen = largest.entry(by_answer[next].line).or_default();
            *seen = (*seen).max(by_answer[next].number);
            next += 1;
        }
        found += u64::from(largest.get(&place.line).is_some_and(|seen| place.number < *seen));
    }
    found
}

/// How many numbers were given to more than one person.
pub(super) fn given_twice(given: &[Given]) -> u64 {
    let mut places: Vec<(u32, u64, u32)> =
        given.iter().map(|place| (place.line, place.number, place.person)).collect();
    places.sort_unstable();
    places.dedup();
    places.windows(2).filter(|two| (two[0].0, two[0].1) == (two[1].0, two[1].1)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads lines of `line number person sent answered`.
    fn places(text: &str) -> Vec<Given> {
        let row = |row: &str| {
            let words: Vec<u64> = row.split_whitespace().map(|w| w.parse().unwrap()).collect();
            let [line, number, person, sent, answered] = words[..] else { panic!("{row}") };
            Given { line: line as u32, number, person: person as u32, sent, answered }
        };
        text.split('|').map(row).collect()
    }

    #[test]
    fn an_inversion_is_an_earlier_answer_with_a_larger_number() {
        let check = |text: &str, want: u64| assert_eq!(inversions(&places(text)), want, "{text}");
        check("0 1 1 10 20 | 0 2 2 30 40", 0);
        check("0 2 1 10 20 | 0 1 2 30 40", 1);
        // They overlapped: either order is right.
        check("0 2 1 10 35 | 0 1 2 30 40", 0);
        // Another line has numbers of its own.
        check("0 9 1 10 20 | 1 1 2 30 40", 0);
        check("0 5 1 10 20 | 0 6 2 10 20 | 0 4 3 21 22 | 0 7 4 23 24 | 0 3 5 30 31", 2);
    }

    #[test]
    fn a_number_belongs_to_one_person() {
        let check = |text: &str, want: u64| assert_eq!(given_twice(&places(text)), want, "{text}");
        check("0 1 1 0 0 | 0 2 2 0 0", 0);
        check("0 1 1 0 0 | 0 1 2 0 0", 1);
        check("0 1 1 0 0 | 0 1 1 5 5", 0);
        check("0 1 1 0 0 | 1 1 2 0 0", 0);
    }
}
