//! The draw: everybody who is in the lobby at closing, in an order that nobody could choose and
//! anybody can recompute.
//!
//! A key is committed to when the round is scheduled; the list of who is in the lobby is fixed by a
//! Merkle root at closing; the shares of other parties come after that; the seed follows from all
//! three, and the order from the seed. `docs/draw.md` says the same byte by byte, with vectors that
//! the tests read, and who could cheat how.
//!
//! Words: an *entry* is a number of the lobby, 1 to count, also that of somebody who has left; a
//! *number* is a place in the line, 1 to count. Functions of bytes only: knows nothing about
//! rounds that run, makes no key and no salt, and cannot tell when anything was published.

mod digest;
mod hex;
mod order;
mod proof;
mod share;
mod transcript;
mod tree;

pub use digest::{Digest, commitment, empty_leaf, leaf, seed};
pub use order::{DrawnOrder, ENTRIES_MAX};
pub use proof::{Proof, ProofFault};
pub use share::{
    SHARE_BYTES_MAX, SHARES_MAX, SOURCE_BYTES_MAX, ShareFault, ShareSpec, ShareValue, SpecFault,
    check_specs, share_commitment,
};
pub use transcript::{ALGORITHM, Fault, Transcript, TranscriptShare, Verified, verify};
pub use tree::root;

#[cfg(test)]
mod tests;
