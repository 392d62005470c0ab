//! The one small document that every waiting client reads: the same bytes for everybody, rendered
//! once a snapshot.
//!
//! Everybody works out their own place from it: a number at or under its line's watermark has its
//! turn. Never touches a mailbox, and says nothing about anybody.

use super::call::{Answer, Call};
use super::draws::DrawState;
use super::reply::{self, SHARED};
use super::time::Moment;
use super::words::{Slug, StateWord, Thousandths, WindowHead};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use bytes::Bytes;
use openrun_core::round::LifeCycle;
use openrun_core::speed::Speed;
use openrun_core::stock::Stock;
use openrun_core::view::{
    Interruption, LIKELY_PERCENT, LineView, LobbyView, Missing, POSSIBLE_PERCENT, RoundView,
    TURN_UP_PERCENT, WindowView,
};
use openrun_core::{RoundId, Won};
use serde::Serialize;
use utoipa::ToSchema;

/// The document.
#[derive(Serialize, ToSchema)]
#[schema(as = Watermark)]
pub struct Document<'a> {
    /// Grows with each version.
    serial: u64,
    /// Under which owner of the store.
    epoch: u64,
    /// When it was made.
    at: Moment,
    /// Which round.
    #[schema(value_type = Slug)]
    round_id: &'a RoundId,
    /// Where the round is in its life.
    #[schema(value_type = StateWord)]
    state: LifeCycle,
    /// What can still be bought, over all windows.
    left_won: i64,
    /// What is set aside for purchases under way.
    held_won: i64,
    /// What is bought.
    sold_won: i64,
    /// The mean purchase.
    mean_purchase_won: i64,
    /// One line for each class of eligibility.
    lines: Vec<Line>,
    /// In a drawn round the lobby of each class: who is there is drawn at the opening.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lobbies: Vec<Lobby>,
    /// The windows with their live figures.
    windows: Vec<Window<'a>>,
    /// How the outlook follows from the figures.
    outlook: OutlookRule,
    /// When to look again.
    poll: PollRule,
    /// What holds the sale up for the moment, though the round is open; it ends by itself, and
    /// everybody keeps their place.
    interruption: Option<InterruptionAnswer>,
    /// Notices of the operator: none yet.
    #[schema(value_type = Vec<Object>)]
    notices: [(); 0],
}

/// What holds a sale up.
#[derive(Serialize, ToSchema)]
#[schema(as = Interruption)]
struct InterruptionAnswer {
    /// What is away: `store` or `payment`.
    #[schema(example = "payment")]
    cause: &'static str,
    /// Since when.
    since: Moment,
    /// For people.
    message: Words,
}

/// A sentence in two languages.
#[derive(Serialize, ToSchema)]
struct Words {
    ko: &'static str,
    en: &'static str,
}

impl From<Interruption> for InterruptionAnswer {
    fn from(interruption: Interruption) -> InterruptionAnswer {
        let (cause, message) = match interruption.cause {
            Missing::Store => (
                "store",
                Words {
                    ko: "시스템 점검으로 판매가 잠시 멈췄습니다. 순서는 그대로이며 곧 자동으로 이어집니다.",
                    en: "selling is held up for a moment; your place is kept and it goes on by itself",
                },
            ),
            Missing::Payment => (
                "payment",
                Words {
                    ko: "결제 기관이 응답하지 않아 판매가 잠시 멈췄습니다. 순서는 그대로이며 곧 자동으로 이어집니다.",
                    en: "payments are held up for a moment; your place is kept and it goes on by itself",
                },
            ),
        };
        InterruptionAnswer { cause, since: Moment(interruption.since), message }
    }
}

/// A line.
#[derive(Serialize, ToSchema)]
struct Line {
    /// Who stands in it.
    #[schema(example = "everyone")]
    class: String,
    /// Numbers at or under it have their turn. Only grows.
    watermark: u64,
    /// The last number given.
    last_number: u64,
    /// How many wait.
    waiting: u64,
    /// How many are between their turn and its end.
    active: u64,
    /// Numbers a second that the watermark moves, with its spread; null before it was measured.
    speed_per_s: Option<SpeedAnswer>,
    /// Numbers ahead of the watermark that nobody holds: ranges, both ends included.
    vacant: Vec<[u64; 2]>,
}

/// The lobby of a class that is drawn.
#[derive(Serialize, ToSchema)]
struct Lobby {
    /// Who is drawn.
    #[schema(example = "everyone")]
    class: String,
    /// How far the draw has come.
    state: DrawState,
    /// How many people were given a place in it, those who left included.
    people: u64,
}

impl From<&LobbyView> for Lobby {
    fn from(lobby: &LobbyView) -> Lobby {
        let state = DrawState::of(lobby);
        Lobby { class: lobby.draw.class.to_string(), state, people: lobby.people }
    }
}

/// A speed with its spread.
#[derive(Serialize, ToSchema)]
#[schema(as = Speed)]
pub struct SpeedAnswer {
    /// One in ten seconds was slower.
    p10: Thousandths,
    /// Half of the seconds were slower.
    p50: Thousandths,
    /// Nine in ten seconds were slower.
    p90: Thousandths,
}

/// A window with its live figures.
#[derive(Serialize, ToSchema)]
#[schema(as = WatermarkWindow)]
struct Window<'a> {
    #[serde(flatten)]
    head: WindowHead<'a>,
    #[serde(flatten)]
    figures: StockFigures,
    /// How many purchases it made.
    purchases: u64,
}

