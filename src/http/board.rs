//! `GET /v1/rounds/{round}/board`: how a sale stands, for everybody: a page without scripts, or the
//! same as JSON.
//!
//! Made at most every 200 ms in each of its forms, whoever asks; the same bytes for everybody who
//! prefers the same language. Says nothing about anybody and never touches a mailbox. The page
//! itself is in [`page`].

use super::announcements::{NoticeAnswer, SuspensionAnswer, notices, suspensions_of};
use super::call::{Answer, Call};
use super::draws::DrawAnswer;
use super::edge::Edge;
use super::honesty::HonestyAnswer;
use super::language::Language;
use super::pages::POLICY;
use super::reply::{self, SHARED};
use super::time::Moment;
use super::watermark::{InterruptionAnswer, StockFigures};
use super::words::{NameWords, Slug, StateWord, WindowHead};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use bytes::Bytes;
use dashmap::DashMap;
use openrun_actors::RoundRef;
use openrun_core::program::Name;
use openrun_core::round::LifeCycle;
use openrun_core::round_spec::{LineId, SoldAt};
use openrun_core::view::{RoundView, WindowView};
use openrun_core::{ProgramId, RoundId};
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use utoipa::ToSchema;

mod page;
mod words;

/// A board is remade at most this often, as the watermark document is.
const REMAKE_AFTER: Duration = Duration::from_millis(200);
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// How a sale stands.
#[derive(Serialize, ToSchema)]
pub struct Board<'a> {
    /// Which round.
    #[schema(value_type = Slug)]
    round_id: &'a RoundId,
    /// What is sold.
    #[schema(value_type = Slug)]
    program_id: &'a ProgramId,
    /// The name of the round.
    #[schema(value_type = NameWords)]
    name: &'a Name,
    /// The name of what is sold.
    #[schema(value_type = NameWords)]
    program: &'a Name,
    /// When this was made.
    at: Moment,
    /// Where the round is in its life.
    #[schema(value_type = StateWord)]
    state: LifeCycle,
    /// How many purchases were made in its lines.
    issued: u64,
    #[serde(flatten)]
    figures: StockFigures,
    /// What is set aside for the counters, apart from the figures above; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    counters: Option<StockFigures>,
    /// How many wait, in all lines.
    waiting: u64,
    /// One line for each class of eligibility.
    lines: Vec<BoardLine>,
    /// The windows with their live figures.
    windows: Vec<BoardWindow<'a>>,
    /// In a drawn round how far its draw has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    draw: Option<DrawAnswer<'a>>,
    /// How right people were told of their chances.
    honesty: HonestyAnswer,
    /// Joins that got a number out of order: 0, always.
    inversions: u64,
    /// What holds the sale up for the moment.
    interruption: Option<InterruptionAnswer>,
    /// What the operator tells everybody, oldest first.
    notices: Vec<NoticeAnswer<'a>>,
    /// Features that are switched off now.
    suspensions: Vec<SuspensionAnswer>,
}

/// A line on the board.
#[derive(Serialize, ToSchema)]
struct BoardLine {
    /// Who stands in it.
    #[schema(example = "everyone")]
    class: String,
    /// Numbers at or under it have their turn.
    watermark: u64,
    /// The last number given.
    last_number: u64,
    /// How many wait.
    waiting: u64,
    /// How many are between their turn and its end.
    active: u64,
    /// How long somebody who joins now will wait, if that can be said.
    estimate: Option<BoardEstimate>,
}

/// Seconds until the turn of somebody who joins now.
#[derive(Serialize, ToSchema)]
struct BoardEstimate {
    /// One in ten waits no longer.
    p10_s: u64,
    /// Half wait no longer.
    p50_s: u64,
    /// Nine in ten wait no longer.
    p90_s: u64,
}

/// A window on the board.
#[derive(Serialize, ToSchema)]
struct BoardWindow<'a> {
    #[serde(flatten)]
    head: WindowHead<'a>,
    #[serde(flatten)]
    figures: StockFigures,
    /// How many purchases it made.
    purchases: u64,
}

impl<'a> Board<'a> {
    fn new(view: &'a RoundView, round: &RoundRef, edge: &Edge) -> Board<'a> {
        let window = |window: &'a WindowView| BoardWindow {
            head: window.into(),
            figures: window.stock.into(),
            purchases: window.purchases,
        };
        Board {
            round_id: &view.spec.id,
            program_id: &view.spec.program_id,
            name: &view.spec.name,
            program: &view.program.name,
            at: Moment(view.at),
            state: view.state,
            issued: view.windows_at(SoldAt::Line).map(|window| window.purchases).sum(),
            figures: StockFigures::of_lines(view),
            counters: StockFigures::of_counters(view),
            waiting: view.waiting(),
            lines: (0..view.lines.len()).map(|line| BoardLine::new(view, round, line)).collect(),
            windows: view.windows_at(SoldAt::Line).map(window).collect(),
            draw: DrawAnswer::new(view),
            honesty: (&view.honesty).into(),
            inversions: round.inversions(),
            interruption: view.interruption.map(InterruptionAnswer::from),
            notices: notices(view),
            suspensions: suspensions_of(view, &edge.engine),
        }
    }
}

