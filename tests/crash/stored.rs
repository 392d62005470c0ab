//! What the store holds and the server says, in the words of [`crate::check`]. Reads the tables
//! beside the server, through a connection that cannot write.

use crate::check::{Stored, StoredPurchase};
use crate::house::House;
use crate::moves::StoredMove;
use crate::support::TestStore;
use crate::support::postgres::{TestDatabase, connect};
use openrun_core::PersonKey;
use rusqlite::{Connection, OpenFlags, Row};
use std::time::{Duration, Instant};
use tokio::time::sleep;

// The same tables in both stores; one round, so its order is that of `seq`.
const PURCHASES: &str = "select id, person, idempotency_key, amount, cast(month as bigint), number, \
                         price from purchase order by seq";
const TICKETS: &str = "select number, person from ticket order by seq";
const WATERMARKS: &str = "select up_to from watermark_moved order by seq";

const MOVES: &str = "select id, kind, voucher, person, receiver, idempotency_key, amount, \
                     coalesce(price, 0), balance_after, merchant, cast(month as bigint) \
                     from voucher_move order by stream_id, seq";

/// Longest time until what a server says of a payment that ends by itself is what the store holds.
const AGREEMENT_LIMIT: Duration = Duration::from_secs(30);

/// Reads both. To be called while nobody asks for anything: payments under way may still end.
pub async fn read(house: &House) -> Stored {
    let began = Instant::now();
    loop {
        let told = house.round().await;
        let won = |name: &str| told[name].as_i64().unwrap_or_else(|| panic!("{name} of {told}"));
        let stored = match &house.store {
            TestStore::Database(database) => of_database(database).await,
            _ => of_file(house),
        };
        let stored = Stored {
            told_watermark: told["watermark"].as_u64().unwrap_or_else(|| panic!("{told}")),
            told_sold_won: won("sold_won"),
            told_held_won: won("held_won"),
            told_left_won: won("left_won"),
            stock_won: won("stock_won"),
            ..stored
        };
        let sold_won: i64 = stored.purchases.iter().map(|purchase| purchase.amount_won).sum();
        if sold_won == stored.told_sold_won || began.elapsed() > AGREEMENT_LIMIT {
            return stored;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

async fn of_database(database: &TestDatabase) -> Stored {
    let store = connect(&database.url()).await;
    let settings = "set search_path = openrun; set default_transaction_read_only = on";
    store.batch_execute(settings).await.expect("a session can be set");
    let rows = async |query| store.query(query, &[]).await.expect("the tables are there");
    let person = |row: &tokio_postgres::Row, column: usize| {
        PersonKey(row.get::<_, &[u8]>(column).try_into().expect("a key has 16 bytes"))
    };
    let id = |row: &tokio_postgres::Row, column: usize| {
        uuid::Uuid::from_slice(row.get(column)).expect("an id has 16 bytes").to_string()
    };
    let purchase = |row: &tokio_postgres::Row| StoredPurchase {
        id: id(row, 0),
        person: person(row, 1),
        key: row.get(2),
        amount_won: row.get(3),
        month: row.get(4),
        number: row.get::<_, i64>(5).cast_unsigned(),
        price_won: row.get(6),
    };
    let moved = |row: &tokio_postgres::Row| StoredMove {
        id: id(row, 0),
        kind: row.get(1),
        voucher: id(row, 2),
        person: person(row, 3),
        receiver: row.get::<_, Option<&[u8]>>(4).map(|_| person(row, 4)),
        key: row.get(5),
        amount_won: row.get(6),
        price_won: row.get(7),
        balance_won: row.get(8),
        merchant: row.get(9),
        month: row.get(10),
    };
    let ticket = |row: &tokio_postgres::Row| (row.get::<_, i64>(0).cast_unsigned(), person(row, 1));
    Stored {
        purchases: rows(PURCHASES).await.iter().map(purchase).collect(),
        moves: rows(MOVES).await.iter().map(moved).collect(),
        tickets: rows(TICKETS).await.iter().map(ticket).collect(),
        watermarks: rows(WATERMARKS)
            .await
            .iter()
            .map(|row| row.get::<_, i64>(0).cast_unsigned())
            .collect(),
        ..Stored::default()
    }
}

fn of_file(house: &House) -> Stored {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let store = Connection::open_with_flags(house.path("openrun.db"), flags).expect("a store");
    let person = |row: &Row<'_>, column| row.get::<_, [u8; 16]>(column).map(PersonKey);
    let number = |row: &Row<'_>, column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Stored {
        purchases: rows(&store, PURCHASES, |row| {
            let id = uuid::Uuid::from_bytes(row.get(0)?).to_string();
            Ok(StoredPurchase {
                id,
                person: person(row, 1)?,
                key: row.get(2)?,
                amount_won: row.get(3)?,
                month: row.get(4)?,
                number: number(row, 5)?,
                price_won: row.get(6)?,
            })
        }),
        moves: rows(&store, MOVES, |row| {
            let id = |column| row.get::<_, [u8; 16]>(column).map(uuid::Uuid::from_bytes);
            Ok(StoredMove {
                id: id(0)?.to_string(),
                kind: row.get(1)?,
                voucher: id(2)?.to_string(),
                person: person(row, 3)?,
                receiver: row.get::<_, Option<[u8; 16]>>(4)?.map(PersonKey),
                key: row.get(5)?,
                amount_won: row.get(6)?,
                price_won: row.get(7)?,
                balance_won: row.get(8)?,
                merchant: row.get(9)?,
                month: row.get(10)?,
            })
        }),
        tickets: rows(&store, TICKETS, |row| Ok((number(row, 0)?, person(row, 1)?))),
        watermarks: rows(&store, WATERMARKS, |row| number(row, 0)),
        ..Stored::default()
    }
}

fn rows<T>(
    store: &Connection,
    query: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = store.prepare(query).expect("the tables are there");
    let rows = statement.query_map([], |row| read(row)).expect("is asked");
    rows.collect::<Result<_, _>>().expect("is read")
}
