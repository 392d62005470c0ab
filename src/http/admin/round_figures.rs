//! What operators see of a round: all figures of the snapshot, and what its actors say of
//! themselves.
//!
//! Figures of people in line only as counts; nobody is named.

use crate::http::honesty::HonestyAnswer;
use crate::http::time::Moment;
use crate::http::watermark::{SpeedAnswer, StockFigures};
use crate::http::words::{InletAnswer, RoundHead, Slug, WindowHead};
use openrun_actors::ActorDescription;
use openrun_core::WindowId;
use openrun_core::round_spec::LineId;
use openrun_core::view::{LineView, RoundView};
use serde::Serialize;
use utoipa::ToSchema;

/// A round with its live figures.
#[derive(Serialize, ToSchema)]
pub struct AdminRound<'a> {
    #[serde(flatten)]
    head: RoundHead<'a>,
    /// Grows with each snapshot.
    serial: u64,
    /// Under which owner of the store.
    epoch: u64,
    /// When the figures were taken.
    at: Moment,
    #[serde(flatten)]
    stock: StockFigures,
    /// How many purchases were made.
    purchases: u64,
    /// The mean purchase.
    mean_purchase_won: i64,
    /// How many wait, over all lines.
    waiting: u64,
    /// How many are between their turn and its end, over all lines.
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
    /// What each actor says of itself; only when one round is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    actors: Option<Vec<ActorDescription>>,
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
    /// How many wait in its line.
    waiting: u64,
    /// How many of its line are between their turn and its end.
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
    /// How many are between their turn and its end.
    active: u64,
    /// Numbers a second that the watermark moves; null before it was measured.
    speed_per_s: Option<SpeedAnswer>,
}

/// All rounds.
#[derive(Serialize, ToSchema)]
pub struct AdminRounds<'a> {
    /// In the order of their ids.
    pub rounds: Vec<AdminRound<'a>>,
}

impl From<&LineView> for AdminLine {
    fn from(line: &LineView) -> AdminLine {
        AdminLine {
            class: line.class.to_string(),
            watermark: line.watermark,
            last_number: line.last_number,
            waiting: line.waiting,
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
            let line = &view.lines[view.line_of(&window.eligibility).index()];
            AdminWindow {
                head: window.into(),
                leftover_to: spec.leftover_to.as_ref(),
                stock: window.stock.into(),
                purchases: window.purchases,
                waiting: line.waiting,
                active: line.active,
                watermark: line.watermark,
                last_number: line.last_number,
            }
        });
        let line = current_line(view);
        AdminRound {
            head: RoundHead::new(view),
            serial: view.serial,
            epoch: view.epoch,
            at: Moment(view.at),
            stock: StockFigures::of_round(view),
            purchases: view.windows.iter().map(|window| window.purchases).sum(),
            mean_purchase_won: view.mean_purchase.0,
            waiting: view.lines.iter().map(|line| line.waiting).sum(),
            active: view.lines.iter().map(|line| line.active).sum(),
            watermark: line.watermark,
            last_number: line.last_number,
            inversions,
            windows: windows.collect(),
            lines: view.lines.iter().map(AdminLine::from).collect(),
            honesty: (&view.honesty).into(),
            inlet: (&view.spec.inlet).into(),
            actors: None,
        }
    }

    /// With what each actor says of itself.
    #[must_use]
    pub fn with_actors(self, actors: Vec<ActorDescription>) -> AdminRound<'a> {
        AdminRound { actors: Some(actors), ..self }
    }
}

/// The line whose window sells now, else next, else sold last.
fn current_line(view: &RoundView) -> &LineView {
    use openrun_core::round::WindowPhase;
    let with = |phase| view.windows.iter().find(|window| window.phase == phase);
    let window = with(WindowPhase::Open).or_else(|| with(WindowPhase::Ahead));
    let window = window.or(view.windows.last());
    let line = window.map_or(LineId(0), |window| view.line_of(&window.eligibility));
    &view.lines[line.index()]
}
