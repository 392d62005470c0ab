//! The operator's form of a round and of its inlet: what is sent, with what stands for what is left
//! out.
//!
//! Checks shape and text; what a round can be is the core's to say.

use super::order_form::{OrderAsked, OrderBody};
use super::programs::check_name;
use crate::http::body::{Object, malformed, object};
use crate::http::time::Moment;
use crate::http::words::{
    EligibilityWord, ModeWord, NameWords, OpeningWord, RejoinWord, Slug, SoldAtWord, Thousandths,
};
use openrun_actors::InletPatch;
use openrun_core::program::Name;
use openrun_core::round_spec::{
    Eligibility, InletMode, InletSpec, Order, Rejoin, RoundSpec, SoldAt, SpecFault, WindowSpec,
};
use openrun_core::{Opening, ProgramId, Refusal, RoundId, WindowId, Won};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// How long before the first window people can join, when nothing is said: half an hour.
const LOBBY_LEAD_MILLIS: i64 = 30 * 60 * 1_000;
/// The inlet when nothing is said: what the platform of July 2022 was rebuilt for, 1,000 people a
/// second.
const INLET: InletSpec = InletSpec {
    rate_per_1000_s: 1_000_000,
    max_active: 20_000,
    claim_window_s: 300,
    pass_ttl_s: 600,
    mode: InletMode::Auto,
    latency_target_ms: None,
};

/// A round as an operator says it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutRound {
    /// What is sold.
    #[schema(value_type = Slug)]
    program_id: ProgramId,
    /// Its name.
    #[serde(deserialize_with = "object")]
    #[schema(value_type = NameWords)]
    name: Name,
    /// In which order people come to their turn: `fifo`, by arrival, when absent.
    #[schema(value_type = Option<OrderBody>)]
    order: Option<OrderAsked>,
    /// What joining again without the ticket gives: `keep` when absent.
    #[schema(value_type = Option<RejoinWord>)]
    rejoin: Option<Rejoin>,
    /// How many persons it takes to schedule or open it: `one_person` when absent. What takes two
    /// stays so.
    #[schema(value_type = Option<OpeningWord>)]
    opening: Option<Opening>,
    /// From when people can join: half an hour before the first window when absent.
    lobby_opens_at: Option<Moment>,
    /// 1 to 16, in the order of their opening.
    #[schema(value_type = Vec<WindowBody>, min_items = 1, max_items = 16)]
    windows: Vec<Object<WindowBody>>,
    /// How fast people are let in.
    #[serde(default)]
    #[schema(value_type = Option<InletBody>)]
    inlet: Option<Object<InletBody>>,
    /// Why; stands in the log.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: Option<String>,
}

/// Times, eligibility and stock of one part of a sale.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WindowBody {
    /// Its id within the round.
    #[schema(value_type = Slug)]
    id: WindowId,
    /// Who may buy.
    #[schema(value_type = EligibilityWord)]
    eligibility: Eligibility,
    /// From when.
    opens_at: Moment,
    /// Until when.
    closes_at: Moment,
    /// How much is sold: a multiple of the program's unit.
    #[schema(minimum = 0, example = 25_000_000_000_i64)]
    stock_won: i64,
    /// Which later window gets what is left at closing; nothing moves when absent.
    #[schema(value_type = Option<Slug>)]
    leftover_to: Option<WindowId>,
    /// Where its stock is sold: in a `line` when absent; at the `counter`, it is set aside for the
    /// counters of the program, and no line can buy of it.
    #[serde(default)]
    #[schema(value_type = Option<SoldAtWord>)]
    sold_at: SoldAt,
}

/// How fast people are let in; what is left out has its default.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InletBody {
    /// People let in per second, to the thousandth: 1000 when absent.
    rate_per_s: Option<Thousandths>,
    /// People who may be between their turn and its end at once: 20000 when absent.
    #[schema(minimum = 1)]
    max_active: Option<u64>,
    /// How long a turn waits to be claimed, in seconds: 300 when absent.
    #[schema(minimum = 1, maximum = 86_400)]
    claim_window_s: Option<u32>,
    /// How long a pass lives, in seconds: 600 when absent.
    #[schema(minimum = 1, maximum = 86_400)]
    pass_ttl_s: Option<u32>,
    /// `auto` when absent.
    #[schema(value_type = Option<ModeWord>)]
    mode: Option<InletMode>,
    /// Purchases that take longer than this, in milliseconds, slow the inlet down: none when
    /// absent.
    #[schema(minimum = 1, maximum = 60_000)]
    latency_target_ms: Option<u32>,
}

