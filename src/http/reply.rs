//! Answers that say yes: bytes, media type, and who may keep them.
//!
//! Structs are written straight to bytes; no JSON value is built on the way.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use bytes::Bytes;
use serde::Serialize;

/// For everything that is about one person or one moment: nobody keeps it.
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// For what everybody may see: a cache in front of the server answers the crowd, asks for the next
/// one while it shows the last, and goes on showing it when the server is away. Not for longer than
/// ten minutes: clients refuse what is older.
pub const SHARED: HeaderValue =
    HeaderValue::from_static("public, max-age=1, stale-while-revalidate=1, stale-if-error=600");
/// For the keys that verify what we sign: soon after a rotation the new one signs.
pub const KEYS: HeaderValue =
    HeaderValue::from_static("public, max-age=9, stale-while-revalidate=1, stale-if-error=600");
/// For what changes only with a new release.
pub const SHARED_LONG: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// For what somebody looks for and many look for alike: it changes when a list is imported.
pub const SHARED_SEARCH: HeaderValue =
    HeaderValue::from_static("public, max-age=60, stale-while-revalidate=60, stale-if-error=600");
/// For what will never be otherwise.
pub const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Room for the largest common answer, so that writing it never moves it.
const TYPICAL_BYTES: usize = 640;

/// JSON for one person: not to be kept.
pub fn own<T: Serialize>(status: StatusCode, value: &T) -> HttpResponse {
    bytes(status, JSON, NO_STORE, written(value))
}

/// JSON for everybody: may be kept for a second.
pub fn shared<T: Serialize>(value: &T) -> HttpResponse {
    bytes(StatusCode::OK, JSON, SHARED, written(value))
}

/// JSON under another media type; the caller says who may keep it.
pub fn json_as<T: Serialize>(
    status: StatusCode,
    media_type: &'static str,
    value: &T,
) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(written(value)));
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// Bytes as they are.
pub fn bytes(
    status: StatusCode,
    media_type: HeaderValue,
    keep: HeaderValue,
    body: Bytes,
) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CACHE_CONTROL, keep);
    response
}

/// JSON bytes for everybody that were written before.
pub fn shared_bytes(body: Bytes, keep: HeaderValue) -> HttpResponse {
    bytes(StatusCode::OK, JSON, keep, body)
}

/// A page, or a file of one, with its content security policy.
pub fn page(media_type: &str, body: Bytes, policy: &str) -> HttpResponse {
    let plain = HeaderValue::from_static("application/octet-stream");
    let media_type = HeaderValue::from_str(media_type).unwrap_or(plain);
    let mut response = bytes(StatusCode::OK, media_type, SHARED_LONG, body);
    put(&mut response, header::CONTENT_SECURITY_POLICY, policy);
    put(&mut response, header::REFERRER_POLICY, "no-referrer");
    response
}

/// Adds a header. A value that cannot stand in a header is left out; ours always can.
pub fn put(response: &mut HttpResponse, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A struct as JSON bytes.
///
/// # Panics
/// Never: our answers have text keys, and writing to memory does not fail.
pub fn written<T: Serialize>(value: &T) -> Bytes {
    let mut bytes = Vec::with_capacity(TYPICAL_BYTES);
    serde_json::to_writer(&mut bytes, value).expect("an answer of ours can be written as JSON");
    Bytes::from(bytes)
}

/// A random number between both ends, included: no two clients come back at the same moment.
#[must_use]
pub fn jitter(from: i64, to: i64) -> i64 {
    let width = u64::try_from(to.saturating_sub(from)).unwrap_or(0).saturating_add(1);
    let step = (u64::from(rand::random::<u32>()) * width) >> 32;
    from.saturating_add(i64::try_from(step).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_reaches_both_ends_and_stays_between_them() {
        let drawn: Vec<i64> = (0..2_000).map(|_| jitter(3, 7)).collect();
        assert_eq!(drawn.iter().min(), Some(&3));
        assert_eq!(drawn.iter().max(), Some(&7));
        assert_eq!(jitter(5, 5), 5);
    }
}
