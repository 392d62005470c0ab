//! `PUT /v1/admin/programs/{program}`: create a program, or add a dated version of its rules.
//!
//! Checks shape and text; what rules make sense is the core's to say.

use super::optional_reason;
use crate::http::body::{check_text, malformed, object};
use crate::http::call::{Answer, Call};
use crate::http::reply;
use crate::http::time::Moment;
use crate::http::version::tagged;
use crate::http::words::{NameWords, Slug};
use actix_web::http::StatusCode;
use openrun_actors::Put;
use openrun_core::program::Name;
use openrun_core::voucher::AfterSale;
use openrun_core::{ChannelId, Program, ProgramId, Refusal, Rules, Timestamp, Won};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest name, issuer or region, in characters.
pub const NAME_MAX: usize = 200;

/// A program as an operator says it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutProgram {
    /// Its name.
    #[serde(deserialize_with = "object")]
    #[schema(value_type = NameWords)]
    name: Name,
    /// Who issues it.
    #[schema(min_length = 1, max_length = 200, example = "seoul")]
    issuer: String,
    /// Its rules from a date on.
    #[serde(deserialize_with = "object")]
    rules: RulesBody,
    /// Why; stands in the log.
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// Rules from a date on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Rules)]
struct RulesBody {
    /// From when these rules hold.
    effective_from: Moment,
    /// Discount in basis points: 700 means that 10,000 won cost 9,300.
    #[schema(maximum = 10_000, example = 700)]
    discount_bps: u32,
    /// Amounts are multiples of this.
    #[schema(minimum = 1, example = 10_000)]
    unit_won: i64,
    /// Most that one person may buy in a month of the Korean calendar.
    #[schema(minimum = 1, example = 400_000)]
    monthly_limit_won: i64,
    /// Most that one person may hold at once.
    #[schema(minimum = 1, example = 1_000_000)]
    holding_limit_won: i64,
    /// Share that must be spent before the balance can be refunded, in basis points.
    #[schema(maximum = 10_000, example = 6_000)]
    refund_threshold_bps: u32,
    /// Whether a full cancel gives back the allowance of the month that it was bought in.
    #[serde(default = "yes")]
    #[schema(default = true)]
    cancel_returns_allowance: bool,
    /// How many days a voucher is good after the day of its purchase, to the end of the last one in
    /// Seoul; for ever when absent.
    #[schema(minimum = 1, maximum = 36_500, example = 1_825)]
    valid_days: Option<u32>,
    /// Most that one person may be given in a month of the Korean calendar; no bound when absent.
    #[schema(minimum = 0, example = 500_000)]
    gift_limit_won: Option<i64>,
    /// Where it is accepted.
    regions: Vec<String>,
    /// Which channels may sell it.
    #[schema(value_type = Vec<Slug>, min_items = 1)]
    channels: Vec<ChannelId>,
    /// Which channels are counters, none of them among `channels`: they sell on paper, without a
    /// line, from the windows that are `sold_at` the counter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Slug>)]
    counters: Vec<ChannelId>,
}

fn yes() -> bool {
    true
}

impl From<RulesBody> for Rules {
    fn from(body: RulesBody) -> Rules {
        Rules {
            effective_from: body.effective_from.0,
            discount_bps: body.discount_bps,
            unit_won: Won(body.unit_won),
            monthly_limit_won: Won(body.monthly_limit_won),
            holding_limit_won: Won(body.holding_limit_won),
            refund_threshold_bps: body.refund_threshold_bps,
            regions: body.regions,
            channels: body.channels,
            counters: body.counters,
            after_sale: AfterSale {
                cancel_returns_allowance: body.cancel_returns_allowance,
                valid_days: body.valid_days,
                gift_limit_won: body.gift_limit_won.map(Won),
            },
        }
    }
}

impl From<&Rules> for RulesBody {
    fn from(rules: &Rules) -> RulesBody {
        RulesBody {
            effective_from: Moment(rules.effective_from),
            discount_bps: rules.discount_bps,
            unit_won: rules.unit_won.0,
            monthly_limit_won: rules.monthly_limit_won.0,
            holding_limit_won: rules.holding_limit_won.0,
            refund_threshold_bps: rules.refund_threshold_bps,
            cancel_returns_allowance: rules.after_sale.cancel_returns_allowance,
            valid_days: rules.after_sale.valid_days,
            gift_limit_won: rules.after_sale.gift_limit_won.map(|limit| limit.0),
            regions: rules.regions.clone(),
            channels: rules.channels.clone(),
            counters: rules.counters.clone(),
        }
    }
}

/// A program as it stands, with all versions of its rules.
#[derive(Serialize, ToSchema)]
pub struct AdminProgram<'a> {
    /// Its id.
    #[schema(value_type = Slug)]
    id: &'a ProgramId,
    /// Its name.
    #[schema(value_type = NameWords)]
    name: &'a Name,
    /// Who issues it.
    issuer: &'a str,
    /// The rules in force now.
    rules: RulesBody,
    /// All versions, by date.
    versions: Vec<RulesBody>,
    /// What stands in `ETag`: grows with each change.
    version: u64,
}

/// All programs.
#[derive(Serialize, ToSchema)]
pub struct AdminPrograms<'a> {
    /// In the order of their ids.
    programs: Vec<AdminProgram<'a>>,
}

