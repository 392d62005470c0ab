//! What the store holds and the server says, in the words of [`crate::check`]. Reads the file
//! beside the server, through a connection that cannot write.

use crate::check::{Stored, StoredPurchase};
use crate::house::{House, ROUND};
use openrun_core::PersonKey;
use rusqlite::{Connection, OpenFlags, Row};

const PURCHASES: &str =
    "select id, person, idempotency_key, amount, month, number from purchase order by seq";
const TICKETS: &str = "select number, person from ticket order by seq";
const WATERMARKS: &str = "select up_to from watermark_moved order by seq";

/// Reads both. To be called while nobody asks for anything.
pub async fn read(house: &House) -> Stored {
    let answer = house.ask_ops("GET", &format!("/v1/admin/rounds/{ROUND}"), None).await;
    let told = answer.json();
    let watermark = told["watermark"].as_u64();
    let (Some(told_watermark), Some(told_sold_won)) = (watermark, told["sold_won"].as_i64()) else {
        panic!("the round is described as {}", answer.text());
    };
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
            })
        }),
        tickets: rows(&store, TICKETS, |row| Ok((number(row, 0)?, person(row, 1)?))),
        watermarks: rows(&store, WATERMARKS, |row| number(row, 0)),
        told_watermark,
        told_sold_won,
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
