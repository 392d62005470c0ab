//! The face of the signed JSON contract (`docs/rail.md`).
//!
//! Checks signature and window of every request, and signs every answer. Reads nothing of an
//! unsigned request but its size.

use super::Rail;
use super::book::{Said, State, View};
use super::counter::{Call, Outcome};
use super::wire::{Reply, Request};
use crate::http::body::parse;
use crate::rail::http::{
    AUTHORISATIONS, CodeAnswer, NO_SUCH_ORDER, OrderAnswer, OrderStatus, REFUND_REFUSED,
    RefundAnswer, RefundRequest,
};
use crate::rail::request::OrderRequest;
use crate::rail::sign::{self, RailKey};
use openrun_core::{PurchaseId, Won};
use serde::Serialize;

/// The code of an order id that was used with another amount or date.
const ORDER_DIFFERS: &str = "order-differs";

/// Answers a call of the contract.
pub(super) async fn answer(rail: &Rail, request: &Request) -> Reply {
    let Some(signature) = signature(rail, request) else {
        return Reply::json(401, "{\"code\":\"not-signed\"}");
    };
    let seal = |status: u16, body: Vec<u8>| seal(&rail.key, &signature, status, body);
    let Some(call) = read(request) else {
        return seal(422, b"{\"code\":\"malformed\"}".to_vec());
    };
    let order = call.order();
    match rail.counter.take(call).await {
        Outcome::Answer(done) => {
            let (status, body) = render(order, done.said);
            seal(status, body)
        }
        Outcome::Garbled(done, which) => {
            let (status, body) = render(order, done.said);
            garble(which, status, &body, order, seal)
        }
        Outcome::Failed => Reply::json(500, "{\"code\":\"out-of-order\"}"),
        Outcome::Busy => Reply::json(503, "{\"code\":\"busy\"}"),
        Outcome::Redirect => redirect(),
        Outcome::Close => Reply::Close,
    }
}

/// A redirect to where the answer would be believed, if anybody followed.
pub(super) fn redirect() -> Reply {
    let headers = vec![("location", "/ledger".to_owned())];
    Reply::Answer { status: 307, kind: "application/json", headers, body: b"{}".to_vec() }
}

/// The signature of a request, if it is ours and of now.
fn signature(rail: &Rail, request: &Request) -> Option<String> {
    let at = sign::timely(request.header(sign::TIMESTAMP)?, rail.clock.now())?;
    let wanted = rail.key.sign_request(&request.method, &request.target, at, &request.body);
    RailKey::is_same(&wanted, request.header(sign::SIGNATURE)?).then_some(wanted)
}

fn seal(key: &RailKey, request: &str, status: u16, body: Vec<u8>) -> Reply {
    let headers = vec![(sign::SIGNATURE, key.sign_answer(request, status, &body))];
    Reply::Answer { status, kind: "application/json", headers, body }
}

fn read(request: &Request) -> Option<Call> {
    let (path, query) = request.path();
    let method = request.method.as_str();
    if (method, path, query) == ("POST", AUTHORISATIONS, "") {
        let asked = OrderRequest::read(std::str::from_utf8(&request.body).ok()?)?;
        let (order, date, amount) = (asked.order_id, asked.date(), asked.amount_won);
        let fits = (Won(1)..=Won::MAX_REQUEST).contains(&amount);
        return fits.then_some(Call::Authorise { order, date, amount });
    }
    let rest = path.strip_prefix("/v1/orders/")?;
    let (order, action) = rest.split_once('/').unwrap_or((rest, ""));
    let order = PurchaseId::try_from(order.to_owned()).ok()?;
    let date = query.strip_prefix("date=").filter(|date| date.len() == 10)?.to_owned();
    match (method, action) {
        ("GET", "") => Some(Call::Inquire { order, date: Some(date) }),
        ("POST", "cancel") => Some(Call::Cancel { order, bar_on: Some(date) }),
        ("POST", "refunds") => {
            let asked: RefundRequest = parse(&request.body).ok()?;
            let (refund, amount) = (asked.refund_id, asked.amount_won);
            Some(Call::Refund { order, date: Some(date), refund, amount })
        }
        _ => None,
    }
}

/// Status and body of what the book says.
fn render(order_id: PurchaseId, said: Said) -> (u16, Vec<u8>) {
    let code = |status, code: &str| (status, json(&CodeAnswer { order_id, code: code.to_owned() }));
    match said {
        Said::Order(view) => render_order(view),
        Said::NoSuchOrder => code(404, NO_SUCH_ORDER),
        Said::Differs => code(409, ORDER_DIFFERS),
        Said::RefundRefused => code(409, REFUND_REFUSED),
        Said::Refunded { order, refund, amount, remaining } => {
            let answer = RefundAnswer {
                order_id: order,
                refund_id: refund,
                amount_won: amount,
                remaining_won: remaining,
            };
            (200, json(&answer))
        }
    }
}

fn render_order(View { order, state, captured, refunded }: View) -> (u16, Vec<u8>) {
    let (http, status, amount_won) = match state {
        State::Approved => (200, OrderStatus::Approved, captured),
        State::Cancelled => (200, OrderStatus::Cancelled, captured),
        State::Declined => (402, OrderStatus::Declined, Won::ZERO),
        State::Late => (200, OrderStatus::Pending, Won::ZERO),
    };
    (http, json(&OrderAnswer { order_id: order, status, amount_won, refunded_won: refunded }))
}

fn json(answer: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).expect("strings and numbers are JSON")
}

/// An answer gone wrong, in one of [`super::counter::GARBLES`] ways; what a rail does by mistake
/// it also signs.
pub(super) fn garble(
    which: u64,
    status: u16,
    body: &[u8],
    order: PurchaseId,
    seal: impl Fn(u16, Vec<u8>) -> Reply,
) -> Reply {
    let text = String::from_utf8_lossy(body);
    match which {
        // Half the JSON.
        0 => seal(status, body[..body.len() / 2].to_vec()),
        // Cut off in the middle.
        1 => {
            let bytes = seal(status, body.to_vec()).bytes();
            Reply::Raw(bytes[..bytes.len() - body.len() / 2].to_vec())
        }
        // About another order.
        2 => {
            let other = PurchaseId(order.0 ^ 1);
            seal(status, text.replace(&String::from(order), &String::from(other)).into_bytes())
        }
        // Far too much of it.
        3 => seal(status, [body, " ".repeat(64 * 1024).as_bytes()].concat()),
        // Somebody else's page.
        4 => Reply::Answer {
            status: 200,
            kind: "text/html",
            headers: Vec::new(),
            body: b"<html><body>Welcome</body></html>".to_vec(),
        },
        // Every field twice.
        5 => seal(
            status,
            text.replacen('{', &(text.trim_end_matches('}').to_owned() + ","), 1).into(),
        ),
        // No HTTP at all.
        _ => Reply::Raw(b"\x00\x01 0200 B220000102C04804".to_vec()),
    }
}
