//! A person's own proof: with it they find their leaf in the published list, and nobody else does.

use super::digest::leaf;
use super::transcript::Transcript;
use super::{Digest, hex};
use crate::{PersonKey, RoundId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a person is given with their ticket in the lobby. For their eyes: it says who they are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The round.
    pub round_id: RoundId,
    /// The eligibility class whose lobby they are in.
    pub class: String,
    /// Their number in the lobby, from 1.
    pub entry: u64,
    /// Their key, in 32 digits of hexadecimal.
    #[serde(with = "person")]
    pub person: PersonKey,
    /// The salt of their leaf, in 64 digits of hexadecimal.
    #[serde(with = "hex::array")]
    pub salt: [u8; 32],
}

/// Logs must hold neither a person's key nor what finds it.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(..)")
    }
}

/// Why a proof does not find its leaf. Of several that apply, the first declared is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProofFault {
    /// The transcript is of another round.
    RoundIsAnother,
    /// The transcript is of another class.
    ClassIsAnother,
    /// The lobby had no such entry when it closed.
    EntryIsNotInTheList,
    /// Another leaf stands at that entry.
    LeafIsAnother,
}

impl ProofFault {
    /// A word for programs: both verifiers use the same.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            ProofFault::RoundIsAnother => "proof-of-another-round",
            ProofFault::ClassIsAnother => "proof-of-another-class",
            ProofFault::EntryIsNotInTheList => "proof-entry-not-in-list",
            ProofFault::LeafIsAnother => "proof-leaf-is-another",
        }
    }
}

impl fmt::Display for ProofFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProofFault::RoundIsAnother => "the proof is of another round than the transcript",
            ProofFault::ClassIsAnother => "the proof is of another class than the transcript",
            ProofFault::EntryIsNotInTheList => "the list ends before the entry of the proof",
            ProofFault::LeafIsAnother => "another leaf stands in the list at the proof's entry",
        })
    }
}

impl std::error::Error for ProofFault {}

impl Proof {
    /// The leaf that the list must have at the entry.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        leaf(&self.round_id, &self.class, self.entry, self.person, &self.salt)
    }

    /// The number that a transcript gives this person. The transcript itself is for
    /// [`super::verify`] to check.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn number_in(&self, transcript: &Transcript) -> Result<u64, ProofFault> {
        if self.round_id != transcript.round_id {
            return Err(ProofFault::RoundIsAnother);
        }
        if self.class != transcript.class {
            return Err(ProofFault::ClassIsAnother);
        }
        let index = self.entry.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let found = index.and_then(|index| transcript.leaves.get(index));
        let found = found.ok_or(ProofFault::EntryIsNotInTheList)?;
        if *found != self.leaf() {
            return Err(ProofFault::LeafIsAnother);
        }
        let mut order = transcript.entries_by_number.iter();
        let index = order.position(|entry| u64::from(*entry) == self.entry);
        index.map(|index| index as u64 + 1).ok_or(ProofFault::EntryIsNotInTheList)
    }
}

mod person {
    use crate::PersonKey;
    use crate::draw::hex::array;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(key: &PersonKey, to: S) -> Result<S::Ok, S::Error> {
        array::serialize(&key.0, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PersonKey, D::Error> {
        array::deserialize(from).map(PersonKey)
    }
}
