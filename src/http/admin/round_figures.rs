//! What operators see of a round: all figures of the snapshot, and what its actors say of
//! themselves.
//!
//! Figures of people in line only as counts; nobody is named.

use super::stock::StockAskAnswer;
use crate::http::announcements::NoticeAnswer;
use crate::http::honesty::HonestyAnswer;
use crate::http::time::Moment;
use crate::http::watermark::{SpeedAnswer, StockFigures};
use crate::http::words::{InletAnswer, OpeningWord, RoundHead, Slug, WindowHead};
use openrun_actors::ActorDescription;
use openrun_core::gate::LineGateView;
use openrun_core::inlet::Policy;
use openrun_core::round_spec::{LineId, SoldAt};
use openrun_core::view::{LineView, RoundView};
use openrun_core::{Opening, OpeningAsk, WindowId};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A round with its live figures.
#[derive(Serialize, ToSchema)]
pub struct AdminRound<'a> {
    #[serde(flatten)]
    head: RoundHead<'a>,
    /// What stands in `ETag`: grows with what staff do and with each step of its life.
    version: u64,
    /// Grows with each snapshot.
    serial: u64,
    /// Under which owner of the store.
    epoch: u64,
    /// When the figures were taken.
    at: Moment,
    #[serde(flatten)]
    stock: StockFigures,
    /// Of these what is set aside for the counters; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    counters: Option<StockFigures>,
    /// How many purchases were made.
    purchases: u64,
    /// The mean purchase of its lines.
    mean_purchase_won: i64,
    /// How many wait, over all lines.
    waiting: u64,
    /// How many have a pass or are expected to claim one, over all lines.
    active: u64,
    /// The watermark of the line whose window sells now, sells next, or sold last.
    watermark: u64,
    /// The last number given in that line.
    last_number: u64,
    /// Answers that broke the order of a line: 0.
    inversions: u64,
    /// The same figures for each window.
    windows: Vec<AdminWindow<'a>>,
    /// The lines.
    lines: Vec<AdminLine>,
    /// How right people were told of their chances.
    honesty: HonestyAnswer,
    /// How fast people are let in.
    inlet: InletAnswer,
    /// What each policy of the inlet allows now, and why, for each line that sells.
    inlet_policies: Vec<PolicyAnswer>,
    /// What people are told.
    notices: Vec<NoticeAnswer<'a>>,
    /// More or less stock that was asked for and waits for a second person.
    stock_ask: Option<StockAskAnswer<'a>>,
    /// How many persons it takes to open it.
    #[schema(value_type = OpeningWord)]
    opening: Opening,
    /// Opening that was asked for and waits for a second person.
    opening_ask: Option<OpeningAskAnswer<'a>>,
    /// What each actor says of itself; only when one round is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    actors: Option<Vec<ActorDescription>>,
}

/// An ask to open that waits for its second person.
#[derive(Serialize, ToSchema)]
#[schema(as = OpeningAsk)]
struct OpeningAskAnswer<'a> {
    /// By which step: `schedule` or `open`. Whoever confirms takes the same.
    step: &'static str,
    /// Who asked: this person cannot confirm.
    asked_by: &'a str,
    /// When.
    asked_at: Moment,
    /// From when on nobody can confirm it any more.
    expires_at: Moment,
}

impl<'a> From<&'a OpeningAsk> for OpeningAskAnswer<'a> {
    fn from(ask: &'a OpeningAsk) -> OpeningAskAnswer<'a> {
        OpeningAskAnswer {
            step: ask.step.word(),
            asked_by: &ask.by,
            asked_at: Moment(ask.at),
            expires_at: Moment(ask.ends_at()),
        }
    }
}

/// A window with its live figures.
#[derive(Serialize, ToSchema)]
struct AdminWindow<'a> {
    #[serde(flatten)]
    head: WindowHead<'a>,
    /// Which later window gets what is left at closing; nothing moves when null.
    #[schema(value_type = Option<Slug>)]
    leftover_to: Option<&'a WindowId>,
    #[serde(flatten)]
    stock: StockFigures,
    /// How many purchases were made.
    purchases: u64,
    /// How many wait in its line; a counter has none.
    waiting: u64,
    /// How many of its line have a pass or are expected to claim one.
    active: u64,
    /// The watermark of its line.
    watermark: u64,
    /// The last number given in its line.
    last_number: u64,
}

/// A line with its live figures.
#[derive(Serialize, ToSchema)]
struct AdminLine {
    /// Who stands in it.
    class: String,
    /// Numbers at or under it have their turn.
    watermark: u64,
    /// The last number given.
    last_number: u64,
    /// How many wait.
    waiting: u64,
    /// How many have a pass or are expected to claim one.
    active: u64,
    /// Numbers a second that the watermark moves; null before it was measured.
    speed_per_s: Option<SpeedAnswer>,
}

