//! The pages that people see: `/`, `/rounds/{round}` and `/me` on the public listener, the console
//! on the other. Plain HTML that is useful as it is; where scripts run they take `main` over.
//!
//! A page that is nobody's own is made at most every 200 ms in each language, and is the same bytes
//! for everybody. Decides nothing about a sale: a form goes the way of the call that it stands for.
//! Reading order: [`frame`] is around every page, [`rounds`] and [`round`] write what everybody
//! sees, [`own`], [`place`], [`me`] and
//! [`vouchers`] what is somebody's own, [`pay_find`] and [`pay`] lead to a merchant and pay them,
//! [`forms`] does what they ask for without scripts; [`assets`] is what a page loads.

pub mod assets;
pub mod dev;
mod entering;
pub mod forms;
mod frame;
pub(crate) mod html;
mod me;
mod own;
pub mod pay;
pub mod pay_find;
mod pay_receipt;
mod place;
mod refused;
mod round;
mod rounds;
mod texts;
mod visitor;
pub mod vouchers;
mod words;

pub use frame::POLICY;

use super::call::{Answer, Call};
use super::edge::Edge;
use super::language::Language;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use bytes::Bytes;
use dashmap::DashMap;
use flate2::Compression;
use frame::{Frame, Kind};
use html::Html;
use openrun_core::RoundId;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A page that is nobody's own is remade at most this often, as the watermark document is.
const REMAKE_AFTER: Duration = Duration::from_millis(200);
/// How long the choice of a language is remembered, in seconds: a year.
const LANGUAGE_AGE_S: u32 = 31_536_000;

/// How the pages are served.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// Whether people may be made up.
    pub is_dev: bool,
    /// From where scripts and sheets are read at each request, instead of from the program.
    pub folder: Option<PathBuf>,
}

/// A page as it was made.
#[derive(Clone)]
struct Made {
    plain: Bytes,
    gzip: Bytes,
    made: Instant,
}

/// The pages that are nobody's own, as they were made last: two a round, and a few.
#[derive(Default)]
pub struct Pages(DashMap<(Kind, Option<RoundId>, Language), Made>);

impl Pages {
    fn shown(
        &self,
        (kind, round, language): (Kind, Option<RoundId>, Language),
        make: impl FnOnce() -> String,
    ) -> Made {
        let key = (kind, round, language);
        let fresh = self.0.get(&key).filter(|made| made.made.elapsed() < REMAKE_AFTER);
        if let Some(fresh) = fresh {
            return fresh.clone();
        }
        let plain = Bytes::from(make());
        let gzip = assets::gzip(&plain, Compression::fast());
        let made = Made { plain, gzip, made: Instant::now() };
        self.0.insert(key, made.clone());
        made
    }
}

/// All sales, for people
#[utoipa::path(get, path = "/", operation_id = "home", tag = "pages",
    params(("lang" = Option<String>, Query, description = "`ko` or `en`; remembered")),
    responses((status = 200, description = "a page", body = String, content_type = "text/html")))]
pub async fn rounds(call: Call) -> Answer {
    let make = |language, edge: &Edge| {
        let frame = Frame {
            kind: Kind::Rounds,
            language,
            view: "rounds",
            title: texts::say(language, "page-rounds"),
            path: "/",
            round: None,
            refresh_s: None,
            code: None,
        };
        let engine = &edge.engine;
        frame.around(edge, |html| rounds::write(html, engine.rounds(), engine.now()))
    };
    Ok(shared(&call, Kind::Rounds, None, make))
}

/// One sale, for people: its line, the turn, buying
#[utoipa::path(get, path = "/rounds/{round}", operation_id = "round_page", tag = "pages",
    params(("lang" = Option<String>, Query, description = "`ko` or `en`; remembered")),
    responses(
        (status = 200, description = "a page", body = String, content_type = "text/html"),
        (status = 404, description = "a page: there is no such sale", body = String,
            content_type = "text/html")))]
pub async fn round(call: Call) -> Answer {
    let Ok((id, round)) = call.round() else {
        return Ok(nowhere(&call));
    };
    if call.kept_person().is_some() || call.kept_ticket(&id, &round).is_some() {
        return own::show(&call, id, round).await;
    }
    let make = |language: Language, edge: &Edge| {
        let view = round.view();
        let path = format!("/rounds/{id}");
        let frame = Frame {
            kind: Kind::Round,
            language,
            view: "round",
            title: language.of_both(&view.spec.name).to_owned(),
            path: &path,
            round: Some(id.as_str()),
            refresh_s: None,
            code: None,
        };
        frame.around(edge, |html| {
            round::head(html, &view);
            html.raw("<section class=\"card\">");
            place::sign_in(html, edge, Some(("round", id.as_str())));
            html.raw("</section>");
            round::figures(html, &view, &round, edge.engine.now());
        })
    };
    Ok(shared(&call, Kind::Round, Some(id.clone()), make))
}

