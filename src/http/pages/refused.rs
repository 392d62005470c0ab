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
    let round = call.round_id().filter(|id| call.edge().engine.round(id).is_some());
    let (kind, path, back) = match &round {
        Some(round) => (Kind::Round, format!("/rounds/{round}"), "page-to-the-round"),
        None => (Kind::Rounds, "/".to_owned(), "page-rounds"),
    };
    let name = round.as_ref().map(openrun_core::RoundId::as_str);
    let goal = name.map(|name| ("round", name));
    let around = Around { kind, path: &path, goal, back };
    match (attempt, name) {
        (Some(attempt), Some(round)) if is_undecided(refusal) => {
            let of = (attempt.amount, attempt.key);
            written(call, refusal, &around, |html| {
                place::buying(html, round, of, ("again", "page-again"));
            })
        }
        _ => written(call, refusal, &around, |html| link(html, &around)),
    }
}

/// The page of a refusal of something that was asked on the page of what is one's own. `again`
/// writes the form that asks the same once more, under the same key.
pub(super) fn page_at(
    call: &Call,
    refusal: &Refusal,
    path: &str,
    again: impl FnOnce(&mut Html),
) -> HttpResponse {
    let around = Around { kind: Kind::Me, path, goal: None, back: "page-voucher-back" };
    page_around(call, refusal, &around, again)
}

/// The page of a refusal on a page of any kind. `again` writes what may still come to something
/// under the same key.
pub(super) fn page_around(
    call: &Call,
    refusal: &Refusal,
    around: &Around<'_>,
    again: impl FnOnce(&mut Html),
) -> HttpResponse {
    match is_undecided(refusal) {
        true => written(call, refusal, around, again),
        false => written(call, refusal, around, |html| link(html, around)),
    }
}

/// What a refusal stands on, and where it leads back to.
pub(super) struct Around<'a> {
    pub(super) kind: Kind,
    pub(super) path: &'a str,
    /// Where somebody who signs in goes on: the field that says so.
    pub(super) goal: Option<(&'static str, &'a str)>,
    /// The words of the way back.
    pub(super) back: &'static str,
}

pub(super) fn link(html: &mut Html, around: &Around<'_>) {
    html.raw("<p><a class=\"button\" data-do=\"again\" href=\"");
    html.text(around.path);
    html.raw("\">");
    html.say(around.back);
    html.raw("</a></p>");
}

pub(super) fn written(
    call: &Call,
    refusal: &Refusal,
    around: &Around<'_>,
    next: impl FnOnce(&mut Html),
) -> HttpResponse {
    let (edge, language) = (call.edge(), call.page_language());
    edge.refusals.count(refusal);
    let entry = problem_table::of(refusal.code());
    let title = language.pick(entry.en.0, entry.ko.0);
    let frame = Frame {
        kind: around.kind,
        language,
        view: "refused",
        title: title.to_owned(),
        path: around.path.split('?').next().unwrap_or("/"),
        round: around.goal.filter(|(field, _)| *field == "round").map(|(_, round)| round),
        refresh_s: None,
        code: Some(entry.code),
    };
    let html = frame.around(edge, |html| {
        html.raw("<section class=\"card\"><h1>");
        html.text(title);
        html.raw("</h1>");
        html.element("p class=\"notice warn\" role=\"alert\"", next_key(refusal));
        html.figures(|html| facts(html, refusal));
        next(html);
        if *refusal == Refusal::Unauthenticated {
            place::sign_in(html, edge, around.goal);
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
        | Refusal::InsufficientStock { .. }
        | Refusal::InsufficientBalance { .. }
        | Refusal::ReceiverLimitExceeded => "page-next-amount",
        Refusal::ReceiverNotFound => "page-next-receiver",
        Refusal::MerchantNotFound => "page-next-merchant",
        Refusal::WrongRegion => "page-next-region",
        Refusal::VoucherNotActive => "page-next-voucher",
        Refusal::AlreadySpent
        | Refusal::BelowRefundThreshold { .. }
        | Refusal::GiftNotRefundable => "page-next-spend",
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
        Refusal::InsufficientBalance { balance_won: won } => {
            html.figure("page-voucher-balance", "balance", |html| html.won(won.0));
        }
        Refusal::BelowRefundThreshold { spent_bps, threshold_bps } => {
            html.figure("page-share-spent", "", |html| html.share(*spent_bps));
            html.figure("page-share-needed", "", |html| html.share(*threshold_bps));
        }
        Refusal::InvalidAmount { unit_won: Some(unit), monthly_limit_won: Some(most) } => {
            html.figure("page-amount-unit", "", |html| html.won(unit.0));
            html.figure("page-monthly-limit", "", |html| html.won(most.0));
        }
        _ => {}
    }
}
