//! `POST /v1/admin/people`: sign up many people at once, for staff who bring a list, and which
//! channels such a list may name.
//!
//! Through the server and not beside it: who signed up is a stream with one writer. A call signs up
//! all that it names or says that it did not, and may be repeated: who is there already stays as
//! they are. Answers and log hold counts, never names.

use super::REASON_MAX;
use crate::http::body::{check_text, malformed};
use crate::http::call::{Answer, Call};
use crate::http::reply;
use crate::http::words::Slug;
use crate::trust::subject_key;
use actix_web::http::StatusCode;
use openrun_core::ChannelId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Largest body of this call alone: as many people as one call may name.
pub const PEOPLE_BODY_MAX: usize = 512 * 1024;
/// Most people in one call: ten parts of what is written together, a fraction of a second.
pub const PEOPLE_MAX: usize = 5_000;

/// People who signed up elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportPeople {
    /// The channel that signed them up: one of those of `/v1/admin/channels`.
    #[schema(value_type = Slug)]
    channel: ChannelId,
    /// Who, as tokens name them in `sub`: 1 to 5000.
    #[schema(min_items = 1, max_items = 5_000)]
    people: Vec<String>,
    /// Why; stands in the log.
    #[schema(min_length = 1, max_length = 500, example = "everybody who had an account before")]
    reason: String,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub struct ImportedPeople {
    /// How many are signed up now: all that were named.
    signed_up: usize,
    /// How many of them were not before.
    new: usize,
}

/// Sign up many people at once
///
/// Each as if they had come by themselves. Who is signed up already stays as they are, so a call
/// that was not answered is made again. Not suspended with `sign_up`.
#[utoipa::path(post, path = "/v1/admin/people", operation_id = "import_people", tag = "ops",
    request_body = ImportPeople,
    responses((status = 200, description = "all of them are signed up", body = ImportedPeople)))]
pub async fn import(mut call: Call) -> Answer {
    let staff = call.operator()?;
    let ImportPeople { channel, people, reason } = call.json_up_to(PEOPLE_BODY_MAX).await?;
    check_text("reason", &reason, REASON_MAX)?;
    if !(1..=PEOPLE_MAX).contains(&people.len()) {
        return Err(malformed(format!("people names 1 to {PEOPLE_MAX}")).into());
    }
    let edge = call.edge();
    let known = edge.keys.channels();
    if !known.iter().any(|name| name == channel.as_str()) {
        return Err(malformed(format!("channel is one of {}", known.join(", "))).into());
    }
    let wrong = || malformed("each of people is 1 to 64 of A-Z, a-z, 0-9, _ and -");
    let persons: Option<Vec<_>> = people.iter().map(|name| subject_key(name)).collect();
    let persons = persons.ok_or_else(wrong)?;
    let new = edge.engine.import_people(&staff, &persons, &channel, &reason).await?;
    let answer = ImportedPeople { signed_up: persons.len(), new };
    Ok(reply::own(StatusCode::OK, &answer))
}

/// Every channel that this server knows.
#[derive(Serialize, ToSchema)]
pub struct Channels {
    /// In alphabetical order.
    #[schema(value_type = Vec<Slug>)]
    channels: Vec<String>,
}

/// The channels whose tokens are trusted
#[utoipa::path(get, path = "/v1/admin/channels", operation_id = "list_channels", tag = "ops",
    responses((status = 200, description = "all channels", body = Channels)))]
pub async fn channels(call: Call) -> Answer {
    call.viewer()?;
    let channels = call.edge().keys.channels();
    Ok(reply::own(StatusCode::OK, &Channels { channels }))
}
