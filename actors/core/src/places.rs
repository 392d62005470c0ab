//! The places of one line, shared: one sequence of numbers and one byte of phase for each.
//!
//! Written by the actors of the round, read by anybody without a mailbox. Numbers are given only up
//! to the reserved block, so that none is given twice whatever dies; the watermark never moves back
//! (OR-6). Phases change on many threads at once; `advance` and `lapse` belong to the round's own.
//! Knows numbers only, never whose they are.

use crate::turn_up::CohortCount;
use cohorts::Cohorts;
use returned::Returned;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use vacant::Vacant;

mod cohorts;
mod returned;
mod vacant;

pub use cohorts::COHORTS;

/// Numbers in one chunk of phases.
const CHUNK: usize = 1 << 16;
/// Chunks in one line: 134 million numbers, room for the largest sale and a thousand restarts.
/// Joining then answers `overloaded`.
const CHUNKS: usize = 2_048;
/// The largest number of a line.
pub const NUMBER_MAX: u64 = (CHUNK * CHUNKS) as u64;

/// Set in a cell once the watermark has reached its number: a phase and whether its end counts
/// change in one step, so that a change on one thread and the watermark on another count each end
/// exactly once.
const HAD_TURN: u8 = 0x80;

/// Where a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// Not given, as far as this process knows.
    Unknown = 0,
    /// Given, not claimed.
    Waiting = 1,
    /// Claimed: a pass is out.
    Claimed = 2,
    /// A purchase was made with it.
    Bought = 3,
    /// Given up by its person.
    Left = 4,
    /// Not claimed in time, or the pass expired.
    Lapsed = 5,
    /// Reserved before a restart and not known to have been given; whoever shows its ticket gets
    /// it.
    Vacant = 6,
    /// Lapsed, and its person came back: waits at the head of the line.
    Returned = 7,
    /// Came back and has its turn again; not claimed.
    Called = 8,
}

impl Phase {
    fn of(byte: u8) -> Phase {
        match byte & !HAD_TURN {
            1 => Phase::Waiting,
            2 => Phase::Claimed,
            3 => Phase::Bought,
            4 => Phase::Left,
            5 => Phase::Lapsed,
            6 => Phase::Vacant,
            7 => Phase::Returned,
            8 => Phase::Called,
            _ => Phase::Unknown,
        }
    }

    /// Whether nothing more will come of it.
    #[must_use]
    pub fn is_ended(self) -> bool {
        matches!(self, Phase::Bought | Phase::Left | Phase::Lapsed | Phase::Vacant)
    }
}

/// The numbers of one line.
#[derive(Debug)]
pub struct Places {
    last_number: AtomicU64,
    reserved: AtomicU64,
    watermark: AtomicU64,
    lapsed_up_to: AtomicU64,
    /// Signed, because on the way from one end to another the minus may be seen before the plus.
    ended: AtomicI64,
    /// How many passes are out; signed as above.
    passes: AtomicI64,
    /// How many turns were ever claimed.
    claims: AtomicU64,
    returned: Returned,
    cohorts: Cohorts,
    vacant: Vacant,
    chunks: Vec<OnceLock<Box<[AtomicU8]>>>,
}

impl Default for Places {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Places {
            last_number: zero(),
            reserved: zero(),
            watermark: zero(),
            lapsed_up_to: zero(),
            ended: AtomicI64::new(0),
            passes: AtomicI64::new(0),
            claims: zero(),
            returned: Returned::default(),
            cohorts: Cohorts::default(),
            vacant: Vacant::default(),
            chunks: (0..CHUNKS).map(|_| OnceLock::new()).collect(),
        }
    }
}

