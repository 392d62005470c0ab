//! Signatures of the JSON contract: HMAC-SHA-256 over length-prefixed fields under a domain string.
//!
//! Both sides hold one key; the domain keeps a request from being shown as an answer or a webhook.
//! An answer signs the signature of its request, so that it answers that one request and no other.

use crate::trust::MacKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use openrun_core::Timestamp;
use sha2::{Digest, Sha256};

/// Header of the moment of signing: milliseconds since 1970, in decimal.
pub(super) const TIMESTAMP: &str = "rail-timestamp";
/// Header of the signature.
pub(super) const SIGNATURE: &str = "rail-signature";
/// How far a signed moment may lie from now. Clocks that are kept by NTP differ by less than a
/// second; five minutes also bear a clock that is not, and whoever replays a request later than
/// that is refused.
pub(super) const WINDOW_MILLIS: i64 = 300_000;
/// Before every signature: names the algorithm, of which there is one.
const VERSION: &str = "v1=";

const REQUEST: &str = "openrun/rail/request/v1";
const ANSWER: &str = "openrun/rail/answer/v1";
const WEBHOOK: &str = "openrun/rail/webhook/v1";

/// The key of a rail.
#[derive(Clone)]
pub(super) struct RailKey(MacKey);

impl RailKey {
    pub fn new(key: MacKey) -> RailKey {
        RailKey(key)
    }

    /// The signature of a request; `target` is path and query.
    pub fn sign_request(&self, method: &str, target: &str, at: Timestamp, body: &[u8]) -> String {
        self.sign(REQUEST, &[method.as_bytes(), target.as_bytes(), stamp(at).as_bytes()], body)
    }

    /// The signature of the answer to a request.
    pub fn sign_answer(&self, request_signature: &str, status: u16, body: &[u8]) -> String {
        let status = status.to_string();
        self.sign(ANSWER, &[request_signature.as_bytes(), status.as_bytes()], body)
    }

    /// The signature of a webhook.
    pub fn sign_webhook(&self, at: Timestamp, body: &[u8]) -> String {
        self.sign(WEBHOOK, &[stamp(at).as_bytes()], body)
    }

    /// Whether `shown` is `signature`: to be asked of two signatures, in constant time.
    pub fn is_same(signature: &str, shown: &str) -> bool {
        subtle::ConstantTimeEq::ct_eq(signature.as_bytes(), shown.as_bytes()).into()
    }

    fn sign(&self, domain: &str, fields: &[&[u8]], body: &[u8]) -> String {
        let digest = Sha256::digest(body);
        let mut signed = Vec::with_capacity(256);
        for field in [domain.as_bytes()].iter().chain(fields).chain([&digest.as_slice()]) {
            let length = u32::try_from(field.len()).expect("a field is shorter than 4 GiB");
            signed.extend_from_slice(&length.to_be_bytes());
            signed.extend_from_slice(field);
        }
        format!("{VERSION}{}", BASE64.encode(self.0.tag(&signed, b"")))
    }
}

/// A moment as it stands in [`TIMESTAMP`].
pub(super) fn stamp(at: Timestamp) -> String {
    at.0.to_string()
}

/// The moment of a header, if it lies within the window around `now`.
pub(super) fn timely(shown: &str, now: Timestamp) -> Option<Timestamp> {
    let at = Timestamp(shown.parse().ok()?);
    // Only the one way of writing it that was signed.
    let is_plain = stamp(at) == shown;
    let distance = now.millis_since(at).saturating_abs();
    (is_plain && distance <= WINDOW_MILLIS).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> RailKey {
        RailKey::new(MacKey::new(&(0..32).collect::<Vec<u8>>()))
    }

    #[test]
    fn every_field_counts_and_no_two_ways_of_cutting_them_are_alike() {
        let at = Timestamp(1_657_760_400_000);
        let base = key().sign_request("POST", "/v1/a", at, b"{}");
        assert!(base.starts_with("v1="), "{base}");
        for other in [
            key().sign_request("POS", "T/v1/a", at, b"{}"),
            key().sign_request("GET", "/v1/a", at, b"{}"),
            key().sign_request("POST", "/v1/a?", at, b"{}"),
            key().sign_request("POST", "/v1/a", Timestamp(at.0 + 1), b"{}"),
            key().sign_request("POST", "/v1/a", at, b"{ }"),
            key().sign_webhook(at, b"{}"),
            key().sign_answer(&base, 200, b"{}"),
            RailKey::new(MacKey::new(&[7; 32])).sign_request("POST", "/v1/a", at, b"{}"),
        ] {
            assert!(!RailKey::is_same(&base, &other));
        }
        assert!(RailKey::is_same(&base, &key().sign_request("POST", "/v1/a", at, b"{}")));
    }

    #[test]
    fn the_signature_of_the_documented_example_stands() {
        // Whoever writes a rail checks their code against this page.
        let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rail.md"));
        let blocks = page.split("```json\n").skip(1);
        let mut bodies = blocks.map(|block| block.split('\n').next().unwrap().as_bytes());
        let (asked, answered) = (bodies.next().unwrap(), bodies.next().unwrap());
        let at = Timestamp(1_657_760_400_000);
        let request = key().sign_request("POST", "/v1/authorisations", at, asked);
        let answer = key().sign_answer(&request, 200, answered);
        for signature in [request, answer] {
            assert!(page.contains(&signature), "docs/rail.md should show {signature}");
        }
    }

    #[test]
    fn moments_outside_the_window_are_refused() {
        let now = Timestamp(1_000_000_000);
        for (shown, want) in [
            ("1000000000", true),
            ("1000300000", true),
            ("999700000", true),
            ("1000300001", false),
            ("999699999", false),
            ("+1000000000", false),
            ("01000000000", false),
            ("-9223372036854775808", false),
            ("", false),
            ("now", false),
        ] {
            assert_eq!(timely(shown, now).is_some(), want, "{shown}");
        }
    }
}
