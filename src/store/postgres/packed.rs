//! Many rows in one: the columns of a chunk, each as one value that the server strung together.
//!
//! A row is a message of its own, made, sent and taken apart. Of millions of rows that is most of
//! the work, on the very cores that the server needs to make them. A chunk of a packed table is one
//! row, and what is left to do is reading numbers from a slice.
//!
//! Knows nothing of events: `decode` reads a packed row as it reads any other.

use super::decode::Table;
use openrun_actors::store::StoreError;
use tokio_postgres::types::Type;
use tokio_postgres::{Column, Error, Row, Statement, Transaction};

/// Between two texts: those of packed tables are keys, which have no character below the space.
const BETWEEN_TEXTS: char = '\n';

/// How the chunks of a table are asked for.
pub(super) struct Packing {
    /// With the round and the last place of the chunk before.
    pub(super) statement: Statement,
    table: &'static str,
    columns: Vec<(String, Type)>,
}

impl Packing {
    /// For chunks of `most` rows, in the order of `seq`.
    ///
    /// # Panics
    /// When a column has a type that cannot be packed.
    pub(super) async fn prepare(
        snapshot: &Transaction<'_>,
        table: &Table,
        most: usize,
    ) -> Result<Packing, Error> {
        let Table { name, columns, .. } = table;
        let plain = format!("select {columns} from {name}");
        let plain = snapshot.prepare(&plain).await?;
        let packed: Vec<String> = plain.columns().iter().map(strung).collect();
        let packed = packed.join(", ");
        // Their order is that of the rows beneath; whoever reads them holds it against `seq`.
        let sql = format!(
            "select count(*), min(stream_id), max(stream_id), {packed} from (
                select {columns}, stream_id from {name}
                where round_id = $1 and seq > $2 order by seq limit {most}) as part"
        );
        let of = |column: &Column| (column.name().to_owned(), column.type_().clone());
        let columns = plain.columns().iter().map(of).collect();
        Ok(Packing { statement: snapshot.prepare(&sql).await?, table: name, columns })
    }

    /// The rows of an answer.
    pub(super) fn unpack(&self, answer: &Row) -> Result<Packed, StoreError> {
        let damaged = |what: &str| StoreError(format!("a chunk of {} has {what}", self.table));
        let count = usize::try_from(answer.get::<_, i64>(0)).map_err(|_| damaged("no count"))?;
        let (first, last): (Option<i64>, Option<i64>) = (answer.get(1), answer.get(2));
        if first != last {
            return Err(damaged("rows of two streams"));
        }
        let mut columns = Vec::with_capacity(self.columns.len());
        for (index, (name, of)) in self.columns.iter().enumerate().take_while(|_| count > 0) {
            let damaged = || damaged(&format!("a damaged column {name}"));
            let index = index + HEAD;
            let cells = if *of == Type::TEXT {
                let texts: &str = answer.try_get(index).map_err(|_| damaged())?;
                Cells::texts(texts)
            } else {
                let bytes: &[u8] = answer.try_get(index).map_err(|_| damaged())?;
                Cells::even(bytes, count)
            };
            let cells = cells.filter(|cells| cells.count() == count).ok_or_else(damaged)?;
            columns.push(PackedColumn { name: name.clone(), of: of.clone(), cells });
        }
        Ok(Packed { count, stream: first.unwrap_or_default(), columns })
    }
}

/// Columns before those of the table.
const HEAD: usize = 3;
/// The first column of every table is its place in the stream.
const SEQ: usize = 0;

/// What strings the values of a column together.
fn strung(column: &Column) -> String {
    let name = column.name();
    match *column.type_() {
        Type::INT8 => format!("string_agg(int8send({name}), '')"),
        Type::INT4 => format!("string_agg(int4send({name}), '')"),
        Type::INT2 => format!("string_agg(int2send({name}), '')"),
        Type::BYTEA => format!("string_agg({name}, '')"),
        Type::TEXT => format!("string_agg({name}, chr({}))", u32::from(BETWEEN_TEXTS)),
        ref other => panic!("a column of type {other} cannot be packed"),
    }
}

