//! `GET /pay`: finding a merchant to pay, by words, region and program, or by the number on their
//! sign. The same search as that of `GET /v1/merchants`; a form without scripts and with them.
//!
//! Nobody's own: who is signed in makes no difference here. Pays nothing; [`super::pay`] does.

use super::forms::see;
use super::frame::{self, Frame, Kind};
use super::html::Html;
use super::place::hidden;
use super::refused::{self, Around};
use super::texts;
use crate::http::call::{Answer, Call};
use crate::http::edge::Edge;
use crate::http::merchants;
use crate::merchants::{Merchant, Page, Query as Wanted, TEXT_CHARS_MAX};
use actix_web::http::StatusCode;
use openrun_core::{Feature, MerchantId, Refusal};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Finding a merchant, for people
///
/// With `merchant` it leads straight to paying that one.
#[utoipa::path(get, path = "/pay", operation_id = "find_merchant_page", tag = "pages",
    params(
        ("lang" = Option<String>, Query, description = "`ko` or `en`; remembered"),
        ("text" = Option<String>, Query, description = "words of name or category"),
        ("region" = Option<String>, Query, description = "the region, exactly"),
        ("program" = Option<String>, Query, description = "who takes this program today"),
        ("after" = Option<String>, Query, description = "behind this merchant"),
        ("merchant" = Option<String>, Query, description = "the number of a merchant"),
        ("voucher" = Option<String>, Query, description = "the voucher to pay with")),
    responses(
        (status = 200, description = "a page", body = String, content_type = "text/html"),
        (status = 303, description = "the page of the merchant of this number"),
        (status = 400, description = "a page: what is searched for cannot be read", body = String,
            content_type = "text/html"),
        (status = 404, description = "a page: there is no such merchant or program",
            body = String, content_type = "text/html"),
        (status = 409, description = "a page: searching is switched off for a time",
            body = String, content_type = "text/html")))]
pub async fn show(call: Call) -> Answer {
    if let Some(number) = call.query("merchant").filter(|number| !number.is_empty()) {
        return Ok(by_number(&call, number));
    }
    let engine = &call.edge().engine;
    let wanted = engine.check_feature(Feature::MerchantSearch, None);
    let wanted = wanted.and_then(|()| merchants::wanted(&call));
    let language = call.page_language();
    let wanted = match wanted {
        Ok(wanted) => wanted,
        // Paying goes on: whoever knows the number needs no search.
        Err(refusal) => {
            let is_off = matches!(refusal, Refusal::Suspended { .. });
            return Ok(refused::written(&call, &refusal, &AROUND, |html| match is_off {
                true => number(html, &call),
                false => refused::link(html, &AROUND),
            }));
        }
    };
    let found = is_asked(&wanted).then(|| call.edge().merchants.search(&wanted));
    let frame = Frame {
        kind: Kind::Pay,
        language,
        view: "merchants",
        title: texts::say(language, "page-pay-find-head"),
        path: "/pay",
        round: None,
        refresh_s: None,
        code: None,
    };
    let html = frame.around(call.edge(), |html| write(html, &call, &wanted, found.as_ref()));
    let mut response = frame::own(StatusCode::OK, language, html);
    super::remember_if_chosen(&call, &mut response, language);
    Ok(response)
}

const AROUND: Around<'static> =
    Around { kind: Kind::Pay, path: "/pay", goal: None, back: "page-pay-find-head" };

/// As somebody types it from a sign: in any case, with spaces around it.
fn by_number(call: &Call, typed: &str) -> actix_web::HttpResponse {
    let trimmed = typed.trim_matches('+').replace("%20", "").to_ascii_lowercase();
    let known = |id: &MerchantId| call.edge().merchants.find(id).is_some();
    match MerchantId::new(&trimmed).filter(known) {
        Some(id) => see(&path_of(call, &id)),
        None => {
            let refusal = Refusal::MerchantNotFound;
            refused::written(call, &refusal, &AROUND, |html| refused::link(html, &AROUND))
        }
    }
}

/// The page of a merchant, with the voucher that was chosen before.
fn path_of(call: &Call, merchant: &MerchantId) -> String {
    match voucher(call) {
        Some(voucher) => format!("/pay/{merchant}?voucher={voucher}"),
        None => format!("/pay/{merchant}"),
    }
}

fn voucher(call: &Call) -> Option<Uuid> {
    call.query("voucher").and_then(|id| Uuid::try_parse(id).ok())
}

/// Without a word nobody is looked for: the first of 280,000 are nobody's answer.
fn is_asked(wanted: &Wanted) -> bool {
    wanted.text.is_some() || wanted.region.is_some() || wanted.program.is_some()
}

fn write(html: &mut Html, call: &Call, wanted: &Wanted, found: Option<&Page>) {
    html.element("h1", "page-pay-find-head");
    html.raw("<section class=\"card\">");
    html.element("p", "page-pay-find-what");
    search(html, call.edge(), call, wanted);
    html.raw("</section>");
    if let Some(found) = found {
        results(html, call, wanted, found);
    }
    html.raw("<section class=\"card\">");
    number(html, call);
    html.raw("</section>");
}

