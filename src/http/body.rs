//! Bodies of requests: read within bounds of size and time, as JSON objects with known fields only.
//!
//! What is wrong is said in the program's own words: nothing that was sent comes back, so that no
//! error body can carry somebody's data.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Query;
use futures_util::StreamExt;
use openrun_core::Refusal;
use serde::de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// Largest body. The largest honest one, a round with 16 windows, has 4 KiB.
pub const BODY_MAX: usize = 16 * 1024;
/// How long the body of a refused request is waited for: with an honest caller it is there already.
/// A slower one is answered and cut off.
const DISCARD_TIMEOUT: Duration = Duration::from_millis(500);

/// The refusal of a request that cannot be read.
pub fn malformed(detail: impl Into<String>) -> Refusal {
    Refusal::Malformed { detail: detail.into() }
}

/// Reads a JSON object.
///
/// # Errors
/// `UnsupportedMediaType`, `BodyTooLarge` or `Malformed`, in this order.
pub async fn read_json<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: Duration,
) -> Result<T, Refusal> {
    parse(&read_bytes(request, payload, limit).await?)
}

/// Reads a JSON object of a call that may bring more than others: up to `most` bytes.
///
/// # Errors
/// `UnsupportedMediaType`, `BodyTooLarge` or `Malformed`, in this order.
pub async fn read_json_up_to<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: Duration,
    most: usize,
) -> Result<T, Refusal> {
    check_media_type(request)?;
    parse(&read_up_to(request, payload, limit, most).await?)
}

/// Reads a body that says it is JSON, as it was sent.
///
/// # Errors
/// `UnsupportedMediaType`, `BodyTooLarge` or `Malformed`, in this order.
pub async fn read_bytes(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: Duration,
) -> Result<Vec<u8>, Refusal> {
    check_media_type(request)?;
    read(request, payload, limit).await
}

/// Reads the body of a call that needs none: nothing, or an empty object.
///
/// # Errors
/// As for [`read_json`].
pub async fn read_nothing(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: Duration,
) -> Result<(), Refusal> {
    let headers = request.headers();
    let length = headers.get(header::CONTENT_LENGTH);
    if length.is_none_or(|length| length == "0") && !headers.contains_key("transfer-encoding") {
        return Ok(());
    }
    check_media_type(request)?;
    let bytes = read(request, payload, limit).await?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    parse::<Nothing>(&bytes).map(|Nothing {}| ())
}

/// No fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Reads the form of a page.
///
/// # Errors
/// `UnsupportedMediaType`, `BodyTooLarge` or `Malformed`, in this order.
pub async fn read_form<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: Duration,
) -> Result<T, Refusal> {
    check_kind(request, "application/x-www-form-urlencoded")?;
    let bytes = read(request, payload, limit).await?;
    let wrong = || malformed("the form has a field that is missing or of the wrong type");
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong())?;
    Query::<T>::from_query(text).map(Query::into_inner).map_err(|_| wrong())
}

/// Takes in the rest of a request that is refused before it was read, if that is short and there:
/// the connection would be closed otherwise, and whoever comes again would need a new one, which
/// costs more than the request.
pub async fn discard(request: &HttpRequest, payload: &mut Payload) {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| (1..=BODY_MAX).contains(&length)) {
        let rest = async { while let Some(Ok(_)) = payload.next().await {} };
        let _ = tokio::time::timeout(DISCARD_TIMEOUT, rest).await;
    }
}

fn check_media_type(request: &HttpRequest) -> Result<(), Refusal> {
    check_kind(request, "application/json")
}

fn check_kind(request: &HttpRequest, wanted: &str) -> Result<(), Refusal> {
    let headers = request.headers();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    let is_wanted = kind.is_some_and(|kind| kind.eq_ignore_ascii_case(wanted));
    let encoding = headers.get(header::CONTENT_ENCODING);
    if !is_wanted || encoding.is_some_and(|encoding| encoding != "identity") {
        return Err(Refusal::UnsupportedMediaType);
    }
    Ok(())
}

async fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: Duration,
) -> Result<Vec<u8>, Refusal> {
    read_up_to(request, payload, limit, BODY_MAX).await
}

async fn read_up_to(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: Duration,
    most: usize,
) -> Result<Vec<u8>, Refusal> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) {
        return Err(Refusal::BodyTooLarge);
    }
    let mut bytes = Vec::with_capacity(length.unwrap_or(512));
    let collected = tokio::time::timeout(limit, async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(payload_refusal)?;
            if bytes.len() + chunk.len() > most {
                return Err(Refusal::BodyTooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(())
    });
    collected.await.unwrap_or_else(|_| Err(malformed("the body did not arrive in time")))?;
    Ok(bytes)
}

