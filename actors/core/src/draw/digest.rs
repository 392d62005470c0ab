//! What is hashed, field by field: the commitment, the leaves and the seed.
//!
//! Every field stands behind its length, and the first names what is hashed, so that no two lists
//! of fields are ever the same bytes (S2). What is not here: the Merkle tree and the stream of the
//! shuffle, which hash inputs of fixed lengths that nothing here can have.

use super::hex;
use super::share::ShareValue;
use crate::{PersonKey, RoundId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A SHA-256 hash. Written as 64 digits of hexadecimal in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(#[serde(with = "hex::array")] pub [u8; 32]);

impl Digest {
    /// Back from its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Digest> {
        hex::decode_array(text).map(Digest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// SHA-256 over fields: of each its length in eight bytes, most significant first, then itself.
pub(super) struct Fields(Sha256);

impl Fields {
    pub(super) fn of(domain: &str) -> Fields {
        Fields(Sha256::new()).bytes(domain.as_bytes())
    }

    pub(super) fn bytes(mut self, field: &[u8]) -> Fields {
        self.0.update((field.len() as u64).to_be_bytes());
        self.0.update(field);
        self
    }

    /// A whole number is a field of eight bytes, most significant first.
    pub(super) fn number(self, field: u64) -> Fields {
        self.bytes(&field.to_be_bytes())
    }

    pub(super) fn digest(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// What is published when the round is scheduled: whoever knows it can check the key later, and
/// cannot find it before.
#[must_use]
pub fn commitment(key: &[u8; 32]) -> Digest {
    Fields::of("openrun/draw/commitment/v1").bytes(key).digest()
}

/// The leaf of an entry that a person holds. Salted, so that a list of people cannot be tried on
/// the published leaves: only who is given the salt can find the person's own.
#[must_use]
pub fn leaf(
    round: &RoundId,
    class: &str,
    entry: u64,
    person: PersonKey,
    salt: &[u8; 32],
) -> Digest {
    let fields = Fields::of("openrun/draw/leaf/v1").bytes(round.as_str().as_bytes());
    fields.bytes(class.as_bytes()).number(entry).bytes(&person.0).bytes(salt).digest()
}

/// The leaf of an entry that nobody is known to hold: a number that was set aside and never given
/// out, as after a restart. Anybody can see of it that it is one.
#[must_use]
pub fn empty_leaf(round: &RoundId, class: &str, entry: u64) -> Digest {
    let fields = Fields::of("openrun/draw/empty/v1").bytes(round.as_str().as_bytes());
    fields.bytes(class.as_bytes()).number(entry).digest()
}

/// The seed of the shuffle. `shares` are in the order of the round's specification, each with its
/// value, or with an empty one if it was not given ([`ShareValue::in_order`] makes such a list):
/// the hash says which are missing, so that none can be dropped unseen.
///
/// A value that is no hexadecimal counts as missing; whoever takes shares checks them first
/// ([`super::ShareSpec::check`]).
#[must_use]
pub fn seed(root: &Digest, key: &[u8; 32], shares: &[ShareValue]) -> Digest {
    let fields = Fields::of("openrun/draw/seed/v1").bytes(&root.0).bytes(key);
    let fields = fields.number(shares.len() as u64);
    let with_share = |fields: Fields, share: &ShareValue| {
        let fields = fields.bytes(share.name.as_bytes());
        match share.bytes() {
            Some(value) => fields.bytes(b"given").bytes(&value),
            None => fields.bytes(b"missing").bytes(b""),
        }
    };
    shares.iter().fold(fields, with_share).digest()
}