fn search(html: &mut Html, edge: &Edge, call: &Call, wanted: &Wanted) {
    html.raw("<form method=\"get\" action=\"/pay\" role=\"search\">");
    keep_voucher(html, call);
    if let Some(accepted) = &wanted.program {
        hidden(html, "program", accepted.program.as_str());
        html.raw("<p class=\"notice\">");
        let program = edge.engine.program(&accepted.program);
        let name = program.map_or_else(
            || accepted.program.to_string(),
            |program| html.language.of_both(&program.name).to_owned(),
        );
        html.say_with("page-pay-only", &[("program", &name)]);
        html.raw("<br>");
        html.element("a href=\"/pay\"", "page-pay-all");
        html.raw("</p>");
    }
    html.element("label for=\"text\"", "page-pay-text");
    html.raw("<input id=\"text\" name=\"text\" type=\"search\" autocomplete=\"off\" ");
    html.raw(&format!("maxlength=\"{TEXT_CHARS_MAX}\" value=\""));
    html.text(wanted.text.as_deref().unwrap_or_default());
    html.raw("\">");
    regions(html, edge, wanted);
    html.element("button class=\"primary\" data-do=\"find\"", "page-pay-find-do");
    html.raw("</form>");
}

/// The regions of today's programs, of which there may be one alone.
fn regions(html: &mut Html, edge: &Edge, wanted: &Wanted) {
    let programs = edge.engine.programs();
    let now = edge.engine.now();
    let all: BTreeSet<String> = match &wanted.program {
        Some(accepted) => accepted.regions.iter().cloned().collect(),
        None => programs.iter().flat_map(|it| it.rules_at(now).regions.clone()).collect(),
    };
    if all.len() < 2 {
        return;
    }
    html.element("label for=\"region\"", "page-pay-region");
    html.raw("<select id=\"region\" name=\"region\"><option value=\"\">");
    html.say("page-pay-anywhere");
    html.raw("</option>");
    for region in all {
        let is_chosen = wanted.region.as_ref() == Some(&region);
        html.raw(if is_chosen { "<option selected>" } else { "<option>" });
        html.text(region);
        html.raw("</option>");
    }
    html.raw("</select>");
}

fn results(html: &mut Html, call: &Call, wanted: &Wanted, found: &Page) {
    html.element("h2", "page-pay-found");
    if found.merchants.is_empty() {
        html.element("p class=\"notice\" role=\"status\"", "page-pay-none");
        return;
    }
    html.raw("<section class=\"card\"><ul class=\"bare\">");
    for merchant in &found.merchants {
        html.raw("<li><a class=\"button full\" data-do=\"merchant\" href=\"");
        html.raw(&path_of(call, &merchant.id));
        html.raw("\">");
        html.text(&merchant.name);
        html.raw("</a><small>");
        place(html, merchant);
        html.raw("</small></li>");
    }
    html.raw("</ul></section>");
    if let Some(next) = &found.next {
        html.raw("<p><a class=\"button\" data-do=\"more\" href=\"/pay?");
        for name in ["text", "region"] {
            // As it was sent: it stands in an address again.
            if let Some(sent) = call.query(name).filter(|sent| !sent.is_empty()) {
                html.raw(&format!("{name}="));
                html.text(sent);
                html.raw("&amp;");
            }
        }
        if let Some(accepted) = &wanted.program {
            html.raw(&format!("program={}&amp;", accepted.program));
        }
        if let Some(voucher) = voucher(call) {
            html.raw(&format!("voucher={voucher}&amp;"));
        }
        html.raw(&format!("after={next}\">"));
        html.say("page-pay-more");
        html.raw("</a></p>");
    }
}

/// What it sells, where, and its number: shops of one name are told apart by them.
pub(super) fn place(html: &mut Html, merchant: &Merchant) {
    html.text(&merchant.category);
    html.raw(" · ");
    html.text(&merchant.region);
    html.raw(" · ");
    html.say("page-pay-number");
    html.raw(" ");
    html.text(&merchant.id);
}

fn number(html: &mut Html, call: &Call) {
    html.element("h2", "page-pay-number-head");
    html.element("p id=\"number-what\"", "page-pay-number-what");
    html.raw("<form method=\"get\" action=\"/pay\">");
    keep_voucher(html, call);
    html.element("label for=\"merchant\"", "page-pay-number");
    html.raw("<input id=\"merchant\" name=\"merchant\" required maxlength=\"64\" ");
    html.raw("autocapitalize=\"off\" spellcheck=\"false\" autocomplete=\"off\" ");
    html.raw("aria-describedby=\"number-what\">");
    html.element("button data-do=\"number\"", "page-pay-number-do");
    html.raw("</form>");
}

fn keep_voucher(html: &mut Html, call: &Call) {
    if let Some(voucher) = voucher(call) {
        hidden(html, "voucher", &voucher.to_string());
    }
}