impl Places {
    /// The next number, or nothing when the reserved block is used up.
    pub fn take_number(&self) -> Option<u64> {
        let reserved = self.reserved.load(Ordering::SeqCst).min(NUMBER_MAX);
        let next = |last: u64| (last < reserved).then_some(last + 1);
        self.last_number
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, next)
            .ok()
            .map(|before| before + 1)
    }

    /// Numbers up to this one may be given: the reservation is durable.
    pub fn set_reserved(&self, up_to: u64) {
        self.reserved.fetch_max(up_to, Ordering::SeqCst);
        assert!(self.last_number() <= self.reserved(), "OR-6: a number beyond the reserved block");
    }

    /// The last number that may be given.
    #[must_use]
    pub fn reserved(&self) -> u64 {
        self.reserved.load(Ordering::SeqCst)
    }

    /// The last number given.
    #[must_use]
    pub fn last_number(&self) -> u64 {
        self.last_number.load(Ordering::SeqCst)
    }

    /// Numbers up to `number` count as given: used when a line is loaded.
    pub fn skip_to(&self, number: u64) {
        self.reserved.fetch_max(number, Ordering::SeqCst);
        self.last_number.fetch_max(number, Ordering::SeqCst);
        assert!(self.last_number() <= self.reserved(), "OR-6: a number beyond the reserved block");
    }

    /// Numbers up to `last` count as given, and those that nobody is known to hold are vacant: used
    /// once, when a line is loaded. Answers the runs of at least `shortest` vacant numbers, in
    /// order; walks only where numbers are known.
    pub fn vacate(&self, last: u64, shortest: u64) -> Vec<(u64, u64)> {
        self.skip_to(last);
        let (mut runs, mut lone): (Vec<(u64, u64)>, _) = (Vec::new(), Vec::new());
        let mut add = |from: u64, to: u64| match runs.last_mut() {
            Some((_, end)) if *end + 1 == from => *end = to,
            _ => runs.push((from, to)),
        };
        for (index, chunk) in self.chunks.iter().enumerate() {
            let first = (index * CHUNK) as u64 + 1;
            let end = last.min(first + CHUNK as u64 - 1);
            if first > end {
                break;
            }
            match chunk.get() {
                None => add(first, end),
                Some(cells) => {
                    for (number, cell) in (first..=end).zip(&**cells) {
                        match cell.load(Ordering::SeqCst) {
                            0 => add(number, number),
                            HAD_TURN => lone.push((number, number)),
                            _ => {}
                        }
                    }
                }
            }
        }
        runs.retain(|run| {
            let is_long = run.1 - run.0 + 1 >= shortest;
            lone.extend((!is_long).then_some(*run));
            is_long
        });
        // Short ones lie among others, and what had its turn is counted by its cell.
        for number in lone.into_iter().flat_map(|(from, to)| from..=to) {
            let is_vacant = self.change(number, Phase::Unknown, Phase::Vacant);
            assert!(is_vacant, "OR-6: a number that nobody holds moved during the load");
        }
        self.vacant.set(runs.clone());
        assert!(self.last_number() >= last, "OR-6: a vacant number could be given again");
        runs
    }

    /// Numbers at or under it have their turn.
    #[must_use]
    pub fn watermark(&self) -> u64 {
        self.watermark.load(Ordering::SeqCst)
    }

    /// Numbers at or under it are too late to be claimed.
    #[must_use]
    pub fn lapsed_up_to(&self) -> u64 {
        self.lapsed_up_to.load(Ordering::SeqCst)
    }

    /// How many numbers at or under the watermark have come to their end.
    #[must_use]
    pub fn ended(&self) -> u64 {
        u64::try_from(self.ended.load(Ordering::SeqCst)).unwrap_or(0)
    }

    /// Where a number stands.
    #[must_use]
    pub fn phase(&self, number: u64) -> Phase {
        match self.cell(number).map(|cell| Phase::of(cell.load(Ordering::SeqCst))) {
            None | Some(Phase::Unknown) if self.vacant.holds(number) => Phase::Vacant,
            phase => phase.unwrap_or(Phase::Unknown),
        }
    }

    /// Moves a number from one phase to another; answers whether it stood in the first.
    /// Keeps the count of ended numbers under the watermark.
    pub fn change(&self, number: u64, from: Phase, to: Phase) -> bool {
        assert!(to != Phase::Unknown, "OR-6: a number that was given is taken back");
        match from {
            Phase::Unknown if self.vacant.holds(number) => return false,
            Phase::Vacant if self.vacant.holds(number) => self.touch(number),
            _ => {}
        }
        let Some(cell) = self.cell_or_new(number) else { return false };
        let next = |byte: u8| (Phase::of(byte) == from).then_some(to as u8 | (byte & HAD_TURN));
        let Ok(before) = cell.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next) else {
            return false;
        };
        if before & HAD_TURN != 0 {
            let step = i64::from(to.is_ended()) - i64::from(from.is_ended());
            self.ended.fetch_add(step, Ordering::SeqCst);
        }
        self.count(number, from, to, before & HAD_TURN != 0);
        true
    }

    /// Keeps the counts that a change of phase moves.
    fn count(&self, number: u64, from: Phase, to: Phase, had_turn: bool) {
        let passes = i64::from(to == Phase::Claimed) - i64::from(from == Phase::Claimed);
        if passes != 0 {
            self.passes.fetch_add(passes, Ordering::SeqCst);
        }
        let is_claim = match to {
            Phase::Claimed => matches!(from, Phase::Waiting | Phase::Called | Phase::Returned),
            Phase::Bought => !matches!(from, Phase::Claimed | Phase::Lapsed | Phase::Left),
            _ => false,
        };
        if is_claim {
            self.claims.fetch_add(1, Ordering::SeqCst);
        }
        match (from, to) {
            (Phase::Returned, _) => self.returned.remove(number),
            (_, Phase::Returned) => self.returned.insert(number),
            _ => {}
        }
        if had_turn && from == Phase::Waiting {
            self.cohorts.moved_on(number, is_claim);
        }
    }

    /// A purchase was made with this number, whatever became of the place meanwhile: the pass was
    /// good when the purchase was decided. Answers where the number stood, in one step with the
    /// change; nothing when it had bought.
    pub fn buy(&self, number: u64) -> Option<Phase> {
        // In the order in which a place can move on, so that a move between two tries is not
        // missed.
        let before = [
            Phase::Unknown,
            Phase::Vacant,
            Phase::Waiting,
            Phase::Claimed,
            Phase::Lapsed,
            Phase::Left,
            // Twice around, for who lapsed can come back.
            Phase::Returned,
            Phase::Called,
            Phase::Claimed,
            Phase::Lapsed,
            Phase::Left,
        ];
        let from = before.into_iter().find(|from| self.change(number, *from, Phase::Bought));
        assert!(from.is_none() || self.phase(number) == Phase::Bought, "a purchase stands");
        from
    }

    /// The purchase made with this number came to nothing: its pass is good again, or over if its
    /// time is. Answers whether a purchase stood there.
    pub fn unbuy(&self, number: u64, is_good: bool) -> bool {
        let to = if is_good { Phase::Claimed } else { Phase::Lapsed };
        self.change(number, Phase::Bought, to)
    }

    /// Who is let in from here on is counted in this cohort.
    pub fn begin_cohort(&self, slot: usize) {
        self.cohorts.begin(slot, self.watermark());
    }

    /// What became of a cohort so far.
    #[must_use]
    pub fn cohort(&self, slot: usize) -> CohortCount {
        self.cohorts.count(slot)
    }

    /// Moves the watermark on; the move is durable. Counts those who came to their end while they
    /// waited. Answers how many people have their turn now and did not before.
    pub fn advance(&self, to: u64) -> u64 {
        let from = self.watermark();
        assert!(to >= from, "OR-6: the watermark moves back from {from} to {to}");
        let last = self.last_number();
        self.cohorts.extend(to.min(last));
        let mut people = 0;
        for run in self.vacant.within(from, to) {
            let untouched = self.vacant.touched().pass(run);
            self.ended.fetch_add(untouched.cast_signed(), Ordering::SeqCst);
        }
        // After the runs: who is touched from here on knows that the watermark has been there.
        for number in self.vacant.others(from, to) {
            let Some(cell) = self.cell_or_new(number) else { break };
            let before = cell.fetch_or(HAD_TURN, Ordering::SeqCst);
            let phase = Phase::of(before);
            if before & HAD_TURN == 0 && phase.is_ended() {
                self.ended.fetch_add(1, Ordering::SeqCst);
            }
            let is_waiting = matches!(phase, Phase::Waiting | Phase::Unknown);
            people += u64::from(is_waiting && number <= last);
        }
        self.watermark.store(to, Ordering::SeqCst);
        assert!(self.ended() <= to, "more ended than had their turn");
        people
    }

    /// Gives a number of a vacant run a cell of its own.
    fn touch(&self, number: u64) {
        let mut touched = self.vacant.touched();
        let Some(cell) = self.cell_or_new(number) else { return };
        if cell.load(Ordering::SeqCst) == 0 {
            let turn = if touched.touch(number) { HAD_TURN } else { 0 };
            cell.store(Phase::Vacant as u8 | turn, Ordering::SeqCst);
        }
    }

    /// The number that a watermark at `from` reaches by letting so many people in, if all come.
    #[must_use]
    pub fn reach(&self, from: u64, people: u64, up_to: u64) -> u64 {
        self.reach_for(from, people.saturating_mul(1_000), 1_000, up_to).0
    }

    /// The number that a watermark at `from` reaches, and what that costs, by letting people in for
    /// `budget` thousandths of a person. Those who came to their end while they waited, and numbers
    /// that were never given, are passed over for nothing; somebody who waits costs `share`
    /// thousandths; a number that nobody has yet costs a whole person, for who takes it claims at
    /// once. Never beyond `up_to`.
    #[must_use]
    pub fn reach_for(&self, from: u64, budget: u64, share: u64, up_to: u64) -> (u64, u64) {
        let last = self.last_number();
        let mut cost = 0;
        for number in self.vacant.others(from, up_to) {
            let price = match self.phase(number) {
                phase if phase.is_ended() => 0,
                _ if number <= last => share,
                _ => 1_000,
            };
            if cost + price > budget {
                return (number - 1, cost);
            }
            cost += price;
        }
        (up_to.max(from), cost)
    }

    /// How many of the numbers after `from` up to `to` are people who come in, or may still: what a
    /// move costs in rate.
    #[must_use]
    pub fn entering(&self, from: u64, to: u64) -> u64 {
        let others = self.vacant.others(from, to);
        others.map(|number| u64::from(!self.phase(number).is_ended())).sum()
    }

    /// Every number at or under `up_to` that still waits has lapsed. Answers how many.
    pub fn lapse(&self, up_to: u64) -> u64 {
        let from = self.lapsed_up_to();
        let up_to = up_to.min(self.watermark());
        let mut lapsed = 0;
        for number in self.vacant.others(from, up_to) {
            lapsed += u64::from(self.change(number, Phase::Waiting, Phase::Lapsed));
        }
        self.lapsed_up_to.fetch_max(up_to, Ordering::SeqCst);
        assert!(lapsed <= up_to.saturating_sub(from), "more lapsed than had their turn");
        lapsed
    }

    /// How many numbers have been given and wait for their turn (leavers among them included).
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.last_number().saturating_sub(self.watermark()) + self.returned()
    }

    /// In a replay: those who came back had their turn again. They wait to be claimed as everybody
    /// does whose turn had come before a start.
    pub fn call_again(&self, numbers: &[u64]) {
        let before = [Phase::Returned, Phase::Lapsed, Phase::Claimed];
        for number in numbers {
            let _ = before.into_iter().any(|from| self.change(*number, from, Phase::Waiting));
        }
    }

    /// How many passes are out.
    #[must_use]
    pub fn passes(&self) -> u64 {
        u64::try_from(self.passes.load(Ordering::SeqCst)).unwrap_or(0)
    }

    /// How many turns were ever claimed, as far as this process knows.
    #[must_use]
    pub fn claims(&self) -> u64 {
        self.claims.load(Ordering::SeqCst)
    }

    /// How many came back and wait for their second turn.
    #[must_use]
    pub fn returned(&self) -> u64 {
        self.returned.count()
    }

    /// The lowest `most` numbers that came back and wait.
    #[must_use]
    pub fn lowest_returned(&self, most: usize) -> Vec<u64> {
        let mut lowest = self.returned.lowest(most);
        lowest.retain(|number| {
            let is_there = self.phase(*number) == Phase::Returned;
            if !is_there {
                // It moved on between its change and this list's.
                self.returned.remove(*number);
            }
            is_there
        });
        lowest
    }

    /// How many who came back have a smaller number.
    #[must_use]
    pub fn returned_before(&self, number: u64) -> u64 {
        // They had a turn once: all of them stand before everybody whose turn has not come.
        if number > self.watermark() { self.returned() } else { self.returned.before(number) }
    }

    /// How many of the numbers after `from` up to `to` have a pass out.
    #[must_use]
    pub fn passes_between(&self, from: u64, to: u64) -> u64 {
        (from + 1..=to).map(|number| u64::from(self.phase(number) == Phase::Claimed)).sum()
    }

    /// How many are between their turn and its end.
    #[must_use]
    pub fn active(&self) -> u64 {
        let had_turn = self.watermark().min(self.last_number());
        had_turn.saturating_sub(self.ended()).saturating_sub(self.returned())
    }

    fn cell(&self, number: u64) -> Option<&AtomicU8> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.chunks.get(index / CHUNK)?.get().map(|chunk| &chunk[index % CHUNK])
    }

    fn cell_or_new(&self, number: u64) -> Option<&AtomicU8> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        let fresh = || (0..CHUNK).map(|_| AtomicU8::new(0)).collect();
        let chunk = self.chunks.get(index / CHUNK)?.get_or_init(fresh);
        Some(&chunk[index % CHUNK])
    }
}

mod drawn;

#[cfg(test)]
mod tests;
