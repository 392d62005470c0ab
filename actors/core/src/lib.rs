//! Decisions of openrun: stock, lines, limits, windows, purchases. No IO, no clock, no randomness,
//! no await.
//!
//! A machine is a plain struct: `decide` reads and answers with an event or a [`Refusal`]; `apply`
//! cannot fail and is the same code live, in recovery and in replay. Time is an argument.
//! Cargo.toml is the proof: serde and hashing only.
//!
//! Reading order follows a sale: what is sold ([`program`], [`round_spec`]), who may not
//! ([`refusal`]), what happened ([`event`]), who decides ([`person`], [`round`], [`queue`]), and
//! what must hold ([`invariants`]).

pub mod ahead;
pub mod draw;
pub mod eligibility;
pub mod event;
pub mod forecast;
pub mod gate;
pub mod honesty;
pub mod ids;
pub mod inlet;
pub mod invariants;
pub mod latency;
pub mod life;
pub mod money;
pub mod notice;
pub mod opening;
pub mod payment;
pub mod person;
pub mod places;
pub mod program;
pub mod purchase;
pub mod queue;
pub mod refusal;
pub mod round;
pub mod round_spec;
pub mod settlement;
pub mod speed;
pub mod stock;
pub mod stock_ask;
pub mod stops;
pub mod suspension;
pub mod till;
pub mod time;
pub mod turn_up;
pub mod uptake;
pub mod view;

pub use eligibility::Who;
pub use event::{Event, StoredEvent, StreamId};
pub use ids::{
    ChannelId, DistrictId, IdempotencyKey, PersonKey, ProgramId, PurchaseId, RoundId, WindowId,
};
pub use money::Won;
pub use notice::{Notice, NoticeId};
pub use opening::{By, Opening, OpeningAsk};
pub use program::{Program, Rules};
pub use purchase::Purchase;
pub use refusal::Refusal;
pub use stock_ask::{StockAnswer, StockAsk, StockAskId};
pub use suspension::{Feature, Suspension};
pub use time::{Month, Timestamp};

#[cfg(test)]
mod tests;
