//! The chain against rows with one fault each: every fault is found, and said to be where it is.

use super::*;
use crate::store::audit::{Found, OwnRule};
use crate::store::sample;
use openrun_core::Event;

/// A store that is nothing but rows.
struct Rows {
    streams: Vec<StreamRow>,
    pieces: Vec<(i64, Piece)>,
}

impl Examined for Rows {
    fn own_rules(&self) -> &'static [OwnRule] {
        &[]
    }

    fn ask(&mut self, _: &str, _: usize) -> Result<Found, String> {
        Err("no queries here".to_owned())
    }

    fn streams(&mut self) -> Result<Vec<StreamRow>, String> {
        Ok(self.streams.clone())
    }

    fn replay(&mut self, each: &mut dyn FnMut(i64, Piece)) -> Result<(), String> {
        self.pieces.iter().cloned().for_each(|(stream, piece)| each(stream, piece));
        Ok(())
    }
}

/// Two streams: the people's with one batch of two, a program's with batches of three, one and two.
fn healthy() -> Rows {
    let joined = |number| sample::joined(&sample::round(), number);
    let mut rows = Rows { streams: Vec::new(), pieces: Vec::new() };
    let people = vec![vec![sample::signed_up(1), sample::signed_up(2)]];
    rows.write(0, StreamId::People, people);
    let program =
        vec![vec![joined(1), joined(2), joined(3)], vec![joined(4)], vec![joined(5), joined(6)]];
    rows.write(7, sample::stream(), program);
    rows
}

impl Rows {
    fn write(&mut self, number: i64, stream: StreamId, batches: Vec<Vec<Event>>) {
        let (mut hash, mut next_seq) = (chain::BEGINNING, 1);
        for events in batches {
            let timed: Vec<_> = events.into_iter().map(|event| (sample::OPENING, event)).collect();
            let (first_seq, count) = (next_seq, timed.len() as u64);
            let batch = Batch { stream: stream.clone(), epoch: 1, first_seq, events: timed };
            hash = chain::next(hash, &batch);
            let row = BatchRow { first_seq, count, epoch: 1, hash: Some(hash) };
            self.pieces.push((number, Piece::Batch(row)));
            for (at, event) in batch.events {
                let stored = StoredEvent { seq: next_seq, at, event };
                self.pieces.push((number, Piece::Event(stored)));
                next_seq += 1;
            }
        }
        let (stream, hash) = (Some(stream), Some(hash));
        self.streams.push(StreamRow { number, stream, next_seq, hash });
    }

    /// The index of the piece of the program's stream at this place: of its event, not its batch.
    fn at(&self, seq: u64) -> usize {
        let is_there = |(number, piece): &(i64, Piece)| {
            *number == 7 && matches!(piece, Piece::Event(stored) if stored.seq == seq)
        };
        self.pieces.iter().position(is_there).expect("there is such an event")
    }

    fn event(&mut self, seq: u64) -> &mut StoredEvent {
        let index = self.at(seq);
        match &mut self.pieces[index].1 {
            Piece::Event(stored) => stored,
            other => panic!("{other:?}"),
        }
    }

    fn batch(&mut self, first: u64) -> &mut BatchRow {
        let rows = self.pieces.iter_mut().filter(|(number, _)| *number == 7);
        let mut batches = rows.filter_map(|(_, piece)| match piece {
            Piece::Batch(row) => Some(row),
            _ => None,
        });
        batches.find(|row| row.first_seq == first).expect("there is such a batch")
    }

    fn swap(&mut self, one: u64, other: u64) {
        let first = self.event(one).event.clone();
        let second = std::mem::replace(&mut self.event(other).event, first);
        self.event(one).event = second;
    }
}

#[test]
fn a_chain_that_is_whole_has_no_fault() {
    assert_eq!(check(&mut healthy()), Ok(vec![]));
    assert_eq!(check(&mut Rows { streams: vec![], pieces: vec![] }), Ok(vec![]));
}

/// What must be said, from where to where, and how to bring it about.
type Case<'c> = (&'c str, u64, u64, &'c dyn Fn(&mut Rows));

#[test]
fn every_fault_is_found_where_it_is() {
    let written = "these rows, or those before them, are not what was written";
    let cases: Vec<Case> = vec![
        ("are not what was written", 1, 3, &|rows| {
            rows.event(2).event = sample::joined(&sample::round(), 99);
        }),
        (written, 5, 6, &|rows| rows.event(6).at.0 += 1),
        (written, 1, 3, &|rows| rows.swap(1, 3)),
        // Neither batch is what it was: the first is named first.
        (written, 1, 3, &|rows| rows.swap(3, 4)),
        ("a row is missing", 2, 2, &|rows| drop(rows.pieces.remove(rows.at(2)))),
        ("a row is missing", 6, 6, &|rows| drop(rows.pieces.remove(rows.at(6)))),
        (written, 5, 5, &|rows| {
            rows.pieces.remove(rows.at(6));
            rows.batch(5).count = 1;
            rows.streams[1].next_seq = 6;
        }),
        ("a place has two rows", 3, 3, &|rows| {
            let again = rows.pieces[rows.at(3)].clone();
            rows.pieces.insert(rows.at(3), again);
        }),
        ("a row that no batch has", 7, 7, &|rows| {
            let mut more = rows.event(6).clone();
            more.seq = 7;
            rows.pieces.push((7, Piece::Event(more)));
        }),
        ("no digest", 4, 4, &|rows| {
            let index = rows.at(4);
            rows.pieces[index].1 = Piece::Damaged { seq: 4, problem: "no digest".to_owned() };
        }),
        ("a row that no batch has", 4, 4, &|rows| {
            let index = rows.at(4) - 1;
            rows.pieces.remove(index);
        }),
        (written, 4, 4, &|rows| rows.batch(4).epoch = 2),
        (written, 1, 3, &|rows| rows.batch(1).hash = Some([1; 32])),
        (written, 5, 6, &|rows| rows.batch(5).hash = None),
        ("does not stand where its last batch ended", 6, 6, &|rows| {
            rows.streams[1].hash = Some([1; 32]);
        }),
        ("the batches end at the first and the stream at the second", 7, 9, &|rows| {
            rows.streams[1].next_seq = 9;
        }),
        // The last batch taken away with its rows: what stands in the stream tells.
        ("the batches end at the first and the stream at the second", 5, 7, &|rows| {
            rows.pieces.truncate(rows.at(5) - 1);
        }),
        (written, 1, 3, &|rows| rows.streams[1].stream = None),
        (written, 1, 3, &|rows| rows.streams[1].stream = Some(sample::stream_of("busan"))),
        ("a row of a stream that is not there", 1, 1, &|rows| drop(rows.streams.pop())),
    ];
    for (problem, seq, to, plant) in cases {
        let mut rows = healthy();
        plant(&mut rows);
        let faults = check(&mut rows).expect("reads");
        let first = faults.first().unwrap_or_else(|| panic!("missed: {problem}"));
        assert!(first.problem.contains(problem), "{problem}: {faults:?}");
        assert_eq!((first.seq, first.to), (seq, to), "{problem}: {faults:?}");
        assert_ne!(first.stream, "people", "{problem}");
    }
}

#[test]
fn one_fault_does_not_hide_the_next() {
    let mut rows = healthy();
    rows.event(2).at.0 += 1;
    rows.event(5).at.0 += 1;
    let faults = check(&mut rows).expect("reads");
    let places: Vec<_> = faults.iter().map(|fault| (fault.seq, fault.to)).collect();
    assert_eq!(places, [(1, 3), (5, 6)]);
}
