//! Rounds for operators: define, steer, look.
//!
//! Each handler authorises, reads, acts, answers with what now stands. What a round can be and
//! where it can go is the core's to say; the forms are in [`super::round_form`] and
//! [`super::round_figures`].

use super::round_figures::{AdminRound, AdminRounds};
use super::round_form::{PatchInlet, PutRound, StepInlet};
use super::wishes::{DONE_OR_TRIED, DRY_RUN, Granted, grant, is_dry_run, stands};
use super::{Reason, optional_reason};
use crate::http::body::malformed;
use crate::http::call::{Answer, Call};
use crate::http::reply;
use crate::http::version::tagged;
use actix_web::http::StatusCode;
use openrun_actors::{Put, Wish};
use openrun_core::Refusal;
use openrun_core::round::Step;
use openrun_core::view::RoundView;

/// Create a round, or change it while it is not yet open
#[utoipa::path(put, path = "/v1/admin/rounds/{round}", operation_id = "put_round", tag = "ops",
    request_body = PutRound,
    responses(
        (status = 201, description = "created", body = AdminRound),
        (status = 200, description = "changed", body = AdminRound)))]
pub async fn put(mut call: Call) -> Answer {
    let staff = call.operator()?;
    let mut body: PutRound = call.json().await?;
    let wrong_id = || malformed("the id in the path is 1 to 64 of a-z, 0-9 and -");
    let id = call.round_id().ok_or_else(wrong_id)?;
    let reason = optional_reason(body.reason.take())?;
    let spec = body.into_spec(id)?;
    let (status, view) = match call.edge().engine.put_round(&staff, spec, &reason).await? {
        Put::Created(view) => (StatusCode::CREATED, view),
        Put::Changed(view) => (StatusCode::OK, view),
    };
    Ok(stands(&call, status, &view))
}

/// Move a round on in its life
///
/// draft → scheduled → lobby → open ⇄ paused → sold_out ⇄ open → closed. Each step can be repeated.
/// In a round whose `opening` takes two persons, `schedule` and `open` of an operator ask (202),
/// and an approver of another name confirms within an hour by the same call.
#[utoipa::path(post, path = "/v1/admin/rounds/{round}/{step}", operation_id = "step_round",
    tag = "ops", request_body = Reason,
    params(("dry_run" = Option<bool>, Query, description = DRY_RUN)),
    responses(
        (status = 200, description = DONE_OR_TRIED, body = Granted),
        (status = 202, description = "waits for a second person: opening_ask says for what",
            body = AdminRound)))]
pub async fn step(mut call: Call) -> Answer {
    // Who may confirm is allowed where there can be something to confirm; the round says the rest.
    let staff = match call.segment("step") {
        "schedule" | "open" => call.operator_or_approver()?,
        _ => call.operator_who_may_try()?,
    };
    let reason = call.json::<Reason>().await?.checked()?;
    let step = match call.segment("step") {
        "schedule" => Step::Schedule,
        "open" => Step::Open,
        "pause" => Step::Pause,
        "resume" => Step::Resume,
        "close" => Step::Close,
        _ => return Err(Refusal::NotFound.into()),
    };
    let id = call.round_id().ok_or(Refusal::RoundNotFound)?;
    let wish = Wish::Step(step, staff.by());
    let mut answer = grant(&call, &staff, &id, wish, &reason).await?;
    let view = call.edge().engine.round(&id).map(|round| round.view());
    let ask = view.as_ref().and_then(|view| view.opening_ask.as_ref());
    let waits = ask.is_some_and(|ask| ask.step == step && ask.by == staff.actor);
    if waits && !is_dry_run(&call)? {
        *answer.status_mut() = StatusCode::ACCEPTED;
    }
    Ok(answer)
}

/// Change how fast people are let in, live
#[utoipa::path(patch, path = "/v1/admin/rounds/{round}/inlet", operation_id = "set_inlet",
    tag = "ops", request_body = PatchInlet,
    params(("dry_run" = Option<bool>, Query, description = DRY_RUN)),
    responses((status = 200, description = DONE_OR_TRIED, body = Granted)))]
pub async fn set_inlet(mut call: Call) -> Answer {
    let staff = call.operator_who_may_try()?;
    let mut body: PatchInlet = call.json().await?;
    let id = call.round_id().ok_or(Refusal::RoundNotFound)?;
    let reason = optional_reason(body.reason.take())?;
    let patch = body.into_patch()?;
    grant(&call, &staff, &id, Wish::SetInlet(patch), &reason).await
}

/// Let people in by hand
///
/// With mode `manual` the watermark moves only by such steps, and no faster than the other policies
/// allow; `inlet_policies` tells how many people are left of them. The step is for the line whose
/// window sells now.
#[utoipa::path(post, path = "/v1/admin/rounds/{round}/inlet/steps", operation_id = "step_inlet",
    tag = "ops", request_body = StepInlet,
    params(("dry_run" = Option<bool>, Query, description = DRY_RUN)),
    responses((status = 200, description = DONE_OR_TRIED, body = Granted)))]
pub async fn step_inlet(mut call: Call) -> Answer {
    let staff = call.operator_who_may_try()?;
    let body: StepInlet = call.json().await?;
    let id = call.round_id().ok_or(Refusal::RoundNotFound)?;
    let reason = optional_reason(Some(body.reason))?;
    grant(&call, &staff, &id, Wish::StepInlet(body.people), &reason).await
}

/// Live figures of a round, with each actor's own description of itself
#[utoipa::path(get, path = "/v1/admin/rounds/{round}", operation_id = "get_admin_round",
    tag = "ops", responses((status = 200, description = "the figures", body = AdminRound)))]
pub async fn show(call: Call) -> Answer {
    call.viewer()?;
    let (id, round) = call.round()?;
    // Figures are there even when an actor is being rebuilt and cannot describe itself.
    let actors = match call.edge().engine.describe_round(&id).await {
        Ok(actors) => actors,
        Err(Refusal::RoundNotFound) => return Err(Refusal::RoundNotFound.into()),
        Err(_) => Vec::new(),
    };
    let view = round.view();
    let answer = AdminRound::new(&view, round.inversions()).with_actors(actors);
    Ok(tagged(reply::own(StatusCode::OK, &answer), view.version))
}

/// Live figures of every round
#[utoipa::path(get, path = "/v1/admin/rounds", operation_id = "list_admin_rounds", tag = "ops",
    responses((status = 200, description = "all rounds", body = AdminRounds)))]
pub async fn list(call: Call) -> Answer {
    call.viewer()?;
    let engine = &call.edge().engine;
    let views = engine.rounds();
    let inversions = |view: &RoundView| engine.round(&view.spec.id).map_or(0, |r| r.inversions());
    let rounds = views.iter().map(|view| AdminRound::new(view, inversions(view))).collect();
    Ok(reply::own(StatusCode::OK, &AdminRounds { rounds }))
}
