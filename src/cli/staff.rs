//! `openrun round` and `openrun program`: the whole admin API from a shell.
//!
//! A command is one call (confirming stock looks first which ask waits), printed as people read it
//! or as the server said it (`--json`). Nothing here asks a question back; what is dangerous can be
//! tried with `--dry-run`, and held to what was looked at with `--if-version`.

mod desk;
mod people;
mod program;
mod round;
mod show;
mod stock;
mod table;
mod words;

pub(super) use people::People;
pub(super) use program::Program;
pub(super) use round::Round;
pub(super) use table::aligned;
pub(super) use words::{Here, Language};

use super::Fault;
use serde_json::{Map, Value};
use std::io::Read;
use std::path::Path;

/// Largest file that is sent: the server reads no larger body.
const FILE_BYTES_MAX: u64 = crate::http::body::BODY_MAX as u64;

/// The object in a file, or on standard input when it is called `-`.
fn object_in(path: &Path) -> Result<Map<String, Value>, Fault> {
    let failed =
        |cause: &dyn std::fmt::Display| Fault::failure(format!("{}: {cause}", path.display()));
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().take(FILE_BYTES_MAX + 1).read_to_string(&mut text),
        false => std::fs::File::open(path)
            .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)),
    };
    let length = read.map_err(|cause| failed(&cause))?;
    if length as u64 > FILE_BYTES_MAX {
        return Err(failed(&format!("the server reads {FILE_BYTES_MAX} bytes at most")));
    }
    let value: Value = serde_json::from_str(&text).map_err(|cause| failed(&cause))?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(failed(&"it is a JSON object: as `PUT` of the API takes it (see /docs)")),
    }
}

/// The object in a file, with a reason beside it when one is given.
fn body_in(path: &Path, reason: Option<&String>) -> Result<Value, Fault> {
    let mut fields = object_in(path)?;
    if let Some(reason) = reason {
        fields.insert("reason".to_owned(), Value::from(reason.clone()));
    }
    Ok(Value::Object(fields))
}

/// Runs one command to its end.
fn block_on<T>(asking: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    actix_web::rt::System::new().block_on(asking)
}
