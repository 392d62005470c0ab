//! What can be wrong with settings: one line each, with the cause and the cure.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {cause}; name another file with --config")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file says something that is no setting.
    #[error("{path}:{line}: {fault}; see openrun.example.toml")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong there.
        fault: String,
    },
    /// A figure that makes no sense.
    #[error("{name} is {bounds}")]
    OutOfBounds {
        /// The setting.
        name: &'static str,
        /// What it should be.
        bounds: &'static str,
    },
    /// Both listeners in one place.
    #[error("public and ops are both {address}: give ops a port of its own")]
    SameAddress {
        /// The address.
        address: SocketAddr,
    },
    /// The ops listener would be reachable from other machines.
    #[error(
        "ops is {address}, which other machines can reach: listen on 127.0.0.1, or set \
         ops_allow_remote = true where a firewall and TLS stand before it"
    )]
    OpsRemote {
        /// The address.
        address: SocketAddr,
    },
    /// Log directives that cannot be read.
    #[error("log: {fault}; write a level or directives, as \"info,openrun=debug\"")]
    Log {
        /// What is wrong.
        fault: String,
    },
    /// A store that this program does not know.
    #[error(transparent)]
    Store(#[from] crate::store::OpenError),
    /// A rail that cannot be used.
    #[error(transparent)]
    Rail(#[from] crate::rail::RailFault),
}
