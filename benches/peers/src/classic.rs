//! Peer A: the classic design behind the same HTTP call as openrun's. A pool of eight connections,
//! and one function in PostgreSQL that locks the stock, counts the limit and writes the purchase.
//!
//! Answers when the commit is durable. Has no line, no pass and no keys that can be asked for
//! again: it does less than openrun.

use anyhow::{Context, Result};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::NoTls;

/// What a careful operator gives one server: more only wait for the row longer.
const POOL: usize = 8;
const SCHEMA: &str = include_str!("../classic.sql");

#[derive(Clone)]
pub struct Shop {
    pool: Pool,
}

impl Shop {
    /// Makes the tables in an empty database.
    pub async fn open(url: &str) -> Result<Self> {
        let config = url.parse::<tokio_postgres::Config>().context("the URL of the store")?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, NoTls, recycling);
        let pool = Pool::builder(manager).max_size(POOL).build()?;
        let shop = Self { pool };
        shop.pool.get().await?.batch_execute(SCHEMA).await?;
        Ok(shop)
    }

    /// What came of a purchase: `issued`, or why not.
    pub async fn buy(&self, person: &str, key: &str, amount_won: i64) -> Result<String> {
        let client = self.pool.get().await?;
        let call = client.prepare_cached("select buy($1, '2022-07', $2, $3)").await?;
        let row = client.query_one(&call, &[&person, &key, &amount_won]).await?;
        Ok(row.try_get(0)?)
    }
}
