//! The key directory: which files are keys, what makes them safe, and how they are made.
//!
//! `DATA/keys/` (0700, files 0600) holds `ticket.<kid>.hmac`, `draw.<kid>.hmac` (what the keys and
//! salts of draws follow from) and `staff.<kid>.hs256` (random bytes in base64url),
//! `pass.<kid>.pem` and `staff.<kid>.pem` (Ed25519, PKCS#8), and in `channels/` for each channel
//! `<channel>.hs256` (a shared secret) or `<channel>.pub.pem` (its public key). A channel's second
//! key during a rotation is `<channel>.2.hs256`. A key id made here is the second of its making in
//! hex, so ids grow and are never used again. A directory made for development
//! says so in the file `DEVELOPMENT`. Nothing is ever deleted: a retired key is renamed.

use super::error::KeysError;
use super::files::{self, Entry};
use super::jwt::{JwtKey, Secret};
use super::mac::{KEY_BYTES_MIN, MacKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
use ed25519_dalek::{SigningKey, VerifyingKey};
use openrun_core::ChannelId;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Channels of a development directory: the four apps of the Seoul sale, those of the other
/// sales that are rehearsed, and a bank's counter.
pub const DEVELOPMENT_CHANNELS: [&str; 11] = [
    "seoul-pay",
    "tmoney-pay",
    "shinhan-sol",
    "moneytree",
    "chak",
    "chuncheon-love",
    "gangwon-voucher",
    "bizple-zeropay",
    "onnuri",
    "onnuri-card",
    "counter",
];

/// Most active keys of one kind: during a rotation the new one signs and the old one still opens.
const ACTIVE_MAX: usize = 2;
/// Most keys of draws: rounds stay committed to theirs for ever, so none is retired. A key a month
/// fills two decades; a directory of more is refused, as is the rotation that would make it so.
const DRAW_KEYS_MAX: usize = 256;
/// A key with fewer different byte values was typed, not drawn: 32 random bytes have about 30.
const DISTINCT_BYTES_MIN: usize = 8;

/// What a key of our own is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Tickets: HMAC-SHA-256.
    Ticket,
    /// Passes: Ed25519.
    Pass,
    /// Tokens of staff: HS256, or EdDSA.
    Staff,
    /// Draws: what their keys and salts follow from.
    Draw,
}

/// Who opens the directory: that decides what is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// A server that sells: private, strong keys, none made for development.
    Production,
    /// A server on a developer's machine.
    Development,
    /// A tool that signs tokens with whatever is there.
    Tool,
}

/// All keys of a directory, newest first within their kind.
pub(super) struct Found {
    pub(super) ticket: Vec<(String, MacKey)>,
    pub(super) pass: Vec<(String, SigningKey)>,
    pub(super) staff: Vec<JwtKey>,
    pub(super) draw: Vec<(String, MacKey)>,
    pub(super) channels: Vec<JwtKey>,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Ticket, Kind::Pass, Kind::Staff, Kind::Draw];

    /// The kind as it stands in file names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Ticket => "ticket",
            Kind::Pass => "pass",
            Kind::Staff => "staff",
            Kind::Draw => "draw",
        }
    }

    /// How many keys of it a directory may hold.
    pub(super) fn keys_max(self) -> usize {
        if self.retires() { ACTIVE_MAX } else { DRAW_KEYS_MAX }
    }

    /// Whether a rotation takes its oldest key out of use. Not that of draws: a round is committed
    /// to its key days before it opens, and its past is opened with it.
    pub(super) fn retires(self) -> bool {
        self != Kind::Draw
    }

    /// Endings of its files; the first is what we make.
    pub(super) fn endings(self) -> &'static [&'static str] {
        match self {
            Kind::Ticket | Kind::Draw => &["hmac"],
            Kind::Pass => &["pem"],
            Kind::Staff => &["hs256", "pem", "pub.pem"],
        }
    }
}

/// Where the keys of a data directory are.
pub(super) fn keys_dir(data: &Path) -> PathBuf {
    data.join("keys")
}

