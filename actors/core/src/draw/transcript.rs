//! The transcript of a draw: all that a stranger needs to recompute it, and the check that does so.
//!
//! Proves that the order follows from the key, the list and the shares, and that key and shares are
//! those committed to. Cannot prove when commitment and root were published, nor that everybody saw
//! the same ones: those who noted them at the time compare.

use super::digest::{commitment, empty_leaf, seed};
use super::order::{DrawnOrder, ENTRIES_MAX};
use super::share::{ShareFault, ShareSpec, ShareValue, SpecFault, check_specs};
use super::tree::root;
use super::{Digest, hex};
use crate::{RoundId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How it is all computed. Another way would have another name.
pub const ALGORITHM: &str = "openrun/draw/v1";

/// One draw: of one class of one round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// [`ALGORITHM`].
    pub algorithm: String,
    /// The round.
    pub round_id: RoundId,
    /// The eligibility class whose line was drawn.
    pub class: String,
    /// What the key was committed to with.
    pub commitment: Digest,
    /// When that was published, in milliseconds since 1970 (UTC), by the operator's clock.
    #[serde(rename = "committed_at_ms")]
    pub committed_at: Timestamp,
    /// How many entries the lobby had.
    pub count: u64,
    /// The root over the leaves.
    pub root: Digest,
    /// When the lobby closed and the root was published.
    #[serde(rename = "closed_at_ms")]
    pub closed_at: Timestamp,
    /// The shares of the round, in the order in which they were fixed.
    pub shares: Vec<TranscriptShare>,
    /// The key.
    #[serde(with = "hex::array")]
    pub key: [u8; 32],
    /// The seed of the shuffle.
    pub seed: Digest,
    /// When the draw took place and the key was published.
    #[serde(rename = "drawn_at_ms")]
    pub drawn_at: Timestamp,
    /// The leaf of each entry, from entry 1.
    pub leaves: Vec<Digest>,
    /// Which entry stands at each number, from number 1.
    pub entries_by_number: Vec<u32>,
}

/// A share: how it was fixed, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptShare {
    /// As it was fixed.
    pub spec: ShareSpec,
    /// In lower-case hexadecimal; none if it was not given in time.
    pub value: Option<String>,
}

impl TranscriptShare {
    /// One for each share of the specification and in its order.
    #[must_use]
    pub fn in_order(specs: &[ShareSpec], given: &[ShareValue]) -> Vec<TranscriptShare> {
        let values = ShareValue::in_order(specs, given).into_iter();
        let value = values.map(|share| Some(share.value).filter(|value| !value.is_empty()));
        let shares = specs.iter().zip(value);
        shares.map(|(spec, value)| TranscriptShare { spec: spec.clone(), value }).collect()
    }

    fn share(&self) -> ShareValue {
        let value = self.value.clone().unwrap_or_default();
        ShareValue { name: self.spec.name().to_owned(), value }
    }
}

/// What a transcript that holds says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many entries were drawn.
    pub count: u64,
    /// How many of them nobody is known to hold.
    pub empty: u64,
    /// Shares that were not given in time.
    pub missing_shares: Vec<String>,
    /// Beacons whose value everybody has to look up at its source.
    pub beacons: Vec<String>,
}

/// Why a transcript does not hold. Of several that apply, the first declared is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It was drawn in a way that is not known here.
    AlgorithmIsNotKnown,
    /// More entries than a draw may have.
    ThereAreTooManyEntries,
    /// The count is not that of the leaves.
    LeavesAreNotAsManyAsCounted {
        /// The count that is stated.
        count: u64,
        /// How many leaves there are.
        leaves: u64,
    },
    /// The key was drawn with before the lobby was closed, or the lobby closed before the key was
    /// committed to.
    TimesAreNotInOrder,
    /// The key is not the one that was committed to.
    KeyDoesNotFitCommitment,
    /// The leaves are not those of the root: one was changed, removed, inserted or moved.
    LeavesDoNotFitRoot,
    /// Shares that a round cannot have.
    SharesAreNotSound(SpecFault),
    /// A share is not what was committed to.
    ShareDoesNotFit {
        /// Which.
        name: String,
        /// Why not.
        why: ShareFault,
    },
    /// The seed does not follow from root, key and shares.
    SeedDoesNotFollow,
    /// The order has more or fewer numbers than there are entries.
    OrderIsNotAsLongAsCounted {
        /// How many numbers there are.
        numbers: u64,
    },
    /// The order does not follow from the seed.
    OrderDoesNotFollow {
        /// The first number at which another entry stands.
        number: u64,
    },
}

