//! What somebody's own place comes to now, and the form of the one thing to do: join, wait, claim,
//! choose an amount, confirm it, see what came of it.
//!
//! Writes only. Each form goes to [`super::forms`]; what is in it is checked there by the same code
//! as the call of the same name.

use super::html::{Html, won_in};
use super::own::Own;
use crate::http::edge::Edge;
use crate::http::time::Moment;
use openrun_actors::Place;
use openrun_core::person::ShownPass;
use openrun_core::view::{LineChoice, Outlook, PlaceState};
use openrun_core::{Purchase, Rules, Won};
use uuid::Uuid;

/// What stands first in the title, for what is worth a look at a row of tabs.
pub(super) fn title_key(shows: &str) -> Option<&'static str> {
    match shows {
        "waiting" => Some("page-waiting-head"),
        "lobby" => Some("page-lobby-head"),
        "admitted" | "buying" => Some("page-turn-head"),
        "bought" => Some("page-bought-head"),
        _ => None,
    }
}

/// Writes what `shows` names.
pub(super) fn write(html: &mut Html, edge: &Edge, own: &Own, shows: &str) {
    match (shows, &own.place, &own.purchase) {
        ("bought" | "paying" | "refused", _, Some(purchase)) => bought(html, own, purchase),
        ("sign_up", Some((_, place)), _) => sign_up(html, own, place),
        ("buying", ..) => confirm(html, own, own.amount.unwrap_or(Won::ZERO)),
        ("admitted", Some((_, place)), _) if own.can_choose() => choose(html, own, place),
        (_, Some((_, place)), _) => stands(html, own, place),
        _ => join(html, own),
    }
    if own.claims.is_none() {
        sign_in(html, edge, Some(("round", own.id.as_str())));
    }
}