/// Reads every key of a data directory.
pub(super) fn read(data: &Path, access: Access) -> Result<Found, KeysError> {
    let dir = keys_dir(data);
    if !dir.is_dir() {
        return Err(KeysError::NoDirectory { dir });
    }
    if access == Access::Production {
        if files::is_development(&dir) {
            return Err(KeysError::Development { dir });
        }
        files::check_private(&dir, "700")?;
    }
    let mut reader = Reader { access, identities: HashSet::new() };
    let (ticket, pass, staff, draw) = (vec![], vec![], vec![], vec![]);
    let mut found = Found { ticket, pass, staff, draw, channels: reader.channels(&dir)? };
    for kind in Kind::ALL {
        let entries = files::entries(&dir, kind)?;
        if entries.is_empty() {
            return Err(KeysError::Missing { kind: kind.as_str(), dir });
        }
        if entries.len() > kind.keys_max() {
            let (found, most) = (entries.len(), kind.keys_max());
            return Err(KeysError::TooMany { kind: kind.as_str(), found, most, dir });
        }
        for entry in entries {
            let kid = entry.kid.clone();
            match kind {
                Kind::Ticket => found.ticket.push((kid, reader.mac(&entry)?)),
                Kind::Draw => found.draw.push((kid, reader.mac(&entry)?)),
                Kind::Pass => found.pass.push((kid, reader.signing(&entry)?)),
                Kind::Staff => {
                    let issuer = ChannelId::new(super::STAFF_ISSUER).expect("it is a slug");
                    found.staff.push(JwtKey { kid, issuer, secret: reader.any(&entry)? });
                }
            }
        }
    }
    if found.channels.is_empty() && access == Access::Production {
        return Err(KeysError::NoChannel { dir: dir.join(files::CHANNELS) });
    }
    Ok(found)
}

/// Reads key files and refuses what is unsafe in them.
struct Reader {
    access: Access,
    /// Bytes and name of each key that was read, so that none has two uses.
    identities: HashSet<Vec<u8>>,
}

impl Reader {
    fn channels(&mut self, dir: &Path) -> Result<Vec<JwtKey>, KeysError> {
        let mut keys = Vec::new();
        for entry in files::channel_entries(&dir.join(files::CHANNELS))? {
            // A number, so that channel and number can be told apart in the key id.
            let is_number = entry.kid.bytes().all(|b| b.is_ascii_digit());
            let is_named = entry.owner != super::STAFF_ISSUER && is_number;
            let Some(issuer) = ChannelId::new(&entry.owner).filter(|_| is_named) else {
                let expected = "named after a channel, as seoul-pay.hs256 or seoul-pay.2.hs256";
                return Err(KeysError::NotAKey { path: entry.path, expected });
            };
            let kid = format!("{issuer}-{}", entry.kid);
            keys.push(JwtKey { kid, issuer, secret: self.any(&entry)? });
        }
        Ok(keys)
    }

    fn any(&mut self, entry: &Entry) -> Result<Secret, KeysError> {
        match entry.ending {
            "hs256" => self.mac(entry).map(Secret::Hs256),
            "pem" => self.signing(entry).map(|key| Secret::EdDsa(Box::new(key))),
            _ => self.verifying(entry).map(|key| Secret::EdDsaPublic(Box::new(key))),
        }
    }

    fn mac(&mut self, entry: &Entry) -> Result<MacKey, KeysError> {
        let text = self.text(entry)?;
        let not_a_key = |_| KeysError::NotAKey {
            path: entry.path.clone(),
            expected: "a secret in base64url without padding",
        };
        let bytes = BASE64.decode(text.trim()).map_err(not_a_key)?;
        let distinct = bytes.iter().collect::<HashSet<_>>().len();
        if bytes.len() < KEY_BYTES_MIN || distinct < DISTINCT_BYTES_MIN {
            return Err(KeysError::Weak { path: entry.path.clone(), bytes: bytes.len() });
        }
        self.once(entry, &bytes)?;
        Ok(MacKey::new(&bytes))
    }

    fn signing(&mut self, entry: &Entry) -> Result<SigningKey, KeysError> {
        let text = self.text(entry)?;
        let not_a_key = |_| KeysError::NotAKey {
            path: entry.path.clone(),
            expected: "an Ed25519 private key (PKCS#8, PEM)",
        };
        let key = SigningKey::from_pkcs8_pem(&text).map_err(not_a_key)?;
        self.once(entry, key.verifying_key().as_bytes())?;
        Ok(key)
    }

    fn verifying(&mut self, entry: &Entry) -> Result<VerifyingKey, KeysError> {
        let text = files::read(&entry.path)?;
        let expected = "an Ed25519 public key (SPKI, PEM)";
        let not_a_key = || KeysError::NotAKey { path: entry.path.clone(), expected };
        let key = VerifyingKey::from_public_key_pem(&text).map_err(|_| not_a_key())?;
        if key.is_weak() {
            return Err(not_a_key());
        }
        self.once(entry, key.as_bytes())?;
        Ok(key)
    }

    fn text(&self, entry: &Entry) -> Result<String, KeysError> {
        if self.access == Access::Production {
            files::check_private(&entry.path, "600")?;
        }
        files::read(&entry.path)
    }

    fn once(&mut self, entry: &Entry, identity: &[u8]) -> Result<(), KeysError> {
        let name = format!("{}.{}", entry.owner, entry.kid).into_bytes();
        let is_new = self.identities.insert(identity.to_vec()) && self.identities.insert(name);
        if is_new { Ok(()) } else { Err(KeysError::Twice { path: entry.path.clone() }) }
    }
}