impl Fault {
    /// A word for programs: both verifiers use the same.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Fault::AlgorithmIsNotKnown => "algorithm-not-known",
            Fault::ThereAreTooManyEntries => "too-many-entries",
            Fault::LeavesAreNotAsManyAsCounted { .. } => "leaves-not-as-many-as-counted",
            Fault::TimesAreNotInOrder => "times-not-in-order",
            Fault::KeyDoesNotFitCommitment => "key-does-not-fit-commitment",
            Fault::LeavesDoNotFitRoot => "leaves-do-not-fit-root",
            Fault::SharesAreNotSound(_) => "shares-not-sound",
            Fault::ShareDoesNotFit { .. } => "share-does-not-fit",
            Fault::SeedDoesNotFollow => "seed-does-not-follow",
            Fault::OrderIsNotAsLongAsCounted { .. } => "order-not-as-long-as-counted",
            Fault::OrderDoesNotFollow { .. } => "order-does-not-follow",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::AlgorithmIsNotKnown => write!(f, "the algorithm is not {ALGORITHM}"),
            Fault::ThereAreTooManyEntries => {
                write!(f, "there are more than {ENTRIES_MAX} entries")
            }
            Fault::LeavesAreNotAsManyAsCounted { count, leaves } => {
                write!(f, "there are {leaves} leaves, and {count} entries are stated")
            }
            Fault::TimesAreNotInOrder => {
                f.write_str("the key was not committed to before closing, or drawn before closing")
            }
            Fault::KeyDoesNotFitCommitment => {
                f.write_str("the key is not the one that was committed to")
            }
            Fault::LeavesDoNotFitRoot => f.write_str(
                "the leaves are not those of the root: one was changed, removed, added or moved",
            ),
            Fault::SharesAreNotSound(why) => write!(f, "the shares are not sound: {why}"),
            Fault::ShareDoesNotFit { name, why } => write!(f, "share {name}: {why}"),
            Fault::SeedDoesNotFollow => {
                f.write_str("the seed does not follow from root, key and shares")
            }
            Fault::OrderIsNotAsLongAsCounted { numbers } => {
                write!(f, "the order has {numbers} numbers, not one for each entry")
            }
            Fault::OrderDoesNotFollow { number } => {
                write!(f, "the order does not follow from the seed, first at number {number}")
            }
        }
    }
}

impl std::error::Error for Fault {}

/// Recomputes everything that a transcript says.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify(transcript: &Transcript) -> Result<Verified, Fault> {
    check_form(transcript)?;
    if commitment(&transcript.key) != transcript.commitment {
        return Err(Fault::KeyDoesNotFitCommitment);
    }
    if root(&transcript.leaves) != transcript.root {
        return Err(Fault::LeavesDoNotFitRoot);
    }
    check_shares(transcript)?;
    let shares: Vec<ShareValue> = transcript.shares.iter().map(TranscriptShare::share).collect();
    if seed(&transcript.root, &transcript.key, &shares) != transcript.seed {
        return Err(Fault::SeedDoesNotFollow);
    }
    check_order(transcript)?;
    Ok(Verified {
        count: transcript.count,
        empty: count_empty(transcript),
        missing_shares: names(transcript, |share| share.value.is_none()),
        beacons: names(transcript, |share| {
            share.value.is_some() && matches!(share.spec, ShareSpec::Beacon { .. })
        }),
    })
}

fn check_form(transcript: &Transcript) -> Result<(), Fault> {
    if transcript.algorithm != ALGORITHM {
        return Err(Fault::AlgorithmIsNotKnown);
    }
    if transcript.count > ENTRIES_MAX {
        return Err(Fault::ThereAreTooManyEntries);
    }
    let (count, leaves) = (transcript.count, transcript.leaves.len() as u64);
    if leaves != count {
        return Err(Fault::LeavesAreNotAsManyAsCounted { count, leaves });
    }
    let times = [transcript.committed_at, transcript.closed_at, transcript.drawn_at];
    if !times.is_sorted() {
        return Err(Fault::TimesAreNotInOrder);
    }
    Ok(())
}

fn check_shares(transcript: &Transcript) -> Result<(), Fault> {
    let specs: Vec<ShareSpec> = transcript.shares.iter().map(|it| it.spec.clone()).collect();
    check_specs(&specs).map_err(Fault::SharesAreNotSound)?;
    for share in transcript.shares.iter().filter(|share| share.value.is_some()) {
        let name = || share.spec.name().to_owned();
        let checked = share.spec.check(&transcript.round_id, &share.share());
        checked.map_err(|why| Fault::ShareDoesNotFit { name: name(), why })?;
    }
    Ok(())
}

fn check_order(transcript: &Transcript) -> Result<(), Fault> {
    let stated = &transcript.entries_by_number;
    if stated.len() as u64 != transcript.count {
        return Err(Fault::OrderIsNotAsLongAsCounted { numbers: stated.len() as u64 });
    }
    let order = DrawnOrder::shuffle(&transcript.seed, transcript.count);
    let mut pairs = order.entries_by_number().iter().zip(stated);
    match pairs.position(|(drawn, stated)| drawn != stated) {
        Some(index) => Err(Fault::OrderDoesNotFollow { number: index as u64 + 1 }),
        None => Ok(()),
    }
}

fn count_empty(transcript: &Transcript) -> u64 {
    let leaves = (1..).zip(&transcript.leaves);
    let empty = leaves.filter(|(entry, leaf)| {
        empty_leaf(&transcript.round_id, &transcript.class, *entry) == **leaf
    });
    empty.count() as u64
}

fn names(transcript: &Transcript, is_meant: impl Fn(&TranscriptShare) -> bool) -> Vec<String> {
    let meant = transcript.shares.iter().filter(|share| is_meant(share));
    meant.map(|share| share.spec.name().to_owned()).collect()
}
