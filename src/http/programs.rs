//! Programs for everybody: a voucher and its rules today.

use super::call::{Answer, Call};
use super::reply;
use super::time::Moment;
use super::words::{NameWords, Slug};
use openrun_core::program::Name;
use openrun_core::{ChannelId, Program, ProgramId, Refusal, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A voucher and its rules today.
#[derive(Serialize, ToSchema)]
#[schema(as = Program)]
pub struct ProgramAnswer<'a> {
    /// Its id.
    #[schema(value_type = Slug)]
    id: &'a ProgramId,
    /// Its name.
    #[schema(value_type = NameWords)]
    name: &'a Name,
    /// Who issues it.
    issuer: &'a str,
    /// From when these rules hold.
    effective_from: Moment,
    /// Discount in basis points: 700 means that 10,000 won cost 9,300.
    discount_bps: u32,
    /// Amounts are multiples of this.
    unit_won: i64,
    /// Most that one person may buy in a month of the Korean calendar.
    monthly_limit_won: i64,
    /// Most that one person may hold at once.
    holding_limit_won: i64,
    /// Share that must be spent before the balance can be refunded, in basis points.
    refund_threshold_bps: u32,
    /// Whether a full cancel gives back the allowance of the month that it was bought in.
    cancel_returns_allowance: bool,
    /// How many days a voucher bought now is good, to the end of the last one in Seoul; null: for
    /// ever.
    valid_days: Option<u32>,
    /// Most that one person may be given in a month of the Korean calendar; null: no bound.
    gift_limit_won: Option<i64>,
    /// Where it is accepted.
    regions: &'a [String],
    /// Which channels sell it.
    #[schema(value_type = Vec<Slug>)]
    channels: &'a [ChannelId],
    /// Which counters sell it on paper.
    #[serde(skip_serializing_if = "<[ChannelId]>::is_empty")]
    #[schema(value_type = Option<Vec<Slug>>)]
    counters: &'a [ChannelId],
}

impl<'a> ProgramAnswer<'a> {
    fn new(program: &'a Program, now: Timestamp) -> ProgramAnswer<'a> {
        let rules = program.rules_at(now);
        ProgramAnswer {
            id: &program.id,
            name: &program.name,
            issuer: &program.issuer,
            effective_from: Moment(rules.effective_from),
            discount_bps: rules.discount_bps,
            unit_won: rules.unit_won.0,
            monthly_limit_won: rules.monthly_limit_won.0,
            holding_limit_won: rules.holding_limit_won.0,
            refund_threshold_bps: rules.refund_threshold_bps,
            cancel_returns_allowance: rules.after_sale.cancel_returns_allowance,
            valid_days: rules.after_sale.valid_days,
            gift_limit_won: rules.after_sale.gift_limit_won.map(|limit| limit.0),
            regions: &rules.regions,
            channels: &rules.channels,
            counters: &rules.counters,
        }
    }
}

/// All programs.
#[derive(Serialize, ToSchema)]
pub struct Programs<'a> {
    programs: Vec<ProgramAnswer<'a>>,
}

/// Every voucher and its rules today
#[utoipa::path(get, path = "/v1/programs", operation_id = "list_programs", tag = "sale",
    responses((status = 200, description = "all programs", body = Programs)))]
pub async fn list(call: Call) -> Answer {
    let engine = &call.edge().engine;
    let programs = engine.programs();
    let now = engine.now();
    let programs = programs.iter().map(|program| ProgramAnswer::new(program, now)).collect();
    Ok(reply::shared(&Programs { programs }))
}

/// A voucher and its rules today
#[utoipa::path(get, path = "/v1/programs/{program}", operation_id = "get_program", tag = "sale",
    responses((status = 200, description = "the program", body = ProgramAnswer)))]
pub async fn show(call: Call) -> Answer {
    let engine = &call.edge().engine;
    let id = ProgramId::new(call.segment("program")).ok_or(Refusal::ProgramNotFound)?;
    let program = engine.program(&id).ok_or(Refusal::ProgramNotFound)?;
    Ok(reply::shared(&ProgramAnswer::new(&program, engine.now())))
}
