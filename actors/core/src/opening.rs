//! Opening a round by two persons, when the round says so: an operator asks, somebody else confirms
//! by the same step.
//!
//! What opens a round is `schedule` (from then on the clock opens it) and `open`. An ask is for the
//! round as it is defined when it is asked: a new definition ends it. So does its confirmation, and
//! its own time. Who is an operator and who may confirm is the edge's to say; that they are two
//! persons is decided here.

use crate::round::{LifeCycle, Round, Step};
use crate::round_spec::RoundSpec;
use crate::stock_ask::{ASK_STANDS_MILLIS, StockAsks};
use crate::{Event, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many persons it takes to open a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// An operator.
    #[default]
    OnePerson,
    /// An operator who asks, and somebody else who confirms.
    TwoPersons,
}

impl Opening {
    /// Whether nothing need be said of it: rounds of before there was a choice say nothing.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Opening::OnePerson
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningAsk {
    /// By which step: `schedule` or `open`.
    pub step: Step,
    /// Who asked: nobody of this name may confirm.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl OpeningAsk {
    /// From when on nobody can confirm it any more.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.at.plus_millis(ASK_STANDS_MILLIS)
    }
}

/// Who takes a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Their name.
    pub name: String,
    /// Whether they confirm what others ask for, and ask for nothing themselves.
    pub confirms: bool,
}

/// What waits for a second person in a round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asks {
    /// More or less stock.
    pub(crate) stock: StockAsks,
    /// Opening; perhaps its time is over.
    opening: Option<Arc<OpeningAsk>>,
}

impl Asks {
    /// Takes an event in that has to do with opening.
    pub(crate) fn apply_opening(&mut self, event: &Event) {
        match event {
            Event::OpeningAsked { ask, .. } => self.opening = Some(Arc::new(ask.clone())),
            Event::RoundMoved { .. } => self.opening = None,
            _ => {}
        }
    }
}

impl Round {
    /// The ask to open that waits for its second person at this moment.
    #[must_use]
    pub fn opening_ask(&self, now: Timestamp) -> Option<&Arc<OpeningAsk>> {
        self.asks.opening.as_ref().filter(|ask| now < ask.ends_at())
    }

    /// What a step comes to that somebody takes. Of two persons the first one's is an ask.
    ///
    /// # Errors
    /// Those of [`Round::decide_step`]; `Forbidden` to who only confirms, where one person is
    /// enough; `AskPending` to another ask than the one that waits, unless it is the same person's;
    /// to a confirmation `AskNotFound`, and `SecondPersonRequired` from whoever asked.
    pub fn decide_step_by(
        &self,
        now: Timestamp,
        step: Step,
        by: &By,
    ) -> Result<Vec<Event>, Refusal> {
        let takes_two = self.spec().opening == Opening::TwoPersons
            && matches!(step, Step::Schedule | Step::Open);
        if by.confirms && !takes_two {
            return Err(Refusal::Forbidden);
        }
        let events = self.decide_step(step)?;
        // Where the round already is, there is nothing to agree on.
        if !takes_two || events.is_empty() {
            return Ok(events);
        }
        let waiting = self.opening_ask(now);
        if by.confirms {
            let ask = waiting.filter(|ask| ask.step == step).ok_or(Refusal::AskNotFound)?;
            return if ask.by == by.name { Err(Refusal::SecondPersonRequired) } else { Ok(events) };
        }
        match waiting {
            Some(ask) if ask.by != by.name => Err(Refusal::AskPending),
            Some(ask) if ask.step == step => Ok(vec![]),
            _ => {
                let (round, by) = (self.spec().id.clone(), by.name.clone());
                Ok(vec![Event::OpeningAsked { round, ask: OpeningAsk { step, by, at: now } }])
            }
        }
    }

    /// Whether two persons' agreement stands in the way of another definition.
    ///
    /// # Errors
    /// `SecondPersonRequired` when one person would open from then on what took two;
    /// `WrongState` once two persons have scheduled it: what they agreed on stands; or when two are
    /// asked for once one person has scheduled it.
    pub(crate) fn check_agreed(&self, spec: &RoundSpec) -> Result<(), Refusal> {
        if self.spec().opening != Opening::TwoPersons {
            // What one person has scheduled is not what two have agreed on.
            let is_late = self.state() != LifeCycle::Draft;
            return match spec.opening {
                Opening::TwoPersons if is_late => Err(Refusal::WrongState { state: self.state() }),
                _ => Ok(()),
            };
        }
        if spec.opening != Opening::TwoPersons {
            return Err(Refusal::SecondPersonRequired);
        }
        match self.state() {
            LifeCycle::Draft => Ok(()),
            state => Err(Refusal::WrongState { state }),
        }
    }
}

#[cfg(test)]
mod tests;
