//! What staff wish for: done, or with `?dry_run=true` only tried.
//!
//! A dry run is decided by the same code as the deed, and answers with what would change or with
//! the refusal. Nothing changes by it, and it stands in no log.

use super::round_figures::AdminRound;
use crate::http::body::malformed;
use crate::http::call::{Answer, Call};
use crate::http::reply;
use crate::http::version::tagged;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use openrun_actors::{Staff, Wish};
use openrun_core::round_spec::InletSpec;
use openrun_core::view::{RoundView, WindowView};
use openrun_core::{Event, Refusal, RoundId, WindowId, Won};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What the parameter says in the document.
pub const DRY_RUN: &str = "true: says what would happen or which refusal, and changes nothing";

/// What a wish is answered with, in the document.
pub const DONE_OR_TRIED: &str = "the round as it stands; of a dry run, what would change";

/// What would happen.
#[derive(Serialize, ToSchema)]
pub struct DryRun {
    /// Always true.
    dry_run: bool,
    /// What would be otherwise; empty when all is so already.
    changes: Vec<Change>,
}

/// One thing that would be otherwise.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// Which: as in the figures of the round, windows and lines by their id.
    #[schema(example = "windows.everyone.left_won")]
    field: String,
    /// How it stands.
    from: Value,
    /// How it would stand.
    to: Value,
}

/// What a wish is answered with.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Granted<'a> {
    /// It is done: the round as it stands.
    Done(Box<AdminRound<'a>>),
    /// A dry run.
    Tried(DryRun),
}

impl Change {
    fn new(field: impl Into<String>, from: impl Into<Value>, to: impl Into<Value>) -> Change {
        Change { field: field.into(), from: from.into(), to: to.into() }
    }
}

/// Whether the wish is only to be tried.
///
/// # Errors
/// `Malformed` when the query is anything else: who misspells it must not find it done.
pub fn is_dry_run(call: &Call) -> Result<bool, Refusal> {
    match call.query_string() {
        "" | "dry_run=false" => Ok(false),
        "dry_run=true" => Ok(true),
        _ => Err(malformed("the only parameter is dry_run, which is true or false")),
    }
}

/// Does it and answers with the round as it stands; or tries it.
pub async fn grant(call: &Call, staff: &Staff, id: &RoundId, wish: Wish, reason: &str) -> Answer {
    if is_dry_run(call)? {
        return tried(call, staff, id, wish).await;
    }
    let view = call.edge().engine.act(staff, id, wish, reason).await?;
    Ok(stands(call, StatusCode::OK, &view))
}

/// What would happen.
pub async fn tried(call: &Call, staff: &Staff, id: &RoundId, wish: Wish) -> Answer {
    let engine = &call.edge().engine;
    let events = engine.rehearse(staff, id, wish).await?;
    let view = engine.round(id).ok_or(Refusal::RoundNotFound)?.view();
    let changes = events.iter().flat_map(|event| changes(&view, event)).collect();
    let answer = reply::own(StatusCode::OK, &Granted::Tried(DryRun { dry_run: true, changes }));
    Ok(tagged(answer, view.version))
}

/// What now stands.
pub fn stands(call: &Call, status: StatusCode, view: &RoundView) -> HttpResponse {
    let round = call.edge().engine.round(&view.spec.id);
    let inversions = round.map_or(0, |round| round.inversions());
    let done = Granted::Done(Box::new(AdminRound::new(view, inversions)));
    tagged(reply::own(status, &done), view.version)
}

fn changes(view: &RoundView, event: &Event) -> Vec<Change> {
    match event {
        Event::RoundMoved { to, .. } => vec![Change::new("state", view.state.word(), to.word())],
        Event::WindowOpened { window, .. } => phase(view, window, "open"),
        Event::WindowClosed { window, .. } => phase(view, window, "over"),
        Event::InletChanged { inlet, .. } => inlet_changes(&view.spec.inlet, inlet),
        Event::InletStepped { line, to, .. } => {
            let line = view.lines.get(line.index());
            let change = line.map(|line| {
                Change::new(format!("lines.{}.watermark", line.class), line.watermark, *to)
            });
            change.into_iter().collect()
        }
        Event::OpeningAsked { ask, .. } => {
            let asked = view.opening_ask.as_ref().map(|ask| ask.step.word());
            vec![Change::new("opening_ask", asked, ask.step.word())]
        }
        Event::StockAsked { ask, .. } => stock_changes(view, &ask.window, ask.change),
        Event::StockChanged { window, change, .. } => stock_changes(view, window, *change),
        Event::StockKept { .. } => vec![Change::new("stock_ask", "open", Value::Null)],
        _ => Vec::new(),
    }
}

fn window<'v>(view: &'v RoundView, id: &WindowId) -> Option<&'v WindowView> {
    view.windows.iter().find(|window| window.id == *id)
}

fn phase(view: &RoundView, id: &WindowId, to: &str) -> Vec<Change> {
    let from = window(view, id).map(|window| json!(window.phase)).unwrap_or_default();
    vec![Change::new(format!("windows.{id}.phase"), from, to)]
}

fn stock_changes(view: &RoundView, id: &WindowId, change: Won) -> Vec<Change> {
    let Some(window) = window(view, id) else { return Vec::new() };
    let field = |name: &str, from: Won| {
        Change::new(format!("windows.{id}.{name}"), from.0, from.plus(change).0)
    };
    vec![field("stock_won", window.stock.total), field("left_won", window.stock.left)]
}

#[allow(clippy::cast_precision_loss, reason = "rates lie far below 2^53")]
fn inlet_changes(from: &InletSpec, to: &InletSpec) -> Vec<Change> {
    let rate = |inlet: &InletSpec| json!(inlet.rate_per_1000_s as f64 / 1_000.0);
    let fields: [(&str, Value, Value); 6] = [
        ("rate_per_s", rate(from), rate(to)),
        ("max_active", json!(from.max_active), json!(to.max_active)),
        ("claim_window_s", json!(from.claim_window_s), json!(to.claim_window_s)),
        ("pass_ttl_s", json!(from.pass_ttl_s), json!(to.pass_ttl_s)),
        ("mode", json!(from.mode), json!(to.mode)),
        ("latency_target_ms", json!(from.latency_target_ms), json!(to.latency_target_ms)),
    ];
    let others = fields.into_iter().filter(|(_, from, to)| from != to);
    others.map(|(name, from, to)| Change::new(format!("inlet.{name}"), from, to)).collect()
}
