//! What everybody may see of the lobbies of a drawn round, and what an entry means for its person.
//!
//! An entry says nothing about anybody's place: no number, nobody ahead, and chances that are the
//! same for all who are there.

use super::{LineParts, LineView, Outlook, POLL, PlaceState, PlaceView, RoundView, vacant_between};
use crate::Won;
use crate::places::{Phase, Places};
use crate::round::{ClassDraw, Round, WindowPhase};
use crate::round_spec::LineId;
use crate::uptake::WHOLE_PPM;
use std::sync::Arc;

/// Up to this share of what the stock can serve, in percent, a purchase is likely.
const LIKELY_IN_DRAW_PERCENT: u64 = 80;
/// Up to this share of what the stock can serve, in percent, a purchase is possible for somebody
/// whose place is drawn: one in three gets one.
const POSSIBLE_IN_DRAW_PERCENT: u64 = 300;

/// A lobby in a snapshot.
#[derive(Debug, Clone)]
pub struct LobbyView {
    /// How far its draw has come.
    pub draw: ClassDraw,
    /// How many entries it has, those of people who left and those that nobody is known to hold
    /// included.
    pub entries: u64,
    /// How many of them somebody is known to have been given.
    pub people: u64,
    /// Once it is drawn: the numbers of the line that fell to entries that nobody was known to
    /// hold, in order. They may lie anywhere, so ranges would not do.
    pub vacant: Arc<[u32]>,
}

impl LobbyView {
    /// The lobbies of a round; none if it is not drawn. `of_line` answers the parts of a line.
    pub(super) fn of_round(round: &Round, of_line: impl Fn(usize) -> LineParts) -> Vec<LobbyView> {
        let view = |draw: &ClassDraw| {
            let (places, (_, vacant)) = of_line(draw.lobby.index());
            let entries = draw.closed.map_or_else(|| places.last_number(), |closed| closed.count);
            let people = entries - vacant_between(&vacant, 0, entries).min(entries);
            LobbyView { draw: draw.clone(), entries, people, vacant: Arc::default() }
        };
        round.draws().iter().map(view).collect()
    }

    /// How many of the numbers after `after` up to `up_to` fell to nobody.
    pub(super) fn vacant_between(&self, after: u64, up_to: u64) -> u64 {
        let below = |bound: u64| self.vacant.partition_point(|number| u64::from(*number) <= bound);
        below(up_to).saturating_sub(below(after)) as u64
    }
}

impl RoundView {
    /// With how many people a lobby is known to have been given entries: lost ones that were shown
    /// since its round was loaded are no runs of vacant numbers any more.
    pub fn set_lobby_people(&mut self, line: LineId, people: u64) {
        if let Some(lobby) = self.lobbies.get_mut(line.index()) {
            lobby.people = people;
        }
    }

    /// With the numbers that a draw gave to nobody. They neither wait nor are ahead of anybody.
    pub fn set_vacant_head(&mut self, line: LineId, vacant: Arc<[u32]>) {
        let (Some(lobby), Some(view)) =
            (self.lobbies.get_mut(line.index()), self.lines.get_mut(line.index()))
        else {
            return;
        };
        lobby.vacant = vacant;
        let waits_for = lobby.vacant_between(view.watermark, u64::MAX);
        view.waiting = view.waiting.saturating_sub(waits_for);
    }

    /// The lobby of a line, or the lobby that a line is.
    #[must_use]
    pub fn lobby(&self, line: LineId) -> Option<&LobbyView> {
        let line = self.spec.line_behind(line);
        self.lobbies.get(line.index())
    }

    /// How many wait in a line, those in its lobby among them (leavers included, as in a line).
    #[must_use]
    pub fn waiting_in(&self, line: &LineView) -> u64 {
        let lobby = self.lobbies.iter().find(|lobby| lobby.draw.class == line.class);
        match lobby {
            Some(lobby) if lobby.draw.closed.is_none() => line.waiting + lobby.people,
            // The line counts every entry as a number now, and which fall to nobody is not drawn.
            Some(lobby) if lobby.draw.drawn.is_none() => {
                line.waiting.saturating_sub(lobby.entries.saturating_sub(lobby.people))
            }
            _ => line.waiting,
        }
    }

    /// How many wait in all lines and lobbies.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.lines.iter().map(|line| self.waiting_in(line)).sum()
    }

    /// How the chances of everybody are who is in a lobby.
    #[must_use]
    pub fn outlook_of_lobby(&self, lobby: &LobbyView) -> Outlook {
        let line = lobby.draw.line;
        self.outlook_in_lobby(line, self.state_in_lobby(line, Phase::Unknown))
    }

    fn state_in_lobby(&self, line: LineId, phase: Phase) -> PlaceState {
        match self.place_state(line, u64::MAX, 0, phase) {
            // The window has opened and the draw is about to take place.
            PlaceState::Waiting | PlaceState::Admitted => PlaceState::Lobby,
            state => state,
        }
    }

    /// Where an entry stands that is not drawn.
    pub(super) fn entry(&self, lobby: LineId, entry: u64, places: &Places) -> PlaceView {
        let line = self.spec.line_behind(lobby);
        let state = self.state_in_lobby(line, places.phase(entry));
        let is_ahead = self.window_of(line).phase == WindowPhase::Ahead;
        let poll = match state {
            PlaceState::Lobby if is_ahead => self.poll_in_lobby(line),
            PlaceState::Lobby => POLL.lobby_millis,
            _ => POLL.most_millis,
        };
        PlaceView {
            state,
            watermark: self.lines[line.index()].watermark,
            ahead: 0,
            eta: None,
            outlook: self.outlook_in_lobby(line, state),
            poll_after_millis: poll.clamp(POLL.least_millis, POLL.most_millis),
        }
    }

    fn outlook_in_lobby(&self, line: LineId, state: PlaceState) -> Outlook {
        let in_reach = self.in_reach(self.window_of(line));
        if matches!(state, PlaceState::SoldOut | PlaceState::Closed) || in_reach == Won::ZERO {
            return Outlook::No;
        }
        let served = u64::try_from(in_reach.0 / self.mean_purchase.0.max(1)).unwrap_or(0).max(1);
        let people = self.lobby(line).map_or(0, |lobby| lobby.people);
        let share_ppm = self.lines[self.spec.line_behind(line).index()].uptake.share_ppm;
        let competing = people.saturating_mul(share_ppm) / WHOLE_PPM;
        match competing.saturating_mul(100) / served {
            0..LIKELY_IN_DRAW_PERCENT => Outlook::Likely,
            LIKELY_IN_DRAW_PERCENT..POSSIBLE_IN_DRAW_PERCENT => Outlook::Possible,
            _ => Outlook::Unlikely,
        }
    }
}
