//! All rounds, as the first page lists them: what is on sale before what will be, and what is over
//! last. A round that is being prepared is nobody's business yet.

use super::html::Html;
use super::words::{phase_key, state_key, state_tone};
use crate::http::time::Moment;
use openrun_core::round::LifeCycle;
use openrun_core::round_spec::SoldAt;
use openrun_core::view::RoundView;
use openrun_core::{Timestamp, Won};
use std::sync::Arc;

/// Writes the list as it stands at `now`.
pub(super) fn write(html: &mut Html, mut views: Vec<Arc<RoundView>>, now: Timestamp) {
    views.retain(|view| view.state != LifeCycle::Draft);
    views.sort_by_key(|view| (rank(view.state), nearest(view), view.spec.id.clone()));
    html.element("h1", "page-rounds");
    if views.is_empty() {
        html.element("p", "page-rounds-none");
    }
    for view in &views {
        card(html, view, now);
    }
    html.raw("<p class=\"soft\">");
    html.say("page-as-of");
    html.raw(" ");
    html.time(Moment(now));
    html.raw("</p>");
}

fn rank(state: LifeCycle) -> u8 {
    match state {
        LifeCycle::Open | LifeCycle::Paused => 0,
        LifeCycle::Lobby => 1,
        LifeCycle::Scheduled | LifeCycle::Draft => 2,
        LifeCycle::SoldOut => 3,
        LifeCycle::Closed => 4,
    }
}

/// The next opening first, and of what is over the last one first.
fn nearest(view: &RoundView) -> i64 {
    let opens_at = view.windows.iter().map(|window| window.opens_at.0).min().unwrap_or(0);
    if view.state == LifeCycle::Closed { -opens_at } else { opens_at }
}

fn card(html: &mut Html, view: &RoundView, now: Timestamp) {
    html.raw("<article class=\"card\"><h2><a href=\"/rounds/");
    html.text(view.spec.id.as_str());
    html.raw("\">");
    html.both(&view.spec.name);
    html.raw("</a></h2><p>");
    html.both(&view.program.name);
    html.raw(" ");
    badge(html, view.state);
    html.raw("</p><dl class=\"figures\">");
    let rules = view.program.rules_at(now);
    let price = rules.price_and_subsidy(rules.unit_won).0;
    html.figure("page-unit", "", |html| price_of(html, rules.unit_won, price));
    html.figure("page-monthly-limit", "", |html| html.won(rules.monthly_limit_won.0));
    html.raw("</dl>");
    windows(html, view);
    html.raw("</article>");
}

/// What a face value costs.
pub(super) fn price_of(html: &mut Html, face: Won, price: Won) {
    html.won(face.0);
    html.raw(" → ");
    html.won(price.0);
}

/// How a round stands, as a badge.
pub(super) fn badge(html: &mut Html, state: LifeCycle) {
    html.element(&format!("span class=\"{}\"", state_tone(state)), state_key(state));
}

/// When a round sells to whom, and what is left.
pub(super) fn windows(html: &mut Html, view: &RoundView) {
    html.raw("<div class=\"scroll\" tabindex=\"0\"><table>");
    html.element("caption", "page-windows");
    html.raw("<thead><tr>");
    for key in ["page-window-who", "page-window-when", "page-window-phase"] {
        html.element("th scope=\"col\"", key);
    }
    html.element("th scope=\"col\" class=\"n\"", "page-window-left");
    html.raw("</tr></thead><tbody>");
    for window in view.windows_at(SoldAt::Line) {
        html.raw("<tr><th scope=\"row\">");
        html.class(&window.eligibility.class());
        html.raw("</th><td>");
        html.time(Moment(window.opens_at));
        html.raw(" – ");
        html.time(Moment(window.closes_at));
        html.raw("</td><td>");
        html.say(phase_key(window.phase));
        html.raw("</td><td class=\"n\">");
        html.won(window.stock.left.0);
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
}