fn payload_refusal(error: PayloadError) -> Refusal {
    match error {
        PayloadError::Overflow => Refusal::BodyTooLarge,
        _ => malformed("the body ended before it was complete"),
    }
}

/// Reads a JSON object from bytes.
///
/// # Errors
/// `Malformed`, in words of our own.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let object: Object<T> = serde_json::from_slice(bytes).map_err(|e| malformed(words(&e)))?;
    Ok(object.0)
}

/// What is wrong with a body, without a word of what was sent.
fn words(error: &serde_json::Error) -> String {
    let place = format!("at line {}, column {}", error.line(), error.column());
    if !error.is_data() {
        return format!("the body is not valid JSON {place}");
    }
    let text = error.to_string();
    // serde_json appends the position; what it expected stands last and is ours.
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    if let Some((_, expected)) = text.rsplit_once(", expected ") {
        return format!("expected {} {place}", plain(expected));
    }
    if text.starts_with("unknown ") {
        return format!("a field that is not known here {place}");
    }
    format!("{text} {place}")
}

/// The types of this program in words that a client knows.
fn plain(expected: &str) -> &str {
    match expected {
        "i64" => "a whole number within 64 bits",
        "u8" | "u32" | "u64" => "a whole number that is not negative",
        "f64" => "a number",
        other => other,
    }
}

/// A JSON object. A plain derived struct would also be read from an array of its fields.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Fields(PhantomData)).map(Object)
    }
}

/// For fields: an object, never an array.
///
/// # Errors
/// Those of `T`, and anything that is not an object.
pub fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Object::deserialize(from).map(|object| object.0)
}

/// Text of an operator: 1 to `most` characters, none of them a control character.
///
/// # Errors
/// `Malformed`, naming the field.
pub fn check_text(field: &str, text: &str, most: usize) -> Result<(), Refusal> {
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let wanted = || malformed(format!("{field} is 1 to {most} printable characters"));
    fits.then_some(()).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "amount_won")]
        _amount_won: i64,
    }

    /// S9.
    #[test]
    fn only_objects_with_known_fields_are_read_and_nothing_sent_comes_back() {
        for (body, detail) in [
            (r#"{"amount_won": 1}"#, ""),
            (r#"[1]"#, "expected an object at line 1, column 0"),
            (r#""secret""#, "expected an object at line 1, column 8"),
            (r#"{}"#, "missing field `amount_won` at line 1, column 2"),
            (r#"{"amount_won": 1, "secret": 2}"#, "expected `amount_won` at line 1, column 26"),
            (
                r#"{"amount_won": "secret"}"#,
                "expected a whole number within 64 bits at line 1, column 23",
            ),
            (
                r#"{"amount_won": 1.5}"#,
                "expected a whole number within 64 bits at line 1, column 18",
            ),
            (
                r#"{"amount_won": 9223372036854775808}"#,
                "expected a whole number within 64 bits at line 1, column 34",
            ),
            (r#"{"amount_won": 1e309}"#, "the body is not valid JSON at line 1, column 20"),
            (r#"{"amount_won": NaN}"#, "the body is not valid JSON at line 1, column 16"),
            (r#"{"amount_won": 1"#, "the body is not valid JSON at line 1, column 16"),
            (r#"{"amount_won": 1, "amount_won": 1}"#, "duplicate field `amount_won` at line 1,"),
            ("", "the body is not valid JSON at line 1, column 0"),
        ] {
            match parse::<Sample>(body.as_bytes()) {
                Ok(_) => assert_eq!(detail, "", "{body}"),
                Err(Refusal::Malformed { detail: said }) => {
                    assert!(said.starts_with(detail) && !detail.is_empty(), "{body}: {said}");
                    assert!(!said.contains("secret"), "{said}");
                }
                Err(other) => panic!("{body}: {other:?}"),
            }
        }
    }

    /// S12.
    #[test]
    fn a_body_nested_too_deeply_is_refused_without_a_crash() {
        let deep = format!("{}1{}", "[".repeat(8_000), "]".repeat(8_000));
        assert!(parse::<Sample>(deep.as_bytes()).is_err());
        let deep = format!("{{\"amount_won\":{}1{}}}", "[".repeat(8_000), "]".repeat(8_000));
        assert!(parse::<Sample>(deep.as_bytes()).is_err());
    }
}
