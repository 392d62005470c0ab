//! One step of one payment: ask its round what it needs, have that made durable, call the rail,
//! tell the round what it said. Holds no state; whatever cuts it short is found out about later.

use super::Next;
use crate::clock::Clock;
use crate::rail::{Charge, Rail};
use crate::round::{AskStep, ExpireHold, RailSaid, SendPayment};
use crate::shared::RoundRef;
use openrun_core::payment::RailAnswer;
use openrun_core::round::NextStep;
use openrun_core::{Purchase, PurchaseId};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest that one call to a rail may take, whatever its adapter does: its answer is not known
/// then.
const CALL_DEADLINE: Duration = Duration::from_secs(30);

/// How an errand has ended.
pub(super) struct Carried {
    pub next: Next,
    /// Whether the rail answered something that can be read; nothing when it was not called.
    pub heard: Option<bool>,
}

/// One payment to be carried a step on.
pub(super) struct Errand {
    pub round: RoundRef,
    pub rail: Arc<dyn Rail>,
    pub clock: Arc<dyn Clock>,
    pub id: PurchaseId,
    /// Whether a voided payment is looked at once more.
    pub is_look: bool,
    /// So long after a payment was to be sent it is not sent any more, but asked about: whoever
    /// took over meanwhile may have barred it.
    pub late_after_millis: i64,
}

impl Errand {
    /// Voids a hold that has waited too long to be sent.
    pub async fn expire(self) -> Carried {
        // Without an answer its round is being rebuilt: it will be tried again.
        let next = self.round.0.round.command(ExpireHold(self.id)).await.unwrap_or(Next::Unsent);
        Carried { next, heard: None }
    }

    /// Does what the payment needs next; `may_send`: whether the till has counted it as begun.
    pub async fn carry_on(self, may_send: bool) -> Carried {
        let quiet = |next| Carried { next, heard: None };
        let ask = AskStep { id: self.id, is_look: self.is_look };
        let Ok(step) = self.round.0.round.command(ask).await else {
            return quiet(if may_send { Next::Unsent } else { Next::Again });
        };
        // An answer says how things stood when the question was asked, at best.
        let mut asked_at = self.clock.now();
        let answer = match step {
            NextStep::Nothing => return quiet(Next::Ended),
            NextStep::Send(_) if !may_send => return quiet(Next::Unsent),
            NextStep::Send(purchase) => match self.begin(&purchase).await {
                Some(request) => {
                    asked_at = self.clock.now();
                    call("authorise", self.rail.authorise(&request)).await
                }
                None => return quiet(Next::Again),
            },
            NextStep::Inquire(request) => call("inquire", self.rail.inquire(&request)).await,
            NextStep::Cancel(request) => call("cancel", self.rail.cancel(&request)).await,
        };
        let heard = Some(answer != RailAnswer::Unknown);
        let said = RailSaid { id: self.id, answer, asked_at };
        let next = self.round.0.round.command(said).await.unwrap_or(Next::Again);
        Carried { next, heard }
    }

    /// Makes the request durable. Nothing when it may not be sent, or not any more.
    async fn begin(&self, purchase: &Purchase) -> Option<String> {
        let (id, sent_at) = (self.id, self.clock.now());
        let charge = Charge {
            purchase: id,
            person: purchase.person,
            price: purchase.price,
            at: purchase.at,
        };
        let request = self.rail.write_request(&charge);
        let sent = SendPayment { id, sent_at, request: request.clone() };
        let may_be_sent = self.round.0.round.command(sent).await == Ok(true);
        let is_late = self.clock.now().millis_since(sent_at) > self.late_after_millis;
        (may_be_sent && !is_late).then_some(request)
    }
}

pub(crate) async fn call(
    name: &'static str,
    calling: impl Future<Output = RailAnswer>,
) -> RailAnswer {
    let began = Instant::now();
    let answer = tokio::time::timeout(CALL_DEADLINE, calling).await.unwrap_or(RailAnswer::Unknown);
    #[cfg(feature = "failpoints")]
    let answer = crate::failpoints::heard(answer);
    let seconds = began.elapsed().as_secs_f64();
    metrics::histogram!("openrun_rail_call_seconds", "call" => name).record(seconds);
    let word = word_of(answer);
    metrics::counter!("openrun_rail_answers_total", "call" => name, "answer" => word).increment(1);
    answer
}

fn word_of(answer: RailAnswer) -> &'static str {
    match answer {
        RailAnswer::Approved { .. } => "approved",
        RailAnswer::Declined => "declined",
        RailAnswer::Cancelled => "cancelled",
        RailAnswer::NotFound => "not_found",
        RailAnswer::Pending => "pending",
        RailAnswer::Unknown => "unknown",
    }
}
