//! The servers that tests may break do what they say.

use crate::support::on_stage;
use crate::support::postgres::{TestCluster, TestDatabase, connect};
use crate::support::proxy::FaultProxy;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::Client;

/// Long enough for a server that runs to answer, to say that one does not.
const SILENCE: Duration = Duration::from_millis(500);

async fn one(client: &Client) -> Result<i32, tokio_postgres::Error> {
    client.query_one("select 1", &[]).await.map(|row| row.get(0))
}

#[test]
fn databases_are_fresh_apart_and_gone_afterwards() {
    on_stage(async {
        let (one, other) = (TestDatabase::create().await, TestDatabase::create().await);
        one.client().await.batch_execute("create table kept (id int)").await.unwrap();
        let there = "select 1 from pg_class where relname = 'kept'";
        assert_eq!(one.client().await.query(there, &[]).await.unwrap().len(), 1);
        assert_eq!(other.client().await.query(there, &[]).await.unwrap().len(), 0);
        let proxy = FaultProxy::start(one.address()).await;
        let through = connect(&one.url_through(proxy.address)).await;
        assert_eq!(through.query(there, &[]).await.unwrap().len(), 1);
        // With a connection still open.
        let name = one.url().rsplit_once('/').unwrap().1.to_owned();
        one.remove();
        let known = "select 1 from pg_database where datname = $1";
        assert_eq!(other.client().await.query(known, &[&name]).await.unwrap().len(), 0);
    });
}

#[test]
fn a_server_of_its_own_freezes_dies_and_comes_back_with_what_it_had() {
    on_stage(async {
        let cluster = TestCluster::start(&["max_connections=20"]).await;
        let database = cluster.database().await;
        let client = database.client().await;
        client.batch_execute("create table kept (id int)").await.unwrap();
        let most: String = client.query_one("show max_connections", &[]).await.unwrap().get(0);
        assert_eq!(most, "20");
        cluster.freeze().await;
        assert!(timeout(SILENCE, one(&client)).await.is_err(), "it answers while it is frozen");
        cluster.thaw().await;
        assert_eq!(one(&client).await.unwrap(), 1);
        for stop in ["kill", "immediate", "fast"] {
            let client = database.client().await;
            client.batch_execute("insert into kept values (1)").await.unwrap();
            match stop {
                "kill" => cluster.kill().await,
                mode => cluster.stop(mode).await,
            }
            assert!(one(&client).await.is_err(), "{stop}: it still answers");
            assert!(tokio_postgres::connect(&cluster.url, tokio_postgres::NoTls).await.is_err());
            cluster.start_again().await;
        }
        let client = database.client().await;
        let kept: i64 = client.query_one("select count(*) from kept", &[]).await.unwrap().get(0);
        assert_eq!(kept, 3);
    });
}
