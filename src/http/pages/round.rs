//! One round for everybody: how it stands, what holds it up, what the operator says, how far each
//! line has come. What is somebody's own is in [`super::place`].

use super::html::{Html, grouped};
use super::rounds::{badge, price_of, windows};
use crate::http::time::Moment;
use crate::http::watermark::{InterruptionAnswer, StockFigures};
use openrun_actors::RoundRef;
use openrun_core::Timestamp;
use openrun_core::round_spec::LineId;
use openrun_core::view::RoundView;

/// Writes the name of the round, how it stands, and what everybody must know first.
pub(super) fn head(html: &mut Html, view: &RoundView) {
    html.raw("<h1>");
    html.both(&view.spec.name);
    html.raw("</h1><p>");
    html.both(&view.program.name);
    html.raw(" ");
    badge(html, view.state);
    html.raw("</p>");
    if let Some(interruption) = view.interruption {
        let (korean, english) = InterruptionAnswer::from(interruption).words();
        html.raw("<p class=\"notice warn\">");
        html.pick(english, korean);
        html.raw("</p>");
    }
    for notice in &view.notices {
        html.raw("<p class=\"notice\">");
        html.both(&notice.message);
        html.raw(" <small>");
        html.time(Moment(notice.at));
        html.raw("</small></p>");
    }
}

/// Writes the figures of the sale.
pub(super) fn figures(html: &mut Html, view: &RoundView, round: &RoundRef, now: Timestamp) {
    let StockFigures { left_won, sold_won, .. } = StockFigures::of_lines(view);
    let rules = view.program.rules_at(now);
    html.raw("<section class=\"card\">");
    html.element("h2", "page-sale");
    html.raw("<dl class=\"figures\">");
    html.figure("page-left", "left", |html| html.won(left_won));
    html.figure("page-sold", "", |html| html.won(sold_won));
    html.figure("page-waiting", "", |html| html.count(view.waiting(), "명"));
    let price = rules.price_and_subsidy(rules.unit_won).0;
    html.figure("page-unit", "", |html| price_of(html, rules.unit_won, price));
    html.figure("page-monthly-limit", "", |html| html.won(rules.monthly_limit_won.0));
    html.raw("</dl>");
    lines(html, view, round);
    windows(html, view);
    html.raw("<p class=\"soft\">");
    html.say("page-as-of");
    html.raw(" ");
    html.time(Moment(view.at));
    html.raw("</p></section>");
}

fn lines(html: &mut Html, view: &RoundView, round: &RoundRef) {
    html.raw("<div class=\"scroll\" tabindex=\"0\"><table>");
    html.element("caption", "page-lines");
    html.raw("<thead><tr>");
    html.element("th scope=\"col\"", "page-window-who");
    for key in ["page-line-watermark", "page-line-last", "page-line-wait"] {
        html.element("th scope=\"col\" class=\"n\"", key);
    }
    html.raw("</tr></thead><tbody>");
    for (index, line) in view.lines.iter().enumerate() {
        html.raw("<tr><th scope=\"row\">");
        html.class(&line.class);
        html.raw("</th><td class=\"n\">");
        html.text(grouped(line.watermark));
        html.raw("</td><td class=\"n\">");
        html.text(grouped(line.last_number));
        html.raw("</td><td class=\"n\">");
        let id = LineId(u8::try_from(index).unwrap_or(u8::MAX));
        // The place of somebody who joins now.
        match round.place(id, line.last_number + 1).view.eta {
            Some(eta) => {
                html.span(eta.p10_s);
                html.raw(" – ");
                html.span(eta.p90_s);
            }
            None => html.say("page-unknown"),
        }
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
}
