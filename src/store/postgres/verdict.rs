//! The one question that matters of a commit that failed: can the rows be there?
//!
//! * Never handed over: certainly not.
//! * The server answered the one statement with an error of its own: it was rolled back. That holds
//!   for the classes of errors listed here; any other error, and one that ends the session, may
//!   have come after the commit.
//! * Lost, silent beyond the deadline, or answered with a warning: nobody knows. A wait for a
//!   standby that was cancelled looks like success but for its warning.

use super::connect::Failure;
use super::fault::{in_words, said_in_words};
use openrun_actors::store::CommitError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity};

/// Classes of SQLSTATE that a statement is refused with, before or instead of its commit.
const REFUSALS: [&str; 16] = [
    "0A", // not supported
    "20", // case not found
    "21", // cardinality
    "22", // the data
    "23", // a constraint
    "25", // a read-only server
    "26", // a statement that is not there
    "28", // not authorised
    "2F", // a function failed
    "38", // likewise
    "39", // likewise
    "40", // deadlock or serialization
    "42", // a name or right that is missing
    "53", // disk full, out of memory
    "54", // a limit of the server
    "P0", // raised on purpose
];
/// Of a class that is listed, and unknown all the same: the connection was lost in a commit.
const COMPLETION_UNKNOWN: &str = "40003";
/// Of a class that is not listed, and refused all the same: a lock that was waited for too long.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What a commit that failed comes to.
pub(super) fn of_failure(failure: &Failure) -> CommitError {
    match failure {
        Failure::NotSent(cause) => CommitError::NotWritten(cause.clone()),
        Failure::Lost(cause) => CommitError::Unknown(cause.clone()),
        Failure::Said(error) if is_refusal(error) => CommitError::NotWritten(in_words(error)),
        Failure::Said(error) => CommitError::Unknown(in_words(error)),
    }
}

/// What a commit that succeeded comes to after these warnings.
pub(super) fn of_warnings(warnings: &[DbError]) -> Result<(), CommitError> {
    match warnings.first() {
        Some(warning) => Err(CommitError::Unknown(said_in_words(warning))),
        None => Ok(()),
    }
}

/// Whether the server certainly rolled the statement back.
fn is_refusal(error: &Error) -> bool {
    error.as_db_error().is_some_and(|said| {
        // An older server does not say the severity in a way that can be parsed: then it counts as
        // the end of the session.
        let is_error = said.parsed_severity() == Some(Severity::Error);
        is_error && is_refusal_code(said.code().code())
    })
}

fn is_refusal_code(code: &str) -> bool {
    let is_listed = code.get(..2).is_some_and(|class| REFUSALS.contains(&class));
    (is_listed && code != COMPLETION_UNKNOWN) || code == LOCK_NOT_AVAILABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_whether_the_rows_can_be_there() {
        let refused = ["23505", "23514", "22003", "40001", "40P01", "53100", "53200", "54000"];
        let refused = refused.iter().chain(&["25006", "42501", "42883", "0A000", "55P03", "P0001"]);
        for code in refused {
            assert!(is_refusal_code(code), "{code} was rolled back");
        }
        // Cancelled, shut down, crashed, lost, a disk that fails, a fault of the server.
        let unknown = ["57014", "57P01", "57P02", "08006", "08003", "40003", "58030", "XX000"];
        for code in unknown.iter().chain(&["55000", "01000", "00000", ""]) {
            assert!(!is_refusal_code(code), "{code} says nothing");
        }
    }

    #[test]
    fn a_connection_that_broke_is_sorted_by_when() {
        let cause = || "reset".to_owned();
        let before = of_failure(&Failure::NotSent(cause()));
        let after = of_failure(&Failure::Lost(cause()));
        assert_eq!(before, CommitError::NotWritten(cause()));
        assert_eq!(after, CommitError::Unknown(cause()));
    }
}