/// What one policy of the inlet allows one line now. The watermark moves by the least of them.
#[derive(Serialize, ToSchema)]
#[schema(as = InletPolicy)]
struct PolicyAnswer {
    /// Which line.
    #[schema(value_type = String, example = "everyone")]
    class: Arc<str>,
    /// `shut`, `manual`, `rail`, `stock`, `active`, `adaptive`, `rate` or `demand`; those that do
    /// not apply are left out.
    #[schema(example = "rate")]
    policy: &'static str,
    /// How many more people it would let in now.
    room: u64,
    /// Whether it is the one that held the line when it was looked at last.
    binds: bool,
    /// In a sentence.
    why: String,
}

/// All rounds.
#[derive(Serialize, ToSchema)]
pub struct AdminRounds<'a> {
    /// In the order of their ids.
    pub rounds: Vec<AdminRound<'a>>,
}

impl AdminLine {
    fn new(view: &RoundView, line: &LineView) -> AdminLine {
        AdminLine {
            class: line.class.to_string(),
            watermark: line.watermark,
            last_number: line.last_number,
            waiting: view.waiting_in(line),
            active: line.active,
            speed_per_s: line.speed.map(SpeedAnswer::from),
        }
    }
}

impl<'a> AdminRound<'a> {
    /// The figures of a snapshot.
    #[must_use]
    pub fn new(view: &'a RoundView, inversions: u64) -> AdminRound<'a> {
        let windows = view.windows.iter().zip(&view.spec.windows).map(|(window, spec)| {
            let line = view.lines.iter().find(|line| window.is_of_line(&line.eligibility));
            AdminWindow {
                head: window.into(),
                leftover_to: spec.leftover_to.as_ref(),
                stock: window.stock.into(),
                purchases: window.purchases,
                waiting: line.map_or(0, |line| view.waiting_in(line)),
                active: line.map_or(0, |line| line.active),
                watermark: line.map_or(0, |line| line.watermark),
                last_number: line.map_or(0, |line| line.last_number),
            }
        });
        let line = current_line(view);
        AdminRound {
            head: RoundHead::new(view),
            version: view.version,
            serial: view.serial,
            epoch: view.epoch,
            at: Moment(view.at),
            stock: StockFigures::of_round(view),
            counters: StockFigures::of_counters(view),
            purchases: view.windows.iter().map(|window| window.purchases).sum(),
            mean_purchase_won: view.mean_purchase.0,
            waiting: view.waiting(),
            active: view.lines.iter().map(|line| line.active).sum(),
            watermark: line.watermark,
            last_number: line.last_number,
            inversions,
            windows: windows.collect(),
            lines: view.lines.iter().map(|line| AdminLine::new(view, line)).collect(),
            honesty: (&view.honesty).into(),
            inlet: (&view.spec.inlet).into(),
            inlet_policies: policies(view),
            notices: view.notices.iter().map(|notice| NoticeAnswer::from(&**notice)).collect(),
            stock_ask: view.stock_ask.as_deref().map(StockAskAnswer::from),
            opening: view.spec.opening,
            opening_ask: view.opening_ask.as_deref().map(OpeningAskAnswer::from),
            actors: None,
        }
    }

    /// With what each actor says of itself.
    #[must_use]
    pub fn with_actors(self, actors: Vec<ActorDescription>) -> AdminRound<'a> {
        AdminRound { actors: Some(actors), ..self }
    }
}

/// The policies of every line that sells; while none does, those of the line that is next.
fn policies(view: &RoundView) -> Vec<PolicyAnswer> {
    let is_any_open = view.gate.lines.iter().any(|line| line.figures.is_open);
    let current = &current_line(view).eligibility;
    let lines = view.lines.iter().zip(&view.gate.lines).filter(|(line, gate)| {
        if is_any_open { gate.figures.is_open } else { line.eligibility == *current }
    });
    let of_line = |(line, gate): (&LineView, &LineGateView)| {
        let class = Arc::clone(&line.class);
        let all = gate.figures.explain(gate.limiter).into_iter();
        let answer = move |policy: Policy| PolicyAnswer {
            class: Arc::clone(&class),
            policy: policy.policy.word(),
            room: policy.room,
            binds: policy.binds,
            why: policy.why,
        };
        all.map(answer).collect::<Vec<_>>()
    };
    lines.flat_map(of_line).collect()
}

/// The line whose window sells now, else next, else sold last.
fn current_line(view: &RoundView) -> &LineView {
    use openrun_core::round::WindowPhase;
    let of_lines = || view.windows_at(SoldAt::Line);
    let with = |phase| of_lines().find(|window| window.phase == phase);
    let window = with(WindowPhase::Open).or_else(|| with(WindowPhase::Ahead));
    let window = window.or_else(|| of_lines().last());
    let line = window.map_or(LineId(0), |window| view.line_of(&window.eligibility));
    &view.lines[line.index()]
}
