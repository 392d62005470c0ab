//! Places in line: join, where am I, leave, claim.
//!
//! Where-am-I needs the ticket's signature and the shared snapshot: no token, no mailbox, no store.
//! A ticket shown by anybody else gives its person's place and pass, which are worth nothing
//! without that person's token.

use super::call::{Answer, Call, TICKET};
use super::reply::{self, jitter};
use super::time::Moment;
use super::words::Slug;
use crate::trust::{Pass, PersonClaims, Ticket};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use openrun_actors::{Join, Joined, Place, RoundRef};
use openrun_core::draw::Proof;
use openrun_core::queue::ShownTicket;
use openrun_core::view::{Outlook, PlaceState};
use openrun_core::{Refusal, RoundId, Timestamp};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

use super::edge::Edge;

/// When somebody whose window is still ahead may look again, before jitter: nothing changes for
/// them soon.
const LATER_MILLIS: u64 = 30_000;

/// A place in line as its person sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Ticket)]
pub struct TicketAnswer<'a> {
    /// Proof of the place: to be sent as `Openrun-Ticket`. Null when there is no place.
    ticket: Option<Cow<'a, str>>,
    /// Which round.
    #[schema(value_type = Slug)]
    round_id: &'a RoundId,
    /// Where the place stands.
    state: TicketState,
    /// The place. Null when there is none yet.
    number: Option<u64>,
    /// The line: `everyone`, `odd`, `even`, `age-65-120`, `district-jongno` or the like.
    #[schema(example = "everyone")]
    class: Option<&'a str>,
    /// Numbers at or under it have their turn.
    watermark: Option<u64>,
    /// How many people are ahead.
    ahead: Option<u64>,
    /// Seconds until the turn, if that can be said.
    eta: Option<Eta>,
    /// The chances that what is left reaches this place.
    outlook: Option<OutlookWord>,
    /// When to look again, in milliseconds.
    poll_after_ms: u64,
    /// The right to buy: to be sent as `Openrun-Pass`. Null without a claimed turn.
    pass: Option<String>,
    /// Until when the pass is good.
    pass_expires_at: Option<Moment>,
    /// In a drawn round, for who was in its lobby: what finds the own leaf in the transcript. To be
    /// kept by its person alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DrawProof>)]
    draw_proof: Option<Proof>,
    /// Only with `ineligible_now`: when the person's own window opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    opens_at: Option<Moment>,
}

/// What finds a person's own leaf in the transcript of a draw.
#[derive(ToSchema)]
#[allow(dead_code, reason = "stands in the document only")]
struct DrawProof {
    /// Which round.
    #[schema(value_type = Slug)]
    round_id: String,
    /// Which class.
    #[schema(example = "everyone")]
    class: String,
    /// The entry in the lobby, from 1.
    entry: u64,
    /// The person's key.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    person: String,
    /// The salt of the leaf.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    salt: String,
}

/// Where a place stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TicketState {
    /// Before the window opens.
    Lobby,
    /// In line.
    Waiting,
    /// It is their turn.
    Admitted,
    /// The turn was not claimed, or the pass not used, in time.
    Lapsed,
    /// Given up.
    Left,
    /// The place has led to a purchase (an addition to the states of the contract).
    Bought,
    /// Nothing is left for the moment; the place is kept, and what comes back is offered to the
    /// lowest number first.
    #[serde(rename = "standby")]
    #[schema(rename = "standby")]
    StandBy,
    /// Nothing is left.
    SoldOut,
    /// The round, or the window, is over.
    Closed,
    /// No place: the person's own window opens later, at `opens_at`.
    IneligibleNow,
}

/// The chances.
#[derive(Serialize, ToSchema)]
#[schema(as = Outlook)]
#[serde(rename_all = "snake_case")]
pub enum OutlookWord {
    /// What is left will most probably reach them.
    Likely,
    /// It may.
    Possible,
    /// It will most probably not.
    Unlikely,
    /// It cannot: nothing is left and nothing can come back.
    No,
}

/// Seconds until the turn, as a spread.
#[derive(Serialize, ToSchema)]
struct Eta {
    /// One in ten waits no longer.
    p10_s: u64,
    /// Half wait no longer.
    p50_s: u64,
    /// Nine in ten wait no longer.
    p90_s: u64,
}

impl From<PlaceState> for TicketState {
    fn from(state: PlaceState) -> TicketState {
        match state {
            PlaceState::Lobby => TicketState::Lobby,
            PlaceState::Waiting => TicketState::Waiting,
            PlaceState::Admitted => TicketState::Admitted,
            PlaceState::Lapsed => TicketState::Lapsed,
            PlaceState::Left => TicketState::Left,
            PlaceState::Bought => TicketState::Bought,
            PlaceState::StandBy => TicketState::StandBy,
            PlaceState::SoldOut => TicketState::SoldOut,
            PlaceState::Closed => TicketState::Closed,
        }
    }
}

