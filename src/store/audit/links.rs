//! The rule `store-chain-intact`: the hash of every batch, made again from the rows that are there.
//!
//! A row that was changed, removed or put elsewhere gives its batch another hash than the one that
//! was written with it. The rule names the stream and the places: of a row that is missing or too
//! many its own, else those of its batch, since the hash is one for all of it. After a fault it
//! goes on from the hash that was written, so that one fault does not hide the next.
//!
//! It cannot see a chain that was made anew as a whole: see `chain`.

use super::examined::{BatchRow, Examined, Piece, StreamRow};
use crate::store::chain;
use openrun_actors::store::Batch;
use openrun_core::{StoredEvent, StreamId};

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    stream: String,
    seq: u64,
    to: u64,
    problem: String,
}

impl Fault {
    /// As `column=value`, like the rows of every other rule.
    pub(super) fn told(&self) -> String {
        let Fault { stream, seq, to, problem } = self;
        format!("stream={stream} seq={seq} to={to} problem={problem}")
    }
}

/// Makes the chain of every stream again.
pub(super) fn check(examined: &mut dyn Examined) -> Result<Vec<Fault>, String> {
    let mut streams = examined.streams()?;
    streams.sort_unstable_by_key(|row| row.number);
    let mut chains: Vec<Chain> = streams.into_iter().map(Chain::new).collect();
    let mut strays = Vec::new();
    examined.replay(&mut |number, piece| match chains
        .binary_search_by_key(&number, |chain| chain.row.number)
    {
        Ok(index) => chains[index].take(piece),
        Err(_) => strays.push((number, place_of(&piece))),
    })?;
    let mut faults = Vec::new();
    for mut chain in chains {
        chain.end();
        faults.extend(chain.faults);
    }
    faults.extend(strays.into_iter().map(|(number, seq)| Fault {
        stream: format!("number {number}"),
        seq,
        to: seq,
        problem: "a row of a stream that is not there".to_owned(),
    }));
    Ok(faults)
}

fn place_of(piece: &Piece) -> u64 {
    match piece {
        Piece::Batch(batch) => batch.first_seq,
        Piece::Event(stored) => stored.seq,
        Piece::Damaged { seq, .. } => *seq,
    }
}

/// One stream, as far as its rows were read.
struct Chain {
    row: StreamRow,
    name: String,
    /// The hash after the last batch, as it was written.
    hash: [u8; 32],
    /// Where the next batch must begin.
    next_seq: u64,
    open: Option<Open>,
    faults: Vec<Fault>,
}

/// A batch whose events are being read.
struct Open {
    row: BatchRow,
    events: Vec<StoredEvent>,
    /// The place of the next event.
    next_seq: u64,
    /// Whether what is wrong with it was said already.
    is_broken: bool,
}

impl Chain {
    fn new(row: StreamRow) -> Chain {
        let name = match &row.stream {
            Some(stream) => chain::stream_name(stream),
            None => format!("number {}", row.number),
        };
        Chain { row, name, hash: chain::BEGINNING, next_seq: 1, open: None, faults: Vec::new() }
    }

    fn fault(&mut self, seq: u64, to: u64, problem: impl Into<String>) {
        let (stream, problem) = (self.name.clone(), problem.into());
        self.faults.push(Fault { stream, seq, to, problem });
    }

    fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Batch(row) => self.begin(row),
            Piece::Event(stored) => self.event(stored.seq, Ok(stored)),
            Piece::Damaged { seq, problem } => self.event(seq, Err(problem)),
        }
    }

    fn begin(&mut self, row: BatchRow) {
        self.close();
        if row.first_seq != self.next_seq {
            let (expected, found) = (self.next_seq, row.first_seq);
            self.fault(expected, found, "a batch must begin at the first and begins at the second");
        }
        self.open =
            Some(Open { row, events: Vec::new(), next_seq: row.first_seq, is_broken: false });
    }

    fn event(&mut self, seq: u64, event: Result<StoredEvent, String>) {
        let end = |open: &Open| open.row.first_seq.saturating_add(open.row.count);
        let Some(open) = self.open.as_mut().filter(|open| seq < end(open)) else {
            return self.fault(seq, seq, "a row that no batch has");
        };
        let expected = open.next_seq;
        open.next_seq = seq.saturating_add(1);
        open.is_broken |= seq != expected;
        match event {
            Ok(stored) => open.events.push(stored),
            Err(problem) => {
                open.is_broken = true;
                self.fault(seq, seq, problem);
            }
        }
        if seq > expected {
            self.fault(expected, seq - 1, "a row is missing");
        } else if seq < expected {
            self.fault(seq, seq, "a place has two rows");
        }
    }

    /// All events of the open batch were read.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let Open { row, events, next_seq, mut is_broken } = open;
        let end = row.first_seq.saturating_add(row.count);
        if next_seq < end {
            is_broken = true;
            self.fault(next_seq, end - 1, "a row is missing");
        }
        if !is_broken && row.hash != Some(self.hash_after(&row, events)) {
            let problem = "these rows, or those before them, are not what was written";
            self.fault(row.first_seq, end - 1, problem);
        }
        self.next_seq = end;
        self.hash = row.hash.unwrap_or(chain::BEGINNING);
    }

    fn hash_after(&self, row: &BatchRow, events: Vec<StoredEvent>) -> [u8; 32] {
        // A stream without a name has lost it: its hashes cannot be made, which is a fault too.
        let stream = self.row.stream.clone().unwrap_or(StreamId::People);
        let (epoch, first_seq) = (row.epoch, row.first_seq);
        let events = events.into_iter().map(|stored| (stored.at, stored.event)).collect();
        chain::next(self.hash, &Batch { stream, epoch, first_seq, events })
    }

    /// All rows of the stream were read.
    fn end(&mut self) {
        self.close();
        if self.next_seq != self.row.next_seq {
            let (ends, stands) = (self.next_seq, self.row.next_seq);
            self.fault(ends, stands, "the batches end at the first and the stream at the second");
        }
        if Some(self.hash) != self.row.hash {
            let last = self.next_seq.saturating_sub(1);
            self.fault(last, last, "the stream does not stand where its last batch ended");
        }
    }
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
