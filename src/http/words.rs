//! Small types that several answers and bodies share, each written one way only.
//!
//! The words of the core (states, phases, classes) are repeated here for the OpenAPI document
//! alone; what is sent is what the core says.

use super::time::Moment;
use openrun_core::program::Name;
use openrun_core::round::{LifeCycle, WindowPhase};
use openrun_core::round_spec::{Eligibility, InletMode, InletSpec, Order, Rejoin, SoldAt};
use openrun_core::view::WindowView;
use openrun_core::{Timestamp, WindowId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// A name that operators give: 1 to 64 of a-z, 0-9 and -.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[a-z0-9-]{1,64}$", example = "seoul-2022-07-14")]
pub struct Slug(#[allow(dead_code, reason = "stands in the document only")] String);

/// An id that the server made: a UUID.
#[derive(ToSchema)]
#[schema(value_type = String, format = "uuid", example = "0181f9a3-8f00-7a3c-9d1e-5b6f0c2a4e11")]
pub struct Id(#[allow(dead_code, reason = "stands in the document only")] String);

/// A name in both languages, each 1 to 200 characters.
#[derive(ToSchema)]
#[schema(as = Name)]
#[allow(dead_code, reason = "stands in the document only")]
pub struct NameWords {
    /// Korean.
    #[schema(min_length = 1, max_length = 200, example = "서울사랑상품권(광역)")]
    ko: String,
    /// English.
    #[schema(min_length = 1, max_length = 200, example = "Seoul Love voucher, city-wide")]
    en: String,
}

/// Whose birth years.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParityWord {
    /// Years that end in 1, 3, 5, 7, 9.
    Odd,
    /// Years that end in 0, 2, 4, 6, 8.
    Even,
}

impl ParityWord {
    /// The word for somebody born in `birth_year`.
    #[must_use]
    pub fn of(birth_year: i16) -> ParityWord {
        if birth_year % 2 == 0 { ParityWord::Even } else { ParityWord::Odd }
    }
}

/// Who may buy in a window: `"all"`, `{"birth_year": "odd"}` or `"even"`,
/// `{"age": {"from": 65, "to": 120}}`, `{"district": ["jongno", "jung"]}`.
#[derive(ToSchema)]
#[schema(as = Eligibility, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
pub enum EligibilityWord {
    /// Everybody.
    All,
    /// People born in odd or in even years.
    BirthYear(ParityWord),
    /// People of these ages, in completed years on the day in Seoul on which the window opens.
    Age(AgeWord),
    /// People whose token says that they live in one of these districts: 1 to 64.
    #[schema(value_type = Vec<Slug>)]
    District(Vec<String>),
}

/// Ages in completed years.
#[derive(ToSchema)]
#[schema(as = AgeSpan)]
#[allow(dead_code, reason = "stands in the document only")]
pub struct AgeWord {
    /// The youngest.
    #[schema(minimum = 0, maximum = 150)]
    from: u8,
    /// The oldest.
    #[schema(minimum = 0, maximum = 150)]
    to: u8,
}

/// Where a round is in its life.
#[derive(ToSchema)]
#[schema(as = RoundState, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
pub enum StateWord {
    /// Being prepared.
    Draft,
    /// Will open by itself.
    Scheduled,
    /// People can join; nobody is let in yet.
    Lobby,
    /// Selling.
    Open,
    /// Stopped by an operator; everybody keeps their place.
    Paused,
    /// Nothing is left and nothing can come back.
    SoldOut,
    /// Over.
    Closed,
}

/// Whether a window sells.
#[derive(ToSchema)]
#[schema(as = WindowPhase, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
pub enum PhaseWord {
    /// Not yet.
    Ahead,
    /// Now.
    Open,
    /// No more.
    Over,
}

/// In which order people come to their turn.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Order)]
#[serde(rename_all = "snake_case")]
pub enum OrderWord {
    /// By arrival.
    Fifo,
    /// Who is in the lobby at the opening by draw, who comes later behind them by arrival.
    Draw,
}

impl OrderWord {
    /// The word for an order.
    #[must_use]
    pub fn of(order: &Order) -> OrderWord {
        match order {
            Order::Fifo => OrderWord::Fifo,
            Order::Draw(_) => OrderWord::Draw,
        }
    }
}

/// What joining again without the ticket gives: the same place, or a new one at the tail.
#[derive(ToSchema)]
#[schema(as = Rejoin, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
pub enum RejoinWord {
    /// The same place.
    Keep,
    /// A new place at the tail; the old one dies.
    Tail,
}

/// How many persons it takes to open a round.
#[derive(ToSchema)]
#[schema(as = Opening, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
pub enum OpeningWord {
    /// An operator.
    OnePerson,
    /// An operator who asks, and an approver of another name who confirms.
    TwoPersons,
}

/// How the inlet is steered: by its figures, by hand, or shut.
#[derive(ToSchema)]
#[schema(as = InletMode, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
pub enum ModeWord {
    /// The watermark moves by the figures.
    Auto,
    /// The watermark moves by an operator's steps only, and no faster than the figures allow.
    Manual,
    /// The watermark stands still.
    Shut,
}

/// A number with up to three decimals, exact: thousandths inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = f64, minimum = 0, example = 1000)]
pub struct Thousandths(pub u64);

/// Above this a rate is a mistake; the core's own bound is lower.
const WHOLE_MAX: f64 = 1e12;

impl Serialize for Thousandths {
    #[allow(clippy::cast_precision_loss, reason = "rates lie far below 2^53")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1_000) {
            return serializer.serialize_u64(self.0 / 1_000);
        }
        serializer.serialize_f64(self.0 as f64 / 1_000.0)
    }
}

