//! JSON web tokens in compact form (RFC 7515, 7519), for people and staff.
//!
//! A token's header only says which of our keys to try. That key decides the algorithm and the
//! issuer; a header that says otherwise is refused, and so is `none`. Claims are read after the
//! signature was found good.
//!
//! Written here instead of taken from `jsonwebtoken` 11.1, because this check stands before every
//! call of a person: side by side in a release build one HS256 check took 1.2 µs here and 4.1 µs
//! there (with its header read to find the key), making one 0.7 µs.
//! The tests check these tokens against that library in both directions.

use super::KeyDescription;
use super::bounded::Seen;
use super::error::KeysError;
use super::mac::{MacKey, TAG_BYTES};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{SIGNATURE_LENGTH, Signature, Signer, SigningKey, VerifyingKey};
use openrun_core::ChannelId;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Longest token that is looked at, in bytes: ours have about 300, four times that leaves room
/// for claims of a channel's own. Longer ones are refused unread.
pub(super) const TOKEN_BYTES_MAX: usize = 2_048;
/// What a token of that length can hold, in bytes.
const PART_BYTES_MAX: usize = TOKEN_BYTES_MAX / 4 * 3;
/// Longest header that is looked at, in bytes.
const HEADER_BYTES_MAX: usize = 512;

/// What a key signs or checks with.
pub(super) enum Secret {
    /// HMAC-SHA-256 under a shared secret.
    Hs256(MacKey),
    /// Ed25519 with the private key.
    EdDsa(Box<SigningKey>),
    /// Ed25519 with the public key alone.
    EdDsaPublic(Box<VerifyingKey>),
}

/// A key and what is pinned by it.
pub(super) struct JwtKey {
    /// Its id.
    pub(super) kid: String,
    /// The only issuer that it speaks for: a channel, or the staff's sign-on.
    pub(super) issuer: ChannelId,
    /// What it signs or checks with.
    pub(super) secret: Secret,
}

/// A set of keys, each for one issuer.
pub(super) struct Jwts {
    keys: Vec<JwtKey>,
    by_kid: HashMap<String, usize>,
    by_issuer: HashMap<String, Vec<usize>>,
    seen: Seen<usize>,
}

#[derive(Deserialize)]
struct Header<'a> {
    alg: &'a str,
    kid: Option<&'a str>,
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Serialize)]
struct OwnHeader<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

#[derive(Deserialize)]
struct IssuerOnly<'a> {
    iss: &'a str,
}

/// The parts of a compact token, still encoded.
pub(super) struct Parts<'a> {
    /// The first part.
    pub(super) header: &'a str,
    /// The second part.
    pub(super) payload: &'a str,
    /// What is signed: both with the dot between them.
    pub(super) signed: &'a [u8],
    /// The third part.
    pub(super) signature: &'a str,
}

/// A token's three parts; `None` if there are more or fewer, or it is too long.
pub(super) fn split(text: &str) -> Option<Parts<'_>> {
    if text.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    if payload.contains('.') {
        return None;
    }
    Some(Parts { header, payload, signed: signed.as_bytes(), signature })
}

/// The first two parts of a token, encoded: what is to be signed.
pub(super) fn join<C: Serialize>(header: &str, claims: &C) -> String {
    let claims = serde_json::to_vec(claims).expect("claims are strings and numbers");
    let mut text = String::with_capacity(header.len() + claims.len() * 4 / 3 + 96);
    text.push_str(header);
    text.push('.');
    BASE64.encode_string(claims, &mut text);
    text
}

/// The encoded header of tokens signed by the key of this id.
pub(super) fn own_header(algorithm: &str, kid: &str) -> String {
    let header = OwnHeader { alg: algorithm, kid, typ: "JWT" };
    BASE64.encode(serde_json::to_vec(&header).expect("a header is three strings"))
}

