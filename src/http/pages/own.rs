//! The page of a round for somebody who is signed in or has a place, as it is without scripts: what
//! is theirs now, and what they can do. Looks by itself every now and then while there is something
//! to wait for.
//!
//! Reads what where-am-I reads; asks the person's limits only of somebody whose turn it is.

use super::frame::{self, Frame, Kind};
use super::html::Html;
use super::visitor::keep_ticket;
use super::{place, round};
use crate::http::call::{Answer, Call};
use crate::http::language::Language;
use crate::http::tickets;
use crate::trust::{PersonClaims, Ticket};
use actix_web::http::StatusCode;
use openrun_actors::{Place, RoundRef};
use openrun_core::person::{Limits, ShownPass};
use openrun_core::purchase::PurchaseState;
use openrun_core::view::{PlaceState, RoundView};
use openrun_core::{Purchase, PurchaseId, RoundId, Timestamp, Won};
use std::sync::Arc;
use uuid::Uuid;

/// A page looks by itself no sooner, in seconds: a person reads it first.
const LOOK_LEAST_S: i64 = 5;
/// And no later: nobody is to wonder whether it still works.
const LOOK_MOST_S: i64 = 60;
/// After how many seconds a payment that is under way is looked after.
const LOOK_PAYING_S: i64 = 4;

/// What is known of who looks, and of their place in this round.
pub(super) struct Own {
    pub(super) id: RoundId,
    pub(super) round: RoundRef,
    pub(super) view: Arc<RoundView>,
    pub(super) now: Timestamp,
    pub(super) claims: Option<PersonClaims>,
    pub(super) is_signed_up: bool,
    pub(super) place: Option<(Ticket, Place)>,
    pub(super) pass: ShownPass,
    pub(super) purchase: Option<Purchase>,
    pub(super) limits: Option<Limits>,
    /// What they want to buy, once they have said it.
    pub(super) amount: Option<Won>,
}

impl Own {
    async fn of(call: &Call, id: RoundId, round: RoundRef) -> Own {
        let engine = &call.edge().engine;
        let claims = call.kept_person();
        let person = claims.as_ref().map(|claims| claims.person);
        // Somebody else's place, from before on this phone, is none.
        let ticket = call.kept_ticket(&id, &round);
        let ticket = ticket.filter(|ticket| person.is_none_or(|it| it == ticket.person));
        let place = ticket.map(|ticket| {
            let place = round.place(ticket.line, ticket.number);
            (ticket, place)
        });
        let holder = person.or_else(|| place.as_ref().map(|(ticket, _)| ticket.person));
        let pass = holder.map_or(ShownPass::Missing, |holder| call.kept_pass(&id, holder));
        let bought = call.query("purchase").and_then(|text| Uuid::try_parse(text).ok());
        let purchase = match (person, bought) {
            (Some(person), Some(bought)) => {
                engine.purchase_by_id(person, PurchaseId(bought.as_u128())).await.ok()
            }
            _ => None,
        };
        let amount = call.query("amount_won").and_then(|text| text.parse().ok()).map(Won);
        let view = round.view();
        let is_signed_up = person.is_some_and(|person| engine.is_signed_up(person));
        let now = engine.now();
        let limits = None;
        let purchase = purchase.filter(|purchase| purchase.round == id);
        let mut own = Own {
            id,
            round,
            view,
            now,
            claims,
            is_signed_up,
            place,
            pass,
            purchase,
            limits,
            amount,
        };
        if own.can_choose()
            && let Some(person) = person
        {
            own.limits = own.asked(call, person).await;
        }
        own
    }

    /// What the person may still buy of this program; unknown when it cannot be asked now.
    async fn asked(&self, call: &Call, person: openrun_core::PersonKey) -> Option<Limits> {
        let all = call.edge().engine.limits(person).await.ok()?;
        let program = &self.view.spec.program_id;
        all.into_iter().find(|(it, _)| it.id == *program).map(|(_, limits)| limits)
    }