/// Stock in won. `left + held + sold = stock`, always.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub struct StockFigures {
    /// All that there is, with leftover that moved in or out.
    stock_won: i64,
    /// What can still be bought.
    left_won: i64,
    /// What is set aside for purchases under way.
    held_won: i64,
    /// What is bought.
    sold_won: i64,
}

/// `competing = (ahead + active) * turn_up_percent / 100` buyers are set against
/// `served = (left + held) / mean purchase`: under `likely_percent` of it `likely`, under
/// `possible_percent` `possible`, else `unlikely`.
#[derive(Serialize, ToSchema)]
struct OutlookRule {
    /// Share of those ahead who turn up and buy.
    turn_up_percent: u64,
    /// Under it a purchase is likely.
    likely_percent: u64,
    /// Under it a purchase is possible.
    possible_percent: u64,
}

/// Look again after `share_of_wait_percent` of the shortest estimated wait, within bounds, give or
/// take the jitter.
#[derive(Serialize, ToSchema)]
struct PollRule {
    /// Never sooner.
    least_ms: u64,
    /// Never later.
    most_ms: u64,
    /// In the lobby.
    lobby_ms: u64,
    /// Of the estimated wait.
    share_of_wait_percent: u64,
    /// Up and down.
    jitter_percent: u64,
}

/// The rule by which the core works out `poll_after_ms`.
const POLL: PollRule = PollRule {
    least_ms: 1_000,
    most_ms: 30_000,
    lobby_ms: 5_000,
    share_of_wait_percent: 25,
    jitter_percent: 20,
};

impl From<Stock> for StockFigures {
    fn from(stock: Stock) -> StockFigures {
        StockFigures {
            stock_won: stock.total.0,
            left_won: stock.left.0,
            held_won: stock.held.0,
            sold_won: stock.sold.0,
        }
    }
}

impl StockFigures {
    /// Over all windows of a round.
    #[must_use]
    pub fn of_round(view: &RoundView) -> StockFigures {
        let sum = |of: fn(&Stock) -> Won| view.windows.iter().map(|w| of(&w.stock)).sum::<Won>().0;
        StockFigures {
            stock_won: sum(|stock| stock.total),
            left_won: sum(|stock| stock.left),
            held_won: sum(|stock| stock.held),
            sold_won: sum(|stock| stock.sold),
        }
    }
}

impl From<Speed> for SpeedAnswer {
    fn from(speed: Speed) -> SpeedAnswer {
        SpeedAnswer {
            p10: Thousandths(speed.p10_milli),
            p50: Thousandths(speed.p50_milli),
            p90: Thousandths(speed.p90_milli),
        }
    }
}

impl From<&LineView> for Line {
    fn from(line: &LineView) -> Line {
        let ahead = line.vacant.iter().filter(|(_, to)| *to > line.watermark);
        Line {
            class: line.class.to_string(),
            watermark: line.watermark,
            last_number: line.last_number,
            waiting: line.waiting,
            active: line.active,
            speed_per_s: line.speed.map(SpeedAnswer::from),
            vacant: ahead.map(|(from, to)| [*from, *to]).collect(),
        }
    }
}

impl<'a> From<&'a WindowView> for Window<'a> {
    fn from(window: &'a WindowView) -> Window<'a> {
        let figures = window.stock.into();
        Window { head: window.into(), figures, purchases: window.purchases }
    }
}

impl<'a> Document<'a> {
    fn new(view: &'a RoundView) -> Document<'a> {
        let StockFigures { left_won, held_won, sold_won, .. } = StockFigures::of_round(view);
        Document {
            serial: view.serial,
            epoch: view.epoch,
            at: Moment(view.at),
            round_id: &view.spec.id,
            state: view.state,
            left_won,
            held_won,
            sold_won,
            mean_purchase_won: view.mean_purchase.0,
            lines: view.lines.iter().map(Line::from).collect(),
            lobbies: view.lobbies.iter().map(Lobby::from).collect(),
            windows: view.windows.iter().map(Window::from).collect(),
            outlook: OutlookRule {
                turn_up_percent: TURN_UP_PERCENT,
                likely_percent: LIKELY_PERCENT,
                possible_percent: POSSIBLE_PERCENT,
            },
            poll: POLL,
            interruption: view.interruption.map(InterruptionAnswer::from),
            notices: [],
        }
    }
}

/// The document of a snapshot as bytes.
#[must_use]
pub fn render(view: &RoundView) -> Bytes {
    reply::written(&Document::new(view))
}

/// The document that every waiting client reads
///
/// The same bytes for everybody. A number at or under the watermark of its line has its turn.
#[utoipa::path(get, path = "/v1/rounds/{round}/watermark", operation_id = "get_watermark",
    tag = "line",
    params(("If-None-Match" = Option<String>, Header, description = "the ETag of the last answer")),
    responses(
        (status = 200, description = "the document as it stands", body = Document,
            headers(("ETag" = String), ("Cache-Control" = String))),
        (status = 304, description = "nothing has changed since this ETag")))]
pub async fn show(call: Call) -> Answer {
    let (_, round) = call.round()?;
    let rendered = round.rendered(render);
    let mut response = if call.has_version(&rendered.etag) {
        let mut response = HttpResponse::new(StatusCode::NOT_MODIFIED);
        response.headers_mut().insert(header::CACHE_CONTROL, SHARED);
        response
    } else {
        reply::shared_bytes(rendered.bytes, SHARED)
    };
    reply::put(&mut response, header::ETAG, &rendered.etag);
    Ok(response)
}
