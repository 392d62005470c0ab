//! More or less stock for a window, by two persons: one asks, another one confirms or refuses.
//!
//! A round has one open ask at most, and it ends by its answer or by its own time. Never below what
//! is sold and held. Knows no roles: who may ask and who may answer is the edge's to say, that they
//! are two persons is decided here.

use crate::round::{LifeCycle, Round, Window, WindowPhase};
use crate::{Event, Refusal, Timestamp, WindowId, Won};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How long an ask stands: long enough to find the second person, and short enough that nobody
/// confirms in the evening what was meant for the morning.
pub const ASK_STANDS_MILLIS: i64 = 60 * 60 * 1_000;

/// An ask: a UUIDv7 made at the edge, written as 32 digits of hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StockAskId(pub u128);

impl TryFrom<String> for StockAskId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let id = (text.len() == 32).then(|| u128::from_str_radix(&text, 16).ok()).flatten();
        id.map(StockAskId).ok_or("the id of an ask is 32 digits of hexadecimal")
    }
}

impl From<StockAskId> for String {
    fn from(id: StockAskId) -> String {
        format!("{:032x}", id.0)
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockAsk {
    /// Its id.
    pub id: StockAskId,
    /// For which window.
    pub window: WindowId,
    /// How much more; less when negative.
    pub change: Won,
    /// Who asked: nobody of this name may confirm.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl StockAsk {
    /// From when on nobody can answer it any more.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.at.plus_millis(ASK_STANDS_MILLIS)
    }
}

/// The asks of a round.
#[derive(Debug, Clone, Default)]
pub(crate) struct StockAsks {
    /// Not answered; perhaps its time is over.
    waiting: Option<Arc<StockAsk>>,
    /// What was answered last, and whether by yes: who answers again hears the same again.
    answered: Option<(Arc<StockAsk>, bool)>,
}

/// An answer to an ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockAnswer {
    /// To which.
    pub id: StockAskId,
    /// Who answers.
    pub by: String,
    /// Yes, or no.
    pub is_confirmed: bool,
}

impl Round {
    /// The ask that waits for its second person at this moment.
    #[must_use]
    pub fn stock_ask(&self, now: Timestamp) -> Option<&Arc<StockAsk>> {
        self.asks.stock.waiting.as_ref().filter(|ask| now < ask.ends_at())
    }

    /// Whether more or less stock may be asked for. `unit`: of the program.
    ///
    /// # Errors
    /// `Malformed` for no change, one that is no multiple of the unit or too large, or a window
    /// that is not there; `WrongState` when nothing can be sold from it any more, or the round can
    /// still be defined anew; `AskPending`; `InsufficientStock` when less is left than would go.
    pub fn decide_stock_ask(&self, unit: Won, ask: &StockAsk) -> Result<Event, Refusal> {
        let malformed = |detail: &str| Err(Refusal::Malformed { detail: detail.to_owned() });
        if ask.change == Won::ZERO || ask.change.0 % unit.0 != 0 {
            return malformed("change_won is a multiple of the program's unit, and not 0");
        }
        if ask.change > Won::MAX_REQUEST || ask.change < Won::ZERO.minus(Won::MAX_REQUEST) {
            return malformed("change_won is at most 10^15 won");
        }
        if !self.windows().iter().any(|window| window.spec.id == ask.window) {
            return malformed("the round has no window of this id");
        }
        self.check_stock_change(&ask.window, ask.change)?;
        if self.stock_ask(ask.at).is_some() {
            return Err(Refusal::AskPending);
        }
        // From here it must succeed.
        Ok(Event::StockAsked { round: self.spec().id.clone(), ask: ask.clone() })
    }

    /// What an answer to an ask comes to. What was possible when it was asked is looked at again.
    /// The same answer to what was answered last changes nothing: whoever lost the first one hears
    /// how it stands.
    ///
    /// # Errors
    /// `AskNotFound`, also when its time is over; to a yes also `SecondPersonRequired` from
    /// whoever asked, `WrongState` and `InsufficientStock` as for the ask.
    pub fn decide_stock_answer(
        &self,
        now: Timestamp,
        answer: &StockAnswer,
    ) -> Result<Option<Event>, Refusal> {
        let waiting = self.stock_ask(now).filter(|ask| ask.id == answer.id);
        let is_same = |(ask, was_confirmed): &&(Arc<StockAsk>, bool)| {
            ask.id == answer.id && *was_confirmed == answer.is_confirmed
        };
        let answered = self.asks.stock.answered.as_ref().filter(is_same).map(|(ask, _)| ask);
        let ask = waiting.or(answered).ok_or(Refusal::AskNotFound)?;
        if answer.is_confirmed && ask.by == answer.by {
            return Err(Refusal::SecondPersonRequired);
        }
        let (round, id) = (self.spec().id.clone(), ask.id);
        if waiting.is_none() {
            return Ok(None);
        }
        if !answer.is_confirmed {
            return Ok(Some(Event::StockKept { round, id }));
        }
        self.check_stock_change(&ask.window, ask.change)?;
        // From here it must succeed.
        let (window, change) = (ask.window.clone(), ask.change);
        Ok(Some(Event::StockChanged { round, id, window, change }))
    }

    fn check_stock_change(&self, window: &WindowId, change: Won) -> Result<(), Refusal> {
        use LifeCycle::{Lobby, Open, Paused, SoldOut};
        let state = self.state();
        let found = self.windows().iter().find(|it| it.spec.id == *window);
        let alive = found.filter(|window| window.phase != WindowPhase::Over);
        let Some(window) = alive.filter(|_| matches!(state, Lobby | Open | Paused | SoldOut))
        else {
            return Err(Refusal::WrongState { state });
        };
        let left = window.stock.left;
        if left.plus(change) < Won::ZERO {
            return Err(Refusal::InsufficientStock { remaining_won: left });
        }
        if window.stock.total.plus(change) > Won::MAX_REQUEST {
            let detail = "a window has at most 10^15 won".to_owned();
            return Err(Refusal::Malformed { detail });
        }
        Ok(())
    }

    /// Takes an event of an ask in.
    pub(crate) fn apply_stock_ask(&mut self, event: &Event) {
        match event {
            Event::StockAsked { ask, .. } => self.asks.stock.waiting = Some(Arc::new(ask.clone())),
            Event::StockKept { id, .. } => self.end_ask(*id, false),
            Event::StockChanged { id, window, change, .. } => {
                self.end_ask(*id, true);
                let window = self.window_mut(window);
                assert!(window.phase != WindowPhase::Over, "OR-1: stock for what is over");
                window.grant(*change);
            }
            _ => {}
        }
    }

    fn end_ask(&mut self, id: StockAskId, is_confirmed: bool) {
        let ended = self.asks.stock.waiting.take().filter(|ask| ask.id == id);
        self.asks.stock.answered =
            Some((ended.expect("an answer to what was asked"), is_confirmed));
    }
}

impl Window {
    /// What two persons agreed on comes or goes.
    fn grant(&mut self, change: Won) {
        self.granted = self.granted.plus(change);
        if change > Won::ZERO {
            self.stock.move_in(change);
        } else {
            self.passed_on(Won::ZERO.minus(change));
        }
    }
}

#[cfg(test)]
mod tests;
