//! What the keys refuse: every bit flipped, every claim out of bounds, every key swapped.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken as library;
use openrun_core::purchase::PassId;
use openrun_core::round_spec::LineId;
use openrun_core::time::Date;
use openrun_core::{DistrictId, Who};
use serde_json::{Value, json};
use std::fs;

/// 14 July 2022, 10:00 in Seoul.
const NOW: Timestamp = Timestamp(1_657_760_400_000);

pub(super) struct Fixture {
    dir: tempfile::TempDir,
    keys: Keys,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keys::open(dir.path(), true).unwrap();
    Fixture { dir, keys }
}

impl Fixture {
    fn secret(&self, file: &str) -> Vec<u8> {
        let text = fs::read_to_string(self.dir.path().join("keys").join(file)).unwrap();
        BASE64.decode(text.trim()).unwrap()
    }

    /// A token as somebody else's library makes it.
    fn foreign(&self, channel: &str, header: Value, claims: &Value) -> String {
        let secret = self.secret(&format!("channels/{channel}.hs256"));
        let header: library::Header = serde_json::from_value(header).unwrap();
        library::encode(&header, claims, &library::EncodingKey::from_secret(&secret)).unwrap()
    }

    fn is_person(&self, token: &str) -> bool {
        let person = self.keys.verify_person(token, NOW);
        assert!(matches!(person, Ok(_) | Err(Refusal::Unauthenticated)));
        person.is_ok()
    }
}

fn channel(name: &str) -> ChannelId {
    ChannelId::new(name).unwrap()
}

fn claims() -> Value {
    json!({"iss": "seoul-pay", "sub": "kim", "birthdate": "1990-12-31",
           "iat": 1_657_760_400, "exp": 1_657_760_460})
}

fn ticket(number: u64) -> Ticket {
    let round = RoundId::new("seoul-2022-07-14").unwrap();
    let person = PersonKey::of_subject("kim");
    Ticket { round, line: LineId(1), number, person, at: NOW }
}

fn pass(number: u64) -> Pass {
    let Ticket { round, line, number, person, .. } = ticket(number);
    Pass { round, line, number, person, expires_at: NOW.plus_millis(600_500) }
}

/// Every text that differs from this one in one bit and is still text.
fn flipped(text: &str) -> impl Iterator<Item = String> + '_ {
    (0..text.len() * 8).filter_map(|bit| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        String::from_utf8(bytes).ok()
    })
}

#[test]
fn a_token_that_we_make_is_understood() {
    let fixture = fixture();
    for name in DEVELOPMENT_CHANNELS {
        let (of, born) = (channel(name), "1990-12-31");
        let token = fixture.keys.make_resident_token("kim", &of, born, Some("jung"), NOW, 60);
        let person = fixture.keys.verify_person(&token.unwrap(), NOW).unwrap();
        let key = PersonKey::of_subject("kim");
        let birthdate = Date { year: 1990, month: 12, day: 31 };
        let who = Who { birthdate, district: DistrictId::new("jung") };
        let want = PersonClaims { person: key, channel: channel(name), who };
        assert_eq!(person, want);
    }
    for role in [Role::Viewer, Role::Operator, Role::Approver] {
        let token = fixture.keys.make_staff_token("lee", role, NOW, 60).unwrap();
        let staff = fixture.keys.verify_staff(&token, NOW).unwrap();
        assert_eq!(staff, StaffClaims { actor: "lee".to_owned(), role });
        assert_eq!(role.as_str().parse(), Ok(role));
    }
    assert!(Role::Viewer < Role::Operator && Role::Viewer < Role::Approver);
}

