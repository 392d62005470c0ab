//! How right people were told, as operators and everybody else are shown it.
//!
//! Figures of the round's own probes; nobody is named, nothing is kept over a restart.

use super::time::Moment;
use super::words::Thousandths;
use openrun_core::honesty::{Honesty, OutlookTally};
use serde::Serialize;
use utoipa::ToSchema;

/// How right people were told of their chances, measured by the program itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Honesty)]
pub struct HonestyAnswer {
    /// Since when this is measured: a restart begins anew.
    pub since: Option<Moment>,
    /// Estimates held against the real wait.
    pub estimates: u64,
    /// Half of them were wrong by no more than this, in percent of the wait.
    pub estimate_error_p50_percent: Option<Thousandths>,
    /// Nine in ten were wrong by no more than this, in percent of the wait.
    pub estimate_error_p90_percent: Option<Thousandths>,
    /// Brier score of the outlook: 0 is perfect, 0.25 is what guessing gets.
    pub outlook_brier_score: Option<Thousandths>,
    /// What was told, and how often a purchase came of it.
    pub outlooks: OutlookTallies,
    /// Half had the answer that turned out right, and stayed, after so many seconds.
    pub right_answer_after_p50_s: Option<Thousandths>,
    /// Nineteen in twenty had it after so many seconds.
    right_answer_after_p95_s: Option<Thousandths>,
    /// Probes whose last answer turned out wrong.
    never_right: u64,
}

/// By what was told.
#[derive(Serialize, ToSchema)]
pub struct OutlookTallies {
    /// Told it would most probably work.
    pub likely: TallyAnswer,
    /// Told it might.
    pub possible: TallyAnswer,
    /// Told it would most probably not.
    pub unlikely: TallyAnswer,
    /// Told it cannot.
    pub no: TallyAnswer,
}

/// How often an outlook was told and judged, and how often a purchase came of it.
#[derive(Serialize, ToSchema)]
#[schema(as = OutlookTally)]
pub struct TallyAnswer {
    /// Times it was told.
    pub told: u64,
    /// Of them those who bought.
    pub bought: u64,
}

impl From<OutlookTally> for TallyAnswer {
    fn from(OutlookTally { told, bought }: OutlookTally) -> TallyAnswer {
        TallyAnswer { told, bought }
    }
}

impl From<&Honesty> for HonestyAnswer {
    fn from(honesty: &Honesty) -> HonestyAnswer {
        // A thousandth of the whole is a tenth of a percent.
        let percent = |permille: Option<u64>| permille.map(|permille| Thousandths(permille * 100));
        let [likely, possible, unlikely, no] = honesty.outlooks.map(TallyAnswer::from);
        HonestyAnswer {
            since: honesty.since.map(Moment),
            estimates: honesty.estimates,
            estimate_error_p50_percent: percent(honesty.error_p50_permille),
            estimate_error_p90_percent: percent(honesty.error_p90_permille),
            outlook_brier_score: honesty.brier_permille.map(Thousandths),
            outlooks: OutlookTallies { likely, possible, unlikely, no },
            right_answer_after_p50_s: honesty.right_after_p50_millis.map(Thousandths),
            right_answer_after_p95_s: honesty.right_after_p95_millis.map(Thousandths),
            never_right: honesty.never_right,
        }
    }
}
