//! One request on its way through a handler: extract, authorise, act, answer.
//!
//! What a request shows is checked here and nowhere else: tokens, tickets, passes, keys, ids,
//! bodies. Nothing here decides about a sale.

use super::body::{self, malformed};
use super::edge::Edge;
use super::language::Language;
use super::pattern::Pattern;
use super::problem::Problem;
use super::version;
use crate::trust::{PersonClaims, Role, Ticket};
use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse};
use openrun_actors::{RoundRef, Seen, Staff};
use openrun_core::person::ShownPass;
use openrun_core::queue::ShownTicket;
use openrun_core::{IdempotencyKey, PersonKey, Refusal, RoundId};
use serde::de::DeserializeOwned;
use std::rc::Rc;

/// What a handler answers.
pub type Answer = Result<HttpResponse, Problem>;

/// Header of a place in line.
pub const TICKET: &str = "openrun-ticket";
/// Header of the right to buy.
pub const PASS: &str = "openrun-pass";
/// Cookie of a page without scripts: the token of the person.
pub const TOKEN_COOKIE: &str = "openrun_token";
/// Cookie of a page without scripts: the place in a line.
pub const TICKET_COOKIE: &str = "openrun_ticket";
/// Cookie of a page without scripts: the right to buy.
pub const PASS_COOKIE: &str = "openrun_pass";
/// Cookie of the language that somebody chose.
pub const LANGUAGE: &str = "lang";
/// Header of an attempt.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Header of what somebody has seen of what they change.
pub const IF_MATCH: &str = "if-match";

/// A request on its way through a handler.
pub struct Call {
    edge: Rc<Edge>,
    pattern: Rc<Pattern>,
    request: HttpRequest,
    payload: Payload,
}

impl Call {
    /// A request that was matched to a route.
    #[must_use]
    pub fn new(
        edge: Rc<Edge>,
        pattern: Rc<Pattern>,
        request: HttpRequest,
        payload: Payload,
    ) -> Call {
        Call { edge, pattern, request, payload }
    }

    /// What every handler can reach.
    #[must_use]
    pub fn edge(&self) -> &Edge {
        &self.edge
    }

