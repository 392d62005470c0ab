//! The calls of the public API that people make: how each is written and what its answer says.
//!
//! Requests are written straight into a connection's buffer; answers borrow from it. Only the
//! fields that the crowd acts on are read.

use std::borrow::Cow;
use std::io::Write;

use serde::Deserialize;

/// What a person asks of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    SignUp,
    Join,
    /// Where am I?
    Ask,
    Leave,
    Claim,
    Buy,
    /// The same purchase again with the same key, after its answer.
    Repeat,
    /// What became of a purchase that was answered 202?
    Settle,
}

impl Call {
    pub const ALL: [Self; 8] = [
        Self::SignUp,
        Self::Join,
        Self::Ask,
        Self::Leave,
        Self::Claim,
        Self::Buy,
        Self::Repeat,
        Self::Settle,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::Join => "join",
            Self::Ask => "where am I",
            Self::Leave => "leave",
            Self::Claim => "claim",
            Self::Buy => "purchase",
            Self::Repeat => "purchase again",
            Self::Settle => "settle",
        }
    }
}

/// Everything that a request of a person may carry.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Carried<'a> {
    pub host: &'a str,
    pub round: &'a str,
    pub token: &'a str,
    pub ticket: &'a str,
    pub pass: &'a str,
    pub key: &'a str,
    pub amount_won: u64,
    pub purchase: &'a str,
    pub account: u64,
    /// Whether a teller is paid: no pass is shown.
    pub is_cash: bool,
}

/// Writes a call into a connection's buffer.
pub(crate) fn write_call(call: Call, with: &Carried<'_>, out: &mut Vec<u8>) {
    out.clear();
    let Carried { host, round, token, ticket, pass, key, amount_won, purchase, account, is_cash } =
        with;
    // Writing into a vector cannot fail.
    let _ = match call {
        Call::SignUp => {
            write!(out, "POST /v1/people HTTP/1.1\r\nhost: {host}\r\n")
        }
        Call::Join => write!(out, "POST /v1/rounds/{round}/tickets HTTP/1.1\r\nhost: {host}\r\n"),
        Call::Ask => write!(out, "GET /v1/rounds/{round}/tickets/me HTTP/1.1\r\nhost: {host}\r\n"),
        Call::Leave => {
            write!(out, "DELETE /v1/rounds/{round}/tickets/me HTTP/1.1\r\nhost: {host}\r\n")
        }
        Call::Claim => write!(out, "POST /v1/rounds/{round}/passes HTTP/1.1\r\nhost: {host}\r\n"),
        Call::Buy | Call::Repeat if *is_cash => write!(
            out,
            "POST /v1/rounds/{round}/purchases HTTP/1.1\r\nhost: {host}\r\n\
             idempotency-key: {key}\r\n"
        ),
        Call::Buy | Call::Repeat => write!(
            out,
            "POST /v1/rounds/{round}/purchases HTTP/1.1\r\nhost: {host}\r\n\
             openrun-pass: {pass}\r\nidempotency-key: {key}\r\n"
        ),
        Call::Settle => write!(out, "GET /v1/purchases/{purchase} HTTP/1.1\r\nhost: {host}\r\n"),
    };
    if matches!(call, Call::Ask | Call::Leave | Call::Claim) {
        let _ = write!(out, "openrun-ticket: {ticket}\r\n");
    } else {
        let _ = write!(out, "authorization: Bearer {token}\r\n");
    }
    let mut body = [0_u8; 96];
    let mut rest = &mut body[..];
    let _ = match call {
        Call::SignUp => write!(rest, r#"{{"accepted_terms":true,"account":"110-{account:09}"}}"#),
        Call::Buy | Call::Repeat => {
            let method = if *is_cash { "cash" } else { "account" };
            write!(rest, r#"{{"amount_won":{amount_won},"payment":{{"method":"{method}"}}}}"#)
        }
        _ => Ok(()),
    };
    let left = rest.len();
    let written = body.len() - left;
    let _ = match call {
        Call::Ask | Call::Settle | Call::Leave => write!(out, "\r\n"),
        _ if written == 0 => write!(out, "content-length: 0\r\n\r\n"),
        _ => write!(out, "content-type: application/json\r\ncontent-length: {written}\r\n\r\n"),
    };
    out.extend_from_slice(&body[..written]);
}

/// Join, where-am-I and claim.
#[derive(Debug, Deserialize)]
pub(crate) struct TicketAnswer<'a> {
    #[serde(borrow, default)]
    pub ticket: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub state: Cow<'a, str>,
    #[serde(default)]
    pub number: Option<u64>,
    #[serde(borrow, default)]
    pub class: Option<Cow<'a, str>>,
    #[serde(default)]
    pub watermark: Option<u64>,
    #[serde(borrow, default)]
    pub pass: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub opens_at: Option<Cow<'a, str>>,
}

/// A purchase, once it is made.
#[derive(Debug, Deserialize)]
pub(super) struct PurchaseAnswer<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    #[serde(borrow)]
    pub state: Cow<'a, str>,
    pub amount_won: u64,
}

/// A refusal, with the facts that a person acts on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Problem<'a> {
    #[serde(borrow)]
    pub code: Cow<'a, str>,
    #[serde(borrow)]
    pub state: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub opens_at: Option<Cow<'a, str>>,
    pub remaining_won: Option<u64>,
    pub allowance_won: Option<u64>,
    pub room_won: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_written_as_the_contract_says() {
        let with = Carried {
            host: "h",
            round: "r",
            token: "T",
            ticket: "K",
            pass: "P",
            key: "k1",
            amount_won: 300_000,
            purchase: "p",
            account: 7,
            is_cash: false,
        };
        let at_counter = Carried { is_cash: true, ..with };
        let check_with = |call: Call, with: &Carried<'_>, want: &str| {
            let mut out = Vec::new();
            write_call(call, with, &mut out);
            assert_eq!(String::from_utf8(out).unwrap().replace("\r\n", "|"), want);
        };
        let check = |call: Call, want: &str| check_with(call, &with, want);
        check_with(
            Call::Buy,
            &at_counter,
            "POST /v1/rounds/r/purchases HTTP/1.1|host: h|idempotency-key: k1|\
             authorization: Bearer T|content-type: application/json|content-length: 49||\
             {\"amount_won\":300000,\"payment\":{\"method\":\"cash\"}}",
        );
        check(
            Call::Join,
            "POST /v1/rounds/r/tickets HTTP/1.1|host: h|\
             authorization: Bearer T|content-length: 0||",
        );
        check(Call::Ask, "GET /v1/rounds/r/tickets/me HTTP/1.1|host: h|openrun-ticket: K||");
        check(
            Call::Claim,
            "POST /v1/rounds/r/passes HTTP/1.1|host: h|openrun-ticket: K|content-length: 0||",
        );
        check(
            Call::Buy,
            "POST /v1/rounds/r/purchases HTTP/1.1|host: h|openrun-pass: P|idempotency-key: k1|\
             authorization: Bearer T|content-type: application/json|content-length: 52||\
             {\"amount_won\":300000,\"payment\":{\"method\":\"account\"}}",
        );
        check(
            Call::SignUp,
            "POST /v1/people HTTP/1.1|host: h|authorization: Bearer T|\
             content-type: application/json|content-length: 49||\
             {\"accepted_terms\":true,\"account\":\"110-000000007\"}",
        );
    }
}
