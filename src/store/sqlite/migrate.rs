//! The migrations of the embedded store: ordered, embedded, each in a transaction of its own,
//! remembered by checksum.
//!
//! Runs under the store's lock, so two programs never migrate at once. It never goes back: a store
//! that a newer program migrated is refused.

use super::names::said;
use crate::store::OpenError;
use openrun_actors::store::StoreError;
use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

/// In order. A file that was ever released does not change; what it got wrong, the next one puts
/// right.
const MIGRATIONS: [Migration; 8] = [
    Migration { version: 1, name: "sale", sql: include_str!("../../../sql/sqlite/V1__sale.sql") },
    Migration {
        version: 2,
        name: "insert_only",
        sql: include_str!("../../../sql/sqlite/V2__insert_only.sql"),
    },
    Migration {
        version: 3,
        name: "stock_changed",
        sql: include_str!("../../../sql/sqlite/V3__stock_changed.sql"),
    },
    Migration {
        version: 4,
        name: "vouchers",
        sql: include_str!("../../../sql/sqlite/V4__vouchers.sql"),
    },
    Migration { version: 5, name: "given", sql: include_str!("../../../sql/sqlite/V5__given.sql") },
    Migration {
        version: 6,
        name: "counter",
        sql: include_str!("../../../sql/sqlite/V6__counter.sql"),
    },
    Migration { version: 7, name: "audit", sql: include_str!("../../../sql/sqlite/V7__audit.sql") },
    Migration {
        version: 8,
        name: "ownership",
        sql: include_str!("../../../sql/sqlite/V8__ownership.sql"),
    },
];

/// Which migrations the store has had. Not part of a migration, for it must be there before the
/// first.
const BOOK: &str = "
    create table if not exists migration (
        version integer not null constraint migration_version primary key,
        name text not null,
        checksum text not null,
        applied_at integer not null default (unixepoch())
    ) strict";

/// Brings the tables up to date, or refuses.
pub(super) fn run(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let broken =
        |cause: rusqlite::Error| OpenError::Broken { path: path.into(), cause: cause.to_string() };
    let known = MIGRATIONS[MIGRATIONS.len() - 1].version;
    connection.execute_batch(BOOK).map_err(broken)?;
    let applied = applied(connection).map_err(broken)?;
    if let Some((&found, _)) = applied.last_key_value().filter(|(found, _)| **found > known) {
        return Err(OpenError::Newer { path: path.into(), found, known });
    }
    for migration in &MIGRATIONS {
        match applied.get(&migration.version) {
            Some(checksum) if *checksum == checksum_of(migration.sql) => {}
            Some(_) => {
                let version = migration.version;
                return Err(OpenError::Diverged { path: path.into(), version });
            }
            None => apply(connection, migration).map_err(|cause| OpenError::MigrationFailed {
                path: path.into(),
                version: migration.version,
                cause: cause.to_string(),
            })?,
        }
    }
    Ok(())
}

/// Whether the tables are those of this program, for whoever writes beside a server.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let known = MIGRATIONS[MIGRATIONS.len() - 1].version;
    let found = applied(connection).map_err(said)?.last_key_value().map_or(0, |(found, _)| *found);
    if found == known {
        return Ok(());
    }
    let cause = format!("the store is at version {found}, and this openrun writes {known}");
    Err(StoreError(cause))
}

fn applied(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, String>> {
    let mut statement = connection.prepare("select version, checksum from migration")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn apply(connection: &mut Connection, migration: &Migration) -> rusqlite::Result<()> {
    // Dropped without a commit, as by an early return, the transaction rolls back.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(migration.sql)?;
    transaction.execute(
        "insert into migration (version, name, checksum) values (?1, ?2, ?3)",
        params![migration.version, migration.name, checksum_of(migration.sql)],
    )?;
    transaction.commit()?;
    tracing::info!(version = migration.version, name = migration.name, "store migrated");
    Ok(())
}

fn checksum_of(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
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
    fn a_migration_that_fails_leaves_nothing_behind() {
        let mut connection = Connection::open_in_memory().expect("opens");
        connection.execute_batch(BOOK).expect("a book");
        let half =
            Migration { version: 1, name: "half", sql: "create table half (a); select nothing;" };
        assert!(apply(&mut connection, &half).is_err());
        let tables: i64 = connection
            .query_row("select count(*) from sqlite_schema where name = 'half'", [], |r| r.get(0))
            .expect("counts");
        assert_eq!((tables, applied(&connection).expect("reads").len()), (0, 0));
    }

    /// What was written before take-overs were is of no server, and ends where the next one begins.
    #[test]
    fn a_store_that_knew_no_take_overs_says_where_its_streams_stood() {
        let mut connection = Connection::open_in_memory().expect("opens");
        connection.execute_batch(BOOK).expect("a book");
        for migration in &MIGRATIONS[..7] {
            apply(&mut connection, migration).expect("applies");
        }
        let streams = "insert into stream (id, epoch, next_seq, hash) values
            (0, 3, 9, zeroblob(32)), (1, 5, 100, zeroblob(32)), (-1, 2, 7, zeroblob(32)),
            (2, 1, 4, zeroblob(32))";
        connection.execute_batch(streams).expect("streams");
        run(&mut connection, Path::new("store")).expect("migrates");
        let sql = "select stream_id, epoch, from_seq, other_seq from ownership
                   where server is null order by stream_id";
        let mut statement = connection.prepare(sql).expect("is asked");
        let rows = statement
            .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<[i64; 4]>>>);
        assert_eq!(
            rows.expect("reads"),
            [[-1, 2, 7, 100], [0, 3, 9, 1], [1, 5, 100, 7], [2, 1, 4, 1]]
        );
    }
}
