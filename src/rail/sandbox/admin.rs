//! The admin face: the ledger to compare with, and the faults to change. No password: a sandbox.

use super::wire::{Reply, Request};
use super::{Modes, Rail};

const HELP: &str = "\
GET /ledger           totals as JSON: captured, cancelled, refunded, net
GET /ledger/orders    every order as a line of JSON
GET /modes            the faults of now
PUT /modes            other faults, as text: decline=5,drop_answer=1,latency=50
";

/// Answers an operator.
pub(super) async fn answer(rail: &Rail, request: &Request) -> Reply {
    let closed = || Reply::text(503, "the ledger cannot be written; see the log\n");
    match (request.method.as_str(), request.path().0) {
        ("GET", "/") => Reply::text(200, HELP),
        ("GET", "/ledger") => match rail.counter.desk.totals().await {
            Some(totals) => {
                let text = serde_json::to_string(&totals).expect("numbers are JSON");
                Reply::json(200, text + "\n")
            }
            None => closed(),
        },
        ("GET", "/ledger/orders") => match rail.counter.desk.lines().await {
            Some(lines) => {
                let (kind, headers) = ("application/jsonl", Vec::new());
                Reply::Answer { status: 200, kind, headers, body: lines.into_bytes() }
            }
            None => closed(),
        },
        ("GET", "/modes") => Reply::text(200, format!("{}\n", rail.counter.modes())),
        ("PUT", "/modes") => match String::from_utf8_lossy(&request.body).parse::<Modes>() {
            Ok(modes) => {
                let text = format!("{modes}\n");
                rail.counter.change_modes(modes);
                Reply::text(200, text)
            }
            Err(fault) => Reply::text(422, format!("{fault}\n")),
        },
        (_, "/" | "/ledger" | "/ledger/orders" | "/modes") => Reply::text(405, HELP),
        _ => Reply::text(404, HELP),
    }
}