/// The rows of a chunk.
pub(super) struct Packed {
    pub(super) count: usize,
    /// The stream that all of them are of.
    pub(super) stream: i64,
    columns: Vec<PackedColumn>,
}

struct PackedColumn {
    name: String,
    of: Type,
    cells: Cells,
}

/// The values of a column, one after the other.
enum Cells {
    /// Each as long as any other.
    Even { bytes: Vec<u8>, width: usize },
    /// Each up to where the next separator stands.
    Texts { text: String, ends: Vec<usize> },
}

impl Cells {
    fn even(bytes: &[u8], count: usize) -> Option<Cells> {
        let width = bytes.len() / count;
        (width > 0 && width * count == bytes.len())
            .then(|| Cells::Even { bytes: bytes.to_vec(), width })
    }

    fn texts(text: &str) -> Option<Cells> {
        let mut ends: Vec<usize> =
            text.match_indices(BETWEEN_TEXTS).map(|(place, _)| place).collect();
        ends.push(text.len());
        Some(Cells::Texts { text: text.to_owned(), ends })
    }

    fn count(&self) -> usize {
        match self {
            Cells::Even { bytes, width } => bytes.len() / width,
            Cells::Texts { ends, .. } => ends.len(),
        }
    }

    fn get(&self, index: usize) -> Option<&[u8]> {
        match self {
            Cells::Even { bytes, width } => bytes.get(index * width..(index + 1) * width),
            Cells::Texts { text, ends } => {
                let before = index.checked_sub(1).map_or(Some(0), |it| Some(ends.get(it)? + 1))?;
                text.as_bytes().get(before..*ends.get(index)?)
            }
        }
    }
}

impl Packed {
    /// The value of a column of a row, and its type.
    pub(super) fn cell(&self, row: usize, column: usize) -> Option<(&Type, &[u8])> {
        let column = self.columns.get(column)?;
        Some((&column.of, column.cells.get(row)?))
    }

    /// The last place in the chunk, of which each is above the one before and all above `after`.
    pub(super) fn check_order(&self, after: i64) -> Result<i64, StoreError> {
        let mut last = after;
        for row in 0..self.count {
            let seq = self.cell(row, SEQ).and_then(|(_, bytes)| bytes.try_into().ok());
            let seq = seq.map(i64::from_be_bytes).filter(|seq| *seq > last);
            last = seq.ok_or_else(|| StoreError("a chunk is out of its order".to_owned()))?;
        }
        Ok(last)
    }

    pub(super) fn column_name(&self, column: usize) -> Option<&str> {
        self.columns.get(column).map(|column| column.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(cells: &Cells) -> Vec<&[u8]> {
        (0..cells.count()).map(|index| cells.get(index).expect("a cell")).collect()
    }

    #[test]
    fn values_that_were_strung_together_are_taken_apart_again() {
        let even = Cells::even(&[1, 2, 3, 4, 5, 6], 3).expect("three of two");
        assert_eq!(all(&even), [[1, 2], [3, 4], [5, 6]]);
        assert!(even.get(3).is_none());
        let texts = Cells::texts("kim\n\nlee").expect("three");
        assert_eq!(all(&texts), [&b"kim"[..], b"", b"lee"]);
        assert!(texts.get(3).is_none());
        assert_eq!(all(&Cells::texts("alone").expect("one")), [b"alone"]);
    }

    #[test]
    fn a_column_whose_length_does_not_come_out_even_is_damaged() {
        assert!(Cells::even(&[1, 2, 3], 2).is_none());
        assert!(Cells::even(&[], 2).is_none());
        assert_eq!(Cells::texts("kim\nlee").expect("two").count(), 2, "and not three");
    }
}