    /// Whether only the head of the answer is asked for.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.request.method() == Method::HEAD
    }

    /// The better of the two languages for this request.
    #[must_use]
    pub fn language(&self) -> Language {
        Language::of(self.request.headers())
    }

    /// The language of a page: as its address says, else as was chosen before, else as for every
    /// answer.
    #[must_use]
    pub fn page_language(&self) -> Language {
        let chosen = self.query("lang").and_then(Language::named);
        let chosen = chosen.or_else(|| self.cookie(LANGUAGE).and_then(Language::named));
        chosen.unwrap_or_else(|| self.language())
    }

    /// Whether an answer may be compressed.
    #[must_use]
    pub fn accepts_gzip(&self) -> bool {
        let accepted = self.header(header::ACCEPT_ENCODING.as_str()).unwrap_or_default();
        accepted.split(',').take(16).any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            is_it && weight.is_none_or(|weight| weight > 0.0)
        })
    }

    /// A cookie, as it was sent.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let sent = self.request.headers().get_all(header::COOKIE);
        let pairs = sent.filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
        let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// A segment of the path.
    #[must_use]
    pub fn segment(&self, name: &str) -> &str {
        self.pattern.value(self.request.match_info().as_str(), name)
    }

    /// A header as text, if it is visible ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The value of a query parameter, as sent.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let pairs = self.request.query_string().split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, v)| v)
    }

    /// The query of the path, as sent.
    #[must_use]
    pub fn query_string(&self) -> &str {
        self.request.query_string()
    }

    /// The token that is shown, if there is one.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let value = self.header(header::AUTHORIZATION.as_str())?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    /// The person of the token.
    ///
    /// # Errors
    /// `Unauthenticated`.
    pub fn person(&self) -> Result<PersonClaims, Refusal> {
        let edge = self.edge();
        let token = self.bearer().ok_or(Refusal::Unauthenticated)?;
        edge.keys.verify_person(token, edge.engine.now())
    }

    /// The staff of the token, in any role.
    ///
    /// # Errors
    /// `Unauthenticated`.
    pub fn viewer(&self) -> Result<Staff, Refusal> {
        let edge = self.edge();
        let token = self.bearer().ok_or(Refusal::Unauthenticated)?;
        let claims = edge.keys.verify_staff(token, edge.engine.now())?;
        Ok(Staff { seen: self.seen(), ..Staff::new(claims.actor, word_of(claims.role)) })
    }

    /// Which version the caller has seen of what they want to change. What cannot be read is a
    /// version that does not stand, never one that was not named.
    fn seen(&self) -> Seen {
        let mut sent = self.request.headers().get_all(header::IF_MATCH).peekable();
        if sent.peek().is_none() {
            return Seen::Unsaid;
        }
        version::seen(sent.map(|value| value.to_str().unwrap_or_default()))
    }

    /// The staff of the token, if it may change something. An approver may not: who confirms does
    /// not ask.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`, `Malformed` when there is a query.
    pub fn operator(&self) -> Result<Staff, Refusal> {
        let staff = self.operator_who_may_try()?;
        // Whoever asks only to try, where nothing can be tried, must not find it done.
        match self.query_string() {
            "" => Ok(staff),
            _ => Err(malformed("this call takes no parameters, and no dry run")),
        }
    }

    /// The same for a call that can be tried: see [`super::admin`].
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`.
    pub fn operator_who_may_try(&self) -> Result<Staff, Refusal> {
        self.viewer().and_then(|staff| allow(staff, &[Role::Operator]))
    }

    /// The staff of the token, if it may confirm what somebody else asked for.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`.
    pub fn approver(&self) -> Result<Staff, Refusal> {
        self.viewer().and_then(|staff| allow(staff, &[Role::Approver]))
    }

    /// The staff of the token, unless it may only look.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`.
    pub fn operator_or_approver(&self) -> Result<Staff, Refusal> {
        self.viewer().and_then(|staff| allow(staff, &[Role::Operator, Role::Approver]))
    }

    /// The id of the round in the path, if it can be one.
    #[must_use]
    pub fn round_id(&self) -> Option<RoundId> {
        RoundId::new(self.segment("round"))
    }

    /// The round in the path.
    ///
    /// # Errors
    /// `RoundNotFound`.
    pub fn round(&self) -> Result<(RoundId, RoundRef), Refusal> {
        let id = self.round_id().ok_or(Refusal::RoundNotFound)?;
        let round = self.edge().engine.round(&id).ok_or(Refusal::RoundNotFound)?;
        Ok((id, round))
    }

    /// The ticket that is shown, if it is genuine, of this round, and of a line that the round has.
    ///
    /// # Errors
    /// `TicketInvalid`.
    pub fn ticket(&self, id: &RoundId, round: &RoundRef) -> Result<Ticket, Refusal> {
        self.opened(self.header(TICKET), id, round).ok_or(Refusal::TicketInvalid)
    }

    /// The ticket that a page without scripts keeps, under the same terms.
    #[must_use]
    pub fn kept_ticket(&self, id: &RoundId, round: &RoundRef) -> Option<Ticket> {
        self.opened(self.cookie(TICKET_COOKIE), id, round)
    }

    fn opened(&self, text: Option<&str>, id: &RoundId, round: &RoundRef) -> Option<Ticket> {
        let shown = text.and_then(|text| self.edge().keys.open_ticket(text));
        shown.filter(|ticket| ticket.round == *id && round.has_line(ticket.line))
    }

    /// The person whose token a page without scripts keeps, if it is still good.
    #[must_use]
    pub fn kept_person(&self) -> Option<PersonClaims> {
        let edge = self.edge();
        edge.keys.verify_person(self.cookie(TOKEN_COOKIE)?, edge.engine.now()).ok()
    }

    /// The pass that a page without scripts keeps, as far as its signature and times tell.
    #[must_use]
    pub fn kept_pass(&self, round: &RoundId, person: PersonKey) -> ShownPass {
        let edge = self.edge();
        self.cookie(PASS_COOKIE).map_or(ShownPass::Missing, |text| {
            edge.keys.open_pass(text, round, person, edge.engine.now())
        })
    }

    /// The ticket that comes along with a join, if it is good and the person's own. A bad one is no
    /// reason to refuse.
    #[must_use]
    pub fn ticket_of(
        &self,
        id: &RoundId,
        round: &RoundRef,
        person: PersonKey,
    ) -> Option<ShownTicket> {
        let ticket = self.ticket(id, round).ok().filter(|ticket| ticket.person == person)?;
        Some(ShownTicket { line: ticket.line, number: ticket.number })
    }

    /// The pass that is shown, as far as its signature and times tell.
    #[must_use]
    pub fn pass(&self, round: Option<&RoundId>, person: PersonKey) -> ShownPass {
        let edge = self.edge();
        let Some(value) = self.request.headers().get(PASS) else {
            return ShownPass::Missing;
        };
        match (value.to_str(), round) {
            (Ok(text), Some(round)) => {
                edge.keys.open_pass(text.trim(), round, person, edge.engine.now())
            }
            _ => ShownPass::Invalid,
        }
    }

    /// The client's name for the attempt, quoted or bare.
    ///
    /// # Errors
    /// `IdempotencyKeyRequired`, or `Malformed` when it is not 1 to 64 visible ASCII characters.
    pub fn idempotency_key(&self) -> Result<IdempotencyKey, Refusal> {
        let value = self.request.headers().get(IDEMPOTENCY_KEY);
        let value = value.ok_or(Refusal::IdempotencyKeyRequired)?;
        let wrong = || malformed("Idempotency-Key is 1 to 64 visible ASCII characters");
        read_key(value.to_str().map_err(|_| wrong())?).unwrap_or_else(|| Err(wrong()))
    }

    /// The body.
    ///
    /// # Errors
    /// `UnsupportedMediaType`, `BodyTooLarge`, `Malformed`.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Refusal> {
        let limit = self.edge().body_timeout;
        body::read_json(&self.request, &mut self.payload, limit).await
    }

    /// The body of a call that may bring more than others.
    ///
    /// # Errors
    /// `UnsupportedMediaType`, `BodyTooLarge`, `Malformed`.
    pub async fn json_up_to<T: DeserializeOwned>(&mut self, most: usize) -> Result<T, Refusal> {
        let limit = self.edge().body_timeout;
        body::read_json_up_to(&self.request, &mut self.payload, limit, most).await
    }

    /// The form in the body.
    ///
    /// # Errors
    /// `UnsupportedMediaType`, `BodyTooLarge`, `Malformed`.
    pub async fn form<T: DeserializeOwned>(&mut self) -> Result<T, Refusal> {
        let limit = self.edge().body_timeout;
        body::read_form(&self.request, &mut self.payload, limit).await
    }

    /// The body as it was sent, for whoever checks a signature over it.
    ///
    /// # Errors
    /// `UnsupportedMediaType`, `BodyTooLarge`, `Malformed`.
    pub async fn bytes(&mut self) -> Result<Vec<u8>, Refusal> {
        let limit = self.edge().body_timeout;
        body::read_bytes(&self.request, &mut self.payload, limit).await
    }

    /// The body of a call that needs none: nothing, or `{}`.
    ///
    /// # Errors
    /// As for [`Call::json`].
    pub async fn no_body(&mut self) -> Result<(), Refusal> {
        let limit = self.edge().body_timeout;
        body::read_nothing(&self.request, &mut self.payload, limit).await
    }

    /// Refused before it was read: what is there of its body goes, so that the connection stays.
    pub async fn discard(&mut self) {
        body::discard(&self.request, &mut self.payload).await;
    }

    /// How many entries a page has: `limit`, 1 to 100, 20 when absent.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn page_limit(&self) -> Result<usize, Refusal> {
        let Some(text) = self.query("limit") else {
            return Ok(20);
        };
        let limit = text.parse().ok().filter(|limit| (1..=100).contains(limit));
        limit.ok_or_else(|| malformed("limit is a number from 1 to 100"))
    }

    /// Whether the client has exactly this version.
    #[must_use]
    pub fn has_version(&self, etag: &str) -> bool {
        let Some(known) = self.request.headers().get(header::IF_NONE_MATCH) else {
            return false;
        };
        let known = known.to_str().unwrap_or_default();
        let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        known.split(',').any(|tag| tag.trim() == "*" || strong(tag) == strong(etag))
    }
}

/// `None` when the text is not a key at all.
fn read_key(text: &str) -> Option<Result<IdempotencyKey, Refusal>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Err(Refusal::IdempotencyKeyRequired));
    }
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    IdempotencyKey::new(quoted.unwrap_or(text)).map(Ok)
}

fn allow(staff: Staff, roles: &[Role]) -> Result<Staff, Refusal> {
    let is_one = roles.iter().any(|role| staff.role == word_of(*role));
    if is_one { Ok(staff) } else { Err(Refusal::Forbidden) }
}

fn word_of(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Operator => "operator",
        Role::Approver => "approver",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_quoted_or_bare() {
        let long = "k".repeat(65);
        for (text, key) in [
            ("8e03978e-40d5", Some(Some("8e03978e-40d5"))),
            ("\"8e03978e-40d5\"", Some(Some("8e03978e-40d5"))),
            (" spaced ", Some(Some("spaced"))),
            ("", Some(None)),
            ("  ", Some(None)),
            ("\"\"", None),
            ("two words", None),
            (&long, None),
        ] {
            let read = read_key(text).map(|read| read.ok().map(|key| key.as_str().to_owned()));
            assert_eq!(read, key.map(|key| key.map(str::to_owned)), "{text:?}");
        }
    }
}
