//! Letting people in by hand: with mode `manual` the watermark moves only as far as an operator's
//! steps, and no faster than the other policies allow.

use super::{LifeCycle, Round};
use crate::places::Places;
use crate::round_spec::{InletMode, LineId};
use crate::{Event, Refusal};
use std::sync::Arc;

/// People let in by one step at most: so many numbers are walked over within a millisecond. More
/// take more steps.
pub const STEP_MAX: u64 = 100_000;

impl Round {
    /// So many more people are let in: of the line that sells now, the first of several. Who comes
    /// to an end before their turn does not count.
    ///
    /// # Errors
    /// `Malformed` for no people or too many; `WrongState` when the round is not open, or the inlet
    /// is not steered by hand.
    pub fn decide_inlet_step(&self, people: u64, places: &[Arc<Places>]) -> Result<Event, Refusal> {
        if !(1..=STEP_MAX).contains(&people) {
            return Err(Refusal::Malformed { detail: "people is 1 to 100000".to_owned() });
        }
        let wrong_state = Refusal::WrongState { state: self.state };
        let is_by_hand = self.spec.inlet.mode == InletMode::Manual;
        if self.state != LifeCycle::Open || !is_by_hand {
            return Err(wrong_state);
        }
        let ids = (0..).map(LineId).take(self.lines.len());
        let mut open = ids.filter(|id| self.open_window_of(*id).is_some());
        let line = open.next().ok_or(wrong_state)?;
        // From here it must succeed.
        let (here, places) = (&self.lines[line.index()], &places[line.index()]);
        let from = here.stepped_to.max(here.watermark);
        let up_to = places.last_number().max(from) + people;
        let to = places.reach(from, people, up_to);
        assert!(to > from, "a step that leads nowhere");
        Ok(Event::InletStepped { round: self.spec.id.clone(), line, people, to })
    }
}
