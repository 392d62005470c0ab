//! The one small document that every waiting client reads: the same bytes for everybody, rendered
//! once a snapshot.
//!
//! Everybody works out their own place from it: a number at or under its line's watermark has its
//! turn. Never touches a mailbox, and says nothing about anybody. Signed and dated, so that a copy
//! proves itself wherever it comes from (see [`seal`]).

use super::announcements::{NoticeAnswer, notices};
use super::call::{Answer, Call};
use super::draws::DrawState;
use super::reply::{self, SHARED};
use super::tickets::{OutlookWord, TicketState};
use super::time::Moment;
use super::words::{Slug, StateWord, Thousandths, WindowHead};
use crate::trust::{DocumentSignature, Keys};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use bytes::Bytes;
use openrun_core::forecast::Spread;
use openrun_core::round::LifeCycle;
use openrun_core::round_spec::{LineId, SoldAt};
use openrun_core::speed::Speed;
use openrun_core::stock::Stock;
use openrun_core::view::{Interruption, LobbyView, Missing, POLL, RoundView, WindowView};
use openrun_core::{RoundId, Won};
use serde::Serialize;
use utoipa::ToSchema;

/// What the text of a document says first: what it is. No token begins so.
pub const KIND: &str = "openrun/watermark/v1";

/// The document as it is sent: signed. The signature stands last; what is signed are the bytes of
/// the text before `,"signature":`.
#[derive(Serialize, ToSchema)]
#[schema(as = Watermark)]
#[allow(dead_code, reason = "stands in the document only: the signature is added to the text")]
pub struct Signed<'a> {
    #[serde(flatten)]
    document: Document<'a>,
    /// By one of the keys of `/.well-known/jwks.json`.
    signature: Signature,
}

/// A signature under the text before it.
#[derive(Serialize, ToSchema)]
struct Signature {
    /// Which key.
    kid: String,
    /// Ed25519 (RFC 8032), base64url without padding.
    #[schema(pattern = "^[A-Za-z0-9_-]{86}$")]
    ed25519: String,
}

/// The document.
#[derive(Serialize, ToSchema)]
#[schema(as = WatermarkBody)]
pub struct Document<'a> {
    /// What this is: `openrun/watermark/v1`. Stands first.
    #[schema(example = "openrun/watermark/v1")]
    document: &'static str,
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
    /// When to look again.
    poll: PollRule,
    /// What holds the sale up for the moment, though the round is open; it ends by itself, and
    /// everybody keeps their place.
    interruption: Option<InterruptionAnswer>,
    /// What the operator tells everybody, oldest first.
    notices: Vec<NoticeAnswer<'a>>,
}

