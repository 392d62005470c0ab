//! The contract as a document, the page that shows it, and the keys that verify passes.
//!
//! The page is part of the program: it loads nothing from anywhere else.

use super::call::{Answer, Call};
use super::reply::{self, KEYS, SHARED_LONG};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, LOCATION};
use bytes::Bytes;
use openrun_core::Refusal;
use std::sync::{Arc, LazyLock};
use utoipa_swagger_ui::Config;

/// Swagger UI sets styles in attributes and draws icons from data URLs; scripts come from here
/// only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

static CONFIG: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::new(["/openapi.json"]).try_it_out_enabled(true)));

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

/// The page that shows the contract
#[utoipa::path(get, path = "/docs", operation_id = "docs", tag = "contract",
    responses((status = 308, description = "the page is under /docs/",
        headers(("Location" = String)))))]
pub async fn docs(_call: Call) -> Answer {
    let mut response = HttpResponse::new(StatusCode::PERMANENT_REDIRECT);
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/docs/"));
    response.headers_mut().insert(CACHE_CONTROL, SHARED_LONG);
    Ok(response)
}

/// A file of the page; the page itself when no file is named
#[utoipa::path(get, path = "/docs/{file}", operation_id = "docs_file", tag = "contract",
    responses((status = 200, description = "the file", content_type = "*/*")))]
pub async fn file(call: Call) -> Answer {
    let found = utoipa_swagger_ui::serve(call.segment("file"), Arc::clone(&CONFIG));
    let file = found.ok().flatten().ok_or(Refusal::NotFound)?;
    let bytes = Bytes::from(file.bytes.into_owned());
    Ok(reply::page(&file.content_type, bytes, POLICY))
}
