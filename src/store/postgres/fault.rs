//! Why a PostgreSQL store cannot be opened, and what the database says, in one line each.
//!
//! What the database says is its message, the name of the constraint and the code: never its
//! detail, which holds the values of the row.

use std::error::Error as _;
use std::path::PathBuf;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

/// The oldest version that has what is used here.
pub(super) const OLDEST_SERVER: u32 = 14;

/// Why a PostgreSQL store cannot be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The URL cannot be used.
    #[error(
        "the store's URL cannot be used: {cause}; write postgres://USER@HOST/DATABASE, or \
         postgres:///DATABASE?host=/DIRECTORY for a Unix socket"
    )]
    BadUrl {
        /// What is wrong, without a part of the URL.
        cause: String,
    },
    /// The password file cannot be used.
    #[error("password file {path} is not used: {cause}; make it readable by you alone (0600)")]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// Certificates cannot be read, or there are none.
    #[error("certificates to trust cannot be read: {cause}; name a PEM file with sslrootcert")]
    Certificates {
        /// What is wrong with them.
        cause: String,
    },
    /// Nobody answers.
    #[error(
        "store {place} cannot be reached: {cause}; start PostgreSQL, or check host and port in \
         --store"
    )]
    Away {
        /// The store.
        place: String,
        /// What the system said.
        cause: String,
    },
    /// The way there cannot be made safe.
    #[error(
        "store {place} was not reached safely: {cause}; see sslmode and sslrootcert in \
         openrun.example.toml"
    )]
    Unsafe {
        /// The store.
        place: String,
        /// What went wrong.
        cause: String,
    },
    /// The server does not let us in.
    #[error(
        "store {place} lets nobody in like this: {cause}; check the user in --store and its \
         password in PGPASSWORD or the password file"
    )]
    Denied {
        /// The store.
        place: String,
        /// What the server said.
        cause: String,
    },
    /// There is no such database.
    #[error("store {place}: {cause}; make it with `createdb`, then run `openrun migrate`")]
    NoDatabase {
        /// The store.
        place: String,
        /// What the server said.
        cause: String,
    },
    /// The server is too old.
    #[error("store {place} is PostgreSQL {found}; openrun needs {OLDEST_SERVER} or newer")]
    TooOld {
        /// The store.
        place: String,
        /// Its version.
        found: String,
    },
    /// The database cannot hold every name.
    #[error("store {place} has the encoding {found}; make a database with the encoding UTF8")]
    Encoding {
        /// The store.
        place: String,
        /// Its encoding.
        found: String,
    },
    /// There are no tables.
    #[error("store {place} has no tables of openrun; run `openrun migrate` or `openrun serve`")]
    Empty {
        /// The store.
        place: String,
    },
    /// The tables are older than this program.
    #[error(
        "store {place} is at version {found} and this openrun needs {known}; stop every openrun \
         that uses it and run `openrun migrate`"
    )]
    Behind {
        /// The store.
        place: String,
        /// The version found.
        found: i64,
        /// The version needed.
        known: i64,
    },
    /// The tables are newer than this program.
    #[error(
        "store {place} was migrated to version {found} by a newer openrun, this one knows up to \
         {known}; run the newer openrun or name another --store"
    )]
    Newer {
        /// The store.
        place: String,
        /// The version found.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// A migration in the store is not the one of the same number in this program.
    #[error(
        "migration {version} of store {place} is not the one of this openrun; run the openrun that \
         made the store, or name another database"
    )]
    Diverged {
        /// The store.
        place: String,
        /// The version that differs.
        version: i64,
    },
    /// A migration failed; its transaction was rolled back.
    #[error("migration {version} of store {place} failed and was rolled back: {cause}; {cure}")]
    MigrationFailed {
        /// The store.
        place: String,
        /// The version that failed.
        version: i64,
        /// What the server said.
        cause: String,
        /// What to do.
        cure: &'static str,
    },
    /// Somebody writes to it.
    #[error(
        "a running openrun holds store {place} ({holders}): stop it first, then run `openrun migrate`"
    )]
    InUse {
        /// The store.
        place: String,
        /// Who, as they call themselves.
        holders: String,
    },
    /// The roles are missing or not ours.
    #[error(
        "store {place}: {cause}; let an administrator run `grant openrun_writer, openrun_reader to \
         {user}`"
    )]
    NoRole {
        /// The store.
        place: String,
        /// What the server said.
        cause: String,
        /// Who we are there.
        user: String,
    },
    /// The server answered something else.
    #[error("store {place} cannot be used: {cause}; see the log of PostgreSQL")]
    Broken {
        /// The store.
        place: String,
        /// What the server said.
        cause: String,
    },
}

impl Fault {
    /// Whether the settings are at fault, and not what they name.
    #[must_use]
    pub fn is_of_settings(&self) -> bool {
        matches!(
            self,
            Fault::BadUrl { .. } | Fault::PasswordFile { .. } | Fault::Certificates { .. }
        )
    }

    /// What a failure to connect, or to ask the first questions, comes to.
    pub(super) fn of(place: impl ToString, error: &Error) -> Fault {
        let (place, cause) = (place.to_string(), in_words(error));
        let Some(said) = error.as_db_error() else {
            // The library tells the kind of an error by its words alone.
            return match error.to_string() {
                words if words.contains("TLS") => Fault::Unsafe { place, cause },
                _ if cause.contains("password missing") => Fault::Denied { place, cause },
                _ => Fault::Away { place, cause },
            };
        };
        match said.code() {
            code if *code == SqlState::INVALID_CATALOG_NAME => Fault::NoDatabase { place, cause },
            code if code.code().starts_with("28") => Fault::Denied { place, cause },
            code if is_away(code) => Fault::Away { place, cause },
            _ => Fault::Broken { place, cause },
        }
    }
}

/// The server is there and does not serve: starting, stopping, full.
fn is_away(code: &SqlState) -> bool {
    ["57P", "08", "533"].iter().any(|class| code.code().starts_with(class))
}

/// What went wrong, without a word of what was to be written.
pub(super) fn in_words(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        return said_in_words(said);
    }
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.ends_with(&cause_words) {
            words += &format!(": {cause_words}");
        }
        source = cause.source();
    }
    words.replace('\n', " ")
}

/// The message, the constraint and the code.
pub(super) fn said_in_words(said: &DbError) -> String {
    let message = said.message().replace('\n', " ");
    match said.constraint() {
        Some(name) if !message.contains(name) => {
            format!("{message}: {name} (SQLSTATE {})", said.code().code())
        }
        _ => format!("{message} (SQLSTATE {})", said.code().code()),
    }
}