impl Jwts {
    /// A set of keys, newest first for each issuer.
    pub(super) fn new(keys: Vec<JwtKey>) -> Jwts {
        let mut by_kid = HashMap::new();
        let mut by_issuer: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, key) in keys.iter().enumerate() {
            let other = by_kid.insert(key.kid.clone(), index);
            assert!(other.is_none(), "key ids are made of file names, which are unique");
            by_issuer.entry(key.issuer.as_str().to_owned()).or_default().push(index);
        }
        Jwts { keys, by_kid, by_issuer, seen: Seen::new() }
    }

    /// What `read` makes of issuer and claims, if one of these keys signed the token.
    pub(super) fn open<T>(
        &self,
        text: &str,
        read: impl FnOnce(&ChannelId, &[u8]) -> Option<T>,
    ) -> Option<T> {
        let parts = split(text)?;
        let mut bytes = [0; HEADER_BYTES_MAX];
        let header: Header<'_> = serde_json::from_slice(decode(parts.header, &mut bytes)?).ok()?;
        // An extension that must be understood is one that we do not understand.
        if header.crit.is_some() {
            return None;
        }
        let mut bytes = [0; PART_BYTES_MAX];
        let payload = decode(parts.payload, &mut bytes)?;
        let key = match header.kid {
            Some(kid) => {
                let index = *self.by_kid.get(kid)?;
                self.is_good(index, header.alg, text, &parts).then_some(index)?
            }
            None => {
                let issuer: IssuerOnly<'_> = serde_json::from_slice(payload).ok()?;
                let mut candidates = self.by_issuer.get(issuer.iss)?.iter().copied();
                candidates.find(|index| self.is_good(*index, header.alg, text, &parts))?
            }
        };
        read(&self.keys[key].issuer, payload)
    }

    /// A token with these claims, signed by the newest key of the issuer.
    pub(super) fn seal<C: Serialize>(&self, issuer: &str, claims: &C) -> Result<String, KeysError> {
        let unknown = || KeysError::UnknownChannel {
            channel: issuer.to_owned(),
            known: self.issuers().join(", "),
        };
        let indices = self.by_issuer.get(issuer).ok_or_else(unknown)?;
        let mut keys = indices.iter().map(|index| &self.keys[*index]);
        let key = keys.find(|key| key.signs());
        let key = key.ok_or_else(|| KeysError::PublicKeyOnly { issuer: issuer.to_owned() })?;
        let mut text = join(&own_header(key.algorithm(), &key.kid), claims);
        let signature = match &key.secret {
            Secret::Hs256(mac) => mac.tag(text.as_bytes(), b"").to_vec(),
            Secret::EdDsa(signing) => signing.sign(text.as_bytes()).to_vec(),
            Secret::EdDsaPublic(_) => unreachable!("a key that signs was chosen"),
        };
        text.push('.');
        BASE64.encode_string(signature, &mut text);
        Ok(text)
    }

    /// Every issuer, in alphabetical order.
    pub(super) fn issuers(&self) -> Vec<String> {
        let mut issuers: Vec<String> = self.by_issuer.keys().cloned().collect();
        issuers.sort_unstable();
        issuers
    }

    pub(super) fn describe(&self) -> Vec<KeyDescription> {
        let one = |key: &JwtKey| {
            let is_staff = key.issuer.as_str() == super::STAFF_ISSUER;
            KeyDescription {
                what: if is_staff { "staff" } else { key.issuer.as_str() }.to_owned(),
                kid: key.kid.clone(),
                algorithm: key.algorithm(),
                signs: key.signs(),
            }
        };
        self.keys.iter().map(one).collect()
    }

    fn is_good(&self, index: usize, algorithm: &str, text: &str, parts: &Parts<'_>) -> bool {
        let key = &self.keys[index];
        if key.algorithm() != algorithm {
            return false;
        }
        let verifying = match &key.secret {
            Secret::Hs256(mac) => {
                let mut bytes = [0; TAG_BYTES];
                let shown = decode(parts.signature, &mut bytes);
                return shown.is_some_and(|shown| mac.is_tag(parts.signed, b"", shown));
            }
            Secret::EdDsa(signing) => &signing.verifying_key(),
            Secret::EdDsaPublic(verifying) => verifying,
        };
        let hash = Seen::<usize>::hash(text);
        if self.seen.read(&hash, |seen| *seen == index) == Some(true) {
            return true;
        }
        let is_good = is_signature(verifying, parts);
        if is_good {
            self.seen.remember(hash, index);
        }
        is_good
    }
}

impl JwtKey {
    fn algorithm(&self) -> &'static str {
        match self.secret {
            Secret::Hs256(_) => "HS256",
            Secret::EdDsa(_) | Secret::EdDsaPublic(_) => "EdDSA",
        }
    }

    fn signs(&self) -> bool {
        !matches!(self.secret, Secret::EdDsaPublic(_))
    }
}

/// Whether a token carries an Ed25519 signature of this key; strict, as RFC 8032 allows: no weak
/// keys, no second signature made from a first.
pub(super) fn is_signature(key: &VerifyingKey, parts: &Parts<'_>) -> bool {
    let mut bytes = [0; SIGNATURE_LENGTH];
    let signature = decode(parts.signature, &mut bytes).and_then(|b| Signature::from_slice(b).ok());
    signature.is_some_and(|signature| key.verify_strict(parts.signed, &signature).is_ok())
}

/// Decodes into `bytes`; `None` when it does not fit or is not the one canonical encoding.
pub(super) fn decode<'b>(text: &str, bytes: &'b mut [u8]) -> Option<&'b [u8]> {
    let length = BASE64.decode_slice(text, bytes).ok()?;
    Some(&bytes[..length])
}
