//! The counter: between what a caller asks and what the book says, the faults.
//!
//! Each call goes through the same stations: before it is recorded, the recording, after it. What
//! the faults are and how often they strike is [`Modes`]'; how an outcome looks on the wire is the
//! face's.

use super::book::{Fate, Said, State, View};
use super::desk::{Ask, Desk, Done};
use super::modes::{Chance, Mode, Modes};
use super::news::News;
use dashmap::DashMap;
use openrun_actors::Clock;
use openrun_core::{PurchaseId, Won};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How long a brown-out keeps callers waiting whom it does not answer.
const BROWNOUT_HANGS: Duration = Duration::from_secs(10);
/// How much is captured too much.
const WRONG_BY: Won = Won(1_000);
/// Kinds of garbled answers.
pub(super) const GARBLES: u64 = 7;

// Questions to chance that are no mode's.
const LATENCY: u64 = 101;
const EXTRA: u64 = 102;
const WHICH: u64 = 103;

/// A call about an order, as both contracts have it.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Authorise { order: PurchaseId, date: String, amount: Won },
    Inquire { order: PurchaseId, date: Option<String> },
    Cancel { order: PurchaseId, bar_on: Option<String> },
    Refund { order: PurchaseId, date: Option<String>, refund: PurchaseId, amount: Won },
}

/// What a call comes to.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// As it should be.
    Answer(Done),
    /// The answer in one of [`GARBLES`] wrong forms.
    Garbled(Done, u64),
    /// 500 after it was recorded.
    Failed,
    /// 503 instead of anything.
    Busy,
    /// Another address instead of anything.
    Redirect,
    /// Nothing.
    Close,
}

/// All that calls share.
pub(super) struct Counter {
    pub desk: Desk,
    seed: u64,
    modes: RwLock<Arc<Modes>>,
    news: Option<News>,
    clock: Arc<dyn Clock>,
    /// How often a call of this kind was made about an order. Grows with the orders, as the book
    /// does.
    attempts: DashMap<(u128, u64), u64>,
}

impl Call {
    pub fn order(&self) -> PurchaseId {
        match self {
            Call::Authorise { order, .. }
            | Call::Inquire { order, .. }
            | Call::Cancel { order, .. }
            | Call::Refund { order, .. } => *order,
        }
    }

    fn kind(&self) -> u64 {
        match self {
            Call::Authorise { .. } => 1,
            Call::Inquire { .. } => 2,
            Call::Cancel { .. } => 3,
            Call::Refund { .. } => 4,
        }
    }
}

impl Counter {
    pub fn new(
        desk: Desk,
        modes: Modes,
        seed: u64,
        news: Option<News>,
        clock: Arc<dyn Clock>,
    ) -> Counter {
        let (modes, attempts) = (RwLock::new(Arc::new(modes)), DashMap::new());
        Counter { desk, seed, modes, news, clock, attempts }
    }

