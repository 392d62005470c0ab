//! What a person's own place came to, and why: told from the journal.
//!
//! Works while they wait ("so far") and after everything is over, also after a restart. Needs only
//! the ticket, and one read of the store for each call; when the store is away it says so and
//! guesses nothing.

use super::call::{Answer, Call};
use super::purchases::PurchaseStateWord;
use super::reply;
use super::tickets::{TicketState, shown};
use super::time::Moment;
use super::words::{Id, Slug};
use actix_web::http::StatusCode;
use openrun_actors::Place;
use openrun_core::purchase::PurchaseState;
use openrun_core::round::{LifeCycle, StockEnd, WindowPhase};
use openrun_core::round_spec::LineId;
use openrun_core::view::{PlaceState, RoundView};
use openrun_core::{Event, PurchaseId, RoundId, StoredEvent, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Seoul is nine hours ahead of universal time, all year.
const SEOUL_MILLIS: i64 = 9 * 3_600_000;

/// What a place came to.
#[derive(Serialize, ToSchema)]
#[schema(as = Outcome)]
pub struct OutcomeAnswer<'a> {
    /// Which round.
    #[schema(value_type = Slug)]
    round_id: &'a RoundId,
    /// The line.
    #[schema(example = "everyone")]
    class: &'a str,
    /// The place. Null while it is in a lobby that is not drawn.
    number: Option<u64>,
    /// Where it stands now.
    state: TicketState,
    /// Whether nothing more will come of it.
    is_final: bool,
    /// When the place was given. Null when the record of it was lost with a machine: the ticket
    /// proves the place all the same.
    joined_at: Option<Moment>,
    /// When the turn was claimed: more than once when a pass came back.
    claimed_at: Vec<Moment>,
    /// When somebody whose turn had lapsed came back with the place.
    came_back_at: Option<Moment>,
    /// When the turn came again after that.
    turn_again_at: Option<Moment>,
    /// When the place was given up.
    left_at: Option<Moment>,
    /// What was bought with it.
    purchases: Vec<BoughtAnswer>,
    /// How far the line has come by now.
    watermark: u64,
    /// When the last of the stock of the person's own window was taken; null while there is any.
    stock_ended_at: Option<Moment>,
    /// How far the line had come then.
    watermark_at_end: Option<u64>,
    /// All of it in one sentence.
    message: Sentence,
}

/// A sentence in two languages.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Sentence)]
struct Sentence {
    /// Korean.
    ko: String,
    /// English.
    en: String,
}

/// A purchase, as far as the place goes.
#[derive(Serialize, ToSchema)]
#[schema(as = OutcomePurchase)]
struct BoughtAnswer {
    /// Its id.
    #[schema(value_type = Id)]
    id: Uuid,
    /// Where it stands.
    #[schema(value_type = PurchaseStateWord)]
    state: PurchaseState,
    /// Face value.
    amount_won: i64,
    /// When it came to this.
    at: Moment,
}

/// A purchase with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bought {
    id: PurchaseId,
    state: PurchaseState,
    amount_won: i64,
    at: Timestamp,
}

/// What the newest snapshot says of the window of a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct OwnWindow {
    /// When its stock ended.
    stock_end: Option<StockEnd>,
    /// When it was to close, if it is over.
    closed_at: Option<Timestamp>,
}

impl OwnWindow {
    fn of(view: &RoundView, line: LineId) -> OwnWindow {
        let window = view.window_of(view.spec.line_behind(line));
        let closed_at = Some(window.closes_at).filter(|_| window.phase == WindowPhase::Over);
        OwnWindow { stock_end: window.stock_end, closed_at }
    }
}

/// The story of a place.
#[derive(Debug, Default, PartialEq, Eq)]
struct Story {
    joined_at: Option<Timestamp>,
    claimed_at: Vec<Timestamp>,
    came_back_at: Option<Timestamp>,
    turn_again_at: Option<Timestamp>,
    left_at: Option<Timestamp>,
    purchases: Vec<Bought>,
    stock_end: Option<StockEnd>,
    closed_at: Option<Timestamp>,
}

