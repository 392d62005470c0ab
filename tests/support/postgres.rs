//! A PostgreSQL for tests: a fresh database of the server that `tests/run` started
//! ([`TestDatabase`]), or a server of a test's own that it may stop, freeze and kill
//! ([`TestCluster`]).
//!
//! How a server is made stands in `tests/postgres`. Nothing here knows openrun's tables.

use super::checks::eventually;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio_postgres::{Client, NoTls};

/// Names the URL of a superuser of a server for tests.
const VARIABLE: &str = "OPENRUN_TEST_POSTGRES";
/// The script that makes servers.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres");
/// How `tests/postgres` says that nothing may be mounted here.
const NOT_ALLOWED: i32 = 77;
/// Longest wait for a database to be dropped: its server may be the one that a test killed.
const DROP_LIMIT: Duration = Duration::from_secs(10);

/// Set when the server for tests is removed after them: to drop its databases before is work for
/// nothing, and much of it (hundreds of files each).
const IS_PRIVATE: &str = "OPENRUN_TEST_POSTGRES_IS_PRIVATE";

/// A database that goes when it is dropped, or with its server.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// A fresh one, on the server for tests.
    pub async fn create() -> TestDatabase {
        TestDatabase::create_on(&server()).await
    }

    /// A fresh one, on the server with this superuser's URL.
    pub async fn create_on(server: &str) -> TestDatabase {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("openrun_test_{}_{next}", std::process::id());
        let database = TestDatabase { server: server.to_owned(), name };
        let client = connect(server).await;
        // A process of this number may have left one behind.
        client.batch_execute(&database.dropping()).await.expect("a superuser may drop it");
        let creating = format!("create database {}", database.name);
        client.batch_execute(&creating).await.expect("a superuser may create one");
        database
    }

    fn dropping(&self) -> String {
        format!("drop database if exists {} with (force)", self.name)
    }

    /// Drops it now, whoever is still connected.
    pub fn remove(&self) {
        let (server, dropping) = (self.server.clone(), self.dropping());
        // A thread, since a test that ends may be inside of a runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a thread can wait").block_on(async {
                let all = async {
                    let Ok((client, connection)) = tokio_postgres::connect(&server, NoTls).await
                    else {
                        return;
                    };
                    tokio::spawn(connection);
                    let _ = client.batch_execute(&dropping).await;
                };
                // What stays goes with its server.
                let _ = tokio::time::timeout(DROP_LIMIT, all).await;
            });
        });
        let _ = dropped.join();
    }

    /// As `--store` takes it.
    pub fn url(&self) -> String {
        format!("{}/{}", self.server.rsplit_once('/').expect("a URL has a path").0, self.name)
    }

    /// The same, through a proxy.
    pub fn url_through(&self, proxy: SocketAddr) -> String {
        let url = self.url();
        let (before, path) = url.rsplit_once('/').expect("a URL has a path");
        let (person, _) = before.rsplit_once('@').expect("a URL of tests names its user");
        format!("{person}@{proxy}/{path}")
    }

    /// Where its server listens.
    pub fn address(&self) -> SocketAddr {
        let url = self.url();
        let (before, _) = url.rsplit_once('/').expect("a URL has a path");
        let (_, address) = before.rsplit_once('@').expect("a URL of tests names its user");
        let numeric = address.replace("localhost", "127.0.0.1");
        numeric.parse().unwrap_or_else(|_| panic!("{VARIABLE} must name an address and a port"))
    }

    /// Waits until its server takes connections: one that was started may still be putting itself
    /// right.
    pub async fn until_it_answers(&self) {
        let takes = async || tokio_postgres::connect(&self.url(), NoTls).await.is_ok();
        eventually::so("the server of the database", takes).await;
    }

    /// A connection as the superuser, to look and to poke.
    pub async fn client(&self) -> Client {
        connect(&self.url()).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::env::var_os(IS_PRIVATE).is_none() {
            self.remove();
        }
    }
}

/// A connection whose other half runs by itself.
pub async fn connect(url: &str) -> Client {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connected.unwrap_or_else(|error| panic!("{VARIABLE}: {error:?}"));
    tokio::spawn(connection);
    client
}

