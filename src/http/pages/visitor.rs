//! What a page without scripts keeps in the browser, and whether a form came from a page of ours.
//!
//! Cookies that no script reads: the token of the person, the ticket and the pass of a round, each
//! worth what it is worth as a header. The JSON calls read no cookie, so only forms need the check
//! of their origin. Decides nothing about a sale.

use crate::http::call::{Call, PASS_COOKIE, TICKET_COOKIE, TOKEN_COOKIE};
use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};

/// How long a token is kept, in seconds: half a day. Its own end counts besides.
const TOKEN_AGE_S: u32 = 43_200;
/// How long a place and a pass are kept, in seconds: a week, longer than any sale.
const PLACE_AGE_S: u32 = 604_800;

/// Whether the browser says that the form is from a page of ours. A form of another site would act
/// with the cookies of whoever is lured there; `SameSite` keeps them back, and this does not rely
/// on it.
pub(super) fn is_ours(call: &Call) -> bool {
    if let Some(site) = call.header("sec-fetch-site") {
        return site == "same-origin";
    }
    // Older browsers, and those that see no TLS: the origin, or the page that it came from.
    let from = call.header(header::ORIGIN.as_str());
    let from = from.or_else(|| call.header(header::REFERER.as_str()));
    let authority = from.and_then(|from| from.split_once("://")?.1.split('/').next());
    authority.is_some() && authority == call.header(header::HOST.as_str())
}

/// Whether the person's browser speaks TLS, to us or to what stands before us.
fn is_https(call: &Call) -> bool {
    let begins = |name: &str| call.header(name).is_some_and(|it| it.starts_with("https://"));
    call.header("x-forwarded-proto") == Some("https")
        || begins(header::ORIGIN.as_str())
        || begins(header::REFERER.as_str())
}

fn put(call: &Call, response: &mut HttpResponse, cookie: String) {
    let secure = if is_https(call) { "; Secure" } else { "" };
    let cookie = format!("{cookie}; HttpOnly; SameSite=Lax{secure}");
    // Tokens, tickets and passes are visible ASCII.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Keeps the token of the person.
pub(super) fn keep_token(call: &Call, response: &mut HttpResponse, token: &str) {
    let cookie = format!("{TOKEN_COOKIE}={token}; Path=/; Max-Age={TOKEN_AGE_S}");
    put(call, response, cookie);
}

/// Forgets the token of the person.
pub(super) fn forget(call: &Call, response: &mut HttpResponse) {
    put(call, response, format!("{TOKEN_COOKIE}=; Path=/; Max-Age=0"));
}

/// Forgets what was kept of a round.
pub(super) fn forget_round(call: &Call, response: &mut HttpResponse, round: &str) {
    for name in [TICKET_COOKIE, PASS_COOKIE] {
        put(call, response, format!("{name}=; Path=/rounds/{round}; Max-Age=0"));
    }
}

/// Keeps a place, unless it is kept already.
pub(super) fn keep_ticket(call: &Call, response: &mut HttpResponse, round: &str, ticket: &str) {
    keep_of_round(call, response, TICKET_COOKIE, (round, ticket));
}

/// Keeps a pass.
pub(super) fn keep_pass(call: &Call, response: &mut HttpResponse, round: &str, pass: &str) {
    keep_of_round(call, response, PASS_COOKIE, (round, pass));
}

fn keep_of_round(
    call: &Call,
    response: &mut HttpResponse,
    name: &str,
    (round, value): (&str, &str),
) {
    if call.cookie(name) != Some(value) {
        put(call, response, format!("{name}={value}; Path=/rounds/{round}; Max-Age={PLACE_AGE_S}"));
    }
}