impl InletBody {
    fn into_spec(self) -> InletSpec {
        InletSpec {
            rate_per_1000_s: self.rate_per_s.map_or(INLET.rate_per_1000_s, |rate| rate.0),
            max_active: self.max_active.unwrap_or(INLET.max_active),
            claim_window_s: self.claim_window_s.unwrap_or(INLET.claim_window_s),
            pass_ttl_s: self.pass_ttl_s.unwrap_or(INLET.pass_ttl_s),
            mode: self.mode.unwrap_or(INLET.mode),
            latency_target_ms: self.latency_target_ms,
        }
    }
}

impl From<Object<WindowBody>> for WindowSpec {
    fn from(Object(body): Object<WindowBody>) -> WindowSpec {
        WindowSpec {
            id: body.id,
            eligibility: body.eligibility,
            opens_at: body.opens_at.0,
            closes_at: body.closes_at.0,
            stock_won: Won(body.stock_won),
            leftover_to: body.leftover_to,
            sold_at: body.sold_at,
        }
    }
}

impl PutRound {
    /// All that the operator said, with what stands for what was left out.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn into_spec(self, id: RoundId) -> Result<RoundSpec, Refusal> {
        check_name(&self.name)?;
        let windows: Vec<WindowSpec> = self.windows.into_iter().map(WindowSpec::from).collect();
        let no_window = || malformed(SpecFault::WindowCount.words());
        let first = windows.first().ok_or_else(no_window)?.opens_at;
        let lobby = self.lobby_opens_at.map(|at| at.0);
        Ok(RoundSpec {
            id,
            program_id: self.program_id,
            name: self.name,
            order: self.order.map_or(Ok(Order::Fifo), OrderAsked::into_order)?,
            rejoin: self.rejoin.unwrap_or(Rejoin::Keep),
            lobby_opens_at: lobby.unwrap_or(first.plus_millis(-LOBBY_LEAD_MILLIS)),
            windows,
            inlet: self.inlet.map_or(INLET, |Object(inlet)| inlet.into_spec()),
            opening: self.opening.unwrap_or_default(),
        })
    }
}

/// Figures of the inlet to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchInlet {
    /// People let in per second, to the thousandth.
    rate_per_s: Option<Thousandths>,
    /// People who may be between their turn and its end at once.
    #[schema(minimum = 1)]
    max_active: Option<u64>,
    /// How long a turn waits to be claimed, in seconds.
    #[schema(minimum = 1, maximum = 86_400)]
    claim_window_s: Option<u32>,
    /// How long a pass lives, in seconds.
    #[schema(minimum = 1, maximum = 86_400)]
    pass_ttl_s: Option<u32>,
    /// Steered by its figures, by hand, or shut.
    #[schema(value_type = Option<ModeWord>)]
    mode: Option<InletMode>,
    /// Purchases that take longer than this, in milliseconds, slow the inlet down; null: they do
    /// not.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 60_000)]
    latency_target_ms: Option<Option<u32>>,
    /// Why; stands in the log.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: Option<String>,
}

/// Tells what is null from what is left out.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// How many people an operator lets in by hand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepInlet {
    /// 1 to 100000.
    #[schema(minimum = 1, maximum = 100_000)]
    pub people: u64,
    /// Why; stands in the log.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

