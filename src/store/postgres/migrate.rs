//! The migrations of PostgreSQL: ordered, embedded, each in a transaction of its own, remembered by
//! checksum, under a lock of the database.
//!
//! Every connection that writes holds that lock shared. So a store is never migrated under a server
//! that runs, and a server that asks for it meanwhile is told to wait. It never goes back: a store
//! that a newer program migrated is refused.

use super::connect::{self, Purpose, Wire};
use super::fault::{Fault, OLDEST_SERVER, in_words};
use super::place::Place;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

/// In order. A file that was ever released does not change; what it got wrong, the next one puts
/// right.
const MIGRATIONS: [Migration; 10] = [
    Migration { version: 1, name: "sale", sql: include_str!("../../../sql/postgres/V1__sale.sql") },
    Migration {
        version: 2,
        name: "insert_only",
        sql: include_str!("../../../sql/postgres/V2__insert_only.sql"),
    },
    Migration {
        version: 3,
        name: "write",
        sql: include_str!("../../../sql/postgres/V3__write.sql"),
    },
    Migration {
        version: 4,
        name: "roles",
        sql: include_str!("../../../sql/postgres/V4__roles.sql"),
    },
    Migration {
        version: 5,
        name: "stock_changed",
        sql: include_str!("../../../sql/postgres/V5__stock_changed.sql"),
    },
    Migration {
        version: 6,
        name: "vouchers",
        sql: include_str!("../../../sql/postgres/V6__vouchers.sql"),
    },
    Migration {
        version: 7,
        name: "given",
        sql: include_str!("../../../sql/postgres/V7__given.sql"),
    },
    Migration {
        version: 8,
        name: "counter",
        sql: include_str!("../../../sql/postgres/V8__counter.sql"),
    },
    Migration {
        version: 9,
        name: "audit",
        sql: include_str!("../../../sql/postgres/V9__audit.sql"),
    },
    Migration {
        version: 10,
        name: "ownership",
        sql: include_str!("../../../sql/postgres/V10__ownership.sql"),
    },
];
/// The version that this program writes to, and no other.
pub(super) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;
/// The lock of the store within its database: "openrun" in ASCII.
pub(super) const LOCK: i64 = 0x006f_7065_6e72_756e;
/// How long a store may take to answer its first question.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// Which migrations the store has had. Not part of a migration, for it must be there before the
/// first.
const BOOK: &str = "
    create schema if not exists openrun;
    create table if not exists openrun.migration (
        version bigint not null constraint migration_version primary key,
        name text not null,
        checksum text not null,
        applied_at bigint not null default extract(epoch from now())::bigint
    )";

/// When tables may be brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// If there are none: a server that starts on an empty database.
    Empty,
    /// Always: an operator asked for it.
    Asked,
}

/// Whether the store can be used, after bringing its tables up to date as far as `when` allows.
pub(super) async fn run(place: &Place, tls: &MakeRustlsConnect, when: When) -> Result<(), Fault> {
    let mut manager = Manager::connect(place, tls).await?;
    let (had, pending) = manager.plan().await?;
    if !pending.is_empty() {
        if had > 0 && when == When::Empty {
            let place = place.to_string();
            return Err(Fault::Behind { place, found: had, known: KNOWN });
        }
        manager.lock().await?;
        // Somebody else may have done it while we waited.
        for migration in manager.plan().await?.1 {
            manager.apply(migration).await?;
        }
        manager.unlock().await?;
    }
    manager.check_roles().await
}

/// A connection for questions about the store as a whole. Driven by a task that ends with it.
struct Manager<'p> {
    place: &'p Place,
    client: Client,
}

