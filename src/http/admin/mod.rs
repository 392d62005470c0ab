//! What operators call, on the ops listener only: programs, rounds, and the log of what staff did.

pub mod draws;
mod house_figures;
pub mod live;
pub mod log;
pub mod notices;
mod order_form;
pub mod people;
pub mod programs;
pub mod purchases;
mod readings;
mod round_figures;
mod round_form;
pub mod rounds;
pub mod settlement;
pub mod stock;
pub mod suspensions;
mod wishes;

use super::body::check_text;
use openrun_core::Refusal;
use serde::Deserialize;
use utoipa::ToSchema;

/// Longest reason, in characters.
const REASON_MAX: usize = 500;

/// Why an operator does something.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// 1 to 500 characters; stands in the log.
    #[schema(min_length = 1, max_length = 500, example = "opens as announced")]
    reason: String,
}

impl Reason {
    fn checked(self) -> Result<String, Refusal> {
        check_text("reason", &self.reason, REASON_MAX)?;
        Ok(self.reason)
    }
}

/// The reason, if one is given; else none.
fn optional_reason(reason: Option<String>) -> Result<String, Refusal> {
    reason.map_or(Ok(String::new()), |reason| Reason { reason }.checked())
}
