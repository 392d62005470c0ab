//! `GET /v1/admin/purchases/{id}?reason=…`: what support needs of one purchase. That somebody
//! looked, and why, is durable before they see it. Shows nobody's key, account or token.

use super::REASON_MAX;
use crate::http::body::{check_text, malformed};
use crate::http::call::{Answer, Call};
use crate::http::purchases::PurchaseAnswer;
use crate::http::reply;
use crate::http::words::Slug;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use openrun_core::{PurchaseId, Refusal, WindowId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A purchase as support sees it.
#[derive(Serialize, ToSchema)]
pub struct LookedUp<'a> {
    #[serde(flatten)]
    purchase: PurchaseAnswer<'a>,
    /// From the stock of which window.
    #[schema(value_type = Slug)]
    window_id: &'a WindowId,
    /// The line of the place that it was bought with; null once the round is defined otherwise.
    class: Option<String>,
    /// The number of that place; at a counter the serial number.
    number: u64,
    /// What was left in the window after it.
    left_after_won: i64,
}

#[derive(Deserialize)]
struct Asked {
    reason: String,
}

/// Look a purchase up, for a reason
///
/// The reason and the look itself stand in the log, in the round of the purchase.
#[utoipa::path(get, path = "/v1/admin/purchases/{id}", operation_id = "look_up_purchase",
    tag = "ops",
    params(("reason" = String, Query, min_length = 1, max_length = 500,
        description = "why; stands in the log", example = "the buyer called the hotline")),
    responses((status = 200, description = "the purchase", body = LookedUp)))]
pub async fn show(call: Call) -> Answer {
    let staff = call.viewer()?;
    let asked = Query::<Asked>::from_query(call.query_string());
    let Query(Asked { reason }) = asked.map_err(|_| malformed("reason says why you look"))?;
    check_text("reason", &reason, REASON_MAX)?;
    let id = Uuid::try_parse(call.segment("id")).map_err(|_| Refusal::PurchaseNotFound)?;
    let engine = &call.edge().engine;
    let (target, id) = (id.to_string(), PurchaseId(id.as_u128()));
    let purchase = engine.look_up(&staff, id, &target, &reason).await?;
    let view = engine.round(&purchase.round).map(|round| round.view());
    let line = view.as_ref().and_then(|view| view.lines.get(purchase.pass.line.index()));
    let answer = LookedUp {
        purchase: PurchaseAnswer::from(&purchase),
        window_id: &purchase.window,
        class: line.map(|line| line.class.to_string()),
        number: purchase.pass.number,
        left_after_won: purchase.left_after.0,
    };
    Ok(reply::own(StatusCode::OK, &answer))
}