impl BoardLine {
    fn new(view: &RoundView, round: &RoundRef, index: usize) -> BoardLine {
        let line = &view.lines[index];
        let id = LineId(u8::try_from(index).unwrap_or(u8::MAX));
        // The place of somebody who joins now.
        let next = round.place(id, line.last_number + 1).view;
        let estimate = next.eta.map(|eta| BoardEstimate {
            p10_s: eta.p10_s,
            p50_s: eta.p50_s,
            p90_s: eta.p90_s,
        });
        BoardLine {
            class: line.eligibility.class().to_string(),
            watermark: line.watermark,
            last_number: line.last_number,
            waiting: view.waiting_in(line),
            active: line.active,
            estimate,
        }
    }
}

/// In which of its forms a board is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// For programs.
    Json,
    /// For people, in their language; looks again by itself unless told not to.
    Page { language: Language, is_still: bool },
}

impl Form {
    fn of(call: &Call) -> Form {
        let accept = call.header(header::ACCEPT.as_str()).unwrap_or_default();
        if prefers_json(accept) {
            return Form::Json;
        }
        let language = match call.query("lang") {
            Some("ko") => Language::Korean,
            Some("en") => Language::English,
            _ => call.language(),
        };
        Form::Page { language, is_still: call.query("refresh") == Some("off") }
    }

    fn tag(self) -> &'static str {
        match self {
            Form::Json => "json",
            Form::Page { language, is_still: false } => language.tag(),
            Form::Page { language, is_still: true } => language.pick("en-still", "ko-still"),
        }
    }
}

/// Whether JSON is named, with more weight than a page.
fn prefers_json(accept: &str) -> bool {
    let weight_of = |wanted: &str| {
        let ranges = accept.split(',').take(16).filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_it = parts.next()?.eq_ignore_ascii_case(wanted);
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            is_it.then(|| weight.unwrap_or(1.0))
        });
        ranges.fold(0.0_f32, f32::max)
    };
    weight_of("application/json") > weight_of("text/html")
}

/// A board as it was made.
#[derive(Clone)]
struct Made {
    bytes: Bytes,
    etag: Arc<str>,
    made: Instant,
}

/// The boards as they were made last: five forms a round at most.
#[derive(Default)]
pub struct Boards(DashMap<(RoundId, Form), Made>);

impl Boards {
    fn shown(&self, id: RoundId, round: &RoundRef, edge: &Edge, form: Form) -> Made {
        let key = (id, form);
        let fresh = self.0.get(&key).filter(|made| made.made.elapsed() < REMAKE_AFTER);
        if let Some(fresh) = fresh {
            return fresh.clone();
        }
        let view = round.view();
        let board = Board::new(&view, round, edge);
        let bytes = match form {
            Form::Json => reply::written(&board),
            Form::Page { language, is_still } => page::render(&board, language, is_still, edge),
        };
        let etag = format!("W/\"{}-{}-{}\"", view.epoch, view.serial, form.tag());
        let made = Made { bytes, etag: etag.into(), made: Instant::now() };
        self.0.insert(key, made.clone());
        made
    }
}

/// How a sale stands: a page, or JSON by `Accept`
///
/// The page is in Korean or English by `Accept-Language` or `lang`, has no script, and looks again
/// by itself unless `refresh` is `off`.
#[utoipa::path(get, path = "/v1/rounds/{round}/board", operation_id = "get_board", tag = "sale",
    params(
        ("lang" = Option<String>, Query, description = "`ko` or `en`"),
        ("refresh" = Option<String>, Query, description = "`off`: the page stays as it is"),
        ("If-None-Match" = Option<String>, Header, description = "the ETag of the last answer")),
    responses(
        (status = 200, description = "the board", content(
            (Board = "application/json"), (String = "text/html"))),
        (status = 304, description = "nothing has changed since this ETag")))]
pub async fn show(call: Call) -> Answer {
    let (id, round) = call.round()?;
    let (edge, form) = (call.edge(), Form::of(&call));
    let made = edge.boards.shown(id, &round, edge, form);
    let mut response = if call.has_version(&made.etag) {
        let mut response = HttpResponse::new(StatusCode::NOT_MODIFIED);
        response.headers_mut().insert(header::CACHE_CONTROL, SHARED);
        response
    } else {
        let kind = if form == Form::Json { JSON } else { HTML };
        reply::bytes(StatusCode::OK, kind, SHARED, made.bytes)
    };
    reply::put(&mut response, header::ETAG, &made.etag);
    reply::put(&mut response, header::VARY, "accept, accept-language");
    if let Form::Page { language, .. } = form {
        reply::put(&mut response, header::CONTENT_LANGUAGE, language.tag());
        reply::put(&mut response, header::CONTENT_SECURITY_POLICY, POLICY);
        reply::put(&mut response, header::REFERRER_POLICY, "no-referrer");
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_for_those_who_ask_for_it() {
        for (accept, json) in [
            ("", false),
            ("*/*", false),
            ("application/json", true),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
            ("application/json;q=0.5, text/html", false),
            ("application/json, text/html;q=0.9", true),
            ("application/json;q=0", false),
        ] {
            assert_eq!(prefers_json(accept), json, "{accept}");
        }
    }
}
