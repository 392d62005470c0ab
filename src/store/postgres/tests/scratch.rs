//! A database for whoever must touch nothing that is there.

use super::database::{Database, client};
use crate::store::postgres::{Fault, Scratch};

#[tokio::test]
async fn a_scratch_database_is_made_beside_the_named_one_and_is_gone_afterwards() {
    let named = Database::create().await;
    named.execute("create table public.kept (number bigint)").await;
    let name = format!("openrun_scratch_{}", std::process::id());
    let scratch = Scratch::create(&named.url, &name).await.unwrap();
    let taken = Scratch::create(&named.url, &name).await.unwrap_err();
    assert!(taken.to_string().contains("already exists"), "{taken}");
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    let here = client(&scratch.url).await.query_one(tables, &[]).await.unwrap();
    assert_eq!(here.get::<_, i64>(0), 0, "nothing of the named one is in it");
    assert!(scratch.bytes().await.unwrap() > 1e6);
    let times = scratch.commits_ms(5).await.unwrap();
    assert!(times.len() == 5 && times.iter().all(|time| *time > 0.0), "{times:?}");
    scratch.remove().await.unwrap();
    assert!(matches!(scratch.bytes().await, Err(Fault::NoDatabase { .. })));
    assert_eq!(named.number(tables).await, 1, "the named one is as it was");
}
