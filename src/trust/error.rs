//! What can be wrong with keys: one line each, with the cause and the cure. No text holds a key.

use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with the keys of a data directory, or with a token to be made.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// There is no key directory.
    #[error(
        "no keys in {dir}: make them with `openrun keys init --data {}`, or start with --dev to \
         try things out",
        data_of(.dir)
    )]
    NoDirectory {
        /// The directory that was looked for.
        dir: PathBuf,
    },
    /// A kind of key is missing.
    #[error("no {kind} key in {dir}: make it with `openrun keys init --data {}`", data_of(.dir))]
    Missing {
        /// Which kind.
        kind: &'static str,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// No channel has a key.
    #[error(
        "no channel key in {dir}: put CHANNEL.pub.pem (EdDSA) there, or make a shared secret with \
         `openrun keys init --channel CHANNEL`"
    )]
    NoChannel {
        /// Where they were looked for.
        dir: PathBuf,
    },
    /// Development keys where real ones are needed.
    #[error(
        "the keys in {dir} were made for development: name another --data and make keys there \
         with `openrun keys init`, or start with --dev"
    )]
    Development {
        /// The key directory.
        dir: PathBuf,
    },
    /// Real keys where development keys are expected.
    #[error("the keys in {dir} are not development keys: leave out --dev, or name another --data")]
    NotDevelopment {
        /// The key directory.
        dir: PathBuf,
    },
    /// Somebody else on this machine can read a key.
    #[error("{path} can be read or changed by others (mode {mode:04o}): chmod {cure} {path}")]
    OpenToOthers {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The bits that it should have.
        cure: &'static str,
    },
    /// A key that can be guessed.
    #[error("{path} is too weak a key ({bytes} bytes): replace it by 32 random bytes or more")]
    Weak {
        /// The file.
        path: PathBuf,
        /// How long the key is.
        bytes: usize,
    },
    /// A file that holds no key of its kind.
    #[error("{path} is not {expected}: replace it, or move it out of this directory")]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// More active keys of one kind than a rotation needs.
    #[error("{found} active {kind} keys in {dir}, at most {most}: remove what nothing needs")]
    TooMany {
        /// Which kind.
        kind: &'static str,
        /// How many.
        found: usize,
        /// How many there may be.
        most: usize,
        /// Where.
        dir: PathBuf,
    },
    /// One key under two names, or two keys under one.
    #[error("{path} has the key or the key id of another file: each key has one id and one use")]
    Twice {
        /// The file that was read second.
        path: PathBuf,
    },
    /// A file or directory cannot be read or made.
    #[error("{path}: {cause}; check its owner and permissions, or name another --data")]
    NoAccess {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A token was asked for in the name of a channel without a key.
    #[error("unknown channel \"{channel}\": this data directory knows {known}")]
    UnknownChannel {
        /// The channel asked for.
        channel: String,
        /// Those that are known.
        known: String,
    },
    /// A token was asked for where only a public key is known.
    #[error("\"{issuer}\" has only a public key here: its own back end makes its tokens")]
    PublicKeyOnly {
        /// The issuer.
        issuer: String,
    },
    /// A token was asked for with a claim that would not be accepted.
    #[error("{claim} {rule}")]
    MalformedClaim {
        /// Which claim.
        claim: &'static str,
        /// What it should be.
        rule: &'static str,
    },
}

/// The data directory of a key directory.
fn data_of(keys: &Path) -> std::path::Display<'_> {
    keys.parent().unwrap_or(keys).display()
}
