//! On which store the servers of a test stand: `OPENRUN_TEST_STORE=sqlite` (as when nothing is
//! said) or `postgres`. Whatever a test asks of a sale it asks on both.

use super::postgres::TestDatabase;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use tokio::process::Command;

/// Says on which store the tests of a run are.
const VARIABLE: &str = "OPENRUN_TEST_STORE";

/// Where a server keeps a sale.
#[derive(Debug, Clone)]
pub enum TestStore {
    /// A file in the server's own folder.
    File,
    /// A database that goes with the last who knows it.
    Database(Arc<TestDatabase>),
    /// Whatever a URL names: something that stands in between.
    At(String),
}

impl TestStore {
    /// An empty one of the kind that this run is about.
    pub async fn fresh() -> TestStore {
        match std::env::var(VARIABLE).as_deref() {
            Err(_) | Ok("" | "sqlite") => TestStore::File,
            Ok("postgres") => TestStore::Database(Arc::new(TestDatabase::create().await)),
            Ok(other) => panic!("{VARIABLE} is sqlite or postgres, not {other}"),
        }
    }

    /// Whether this run is about PostgreSQL.
    pub fn is_postgres() -> bool {
        std::env::var(VARIABLE).as_deref() == Ok("postgres")
    }

    /// As `--store` takes it, for a server with this folder.
    pub fn url(&self, data: &Path) -> String {
        match self {
            TestStore::File => openrun::config::store_in(data),
            TestStore::Database(database) => database.url(),
            TestStore::At(url) => url.clone(),
        }
    }

    /// What `openrun audit` says of it.
    pub async fn audit(&self, data: &Path) -> Audited {
        audit(&self.url(data)).await
    }
}

/// The answer of an audit.
#[derive(Debug)]
pub struct Audited {
    /// Rules that are broken, with their first rows.
    pub findings: Vec<Value>,
    pub sold_won: i64,
    pub purchases: u64,
    /// Payments that are neither issued nor voided.
    pub holds_open: u64,
}

impl Audited {
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.findings.is_empty(), "{:#?}", self.findings);
    }
}

/// Runs `openrun audit` on a store, whoever serves it.
pub async fn audit(url: &str) -> Audited {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openrun"));
    command.args(["audit", "--json", "--store", url]);
    let output = command.output().await.expect("the program was built");
    let told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    Audited {
        findings: told["findings"].as_array().cloned().expect("an audit lists its findings"),
        sold_won: told["totals"]["sold_won"].as_i64().expect("an audit sums up"),
        purchases: told["totals"]["purchases"].as_u64().expect("an audit counts"),
        holds_open: told["totals"]["holds_open"].as_u64().expect("an audit counts"),
    }
}
