//! `GET /v1/admin/rounds/{round}/settlement`: what a round came to, as a table for whoever settles
//! it with channels and issuer.
//!
//! Sums only: nobody's name, key, account or token is in it, so it needs no reason and stands in no
//! record of access. Whole or refused: a table that ends in the middle would be taken for all.

use crate::http::call::{Answer, Call};
use crate::http::reply::{self, NO_STORE};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use bytes::Bytes;
use openrun_core::settlement::{Settlement, Sums};
use openrun_core::{Refusal, RoundId};
use std::fmt::Write;

/// Settlements under way at once on a server: each takes a connection of the store and reads all
/// that a round has sold. The next one is told `overloaded`.
pub const SETTLEMENTS_MAX: usize = 2;

const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
/// Tells spreadsheets that the text is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// The columns. Names are part of the contract; new ones are added behind.
const HEADER: &str = "day,channel,window,purchases,amount_won,price_won,subsidy_won,cancels,\
    cancelled_won,cancelled_price_won,cancelled_subsidy_won";
/// The word in the first column of the last row.
const TOTAL: &str = "total";

/// What a round came to, by day, channel and window, as CSV
///
/// UTF-8 with a byte order mark; lines end in CR LF. A day is one of Asia/Seoul, and that on which
/// the money moved: a purchase counts on the day on which it was paid. The last row is `total`. The
/// table holds sums and nothing of anybody, so no reason is asked for. While a round still sells it
/// is what is durable so far.
#[utoipa::path(get, path = "/v1/admin/rounds/{round}/settlement", operation_id = "get_settlement",
    tag = "ops",
    responses((status = 200, description = "the table", body = String, content_type = "text/csv",
        headers(("Content-Disposition" = String)))))]
pub async fn show(call: Call) -> Answer {
    call.viewer()?;
    let (id, _) = call.round()?;
    let edge = call.edge();
    let _turn = edge.settlements.try_acquire().map_err(|_| Refusal::Overloaded)?;
    let settlement = edge.engine.settlement(&id).await?;
    let mut response = reply::bytes(StatusCode::OK, CSV, NO_STORE, table(&settlement));
    reply::put(&mut response, CONTENT_DISPOSITION, &file_name(&id));
    Ok(response)
}

fn file_name(id: &RoundId) -> String {
    format!("attachment; filename=\"settlement-{id}.csv\"")
}

/// Slugs, dates and whole numbers: nothing in it needs quotes, or could be a formula.
fn table(settlement: &Settlement) -> Bytes {
    let mut text = format!("{BYTE_ORDER_MARK}{HEADER}\r\n");
    for ((day, channel, window), sums) in settlement.rows() {
        let day = format!("{:04}-{:02}-{:02}", day.year, day.month, day.day);
        row(&mut text, &format!("{day},{channel},{window}"), sums);
    }
    row(&mut text, &format!("{TOTAL},,"), &settlement.total());
    Bytes::from(text)
}

fn row(text: &mut String, part: &str, sums: &Sums) {
    let Sums { purchases, amount, price, subsidy, .. } = sums;
    let Sums { cancels, cancelled, cancelled_price, cancelled_subsidy, .. } = sums;
    let sold = format!("{purchases},{},{},{}", amount.0, price.0, subsidy.0);
    let back = format!("{cancels},{},{},{}", cancelled.0, cancelled_price.0, cancelled_subsidy.0);
    // Writing into a string cannot fail.
    let _ = write!(text, "{part},{sold},{back}\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrun_core::settlement::Sold;
    use openrun_core::time::Date;
    use openrun_core::{ChannelId, Timestamp, WindowId, Won};

    #[test]
    fn a_settlement_is_a_row_a_part_and_a_total() {
        let mut settlement = Settlement::default();
        let day = Date::of(Timestamp(1_657_760_400_000));
        let channel = ChannelId::new("seoul-pay").expect("a slug");
        let part = (day, channel, WindowId::new("odd").expect("a slug"));
        let (amount, price, subsidy) = (Won(400_000), Won(372_000), Won(28_000));
        settlement.sell(Sold { part: part.clone(), purchases: 3, amount, price, subsidy });
        settlement.cancel(part, Won(10_000), (Won(9_300), Won(700)));
        let want = "\u{feff}day,channel,window,purchases,amount_won,price_won,subsidy_won,cancels,\
            cancelled_won,cancelled_price_won,cancelled_subsidy_won\r\n\
            2022-07-14,seoul-pay,odd,3,400000,372000,28000,1,10000,9300,700\r\n\
            total,,,3,400000,372000,28000,1,10000,9300,700\r\n";
        assert_eq!(table(&settlement), want);
    }
}