impl<'p> Manager<'p> {
    async fn connect(place: &'p Place, tls: &MakeRustlsConnect) -> Result<Manager<'p>, Fault> {
        let connecting = connect::connect(place, tls, "openrun migrate");
        let connected = tokio::time::timeout(OPEN_TIMEOUT, connecting).await;
        let silent = || Fault::Away { place: place.to_string(), cause: "it is silent".to_owned() };
        let connected = connected.map_err(|_| silent())?;
        let (client, mut wire) = connected.map_err(|error| Fault::of(place, &error))?;
        check_server(place, &wire)?;
        tokio::spawn(async move { wire.until_lost().await });
        let manager = Manager { place, client };
        manager.say(&Purpose::Manage.session()).await?;
        Ok(manager)
    }

    async fn say(&self, sql: &str) -> Result<(), Fault> {
        self.client.batch_execute(sql).await.map_err(|error| Fault::of(self.place, &error))
    }

    /// The newest migration that the store has had, and those that it needs.
    async fn plan(&self) -> Result<(i64, Vec<&'static Migration>), Fault> {
        let of = |error: Error| Fault::of(self.place, &error);
        let place = || self.place.to_string();
        let has_book = "select exists (
            select from pg_catalog.pg_class as found
            join pg_catalog.pg_namespace as schema on schema.oid = found.relnamespace
            where schema.nspname = 'openrun' and found.relname = 'migration')";
        let has_book: bool = self.client.query_one(has_book, &[]).await.map_err(of)?.get(0);
        if !has_book {
            return Ok((0, MIGRATIONS.iter().collect()));
        }
        let had = self.book().await.map_err(|error| self.no_role(&error))?;
        let found = had.last_key_value().map_or(0, |(version, _)| *version);
        if found > KNOWN {
            return Err(Fault::Newer { place: place(), found, known: KNOWN });
        }
        let differs = |migration: &&Migration| {
            had.get(&migration.version).is_some_and(|had| *had != checksum_of(migration.sql))
        };
        if let Some(Migration { version, .. }) = MIGRATIONS.iter().find(differs) {
            return Err(Fault::Diverged { place: place(), version: *version });
        }
        let pending = MIGRATIONS.iter().filter(|migration| !had.contains_key(&migration.version));
        Ok((found, pending.collect()))
    }

    /// What the store has had: by the owner's right, or else by the reader's.
    async fn book(&self) -> Result<BTreeMap<i64, String>, Error> {
        let book = "select version, checksum from openrun.migration";
        let rows = match self.client.query(book, &[]).await {
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                let role = Purpose::Read.role().unwrap_or("none");
                self.client.batch_execute(&format!("set role {role}")).await?;
                let rows = self.client.query(book, &[]).await?;
                self.client.batch_execute("reset role").await?;
                rows
            }
            answer => answer?,
        };
        Ok(rows.into_iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Until it is given back, or the connection ends.
    async fn lock(&self) -> Result<(), Fault> {
        let locked = self.client.execute("select pg_advisory_lock($1)", &[&LOCK]).await;
        match locked {
            Ok(_) => self.say(BOOK).await,
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                let holders = self.holders().await;
                Err(Fault::InUse { place: self.place.to_string(), holders })
            }
            Err(error) => Err(Fault::of(self.place, &error)),
        }
    }

    /// Said, not left to the end of the connection: the server may take note of that later than the
    /// writer that connects next, which would then be told that the store is being migrated.
    async fn unlock(&self) -> Result<(), Fault> {
        let unlocked = self.client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await;
        unlocked.map(drop).map_err(|error| Fault::of(self.place, &error))
    }

    /// Who holds the lock, as they call themselves; others may not be told.
    async fn holders(&self) -> String {
        let sql = "
            select string_agg(distinct coalesce(holder.application_name, 'unnamed'), ', ')
            from pg_catalog.pg_locks as held
            join pg_catalog.pg_stat_activity as holder on holder.pid = held.pid
            where held.locktype = 'advisory' and held.granted
                and (held.classid::bigint << 32) + held.objid::bigint = $1
                and held.database = (
                    select oid from pg_catalog.pg_database where datname = current_database())";
        let found = self.client.query_one(sql, &[&LOCK]).await;
        let named = found.ok().and_then(|row| row.get::<_, Option<String>>(0));
        named.unwrap_or_else(|| "unnamed".to_owned())
    }

