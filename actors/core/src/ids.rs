//! Names of things: slugs for what operators name, 128-bit keys for people and purchases.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

/// Longest slug, from the HTTP contract.
pub const SLUG_MAX: usize = 64;
/// Longest idempotency key, from the HTTP contract.
pub const IDEMPOTENCY_KEY_MAX: usize = 64;

/// Whether `text` is `[a-z0-9-]{1,64}`.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    (1..=SLUG_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name, if it is a slug.
            #[must_use]
            pub fn new(text: &str) -> Option<Self> {
                is_slug(text).then(|| Self(text.into()))
            }

            /// As text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(&text).ok_or("a name is 1 to 64 of a-z, 0-9 and -")
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

slug!(
    /// A kind of voucher.
    ProgramId
);
slug!(
    /// A sale.
    RoundId
);
slug!(
    /// A window of a round.
    WindowId
);
slug!(
    /// A channel: an app, a page or a counter that people come through.
    ChannelId
);
slug!(
    /// A district: where a person lives, as their channel says it.
    DistrictId
);

slug!(
    /// A merchant: a place that takes vouchers.
    MerchantId
);

/// A person: the first 128 bits of SHA-256 over the opaque id in their token. The same in every
/// channel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PersonKey(pub [u8; 16]);

impl PersonKey {
    /// The key of the person whose token says `sub`.
    #[must_use]
    pub fn of_subject(sub: &str) -> PersonKey {
        let digest = Sha256::digest(sub.as_bytes());
        let mut key = [0u8; 16];
        key.copy_from_slice(&digest[..16]);
        PersonKey(key)
    }

    /// Which of `shards` this person belongs to.
    #[must_use]
    pub fn shard(self, shards: usize) -> usize {
        let word = u64::from_le_bytes(self.0[..8].try_into().expect("eight of sixteen bytes"));
        usize::try_from(word % shards as u64).expect("a remainder below a usize fits one")
    }
}

/// Logs must not hold a person's key, so debugging output does not either.
impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey(..)")
    }
}

/// Hashes a person's key for maps by taking eight bytes of it: it is a digest already. Not those
/// bytes that say which shard a person belongs to, which are alike within one.
#[derive(Debug, Clone, Copy, Default)]
pub struct PersonHasher(u64);

impl std::hash::Hasher for PersonHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(word) = bytes.last_chunk::<8>() {
            self.0 ^= u64::from_le_bytes(*word);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// For maps of people.
pub type HashPeople = std::hash::BuildHasherDefault<PersonHasher>;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub u128);

        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                let id = (text.len() == 32).then(|| u128::from_str_radix(&text, 16).ok()).flatten();
                id.map($name).ok_or(concat!($what, " is 32 digits of hexadecimal"))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                format!("{:032x}", id.0)
            }
        }
    };
}

number!(
    /// A purchase: a UUIDv7 made at the edge. Written as 32 digits of hexadecimal, because a tagged
    /// enum in JSON cannot hold a number of 128 bits.
    PurchaseId,
    "a purchase id"
);
number!(
    /// A voucher: one that was bought bears its purchase's id, one that was given its gift's.
    VoucherId,
    "a voucher id"
);
number!(
    /// A spend, a payback, a gift or an expiry: a UUIDv7 made at the edge.
    MoveId,
    "a move id"
);

impl MoveId {
    /// The name of the expiry of a voucher: nobody asks for it, and there is one.
    #[must_use]
    pub fn of_expiry(voucher: VoucherId) -> MoveId {
        let digest =
            Sha256::new_with_prefix(b"openrun expiry").chain_update(voucher.0.to_be_bytes());
        let digest = digest.finalize();
        let first = digest.first_chunk::<16>().expect("a digest has 32 bytes");
        MoveId(u128::from_be_bytes(*first))
    }
}

impl From<PurchaseId> for VoucherId {
    fn from(id: PurchaseId) -> VoucherId {
        VoucherId(id.0)
    }
}

impl From<MoveId> for VoucherId {
    fn from(id: MoveId) -> VoucherId {
        VoucherId(id.0)
    }
}

/// What a client calls one attempt: 1 to 64 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    /// The key, if it is well formed.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=IDEMPOTENCY_KEY_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_and_keys_are_what_the_contract_says() {
        for (text, slug, key) in [
            ("seoul-2022-07-14", true, true),
            ("", false, false),
            ("Seoul", false, true),
            ("a b", false, false),
            ("서울", false, false),
            (&"a".repeat(64), true, true),
            (&"a".repeat(65), false, false),
        ] {
            assert_eq!(is_slug(text), slug, "{text}");
            assert_eq!(IdempotencyKey::new(text).is_some(), key, "{text}");
        }
    }
}
