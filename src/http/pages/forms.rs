//! The forms of the pages, for browsers without scripts: sign in, sign up, join, leave, claim, buy.
//!
//! Each does what the call of the same name does, by the same code, with cookies where the call has
//! headers, and answers with the address of the page that shows what came of it; a refusal is a
//! page. Forms of other sites are turned away, except the one that signs somebody in: it comes from
//! a channel's site, and leads to a page of ours that asks first.

use super::visitor::{forget, forget_round, is_ours, keep_pass, keep_ticket, keep_token};
use super::{dev, entering, refused};
use crate::http::call::{Answer, Call};
use crate::http::people::{SignUp, enrol};
use crate::http::purchases::{Buy, purchase};
use crate::http::tickets::{self, Taken};
use crate::trust::PersonClaims;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use openrun_core::round::LifeCycle;
use openrun_core::{Feature, IdempotencyKey, Refusal, Won};
use serde::Deserialize;
use uuid::Uuid;

use super::entering::Goal;
use super::refused::Attempt;
use crate::http::reply::{self, NO_STORE};

/// What a channel's site sends to sign somebody in, or a page in development.
#[derive(Deserialize)]
struct Entering {
    token: Option<String>,
    made_up: Option<bool>,
    round: Option<String>,
    merchant: Option<String>,
}

/// Signing up.
#[derive(Deserialize)]
struct SigningUp {
    #[serde(default)]
    accepted_terms: bool,
    account: String,
}

/// The second step of buying.
#[derive(Deserialize)]
struct Buying {
    amount_won: i64,
    key: String,
}

/// A form without fields.
#[derive(Deserialize)]
struct Plain {}

/// Signs somebody in with the token of their channel.
pub async fn enter(mut call: Call) -> Answer {
    let entered: Entering = match call.form().await {
        Ok(entered) => entered,
        Err(refusal) => return Ok(refused::page(&call, &refusal, None)),
    };
    let goal = Goal::of(entered.round.as_deref(), entered.merchant.as_deref());
    let is_ours = is_ours(&call);
    let made_up = entered.made_up == Some(true) && call.edge().site.is_dev && is_ours;
    let token = match entered.token {
        Some(token) => token.trim().to_owned(),
        None if made_up => match dev::make(call.edge(), dev::Wanted::default()) {
            Ok(made) => made.token,
            Err(refusal) => return Ok(refused::page(&call, &refusal, None)),
        },
        None => String::new(),
    };
    let edge = call.edge();
    let claims = match edge.keys.verify_person(&token, edge.engine.now()) {
        Ok(claims) => claims,
        Err(refusal) => return Ok(refused::page(&call, &refusal, None)),
    };
    // A newer token of whoever is signed in already makes nobody somebody else.
    let is_same = call.kept_person().is_some_and(|kept| kept.person == claims.person);
    if !is_ours && !is_same {
        return Ok(entering::page(&call, &claims, &token, &goal));
    }
    let mut response = see(&goal.path());
    keep_token(&call, &mut response, &token);
    Ok(response)
}

/// Signs somebody out on this browser, which forgets their places: the next person who uses it must
/// not find them. The server keeps each.
pub async fn exit(mut call: Call) -> Answer {
    if !is_ours(&call) {
        return Ok(refused::foreign(&call));
    }
    if let Err(refusal) = call.form::<Plain>().await {
        return Ok(refused::page(&call, &refusal, None));
    }
    let mut response = see("/");
    forget(&call, &mut response);
    for view in call.edge().engine.rounds() {
        if view.state != LifeCycle::Closed {
            forget_round(&call, &mut response, view.spec.id.as_str());
        }
    }
    Ok(response)
}

/// One of the forms of a round.
pub async fn act(mut call: Call) -> Answer {
    if !is_ours(&call) {
        return Ok(refused::foreign(&call));
    }
    let what = call.segment("act").to_owned();
    let done = match what.as_str() {
        "sign-up" => sign_up(&mut call).await,
        "join" => join(&mut call).await,
        "leave" => leave(&mut call).await,
        "claim" => claim(&mut call).await,
        _ => return buy(call).await,
    };
    Ok(done.unwrap_or_else(|refusal| refused::page(&call, &refusal, None)))
}

