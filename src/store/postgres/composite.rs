//! Rows as composite values of PostgreSQL, in its binary form: how many fields, then for each its
//! type, its length and its bytes.
//!
//! One array of rows is one value of a statement, so a table takes one parameter however many
//! columns it has, and the server unpacks it once. What a statement is given is written to the log
//! of the library at its lowest level: values of ours never show what they hold.

use bytes::{BufMut, BytesMut};
use std::error::Error;
use std::fmt;
use tokio_postgres::types::{Field, IsNull, Kind, ToSql, Type, to_sql_checked};

/// A row that knows its fields in their order.
pub(super) trait Composite {
    fn put(&self, fields: &mut Fields<'_>) -> Result<(), Misfitting>;
}

/// The store has another type than this program: it was migrated by another one.
#[derive(Debug, thiserror::Error)]
#[error("the store has another shape than this program")]
pub(super) struct Misfitting;

/// An array of rows as a parameter.
pub(super) struct RowArray<'r, T>(pub(super) &'r [T]);

/// Says how many, and nothing of what they hold.
impl<T> fmt::Debug for RowArray<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} rows)", self.0.len())
    }
}

impl<T: Composite> ToSql for RowArray<'_, T> {
    fn to_sql(
        &self,
        array: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Kind::Array(row) = array.kind() else { return Err(Misfitting.into()) };
        let Kind::Composite(types) = row.kind() else { return Err(Misfitting.into()) };
        let count = i32::try_from(self.0.len())?;
        // Dimensions, no nulls, the type of the members, how many, counted from 1.
        for number in [i32::from(count > 0), 0] {
            out.put_i32(number);
        }
        out.put_u32(row.oid());
        if count > 0 {
            out.put_i32(count);
            out.put_i32(1);
        }
        for item in self.0 {
            put_sized(out, |out| put_row(item, types, out))?;
        }
        Ok(IsNull::No)
    }

    fn accepts(array: &Type) -> bool {
        matches!(array.kind(), Kind::Array(row) if matches!(row.kind(), Kind::Composite(_)))
    }

    to_sql_checked!();
}

fn put_row(item: &impl Composite, types: &[Field], out: &mut BytesMut) -> Result<(), Misfitting> {
    out.put_i32(i32::try_from(types.len()).map_err(|_| Misfitting)?);
    let mut fields = Fields { types: types.iter(), out };
    item.put(&mut fields)?;
    if fields.types.next().is_some() { Err(Misfitting) } else { Ok(()) }
}

/// Puts a length, and behind it what has that length.
fn put_sized(
    out: &mut BytesMut,
    put: impl FnOnce(&mut BytesMut) -> Result<(), Misfitting>,
) -> Result<(), Misfitting> {
    let start = out.len();
    out.put_i32(0);
    put(out)?;
    let length = i32::try_from(out.len() - start - 4).map_err(|_| Misfitting)?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// The fields of a row that are still to be written.
pub(super) struct Fields<'o> {
    types: std::slice::Iter<'o, Field>,
    out: &'o mut BytesMut,
}

impl Fields<'_> {
    pub(super) fn bigint(&mut self, value: i64) -> Result<(), Misfitting> {
        self.field(&Type::INT8, Some(&value.to_be_bytes()))
    }

    pub(super) fn optional_bigint(&mut self, value: Option<i64>) -> Result<(), Misfitting> {
        self.field(&Type::INT8, value.map(i64::to_be_bytes).as_ref().map(|bytes| &bytes[..]))
    }

    pub(super) fn integer(&mut self, value: Option<i32>) -> Result<(), Misfitting> {
        self.field(&Type::INT4, value.map(i32::to_be_bytes).as_ref().map(|bytes| &bytes[..]))
    }

    pub(super) fn smallint(&mut self, value: i16) -> Result<(), Misfitting> {
        self.field(&Type::INT2, Some(&value.to_be_bytes()))
    }

    pub(super) fn bytes(&mut self, value: &[u8]) -> Result<(), Misfitting> {
        self.field(&Type::BYTEA, Some(value))
    }

    pub(super) fn boolean(&mut self, value: bool) -> Result<(), Misfitting> {
        self.field(&Type::BOOL, Some(&[u8::from(value)]))
    }

    pub(super) fn text(&mut self, value: &str) -> Result<(), Misfitting> {
        self.field(&Type::TEXT, Some(value.as_bytes()))
    }

    pub(super) fn optional_text(&mut self, value: Option<&str>) -> Result<(), Misfitting> {
        self.field(&Type::TEXT, value.map(str::as_bytes))
    }

    pub(super) fn optional_bytes(&mut self, value: Option<&[u8]>) -> Result<(), Misfitting> {
        self.field(&Type::BYTEA, value)
    }

    pub(super) fn json(&mut self, value: &str) -> Result<(), Misfitting> {
        self.field(&Type::JSON, Some(value.as_bytes()))
    }

    fn field(&mut self, wanted: &Type, value: Option<&[u8]>) -> Result<(), Misfitting> {
        let field = self.types.next().filter(|field| field.type_() == wanted);
        self.out.put_u32(field.ok_or(Misfitting)?.type_().oid());
        match value {
            Some(bytes) => {
                self.out.put_i32(i32::try_from(bytes.len()).map_err(|_| Misfitting)?);
                self.out.put_slice(bytes);
            }
            // A length of -1 stands for none.
            None => self.out.put_i32(-1),
        }
        Ok(())
    }
}

/// Bytes as a parameter: of a person or a hash, which no log may show.
pub(super) struct Hidden<B>(pub(super) B);

impl<B: AsRef<[u8]>> fmt::Debug for Hidden<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} bytes)", self.0.as_ref().len())
    }
}

impl<B: AsRef<[u8]>> ToSql for Hidden<B> {
    fn to_sql(
        &self,
        wanted: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.as_ref().to_sql(wanted, out)
    }

    fn accepts(wanted: &Type) -> bool {
        *wanted == Type::BYTEA
    }

    to_sql_checked!();
}