    /// The faults of now.
    pub fn modes(&self) -> Arc<Modes> {
        Arc::clone(&self.modes.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Other faults from here on.
    pub fn change_modes(&self, modes: Modes) {
        *self.modes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(modes);
    }

    /// Takes a call through all stations.
    pub async fn take(&self, call: Call) -> Outcome {
        let modes = self.modes();
        let (order, kind) = (call.order(), call.kind());
        let attempt = self.count(order, kind);
        let chance = Chance::of(self.seed, order.0, kind, attempt);
        if let Some(lost) = self.before(&modes, chance).await {
            return lost;
        }
        let is_payment = matches!(call, Call::Authorise { .. });
        if is_payment && chance.strikes(Mode::Reorder, &modes) {
            pause(chance.between(EXTRA, 1.0, 4.0)).await;
        }
        if let Call::Authorise { amount, .. } = &call
            && chance.strikes(Mode::ApproveUncaptured, &modes)
        {
            let (state, captured, refunded) = (State::Approved, *amount, Won::ZERO);
            let said = Said::Order(View { order, state, captured, refunded });
            return Outcome::Answer(Done { said, wrote: false });
        }
        let is_first = attempt == 0;
        let Some(done) = self.desk.ask(self.ask(call, &modes)).await else {
            return Outcome::Close;
        };
        let is_lost = matches!(done.said, Said::Order(View { state: State::Late, .. }));
        if is_payment && is_lost && is_first {
            return Outcome::Close;
        }
        if done.wrote {
            self.tell(order, &modes, chance).await;
        }
        self.after(done, &modes, chance).await
    }

    fn count(&self, order: PurchaseId, kind: u64) -> u64 {
        let mut attempts = self.attempts.entry((order.0, kind)).or_default();
        *attempts += 1;
        *attempts - 1
    }

    /// What may happen before anything is recorded.
    async fn before(&self, modes: &Modes, chance: Chance) -> Option<Outcome> {
        if chance.strikes(Mode::Brownout, modes) {
            if chance.unit(WHICH) < 0.5 {
                return Some(Outcome::Busy);
            }
            tokio::time::sleep(BROWNOUT_HANGS).await;
            return Some(Outcome::Close);
        }
        if modes.latency_ms > 0 {
            // Half to double, and the middle is what was asked for.
            let factor = chance.between(LATENCY, -1.0, 1.0).exp2();
            pause(modes.latency_ms as f64 / 1_000.0 * factor).await;
        }
        if chance.strikes(Mode::DropRequest, modes) {
            return Some(Outcome::Close);
        }
        chance.strikes(Mode::Redirect, modes).then_some(Outcome::Redirect)
    }

    fn ask(&self, call: Call, modes: &Modes) -> Ask {
        match call {
            Call::Authorise { order, date, amount } => {
                let (fate, daily_limit) = (self.fate(order, modes), modes.daily_limit);
                Ask::Authorise { order, date, amount, daily_limit, fate }
            }
            Call::Inquire { order, date } => Ask::Inquire { order, date },
            Call::Cancel { order, bar_on } => Ask::Cancel { order, bar_on },
            Call::Refund { order, date, refund, amount } => {
                Ask::Refund { order, date, refund, amount }
            }
        }
    }

    /// How a new payment fares: the order's own, whichever attempt gets through.
    fn fate(&self, order: PurchaseId, modes: &Modes) -> Fate {
        let chance = Chance::of(self.seed, order.0, 0, 0);
        if chance.strikes(Mode::Decline, modes) {
            return Fate::Decline;
        }
        if chance.strikes(Mode::LateApproval, modes) {
            let (from, to) = modes.late_s;
            let late_ms = (chance.between(EXTRA, from, to) * 1_000.0) as i64;
            return Fate::Late { due_ms: self.clock.now().0 + late_ms };
        }
        let is_wrong = chance.strikes(Mode::WrongAmount, modes);
        Fate::Approve { extra: if is_wrong { WRONG_BY } else { Won::ZERO } }
    }

    async fn tell(&self, order: PurchaseId, modes: &Modes, chance: Chance) {
        let Some(news) = &self.news else { return };
        let times = if chance.strikes(Mode::WebhookRepeat, modes) { 3 } else { 1 };
        let is_forged = chance.strikes(Mode::WebhookForged, modes);
        if chance.strikes(Mode::WebhookEarly, modes) {
            news.tell_now(order, times, is_forged).await;
        } else {
            news.tell_later(order, times, is_forged);
        }
    }

    /// What may happen once it is recorded.
    async fn after(&self, done: Done, modes: &Modes, chance: Chance) -> Outcome {
        if chance.strikes(Mode::Slow, modes) {
            pause(chance.between(EXTRA, 1.0, 10.0)).await;
        }
        if chance.strikes(Mode::DropAnswer, modes) {
            return Outcome::Close;
        }
        if chance.strikes(Mode::FailAfter, modes) {
            return Outcome::Failed;
        }
        if chance.strikes(Mode::Garble, modes) {
            let which = chance.between(WHICH, 0.0, GARBLES as f64) as u64;
            return Outcome::Garbled(done, which);
        }
        Outcome::Answer(done)
    }
}

async fn pause(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}
