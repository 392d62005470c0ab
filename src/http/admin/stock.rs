//! More or less stock while a round sells: an operator asks, an approver (another person) confirms
//! or refuses. Never below what is sold and held.

use super::wishes::{self, DRY_RUN, grant};
use super::{REASON_MAX, Reason};
use crate::http::body::{check_text, malformed};
use crate::http::call::{Answer, Call};
use crate::http::purchases::new_id;
use crate::http::reply;
use crate::http::time::Moment;
use crate::http::version::tagged;
use crate::http::words::{Id, Slug};
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use openrun_actors::Wish;
use openrun_core::view::RoundView;
use openrun_core::{Refusal, StockAnswer, StockAsk, StockAskId, WindowId, Won};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// More or less stock.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskStock {
    /// For which window; may be absent when the round has only one.
    #[schema(value_type = Option<Slug>)]
    window_id: Option<WindowId>,
    /// How much more, less when negative: a multiple of the program's unit.
    #[schema(example = -500_000_000_i64)]
    change_won: i64,
    /// 1 to 500 characters; stands in the log.
    #[schema(min_length = 1, max_length = 500, example = "the city adds to the budget")]
    reason: String,
}

/// An ask for stock that waits for its second person.
#[derive(Serialize, ToSchema)]
#[schema(as = StockAsk)]
pub struct StockAskAnswer<'a> {
    /// Its id.
    #[schema(value_type = Id)]
    id: Uuid,
    /// For which window.
    #[schema(value_type = Slug)]
    window_id: &'a WindowId,
    /// How much more; less when negative.
    change_won: i64,
    /// Who asked: this person cannot confirm.
    asked_by: &'a str,
    /// Why.
    reason: &'a str,
    /// When.
    asked_at: Moment,
    /// From when on nobody can answer it any more.
    expires_at: Moment,
}

impl<'a> From<&'a StockAsk> for StockAskAnswer<'a> {
    fn from(ask: &'a StockAsk) -> StockAskAnswer<'a> {
        StockAskAnswer {
            id: Uuid::from_u128(ask.id.0),
            window_id: &ask.window,
            change_won: ask.change.0,
            asked_by: &ask.by,
            reason: &ask.reason,
            asked_at: Moment(ask.at),
            expires_at: Moment(ask.ends_at()),
        }
    }
}

/// Ask for more or less stock in a window
///
/// Nothing changes before a second person confirms, within an hour. A round has one open ask at
/// most. From the lobby until the window closes; before that, define the round anew.
#[utoipa::path(post, path = "/v1/admin/rounds/{round}/stock", operation_id = "ask_stock",
    tag = "ops", request_body = AskStock,
    params(("dry_run" = Option<bool>, Query, description = DRY_RUN)),
    responses(
        (status = 202, description = "waits for a second person", body = StockAskAnswer,
            headers(("Location" = String))),
        (status = 200, description = "dry run: what confirming would change",
            body = wishes::DryRun)))]
pub async fn ask(mut call: Call) -> Answer {
    let staff = call.operator_who_may_try()?;
    let AskStock { window_id, change_won, reason } = call.json().await?;
    check_text("reason", &reason, REASON_MAX)?;
    let (id, round) = call.round()?;
    let engine = &call.edge().engine;
    let window = window_id.or_else(|| only_window(&round.view()));
    let window = window.ok_or_else(|| malformed("window_id says which of several windows"))?;
    let now = engine.now();
    let ask = StockAsk {
        id: StockAskId(new_id(now).0),
        window,
        change: Won(change_won),
        by: staff.actor.clone(),
        reason: reason.clone(),
        at: now,
    };
    if wishes::is_dry_run(&call)? {
        return wishes::tried(&call, &staff, &id, Wish::AskStock(ask)).await;
    }
    let logged = in_the_log(&ask, &reason);
    let view = engine.act(&staff, &id, Wish::AskStock(ask.clone()), &logged).await?;
    let body = StockAskAnswer::from(&ask);
    let mut response = tagged(reply::own(StatusCode::ACCEPTED, &body), view.version);
    reply::put(&mut response, LOCATION, &format!("/v1/admin/rounds/{id}/stock/{}", body.id));
    Ok(response)
}

/// Confirm an ask for stock, or refuse it
///
/// An approver who is not the person who asked. An operator may refuse: that takes it back. The
/// same answer again, to what was answered last, changes nothing.
#[utoipa::path(post, path = "/v1/admin/rounds/{round}/stock/{id}/{answer}",
    operation_id = "answer_stock", tag = "ops", request_body = Reason,
    params(("dry_run" = Option<bool>, Query, description = DRY_RUN)),
    responses((status = 200, description = wishes::DONE_OR_TRIED, body = wishes::Granted)))]
pub async fn answer(mut call: Call) -> Answer {
    let is_confirmed = call.segment("answer") == "confirm";
    let staff = if is_confirmed { call.approver()? } else { call.operator_or_approver()? };
    let reason = call.json::<Reason>().await?.checked()?;
    let (round_id, round) = call.round()?;
    let id = Uuid::try_parse(call.segment("id")).map_err(|_| Refusal::AskNotFound)?;
    let id = StockAskId(id.as_u128());
    let view = round.view();
    let asked = view.stock_ask.as_ref().filter(|ask| ask.id == id);
    let logged = asked.map_or(reason.clone(), |ask| in_the_log(ask, &reason));
    let answer = StockAnswer { id, by: staff.actor.clone(), is_confirmed };
    grant(&call, &staff, &round_id, Wish::AnswerStock(answer), &logged).await
}

/// How an ask stands in the log: what it is about before why.
fn in_the_log(ask: &StockAsk, reason: &str) -> String {
    format!("{} {:+} won: {reason}", ask.window, ask.change.0)
}

fn only_window(view: &RoundView) -> Option<WindowId> {
    match &view.windows[..] {
        [only] => Some(only.id.clone()),
        _ => None,
    }
}