/// S30.
#[test]
fn a_person_is_refused_for_any_fault_in_a_claim() {
    let fixture = fixture();
    let good = fixture.foreign("seoul-pay", json!({"alg": "HS256"}), &claims());
    assert!(fixture.is_person(&good), "a header without a key id will do");
    let table = [
        ("sub", json!("a".repeat(64)), true),
        ("sub", json!("a".repeat(65)), false),
        ("sub", json!(""), false),
        ("sub", json!("kim lee"), false),
        ("sub", json!("김"), false),
        ("sub", json!(7), false),
        ("birthdate", json!("2000-02-29"), true),
        ("birthdate", json!("1900-02-29"), false),
        ("birthdate", json!("1990-13-01"), false),
        ("birthdate", json!("1990-1-01"), false),
        ("birthdate", json!("+990-01-01"), false),
        ("birthdate", json!("19900101"), false),
        ("birthdate", json!("1990-01-01 "), false),
        ("birthdate", Value::Null, false),
        ("district", json!("jongno"), true),
        ("district", Value::Null, true),
        ("district", json!("Jongno"), false),
        ("district", json!(""), false),
        ("district", json!(["jongno"]), false),
        ("iss", json!("tmoney-pay"), false),
        ("iss", json!("unknown"), false),
        ("iss", json!("openrun-admin"), false),
        ("iat", json!(1_657_760_430), true),
        ("iat", json!(1_657_760_431), false),
        ("iat", json!(1_657_760_400.5), true),
        ("iat", json!("1657760400"), false),
        ("iat", Value::Null, false),
        ("exp", json!(1_657_760_401), true),
        ("exp", json!(1_657_760_400), false),
        ("exp", json!(0), false),
        ("exp", json!(-1), false),
        ("exp", json!(1e300), true),
        ("exp", json!(u64::MAX), false),
        ("exp", Value::Null, false),
        ("nbf", json!(1_657_760_400), true),
        ("nbf", json!(1_657_760_500), false),
        ("jti", json!("more claims do not matter"), true),
    ];
    for (claim, value, want) in table {
        let mut claims = claims();
        claims[claim] = value.clone();
        let header = json!({"alg": "HS256", "kid": "seoul-pay-1", "typ": "JWT"});
        let token = fixture.foreign("seoul-pay", header, &claims);
        assert_eq!(fixture.is_person(&token), want, "{claim}: {value}");
    }
}

