//! Suspensions: what is switched off for a time, on a schedule or by load. One list, replaced as a
//! whole.

use super::Reason;
use super::notices::check_message;
use crate::http::announcements::{FeatureWord, SuspensionAnswer};
use crate::http::body::{Object, malformed, object};
use crate::http::call::{Answer, Call};
use crate::http::reply;
use crate::http::time::Moment;
use crate::http::version::tagged;
use crate::http::words::{NameWords, Slug};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use openrun_core::program::Name;
use openrun_core::{ProgramId, Refusal, Suspension, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The list that shall stand from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutSuspensions {
    /// At most 32; an empty list switches everything on again.
    #[schema(value_type = Vec<SuspensionForm>, max_items = 32)]
    suspensions: Vec<Object<SuspensionForm>>,
    /// 1 to 500 characters; stands in the log.
    #[schema(min_length = 1, max_length = 500, example = "as announced for the second half")]
    reason: String,
}

/// A feature to be switched off for a time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspensionForm {
    /// What.
    feature: FeatureWord,
    /// From when; from now on when absent.
    from: Option<Moment>,
    /// Until when.
    until: Moment,
    /// In both languages, each 1 to 200 characters.
    #[schema(value_type = NameWords)]
    #[serde(deserialize_with = "object")]
    message: Name,
    /// For this program alone; not for `sign_up`, which is for all.
    #[schema(value_type = Option<Slug>)]
    program_id: Option<String>,
    /// Only while more people than this wait; it lets go at four fifths of it.
    when_waiting_over: Option<u64>,
}

impl SuspensionForm {
    fn checked(self, now: Timestamp) -> Result<Suspension, Refusal> {
        check_message(&self.message)?;
        let wrong_id = || malformed("program_id is 1 to 64 of a-z, 0-9 and -");
        let program = self.program_id.map(|id| ProgramId::new(&id).ok_or_else(wrong_id));
        let suspension = Suspension {
            feature: self.feature.into(),
            from: self.from.map_or(now, |from| from.0),
            until: self.until.0,
            message: self.message,
            program: program.transpose()?,
            when_waiting_over: self.when_waiting_over,
        };
        suspension.check(now).map_err(malformed)?;
        Ok(suspension)
    }
}

/// Everything that is or will be switched off.
#[derive(Serialize, ToSchema)]
#[schema(as = Suspensions)]
pub struct SuspensionsAnswer {
    /// Grows with each change of the list; for `If-Match`.
    version: u64,
    suspensions: Vec<SuspensionAnswer>,
}

fn stands(call: &Call) -> HttpResponse {
    let engine = &call.edge().engine;
    // Read before the list: a version that is older than it only turns somebody away.
    let version = engine.suspensions_version();
    let all = engine.suspensions();
    let suspensions = all.into_iter().map(SuspensionAnswer::from).collect();
    let answer = reply::own(StatusCode::OK, &SuspensionsAnswer { version, suspensions });
    tagged(answer, version)
}

/// What is or will be switched off
#[utoipa::path(get, path = "/v1/admin/suspensions", operation_id = "list_suspensions",
    tag = "ops", responses((status = 200, description = "the list", body = SuspensionsAnswer)))]
pub async fn list(call: Call) -> Answer {
    call.viewer()?;
    Ok(stands(&call))
}

/// Replace the list of what is switched off, on a schedule, now, or by load
#[utoipa::path(put, path = "/v1/admin/suspensions", operation_id = "put_suspensions",
    tag = "ops", request_body = PutSuspensions,
    responses((status = 200, description = "the list as it stands", body = SuspensionsAnswer)))]
pub async fn put(mut call: Call) -> Answer {
    let staff = call.operator()?;
    let PutSuspensions { suspensions, reason } = call.json().await?;
    let engine = &call.edge().engine;
    let now = engine.now();
    let list: Result<Vec<_>, _> = suspensions.into_iter().map(|one| one.0.checked(now)).collect();
    let reason = Reason { reason }.checked()?;
    engine.set_suspensions(&staff, list?, &reason).await?;
    Ok(stands(&call))
}
