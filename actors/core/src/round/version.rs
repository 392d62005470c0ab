//! The version of a round: what staff have seen of it before they decide. It grows with everything
//! that they do and with every step of its life, and is the same after a replay.
//!
//! What a crowd does by itself moves no version: places, purchases, watermarks, and the way between
//! open and sold out, which held stock may take many times a minute. An operator who looked a
//! second ago would else never come to act.

use super::{LifeCycle, Round};
use crate::Event;

impl Round {
    /// 1 when it is new.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether staff who have not seen this event decide on something else than what stands.
    pub(super) fn is_another_version(&self, event: &Event) -> bool {
        use LifeCycle::{Open, SoldOut};
        match event {
            Event::RoundMoved { to, .. } => {
                !matches!((self.state, *to), (Open, SoldOut) | (SoldOut, Open))
            }
            Event::RoundDefined { .. }
            | Event::WindowOpened { .. }
            | Event::WindowClosed { .. }
            | Event::DrawCommitted { .. }
            | Event::LobbyClosed { .. }
            | Event::ShareGiven { .. }
            | Event::Drawn { .. }
            | Event::InletChanged { .. }
            | Event::InletStepped { .. }
            | Event::NoticePosted { .. }
            | Event::NoticeWithdrawn { .. }
            | Event::OpeningAsked { .. }
            | Event::StockAsked { .. }
            | Event::StockChanged { .. }
            | Event::StockKept { .. } => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::round::Step;
    use crate::round_spec::{InletMode, LineId};
    use crate::tests::samples::round_of;

    #[test]
    fn what_staff_do_and_the_steps_of_a_life_move_the_version_and_a_crowd_does_not() {
        let mut round = Round::new(round_of(&["all 10:00-12:00 100k"]));
        let id = round.spec().id.clone();
        let moved = |to| Event::RoundMoved { round: id.clone(), to };
        let mut inlet = round.spec().inlet.clone();
        inlet.mode = InletMode::Shut;
        let spec = round.spec().clone();
        let mut journal = Vec::new();
        for (event, version) in [
            (Event::RoundDefined { spec }, 2),
            (moved(LifeCycle::Scheduled), 3),
            (moved(LifeCycle::Open), 4),
            (Event::NumbersReserved { round: id.clone(), line: LineId(0), up_to: 100 }, 4),
            (Event::WatermarkMoved { round: id.clone(), line: LineId(0), to: 9 }, 4),
            (Event::InletChanged { round: id.clone(), inlet }, 5),
            (moved(LifeCycle::SoldOut), 5),
            (moved(LifeCycle::Open), 5),
            (moved(LifeCycle::Paused), 6),
            (moved(LifeCycle::SoldOut), 7),
        ] {
            round.apply(&event);
            assert_eq!(round.version(), version, "{event:?}");
            journal.push(event);
        }
        // What is so already is another version to nobody.
        assert_eq!(round.decide_step(Step::Open), Ok(vec![]));
        let mut again = Round::new(round.spec().clone());
        journal.iter().for_each(|event| again.apply(event));
        assert_eq!(again.version(), round.version(), "replayed");
    }
}