    /// What the page shows, as the scripts call it.
    pub(super) fn shows(&self) -> &'static str {
        if let Some(purchase) = &self.purchase {
            return match purchase.state {
                PurchaseState::Held | PurchaseState::Paying => "paying",
                PurchaseState::Issued | PurchaseState::Cancelled => "bought",
                PurchaseState::Voided => "refused",
            };
        }
        let Some((_, place)) = &self.place else { return "round" };
        // The place is kept meanwhile, and buying needs it.
        if self.claims.is_some() && !self.is_signed_up && is_before_buying(place.view.state) {
            return "sign_up";
        }
        match place.view.state {
            PlaceState::Lobby => "lobby",
            PlaceState::Waiting => "waiting",
            PlaceState::Admitted if self.can_choose() && self.is_chosen() => "buying",
            PlaceState::Admitted => "admitted",
            PlaceState::Lapsed => "lapsed",
            PlaceState::Left => "left",
            PlaceState::Bought => "bought",
            PlaceState::StandBy => "standby",
            PlaceState::SoldOut => "sold_out",
            PlaceState::Closed => "closed",
        }
    }

    /// Whether it is their turn, and claimed: only the amount is missing.
    pub(super) fn can_choose(&self) -> bool {
        let is_turn = |(_, place): &(Ticket, Place)| place.view.state == PlaceState::Admitted;
        let has_pass = matches!(self.pass, ShownPass::Valid(..));
        self.place.as_ref().is_some_and(is_turn) && has_pass && self.is_signed_up
    }

    /// Whether an amount is chosen that the rules of today know. The engine has the last word.
    fn is_chosen(&self) -> bool {
        let rules = self.view.program.rules_at(self.now);
        let fits = |amount: Won| {
            amount.is_positive_multiple_of(rules.unit_won) && amount <= rules.monthly_limit_won
        };
        self.amount.is_some_and(fits)
    }

    /// After how many seconds the page looks by itself; never while somebody fills in a form.
    fn looks_after_s(&self, shows: &str) -> Option<i64> {
        match (shows, &self.place) {
            ("paying", _) => Some(LOOK_PAYING_S),
            ("lobby" | "waiting" | "standby", Some((_, place))) => {
                let millis = tickets::spread(place.view.poll_after_millis);
                let seconds = i64::try_from(millis.div_ceil(1_000)).unwrap_or(LOOK_MOST_S);
                Some(seconds.clamp(LOOK_LEAST_S, LOOK_MOST_S))
            }
            _ => None,
        }
    }
}

/// Whether a purchase may still come of a place.
fn is_before_buying(state: PlaceState) -> bool {
    use PlaceState::{Admitted, Lobby, StandBy, Waiting};
    matches!(state, Lobby | Waiting | Admitted | StandBy)
}

/// The page of a round for who looks at it now.
pub(super) async fn show(call: &Call, id: RoundId, round: RoundRef) -> Answer {
    let language = call.page_language();
    let own = Own::of(call, id, round).await;
    let shows = own.shows();
    let path = format!("/rounds/{}", own.id);
    let code = (shows == "refused").then_some("payment-declined");
    let is_still = call.query("refresh") == Some("off");
    let frame = Frame {
        kind: Kind::Round,
        language,
        view: shows,
        title: title(&own, shows, language),
        path: &path,
        round: Some(own.id.as_str()),
        refresh_s: own.looks_after_s(shows).filter(|_| !is_still),
        code,
    };
    let html = frame.around(call.edge(), |html| write(html, call, &own, shows));
    let mut response = frame::own(StatusCode::OK, language, html);
    if let Some((ticket, place)) = &own.place {
        // A ticket of a lobby is one of the line once it is drawn.
        let text = tickets::sealed(call.edge(), ticket, place);
        keep_ticket(call, &mut response, own.id.as_str(), &text);
    }
    super::remember_if_chosen(call, &mut response, language);
    Ok(response)
}

/// What stands first in the title is what a row of tabs shows.
fn title(own: &Own, shows: &str, language: Language) -> String {
    let name = language.of_both(&own.view.spec.name);
    match place::title_key(shows) {
        Some(key) => format!("{} - {name}", super::texts::say(language, key)),
        None => name.to_owned(),
    }
}

fn write(html: &mut Html, call: &Call, own: &Own, shows: &str) {
    round::head(html, &own.view);
    html.raw("<section class=\"card\">");
    place::write(html, call.edge(), own, shows);
    html.raw("</section>");
    if own.looks_after_s(shows).is_some() {
        html.raw("<noscript><p class=\"soft\">");
        html.say("page-looks-by-itself");
        html.raw(" <a href=\"?refresh=off");
        if let Some(purchase) = &own.purchase {
            html.raw("&amp;purchase=");
            html.text(Uuid::from_u128(purchase.id.0));
        }
        html.raw("\">");
        html.say("page-look-off");
        html.raw("</a></p></noscript>");
    }
    round::figures(html, &own.view, &own.round, own.now);
}
