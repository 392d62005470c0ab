//! The list of merchants in the data file, over connections of its own: reading it holds up no
//! other read, and importing works while a server has the file.
//!
//! Takes no lock: SQLite lets one connection write at a time, and each part of an import is short.

use super::file::{open_to_read, open_to_write};
use super::migrate;
use super::names::said;
use crate::merchants::Merchant;
use crate::store::MerchantRows;
use crate::store::merchants::READ_MAX;
use async_trait::async_trait;
use openrun_actors::store::StoreError;
use openrun_core::MerchantId;
use rusqlite::{Connection, Row, TransactionBehavior, params};
use std::path::{Path, PathBuf};

const VERSION: &str = "select version from merchant_list";
const COUNT: &str = "select count(*) from merchant";
const ALL: &str = "
    select id, name, region, category, programs, is_active from merchant order by id";
/// Nothing is written for what is as it is said to be.
const IMPORT: &str = "
    insert into merchant as known (id, name, region, category, programs, is_active)
    values (?1, ?2, ?3, ?4, ?5, ?6)
    on conflict (id) do update set
        name = excluded.name, region = excluded.region, category = excluded.category,
        programs = excluded.programs, is_active = excluded.is_active
    where (known.name, known.region, known.category, known.programs, known.is_active)
        <> (excluded.name, excluded.region, excluded.category, excluded.programs,
            excluded.is_active)";

/// The merchants of a data file.
#[derive(Debug)]
pub struct SqliteMerchants {
    path: PathBuf,
}

impl SqliteMerchants {
    /// Of the data file at `path`, which is opened for each question.
    #[must_use]
    pub fn new(path: &Path) -> SqliteMerchants {
        SqliteMerchants { path: path.to_path_buf() }
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let path = self.path.clone();
        let answered = tokio::task::spawn_blocking(move || question(&path)).await;
        answered.unwrap_or_else(|stopped| Err(StoreError(stopped.to_string())))
    }
}

#[async_trait]
impl MerchantRows for SqliteMerchants {
    async fn version(&self) -> Result<u64, StoreError> {
        let ask = |path: &Path| version(&open_to_read(path).map_err(said)?);
        self.ask(ask).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.ask(|path| one(&open_to_read(path).map_err(said)?, COUNT)).await
    }

    async fn all(&self) -> Result<(u64, Vec<Merchant>), StoreError> {
        self.ask(all).await
    }

    async fn import(&self, merchants: Vec<Merchant>) -> Result<u64, StoreError> {
        self.ask(move |path| import(path, &merchants)).await
    }
}

fn version(connection: &Connection) -> Result<u64, StoreError> {
    one(connection, VERSION)
}

fn one(connection: &Connection, sql: &str) -> Result<u64, StoreError> {
    let number: i64 = connection.query_row(sql, [], |row| row.get(0)).map_err(said)?;
    Ok(number.unsigned_abs())
}

fn all(path: &Path) -> Result<(u64, Vec<Merchant>), StoreError> {
    let mut connection = open_to_read(path).map_err(said)?;
    // One snapshot, so that the version is that of the rows.
    let snapshot = connection.transaction().map_err(said)?;
    let version = version(&snapshot)?;
    let mut statement = snapshot.prepare(ALL).map_err(said)?;
    let mut rows = statement.query([]).map_err(said)?;
    let mut merchants = Vec::new();
    while merchants.len() < READ_MAX
        && let Some(row) = rows.next().map_err(said)?
    {
        merchants.push(merchant(row)?);
    }
    Ok((version, merchants))
}

fn merchant(row: &Row<'_>) -> Result<Merchant, StoreError> {
    let damaged = |column: &str| StoreError(format!("a merchant is damaged in column {column}"));
    let text = |column: usize| row.get::<_, String>(column).map_err(said);
    Ok(Merchant {
        id: MerchantId::new(&text(0)?).ok_or_else(|| damaged("id"))?,
        name: text(1)?,
        region: text(2)?,
        category: text(3)?,
        programs: Merchant::programs_of(&text(4)?).map_err(|_| damaged("programs"))?,
        is_active: row.get(5).map_err(said)?,
    })
}

fn import(path: &Path, merchants: &[Merchant]) -> Result<u64, StoreError> {
    let mut connection = open_to_write(path).map_err(|fault| StoreError(fault.to_string()))?;
    migrate::check(&connection)?;
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(said)?;
    let mut changed = 0;
    {
        let mut statement = transaction.prepare(IMPORT).map_err(said)?;
        for merchant in merchants {
            let Merchant { id, name, region, category, is_active, .. } = merchant;
            let programs = merchant.listed_programs();
            let row = params![id.as_str(), name, region, category, programs, is_active];
            changed += statement.execute(row).map_err(said)? as u64;
        }
    }
    if changed > 0 {
        let next = "update merchant_list set version = version + 1";
        transaction.execute(next, []).map_err(said)?;
    }
    transaction.commit().map_err(said)?;
    Ok(changed)
}