    async fn apply(&mut self, migration: &Migration) -> Result<(), Fault> {
        let (version, name) = (migration.version, migration.name);
        self.apply_in_transaction(migration).await.map_err(|error| Fault::MigrationFailed {
            place: self.place.to_string(),
            version,
            cause: in_words(&error),
            cure: cure_of(&error),
        })?;
        tracing::info!(version, name, "store migrated");
        Ok(())
    }

    async fn apply_in_transaction(&mut self, migration: &Migration) -> Result<(), Error> {
        let transaction = self.client.transaction().await?;
        transaction.batch_execute(migration.sql).await?;
        let (version, name) = (migration.version, migration.name);
        let book = "insert into openrun.migration (version, name, checksum) values ($1, $2, $3)";
        transaction.execute(book, &[&version, &name, &checksum_of(migration.sql)]).await?;
        transaction.commit().await
    }

    /// Whether this user may become what writes and what reads.
    async fn check_roles(&self) -> Result<(), Fault> {
        for role in [Purpose::Write, Purpose::Read].into_iter().filter_map(Purpose::role) {
            let sql = format!("set role {role}");
            self.client.batch_execute(&sql).await.map_err(|error| self.no_role(&error))?;
        }
        Ok(())
    }

    /// A right that is missing, if it is that.
    fn no_role(&self, error: &Error) -> Fault {
        let codes = [&SqlState::INSUFFICIENT_PRIVILEGE, &SqlState::INVALID_PARAMETER_VALUE];
        if !error.code().is_some_and(|code| codes.contains(&code)) {
            return Fault::of(self.place, error);
        }
        let user = self.place.config.get_user().unwrap_or("USER").to_owned();
        Fault::NoRole { place: self.place.to_string(), cause: in_words(error), user }
    }
}

/// What the server said of itself when the connection was made.
fn check_server(place: &Place, wire: &Wire) -> Result<(), Fault> {
    let said = |name| wire.parameter(name).unwrap_or_default().to_owned();
    let (place, found) = (place.to_string(), said("server_version"));
    if major_version(&found).is_none_or(|version| version < OLDEST_SERVER) {
        return Err(Fault::TooOld { place, found });
    }
    let found = said("server_encoding");
    if found != "UTF8" {
        return Err(Fault::Encoding { place, found });
    }
    Ok(())
}

/// Of `15.18 (Debian …)`, `17beta1`.
fn major_version(text: &str) -> Option<u32> {
    let digits = text.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn cure_of(error: &Error) -> &'static str {
    match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            "migrate as a user who may create roles, or let an administrator create the roles \
             openrun_writer and openrun_reader and grant them to this user"
        }
        _ => "the store is as it was before",
    }
}

fn checksum_of(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All that makes an empty database a store of a former version.
#[cfg(test)]
pub(super) fn former(version: i64) -> String {
    let mut sql = format!("{BOOK}; set search_path = openrun, pg_temp;");
    for migration in MIGRATIONS.iter().filter(|migration| migration.version <= version) {
        let (number, name) = (migration.version, migration.name);
        let checksum = checksum_of(migration.sql);
        let book = format!(
            "insert into openrun.migration (version, name, checksum)
             values ({number}, '{name}', '{checksum}');"
        );
        sql += &format!("\n{}\n;{book}", migration.sql);
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one_without_a_gap() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version, i64::try_from(index).expect("few") + 1);
        }
    }

    #[test]
    fn a_version_is_read_from_what_servers_say() {
        let said = ["15.18 (Debian 15.18-0+deb12u1)", "17beta1", "9.6.24", "", "x"];
        let expected = [Some(15), Some(17), Some(9), None, None];
        assert_eq!(said.map(major_version), expected);
    }
}
