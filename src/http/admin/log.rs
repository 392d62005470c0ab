//! `GET /v1/admin/log`: who did what, when and why. Append-only, newest first.

use crate::http::body::malformed;
use crate::http::call::{Answer, Call};
use crate::http::reply;
use crate::http::time::Moment;
use actix_web::http::StatusCode;
use openrun_actors::LogPlace;
use openrun_core::{Event, StoredEvent, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// One thing that staff did.
#[derive(Serialize, ToSchema)]
struct LogEntry<'a> {
    /// Its place in the order of what happened to its program.
    seq: u64,
    /// When.
    at: Moment,
    /// Who.
    actor: &'a str,
    /// In which role.
    role: &'a str,
    /// What.
    #[schema(example = "open")]
    action: &'a str,
    /// To which program, round or purchase; of an import of people the channel and their count.
    target: &'a str,
    /// Why.
    reason: &'a str,
}

/// A page of the log, newest first.
#[derive(Serialize, ToSchema)]
pub struct Log<'a> {
    entries: Vec<LogEntry<'a>>,
    /// Where the next page begins; null on the last one.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<String>,
}

impl<'a> LogEntry<'a> {
    fn of(stored: &'a StoredEvent) -> Option<LogEntry<'a>> {
        let Event::StaffActed { actor, role, action, target, reason } = &stored.event else {
            return None;
        };
        let at = Moment(stored.at);
        Some(LogEntry { seq: stored.seq, at, actor, role, action, target, reason })
    }
}

/// A place in the log, as a cursor.
fn cursor(place: LogPlace) -> String {
    format!("{}-{}-{}", place.at.0, place.seq, place.stream)
}

/// The place that a cursor stands for.
fn place(cursor: &str) -> Option<LogPlace> {
    let mut parts = cursor.split('-').map(str::parse::<u64>);
    let mut next = || parts.next()?.ok();
    let (at, seq, stream) = (next()?, next()?, next()?);
    let at = Timestamp(i64::try_from(at).ok()?);
    parts.next().is_none().then_some(LogPlace { at, seq, stream })
}

/// Who did what, when and why
#[utoipa::path(get, path = "/v1/admin/log", operation_id = "get_log", tag = "ops",
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "20 if absent"),
        ("cursor" = Option<String>, Query, pattern = "^[0-9]{1,18}-[0-9]{1,18}-[0-9]{1,18}$",
            description = "next_cursor of the page before")),
    responses((status = 200, description = "a page", body = Log)))]
pub async fn list(call: Call) -> Answer {
    call.viewer()?;
    let limit = call.page_limit()?;
    let before = call.query("cursor").map(|text| place(text).ok_or(())).transpose();
    let before = before.map_err(|()| malformed("cursor is the next_cursor of a page before"))?;
    let mut events = call.edge().engine.staff_log(before, limit + 1).await?;
    let has_more = events.len() > limit;
    events.truncate(limit);
    let next_cursor = events.last().filter(|_| has_more).map(|(place, _)| cursor(*place));
    let entries = events.iter().filter_map(|(_, stored)| LogEntry::of(stored)).collect();
    Ok(reply::own(StatusCode::OK, &Log { entries, next_cursor }))
}
