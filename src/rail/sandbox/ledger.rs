//! The ledger file: a line of JSON for each entry, with a checksum, only ever appended to.
//!
//! What is synced stays: a process that is killed leaves whole lines, and at most one that was cut
//! off while it was written. That one was never answered, so opening the ledger takes it away. Any
//! other line that cannot be read means that somebody changed the file, and is refused.

use super::book::{Book, Entry};
use sha2::{Digest, Sha256};
use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Between an entry and its checksum: JSON writes it only as an escape.
const SEPARATOR: char = '\t';

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFault {
    /// The system said no.
    #[error("{path}: {cause}; name another file with --ledger")]
    NoAccess {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Another rail writes to it.
    #[error("{path} is the ledger of a rail that runs: stop it, or name another with --ledger")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It was changed by something else than a rail.
    #[error("{path}:{line}: {what}; a rail writes no such ledger: name another with --ledger")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// The open file, and what is to be written next.
pub(super) struct Ledger {
    file: File,
    pending: Vec<u8>,
}

/// Opens a ledger, made if need be, and the book that it comes to.
pub(super) fn open(path: &Path) -> Result<(Ledger, Book), LedgerFault> {
    let no_access = |cause| LedgerFault::NoAccess { path: path.to_owned(), cause };
    let mut file = File::options();
    let file = file.read(true).append(true).create(true).mode(0o600).open(path);
    let mut file = file.map_err(no_access)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LedgerFault::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(cause)) => return Err(no_access(cause)),
    }
    // The name too must outlive a crash of the machine.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(no_access)?;
    folder.sync_all().map_err(no_access)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(no_access)?;
    let damaged = |line, what| LedgerFault::Damaged { path: path.to_owned(), line, what };
    let (book, whole) = replay(&bytes).map_err(|(line, what)| damaged(line, what))?;
    if whole < bytes.len() {
        tracing::warn!(bytes = bytes.len() - whole, "a line cut off by a crash was taken away");
        file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(no_access)?;
    }
    Ok((Ledger { file, pending: Vec::new() }, book))
}

/// The book of these bytes, and how many of them are whole lines.
fn replay(bytes: &[u8]) -> Result<(Book, usize), (usize, &'static str)> {
    let mut book = Book::default();
    let mut whole = 0;
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let is_last = whole + line.len() == bytes.len();
        match read(line) {
            Some(entry) => book.apply(&entry).map_err(|what| (index + 1, what))?,
            None if is_last => return Ok((book, whole)),
            None => return Err((index + 1, "its checksum is wrong")),
        }
        whole += line.len();
    }
    Ok((book, whole))
}

fn read(line: &[u8]) -> Option<Entry> {
    let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (entry, sum) = text.rsplit_once(SEPARATOR)?;
    (sum == checksum(entry)).then(|| serde_json::from_str(entry).ok()).flatten()
}

/// Enough of a hash to tell a cut or changed line.
fn checksum(text: &str) -> String {
    Sha256::digest(text)[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Ledger {
    /// Adds an entry to what is written next.
    pub fn append(&mut self, entry: &Entry) {
        let text = serde_json::to_string(entry).expect("strings and numbers are JSON");
        let line = format!("{text}{SEPARATOR}{}\n", checksum(&text));
        self.pending.extend_from_slice(line.as_bytes());
    }

    /// Makes all that was added durable.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.file.write_all(&self.pending)?;
        self.file.sync_data()?;
        self.pending.clear();
        Ok(())
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;
    use openrun_core::{PurchaseId, Won};

    fn entry(id: u128) -> Entry {
        let (date, asked) = ("2022-07-14".to_owned(), Won(93_000));
        Entry::Approved { order: PurchaseId(id), date, asked, captured: asked }
    }

    fn written(dir: &Path) -> (PathBuf, Vec<u8>) {
        let path = dir.join("ledger");
        let (mut ledger, _) = open(&path).unwrap();
        (1..=3).for_each(|id| ledger.append(&entry(id)));
        ledger.sync().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        (path, bytes)
    }

    #[test]
    fn a_ledger_cut_at_any_byte_opens_with_the_lines_that_are_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (path, bytes) = written(dir.path());
        for length in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let (mut ledger, book) = open(&path).unwrap();
            let whole = bytes[..length].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(book.lines().lines().count(), whole, "{length}");
            ledger.append(&entry(9));
            ledger.sync().unwrap();
            drop(ledger);
            assert_eq!(open(&path).unwrap().1.lines().lines().count(), whole + 1, "{length}");
        }
    }

    #[test]
    fn a_ledger_that_was_changed_or_is_in_use_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (path, bytes) = written(dir.path());
        let text = String::from_utf8(bytes).unwrap();
        std::fs::write(&path, text.replacen("93000", "94000", 1)).unwrap();
        assert!(matches!(open(&path), Err(LedgerFault::Damaged { line: 1, .. })));
        let first = text.lines().next().unwrap();
        std::fs::write(&path, format!("{first}\n{first}\n{text}")).unwrap();
        assert!(matches!(open(&path), Err(LedgerFault::Damaged { line: 2, .. })));
        std::fs::write(&path, &text).unwrap();
        let held = open(&path).unwrap();
        assert!(matches!(open(&path), Err(LedgerFault::InUse { .. })));
        drop(held);
        assert!(open(&path).is_ok());
    }
}