impl Story {
    fn told(events: &[StoredEvent], own: &OwnWindow) -> Story {
        let mut story = Story { stock_end: own.stock_end, ..Story::default() };
        let mut round_closed_at = None;
        for stored in events {
            let at = stored.at;
            match &stored.event {
                Event::Joined { .. } => story.joined_at = story.joined_at.or(Some(at)),
                Event::Claimed { .. } => story.claimed_at.push(at),
                Event::CameBack { .. } => story.came_back_at = Some(at),
                Event::TurnGiven { .. } => story.turn_again_at = Some(at),
                Event::Left { .. } => story.left_at = Some(at),
                Event::Held { purchase, .. } | Event::Issued { purchase } => {
                    story.goes_on(purchase.id, purchase.state, purchase.amount.0, at);
                }
                Event::PaymentSent { purchase, .. } => {
                    story.goes_on(*purchase, PurchaseState::Paying, 0, at);
                }
                Event::Voided { purchase, amount, .. } => {
                    story.goes_on(*purchase, PurchaseState::Voided, amount.0, at);
                }
                Event::RoundMoved { to: LifeCycle::Closed, .. } => round_closed_at = Some(at),
                _ => {}
            }
        }
        // A window ends by its own time, or with its round when that is closed before.
        story.closed_at = round_closed_at.into_iter().chain(own.closed_at).min();
        story
    }

    fn goes_on(&mut self, id: PurchaseId, state: PurchaseState, amount_won: i64, at: Timestamp) {
        match self.purchases.iter_mut().find(|bought| bought.id == id) {
            Some(bought) => (bought.state, bought.at) = (state, at),
            None => self.purchases.push(Bought { id, state, amount_won, at }),
        }
    }

    fn sentence(&self, place: &Place) -> Sentence {
        let number = grouped(place.number);
        let (ko, en) = match self.joined_at.map(clock) {
            // An entry says nothing about the place.
            Some(at) if place.is_entry => {
                (format!("{at}에 대기실에 들어왔습니다"), format!("joined {at}, in the lobby"))
            }
            None if place.is_entry => ("대기실에 있습니다".to_owned(), "in the lobby".to_owned()),
            Some(at) => (
                format!("{at}에 {number}번으로 줄을 섰습니다"),
                format!("joined {at} as number {number}"),
            ),
            None => (format!("{number}번입니다"), format!("number {number}")),
        };
        let (then_ko, then_en) = self.what_then(place);
        Sentence { ko: format!("{ko}. {then_ko}."), en: format!("{en}; {then_en}") }
    }

    fn what_then(&self, place: &Place) -> (String, String) {
        let so_far = grouped(place.view.watermark);
        if let Some(bought) = self.purchases.last() {
            return bought.in_words();
        }
        let left_at = self.left_at.map(clock);
        match (place.view.state, left_at) {
            (PlaceState::Left, Some(at)) => {
                (format!("{at}에 자리를 내놓았습니다"), format!("you gave the place up at {at}"))
            }
            (PlaceState::Left, None) => {
                ("자리를 내놓았습니다".to_owned(), "you gave the place up".to_owned())
            }
            (PlaceState::Lapsed, _) => (
                "차례가 왔지만 시간 안에 구매하지 않아 지나갔습니다".to_owned(),
                "your turn came and was not used in time".to_owned(),
            ),
            (PlaceState::SoldOut | PlaceState::Closed, _) => self.end_in_words(&so_far),
            (PlaceState::Lobby, _) if place.is_entry => (
                "판매가 시작되면 추첨으로 순서를 정합니다".to_owned(),
                "the order is drawn when the sale opens".to_owned(),
            ),
            (PlaceState::Admitted, _) => {
                ("지금이 구매할 차례입니다".to_owned(), "it is your turn to buy".to_owned())
            }
            (PlaceState::Waiting | PlaceState::StandBy, _) if self.came_back_at.is_some() => (
                "지나간 차례를 다시 기다리고 있습니다".to_owned(),
                "you came back and wait for your turn again".to_owned(),
            ),
            _ => (
                format!("지금까지 {so_far}번까지 입장했습니다"),
                format!("so far the line has reached {so_far}"),
            ),
        }
    }

