//! Making what should not be believed: tokens with a changed header, another key, no signature.

use crate::support::{Request, TestApp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::path::Path;

/// The shared secret of a development channel.
pub fn channel_secret(data: &Path, channel: &str) -> Vec<u8> {
    let path = data.join("keys/channels").join(format!("{channel}.hs256"));
    let text = std::fs::read_to_string(path).expect("development channels share a secret");
    BASE64.decode(text.trim()).expect("it is base64url")
}

/// A token with these claims under this key id.
pub fn sign_hs256(kid: &str, claims: &Value, secret: &[u8]) -> String {
    signed(&json!({"alg": "HS256", "kid": kid, "typ": "JWT"}), claims, secret)
}

fn signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let encode = |value: &Value| BASE64.encode(value.to_string());
    sign_parts(&encode(header), &encode(claims), secret)
}

fn sign_parts(header: &str, payload: &str, secret: &[u8]) -> String {
    let text = format!("{header}.{payload}");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
    mac.update(text.as_bytes());
    format!("{text}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

/// `Authorization` headers with what can be made of a token without its key, each with its name.
pub fn of_jwt(good: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    let read = |part: &str| BASE64.decode(part).expect("it is base64url");
    let head: Value = serde_json::from_slice(&read(header)).expect("a header is JSON");
    let claims: Value = serde_json::from_slice(&read(payload)).expect("claims are JSON");
    let encode = |value: &Value| BASE64.encode(value.to_string());
    let with = |field: &str, value: Value| {
        let mut head = head.clone();
        head[field] = value;
        encode(&head)
    };
    let mut other = claims.clone();
    other["sub"] = json!("eve");
    let swapped = if head["alg"] == "HS256" { "EdDSA" } else { "HS256" };
    let mut bad = vec![
        ("garbage", "x".to_owned()),
        ("one part", header.to_owned()),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        ("padded", format!("{good}=")),
        ("another's claims", format!("{header}.{}.{signature}", encode(&other))),
        ("no key id", format!("{}.{payload}.{signature}", with("kid", json!("none")))),
        ("a path as key id", format!("{}.{payload}.{signature}", with("kid", json!("../../x")))),
        ("the other algorithm", format!("{}.{payload}.{signature}", with("alg", json!(swapped)))),
        ("a critical extension", format!("{}.{payload}.{signature}", with("crit", json!(["x"])))),
        ("an empty secret", sign_parts(header, payload, b"")),
        ("too long", format!("{header}.{}.{signature}", "A".repeat(4_000))),
    ];
    for none in ["none", "None", "NONE", ""] {
        let head = with("alg", json!(none));
        bad.push(("alg none", format!("{head}.{payload}.")));
        bad.push(("alg none with the signature", format!("{head}.{payload}.{signature}")));
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for (what, token) in bad {
        headers.push((what.to_owned(), format!("Bearer {token}")));
    }
    for token in every_character_changed(good) {
        headers.push(("one character".to_owned(), format!("Bearer {token}")));
    }
    headers.push(("another scheme".to_owned(), format!("Basic {good}")));
    headers.push(("no scheme".to_owned(), good.to_owned()));
    headers.push(("nothing".to_owned(), "Bearer ".to_owned()));
    headers
}

/// The text with one character changed, at every third place and at each of the last ones: bits
/// that an encoding leaves unused are there.
pub fn every_character_changed(good: &str) -> Vec<String> {
    let places = (0..good.len()).filter(|at| at % 3 == 0 || at + 3 >= good.len());
    let change = |at: usize| {
        let mut bytes = good.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).expect("it stays ASCII")
    };
    places.map(change).collect()
}

/// A pass signed with HS256 under what everybody may know: the public key of passes.
pub async fn pass_under_public_key(app: &TestApp, good: &str) -> Vec<String> {
    let keys = app.web.send(&Request::new("GET", "/.well-known/jwks.json")).await.json();
    let key = &keys["keys"][0];
    let public = key["x"].as_str().expect("an Ed25519 key has an x");
    let payload = good.split('.').nth(1).expect("three parts");
    let head = json!({"alg": "HS256", "kid": key["kid"], "typ": "JWT"});
    let head = BASE64.encode(head.to_string());
    let bytes = BASE64.decode(public).expect("it is base64url");
    vec![sign_parts(&head, payload, &bytes), sign_parts(&head, payload, public.as_bytes())]
}
