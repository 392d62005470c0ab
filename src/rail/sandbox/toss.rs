//! The face in the style of Toss Payments: enough of it to try the adapter on.
//!
//! Basic authentication with the shared secret, no signatures. As with the original, a cancel of
//! an order that is not there bars nothing.

use super::Rail;
use super::book::{Said, State, View};
use super::contract::{garble, redirect};
use super::counter::{Call, Outcome};
use super::desk::Done;
use super::wire::{Reply, Request};
use crate::http::body::parse;
use crate::http::time::Moment;
use crate::rail::toss::{CONFIRM, Cancel, Confirm, Payment, Status, TossError, payment_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use openrun_core::{PurchaseId, Won};

/// What a caller with this secret shows.
pub(super) fn basic(secret: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{secret}:")))
}

/// Answers a call in the style of Toss.
pub(super) async fn answer(rail: &Rail, request: &Request) -> Reply {
    let shown = request.header("authorization").unwrap_or_default();
    if !crate::rail::sign::RailKey::is_same(&rail.basic, shown) {
        return error(401, "UNAUTHORIZED_KEY");
    }
    let Some(call) = read(rail, request) else { return error(400, "INVALID_REQUEST") };
    let (order, asked) = (call.order(), call.clone());
    match rail.counter.take(call).await {
        Outcome::Answer(done) => render(&asked, done),
        Outcome::Garbled(done, which) => match render(&asked, done) {
            Reply::Answer { status, body, .. } => garble(which, status, &body, order, Reply::json),
            other => other,
        },
        Outcome::Failed => error(500, "FAILED_INTERNAL_SYSTEM_PROCESSING"),
        Outcome::Busy => error(503, "PROVIDER_ERROR"),
        Outcome::Redirect => redirect(),
        Outcome::Close => Reply::Close,
    }
}

fn read(rail: &Rail, request: &Request) -> Option<Call> {
    let (path, _) = request.path();
    let method = request.method.as_str();
    if (method, path) == ("POST", CONFIRM) {
        let Confirm { payment_key: key, order_id: order, amount } = parse(&request.body).ok()?;
        let mut date = Moment(rail.clock.now()).to_string();
        date.truncate(10);
        let fits = key == payment_key(order) && (Won(1)..=Won::MAX_REQUEST).contains(&amount);
        return fits.then_some(Call::Authorise { order, date, amount });
    }
    if let Some(order) = path.strip_prefix("/v1/payments/orders/") {
        let order = PurchaseId::try_from(order.to_owned()).ok()?;
        return (method == "GET").then_some(Call::Inquire { order, date: None });
    }
    let key = path.strip_prefix("/v1/payments/")?.strip_suffix("/cancel")?;
    let order = PurchaseId::try_from(key.strip_prefix("openrun")?.to_owned()).ok()?;
    let cancel: Cancel = parse(&request.body).ok()?;
    match cancel.cancel_amount.filter(|_| method == "POST") {
        None => (method == "POST").then_some(Call::Cancel { order, bar_on: None }),
        Some(amount) => {
            let refund = request.header("idempotency-key")?.to_owned();
            let refund = PurchaseId::try_from(refund).ok()?;
            Some(Call::Refund { order, date: None, refund, amount })
        }
    }
}

fn render(asked: &Call, done: Done) -> Reply {
    match (asked, done.said) {
        (Call::Authorise { .. }, Said::Order(view)) if view.state == State::Declined => {
            error(403, "REJECT_CARD_PAYMENT")
        }
        (Call::Authorise { .. }, Said::Order(view)) if view.state == State::Late => {
            error(409, "IDEMPOTENT_REQUEST_PROCESSING")
        }
        (Call::Cancel { .. }, Said::Order(view)) if view.state == State::Declined => {
            error(403, "NOT_CANCELABLE_PAYMENT")
        }
        (Call::Cancel { .. }, Said::Order(_)) if !done.wrote => {
            error(400, "ALREADY_CANCELED_PAYMENT")
        }
        (_, Said::Order(view)) => payment(view),
        (_, Said::Refunded { order, remaining, amount, .. }) => {
            let state = State::Approved;
            let captured = remaining.plus(amount);
            payment(View { order, state, captured, refunded: amount })
        }
        (_, Said::NoSuchOrder) => error(404, "NOT_FOUND_PAYMENT"),
        (_, Said::Differs) => error(400, "ALREADY_PROCESSED_PAYMENT"),
        (_, Said::RefundRefused) => error(403, "NOT_CANCELABLE_AMOUNT"),
    }
}

fn payment(View { order, state, captured, refunded }: View) -> Reply {
    let is_whole = refunded == Won::ZERO;
    let left = captured.minus(refunded);
    let (status, total_amount, balance_amount) = match state {
        State::Approved if is_whole => (Status::Done, captured, captured),
        State::Approved if left > Won::ZERO => (Status::PartialCanceled, captured, left),
        State::Approved | State::Cancelled => (Status::Canceled, captured, Won::ZERO),
        State::Declined => (Status::Aborted, Won::ZERO, Won::ZERO),
        State::Late => (Status::InProgress, Won::ZERO, Won::ZERO),
    };
    let payment = Payment {
        payment_key: payment_key(order),
        order_id: order,
        status,
        currency: "KRW".to_owned(),
        total_amount,
        balance_amount,
    };
    let mut payment = serde_json::to_value(payment).expect("strings and numbers are JSON");
    // What an adapter must let be.
    payment["mId"] = "sandbox".into();
    payment["version"] = "2022-11-16".into();
    Reply::json(200, payment.to_string())
}

fn error(status: u16, code: &str) -> Reply {
    let message = "the sandbox rail says so".to_owned();
    let error = TossError { code: code.to_owned(), message };
    Reply::json(status, serde_json::to_vec(&error).expect("strings are JSON"))
}
