//! The data file: made with the right modes, locked against a second server, opened with the right
//! settings.
//!
//! Knows nothing of tables. The lock is the operating system's and ends with the process, however
//! that ends.

use crate::store::OpenError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// "OPRN": tells an openrun store from any other SQLite file.
pub(super) const APPLICATION_ID: i32 = 0x4f50_524e;
/// How long a statement waits for a lock. Only checkpoints and audits of the same file are ever
/// met, and briefly.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages of the write-ahead log after which a commit itself moves them to the data file: 256 MiB.
/// `checkpoint` does it earlier and beside the commits; this bounds the log if that fails.
const CHECKPOINT_PAGES: u32 = 65_536;
/// Page cache of the writer in KiB: the inner pages and the hot leaves of the one random index of a
/// sale of a million.
const WRITER_CACHE_KIB: u32 = 131_072;
/// Page cache of each reader in KiB: the file is in the system's cache anyway.
const READER_CACHE_KIB: u32 = 8_192;
/// Prepared statements kept per connection: more than there are.
const STATEMENTS_KEPT: usize = 64;

/// The right to be the one process that writes; given back when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Makes directory and data file when they are not there, readable by their owner alone, and takes
/// the lock.
pub(super) fn prepare(path: &Path) -> Result<Lock, OpenError> {
    let no_access = |cause| OpenError::NoAccess { path: path.to_path_buf(), cause };
    if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(|cause| OpenError::NoAccess { path: directory.to_path_buf(), cause })?;
    }
    if path.is_dir() {
        return Err(no_access(ErrorKind::IsADirectory.into()));
    }
    let lock = lock(path)?;
    // SQLite gives its -wal and -shm files the mode of the data file.
    let data = private().open(path).map_err(no_access)?;
    data.set_permissions(Permissions::from_mode(0o600)).map_err(no_access)?;
    Ok(lock)
}

fn lock(path: &Path) -> Result<Lock, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let no_access = |cause| OpenError::NoAccess { path: lock_path.clone(), cause };
    let file = private().open(&lock_path).map_err(no_access)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_path_buf() }),
        Err(TryLockError::Error(cause)) => Err(no_access(cause)),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

/// A connection that writes. The file must be there and the lock held.
pub(super) fn open_to_write(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let broken = |cause: rusqlite::Error| not_a_store_or_broken(path, &cause);
    let connection = Connection::open_with_flags(path, flags).map_err(broken)?;
    configure(&connection, WRITER_CACHE_KIB).map_err(broken)?;
    recognise(&connection, path)?;
    let settings = format!(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma wal_autocheckpoint = {CHECKPOINT_PAGES};"
    );
    connection.execute_batch(&settings).map_err(broken)?;
    Ok(connection)
}

/// A connection that reads. It sees what is committed, also while a server writes, and changes
/// nothing.
pub(super) fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    configure(&connection, READER_CACHE_KIB)?;
    connection.execute_batch("pragma query_only = on")?;
    Ok(connection)
}

fn configure(connection: &Connection, cache_kib: u32) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    let settings = format!("pragma cache_size = -{cache_kib}; pragma temp_store = memory;");
    connection.execute_batch(&settings)
}

/// Marks an empty file as ours; refuses one that is somebody else's.
fn recognise(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let broken = |cause: rusqlite::Error| not_a_store_or_broken(path, &cause);
    let application_id: i32 =
        connection.query_row("pragma application_id", [], |row| row.get(0)).map_err(broken)?;
    if application_id == APPLICATION_ID {
        return Ok(());
    }
    let tables: i64 = connection
        .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))
        .map_err(broken)?;
    if tables > 0 || application_id != 0 {
        let cause = "a database of another program".to_owned();
        return Err(OpenError::NotAStore { path: path.to_path_buf(), cause });
    }
    connection.execute_batch(&format!("pragma application_id = {APPLICATION_ID}")).map_err(broken)
}

fn not_a_store_or_broken(path: &Path, cause: &rusqlite::Error) -> OpenError {
    let path = path.to_path_buf();
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            OpenError::NotAStore { path, cause: "not a SQLite file".to_owned() }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::InUse { path },
        _ => OpenError::Broken { path, cause: cause.to_string() },
    }
}
