//! OR-5, OR-6 and OR-9: the order of a line, numbers given once and honoured, and passes that are
//! one's own and good for one purchase.

use super::Auditor;
use crate::sim::house::Placed;
use crate::sim::people::{Request, Wish, number_of};
use openrun_core::purchase::PassId;
use openrun_core::queue::ShownTicket;
use openrun_core::round_spec::LineId;
use openrun_core::{Purchase, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A line by what is written and answered.
#[derive(Debug, Default)]
pub(super) struct LineBook {
    reserved: u64,
    watermark: u64,
    owners: BTreeMap<u64, u32>,
    claims: BTreeMap<u64, Timestamp>,
    /// Numbers that are in use for a purchase that is not voided.
    used: BTreeSet<u64>,
    highest_answered: u64,
    /// Numbers that lapsed and came back, and those of them that wait.
    returned: BTreeSet<u64>,
    waiting: BTreeSet<u64>,
}

impl Auditor {
    /// For each line of a round the highest new number that was answered.
    pub fn floors(&self, round: usize) -> [u64; 4] {
        let mut floors = [0; 4];
        for (floor, line) in floors.iter_mut().zip(&self.rounds[round].lines) {
            *floor = line.highest_answered;
        }
        floors
    }

    fn line(&mut self, round: usize, line: LineId) -> &mut LineBook {
        &mut self.rounds[round].lines[line.index()]
    }

    pub(super) fn reserved(&mut self, round: usize, line: LineId, up_to: u64) {
        let book = self.line(round, line);
        let was = std::mem::replace(&mut book.reserved, up_to);
        self.must(up_to > was, "OR-6", || format!("numbers up to {up_to} reserved after {was}"));
    }

    pub(super) fn advanced(&mut self, round: usize, line: LineId, to: u64) {
        let book = self.line(round, line);
        let was = std::mem::replace(&mut book.watermark, to);
        let first = book.waiting.first().copied();
        self.must(to > was, "OR-6", || format!("the watermark moves from {was} to {to}"));
        self.must(first.is_none(), "OR-5", || {
            format!("the watermark moves to {to} while {first:?} came back and waits")
        });
    }

    pub(super) fn left(&mut self, round: usize, line: LineId, number: u64) {
        self.line(round, line).waiting.remove(&number);
    }

    pub(super) fn came_back(&mut self, round: usize, line: LineId, number: u64, person: u32) {
        self.own(round, line, number, person);
        let book = self.line(round, line);
        let is_first = book.returned.insert(number);
        book.waiting.insert(number);
        let has_had_turn = number <= book.watermark;
        self.must(is_first, "OR-5", || format!("number {number} came back twice"));
        self.must(has_had_turn, "OR-5", || format!("number {number} came back and had no turn"));
    }

    pub(super) fn called(&mut self, round: usize, line: LineId, numbers: &[u64]) {
        for number in numbers {
            let book = self.line(round, line);
            let first = book.waiting.first().copied();
            book.waiting.remove(number);
            // They may have left since.
            let is_next = first.is_none_or(|first| first >= *number);
            self.must(is_next, "OR-5", || format!("{number} has its turn before {first:?}"));
        }
    }

    fn own(&mut self, round: usize, line: LineId, number: u64, person: u32) {
        let book = self.line(round, line);
        let owner = *book.owners.entry(number).or_insert(person);
        let is_reserved = number <= book.reserved;
        self.must(owner == person, "OR-6", || {
            format!("number {number} of {owner} was given to {person} too")
        });
        self.must(is_reserved, "OR-6", || format!("number {number} was given before reserved"));
    }

    pub(super) fn joined(&mut self, round: usize, line: LineId, number: u64, person: u32) {
        self.own(round, line, number, person);
        // Joining again gives up the place that they had.
        let book = self.line(round, line);
        let is_theirs = |other: &u64| *other != number && book.owners.get(other) == Some(&person);
        let former: Vec<u64> = book.waiting.iter().copied().filter(is_theirs).collect();
        book.waiting.retain(|number| !former.contains(number));
    }

    pub(super) fn claimed(
        &mut self,
        round: usize,
        line: LineId,
        number: u64,
        person: u32,
        expires_at: Timestamp,
    ) {
        self.own(round, line, number, person);
        let book = self.line(round, line);
        let has_turn = number <= book.watermark;
        book.claims.insert(number, expires_at);
        book.waiting.remove(&number);
        self.must(has_turn, "OR-5", || format!("number {number} was claimed before its turn"));
    }

    pub(super) fn take_pass(&mut self, round: usize, purchase: &Purchase) {
        let (PassId { line, number }, person) = (purchase.pass, number_of(purchase.person));
        if let Some(serial) = purchase.serial_number() {
            let book = &mut self.rounds[round];
            book.last_serial += 1;
            let last = book.last_serial;
            return self.must(serial == last, "OR-6", || {
                format!("paper with serial number {serial}, the next is {last}")
            });
        }
        let book = self.line(round, line);
        let is_theirs = book.owners.get(&number) == Some(&person);
        let is_good = book.claims.get(&number).is_some_and(|until| purchase.at < *until);
        let is_fresh = book.used.insert(number);
        self.must(is_theirs && is_good, "OR-9", || {
            format!("person {person} bought without a good pass of number {number}")
        });
        self.must(is_fresh, "OR-9", || format!("the pass of number {number} was used twice"));
    }

    pub(super) fn free_pass(&mut self, round: usize, pass: PassId) {
        self.line(round, pass.line).used.remove(&pass.number);
    }

    /// Somebody shows a ticket, perhaps to give its place up. A person has one place: whoever shows
    /// another ticket than the last one may be moved, and who leaves has none; nothing is promised
    /// of the last one from then on.
    pub(super) fn showing(&mut self, request: &Request, shown: ShownTicket, is_leaving: bool) {
        let place = (request.person, request.round, shown.line.index());
        if is_leaving || self.tickets.get(&place) != Some(&shown.number) {
            self.tickets.remove(&place);
        }
    }

    /// A place is answered.
    pub(super) fn place_answered(&mut self, request: &Request, placed: &Placed) {
        let Placed { is_new, line, number, .. } = *placed;
        let (round, person) = (request.round, request.person);
        self.own(round, line, number, person);
        let floor = request.floors[line.index()];
        self.must(!is_new || number > floor, "OR-5", || {
            format!("{number} was given after {floor} had been answered")
        });
        if let Wish::Join { shown: Some(shown) } = &request.wish {
            self.check_honoured(round, person, *shown, placed);
        }
        let book = self.line(round, line);
        if is_new {
            book.highest_answered = book.highest_answered.max(number);
        }
        self.tickets.insert((person, round, line.index()), number);
    }

    /// Whoever shows the last ticket that they were answered keeps its place, or one further ahead
    /// that they proved since, if its turn has not come and it was not given up.
    fn check_honoured(&mut self, round: usize, person: u32, shown: ShownTicket, placed: &Placed) {
        let index = shown.line.index();
        let last = self.tickets.get(&(person, round, index)).copied();
        let later = (person, round, index + 1)..(person, round, usize::MAX);
        let has_later = self.tickets.range(later).next().is_some();
        let book = self.line(round, shown.line);
        let is_waiting = shown.number > book.watermark;
        let is_last = last == Some(shown.number) && !has_later;
        let is_kept = placed.line != shown.line || placed.number <= shown.number;
        self.must(is_kept || !is_waiting || !is_last, "OR-6", || {
            format!("person {person} showed {} and got {}", shown.number, placed.number)
        });
    }

    /// A claim is answered.
    pub(super) fn claim_answered(&mut self, round: usize, shown: ShownTicket) {
        let has_turn = shown.number <= self.line(round, shown.line).watermark;
        self.must(has_turn, "OR-5", || format!("{} got a pass before its turn", shown.number));
    }
}
