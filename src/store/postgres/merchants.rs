//! The list of merchants in PostgreSQL, over a connection for each question: it is asked for once
//! in a while, and a part of an import is one statement of one function.

use super::composite::{Composite, Fields, Misfitting, RowArray};
use super::connect::{self, Purpose};
use super::fault::{Fault, in_words};
use super::migrate::KNOWN;
use super::place::Place;
use super::tls;
use crate::merchants::Merchant;
use crate::store::MerchantRows;
use crate::store::merchants::READ_MAX;
use async_trait::async_trait;
use futures_util::TryStreamExt;
use openrun_actors::store::StoreError;
use openrun_core::MerchantId;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Error, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a question may take, connecting included: reading all of the largest list takes a few
/// seconds.
const DEADLINE: Duration = Duration::from_secs(60);
const VERSION: &str = "select version from merchant_list";
const COUNT: &str = "select count(*) from merchant";
/// In one statement, and so of one snapshot.
const ALL: &str = "
    select merchant.id, name, region, category, programs, is_active, version
    from merchant_list left join merchant on true order by merchant.id";
const IMPORT: &str = "select openrun.import_merchants($1)";

/// The merchants of a store in PostgreSQL.
pub struct PostgresMerchants {
    place: Place,
    tls: MakeRustlsConnect,
}

impl PostgresMerchants {
    /// Of the store that `url` names. Connects for each question, within the runtime that asks.
    ///
    /// # Errors
    /// The URL or what it names cannot be used.
    pub fn new(url: &str) -> Result<PostgresMerchants, Fault> {
        let place = Place::parse(url)?;
        let tls = tls::connector(&place)?;
        Ok(PostgresMerchants { place, tls })
    }

    async fn one(&self, sql: &str) -> Result<u64, StoreError> {
        in_time(async {
            let session = self.session(Purpose::Read).await?;
            let row = session.client.query_one(sql, &[]).await.map_err(|error| of(&error))?;
            Ok(row.get::<_, i64>(0).unsigned_abs())
        })
        .await
    }

    /// A connection for one question.
    async fn session(&self, purpose: Purpose) -> Result<Session, StoreError> {
        let connected = connect::connect(&self.place, &self.tls, "openrun merchants").await;
        let (client, mut wire) = connected.map_err(|error| of(&error))?;
        let driven = tokio::spawn(async move { drop(wire.until_lost().await) });
        let session = Session { client, driven };
        let settings = purpose.session();
        session.client.batch_execute(&settings).await.map_err(|error| of(&error))?;
        Ok(session)
    }
}

/// A connection that is driven until it is dropped.
struct Session {
    client: Client,
    driven: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driven.abort();
    }
}

async fn in_time<T>(asking: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = || StoreError("the store did not answer in time".to_owned());
    tokio::time::timeout(DEADLINE, asking).await.map_err(|_| late())?
}

fn of(error: &Error) -> StoreError {
    StoreError(in_words(error))
}

#[async_trait]
impl MerchantRows for PostgresMerchants {
    async fn version(&self) -> Result<u64, StoreError> {
        self.one(VERSION).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.one(COUNT).await
    }

    async fn all(&self) -> Result<(u64, Vec<Merchant>), StoreError> {
        in_time(async { all(&self.session(Purpose::Stream).await?.client).await }).await
    }

    async fn import(&self, merchants: Vec<Merchant>) -> Result<u64, StoreError> {
        in_time(async {
            let session = self.session(Purpose::Write).await?;
            import(&session.client, &merchants).await
        })
        .await
    }
}

async fn import(client: &Client, merchants: &[Merchant]) -> Result<u64, StoreError> {
    let version = "select openrun.store_version()";
    let found = client.query_one(version, &[]).await.map_err(|error| of(&error))?;
    let found: i64 = found.get(0);
    if found != KNOWN {
        let cause = format!("the store is at version {found}, and this openrun writes {KNOWN}");
        return Err(StoreError(cause));
    }
    let row = client.query_one(IMPORT, &[&RowArray(merchants)]).await;
    Ok(row.map_err(|error| of(&error))?.get::<_, i64>(0).unsigned_abs())
}

async fn all(client: &Client) -> Result<(u64, Vec<Merchant>), StoreError> {
    let none: [&str; 0] = [];
    let rows = client.query_raw(ALL, none).await.map_err(|error| of(&error))?;
    let mut rows = pin!(rows);
    let (mut version, mut merchants) = (0, Vec::new());
    while merchants.len() < READ_MAX
        && let Some(row) = rows.try_next().await.map_err(|error| of(&error))?
    {
        version = row.get::<_, i64>(6).unsigned_abs();
        merchants.extend(merchant(&row)?);
    }
    Ok((version, merchants))
}

/// Nothing for the one row of a list without merchants.
fn merchant(row: &Row) -> Result<Option<Merchant>, StoreError> {
    let damaged = |column: &str| StoreError(format!("a merchant is damaged in column {column}"));
    let Some(id) = row.get::<_, Option<&str>>(0) else { return Ok(None) };
    Ok(Some(Merchant {
        id: MerchantId::new(id).ok_or_else(|| damaged("id"))?,
        name: row.get(1),
        region: row.get(2),
        category: row.get(3),
        programs: Merchant::programs_of(row.get(4)).map_err(|_| damaged("programs"))?,
        is_active: row.get(5),
    }))
}

/// In the order of its type in sql/postgres/V6__vouchers.sql.
impl Composite for Merchant {
    fn put(&self, fields: &mut Fields<'_>) -> Result<(), Misfitting> {
        fields.text(self.id.as_str())?;
        fields.text(&self.name)?;
        fields.text(&self.region)?;
        fields.text(&self.category)?;
        fields.text(&self.listed_programs())?;
        fields.boolean(self.is_active)
    }
}
