//! The contract as a document, the page that shows it, and the keys that verify passes.
//!
//! The page is made from the document, once a language: plain HTML without scripts, with a style
//! sheet of its own, and nothing from anywhere else.

mod page;
mod schema;
mod words;

use super::call::{Answer, Call};
use super::language::Language;
use super::openapi;
use super::reply::{self, KEYS, SHARED_LONG};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, CACHE_CONTROL, HeaderValue, LOCATION};
use bytes::Bytes;
use openrun_core::Refusal;
use std::sync::LazyLock;

/// Nothing but the page's own style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; font-src 'none'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// What the page depends on beside its address.
const VARY: &str = "accept-language";
const SHEET: &str = include_str!("docs/page.css");

/// A page in both languages, English first.
type Pages = LazyLock<[Bytes; 2]>;
static PUBLIC: Pages = LazyLock::new(|| in_both(&openapi::openapi()));
static OPS: Pages = LazyLock::new(|| in_both(&openapi::ops_openapi()));

fn in_both(document: &str) -> [Bytes; 2] {
    [Language::English, Language::Korean].map(|it| Bytes::from(page::page(document, it)))
}

/// The contract of this listener (OpenAPI 3.1)
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "contract",
    responses((status = 200, description = "the document", body = Object,
        content_type = "application/json")))]
pub async fn document(call: Call) -> Answer {
    Ok(reply::shared_bytes(call.edge().document.clone(), SHARED_LONG))
}

/// The keys that verify passes (JWKS)
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "jwks", tag = "contract",
    responses((status = 200, description = "the keys", body = Object,
        content_type = "application/json")))]
pub async fn jwks(call: Call) -> Answer {
    Ok(reply::shared_bytes(call.edge().jwks.clone(), KEYS))
}

/// The contract as a page
#[utoipa::path(get, path = "/docs", operation_id = "docs", tag = "contract",
    params(("lang" = Option<String>, Query,
        description = "`ko` or `en`; by Accept-Language otherwise")),
    responses((status = 200, description = "the page", body = String,
        content_type = "text/html")))]
pub async fn public(call: Call) -> Answer {
    Ok(shown(&call, &PUBLIC))
}

/// The contract as a page
#[utoipa::path(get, path = "/docs", operation_id = "docs", tag = "contract",
    params(("lang" = Option<String>, Query,
        description = "`ko` or `en`; by Accept-Language otherwise")),
    responses((status = 200, description = "the page", body = String,
        content_type = "text/html")))]
pub async fn ops(call: Call) -> Answer {
    Ok(shown(&call, &OPS))
}

fn shown(call: &Call, pages: &[Bytes; 2]) -> HttpResponse {
    let language = match call.query("lang") {
        Some("ko") => Language::Korean,
        Some("en") => Language::English,
        _ => call.language(),
    };
    let bytes = pages[usize::from(language == Language::Korean)].clone();
    let mut response = reply::page("text/html; charset=utf-8", bytes, POLICY);
    reply::put(&mut response, header::CONTENT_LANGUAGE, language.tag());
    reply::put(&mut response, header::VARY, VARY);
    response
}

/// A file of the page: its style sheet
#[utoipa::path(get, path = "/docs/{file}", operation_id = "docs_file", tag = "contract",
    responses(
        (status = 200, description = "the file", content_type = "text/css"),
        (status = 308, description = "without a name: the page is under /docs",
            headers(("Location" = String)))))]
pub async fn file(call: Call) -> Answer {
    match call.segment("file") {
        "page.css" => {
            let sheet = Bytes::from_static(SHEET.as_bytes());
            Ok(reply::page("text/css; charset=utf-8", sheet, POLICY))
        }
        "" => {
            let mut response = HttpResponse::new(StatusCode::PERMANENT_REDIRECT);
            let headers = response.headers_mut();
            headers.insert(LOCATION, HeaderValue::from_static("/docs"));
            headers.insert(CACHE_CONTROL, SHARED_LONG);
            Ok(response)
        }
        _ => Err(Refusal::NotFound.into()),
    }
}
