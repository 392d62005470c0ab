//! People: sign-up, and what is left of their limits.
//!
//! Keeps nothing that was sent: the account goes to the payment rail when there is one, never to a
//! log.

use super::body::check_text;
use super::call::{Answer, Call};
use super::edge::Edge;
use super::reply;
use super::words::{ParityWord, Slug};
use crate::trust::PersonClaims;
use actix_web::http::StatusCode;
use openrun_core::person::Limits;
use openrun_core::{ChannelId, Program, ProgramId, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest account number, in characters.
const ACCOUNT_MAX: usize = 64;

/// Signs up the person of the token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// The person has accepted the terms: true.
    #[schema(example = true)]
    accepted_terms: bool,
    /// The account that purchases are paid from.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[0-9A-Za-z-]+$",
        example = "110-000-000000"
    )]
    account: String,
}

impl SignUp {
    pub(super) fn new(accepted_terms: bool, account: String) -> SignUp {
        SignUp { accepted_terms, account }
    }

    fn check(&self) -> Result<(), Refusal> {
        if !self.accepted_terms {
            return Err(super::body::malformed("accepted_terms is true"));
        }
        check_text("account", &self.account, ACCOUNT_MAX)?;
        if !self.account.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(super::body::malformed("account has only letters, digits and -"));
        }
        Ok(())
    }
}

/// A person as the server knows them.
#[derive(Serialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonAnswer {
    /// Whether the person signed up: always true here.
    signed_up: bool,
    /// The channel of the token.
    #[schema(value_type = Slug)]
    channel: ChannelId,
    /// Which half of the people this person belongs to in a round that sells by birth year.
    birth_year: ParityWord,
}

impl From<PersonClaims> for PersonAnswer {
    fn from(claims: PersonClaims) -> PersonAnswer {
        let birth_year = ParityWord::of(claims.who.birthdate.year);
        PersonAnswer { signed_up: true, channel: claims.channel, birth_year }
    }
}

/// Sign up the person of the token
#[utoipa::path(post, path = "/v1/people", operation_id = "sign_up", tag = "people",
    request_body = SignUp,
    responses(
        (status = 201, description = "signed up", body = PersonAnswer),
        (status = 200, description = "already signed up", body = PersonAnswer)))]
pub async fn sign_up(mut call: Call) -> Answer {
    let claims = call.person()?;
    let wish: SignUp = call.json().await?;
    let is_new = enrol(call.edge(), &claims, &wish).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(reply::own(status, &PersonAnswer::from(claims)))
}

/// Signs somebody up; answers whether that is new.
///
/// # Errors
/// `Malformed`, `Unavailable`.
pub(super) async fn enrol(
    edge: &Edge,
    claims: &PersonClaims,
    wish: &SignUp,
) -> Result<bool, Refusal> {
    wish.check()?;
    edge.engine.sign_up(claims.person, claims.channel.clone()).await
}

/// Whether the person of the token signed up
#[utoipa::path(get, path = "/v1/people/me", operation_id = "get_me", tag = "people",
    responses((status = 200, description = "signed up", body = PersonAnswer)))]
pub async fn me(call: Call) -> Answer {
    let claims = call.person()?;
    if !call.edge().engine.is_signed_up(claims.person) {
        return Err(Refusal::NotRegistered.into());
    }
    Ok(reply::own(StatusCode::OK, &PersonAnswer::from(claims)))
}

/// What a person may still buy and hold of one program.
#[derive(Serialize, ToSchema)]
#[schema(as = Limit)]
pub struct LimitAnswer<'a> {
    /// Which program.
    #[schema(value_type = Slug)]
    program_id: &'a ProgramId,
    /// The month of the Korean calendar.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}$", example = "2022-07")]
    month: String,
    /// Most that may be bought in a month.
    monthly_limit_won: i64,
    /// Bought this month, over all channels and rounds.
    used_won: i64,
    /// Set aside for purchases under way.
    held_won: i64,
    /// What may still be bought this month.
    allowance_won: i64,
    /// Most that may be held at once.
    holding_limit_won: i64,
    /// Held now.
    holding_won: i64,
    /// What may still be held.
    room_won: i64,
    /// Most that may be received as gifts in a month; null: no limit but that of holding.
    gift_limit_won: Option<i64>,
    /// Received as gifts this month.
    gifts_received_won: i64,
}

impl<'a> LimitAnswer<'a> {
    fn new(program: &'a Program, limits: &Limits, now: openrun_core::Timestamp) -> Self {
        let rules = program.rules_at(now);
        LimitAnswer {
            program_id: &program.id,
            month: limits.month.to_string(),
            monthly_limit_won: rules.monthly_limit_won.0,
            used_won: limits.used.0,
            held_won: limits.held.0,
            allowance_won: limits.allowance.0,
            holding_limit_won: rules.holding_limit_won.0,
            holding_won: limits.holding.0,
            room_won: limits.room.0,
            gift_limit_won: rules.after_sale.gift_limit_won.map(|limit| limit.0),
            gifts_received_won: limits.received.0,
        }
    }
}

/// Limits of every program.
#[derive(Serialize, ToSchema)]
#[schema(as = Limits)]
pub struct LimitsAnswer<'a> {
    limits: Vec<LimitAnswer<'a>>,
}

/// What the person may still buy and hold, per program
#[utoipa::path(get, path = "/v1/people/me/limits", operation_id = "get_limits", tag = "people",
    responses((status = 200, description = "one entry a program", body = LimitsAnswer)))]
pub async fn limits(call: Call) -> Answer {
    let person = call.person()?.person;
    let engine = &call.edge().engine;
    let all = engine.limits(person).await?;
    let now = engine.now();
    let limits = all.iter().map(|(program, limits)| LimitAnswer::new(program, limits, now));
    Ok(reply::own(StatusCode::OK, &LimitsAnswer { limits: limits.collect() }))
}