/// What holds a sale up.
#[derive(Serialize, ToSchema)]
#[schema(as = Interruption)]
pub struct InterruptionAnswer {
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

impl InterruptionAnswer {
    /// For people, in Korean and English.
    #[must_use]
    pub fn words(&self) -> (&'static str, &'static str) {
        (self.message.ko, self.message.en)
    }
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
    /// Where a place stands whose turn has not come: `lobby`, `waiting`, `standby`, `sold_out` or
    /// `closed`.
    state: TicketState,
    /// When its window opens or opened.
    opens_at: Moment,
    /// Numbers at or under it have their turn. Only grows.
    watermark: u64,
    /// The last number given.
    last_number: u64,
    /// How many wait.
    waiting: u64,
    /// How many are between their turn and its end.
    active: u64,
    /// People let in a second, with its spread: measured, or as planned before anything was. Null
    /// while nothing moves; then there is no estimate.
    speed_per_s: Option<SpeedAnswer>,
    /// Numbers ahead of the watermark that nobody holds: ranges, both ends included.
    vacant: Vec<[u64; 2]>,
    /// Of the other numbers ahead so many percent are still waited with: the people ahead of a
    /// number are the numbers between it and the watermark, without the vacant, times this. They,
    /// and one more, divided by the speed are the estimated wait.
    present_percent: Thousandths,
    /// Of those who have their turn so many percent buy: measured.
    turn_up_percent: Thousandths,
    /// A place at or under it will most probably be reached by the stock: `likely`.
    likely_to: u64,
    /// A place at or under it may be: `possible`. Beyond it the outlook is `unlikely`, and there is
    /// no estimate; `no` when the window, or all that can still come to it, is sold out.
    possible_to: u64,
    /// Seconds until the stock of the line is expected to end; null when those in line will not
    /// buy it all, or nothing moves.
    stock_ends_in_s: Option<SpreadAnswer>,
}

/// A time in seconds, with its spread.
#[derive(Serialize, ToSchema)]
#[schema(as = Spread)]
pub struct SpreadAnswer {
    /// One in ten is sooner.
    p10: Thousandths,
    /// Half are sooner.
    p50: Thousandths,
    /// Nine in ten are sooner.
    p90: Thousandths,
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
    /// How the chances of everybody are who is there.
    outlook: OutlookWord,
}

impl Lobby {
    fn new(view: &RoundView, lobby: &LobbyView) -> Lobby {
        Lobby {
            class: lobby.draw.class.to_string(),
            state: DrawState::of(lobby),
            people: lobby.people,
            outlook: view.outlook_of_lobby(lobby).into(),
        }
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
    pub stock_won: i64,
    /// What can still be bought.
    pub left_won: i64,
    /// What is set aside for purchases under way.
    pub held_won: i64,
    /// What is bought.
    pub sold_won: i64,
}

/// Who waits looks again after `share_of_wait_percent` of the shorter of two times: the estimated
/// wait (the people ahead and one more, divided by the speed's `p90`), and `stock_ends_in_s.p10`.
/// With neither, after `still_ms`. Always within `least_ms` and `most_ms`, give or take the jitter.
#[derive(Serialize, ToSchema)]
struct PollRule {
    /// Never sooner.
    least_ms: u64,
    /// Never later.
    most_ms: u64,
    /// In the lobby: the share of the time until opening, and never sooner.
    lobby_ms: u64,
    /// While nothing is expected to happen.
    still_ms: u64,
    /// Of the time until something is expected to happen.
    share_of_wait_percent: u64,
    /// Up and down.
    jitter_percent: u64,
}

/// The rule by which the core works out `poll_after_ms`.
const RULE: PollRule = PollRule {
    least_ms: POLL.least_millis,
    most_ms: POLL.most_millis,
    lobby_ms: POLL.lobby_millis,
    still_ms: POLL.still_millis,
    share_of_wait_percent: POLL.share_percent,
    jitter_percent: POLL.jitter_percent,
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
    /// Over all windows of a round, wherever they are sold.
    #[must_use]
    pub fn of_round(view: &RoundView) -> StockFigures {
        StockFigures::over(|| view.windows.iter())
    }

    /// Over what is sold in lines: what people who wait can hope for.
    #[must_use]
    pub fn of_lines(view: &RoundView) -> StockFigures {
        StockFigures::over(|| view.windows_at(SoldAt::Line))
    }

    /// Over what is set aside for counters, if anything is.
    #[must_use]
    pub fn of_counters(view: &RoundView) -> Option<StockFigures> {
        let is_any = view.windows_at(SoldAt::Counter).next().is_some();
        is_any.then(|| StockFigures::over(|| view.windows_at(SoldAt::Counter)))
    }

    fn over<'v, I: Iterator<Item = &'v WindowView>>(windows: impl Fn() -> I) -> StockFigures {
        let sum = |of: fn(&Stock) -> Won| windows().map(|w| of(&w.stock)).sum::<Won>().0;
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

impl From<Spread> for SpreadAnswer {
    fn from(spread: Spread) -> SpreadAnswer {
        SpreadAnswer {
            p10: Thousandths(spread.p10_millis),
            p50: Thousandths(spread.p50_millis),
            p90: Thousandths(spread.p90_millis),
        }
    }
}

impl Line {
    fn new(view: &RoundView, index: usize) -> Line {
        let (id, line) = (LineId(u8::try_from(index).unwrap_or(u8::MAX)), &view.lines[index]);
        let ahead = line.vacant.iter().filter(|(_, to)| *to > line.watermark);
        // A millionth is a tenth of a thousandth of a percent.
        let percent = |ppm: u64| Thousandths(ppm / 10);
        Line {
            class: line.class.to_string(),
            state: view.state_of_line(id).into(),
            opens_at: Moment(view.window_of(id).opens_at),
            watermark: line.watermark,
            last_number: line.last_number,
            waiting: view.waiting_in(line),
            active: line.active,
            speed_per_s: view.speed(line).map(SpeedAnswer::from),
            vacant: ahead.map(|(from, to)| [*from, *to]).collect(),
            present_percent: percent(line.present_ppm),
            turn_up_percent: percent(line.uptake.share_ppm),
            likely_to: line.chances.likely_to,
            possible_to: line.chances.possible_to,
            stock_ends_in_s: view.stock_ends(line).map(SpreadAnswer::from),
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
        let StockFigures { left_won, held_won, sold_won, .. } = StockFigures::of_lines(view);
        Document {
            document: KIND,
            serial: view.serial,
            epoch: view.epoch,
            at: Moment(view.at),
            round_id: &view.spec.id,
            state: view.state,
            left_won,
            held_won,
            sold_won,
            mean_purchase_won: view.mean_purchase.0,
            lines: (0..view.lines.len()).map(|index| Line::new(view, index)).collect(),
            lobbies: view.lobbies.iter().map(|lobby| Lobby::new(view, lobby)).collect(),
            windows: view.windows_at(SoldAt::Line).map(Window::from).collect(),
            poll: RULE,
            interruption: view.interruption.map(InterruptionAnswer::from),
            notices: notices(view),
        }
    }
}

/// The document of a snapshot as bytes, signed.
#[must_use]
pub fn render(view: &RoundView, keys: &Keys) -> Bytes {
    seal(reply::written(&Document::new(view)).into(), keys)
}

/// Adds the signature as the last member of a document.
fn seal(mut text: Vec<u8>, keys: &Keys) -> Bytes {
    assert_eq!(text.pop(), Some(b'}'), "a document is an object");
    let signature = keys.sign_document(&text);
    text.extend_from_slice(SIGNATURE);
    text.extend_from_slice(&reply::written::<DocumentSignature<'_>>(&signature));
    text.push(b'}');
    Bytes::from(text)
}

/// Between what is signed and the signature.
pub const SIGNATURE: &[u8] = b",\"signature\":";

/// The document that every waiting client reads
///
/// The same bytes for everybody, signed and dated: refuse one that is older than ten minutes, of a
/// lower epoch, or of a lower serial in the same epoch. A number at or under the watermark of its
/// line has its turn.
#[utoipa::path(get, path = "/v1/rounds/{round}/watermark", operation_id = "get_watermark",
    tag = "line",
    params(("If-None-Match" = Option<String>, Header, description = "the ETag of the last answer")),
    responses(
        (status = 200, description = "the document as it stands", body = Signed,
            headers(("ETag" = String), ("Cache-Control" = String))),
        (status = 304, description = "nothing has changed since this ETag")))]
pub async fn show(call: Call) -> Answer {
    let (_, round) = call.round()?;
    let rendered = round.rendered(|view| render(view, &call.edge().keys));
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