/// How to sign in: through a channel's app, or in development as somebody made up. `goal`: the
/// field that says where it goes on.
pub(super) fn sign_in(html: &mut Html, edge: &Edge, goal: Option<(&'static str, &str)>) {
    html.element("h2", "page-sign-in-head");
    html.element("p", "page-sign-in");
    if edge.site.is_dev {
        html.raw("<form method=\"post\" action=\"/enter\">");
        hidden(html, "made_up", "true");
        if let Some((field, value)) = goal {
            hidden(html, field, value);
        }
        html.element("button data-do=\"virtual-person\"", "page-virtual-person");
        html.raw("</form>");
    }
}

pub(super) fn hidden(html: &mut Html, name: &str, value: &str) {
    html.raw("<input type=\"hidden\" name=\"");
    html.raw(name);
    html.raw("\" value=\"");
    html.text(value);
    html.raw("\">");
}

/// Begins a form that is sent to this round.
fn form(html: &mut Html, own: &Own, act: &str) {
    html.raw("<form method=\"post\" action=\"/rounds/");
    html.text(own.id.as_str());
    html.raw(&format!("/{act}\">"));
}

/// A form of one button.
fn act(html: &mut Html, own: &Own, act: &str, attributes: &str, key: &'static str) {
    form(html, own, act);
    html.element(&format!("button {attributes}"), key);
    html.raw("</form>");
}

fn sign_up(html: &mut Html, own: &Own, place: &Place) {
    html.element("h2", "page-sign-up-head");
    html.figures(|html| figures(html, place));
    html.element("p", "page-sign-up");
    form(html, own, "sign-up");
    html.element("label for=\"account\"", "page-account");
    html.raw("<input id=\"account\" name=\"account\" required maxlength=\"64\" ");
    html.raw("pattern=\"[0-9A-Za-z\\-]+\" autocomplete=\"off\" inputmode=\"numeric\">");
    html.raw("<label class=\"check\"><input type=\"checkbox\" name=\"accepted_terms\" ");
    html.raw("value=\"true\" required>");
    html.say("page-terms");
    html.raw("</label>");
    html.element("button class=\"primary\" data-do=\"sign-up\"", "page-sign-up-do");
    html.raw("</form>");
}

/// Somebody without a place.
fn join(html: &mut Html, own: &Own) {
    let Some(claims) = &own.claims else { return };
    let later = match own.view.line_for(&claims.who, own.now) {
        LineChoice::Later(opens_at) => Some(opens_at),
        LineChoice::Never => {
            html.element("p", "page-no-window");
            return;
        }
        LineChoice::Now(_) => None,
    };
    if !own.view.state.takes_joins() || later.is_some() {
        html.element("h2", "page-not-yet-open");
        let opens_at = later.or_else(|| own.view.opens_at_for(&claims.who));
        if let Some(opens_at) = opens_at {
            html.raw("<dl class=\"figures\">");
            html.figure("page-opens-at", "countdown", |html| html.time(Moment(opens_at)));
            html.figure("page-lobby-at", "", |html| {
                let lead = own.view.spec.lobby_lead_millis();
                html.time(Moment(opens_at.plus_millis(-lead)));
            });
            html.raw("</dl>");
        }
        return;
    }
    html.element("h2", "page-join-head");
    html.element("p", "page-join");
    act(html, own, "join", "class=\"primary\" data-do=\"join\"", "page-join-do");
}

/// Somebody with a place that is not buying.
fn stands(html: &mut Html, own: &Own, place: &Place) {
    let (head, more) = match place.view.state {
        PlaceState::Lobby => ("page-lobby-head", "page-lobby"),
        PlaceState::Waiting => ("page-waiting-head", "page-waiting-more"),
        PlaceState::Admitted => ("page-turn-head", "page-turn"),
        PlaceState::Lapsed => ("page-lapsed-head", "page-lapsed"),
        PlaceState::Left => ("page-left-head", "page-left-more"),
        PlaceState::Bought => ("page-bought-head", "page-bought-before"),
        PlaceState::StandBy => ("page-stand-by-head", "page-stand-by"),
        PlaceState::SoldOut => ("page-sold-out-head", "page-sold-out"),
        PlaceState::Closed => ("page-closed-head", "page-closed"),
    };
    html.element("h2", head);
    html.element("p", more);
    html.figures(|html| figures(html, place));
    match place.view.state {
        PlaceState::Admitted => {
            act(html, own, "claim", "class=\"primary\" data-do=\"claim\"", "page-claim-do");
            act(html, own, "leave", "class=\"plain\" data-do=\"leave\"", "page-leave-do");
        }
        PlaceState::Lobby | PlaceState::Waiting | PlaceState::StandBy => {
            act(html, own, "leave", "class=\"plain\" data-do=\"leave\"", "page-leave-do");
        }
        PlaceState::Lapsed | PlaceState::Left if own.claims.is_some() => {
            act(html, own, "join", "class=\"primary\" data-do=\"join\"", "page-join-again");
        }
        PlaceState::Bought => {
            html.element("p", "page-bought-where");
            html.element("a class=\"button\" href=\"/me\"", "page-me");
        }
        _ => {}
    }
}

/// Number, people ahead, wait, chances.
fn figures(html: &mut Html, place: &Place) {
    let view = &place.view;
    let waits = matches!(view.state, PlaceState::Lobby | PlaceState::Waiting | PlaceState::StandBy);
    if !place.is_entry {
        html.figure("page-number", "number", |html| html.text(super::html::grouped(place.number)));
    }
    if waits && !place.is_entry {
        html.figure("page-ahead", "ahead", |html| html.count(view.ahead, "명"));
    }
    if waits {
        html.figure("page-eta", "eta", |html| match view.eta {
            Some(eta) => {
                html.span(eta.p10_s);
                html.raw(" – ");
                html.span(eta.p90_s);
            }
            None => html.say("page-unknown"),
        });
        html.figure("page-outlook", "outlook", |html| {
            html.say(match view.outlook {
                Outlook::Likely => "page-outlook-likely",
                Outlook::Possible => "page-outlook-possible",
                Outlook::Unlikely => "page-outlook-unlikely",
                Outlook::No => "page-outlook-no",
            });
        });
    }
}

/// The most that can be asked for now, as far as it is known: the limits of the month and of what
/// is held, and what is left.
fn most(own: &Own, rules: &Rules) -> Won {
    let mut most = rules.monthly_limit_won;
    if let Some(limits) = &own.limits {
        most = most.min(limits.allowance).min(limits.room);
    }
    Won(most.0 - most.0.rem_euclid(rules.unit_won.0.max(1)))
}

/// The first of two steps: how much.
fn choose(html: &mut Html, own: &Own, place: &Place) {
    let rules = own.view.program.rules_at(own.now);
    let most = most(own, rules);
    html.element("h2", "page-turn-head");
    html.raw("<dl class=\"figures\">");
    html.figure("page-number", "number", |html| html.text(super::html::grouped(place.number)));
    html.figure("page-allowance", "allowance", |html| match own.limits {
        Some(_) => html.won(most.0),
        None => html.say("page-unknown"),
    });
    good_until(html, own);
    html.raw("</dl>");
    if most < rules.unit_won {
        html.element("p class=\"notice warn\"", "page-no-allowance");
        return;
    }
    html.raw("<form method=\"get\" action=\"/rounds/");
    html.text(own.id.as_str());
    html.raw("\">");
    html.element("label for=\"amount\"", "page-amount");
    html.raw(&format!(
        "<input id=\"amount\" name=\"amount_won\" type=\"number\" inputmode=\"numeric\" required \
         min=\"{unit}\" max=\"{most}\" step=\"{unit}\" value=\"{most}\" aria-describedby=\"rule\">",
        unit = rules.unit_won.0,
        most = most.0,
    ));
    html.raw("<p id=\"rule\" class=\"soft\">");
    let unit = won_in(html.language, rules.unit_won.0);
    html.say_with("page-amount-rule", &[("unit", &unit)]);
    html.raw("</p>");
    html.element("button class=\"primary\" data-do=\"buy\"", "page-buy-do");
    html.raw("</form>");
    act(html, own, "leave", "class=\"plain\" data-do=\"leave\"", "page-leave-do");
}

fn good_until(html: &mut Html, own: &Own) {
    if let ShownPass::Valid(_, until) = own.pass {
        html.figure("page-pass-until", "countdown", |html| html.time(Moment(until)));
    }
}

/// The second step: what it costs, and the key of this attempt. Sending it twice buys once.
fn confirm(html: &mut Html, own: &Own, amount: Won) {
    let rules = own.view.program.rules_at(own.now);
    html.element("h2", "page-confirm-head");
    html.raw("<dl class=\"figures\">");
    html.figure("page-amount", "amount", |html| html.won(amount.0));
    html.figure("page-price", "price", |html| html.won(rules.price_and_subsidy(amount).0.0));
    good_until(html, own);
    html.raw("</dl>");
    let key = format!("{:032x}", rand::random::<u128>());
    buying(html, own.id.as_str(), (amount, &key), ("confirm", "page-confirm-do"));
    html.raw("<p><a class=\"button plain\" data-do=\"back\" href=\"/rounds/");
    html.text(own.id.as_str());
    html.raw("\">");
    html.say("page-back");
    html.raw("</a></p>");
}

/// The form that buys: under its key as often as it is sent.
pub(super) fn buying(
    html: &mut Html,
    round: &str,
    (amount, key): (Won, &str),
    (does, says): (&str, &'static str),
) {
    html.raw("<form method=\"post\" action=\"/rounds/");
    html.text(round);
    html.raw("/buy\">");
    hidden(html, "amount_won", &amount.0.to_string());
    hidden(html, "key", key);
    html.element(&format!("button class=\"primary\" data-do=\"{does}\""), says);
    html.raw("</form>");
}

/// What came of a purchase.
fn bought(html: &mut Html, own: &Own, purchase: &Purchase) {
    use openrun_core::purchase::PurchaseState;
    let (head, more) = match purchase.state {
        PurchaseState::Held | PurchaseState::Paying => ("page-paying-head", "page-paying"),
        PurchaseState::Issued => ("page-bought-head", "page-bought"),
        PurchaseState::Cancelled => ("page-cancelled-head", "page-cancelled"),
        PurchaseState::Voided => ("page-voided-head", "page-voided"),
    };
    html.element("h2", head);
    html.element("p", more);
    html.raw("<dl class=\"figures\">");
    html.figure("page-amount", "amount", |html| html.won(purchase.amount.0));
    html.figure("page-price", "price", |html| html.won(purchase.price.0));
    html.figure("page-purchase", "", |html| html.text(Uuid::from_u128(purchase.id.0)));
    html.raw("</dl><p class=\"row\">");
    html.element("a class=\"button\" href=\"/me\"", "page-me");
    html.raw("<a class=\"button\" data-do=\"again\" href=\"/rounds/");
    html.text(own.id.as_str());
    html.raw("\">");
    html.say("page-to-the-round");
    html.raw("</a></p>");
}
