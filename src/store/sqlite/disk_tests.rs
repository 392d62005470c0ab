//! The embedded store on a disk that is full, and after kills: on a file system of a few megabytes
//! where this user may mount one.

use crate::store::conformance::{self, Owner};
use crate::store::sqlite::SqliteStore;
use crate::store::{audit, sample};
use openrun_actors::store::CommitError;
use openrun_core::Event;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// A small disk, gone when it is dropped.
struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Nothing if this user may not mount one, which is said.
    fn mount(size: &str) -> Option<SmallDisk> {
        let directory = tempfile::tempdir().expect("a directory");
        let size = format!("size={size}");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "openrun-test"])
            .arg(directory.path())
            .output();
        match mount {
            Ok(done) if done.status.success() => Some(SmallDisk { directory }),
            other => {
                eprintln!("skipped: no small disk can be mounted here ({other:?})");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a reader's thread may still be closing its file.
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

const BATCH: u64 = 500;

fn tickets(first: u64) -> Vec<Event> {
    (first..first + BATCH).map(|number| sample::joined(&sample::round(), number)).collect()
}

/// Fills the rest of a disk but for about so many bytes.
fn fill(disk: &Path, but: u64) -> std::path::PathBuf {
    let filler = disk.join("filler");
    let _ = fs::write(&filler, vec![7; 64 << 20]);
    let size = fs::metadata(&filler).expect("is there").len();
    let file = fs::OpenOptions::new().write(true).open(&filler).expect("opens");
    file.set_len(size.saturating_sub(but)).expect("shrinks");
    filler
}

/// How many events of the round another server would find if this one were killed now.
async fn after_a_kill(path: &Path) -> u64 {
    let elsewhere = tempfile::tempdir().expect("a directory");
    let copy = elsewhere.path().join("openrun.db");
    for end in ["", "-wal"] {
        let with_end = |path: &Path| format!("{}{end}", path.display());
        fs::copy(with_end(path), with_end(&copy)).expect("copied");
    }
    let owner = Owner::of(Arc::new(SqliteStore::open(&copy).expect("opens"))).await;
    conformance::all(owner.store.round_events(&sample::round())).await.len() as u64
}

/// F57: what does not fit is certainly not written, nothing is lost, and it goes on by itself.
#[tokio::test]
async fn a_full_disk_is_a_pause() {
    let Some(disk) = SmallDisk::mount("16m") else { return };
    let path = disk.path().join("openrun.db");
    let store = Arc::new(SqliteStore::open(&path).expect("opens"));
    let mut owner = Owner::of(store).await;
    let opening = sample::opening_of(&sample::round(), 1_000_000);
    owner.write(opening).await.expect("writes");
    let mut written = 0;
    // Again and again, and with another remainder each time: the page that has no room is another.
    for round in 0..8_u64 {
        let filler = fill(disk.path(), 100_000 + 37_000 * round);
        let refused = loop {
            match owner.write(tickets(written + 1)).await {
                Ok(()) => written += BATCH,
                Err(cause) => break cause,
            }
        };
        let words = "no space is left on the disk of the store".to_owned();
        assert_eq!(refused, CommitError::NotWritten(words), "{round}");
        let read = conformance::all(owner.store.round_events(&sample::round())).await;
        assert_eq!(read.len() as u64, 3 + written, "reading goes on, and nothing is lost");
        assert_eq!(after_a_kill(&path).await, 3 + written, "not even a kill brings it back");
        let again = owner.write(tickets(written + 1)).await;
        assert!(matches!(again, Err(CommitError::NotWritten(_))), "{again:?}");

        fs::remove_file(filler).expect("freed");
        owner.write(tickets(written + 1)).await.expect("it goes on by itself");
        written += BATCH;
    }
    let next_seq = owner.ownership.next_seq;
    drop(owner);
    let report = audit::audit(&path).expect("is asked");
    assert_eq!(report.findings, []);
    assert_eq!((report.totals.tickets, report.totals.events), (written, next_seq - 1));
}

/// A server that is killed leaves its log; the next one moves it before it adds to it.
#[tokio::test]
async fn kills_do_not_make_the_log_grow() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |life: u64, end: &str| directory.path().join(format!("{life}.db{end}"));
    let length = |life, end| fs::metadata(path(life, end)).map_or(0, |file| file.len());
    let lives = 4;
    let mut logs = Vec::new();
    for life in 0..lives {
        let store = Arc::new(SqliteStore::open(&path(life, "")).expect("opens"));
        assert_eq!(length(life, "-wal"), 0, "the log of life {life} was moved");
        let mut owner = Owner::of(store).await;
        for batch in 0..4 {
            owner.write(tickets(1 + BATCH * (4 * life + batch))).await.expect("writes");
        }
        logs.push(length(life, "-wal"));
        // What a kill leaves: the files as they are, with nobody to close them.
        for end in ["", "-wal"] {
            fs::copy(path(life, end), path(life + 1, end)).expect("copied");
        }
    }
    assert!(logs.iter().all(|log| *log > 0 && *log <= 2 * logs[0]), "{logs:?}");
    let store = Arc::new(SqliteStore::open(&path(lives, "")).expect("opens"));
    let owner = Owner::of(store).await;
    let read = conformance::all(owner.store.round_events(&sample::round())).await;
    assert_eq!(read.len() as u64, lives * 4 * BATCH, "what was in the logs is there");
}

/// An audit that reads while a server starts is not in its way.
#[tokio::test]
async fn a_start_does_not_wait_for_a_reader() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("openrun.db");
    let mut owner = Owner::of(Arc::new(SqliteStore::open(&path).expect("opens"))).await;
    owner.write(tickets(1)).await.expect("writes");
    let audit = crate::store::sqlite::SqliteExamined::open(&path).expect("opens");
    drop(owner);
    let store = Arc::new(SqliteStore::open(&path).expect("opens while it reads"));
    let mut owner = Owner::of(store).await;
    owner.write(tickets(1 + BATCH)).await.expect("writes while it reads");
    drop(audit);
}