/// Somebody must be signed in.
fn person(call: &Call) -> Result<PersonClaims, Refusal> {
    call.kept_person().ok_or(Refusal::Unauthenticated)
}

async fn sign_up(call: &mut Call) -> Result<HttpResponse, Refusal> {
    call.edge().engine.check_feature(Feature::SignUp, None)?;
    let claims = person(call)?;
    let SigningUp { accepted_terms, account } = call.form().await?;
    let wish = SignUp::new(accepted_terms, account.trim().to_owned());
    enrol(call.edge(), &claims, &wish).await?;
    Ok(see_round(call))
}

async fn join(call: &mut Call) -> Result<HttpResponse, Refusal> {
    let claims = person(call)?;
    call.form::<Plain>().await?;
    let (id, round) = call.round()?;
    let ticket = call.kept_ticket(&id, &round);
    let shown = ticket.filter(|ticket| ticket.person == claims.person);
    let shown = shown.as_ref().map(tickets::shown);
    let taken = tickets::take(call.edge(), id, &round, claims, shown).await?;
    let mut response = see_round(call);
    if let Taken::Place { ticket, place, .. } = taken {
        keep(call, &mut response, &ticket, &place);
    }
    Ok(response)
}

async fn leave(call: &mut Call) -> Result<HttpResponse, Refusal> {
    call.form::<Plain>().await?;
    let ticket = ticket(call)?;
    tickets::give_up(call.edge(), &ticket).await?;
    Ok(see_round(call))
}

async fn claim(call: &mut Call) -> Result<HttpResponse, Refusal> {
    call.form::<Plain>().await?;
    let ticket = ticket(call)?;
    let place = tickets::claim_turn(call.edge(), &ticket).await?;
    let mut response = see_round(call);
    keep(call, &mut response, &ticket, &place);
    Ok(response)
}

/// The ticket that is kept, unless it is that of somebody else who was signed in before.
fn ticket(call: &Call) -> Result<crate::trust::Ticket, Refusal> {
    let (id, round) = call.round()?;
    let person = call.kept_person().map(|claims| claims.person);
    let kept = call.kept_ticket(&id, &round);
    let own = kept.filter(|ticket| person.is_none_or(|person| person == ticket.person));
    own.ok_or(Refusal::TicketInvalid)
}

fn keep(
    call: &Call,
    response: &mut HttpResponse,
    ticket: &crate::trust::Ticket,
    place: &openrun_actors::Place,
) {
    let (edge, round) = (call.edge(), ticket.round.as_str());
    keep_ticket(call, response, round, &tickets::sealed(edge, ticket, place));
    if let Some((pass, _)) = tickets::pass_of(edge, ticket, place) {
        keep_pass(call, response, round, &pass);
    }
}

async fn buy(mut call: Call) -> Answer {
    let (claims, buying) = match person(&call) {
        Ok(claims) => (claims, call.form::<Buying>().await),
        Err(refusal) => return Ok(refused::page(&call, &refusal, None)),
    };
    let Buying { amount_won, key: name } = match buying {
        Ok(buying) => buying,
        Err(refusal) => return Ok(refused::page(&call, &refusal, None)),
    };
    let Some(key) = IdempotencyKey::new(&name) else {
        return Ok(refused::page(&call, &Refusal::IdempotencyKeyRequired, None));
    };
    let pass = match call.round_id() {
        Some(round) => call.kept_pass(&round, claims.person),
        None => openrun_core::person::ShownPass::Missing,
    };
    match purchase(&call, claims, &Buy::from_account(amount_won), key, pass).await {
        Ok(bought) => {
            let id = Uuid::from_u128(bought.purchase.id.0);
            Ok(see(&format!("/rounds/{}?purchase={id}", bought.purchase.round)))
        }
        Err(refused) => {
            let attempt = Attempt { amount: Won(amount_won), key: &name };
            Ok(refused::page(&call, &refused.refusal, Some(attempt)))
        }
    }
}

fn see_round(call: &Call) -> HttpResponse {
    match call.round_id() {
        Some(round) => see(&format!("/rounds/{round}")),
        None => see("/"),
    }
}

/// Go on with this page; going back and loading anew sends no form twice.
pub(super) fn see(path: &str) -> HttpResponse {
    let mut response = HttpResponse::new(StatusCode::SEE_OTHER);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    reply::put(&mut response, LOCATION, path);
    response
}
