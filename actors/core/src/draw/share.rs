//! Shares: what other parties, or a public beacon, add to the seed after the lobby has closed, so
//! that nobody who knew the key before could have chosen who is in the lobby to suit it.
//!
//! Which shares there are is fixed when the round is scheduled. A committed share is known to its
//! holder only; the value of a beacon is known to nobody before its time, and is public after.
//! Fetches no beacon and keeps no time: who is late is for the round to say.

use super::Digest;
use super::digest::Fields;
use super::hex;
use crate::RoundId;
use crate::ids::is_slug;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most shares of a round: each is somebody to wait for, and a draw is as good as its best one.
/// More are refused when the round is scheduled.
pub const SHARES_MAX: usize = 16;
/// Longest value of a share: that of the common beacons is 32 bytes, a signature of one 96 digits.
/// A longer one is refused.
pub const SHARE_BYTES_MAX: usize = 64;
/// Longest description of a beacon: one line that a person reads. A longer one is refused.
pub const SOURCE_BYTES_MAX: usize = 200;

/// A share as it is fixed beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum ShareSpec {
    /// Of a party that has made its value and keeps it until the lobby has closed.
    Committed {
        /// Whose, as a slug.
        name: String,
        /// [`share_commitment`] of the value.
        commitment: Digest,
    },
    /// Of a public beacon.
    Beacon {
        /// What it is called here, as a slug.
        name: String,
        /// Where anybody finds the value, as "drand quicknet round 12345678".
        source: String,
    },
}

/// A share's value, once it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareValue {
    /// Which share.
    pub name: String,
    /// 1 to 64 bytes in lower-case hexadecimal; empty: it was not given.
    pub value: String,
}

/// Why the shares of a round cannot be so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecFault {
    /// More than [`SHARES_MAX`].
    ThereAreTooManyShares,
    /// A name is no slug.
    NameIsNoSlug {
        /// Which share, from 1.
        position: usize,
    },
    /// Two have the same name.
    NameIsUsedTwice {
        /// The name.
        name: String,
    },
    /// A beacon's source is empty, too long or not one line.
    SourceIsNotOneLine {
        /// Which share.
        name: String,
    },
}

impl fmt::Display for SpecFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpecFault::ThereAreTooManyShares => write!(f, "there are at most {SHARES_MAX} shares"),
            SpecFault::NameIsNoSlug { position } => {
                write!(f, "the name of share {position} is not 1 to 64 of a-z, 0-9 and -")
            }
            SpecFault::NameIsUsedTwice { name } => write!(f, "two shares are called {name}"),
            SpecFault::SourceIsNotOneLine { name } => {
                write!(f, "the source of {name} is not a line of 1 to {SOURCE_BYTES_MAX} bytes")
            }
        }
    }
}

impl std::error::Error for SpecFault {}

/// Why a value is not that of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShareFault {
    /// It is that of another share.
    NameIsAnother,
    /// It is not 1 to 64 bytes in lower-case hexadecimal.
    ValueIsNotHexadecimal,
    /// It is not what its holder committed to.
    ValueDoesNotFitCommitment,
}

impl fmt::Display for ShareFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShareFault::NameIsAnother => f.write_str("it is the value of another share"),
            ShareFault::ValueIsNotHexadecimal => {
                write!(f, "it is not 1 to {SHARE_BYTES_MAX} bytes in lower-case hexadecimal")
            }
            ShareFault::ValueDoesNotFitCommitment => {
                f.write_str("it does not fit the commitment that was published for it")
            }
        }
    }
}

impl std::error::Error for ShareFault {}

/// What the holder of a share publishes beforehand. Names round and share, so that one holder's
/// commitment copied by another, or to another round, fits nothing. A value of fewer than 16 random
/// bytes could be found by trying.
#[must_use]
pub fn share_commitment(round: &RoundId, name: &str, value: &[u8]) -> Digest {
    let fields = Fields::of("openrun/draw/share/v1").bytes(round.as_str().as_bytes());
    fields.bytes(name.as_bytes()).bytes(value).digest()
}

/// Whether a round may have these shares.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_specs(specs: &[ShareSpec]) -> Result<(), SpecFault> {
    if specs.len() > SHARES_MAX {
        return Err(SpecFault::ThereAreTooManyShares);
    }
    for (index, spec) in specs.iter().enumerate() {
        let name = spec.name();
        if !is_slug(name) {
            return Err(SpecFault::NameIsNoSlug { position: index + 1 });
        }
        if specs[..index].iter().any(|earlier| earlier.name() == name) {
            return Err(SpecFault::NameIsUsedTwice { name: name.to_owned() });
        }
        if let ShareSpec::Beacon { source, .. } = spec
            && !is_line(source)
        {
            return Err(SpecFault::SourceIsNotOneLine { name: name.to_owned() });
        }
    }
    Ok(())
}

fn is_line(text: &str) -> bool {
    (1..=SOURCE_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl ShareSpec {
    /// What the share is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            ShareSpec::Committed { name, .. } | ShareSpec::Beacon { name, .. } => name,
        }
    }

    /// Whether this is the value of this share. Of a beacon's only the form can be told.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, round: &RoundId, share: &ShareValue) -> Result<(), ShareFault> {
        if share.name != self.name() {
            return Err(ShareFault::NameIsAnother);
        }
        let value = share.bytes().ok_or(ShareFault::ValueIsNotHexadecimal)?;
        match self {
            ShareSpec::Committed { name, commitment }
                if share_commitment(round, name, &value) != *commitment =>
            {
                Err(ShareFault::ValueDoesNotFitCommitment)
            }
            _ => Ok(()),
        }
    }
}

impl ShareValue {
    /// The value as bytes; none if it is missing or no value.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        if !(1..=SHARE_BYTES_MAX * 2).contains(&self.value.len()) {
            return None;
        }
        hex::decode(&self.value)
    }

    /// One for each share of the specification and in its order, as [`super::seed`] wants them: of
    /// those that were not given with an empty value.
    #[must_use]
    pub fn in_order(specs: &[ShareSpec], given: &[ShareValue]) -> Vec<ShareValue> {
        let value_of = |name: &str| {
            let found = given.iter().find(|share| share.name == name);
            found.map_or(String::new(), |share| share.value.clone())
        };
        let share = |spec: &ShareSpec| {
            let name = spec.name().to_owned();
            ShareValue { value: value_of(&name), name }
        };
        specs.iter().map(share).collect()
    }
}
