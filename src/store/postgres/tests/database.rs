//! A database per test, in the server that `OPENRUN_TEST_POSTGRES` names, dropped when the test is
//! over, however it ends.

use super::super::connect::{self, Purpose};
use super::super::place::Place;
use super::super::tls;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::Client;

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A database without a table.
pub(super) struct Database {
    pub(super) url: String,
    name: String,
}

/// The server that tests run on.
fn server() -> String {
    std::env::var("OPENRUN_TEST_POSTGRES").expect(
        "a PostgreSQL for tests: run tests/run, or set OPENRUN_TEST_POSTGRES to the URL of a \
         superuser of a server that may be written to",
    )
}

/// The URL with another database in it.
pub(super) fn with_database(url: &str, name: &str) -> String {
    let (base, query) = match url.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (url, String::new()),
    };
    let (base, _) = base.rsplit_once('/').expect("a URL with a database");
    format!("{base}/{name}{query}")
}

/// The URL with another user in it.
pub(super) fn with_user(url: &str, user: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (authority, path) = rest.split_at(rest.find('/').expect("a URL with a database"));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{user}@{host}{path}")
}

/// A client of its own, as the superuser of the tests unless the URL says otherwise.
pub(super) async fn client(url: &str) -> Client {
    let place = Place::parse(url).expect("a URL");
    let tls = tls::connector(&place).expect("certificates");
    let (client, mut wire) = connect::connect(&place, &tls, "test").await.expect("connects");
    tokio::spawn(async move { wire.until_lost().await });
    client.batch_execute(&Purpose::Manage.session()).await.expect("settings");
    client
}

impl Database {
    pub(super) async fn create() -> Database {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("openrun_test_{}_{number}", std::process::id());
        let server = server();
        let sql = format!("create database {name} encoding 'UTF8' template template0");
        client(&server).await.batch_execute(&sql).await.expect("a database");
        Database { url: with_database(&server, &name), name }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A copy of it; nobody may be connected.
    pub(super) async fn copied_as(&self, name: &str) -> Database {
        let sql = format!("create database {name} template {}", self.name);
        client(&server()).await.batch_execute(&sql).await.expect("a copy");
        Database { url: with_database(&self.url, name), name: name.to_owned() }
    }

    /// Where its server listens on TCP.
    pub(super) async fn address(&self) -> SocketAddr {
        let port = "select setting::bigint from pg_settings where name = 'port'";
        let port = u16::try_from(self.number(port).await).expect("a port");
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }

    /// The URL of this database through a proxy.
    pub(super) fn url_through(&self, proxy: SocketAddr) -> String {
        let place = Place::parse(&self.url).expect("a URL");
        let user = place.config.get_user().expect("a URL of tests names its user");
        format!("postgres://{user}@{proxy}/{}?sslmode=disable", self.name)
    }

    /// A connection to this database.
    pub(super) async fn client(&self) -> Client {
        client(&self.url).await
    }

    pub(super) async fn execute(&self, sql: &str) {
        self.client().await.batch_execute(sql).await.expect("is done");
    }

    /// The one number that `sql` asks for.
    pub(super) async fn number(&self, sql: &str) -> i64 {
        self.client().await.query_one(sql, &[]).await.expect("an answer").get(0)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = self.name.clone();
        // Not in the runtime of the test, which may be ending.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let sql = format!("drop database if exists {name} with (force)");
                client(&server()).await.batch_execute(&sql).await
            })
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            eprintln!("database {} was left behind", self.name);
        }
    }
}
