//! What the operator tells everybody, and what is switched off: as answers, each written one way
//! only. Shown by the watermark document, the round, the board and the ops API.

use super::time::Moment;
use super::words::{Id, NameWords, Slug};
use openrun_actors::Engine;
use openrun_core::program::Name;
use openrun_core::view::RoundView;
use openrun_core::{Feature, Notice, ProgramId, Suspension};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What the operator tells everybody.
#[derive(Serialize, ToSchema)]
#[schema(as = Notice)]
pub struct NoticeAnswer<'a> {
    /// Its id.
    #[schema(value_type = Id)]
    id: Uuid,
    /// In both languages.
    #[schema(value_type = NameWords)]
    pub message: &'a Name,
    /// When it was posted.
    pub at: Moment,
    /// Until when it stands; until it is withdrawn when null.
    until: Option<Moment>,
}

impl<'a> From<&'a Notice> for NoticeAnswer<'a> {
    fn from(notice: &'a Notice) -> NoticeAnswer<'a> {
        NoticeAnswer {
            id: Uuid::from_u128(notice.id.0),
            message: &notice.message,
            at: Moment(notice.at),
            until: notice.until.map(Moment),
        }
    }
}

/// The notices of a snapshot, oldest first.
#[must_use]
pub fn notices(view: &RoundView) -> Vec<NoticeAnswer<'_>> {
    view.notices.iter().map(|notice| NoticeAnswer::from(&**notice)).collect()
}

/// What can be switched off.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Feature)]
#[serde(rename_all = "snake_case")]
pub enum FeatureWord {
    /// Signing up.
    SignUp,
    /// Searching for merchants.
    MerchantSearch,
    /// Giving vouchers away.
    Gifts,
}

impl From<Feature> for FeatureWord {
    fn from(feature: Feature) -> FeatureWord {
        match feature {
            Feature::SignUp => FeatureWord::SignUp,
            Feature::MerchantSearch => FeatureWord::MerchantSearch,
            Feature::Gifts => FeatureWord::Gifts,
        }
    }
}

impl From<FeatureWord> for Feature {
    fn from(word: FeatureWord) -> Feature {
        match word {
            FeatureWord::SignUp => Feature::SignUp,
            FeatureWord::MerchantSearch => Feature::MerchantSearch,
            FeatureWord::Gifts => Feature::Gifts,
        }
    }
}

/// A feature switched off for a time.
#[derive(Serialize, ToSchema)]
#[schema(as = Suspension)]
pub struct SuspensionAnswer {
    /// What.
    pub feature: FeatureWord,
    /// From when.
    from: Moment,
    /// Until when.
    pub until: Moment,
    /// In both languages.
    #[schema(value_type = NameWords)]
    pub message: Name,
    /// For this program alone; for all when null.
    #[schema(value_type = Option<Slug>)]
    program_id: Option<ProgramId>,
    /// Only while more people than this wait; always when null.
    when_waiting_over: Option<u64>,
}

impl From<Suspension> for SuspensionAnswer {
    fn from(said: Suspension) -> SuspensionAnswer {
        SuspensionAnswer {
            feature: said.feature.into(),
            from: Moment(said.from),
            until: Moment(said.until),
            message: said.message,
            program_id: said.program,
            when_waiting_over: said.when_waiting_over,
        }
    }
}

/// What is switched off now for the people of a round.
#[must_use]
pub fn suspensions_of(view: &RoundView, engine: &Engine) -> Vec<SuspensionAnswer> {
    let program = Some(&view.spec.program_id);
    let in_force = engine.suspensions_in_force(engine.now(), program);
    in_force.into_iter().map(SuspensionAnswer::from).collect()
}