/// S7.
#[test]
fn the_key_decides_the_algorithm_and_the_issuer() {
    let fixture = fixture();
    let table = [
        // Another channel's key never speaks for this one, with or without its key id.
        ("tmoney-pay", json!({"alg": "HS256"}), false),
        ("tmoney-pay", json!({"alg": "HS256", "kid": "seoul-pay-1"}), false),
        ("tmoney-pay", json!({"alg": "HS256", "kid": "tmoney-pay-1"}), false),
        ("seoul-pay", json!({"alg": "HS256", "kid": "seoul-pay-2"}), false),
        ("seoul-pay", json!({"alg": "HS256", "kid": ""}), false),
        // The right secret under another algorithm is another key.
        ("seoul-pay", json!({"alg": "HS384", "kid": "seoul-pay-1"}), false),
        ("seoul-pay", json!({"alg": "HS512"}), false),
        ("seoul-pay", json!({"alg": "HS256", "kid": "seoul-pay-1"}), true),
    ];
    for (signer, header, want) in table {
        let token = fixture.foreign(signer, header.clone(), &claims());
        assert_eq!(fixture.is_person(&token), want, "{signer} {header}");
    }
    let good = fixture.foreign("seoul-pay", json!({"alg": "HS256"}), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let payload = signed.split_once('.').unwrap().1;
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None","kid":"seoul-pay-1"}"#,
        r#"{"alg":"EdDSA","kid":"seoul-pay-1"}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"kid":"seoul-pay-1"}"#,
        "{}",
        "null",
        "",
    ] {
        let header = BASE64.encode(header);
        for signature in ["", signature] {
            assert!(!fixture.is_person(&format!("{header}.{payload}.{signature}")), "{header}");
        }
    }
    // A header that asks for an extension to be understood, well signed.
    let signed = format!("{}.{payload}", BASE64.encode(r#"{"alg":"HS256","crit":["b64"]}"#));
    let mac = mac::MacKey::new(&fixture.secret("channels/seoul-pay.hs256"));
    let tag = BASE64.encode(mac.tag(signed.as_bytes(), b""));
    assert!(!fixture.is_person(&format!("{signed}.{tag}")));
    for text in ["", ".", "..", "...", "a.b.c", &"a".repeat(5_000), &format!("{good}.")] {
        assert!(!fixture.is_person(text), "{text}");
    }
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let fixture = fixture();
    let pass_key = fs::read_dir(fixture.dir.path().join("keys")).unwrap().flatten();
    let pass_key = pass_key.map(|entry| entry.path()).find(|path| path.ends_with_pem()).unwrap();
    let private = fs::read_to_string(pass_key).unwrap();
    use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePublicKey};
    let signing = ed25519_dalek::SigningKey::from_pkcs8_pem(&private).unwrap();
    let other = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let public = other.verifying_key().to_public_key_pem(Default::default()).unwrap();
    let channels = fixture.dir.path().join("keys/channels");
    fs::write(channels.join("bank.pub.pem"), &public).unwrap();
    let keys = Keys::open(fixture.dir.path(), true).unwrap();
    let mut claims = claims();
    claims["iss"] = json!("bank");
    let sign = |header: Value, key: &library::EncodingKey| {
        let header: library::Header = serde_json::from_value(header).unwrap();
        library::encode(&header, &claims, key).unwrap()
    };
    use ed25519_dalek::pkcs8::EncodePrivateKey;
    let pem = |key: &ed25519_dalek::SigningKey| key.to_pkcs8_pem(Default::default()).unwrap();
    let eddsa =
        |key| library::EncodingKey::from_ed_pem(pem(key).as_bytes()).expect("an Ed25519 key");
    let hs256 = library::EncodingKey::from_secret(public.as_bytes());
    for (token, want) in [
        (sign(json!({"alg": "EdDSA", "kid": "bank-1"}), &eddsa(&other)), true),
        (sign(json!({"alg": "EdDSA"}), &eddsa(&other)), true),
        (sign(json!({"alg": "EdDSA", "kid": "bank-1"}), &eddsa(&signing)), false),
        (sign(json!({"alg": "HS256", "kid": "bank-1"}), &hs256), false),
        (sign(json!({"alg": "HS256"}), &hs256), false),
    ] {
        for _ in 0..2 {
            assert_eq!(keys.verify_person(&token, NOW).is_ok(), want, "{token}");
        }
    }
    let good = sign(json!({"alg": "EdDSA"}), &eddsa(&other));
    assert!(keys.verify_person(&good, NOW.plus_millis(60_000)).is_err(), "seen, but expired");
    assert!(flipped(&good).all(|text| keys.verify_person(&text, NOW).is_err()));
    let made = keys.make_person_token("kim", &channel("bank"), "1990-12-31", NOW, 60);
    assert!(matches!(made, Err(KeysError::PublicKeyOnly { .. })));
}

trait EndsWithPem {
    fn ends_with_pem(&self) -> bool;
}

impl EndsWithPem for std::path::PathBuf {
    fn ends_with_pem(&self) -> bool {
        self.extension().is_some_and(|ending| ending == "pem")
    }
}

#[test]
fn people_are_no_staff_and_staff_no_people() {
    let fixture = fixture();
    let keys = &fixture.keys;
    let person = keys.make_person_token("kim", &channel("counter"), "1990-12-31", NOW, 60).unwrap();
    let staff = keys.make_staff_token("lee", Role::Approver, NOW, 60).unwrap();
    assert!(keys.verify_staff(&person, NOW).is_err());
    assert!(keys.verify_person(&staff, NOW).is_err());
    for now in [NOW.plus_millis(60_000), NOW.plus_millis(-30_001)] {
        assert!(keys.verify_staff(&staff, now).is_err());
    }
    let mut claims = claims();
    for (issuer, role) in [("openrun-admin", "operator"), ("seoul-pay", "approver")] {
        claims["iss"] = json!(issuer);
        claims["role"] = json!(role);
        let header = json!({"alg": "HS256", "kid": "seoul-pay-1"});
        let token = fixture.foreign("seoul-pay", header, &claims);
        assert!(keys.verify_staff(&token, NOW).is_err());
    }
    assert!(flipped(&staff).all(|text| keys.verify_staff(&text, NOW).is_err()));
    assert!(flipped(&person).all(|text| keys.verify_person(&text, NOW).is_err()));
}

#[test]
fn a_token_is_not_made_of_malformed_claims() {
    let fixture = fixture();
    let make = |person: &str, name: &str, birthdate: &str| {
        fixture.keys.make_person_token(person, &channel(name), birthdate, NOW, 60)
    };
    assert!(matches!(make("a b", "chak", "1990-01-01"), Err(KeysError::MalformedClaim { .. })));
    assert!(matches!(make("a", "chak", "1990-02-30"), Err(KeysError::MalformedClaim { .. })));
    let unknown = make("a", "unknown", "1990-01-01").unwrap_err().to_string();
    assert!(unknown.contains("seoul-pay, shinhan-sol, tmoney-pay"), "{unknown}");
    assert!(fixture.keys.make_staff_token("", Role::Viewer, NOW, 60).is_err());
}

/// S1.
#[test]
fn a_ticket_comes_back_as_it_was_and_no_other_text_does() {
    let keys = fixture().keys;
    for number in [0, 1, 124_001, u64::MAX] {
        let text = keys.seal_ticket(&ticket(number));
        assert_eq!(keys.open_ticket(&text), Some(ticket(number)));
    }
    let text = keys.seal_ticket(&ticket(1));
    assert!(flipped(&text).all(|text| keys.open_ticket(&text).is_none()));
    assert!((0..text.len()).all(|end| keys.open_ticket(&text[..end]).is_none()));
    for text in ["", "or1", "or1.", "or1...", "or1.1.a.b", &format!("{text}="), &format!(" {text}")]
    {
        assert_eq!(keys.open_ticket(text), None, "{text}");
    }
    assert_eq!(fixture().keys.open_ticket(&text), None, "another directory, other keys");
}

/// S3.
#[test]
fn a_pass_is_worth_something_to_its_person_in_its_round_in_time() {
    let maker = fixture();
    let text = maker.keys.seal_pass(&pass(7));
    assert_eq!(text, maker.keys.seal_pass(&pass(7)), "the same pass, the same text");
    // One instance that sealed it and one that must check the signature, twice each.
    let reader = Keys::open_existing(maker.dir.path()).unwrap();
    let (round, person) = (pass(7).round, pass(7).person);
    let other_round = RoundId::new("seoul-2022-07-28").unwrap();
    let other_person = PersonKey::of_subject("lee");
    let id = PassId { line: LineId(1), number: 7 };
    for keys in [&maker.keys, &reader, &reader] {
        let open =
            |round, person, millis| keys.open_pass(&text, round, person, NOW.plus_millis(millis));
        assert_eq!(open(&round, person, 0), ShownPass::Valid(id, pass(7).expires_at));
        assert_eq!(open(&round, person, 600_499), ShownPass::Valid(id, pass(7).expires_at));
        assert_eq!(open(&round, person, 600_500), ShownPass::Expired(id));
        assert_eq!(open(&other_round, person, 0), ShownPass::Invalid);
        assert_eq!(open(&round, other_person, 0), ShownPass::Invalid);
        assert_eq!(open(&round, other_person, 600_500), ShownPass::Invalid);
    }
    let foreign = fixture().keys.seal_pass(&pass(7));
    let ticket = maker.keys.seal_ticket(&ticket(7));
    let bearer = maker.keys.make_staff_token("lee", Role::Approver, NOW, 60).unwrap();
    let none =
        format!("{}{}.", BASE64.encode(r#"{"alg":"none"}"#), text.rsplit_once('.').unwrap().0);
    for text in ["", "a.b.c", &foreign, &ticket, &bearer, &none, &"a".repeat(5_000)] {
        assert_eq!(reader.open_pass(text, &round, person, NOW), ShownPass::Invalid, "{text}");
    }
    let refused = |text: String| reader.open_pass(&text, &round, person, NOW) == ShownPass::Invalid;
    assert!(flipped(&text).all(refused));
}

#[test]
fn other_back_ends_can_check_a_pass_with_the_published_keys() {
    let keys = fixture().keys;
    let text = keys.seal_pass(&pass(7));
    let set: library::jwk::JwkSet = serde_json::from_value(keys.jwks()).unwrap();
    let kid = library::decode_header(&text).unwrap().kid.unwrap();
    let key = library::DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
    let mut validation = library::Validation::new(library::Algorithm::EdDSA);
    validation.set_issuer(&["openrun"]);
    validation.set_audience(&["openrun/pass"]);
    validation.validate_exp = false;
    let claims = library::decode::<Value>(&text, &key, &validation).unwrap().claims;
    assert_eq!(claims["jti"], "seoul-2022-07-14:1:7");
    assert_eq!(claims["sub"].as_str().unwrap().len(), 32);
    assert_eq!(claims["exp"], 1_657_761_001, "rounded up to a second that is past the end");
    assert_eq!(claims["exp_ms"], 1_657_761_000_500_i64);
}

/// S2.
#[test]
fn what_is_signed_for_one_use_is_worth_nothing_for_another() {
    let fixture = fixture();
    let keys = &fixture.keys;
    // A channel makes a token that looks like a pass and lets us see that its signature is good.
    let round = pass(7).round;
    let claims = json!({"iss": "openrun", "aud": "openrun/pass", "sub": "0".repeat(32), "line": 1,
        "round": round.as_str(), "number": 7, "exp": 1_657_761_001,
        "exp_ms": 1_657_761_000_500_i64, "jti": "x"});
    let token = fixture.foreign("seoul-pay", json!({"alg": "HS256"}), &claims);
    assert!(keys.verify_person(&token, NOW).is_err());
    let shown = keys.open_pass(&token, &round, PersonKey([0; 16]), NOW);
    assert_eq!(shown, ShownPass::Invalid);
    let sealed = keys.seal_pass(&pass(7));
    assert!(keys.verify_person(&sealed, NOW).is_err() && keys.verify_staff(&sealed, NOW).is_err());
    assert_eq!(format!("{keys:?}"), "Keys(..)");
}
