//! One call to a rail: a request out, an answer back, within bounds of time and size.
//!
//! Follows no redirect, asks no proxy, repeats nothing. Whatever does not come back whole and in
//! time is [`Lost`], which says nothing about what the rail did.

use super::settings::{RailFault, RailSettings};
use openrun_core::payment::RailAnswer;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, RequestBuilder, Url, redirect, retry};
use std::time::Duration;

/// Longest body of an answer. An honest one has 200 bytes (a payment of Toss: 2 KiB); a longer one
/// is cut off unread, so that no rail fills this process's memory.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// How long a connection is kept for the next payment: longer than the pauses between two of a
/// slow sale, shorter than the minute after which most servers close an idle one.
const IDLE: Duration = Duration::from_secs(45);

/// Calls one rail.
pub(super) struct Exchange {
    client: Client,
    base: Url,
    timeout: Duration,
}

/// What came back, whole and in time.
pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Why there is no answer; for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Lost {
    #[error("not connected")]
    NotConnected,
    #[error("cut off")]
    CutOff,
    #[error("too late")]
    TooLate,
    #[error("too large")]
    TooLarge,
    #[error("not json")]
    NotJson,
    #[error("not signed")]
    NotSigned,
    #[error("not of the contract")]
    Garbled,
    #[error("about another order")]
    OtherOrder,
    #[error("an error of the rail")]
    RailError,
    #[error("an inquiry says otherwise")]
    NotConfirmed,
}

impl Exchange {
    pub fn new(settings: &RailSettings, base: Url) -> Result<Exchange, RailFault> {
        // Whoever was first in this process has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let timeout = Duration::from_millis(settings.timeout_ms);
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .https_only(base.scheme() == "https")
            .timeout(timeout)
            .connect_timeout(timeout)
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(settings.concurrency)
            .user_agent(concat!("openrun/", env!("CARGO_PKG_VERSION")));
        let client = client.build().map_err(|fault| RailFault::Client(fault.to_string()))?;
        Ok(Exchange { client, base, timeout })
    }

    /// A call to this path and query of the rail.
    pub fn call(&self, method: Method, target: &str) -> RequestBuilder {
        let url = self.base.join(target).expect("an absolute path fits behind any host");
        self.client.request(method, url)
    }

    /// Sends a call and reads its answer.
    pub async fn send(&self, call: RequestBuilder) -> Result<Answer, Lost> {
        let exchanged = tokio::time::timeout(self.timeout, exchange(call));
        exchanged.await.unwrap_or(Err(Lost::TooLate))
    }
}

async fn exchange(call: RequestBuilder) -> Result<Answer, Lost> {
    let mut response = call.send().await.map_err(|fault| sort(&fault))?;
    let is_long = |length: u64| length > ANSWER_BYTES_MAX as u64;
    if response.content_length().is_some_and(is_long) {
        return Err(Lost::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|fault| sort(&fault))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Lost::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    if !kind.trim().eq_ignore_ascii_case("application/json") {
        return Err(Lost::NotJson);
    }
    let status = response.status().as_u16();
    Ok(Answer { status, headers: response.headers().clone(), body })
}

fn sort(fault: &reqwest::Error) -> Lost {
    match fault {
        fault if fault.is_timeout() => Lost::TooLate,
        fault if fault.is_connect() => Lost::NotConnected,
        _ => Lost::CutOff,
    }
}

/// What a call comes to: without an answer, nothing.
pub(super) fn settle(call: &'static str, found: Result<RailAnswer, Lost>) -> RailAnswer {
    found.unwrap_or_else(|why| {
        // Not above debug: a rail that is down would write a line for each payment.
        tracing::debug!(call, %why, "the rail's answer says nothing");
        RailAnswer::Unknown
    })
}

/// What is left of an approval once an inquiry was made: both must name the same amount.
pub(super) fn confirmed(first: RailAnswer, second: RailAnswer) -> Result<RailAnswer, Lost> {
    if first == second { Ok(first) } else { Err(Lost::NotConfirmed) }
}