/// What is one's own: purchases, vouchers, limits
#[utoipa::path(get, path = "/me", operation_id = "me_page", tag = "pages",
    params(
        ("lang" = Option<String>, Query, description = "`ko` or `en`; remembered"),
        ("voucher" = Option<String>, Query, description = "this voucher alone, with its history")),
    responses(
        (status = 200, description = "a page", body = String, content_type = "text/html"),
        (status = 404, description = "a page: there is no such voucher", body = String,
            content_type = "text/html"),
        (status = 503, description = "a page: the store is away", body = String,
            content_type = "text/html")))]
pub async fn me(call: Call) -> Answer {
    if let Some(claims) = call.kept_person() {
        return me::show(&call, &claims).await;
    }
    let make = |language, edge: &Edge| {
        let frame = Frame {
            kind: Kind::Me,
            language,
            view: "sign_in",
            title: texts::say(language, "page-me"),
            path: "/me",
            round: None,
            refresh_s: None,
            code: None,
        };
        frame.around(edge, |html| me::nobody(html, edge))
    };
    Ok(shared(&call, Kind::Me, None, make))
}

/// The operator's console
#[utoipa::path(get, path = "/", operation_id = "console", tag = "contract",
    params(("lang" = Option<String>, Query, description = "`ko` or `en`; remembered")),
    responses((status = 200, description = "a page", body = String, content_type = "text/html")))]
pub async fn console(call: Call) -> Answer {
    let make = |language, edge: &Edge| {
        let frame = Frame {
            kind: Kind::Console,
            language,
            view: "sign_in",
            title: texts::say(language, "page-console"),
            path: "/",
            round: None,
            refresh_s: None,
            code: None,
        };
        frame.around(edge, |html: &mut Html| {
            html.element("h1", "page-console");
            html.raw("<noscript>");
            html.element("p class=\"notice\"", "page-console-scripts");
            html.raw("</noscript>");
        })
    };
    Ok(shared(&call, Kind::Console, None, make))
}

/// The answer with a page that is nobody's own.
fn shared(
    call: &Call,
    kind: Kind,
    round: Option<RoundId>,
    make: impl FnOnce(Language, &Edge) -> String,
) -> actix_web::HttpResponse {
    let (edge, language) = (call.edge(), call.page_language());
    let made = edge.pages.shown((kind, round, language), || make(language, edge));
    if call.query("lang").is_some() {
        // The choice is of this one person: no cache may hand it to the next.
        let html = String::from_utf8_lossy(&made.plain).into_owned();
        let mut response = frame::own(StatusCode::OK, language, html);
        remember(&mut response, language);
        return response;
    }
    let is_packed = call.accepts_gzip();
    let bytes = if is_packed { made.gzip } else { made.plain };
    frame::shared(language, bytes, is_packed)
}

/// Keeps the choice of a language, if the address makes one.
fn remember_if_chosen(call: &Call, response: &mut actix_web::HttpResponse, language: Language) {
    if call.query("lang").is_some() {
        remember(response, language);
    }
}

/// Keeps the choice of a language for the next pages; scripts may read it.
fn remember(response: &mut actix_web::HttpResponse, language: Language) {
    let tag = language.tag();
    let cookie = format!("lang={tag}; Path=/; Max-Age={LANGUAGE_AGE_S}; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// There is no such sale.
fn nowhere(call: &Call) -> actix_web::HttpResponse {
    let (edge, language) = (call.edge(), call.page_language());
    edge.refusals.count(&openrun_core::Refusal::RoundNotFound);
    let frame = Frame {
        kind: Kind::Rounds,
        language,
        view: "rounds",
        title: texts::say(language, "page-round-none"),
        path: "/",
        round: None,
        refresh_s: None,
        code: Some("round-not-found"),
    };
    let html = frame.around(edge, |html| {
        html.element("h1", "page-round-none");
        html.element("p", "page-round-none-more");
        html.element("a class=\"button\" href=\"/\"", "page-rounds");
    });
    frame::own(StatusCode::NOT_FOUND, language, html)
}
