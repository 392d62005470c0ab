//! In which order people come to their turn, and the lines that a drawn round has for it.
//!
//! A drawn round has for each line a second one, its *lobby*: people who come before the opening
//! stand there under a number that says nothing (an entry). Its watermark never moves. At the
//! opening the lobby closes, is drawn, and its people stand at the head of the line itself. Who
//! comes later stands behind them. How it is drawn is in [`crate::draw`].

use super::{Eligibility, LineId, RoundSpec, SECONDS_MAX, SpecFault};
use crate::draw::{ShareSpec, check_specs};
use serde::{Deserialize, Serialize};

/// In which order people come to their turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By arrival.
    Fifo,
    /// Who is in the lobby at the opening by draw, who comes later behind them by arrival.
    Draw(DrawSpec),
}

/// What is fixed about a draw beforehand, beside its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawSpec {
    /// What others add to the seed once the lobby has closed.
    pub shares: Vec<ShareSpec>,
    /// How long they are waited for, in seconds.
    pub shares_within_s: u32,
}

impl RoundSpec {
    /// What is fixed about the draw, if the round is drawn.
    #[must_use]
    pub fn draw(&self) -> Option<&DrawSpec> {
        match &self.order {
            Order::Fifo => None,
            Order::Draw(draw) => Some(draw),
        }
    }

    /// The eligibility of every line: those of [`RoundSpec::lines`], and in a drawn round the same
    /// again for their lobbies.
    #[must_use]
    pub fn lines_with_lobbies(&self) -> Vec<Eligibility> {
        let times = if self.draw().is_some() { 2 } else { 1 };
        std::iter::repeat_n(self.lines(), times).flatten().collect()
    }

    /// The lobby of a line, if it has one.
    #[must_use]
    pub fn lobby_of(&self, line: LineId) -> Option<LineId> {
        self.draw()?;
        let count = self.lines().len();
        let lobby = u8::try_from(count + line.index()).ok().map(LineId);
        lobby.filter(|_| line.index() < count)
    }

    /// Whether a line is the lobby of another.
    #[must_use]
    pub fn is_lobby(&self, line: LineId) -> bool {
        self.draw().is_some() && line.index() >= self.lines().len()
    }

    /// The line that people of a lobby come to stand in; of any other line itself.
    #[must_use]
    pub fn line_behind(&self, line: LineId) -> LineId {
        if !self.is_lobby(line) {
            return line;
        }
        let behind = line.index() - self.lines().len();
        LineId(u8::try_from(behind).expect("less than the number of the lobby"))
    }

    /// Whether the order can stand.
    pub(super) fn check_order(&self) -> Result<(), SpecFault> {
        let Some(DrawSpec { shares, shares_within_s }) = self.draw() else { return Ok(()) };
        if check_specs(shares).is_err() {
            return Err(SpecFault::SharesNotSound);
        }
        if shares.is_empty() {
            return Ok(());
        }
        if self.lines().len() > 1 {
            return Err(SpecFault::SharesOfSeveralClasses);
        }
        if !(1..=SECONDS_MAX).contains(shares_within_s) {
            return Err(SpecFault::SharesWithinOutOfBounds);
        }
        Ok(())
    }
}