impl From<Outlook> for OutlookWord {
    fn from(outlook: Outlook) -> OutlookWord {
        match outlook {
            Outlook::Likely => OutlookWord::Likely,
            Outlook::Possible => OutlookWord::Possible,
            Outlook::Unlikely => OutlookWord::Unlikely,
            Outlook::No => OutlookWord::No,
        }
    }
}

impl<'a> TicketAnswer<'a> {
    /// The place that `ticket` stands for. The same place gives the same ticket and the same pass:
    /// `shown` is the text that the ticket was opened from, which is answered as it came while it
    /// still says what a new one would.
    fn new(
        edge: &Edge,
        round: &RoundRef,
        (ticket, shown): (&'a Ticket, Option<&'a str>),
        place: &'a Place,
    ) -> TicketAnswer<'a> {
        let (pass, expires_at) = pass_of(edge, ticket, place).unzip();
        let view = &place.view;
        let draw_proof = round.draw_proof(place.line, place.number, ticket.person);
        let is_as_shown = (place.line, place.number) == (ticket.line, ticket.number);
        let shown = shown.filter(|text| is_as_shown && edge.keys.is_sealed_by_newest(text));
        let text = shown.map_or_else(|| sealed(edge, ticket, place).into(), Cow::Borrowed);
        TicketAnswer {
            ticket: Some(text),
            round_id: &ticket.round,
            state: view.state.into(),
            number: Some(place.number).filter(|_| !place.is_entry),
            class: Some(&place.class),
            watermark: Some(view.watermark),
            ahead: Some(view.ahead),
            eta: view.eta.map(|eta| Eta { p10_s: eta.p10_s, p50_s: eta.p50_s, p90_s: eta.p90_s }),
            outlook: Some(view.outlook.into()),
            poll_after_ms: spread(view.poll_after_millis),
            pass,
            pass_expires_at: expires_at.map(Moment),
            draw_proof,
            opens_at: None,
        }
    }

    fn ineligible(round_id: &'a RoundId, opens_at: Timestamp) -> TicketAnswer<'a> {
        TicketAnswer {
            ticket: None,
            round_id,
            state: TicketState::IneligibleNow,
            number: None,
            class: None,
            watermark: None,
            ahead: None,
            eta: None,
            outlook: None,
            poll_after_ms: spread(LATER_MILLIS),
            pass: None,
            pass_expires_at: None,
            draw_proof: None,
            opens_at: Some(Moment(opens_at)),
        }
    }
}

/// The text of the ticket of a place. One of a lobby that was drawn is of the line from now on.
pub(super) fn sealed(edge: &Edge, ticket: &Ticket, place: &Place) -> String {
    let renewed = Ticket { line: place.line, number: place.number, ..ticket.clone() };
    edge.keys.seal_ticket(&renewed)
}

/// The pass of a place that has its turn, and until when it is good.
pub(super) fn pass_of(edge: &Edge, ticket: &Ticket, place: &Place) -> Option<(String, Timestamp)> {
    let is_admitted = place.view.state == PlaceState::Admitted;
    let now = edge.engine.now();
    let expires_at = place.pass_expires_at.filter(|at| is_admitted && *at > now)?;
    let pass = Pass {
        round: ticket.round.clone(),
        line: place.line,
        number: place.number,
        person: ticket.person,
        expires_at,
    };
    Some((edge.keys.seal_pass(&pass), expires_at))
}

/// What joining came to.
pub(super) enum Taken {
    /// The place, with its ticket.
    Place { is_new: bool, ticket: Ticket, place: Place },
    /// The person's own window opens then.
    Later(Timestamp),
}

/// Takes a place in the line, or the one that the person holds.
pub(super) async fn take(
    edge: &Edge,
    id: RoundId,
    round: &RoundRef,
    claims: PersonClaims,
    shown: Option<ShownTicket>,
) -> Result<Taken, Refusal> {
    let person = claims.person;
    let join = Join { person, who: claims.who, channel: claims.channel, shown };
    let (is_new, place) = match edge.engine.join(&id, join).await? {
        Joined::Place { is_new, place } => (is_new, place),
        Joined::IneligibleNow { opens_at } => return Ok(Taken::Later(opens_at)),
    };
    // The same place gives the same ticket however often it is asked for: its time is that of the
    // lobby, which stands still once people can join, and not that of the asking.
    let at = round.view().spec.lobby_opens_at;
    let ticket = Ticket { round: id, line: place.line, number: place.number, person, at };
    Ok(Taken::Place { is_new, ticket, place })
}

