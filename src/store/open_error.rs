//! Why a store cannot be opened: one line each, with the cause and the cure.

use std::path::PathBuf;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The text names no store that this program knows.
    #[error(
        "store \"{url}\" is not one that this openrun knows; use --store sqlite:PATH or \
         postgres://USER@HOST/DATABASE"
    )]
    UnknownKind {
        /// What was said, without credentials.
        url: String,
    },
    /// Another process holds the lock.
    #[error("store {path} is in use by another openrun; stop it or name another --store")]
    InUse {
        /// The data file.
        path: PathBuf,
    },
    /// A file or directory cannot be made, opened or locked.
    #[error("store {path} cannot be opened: {cause}; {}", cure_of(.cause))]
    NoAccess {
        /// The file or directory concerned.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file is there, and it is something else.
    #[error("{path} is not an openrun store ({cause}); name another --store or move the file away")]
    NotAStore {
        /// The data file.
        path: PathBuf,
        /// What gave it away.
        cause: String,
    },
    /// A newer program changed the tables.
    #[error(
        "store {path} was migrated to version {found} by a newer openrun, this one knows up to \
         {known}; run the newer openrun or name another --store"
    )]
    Newer {
        /// The data file.
        path: PathBuf,
        /// The version found.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// A migration in the store is not the one of the same number in this program.
    #[error(
        "migration {version} of store {path} is not the one of this openrun; run the openrun that \
         made the store, or name another --store to begin anew"
    )]
    Diverged {
        /// The data file.
        path: PathBuf,
        /// The version that differs.
        version: i64,
    },
    /// A migration failed; its transaction was rolled back.
    #[error(
        "migration {version} of store {path} failed and was rolled back: {cause}; the store is as \
         it was before"
    )]
    MigrationFailed {
        /// The data file.
        path: PathBuf,
        /// The version that failed.
        version: i64,
        /// What SQLite said.
        cause: String,
    },
    /// SQLite could not work with the file.
    #[error(
        "store {path} cannot be read: {cause}; check the disk, or restore the store from a backup"
    )]
    Broken {
        /// The data file.
        path: PathBuf,
        /// What SQLite said.
        cause: String,
    },
    /// The thread that opened the store ended early.
    #[error("opening the store was cut short: {0}; start again")]
    Stopped(String),
    /// A store in PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] super::postgres::Fault),
}

fn cure_of(cause: &std::io::Error) -> &'static str {
    use std::io::ErrorKind::{IsADirectory, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    match cause.kind() {
        PermissionDenied => "run as a user who may write there, or name another --store",
        ReadOnlyFilesystem => "the file system is read-only: name another --store",
        StorageFull => "free some space on that disk, or name another --store",
        IsADirectory => "name a file in that directory",
        _ => "check that the path names a file in a directory that can be written",
    }
}
