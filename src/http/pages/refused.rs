//! A refusal as a page: what it is in the words of the error table, what is left, and what to do
//! next. Its status is that of the call.

use super::frame::{self, Frame, Kind};
use super::html::Html;
use super::{place, texts};
use crate::http::call::Call;
use crate::http::problem::retry_after_s;
use crate::http::problem_table;
use crate::http::time::Moment;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use openrun_core::{ChannelId, Refusal, Won};

/// An attempt to buy that may be made again under its own key.
pub(super) struct Attempt<'a> {
    pub(super) amount: Won,
    pub(super) key: &'a str,
}

/// The page of a refusal.
pub(super) fn page(call: &Call, refusal: &Refusal, attempt: Option<Attempt<'_>>) -> HttpResponse {
    let (edge, language) = (call.edge(), call.page_language());
    edge.refusals.count(refusal);
    let entry = problem_table::of(refusal.code());
    let title = language.pick(entry.en.0, entry.ko.0);
    let round = call.round_id().filter(|id| edge.engine.round(id).is_some());
    let path = round.as_ref().map_or_else(|| "/".to_owned(), |round| format!("/rounds/{round}"));
    let frame = Frame {
        kind: if round.is_some() { Kind::Round } else { Kind::Rounds },
        language,
        view: "refused",
        title: title.to_owned(),
        path: &path,
        round: round.as_ref().map(openrun_core::RoundId::as_str),
        refresh_s: None,
        code: Some(entry.code),
    };
    let html = frame.around(edge, |html| {
        html.raw("<section class=\"card\"><h1>");
        html.text(title);
        html.raw("</h1>");
        html.element("p class=\"notice warn\" role=\"alert\"", next_key(refusal));
        html.figures(|html| facts(html, refusal));
        match (attempt, &round) {
            // Whether it was done is not known: only the same key finds out without buying twice.
            (Some(attempt), Some(round)) if is_undecided(refusal) => {
                let of = (attempt.amount, attempt.key);
                place::buying(html, round.as_str(), of, ("again", "page-again"));
            }
            _ => {
                html.raw("<p><a class=\"button\" data-do=\"again\" href=\"");
                html.text(&path);
                html.raw("\">");
                html.say(if round.is_some() { "page-to-the-round" } else { "page-rounds" });
                html.raw("</a></p>");
            }
        }
        if *refusal == Refusal::Unauthenticated {
            place::sign_in(html, edge, round.as_ref().map(openrun_core::RoundId::as_str));
        }
        html.raw("</section>");
    });
    let mut response = frame::own(entry.status, language, html);
    if let Some(seconds) = retry_after_s(refusal, edge.engine.now()) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The page for a form that came from another site.
pub(super) fn foreign(call: &Call) -> HttpResponse {
    let (edge, language) = (call.edge(), call.page_language());
    edge.refusals.count(&Refusal::Forbidden);
    let frame = Frame {
        kind: Kind::Rounds,
        language,
        view: "refused",
        title: texts::say(language, "page-foreign-head"),
        path: "/",
        round: None,
        refresh_s: None,
        code: Some(Refusal::Forbidden.code()),
    };
    let html = frame.around(edge, |html| {
        html.raw("<section class=\"card\">");
        html.element("h1", "page-foreign-head");
        html.element("p class=\"notice warn\" role=\"alert\"", "page-foreign");
        html.element("a class=\"button\" href=\"/\"", "page-rounds");
        html.raw("</section>");
    });
    frame::own(StatusCode::FORBIDDEN, language, html)
}

/// Whether the same attempt may still come to something.
fn is_undecided(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Overloaded | Refusal::Unavailable)
}

/// What the person does next.
fn next_key(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Unauthenticated => "page-next-sign-in",
        Refusal::NotRegistered => "page-next-sign-up",
        Refusal::ChannelNotAllowed { .. } => "page-next-channel",
        Refusal::RoundNotOpen { .. } | Refusal::NotEligible { .. } => "page-next-window",
        Refusal::NotYet { .. } => "page-next-wait",
        Refusal::TurnPassed
        | Refusal::TicketInvalid
        | Refusal::PassRequired
        | Refusal::PassInvalid
        | Refusal::PassExpired => "page-next-join",
        Refusal::PassUsed => "page-next-bought",
        Refusal::MonthlyLimitExceeded { .. }
        | Refusal::HoldingLimitExceeded { .. }
        | Refusal::InvalidAmount { .. }
        | Refusal::InsufficientStock { .. } => "page-next-amount",
        Refusal::SoldOut => "page-next-sold-out",
        Refusal::PaymentDeclined => "page-next-payment",
        Refusal::Suspended { .. } => "page-next-suspended",
        Refusal::Overloaded | Refusal::Unavailable => "page-next-again",
        _ => "page-next-back",
    }
}

/// What the refusal says beside its name.
fn facts(html: &mut Html, refusal: &Refusal) {
    match refusal {
        Refusal::RoundNotOpen { opens_at: Some(at), .. }
        | Refusal::NotEligible { opens_at: Some(at) } => {
            html.figure("page-opens-at", "countdown", |html| html.time(Moment(*at)));
        }
        Refusal::Suspended { until, message, .. } => {
            html.figure("page-until", "", |html| html.time(Moment(*until)));
            html.figure("page-why", "", |html| html.both(message));
        }
        Refusal::ChannelNotAllowed { channels } => {
            let names: Vec<&str> = channels.iter().map(ChannelId::as_str).collect();
            html.figure("page-channels", "", |html| html.text(names.join(", ")));
        }
        Refusal::NotYet { ahead } => {
            html.figure("page-ahead", "ahead", |html| html.count(*ahead, "명"));
        }
        Refusal::MonthlyLimitExceeded { allowance_won: won } => {
            html.figure("page-allowance", "allowance", |html| html.won(won.0));
        }
        Refusal::HoldingLimitExceeded { room_won: won } => {
            html.figure("page-room", "allowance", |html| html.won(won.0));
        }
        Refusal::InsufficientStock { remaining_won: won } => {
            html.figure("page-left", "left", |html| html.won(won.0));
        }
        Refusal::InvalidAmount { unit_won: Some(unit), monthly_limit_won: Some(most) } => {
            html.figure("page-amount-unit", "", |html| html.won(unit.0));
            html.figure("page-monthly-limit", "", |html| html.won(most.0));
        }
        _ => {}
    }
}
