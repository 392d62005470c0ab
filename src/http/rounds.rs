//! Rounds for everybody: what a sale is. Live figures are in the watermark document.

use super::announcements::{NoticeAnswer, SuspensionAnswer, notices, suspensions_of};
use super::call::{Answer, Call};
use super::reply;
use super::time::Moment;
use super::words::{OrderWord, RoundHead, Slug, WindowHead};
use openrun_actors::Engine;
use openrun_core::WindowId;
use openrun_core::round_spec::SoldAt;
use openrun_core::view::RoundView;
use serde::Serialize;
use utoipa::ToSchema;

/// A sale.
#[derive(Serialize, ToSchema)]
#[schema(as = Round)]
pub struct RoundAnswer<'a> {
    #[serde(flatten)]
    head: RoundHead<'a>,
    /// Its windows, in the order of their opening.
    windows: Vec<WindowAnswer<'a>>,
    /// What is set aside for the counters, which sell it on paper and without a line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Option<Vec<WindowAnswer>>)]
    counter_windows: Vec<WindowAnswer<'a>>,
    /// What the operator tells everybody, oldest first.
    notices: Vec<NoticeAnswer<'a>>,
    /// Features that are switched off now.
    suspensions: Vec<SuspensionAnswer>,
}

/// Times, eligibility and stock of one part of a sale.
#[derive(Serialize, ToSchema)]
#[schema(as = Window)]
struct WindowAnswer<'a> {
    #[serde(flatten)]
    head: WindowHead<'a>,
    /// How much was announced.
    stock_won: i64,
    /// Which later window gets what is left at closing; nothing moves when null.
    #[schema(value_type = Option<Slug>)]
    leftover_to: Option<&'a WindowId>,
}

impl<'a> RoundHead<'a> {
    /// What stands at the head of everything about this round.
    #[must_use]
    pub fn new(view: &'a RoundView) -> RoundHead<'a> {
        let spec = &view.spec;
        RoundHead {
            id: spec.id.as_str(),
            program_id: spec.program_id.as_str(),
            name: &spec.name,
            state: view.state,
            order: OrderWord::of(&spec.order),
            rejoin: spec.rejoin,
            lobby_opens_at: Moment(spec.lobby_opens_at),
        }
    }
}

impl<'a> RoundAnswer<'a> {
    fn new(view: &'a RoundView, engine: &Engine) -> RoundAnswer<'a> {
        let windows_at = |sold_at| {
            let all = view.windows.iter().zip(&view.spec.windows);
            let theirs = all.filter(move |(window, _)| window.sold_at == sold_at);
            let answers = theirs.map(|(window, spec)| {
                let leftover_to = spec.leftover_to.as_ref();
                WindowAnswer { head: window.into(), stock_won: window.granted.0, leftover_to }
            });
            answers.collect()
        };
        RoundAnswer {
            head: RoundHead::new(view),
            windows: windows_at(SoldAt::Line),
            counter_windows: windows_at(SoldAt::Counter),
            notices: notices(view),
            suspensions: suspensions_of(view, engine),
        }
    }
}

/// All rounds.
#[derive(Serialize, ToSchema)]
pub struct Rounds<'a> {
    rounds: Vec<RoundAnswer<'a>>,
}

/// Every sale
#[utoipa::path(get, path = "/v1/rounds", operation_id = "list_rounds", tag = "sale",
    responses((status = 200, description = "all rounds", body = Rounds)))]
pub async fn list(call: Call) -> Answer {
    let engine = &call.edge().engine;
    let views = engine.rounds();
    let rounds = views.iter().map(|view| RoundAnswer::new(view, engine)).collect();
    Ok(reply::shared(&Rounds { rounds }))
}

/// A sale: state, windows, order
#[utoipa::path(get, path = "/v1/rounds/{round}", operation_id = "get_round", tag = "sale",
    responses((status = 200, description = "the round", body = RoundAnswer)))]
pub async fn show(call: Call) -> Answer {
    let (_, round) = call.round()?;
    let view = round.view();
    Ok(reply::shared(&RoundAnswer::new(&view, &call.edge().engine)))
}
