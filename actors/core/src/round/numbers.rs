//! The numbers of a round's lines: blocks that are reserved before any of them is given. Which
//! number somebody gets is the line's one sequence ([`crate::places`]).

use super::{NUMBER_BLOCK, Round};
use crate::Event;
use crate::round_spec::LineId;

impl Round {
    /// The next block of numbers of a line, when less than half a block is left.
    #[must_use]
    pub fn decide_reserve(&self, line: LineId, last_number: u64) -> Option<Event> {
        self.decide_reserve_block(line, last_number, NUMBER_BLOCK)
    }

    /// As [`Round::decide_reserve`], with blocks of another size: a small sale never comes to the
    /// end of a large one.
    #[must_use]
    pub fn decide_reserve_block(
        &self,
        line: LineId,
        last_number: u64,
        block: u64,
    ) -> Option<Event> {
        assert!(block > 0, "a block without numbers");
        let reserved = self.lines[line.index()].reserved;
        let is_plenty = reserved.saturating_sub(last_number) >= block / 2;
        let round = self.spec.id.clone();
        let up_to = reserved.max(last_number) + block;
        let is_due = !is_plenty && self.takes_numbers(line, up_to);
        is_due.then_some(Event::NumbersReserved { round, line, up_to })
    }
}