    fn end_in_words(&self, so_far: &str) -> (String, String) {
        match (self.stock_end, self.closed_at) {
            (Some(end), _) => {
                let (at, reached) = (clock(end.at), grouped(end.watermark));
                (
                    format!("재고가 소진된 {at}에는 {reached}번까지 입장했습니다"),
                    format!("the line reached {reached} when the stock ended at {at}"),
                )
            }
            (_, Some(at)) => {
                let at = clock(at);
                (
                    format!("판매가 끝난 {at}에는 {so_far}번까지 입장했습니다"),
                    format!("the line reached {so_far} when the sale closed at {at}"),
                )
            }
            _ => (
                format!("해당 시간대의 판매가 끝났고 {so_far}번까지 입장했습니다"),
                format!("the line reached {so_far} when your window ended"),
            ),
        }
    }
}

impl Bought {
    fn in_words(&self) -> (String, String) {
        let (won, at) = (grouped(self.amount_won.unsigned_abs()), clock(self.at));
        match self.state {
            PurchaseState::Issued => {
                (format!("{at}에 {won}원을 구매했습니다"), format!("you bought {won} won at {at}"))
            }
            PurchaseState::Held | PurchaseState::Paying => (
                format!("{won}원 구매의 결제가 진행 중입니다"),
                format!("the payment of {won} won is under way"),
            ),
            PurchaseState::Voided => (
                format!("{at}에 {won}원 구매의 결제가 이루어지지 않았습니다"),
                format!("the payment of {won} won did not go through at {at}"),
            ),
            PurchaseState::Cancelled => (
                format!("{at}에 {won}원 구매를 취소했습니다"),
                format!("the purchase of {won} won was cancelled at {at}"),
            ),
        }
    }
}

/// The time of day in Seoul, to the millisecond.
fn clock(at: Timestamp) -> String {
    let millis = at.0.saturating_add(SEOUL_MILLIS).rem_euclid(86_400_000);
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}

/// With commas between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What came of my place?
///
/// The person's own result from the journal, with times to the millisecond, how far the line had
/// come when the stock ended, and one sentence that says it all. Needs only the ticket.
#[utoipa::path(get, path = "/v1/rounds/{round}/outcome", operation_id = "outcome", tag = "line",
    responses((status = 200, description = "what came of it, so far", body = OutcomeAnswer)))]
pub async fn show(call: Call) -> Answer {
    let (id, round) = call.round()?;
    let ticket = call.ticket(&id, &round)?;
    let engine = &call.edge().engine;
    let events = engine.place_events(&id, ticket.person, shown(&ticket)).await?;
    let place = round.place(ticket.line, ticket.number);
    let story = Story::told(&events, &OwnWindow::of(&round.view(), place.line));
    let state = place.view.state;
    let is_final = match state {
        PlaceState::SoldOut | PlaceState::Closed | PlaceState::Left => true,
        PlaceState::Bought => story
            .purchases
            .iter()
            .all(|bought| !matches!(bought.state, PurchaseState::Held | PurchaseState::Paying)),
        _ => false,
    };
    let bought = |bought: &Bought| BoughtAnswer {
        id: Uuid::from_u128(bought.id.0),
        state: bought.state,
        amount_won: bought.amount_won,
        at: Moment(bought.at),
    };
    let answer = OutcomeAnswer {
        round_id: &ticket.round,
        class: &place.class,
        number: Some(place.number).filter(|_| !place.is_entry),
        state: state.into(),
        is_final,
        joined_at: story.joined_at.map(Moment),
        claimed_at: story.claimed_at.iter().copied().map(Moment).collect(),
        came_back_at: story.came_back_at.map(Moment),
        turn_again_at: story.turn_again_at.map(Moment),
        left_at: story.left_at.map(Moment),
        purchases: story.purchases.iter().map(bought).collect(),
        watermark: place.view.watermark,
        stock_ended_at: story.stock_end.map(|end| Moment(end.at)),
        watermark_at_end: story.stock_end.map(|end| end.watermark),
        message: story.sentence(&place),
    };
    Ok(reply::own(StatusCode::OK, &answer))
}

#[cfg(test)]
mod tests;