/// The server for tests.
fn server() -> String {
    let server = std::env::var(VARIABLE).unwrap_or_default();
    assert!(
        server.contains("://"),
        "this test needs a PostgreSQL: run it through tests/run, or start one for this shell with \
         eval \"$(tests/run --postgres)\", or set {VARIABLE} to the URL of a superuser of a server \
         for tests"
    );
    server.split_once('?').map_or(server.clone(), |(plain, _)| plain.to_owned())
}

/// What of a server is on a small disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmallPart {
    All,
    Log,
}

/// A server of a test's own; goes when it is dropped.
#[derive(Debug)]
pub struct TestCluster {
    folder: PathBuf,
    /// Of its superuser.
    pub url: String,
}

impl TestCluster {
    /// One that runs, with these settings (`name=value`).
    pub async fn start(settings: &[&str]) -> TestCluster {
        let made = TestCluster::make(settings).await;
        made.unwrap_or_else(|output| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// One on a disk of so many MiB, to be filled: all of it, or its write-ahead log alone. `None`
    /// where nothing may be mounted.
    pub async fn start_small(part: SmallPart, mebibytes: u32) -> Option<TestCluster> {
        let option = match part {
            SmallPart::All => "--small",
            SmallPart::Log => "--small-log",
        };
        match TestCluster::make(&[option, &mebibytes.to_string()]).await {
            Ok(cluster) => Some(cluster),
            Err(output) if output.status.code() == Some(NOT_ALLOWED) => None,
            Err(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    async fn make(arguments: &[&str]) -> Result<TestCluster, Output> {
        let owner = std::process::id().to_string();
        let output = script(&[&["make", "--owner", &owner], arguments].concat()).await;
        if !output.status.success() {
            return Err(output);
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let made = said.trim().rsplit_once(' ');
        let (folder, url) = made.unwrap_or_else(|| panic!("tests/postgres made {said:?}"));
        Ok(TestCluster { folder: PathBuf::from(folder), url: url.to_owned() })
    }

    /// A fresh database of it.
    pub async fn database(&self) -> TestDatabase {
        TestDatabase::create_on(&self.url).await
    }

    /// SIGSTOP to all of its processes: it answers nothing, and its connections stay.
    pub async fn freeze(&self) {
        self.control("freeze", &[]).await;
    }

    /// SIGCONT to all of them.
    pub async fn thaw(&self) {
        self.control("thaw", &[]).await;
    }

    /// Stops it: `fast`, or `immediate` (as in a crash, all of it at once).
    pub async fn stop(&self, mode: &str) {
        self.control("stop", &[mode]).await;
    }

    /// kill -9 of the server process; the others end when they notice.
    pub async fn kill(&self) {
        self.control("kill", &[]).await;
    }

    /// Starts it again where it was. Nothing happens to one that runs.
    pub async fn start_again(&self) {
        self.control("start", &[]).await;
    }

    async fn control(&self, verb: &str, more: &[&str]) {
        let folder = self.folder.display().to_string();
        let output = script(&[&[verb, &folder], more].concat()).await;
        assert!(output.status.success(), "tests/postgres {verb}: {output:?}");
    }

    /// The small disk, if it was started on one.
    pub fn small_disk(&self, part: SmallPart) -> PathBuf {
        let home = std::fs::read_to_string(self.folder.join("home")).expect("made by the script");
        match part {
            SmallPart::All => PathBuf::from(home.trim()),
            SmallPart::Log => Path::new(home.trim()).join("log.d"),
        }
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        let _ = Command::new(SCRIPT).arg("remove").arg(&self.folder).output();
    }
}

/// Runs one of PostgreSQL's own programs (`pg_dump`) to its good end; answers with what it printed.
pub async fn program(name: &str, arguments: &[&str]) -> Vec<u8> {
    let folder = script(&["bin"]).await;
    let folder = String::from_utf8_lossy(&folder.stdout).trim().to_owned();
    let beside = Path::new(&folder).join(name);
    let program = if beside.is_file() { beside } else { PathBuf::from(name) };
    let output = tokio::process::Command::new(&program).args(arguments).output().await;
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let fault = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {fault}");
    output.stdout
}

async fn script(arguments: &[&str]) -> Output {
    let output = tokio::process::Command::new(SCRIPT).args(arguments).output().await;
    output.expect("tests/postgres is part of the tree")
}
