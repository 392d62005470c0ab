//! Notices: what the operator tells everybody who waits in a round, on the watermark document and
//! the board.

use super::Reason;
use crate::http::announcements::NoticeAnswer;
use crate::http::body::{check_text, malformed, object};
use crate::http::call::{Answer, Call};
use crate::http::purchases::new_id;
use crate::http::reply;
use crate::http::time::Moment;
use crate::http::version::tagged;
use crate::http::words::{NameWords, Slug};
use actix_web::http::StatusCode;
use openrun_core::program::Name;
use openrun_core::{NoticeId, Refusal, RoundId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest message, in characters of one language: every client that waits reads it each time.
const MESSAGE_MAX: usize = 200;
/// Why a notice was taken back, in the log: the call that does so has no body.
const WITHDRAWN: &str = "withdrawn";

/// A notice to be posted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostNotice {
    /// In which round.
    #[schema(value_type = Slug)]
    round_id: String,
    /// In both languages, each 1 to 200 characters.
    #[schema(value_type = NameWords)]
    #[serde(deserialize_with = "object")]
    message: Name,
    /// Until when it stands; until it is withdrawn when absent.
    until: Option<Moment>,
    /// 1 to 500 characters; stands in the log.
    #[schema(min_length = 1, max_length = 500, example = "asked for by the hotline")]
    reason: String,
}

/// The notices of a round as they stand.
#[derive(Serialize, ToSchema)]
#[schema(as = Notices)]
pub struct NoticesAnswer<'a> {
    notices: Vec<NoticeAnswer<'a>>,
}

/// A message in both languages.
///
/// # Errors
/// `Malformed`, naming the field.
pub fn check_message(message: &Name) -> Result<(), Refusal> {
    check_text("message.ko", &message.ko, MESSAGE_MAX)?;
    check_text("message.en", &message.en, MESSAGE_MAX)
}

/// Tell everybody who waits in a round something
///
/// A round has four living notices at most.
#[utoipa::path(post, path = "/v1/admin/notices", operation_id = "post_notice", tag = "ops",
    request_body = PostNotice,
    responses((status = 201, description = "posted", body = NoticeAnswer)))]
pub async fn post(mut call: Call) -> Answer {
    let staff = call.operator()?;
    let PostNotice { round_id, message, until, reason } = call.json().await?;
    let wrong_id = || malformed("round_id is 1 to 64 of a-z, 0-9 and -");
    let round = RoundId::new(&round_id).ok_or_else(wrong_id)?;
    check_message(&message)?;
    let reason = Reason { reason }.checked()?;
    let engine = &call.edge().engine;
    let id = NoticeId(new_id(engine.now()).0);
    let until = until.map(|until| until.0);
    let posted = engine.post_notice(&staff, &round, (id, message, until), &reason).await?;
    let answer = reply::own(StatusCode::CREATED, &NoticeAnswer::from(&posted));
    Ok(match engine.round(&round) {
        Some(round) => tagged(answer, round.view().version),
        None => answer,
    })
}

/// Take a notice back; answers with those that still stand in its round
#[utoipa::path(delete, path = "/v1/admin/notices/{id}", operation_id = "withdraw_notice",
    tag = "ops",
    responses((status = 200, description = "those that stand", body = NoticesAnswer)))]
pub async fn withdraw(call: Call) -> Answer {
    let staff = call.operator()?;
    let id = Uuid::try_parse(call.segment("id")).map_err(|_| Refusal::NoticeNotFound)?;
    let id = NoticeId(id.as_u128());
    let left = call.edge().engine.withdraw_notice(&staff, id, WITHDRAWN).await?;
    let notices = left.iter().map(|notice| NoticeAnswer::from(&**notice)).collect();
    Ok(reply::own(StatusCode::OK, &NoticesAnswer { notices }))
}
