//! Passes: the right to buy, as an Ed25519 JSON web token that other back ends can check too.
//!
//! The same pass has the same text. Only a header made here is looked at, so a token cannot choose
//! its key or algorithm. Whether a pass was used already is the person's actor's to say, not ours.

use super::KeyDescription;
use super::bounded::Seen;
use super::jwt::{self, is_signature};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use openrun_core::person::ShownPass;
use openrun_core::purchase::PassId;
use openrun_core::round_spec::LineId;
use openrun_core::{PersonKey, RoundId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::Write;

/// Who issues passes.
const ISSUER: &str = "openrun";
/// What they are good for: a staff or person token is no pass.
const AUDIENCE: &str = "openrun/pass";

/// The right to buy once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// In which round.
    pub round: RoundId,
    /// For a place in which line.
    pub line: LineId,
    /// For which number in that line.
    pub number: u64,
    /// Whose.
    pub person: PersonKey,
    /// Until when, to the millisecond.
    pub expires_at: Timestamp,
}

/// A signature under a document, as it stands there.
#[derive(Debug, Serialize)]
pub struct DocumentSignature<'a> {
    /// Which key.
    pub kid: &'a str,
    /// Ed25519 (RFC 8032), base64url without padding.
    pub ed25519: String,
}

/// The keys of passes, newest first.
pub(super) struct Passes {
    keys: Vec<PassKey>,
    seen: Seen<Pass>,
}

struct PassKey {
    kid: String,
    header: String,
    signing: SigningKey,
    verifying: VerifyingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    /// The person's key in hex.
    sub: &'a str,
    round: &'a str,
    line: u8,
    number: u64,
    /// In seconds, as RFC 7519 has it: the first whole second at which the pass is void.
    exp: i64,
    /// In milliseconds: the exact end.
    exp_ms: i64,
    jti: &'a str,
}

impl Passes {
    pub(super) fn new(keys: Vec<(String, SigningKey)>) -> Passes {
        assert!(!keys.is_empty(), "a directory without a pass key is refused when it is read");
        let key = |(kid, signing): (String, SigningKey)| PassKey {
            header: jwt::own_header("EdDSA", &kid),
            verifying: signing.verifying_key(),
            kid,
            signing,
        };
        Passes { keys: keys.into_iter().map(key).collect(), seen: Seen::new() }
    }

    pub(super) fn seal(&self, pass: &Pass) -> String {
        let (round, line, number) = (pass.round.as_str(), pass.line.0, pass.number);
        let claims = Claims {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: &hex(pass.person),
            round,
            line,
            number,
            exp: pass.expires_at.0.div_euclid(1_000) + i64::from(pass.expires_at.0 % 1_000 != 0),
            exp_ms: pass.expires_at.0,
            jti: &format!("{round}:{line}:{number}"),
        };
        let key = &self.keys[0];
        let mut text = jwt::join(&key.header, &claims);
        let signature = key.signing.sign(text.as_bytes());
        text.push('.');
        BASE64.encode_string(signature.to_bytes(), &mut text);
        self.seen.remember(Seen::<Pass>::hash(&text), pass.clone());
        text
    }

    pub(super) fn open(
        &self,
        text: &str,
        round: &RoundId,
        person: PersonKey,
        now: Timestamp,
    ) -> ShownPass {
        let worth = |pass: &Pass| worth(pass, round, person, now);
        if text.len() > jwt::TOKEN_BYTES_MAX {
            return ShownPass::Invalid;
        }
        let hash = Seen::<Pass>::hash(text);
        if let Some(shown) = self.seen.read(&hash, worth) {
            return shown;
        }
        let Some(pass) = self.verify(text) else { return ShownPass::Invalid };
        let shown = worth(&pass);
        self.seen.remember(hash, pass);
        shown
    }

    fn verify(&self, text: &str) -> Option<Pass> {
        let parts = jwt::split(text)?;
        let key = self.keys.iter().find(|key| key.header == parts.header)?;
        if !is_signature(&key.verifying, &parts) {
            return None;
        }
        let mut bytes = [0; jwt::TOKEN_BYTES_MAX];
        let claims: Claims<'_> =
            serde_json::from_slice(jwt::decode(parts.payload, &mut bytes)?).ok()?;
        let is_ours = claims.iss == ISSUER && claims.aud == AUDIENCE;
        let pass = Pass {
            round: RoundId::new(claims.round)?,
            line: LineId(claims.line),
            number: claims.number,
            person: unhex(claims.sub)?,
            expires_at: Timestamp(claims.exp_ms),
        };
        is_ours.then_some(pass)
    }

    /// Signs a document that is not a token. It begins with `{`, and what is signed of a token
    /// never does (its first part is base64url), so neither can pass for the other.
    pub(super) fn sign_document(&self, text: &[u8]) -> DocumentSignature<'_> {
        assert_eq!(text.first(), Some(&b'{'), "what is signed here is never a token");
        let key = &self.keys[0];
        let ed25519 = BASE64.encode(key.signing.sign(text).to_bytes());
        DocumentSignature { kid: &key.kid, ed25519 }
    }

    pub(super) fn jwks(&self) -> Value {
        let key = |key: &PassKey| {
            json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                "kid": key.kid, "x": BASE64.encode(key.verifying.as_bytes()),
            })
        };
        json!({ "keys": self.keys.iter().map(key).collect::<Vec<_>>() })
    }

    pub(super) fn describe(&self) -> Vec<KeyDescription> {
        let one = |key: &PassKey| KeyDescription {
            what: "pass".to_owned(),
            kid: key.kid.clone(),
            algorithm: "EdDSA",
            signs: true,
        };
        self.keys.iter().map(one).collect()
    }
}

fn worth(pass: &Pass, round: &RoundId, person: PersonKey, now: Timestamp) -> ShownPass {
    if pass.round != *round || pass.person != person {
        return ShownPass::Invalid;
    }
    let id = PassId { line: pass.line, number: pass.number };
    if now >= pass.expires_at {
        ShownPass::Expired(id)
    } else {
        ShownPass::Valid(id, pass.expires_at)
    }
}

fn hex(person: PersonKey) -> String {
    person.0.iter().fold(String::with_capacity(32), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

fn unhex(text: &str) -> Option<PersonKey> {
    let number = u128::from_str_radix(text, 16).ok()?;
    let person = PersonKey(number.to_be_bytes());
    // The one spelling that we write: no sign, no capitals, no missing zeros.
    (hex(person) == text).then_some(person)
}
