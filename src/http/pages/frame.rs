//! What every page has around it: head, skip link, header, `main`, footer, and the script that
//! takes `main` over where scripts run. And the headers under which a page is sent.
//!
//! No script and no style stands in a page: both come from `/assets/`, which is all that the policy
//! allows.

use super::assets;
use super::html::Html;
use crate::http::edge::Edge;
use crate::http::language::Language;
use crate::http::reply::{self, NO_STORE, SHARED};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use bytes::Bytes;

/// The policy of every page, without exception.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                          img-src 'self' data:; connect-src 'self'; font-src 'none'; \
                          base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// What pages depend on beside their address.
pub const VARY: &str = "accept-language, cookie, accept-encoding";
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Which page it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// All rounds.
    Rounds,
    /// One round: its line, the turn, buying.
    Round,
    /// What is one's own.
    Me,
    /// Paying a merchant.
    Pay,
    /// The operator's console.
    Console,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Rounds => "rounds",
            Kind::Round => "round",
            Kind::Me => "me",
            Kind::Pay => "pay",
            Kind::Console => "console",
        }
    }

    fn script(self, language: Language) -> &'static str {
        match self {
            Kind::Console => language.pick("console.en.js", "console.ko.js"),
            Kind::Pay => language.pick("pay.en.js", "pay.ko.js"),
            _ => language.pick("citizen.en.js", "citizen.ko.js"),
        }
    }
}

/// What is around a page.
pub struct Frame<'a> {
    /// Which page it is.
    pub kind: Kind,
    /// In which language.
    pub language: Language,
    /// What it shows, as the scripts call it.
    pub view: &'static str,
    /// The title, before the name of the program.
    pub title: String,
    /// Where it is, without a query.
    pub path: &'a str,
    /// Which round it is about.
    pub round: Option<&'a str>,
    /// After how many seconds it looks again by itself where no script does.
    pub refresh_s: Option<i64>,
    /// The code of the refusal that it tells of.
    pub code: Option<&'static str>,
}

impl Frame<'_> {
    /// The page with what `body` writes into its `main`.
    #[must_use]
    pub fn around(&self, edge: &Edge, body: impl FnOnce(&mut Html)) -> String {
        let mut html = Html::new(self.language);
        self.head(edge, &mut html);
        self.header(&mut html);
        self.main(edge, &mut html);
        body(&mut html);
        html.raw("</main>");
        self.footer(edge, &mut html);
        html.into_text()
    }

    fn head(&self, edge: &Edge, html: &mut Html) {
        let tag = self.language.tag();
        html.raw(&format!("<!doctype html>\n<html lang=\"{tag}\"><head><meta charset=\"utf-8\">"));
        html.raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        html.raw("<meta name=\"color-scheme\" content=\"light dark\"><title>");
        html.text(&self.title);
        html.raw(" - ");
        html.say("page-name");
        html.raw("</title><link rel=\"icon\" href=\"data:,\">");
        let sheets: &[&str] = match self.kind {
            Kind::Console => &["openrun.css", "console.css"],
            _ => &["openrun.css"],
        };
        for sheet in sheets {
            let address = assets::address(edge, sheet);
            html.raw(&format!("<link rel=\"stylesheet\" href=\"{address}\">"));
        }
        let script = assets::address(edge, self.kind.script(self.language));
        html.raw(&format!("<link rel=\"modulepreload\" href=\"{script}\">"));
        if let Some(seconds) = self.refresh_s {
            html.raw("<noscript><meta http-equiv=\"refresh\" content=\"");
            html.text(seconds);
            html.raw("\"></noscript>");
        }
        let class = if self.kind == Kind::Console { " class=\"wide\"" } else { "" };
        html.raw(&format!("</head><body{class}>"));
    }

    fn header(&self, html: &mut Html) {
        html.element("a class=\"skip\" href=\"#main\"", "page-skip");
        html.raw("<header>");
        html.element("a class=\"name\" href=\"/\"", "page-name");
        html.raw("<nav aria-label=\"");
        html.say("page-navigation");
        html.raw("\">");
        if self.kind != Kind::Console {
            html.element("a href=\"/\"", "page-rounds");
            html.element("a href=\"/me\"", "page-me");
            html.element("a href=\"/pay\"", "page-pay");
        }
        let (other, word) =
            (self.language.pick("ko", "en"), self.language.pick("한국어", "English"));
        html.raw("<a data-do=\"language\" href=\"");
        html.text(self.path);
        html.raw(&format!("?lang={other}\" hreflang=\"{other}\" lang=\"{other}\">{word}</a>"));
        html.raw("</nav></header>");
    }

    fn main(&self, edge: &Edge, html: &mut Html) {
        html.raw("<main id=\"main\" tabindex=\"-1\" data-page=\"");
        html.raw(self.kind.word());
        html.raw("\" data-view=\"");
        html.raw(self.view);
        html.raw("\" data-round=\"");
        html.text(self.round.unwrap_or_default());
        html.raw("\"");
        if let Some(code) = self.code {
            html.raw(&format!(" data-code=\"{code}\""));
        }
        if edge.site.is_dev {
            html.raw(" data-dev=\"true\"");
        }
        html.raw(">");
    }

    fn footer(&self, edge: &Edge, html: &mut Html) {
        html.raw("<footer>");
        if self.kind == Kind::Console {
            for (path, key) in OPS_LINKS {
                html.element(&format!("a href=\"{path}\""), key);
            }
        } else {
            if let Some(round) = self.round {
                html.raw("<a href=\"/v1/rounds/");
                html.text(round);
                html.raw("/board\">");
                html.say("page-board");
                html.raw("</a>");
            }
            html.element("a href=\"/docs\"", "page-docs");
        }
        html.raw("</footer><script type=\"module\" src=\"");
        html.raw(&assets::address(edge, self.kind.script(self.language)));
        html.raw("\"></script></body></html>\n");
    }
}

/// What else is on the ops listener.
const OPS_LINKS: [(&str, &str); 5] = [
    ("/docs", "page-ops-docs"),
    ("/openapi.json", "page-ops-openapi"),
    ("/metrics", "page-ops-metrics"),
    ("/readyz", "page-ops-ready"),
    ("/version", "page-ops-version"),
];

/// A page of one person or one moment: nobody keeps it.
#[must_use]
pub fn own(status: StatusCode, language: Language, html: String) -> HttpResponse {
    let response = reply::bytes(status, HTML, NO_STORE, Bytes::from(html));
    with_headers(response, language)
}

/// A page that is the same for everybody of a language.
#[must_use]
pub fn shared(language: Language, bytes: Bytes, is_packed: bool) -> HttpResponse {
    let mut response = reply::bytes(StatusCode::OK, HTML, SHARED, bytes);
    if is_packed {
        reply::put(&mut response, header::CONTENT_ENCODING, "gzip");
    }
    with_headers(response, language)
}

fn with_headers(mut response: HttpResponse, language: Language) -> HttpResponse {
    reply::put(&mut response, header::CONTENT_SECURITY_POLICY, POLICY);
    // Not `no-referrer`: with it a form of ours would come without its origin.
    reply::put(&mut response, header::REFERRER_POLICY, "same-origin");
    reply::put(&mut response, header::CONTENT_LANGUAGE, language.tag());
    reply::put(&mut response, header::VARY, VARY);
    response
}
