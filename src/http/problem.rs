//! How an answer that says no is written: RFC 9457 `application/problem+json`.
//!
//! Words and statuses come from [`super::problem_table`], facts from the refusal itself. No body
//! carries a stack, a token, or another person's data.

use super::edge::Edge;
use super::language::Language;
use super::problem_table;
use super::reply;
use super::time::Moment;
use super::words::Slug;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use openrun_core::round::LifeCycle;
use openrun_core::{ChannelId, Refusal, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// Says that an answer is the one that this key got before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The media type of problems.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Longest `Retry-After`, in seconds: a client that waits longer than an hour asks again anyway.
const RETRY_AFTER_MAX_S: i64 = 3_600;

/// An answer that says no.
#[derive(Debug)]
pub struct Problem {
    refusal: Refusal,
    is_replay: bool,
    allow: Option<HeaderValue>,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem { refusal, is_replay: false, allow: None }
    }
}

impl Problem {
    /// The answer that this key got before.
    #[must_use]
    pub fn replayed(refusal: Refusal, is_replay: bool) -> Problem {
        Problem { refusal, is_replay, allow: None }
    }

    /// The path is there, the method is not; `allow` names those that are.
    #[must_use]
    pub fn method_not_allowed(allow: HeaderValue) -> Problem {
        let refusal = Refusal::MethodNotAllowed;
        Problem { refusal, is_replay: false, allow: Some(allow) }
    }