/// Gives a place up.
pub(super) async fn give_up(edge: &Edge, ticket: &Ticket) -> Result<Place, Refusal> {
    edge.engine.leave(&ticket.round, ticket.person, shown(ticket)).await
}

/// Claims the turn of a place.
pub(super) async fn claim_turn(edge: &Edge, ticket: &Ticket) -> Result<Place, Refusal> {
    edge.engine.claim(&ticket.round, ticket.person, shown(ticket)).await
}

/// Give or take a fifth, so that a crowd that joined together does not look again together.
pub(super) fn spread(millis: u64) -> u64 {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX / 2);
    u64::try_from(jitter(millis - millis / 5, millis + millis / 5)).unwrap_or(0)
}

/// The place of the ticket that came with the call.
fn answer_to_shown(call: &Call, round: &RoundRef, ticket: &Ticket, place: &Place) -> HttpResponse {
    let shown = (ticket, call.header(TICKET));
    reply::own(StatusCode::OK, &TicketAnswer::new(call.edge(), round, shown, place))
}

/// Join the line
///
/// The same place on any device and in any channel. `Openrun-Ticket` may come along: with `rejoin =
/// "tail"` joining without it gives a new place at the tail. When there is room the answer is
/// `admitted`, with the pass. A place whose turn lapsed comes back once, at the head of the line.
#[utoipa::path(post, path = "/v1/rounds/{round}/tickets", operation_id = "join", tag = "line",
    responses(
        (status = 201, description = "a new place", body = TicketAnswer,
            headers(("Location" = String))),
        (status = 200, description = "the place already held, or no place before the own window",
            body = TicketAnswer)))]
pub async fn join(mut call: Call) -> Answer {
    let claims = call.person()?;
    call.no_body().await?;
    let (id, round) = call.round()?;
    let shown = call.ticket_of(&id, &round, claims.person);
    let edge = call.edge();
    let (is_new, ticket, place) = match take(edge, id.clone(), &round, claims, shown).await? {
        Taken::Place { is_new, ticket, place } => (is_new, ticket, place),
        Taken::Later(opens_at) => {
            return Ok(reply::own(StatusCode::OK, &TicketAnswer::ineligible(&id, opens_at)));
        }
    };
    let answer = TicketAnswer::new(edge, &round, (&ticket, None), &place);
    if !is_new {
        return Ok(reply::own(StatusCode::OK, &answer));
    }
    let mut response = reply::own(StatusCode::CREATED, &answer);
    reply::put(&mut response, LOCATION, &format!("/v1/rounds/{}/tickets/me", ticket.round));
    Ok(response)
}

/// Where am I?
///
/// Needs only the ticket.
#[utoipa::path(get, path = "/v1/rounds/{round}/tickets/me", operation_id = "where_am_i",
    tag = "line", responses((status = 200, description = "the place", body = TicketAnswer)))]
pub async fn show(call: Call) -> Answer {
    let (id, round) = call.round()?;
    let ticket = call.ticket(&id, &round)?;
    let place = round.place(ticket.line, ticket.number);
    Ok(answer_to_shown(&call, &round, &ticket, &place))
}

/// Leave the line
#[utoipa::path(delete, path = "/v1/rounds/{round}/tickets/me", operation_id = "leave",
    tag = "line",
    responses((status = 200, description = "the place as it stands now", body = TicketAnswer)))]
pub async fn leave(call: Call) -> Answer {
    let (id, round) = call.round()?;
    let ticket = call.ticket(&id, &round)?;
    let place = give_up(call.edge(), &ticket).await?;
    Ok(answer_to_shown(&call, &round, &ticket, &place))
}

/// Claim the right to buy
///
/// Once the watermark has reached the number; needs only the ticket. Claiming again gives the same
/// pass, and after a pause of the sale one that is good for as long as that one would have been.
/// A place whose turn was not claimed or used in time comes back once: it waits at the head of the
/// line, and the answer has no pass yet.
#[utoipa::path(post, path = "/v1/rounds/{round}/passes", operation_id = "claim", tag = "line",
    responses((status = 200, description = "the place, with the pass if it has its turn", body = TicketAnswer)))]
pub async fn claim(mut call: Call) -> Answer {
    call.no_body().await?;
    let (id, round) = call.round()?;
    let ticket = call.ticket(&id, &round)?;
    let place = claim_turn(call.edge(), &ticket).await?;
    Ok(answer_to_shown(&call, &round, &ticket, &place))
}

pub(super) fn shown(ticket: &Ticket) -> ShownTicket {
    ShownTicket { line: ticket.line, number: ticket.number }
}
