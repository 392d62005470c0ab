//! Shares of draws, handed in by operators for those who hold them.

use super::REASON_MAX;
use crate::http::body::check_text;
use crate::http::call::{Answer, Call};
use crate::http::draws::DrawAnswer;
use crate::http::reply;
use crate::http::version::tagged;
use actix_web::http::StatusCode;
use openrun_core::Refusal;
use openrun_core::draw::ShareValue;
use serde::Deserialize;
use utoipa::ToSchema;

/// A share as its holder reveals it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveShare {
    /// Which of the round's shares.
    #[schema(pattern = "^[a-z0-9-]{1,64}$", example = "council")]
    name: String,
    /// Its value: 1 to 64 bytes in hexadecimal.
    #[schema(pattern = "^([0-9a-f]{2}){1,64}$", example = "00ff")]
    value: String,
    /// Why; stands in the log.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Give a share of a draw
///
/// Once the lobby has closed and before the draw, which takes place when the last one is there. The
/// same value again changes nothing.
#[utoipa::path(post, path = "/v1/admin/rounds/{round}/draw/shares", operation_id = "give_share",
    tag = "ops", request_body = GiveShare,
    responses((status = 200, description = "the draw as it stands", body = DrawAnswer)))]
pub async fn give(mut call: Call) -> Answer {
    let staff = call.operator()?;
    let body: GiveShare = call.json().await?;
    check_text("reason", &body.reason, REASON_MAX)?;
    let share = ShareValue { name: body.name, value: body.value };
    let id = call.round_id().ok_or(Refusal::RoundNotFound)?;
    let view = call.edge().engine.give_share(&staff, &id, share, &body.reason).await?;
    let draw = DrawAnswer::new(&view).ok_or(Refusal::NotFound)?;
    Ok(tagged(reply::own(StatusCode::OK, &draw), view.version))
}
