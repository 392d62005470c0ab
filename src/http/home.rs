//! The page at `/`: what this is and where to go on, in Korean and English. Plain HTML, no script.

use super::call::{Answer, Call};
use super::reply;
use actix_web::HttpResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = "body{font:1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;\
                     padding:0 1rem;color:#1a1a1a;background:#fff}a{color:#0b57d0}\
                     li{margin:.3rem 0}hr{border:0;border-top:1px solid #ccc;margin:2rem 0}";

/// Where a page leads: path, Korean, English.
type Links = &'static [(&'static str, &'static str, &'static str)];

const PUBLIC: Links = &[
    ("/v1/rounds", "판매 회차", "sales"),
    ("/v1/programs", "상품권", "vouchers"),
    ("/docs", "API 문서", "API documentation"),
    ("/openapi.json", "OpenAPI 3.1", "OpenAPI 3.1"),
    ("/.well-known/jwks.json", "입장권 검증 키", "keys that verify passes"),
];
const OPS: Links = &[
    ("/docs", "운영 API 문서", "documentation of the ops API"),
    ("/openapi.json", "OpenAPI 3.1", "OpenAPI 3.1"),
    ("/metrics", "메트릭", "metrics"),
    ("/readyz", "준비 상태", "readiness"),
    ("/version", "버전", "version"),
];

/// A page and the policy under which it is shown: nothing but its own style.
struct Page {
    html: Bytes,
    policy: String,
}

static PUBLIC_PAGE: LazyLock<Page> = LazyLock::new(|| page(PUBLIC));
static OPS_PAGE: LazyLock<Page> = LazyLock::new(|| page(OPS));

impl Page {
    fn answer(&self) -> HttpResponse {
        reply::page("text/html; charset=utf-8", self.html.clone(), &self.policy)
    }
}

fn page(links: Links) -> Page {
    let list = |language: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
        let items = links.iter().map(|link| {
            format!("<li><a href=\"{path}\">{text}</a></li>", path = link.0, text = language(link))
        });
        items.collect::<String>()
    };
    let (korean, english) = (list(|link| link.1), list(|link| link.2));
    let html = format!(
        "<!doctype html>\n<html lang=\"ko\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>openrun</title><style>{STYLE}</style></head><body><h1>openrun</h1>\
         <p>한정 수량 상품권 판매 서버입니다. 줄은 도착한 순서대로 서고, 순서는 끊기지 않습니다.</p>\
         <ul>{korean}</ul><hr><div lang=\"en\"><p>A server that sells a limited stock of \
         vouchers. The line is in the order of arrival, and a place is never lost.</p>\
         <ul>{english}</ul></div></body></html>\n"
    );
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    Page { html: Bytes::from(html), policy }
}

/// What this server is
#[utoipa::path(get, path = "/", operation_id = "home", tag = "contract",
    responses((status = 200, description = "a page", body = String, content_type = "text/html")))]
pub async fn public(_call: Call) -> Answer {
    Ok(PUBLIC_PAGE.answer())
}

/// What this listener is
#[utoipa::path(get, path = "/", operation_id = "ops_home", tag = "contract",
    responses((status = 200, description = "a page", body = String, content_type = "text/html")))]
pub async fn ops(_call: Call) -> Answer {
    Ok(OPS_PAGE.answer())
}