impl<'de> Deserialize<'de> for Thousandths {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        if !(0.0..=WHOLE_MAX).contains(&number) {
            return Err(serde::de::Error::custom("a rate is a number that is not negative"));
        }
        Ok(Thousandths((number * 1_000.0).round() as u64))
    }
}

/// How fast people are let in.
#[derive(Serialize, ToSchema)]
#[schema(as = Inlet)]
pub struct InletAnswer {
    /// People let in per second.
    rate_per_s: Thousandths,
    /// People who may be between their turn and its end at once.
    max_active: u64,
    /// How long a turn waits to be claimed, in seconds.
    claim_window_s: u32,
    /// How long a pass lives, in seconds.
    pass_ttl_s: u32,
    /// Steered by its figures, by hand, or shut.
    #[schema(value_type = ModeWord)]
    mode: InletMode,
    /// Purchases that take longer than this, in milliseconds, slow the inlet down; null: they do
    /// not.
    latency_target_ms: Option<u32>,
}

impl From<&InletSpec> for InletAnswer {
    fn from(inlet: &InletSpec) -> InletAnswer {
        InletAnswer {
            rate_per_s: Thousandths(inlet.rate_per_1000_s),
            max_active: inlet.max_active,
            claim_window_s: inlet.claim_window_s,
            pass_ttl_s: inlet.pass_ttl_s,
            mode: inlet.mode,
            latency_target_ms: inlet.latency_target_ms,
        }
    }
}

/// What stands at the head of everything about a round.
#[derive(Serialize, ToSchema)]
pub struct RoundHead<'a> {
    /// Its id.
    #[schema(value_type = Slug)]
    pub id: &'a str,
    /// What is sold.
    #[schema(value_type = Slug)]
    pub program_id: &'a str,
    /// Its name.
    #[schema(value_type = NameWords)]
    pub name: &'a Name,
    /// Where it is in its life.
    #[schema(value_type = StateWord)]
    pub state: LifeCycle,
    /// In which order people come to their turn.
    pub order: OrderWord,
    /// What joining again without the ticket gives.
    #[schema(value_type = RejoinWord)]
    pub rejoin: Rejoin,
    /// From when people can join.
    pub lobby_opens_at: Moment,
}

/// What stands at the head of everything about a window.
#[derive(Serialize, ToSchema)]
pub struct WindowHead<'a> {
    /// Its id within the round.
    #[schema(value_type = Slug)]
    pub id: &'a WindowId,
    /// Who may buy.
    #[schema(value_type = EligibilityWord)]
    pub eligibility: Eligibility,
    /// From when.
    pub opens_at: Moment,
    /// Until when.
    pub closes_at: Moment,
    /// Whether it sells.
    #[schema(value_type = PhaseWord)]
    pub phase: WindowPhase,
    /// `counter` for what is set aside for the counters; in a line when absent.
    #[serde(skip_serializing_if = "SoldAt::is_line")]
    #[schema(value_type = Option<SoldAtWord>)]
    pub sold_at: SoldAt,
}

/// Where the stock of a window is sold.
#[derive(ToSchema)]
#[schema(as = SoldAt, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
pub enum SoldAtWord {
    /// In a line, through the channels of the program.
    Line,
    /// Over its counters, on paper, without a line.
    Counter,
}

impl<'a> From<&'a WindowView> for WindowHead<'a> {
    fn from(window: &'a WindowView) -> WindowHead<'a> {
        WindowHead {
            id: &window.id,
            eligibility: window.eligibility.clone(),
            opens_at: Moment(window.opens_at),
            closes_at: Moment(window.closes_at),
            phase: window.phase,
            sold_at: window.sold_at,
        }
    }
}

/// A moment, if there is one.
#[must_use]
pub fn moment(at: Option<Timestamp>) -> Option<Moment> {
    at.map(Moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_exact_to_the_thousandth() {
        for (text, thousandths, written) in [
            ("1000", Some(1_000_000), "1000"),
            ("14.6", Some(14_600), "14.6"),
            ("0.001", Some(1), "0.001"),
            ("2.0", Some(2_000), "2"),
            ("0", Some(0), "0"),
            ("-1", None, ""),
            ("1e13", None, ""),
            ("1e309", None, ""),
            ("\"5\"", None, ""),
        ] {
            let read = serde_json::from_str::<Thousandths>(text).ok();
            assert_eq!(read.map(|rate| rate.0), thousandths, "{text}");
            if let Some(rate) = read {
                assert_eq!(serde_json::to_string(&rate).unwrap(), written);
            }
        }
    }
}
