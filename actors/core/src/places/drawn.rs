//! How the places of a lobby become places of its line: each entry's phase goes to the number that
//! was drawn for it.

use super::{Phase, Places};
use crate::draw::DrawnOrder;

impl Places {
    /// Takes the entries of `lobby` in, at the numbers of the order. Whoever waits there waits
    /// here, who left there has left here, and what nobody is known to hold is vacant: its ticket,
    /// if there is one, is the proof.
    ///
    /// Can be done again: what happened in the lobby since then is taken in as well. To be done
    /// before the watermark moves.
    pub fn take_in(&self, lobby: &Places, order: &DrawnOrder) {
        assert_eq!(self.watermark(), 0, "OR-5: somebody had a turn before the draw");
        for entry in 1..=order.count() {
            self.take_in_entry(lobby, order, entry);
        }
    }

    /// The same for one entry.
    pub fn take_in_entry(&self, lobby: &Places, order: &DrawnOrder, entry: u64) {
        let Some(number) = order.number_of(entry) else { return };
        let _ = match lobby.phase(entry) {
            Phase::Waiting => {
                self.change(number, Phase::Unknown, Phase::Waiting)
                    || self.change(number, Phase::Vacant, Phase::Waiting)
            }
            Phase::Unknown | Phase::Vacant => self.change(number, Phase::Unknown, Phase::Vacant),
            // Nobody has had a turn in a lobby: nothing else than leaving has happened there.
            _ => {
                self.change(number, Phase::Unknown, Phase::Left)
                    || self.change(number, Phase::Vacant, Phase::Left)
                    || self.change(number, Phase::Waiting, Phase::Left)
            }
        };
        assert!(self.phase(number) != Phase::Unknown, "OR-6: a drawn number could be given again");
    }
}
