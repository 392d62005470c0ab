//! What is one's own, for somebody who is signed in: limits of each program, vouchers with
//! their balances, and purchases, newest first. Reads what the calls of the same name read.

use super::frame::{self, Frame, Kind};
use super::html::Html;
use super::{place, refused, texts, vouchers};
use crate::http::call::{Answer, Call};
use crate::http::edge::Edge;
use crate::http::time::Moment;
use crate::trust::PersonClaims;
use actix_web::http::StatusCode;
use openrun_core::person::Limits;
use openrun_core::program::Name;
use openrun_core::purchase::PurchaseState;
use openrun_core::{Program, Purchase, PurchaseId, Refusal, Voucher};
use std::sync::Arc;
use uuid::Uuid;

/// Purchases on a page.
const PAGE: usize = 20;

/// The page of somebody.
pub(super) async fn show(call: &Call, claims: &PersonClaims) -> Answer {
    if let Some(id) = call.query("voucher") {
        return vouchers::one(call, claims, id).await;
    }
    match read(call, claims).await {
        Ok(mine) => Ok(page(call, &mine)),
        Err(refusal) => Ok(refused::page(call, &refusal, None)),
    }
}

struct Mine {
    limits: Vec<(Arc<Program>, Limits)>,
    vouchers: Vec<Voucher>,
    purchases: Vec<Purchase>,
    has_more: bool,
}

async fn read(call: &Call, claims: &PersonClaims) -> Result<Mine, Refusal> {
    let (engine, person) = (&call.edge().engine, claims.person);
    let before = call.query("before").and_then(|text| Uuid::try_parse(text).ok());
    let before = before.map(|id| PurchaseId(id.as_u128()));
    let limits = engine.limits(person).await?;
    let vouchers = engine.vouchers_of(person).await?;
    let mut purchases = engine.purchases_of(person, before, PAGE + 1).await?;
    let has_more = purchases.len() > PAGE;
    purchases.truncate(PAGE);
    Ok(Mine { limits, vouchers, purchases, has_more })
}

fn page(call: &Call, mine: &Mine) -> actix_web::HttpResponse {
    let (edge, language) = (call.edge(), call.page_language());
    let frame = Frame {
        kind: Kind::Me,
        language,
        view: "me",
        title: texts::say(language, "page-me"),
        path: "/me",
        round: None,
        refresh_s: None,
        code: None,
    };
    let html = frame.around(edge, |html| {
        html.element("h1", "page-me");
        limits(html, call, &mine.limits);
        vouchers::list(html, edge, &mine.vouchers);
        purchases(html, call, mine);
        html.raw("<form method=\"post\" action=\"/exit\">");
        html.element("button class=\"plain\"", "page-sign-out");
        html.raw("</form>");
    });
    let mut response = frame::own(StatusCode::OK, language, html);
    super::remember_if_chosen(call, &mut response, language);
    response
}

/// For those who have yet to sign in.
pub(super) fn nobody(html: &mut Html, edge: &Edge) {
    html.element("h1", "page-me");
    html.raw("<section class=\"card\">");
    place::sign_in(html, edge, None);
    html.raw("</section>");
}

fn limits(html: &mut Html, call: &Call, all: &[(Arc<Program>, Limits)]) {
    let now = call.edge().engine.now();
    html.element("h2", "page-limits");
    for (program, limits) in all {
        let rules = program.rules_at(now);
        html.raw("<section class=\"card\"><h3>");
        html.both(&program.name);
        html.raw("</h3><dl class=\"figures\">");
        html.figure("page-month", "", |html| html.text(limits.month));
        html.figure("page-allowance", "allowance", |html| html.won(limits.allowance.0));
        html.figure("page-used", "", |html| html.won(limits.used.0));
        html.figure("page-monthly-limit", "", |html| html.won(rules.monthly_limit_won.0));
        html.figure("page-room", "", |html| html.won(limits.room.0));
        html.raw("</dl></section>");
    }
}

fn purchases(html: &mut Html, call: &Call, mine: &Mine) {
    html.element("h2", "page-purchases");
    if mine.purchases.is_empty() {
        html.element("p", "page-purchases-none");
    }
    for purchase in &mine.purchases {
        html.raw("<article class=\"card\"><h3>");
        let name: Option<Name> =
            call.edge().engine.program(&purchase.program).map(|program| program.name.clone());
        match &name {
            Some(name) => html.both(name),
            None => html.text(&purchase.program),
        }
        html.raw("</h3><dl class=\"figures\">");
        html.figure("page-amount", "amount", |html| html.won(purchase.amount.0));
        html.figure("page-price", "price", |html| html.won(purchase.price.0));
        html.figure("page-purchase-state", "", |html| html.say(state_key(purchase.state)));
        html.figure("page-bought-at", "", |html| html.time(Moment(purchase.at)));
        let is_voucher = matches!(purchase.state, PurchaseState::Issued | PurchaseState::Cancelled);
        let id = Uuid::from_u128(purchase.id.0);
        match is_voucher {
            true => html.figure("page-voucher", "", |html| {
                html.raw(&format!("<a href=\"/me?voucher={id}\">{id}</a>"));
            }),
            false => html.figure("page-purchase", "", |html| html.text(id)),
        }
        html.raw("</dl></article>");
    }
    if let Some(last) = mine.purchases.last().filter(|_| mine.has_more) {
        let id = Uuid::from_u128(last.id.0);
        html.element(&format!("a class=\"button\" href=\"/me?before={id}\""), "page-older");
    }
}

fn state_key(state: PurchaseState) -> &'static str {
    match state {
        PurchaseState::Held | PurchaseState::Paying => "page-purchase-paying",
        PurchaseState::Issued => "page-purchase-issued",
        PurchaseState::Voided => "page-purchase-voided",
        PurchaseState::Cancelled => "page-purchase-cancelled",
    }
}