    /// The answer to `request`.
    #[must_use]
    pub fn respond(&self, edge: &Edge, request: &HttpRequest) -> HttpResponse {
        edge.refusals.count(&self.refusal);
        let entry = problem_table::of(self.refusal.code());
        let language = Language::of(request.headers());
        let body = Body::new(&self.refusal, entry, language);
        let mut response = reply::json_as(entry.status, PROBLEM_JSON, &body);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        if let Some(seconds) = retry_after_s(&self.refusal, edge.engine.now()) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.is_replay {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(allow) = &self.allow {
            headers.insert(header::ALLOW, allow.clone());
        }
        if self.refusal == Refusal::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The body of every answer that says no (RFC 9457), with the facts that its reader needs.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body<'a> {
    /// `urn:openrun:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:openrun:problem:sold-out")]
    kind: String,
    /// What it is, in the language of `Accept-Language` (Korean or English).
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What it means here.
    detail: &'a str,
    /// The stable code: what a program acts on.
    #[schema(example = "sold-out")]
    code: &'static str,
    #[serde(flatten)]
    facts: Facts,
}

impl<'a> Body<'a> {
    fn new(refusal: &'a Refusal, entry: &problem_table::Entry, language: Language) -> Self {
        let (title, detail) = match language {
            Language::English => entry.en,
            Language::Korean => entry.ko,
        };
        let detail = match refusal {
            Refusal::Malformed { detail } if !detail.is_empty() => detail,
            Refusal::Suspended { message, .. } if !message.en.is_empty() => {
                language.of_both(message)
            }
            _ => detail,
        };
        let kind = format!("urn:openrun:problem:{}", entry.code);
        let status = entry.status.as_u16();
        Body { kind, title, status, detail, code: entry.code, facts: Facts::of(refusal) }
    }
}

/// What a client needs to go on, by code.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Facts {
    /// `round-not-open`, `wrong-state`: the state of the round.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// `round-not-open`, `not-eligible`: when it opens for this person, if that is ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    opens_at: Option<Moment>,
    /// `suspended`: what is switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sign_up")]
    feature: Option<&'static str>,
    /// `suspended`: until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Moment>,
    /// `channel-not-allowed`: the channels that sell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Slug>>)]
    channels: Option<Vec<ChannelId>>,
    /// `not-yet`: how many people are ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead: Option<u64>,
    /// `invalid-amount`: amounts are multiples of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_won: Option<i64>,
    /// `invalid-amount`: the most that a person may buy in a month.
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_limit_won: Option<i64>,
    /// `monthly-limit-exceeded`: what may still be bought this month.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowance_won: Option<i64>,
    /// `holding-limit-exceeded`: what may still be held.
    #[serde(skip_serializing_if = "Option::is_none")]
    room_won: Option<i64>,
    /// `insufficient-stock`: what is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_won: Option<i64>,
}

impl Facts {
    fn of(refusal: &Refusal) -> Facts {
        let mut facts = Facts::default();
        match refusal {
            Refusal::InvalidAmount { unit_won, monthly_limit_won } => {
                facts.unit_won = unit_won.map(|won| won.0);
                facts.monthly_limit_won = monthly_limit_won.map(|won| won.0);
            }
            Refusal::RoundNotOpen { state, opens_at } => {
                facts.state = Some(state.word());
                facts.opens_at = opens_at.map(Moment);
            }
            Refusal::WrongState { state } => facts.state = Some(state.word()),
            Refusal::NotEligible { opens_at } => facts.opens_at = opens_at.map(Moment),
            Refusal::Suspended { feature, until, .. } => {
                facts.feature = Some(feature.word());
                facts.until = Some(Moment(*until));
            }
            Refusal::ChannelNotAllowed { channels } => facts.channels = Some(channels.clone()),
            Refusal::NotYet { ahead } => facts.ahead = Some(*ahead),
            Refusal::MonthlyLimitExceeded { allowance_won } => {
                facts.allowance_won = Some(allowance_won.0);
            }
            Refusal::HoldingLimitExceeded { room_won } => facts.room_won = Some(room_won.0),
            Refusal::InsufficientStock { remaining_won } => {
                facts.remaining_won = Some(remaining_won.0);
            }
            _ => {}
        }
        facts
    }
}

/// After how many seconds the same request may succeed, with jitter, so that a crowd does not come
/// back as one.
pub(super) fn retry_after_s(refusal: &Refusal, now: Timestamp) -> Option<i64> {
    if !refusal.may_pass_later() {
        return None;
    }
    let spread = |from: i64, to: i64| reply::jitter(from, to);
    let until = |opens_at: Timestamp| {
        let seconds = (opens_at.millis_since(now).max(0) / 1_000).min(RETRY_AFTER_MAX_S);
        seconds + spread(1, 5)
    };
    match refusal {
        Refusal::RoundNotOpen { state: LifeCycle::Closed, .. } => None,
        Refusal::RoundNotOpen { opens_at: Some(at), .. }
        | Refusal::NotEligible { opens_at: Some(at) } => Some(until(*at)),
        Refusal::RoundNotOpen { .. } => Some(spread(5, 20)),
        // Everybody who was kept away comes back: over a minute, not in one second.
        Refusal::Suspended { by_load: true, .. } => Some(spread(20, 60)),
        Refusal::Suspended { until: end, .. } => Some(until(*end) + spread(0, 60)),
        Refusal::NotYet { .. } => Some(spread(2, 6)),
        _ => Some(spread(1, 4)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrun_core::Won;

    #[test]
    fn a_problem_carries_its_code_and_the_facts_of_the_refusal() {
        check(
            &Refusal::InsufficientStock { remaining_won: Won(30_000) },
            r#"{"type":"urn:openrun:problem:insufficient-stock","title":"Less is left","status":409,
                "detail":"less is left than was asked for","code":"insufficient-stock",
                "remaining_won":30000}"#,
        );
        check(
            &Refusal::RoundNotOpen {
                state: LifeCycle::Scheduled,
                opens_at: Some(Timestamp(1_657_760_400_000)),
            },
            r#"{"type":"urn:openrun:problem:round-not-open","title":"Not on sale now","status":409,
                "detail":"the round is not selling at this moment","code":"round-not-open",
                "state":"scheduled","opens_at":"2022-07-14T10:00:00+09:00"}"#,
        );
    }

    fn check(refusal: &Refusal, want: &str) {
        let entry = problem_table::of(refusal.code());
        let body = serde_json::to_value(Body::new(refusal, entry, Language::English)).unwrap();
        assert_eq!(body, serde_json::from_str::<serde_json::Value>(want).unwrap());
    }

    #[test]
    fn only_what_may_pass_later_says_when() {
        for refusal in Refusal::one_of_each() {
            let seconds = retry_after_s(&refusal, Timestamp(0));
            assert_eq!(seconds.is_some(), refusal.may_pass_later(), "{refusal:?}");
            assert!(seconds.is_none_or(|seconds| seconds >= 1));
        }
        let closed = Refusal::RoundNotOpen { state: LifeCycle::Closed, opens_at: None };
        assert_eq!(retry_after_s(&closed, Timestamp(0)), None);
        let ahead = Refusal::NotEligible { opens_at: Some(Timestamp(60_000)) };
        let seconds = retry_after_s(&ahead, Timestamp(0)).expect("it opens");
        assert!((61..=65).contains(&seconds), "{seconds}");
    }
}