impl<'a> AdminProgram<'a> {
    fn new(program: &'a Program, now: Timestamp) -> AdminProgram<'a> {
        AdminProgram {
            id: &program.id,
            name: &program.name,
            issuer: &program.issuer,
            rules: RulesBody::from(&**program.rules_at(now)),
            versions: program.versions.iter().map(|rules| RulesBody::from(&**rules)).collect(),
            version: program.version(),
        }
    }
}

/// Both languages of a name, checked.
///
/// # Errors
/// `Malformed`.
pub fn check_name(name: &Name) -> Result<(), Refusal> {
    check_text("name.ko", &name.ko, NAME_MAX)?;
    check_text("name.en", &name.en, NAME_MAX)
}

/// Create a program, or add a dated version of its rules
#[utoipa::path(put, path = "/v1/admin/programs/{program}", operation_id = "put_program",
    tag = "ops", request_body = PutProgram,
    responses(
        (status = 201, description = "created", body = AdminProgram),
        (status = 200, description = "changed", body = AdminProgram)))]
pub async fn put(mut call: Call) -> Answer {
    let staff = call.operator()?;
    let body: PutProgram = call.json().await?;
    let wrong_id = || malformed("the id in the path is 1 to 64 of a-z, 0-9 and -");
    let id = ProgramId::new(call.segment("program")).ok_or_else(wrong_id)?;
    check_name(&body.name)?;
    check_text("issuer", &body.issuer, NAME_MAX)?;
    for region in &body.rules.regions {
        check_text("each of regions", region, NAME_MAX)?;
    }
    let reason = optional_reason(body.reason)?;
    let engine = &call.edge().engine;
    let rules = body.rules.into();
    let (status, program) =
        match engine.put_program(&staff, id, body.name, body.issuer, rules, &reason).await? {
            Put::Created(program) => (StatusCode::CREATED, program),
            Put::Changed(program) => (StatusCode::OK, program),
        };
    let answer = reply::own(status, &AdminProgram::new(&program, engine.now()));
    Ok(tagged(answer, program.version()))
}

/// A program with all versions of its rules
#[utoipa::path(get, path = "/v1/admin/programs/{program}", operation_id = "get_admin_program",
    tag = "ops", responses((status = 200, description = "the program", body = AdminProgram)))]
pub async fn show(call: Call) -> Answer {
    call.viewer()?;
    let engine = &call.edge().engine;
    let id = ProgramId::new(call.segment("program")).ok_or(Refusal::ProgramNotFound)?;
    let program = engine.program(&id).ok_or(Refusal::ProgramNotFound)?;
    let answer = reply::own(StatusCode::OK, &AdminProgram::new(&program, engine.now()));
    Ok(tagged(answer, program.version()))
}

/// All programs with all versions of their rules
#[utoipa::path(get, path = "/v1/admin/programs", operation_id = "list_admin_programs",
    tag = "ops", responses((status = 200, description = "all programs", body = AdminPrograms)))]
pub async fn list(call: Call) -> Answer {
    call.viewer()?;
    let engine = &call.edge().engine;
    let (all, now) = (engine.programs(), engine.now());
    let programs = all.iter().map(|program| AdminProgram::new(program, now)).collect();
    Ok(reply::own(StatusCode::OK, &AdminPrograms { programs }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::parse;

    const SEOUL: &str = r#"{"name": {"ko": "서울사랑상품권(광역)", "en": "Seoul Love voucher"},
        "issuer": "seoul",
        "rules": {"effective_from": "2022-07-01T00:00:00+09:00", "discount_bps": 700,
            "unit_won": 10000, "monthly_limit_won": 400000, "holding_limit_won": 1000000,
            "refund_threshold_bps": 6000, "regions": ["seoul"], "channels": ["seoul-pay"]}}"#;

    #[test]
    fn the_program_of_the_contract_is_read_and_written_back() {
        let body: PutProgram = parse(SEOUL.as_bytes()).expect("the contract's own example");
        let rules = Rules::from(body.rules);
        assert_eq!(rules.monthly_limit_won, Won(400_000));
        let mut sent: serde_json::Value = serde_json::from_str(SEOUL).unwrap();
        // What it does not say of the time after the sale is as usual.
        sent["rules"]["cancel_returns_allowance"] = true.into();
        sent["rules"]["valid_days"] = serde_json::Value::Null;
        sent["rules"]["gift_limit_won"] = serde_json::Value::Null;
        assert_eq!(serde_json::to_value(RulesBody::from(&rules)).unwrap(), sent["rules"]);
    }

    #[test]
    fn the_rules_after_the_sale_are_read() {
        let more = r#""rules": {"cancel_returns_allowance": false, "valid_days": 1825,
            "gift_limit_won": 500000,"#;
        let body = SEOUL.replacen(r#""rules": {"#, more, 1);
        let body: PutProgram = parse(body.as_bytes()).expect("they are known");
        let after_sale = Rules::from(body.rules).after_sale;
        assert!(!after_sale.cancel_returns_allowance);
        assert_eq!(after_sale.valid_days, Some(1_825));
        assert_eq!(after_sale.gift_limit_won, Some(Won(500_000)));
    }

    #[test]
    fn other_programs_are_refused() {
        for (from, to) in [
            ("700", "-700"),
            ("700", "4294967296"),
            ("\"seoul-pay\"", "\"Seoul Pay\""),
            ("\"issuer\"", "\"issued_by\""),
            ("2022-07-01T00:00:00+09:00", "2022-07-01"),
            (r#"{"ko": "서울사랑상품권(광역)", "en": "Seoul Love voucher"}"#, r#"["a", "b"]"#),
        ] {
            let body = SEOUL.replacen(from, to, 1);
            assert_ne!(body, SEOUL);
            assert!(parse::<PutProgram>(body.as_bytes()).is_err(), "{to}");
        }
    }
}
