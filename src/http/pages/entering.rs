//! The page in between when another site signs somebody in on this browser: one tap, and nothing is
//! kept before it.
//!
//! A token is its own proof of who made it, and none of who sends it: a stranger's site could send
//! its own, and whoever is lured there would sign up, pay and hold under the stranger's name.
//! Decides nothing; `forms` does.

use super::frame::{self, Frame, Kind};
use super::place::hidden;
use super::texts;
use crate::http::call::Call;
use crate::trust::PersonClaims;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use openrun_core::{MerchantId, RoundId};

/// Where somebody who has signed in goes on.
pub(super) enum Goal {
    /// All rounds.
    Home,
    /// This round.
    Round(RoundId),
    /// To pay this merchant.
    Merchant(MerchantId),
}

impl Goal {
    /// As the fields of the form name it; what they name wrongly is not there.
    pub(super) fn of(round: Option<&str>, merchant: Option<&str>) -> Goal {
        match (round.and_then(RoundId::new), merchant.and_then(MerchantId::new)) {
            (Some(round), _) => Goal::Round(round),
            (None, Some(merchant)) => Goal::Merchant(merchant),
            (None, None) => Goal::Home,
        }
    }

    pub(super) fn path(&self) -> String {
        match self {
            Goal::Home => "/".to_owned(),
            Goal::Round(round) => format!("/rounds/{round}"),
            Goal::Merchant(merchant) => format!("/pay/{merchant}"),
        }
    }

    fn field(&self) -> Option<(&'static str, &str)> {
        match self {
            Goal::Home => None,
            Goal::Round(round) => Some(("round", round.as_str())),
            Goal::Merchant(merchant) => Some(("merchant", merchant.as_str())),
        }
    }
}

/// Asks whether to go on.
pub(super) fn page(call: &Call, claims: &PersonClaims, token: &str, goal: &Goal) -> HttpResponse {
    let (edge, language) = (call.edge(), call.page_language());
    let frame = Frame {
        kind: Kind::Rounds,
        language,
        view: "enter",
        title: texts::say(language, "page-enter-head"),
        path: "/",
        round: None,
        refresh_s: None,
        code: None,
    };
    let html = frame.around(edge, |html| {
        html.raw("<section class=\"card\">");
        html.element("h1", "page-enter-head");
        html.element("p class=\"notice warn\"", "page-enter");
        html.figures(|html| {
            html.figure("page-enter-app", "channel", |html| html.text(&claims.channel));
        });
        // The fragment stays in the browser: scripts find the token there after the redirect.
        html.raw("<form method=\"post\" action=\"/enter#token=");
        html.text(token);
        html.raw("\">");
        hidden(html, "token", token);
        if let Some((field, value)) = goal.field() {
            hidden(html, field, value);
        }
        html.element("button class=\"primary\" data-do=\"enter\"", "page-enter-do");
        html.raw("</form><p>");
        html.element("a class=\"button\" data-do=\"not\" href=\"/\"", "page-enter-not");
        html.raw("</p></section>");
    });
    frame::own(StatusCode::OK, language, html)
}