impl PatchInlet {
    /// The change.
    ///
    /// # Errors
    /// `Malformed` when it changes nothing.
    pub fn into_patch(self) -> Result<InletPatch, Refusal> {
        let is_empty = self.rate_per_s.is_none()
            && self.max_active.is_none()
            && self.claim_window_s.is_none()
            && self.pass_ttl_s.is_none()
            && self.mode.is_none()
            && self.latency_target_ms.is_none();
        if is_empty {
            return Err(malformed("at least one figure of the inlet is named"));
        }
        Ok(InletPatch {
            rate_per_1000_s: self.rate_per_s.map(|rate| rate.0),
            max_active: self.max_active,
            claim_window_s: self.claim_window_s,
            pass_ttl_s: self.pass_ttl_s,
            mode: self.mode,
            latency_target_ms: self.latency_target_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::parse;
    use openrun_core::Timestamp;
    use openrun_core::round_spec::Parity;

    const SECOND: &str = r#"{"program_id": "seoul-citywide",
        "name": {"ko": "2차", "en": "Round 2"}, "order": "fifo", "rejoin": "keep",
        "lobby_opens_at": "2022-07-28T09:30:00+09:00",
        "windows": [
          {"id": "odd", "eligibility": {"birth_year": "odd"},
           "opens_at": "2022-07-28T10:00:00+09:00", "closes_at": "2022-07-28T14:00:00+09:00",
           "stock_won": 25000000000, "leftover_to": "everyone"},
          {"id": "everyone", "eligibility": "all", "opens_at": "2022-07-28T18:00:00+09:00",
           "closes_at": "2022-07-28T23:59:59+09:00", "stock_won": 0}],
        "inlet": {"rate_per_s": 14.6, "max_active": 20000, "claim_window_s": 300,
           "pass_ttl_s": 600}}"#;

    fn read(body: &str) -> Result<RoundSpec, Refusal> {
        let id = RoundId::new("seoul-2022-07-28").expect("a slug");
        parse::<PutRound>(body.as_bytes()).and_then(|body| body.into_spec(id))
    }

    #[test]
    fn the_round_of_the_contract_is_read() {
        let spec = read(SECOND).expect("the contract's own example");
        assert_eq!(spec.check(Won(10_000)), Ok(()));
        assert_eq!(spec.windows[0].eligibility, Eligibility::BirthYear(Parity::Odd));
        assert_eq!(spec.windows[1].eligibility, Eligibility::All);
        assert_eq!(spec.inlet.rate_per_1000_s, 14_600);
        assert_eq!(spec.lobby_opens_at, Timestamp(1_658_968_200_000));
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let short = r#"{"program_id": "p", "name": {"ko": "가", "en": "a"}, "windows": [
            {"id": "w", "eligibility": "all", "opens_at": "2022-07-28T10:00:00+09:00",
             "closes_at": "2022-07-28T14:00:00+09:00", "stock_won": 10000}]}"#;
        let spec = read(short).expect("only what is needed");
        assert_eq!(spec.inlet, INLET);
        assert_eq!((spec.order, spec.rejoin), (Order::Fifo, Rejoin::Keep));
        let lead = spec.windows[0].opens_at.millis_since(spec.lobby_opens_at);
        assert_eq!(lead, LOBBY_LEAD_MILLIS);
    }

    #[test]
    fn other_rounds_are_refused() {
        for (from, to) in [
            ("\"fifo\"", "\"lifo\""),
            ("{\"birth_year\": \"odd\"}", "\"odd\""),
            ("{\"birth_year\": \"odd\"}", "{\"birth_month\": \"odd\"}"),
            ("25000000000", "25000000000.0"),
            ("25000000000", "9223372036854775808"),
            ("14.6", "-14.6"),
            ("14.6", "\"14.6\""),
            ("20000", "20000.5"),
            ("\"keep\"", "\"lose\""),
            ("\"2차\"", "\"\""),
            ("\"id\": \"odd\"", "\"id\": \"Odd\""),
        ] {
            let body = SECOND.replacen(from, to, 1);
            assert_ne!(body, SECOND);
            assert!(matches!(read(&body), Err(Refusal::Malformed { .. })), "{from} → {to}");
        }
    }

    #[test]
    fn a_change_of_the_inlet_names_a_figure() {
        let patch = |text: &str| parse::<PatchInlet>(text.as_bytes()).and_then(|b| b.into_patch());
        let rate = patch(r#"{"rate_per_s": 0.5, "reason": "slow start"}"#).expect("a figure");
        assert_eq!((rate.rate_per_1000_s, rate.max_active), (Some(500), None));
        assert!(patch(r#"{"mode": "shut"}"#).is_ok());
        assert!(patch(r#"{"mode": "manual"}"#).is_ok());
        let latency = |text| patch(text).expect("a figure").latency_target_ms;
        assert_eq!(latency(r#"{"latency_target_ms": 200}"#), Some(Some(200)));
        assert_eq!(latency(r#"{"latency_target_ms": null}"#), Some(None));
        assert_eq!(latency(r#"{"max_active": 5}"#), None);
        for text in ["{}", r#"{"reason": "x"}"#, r#"{"mode": "off"}"#, r#"{"speed": 1}"#] {
            assert!(patch(text).is_err(), "{text}");
        }
    }
}
