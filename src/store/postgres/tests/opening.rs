//! What is wrong with a store is said in one line with cause and cure, and never a password.

use super::database::{Database, client, with_database, with_user};
use crate::store::postgres::PostgresStore;
use crate::store::postgres::place::Place;
use crate::store::postgres::tls;

async fn refused(url: &str) -> String {
    let words = PostgresStore::open(url).await.err().expect("is refused").to_string();
    assert!(!words.contains('\n') && !words.contains("secret"), "{words}");
    words
}

#[tokio::test]
async fn a_server_that_is_away_is_named() {
    // A port that was free a moment ago, and that nobody listens on.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let words = refused(&format!("postgres://kim:secret@127.0.0.1:{port}/sale")).await;
    assert!(words.contains(&format!("store postgres://kim@127.0.0.1:{port}/sale")), "{words}");
    assert!(words.contains("cannot be reached") && words.contains("refused"), "{words}");
    assert!(words.contains("start PostgreSQL"), "{words}");
    let words = refused("postgres://kim:secret@/sale?host=/nowhere").await;
    assert!(words.contains("cannot be reached"), "{words}");
}

#[tokio::test]
async fn a_server_that_is_silent_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let words = refused(&format!("postgres://kim@{address}/sale")).await;
    assert!(words.contains("cannot be reached: it is silent"), "{words}");
}

#[tokio::test]
async fn a_database_that_is_missing_is_named_with_the_cure() {
    let database = Database::create().await;
    let words = refused(&with_database(&database.url, "openrun_nowhere")).await;
    assert!(words.contains("\"openrun_nowhere\" does not exist"), "{words}");
    assert!(words.contains("make it with `createdb`, then run `openrun migrate`"), "{words}");
}

#[tokio::test]
async fn a_user_that_is_not_let_in_is_named() {
    let database = Database::create().await;
    let words = refused(&with_user(&database.url, "openrun_nobody:secret")).await;
    assert!(words.contains("lets nobody in like this"), "{words}");
    assert!(words.contains("PGPASSWORD"), "{words}");
}

#[tokio::test]
async fn another_encoding_is_refused() {
    let database = Database::create().await;
    let name = format!("{}_latin", database.url.rsplit('/').next().unwrap_or("x").len());
    let name = format!("openrun_test_latin_{}_{name}", std::process::id());
    let sql = format!("create database {name} encoding 'LATIN1' locale 'C' template template0");
    let server = database.client().await;
    server.batch_execute(&sql).await.expect("a database");
    let words = refused(&with_database(&database.url, &name)).await;
    server.batch_execute(&format!("drop database {name}")).await.expect("dropped");
    assert!(words.contains("has the encoding LATIN1; make a database"), "{words}");
}

#[tokio::test]
async fn a_server_without_tls_is_not_reached_where_it_is_demanded() {
    let database = Database::create().await;
    let on: String =
        database.client().await.query_one("show ssl", &[]).await.expect("an answer").get(0);
    if on == "off" && database.url.contains("host=/") {
        let gap = if database.url.contains('?') { '&' } else { '?' };
        let words = refused(&format!("{}{gap}sslmode=require", database.url)).await;
        assert!(words.contains("was not reached safely"), "{words}");
    }
    let missing = "postgres://kim@db/sale?sslrootcert=/nowhere.pem";
    let place = Place::parse(missing).expect("a URL");
    let words = tls::connector(&place).err().expect("is refused").to_string();
    assert!(words.contains("/nowhere.pem") && words.contains("name a PEM file"), "{words}");
    let _ = client(&database.url).await;
}
