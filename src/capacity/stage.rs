//! The two rounds of a measurement: a line that nobody gets through, and a sale that is open wide.
//!
//! Each has a program of its own, so that neither shares a stream of the store with the other, and
//! an id that marks it as no real sale.

use super::people::CHANNEL;
use crate::trust::Role;
use openrun_actors::{Engine, Staff};
use openrun_core::program::Name;
use openrun_core::round::Step;
use openrun_core::round_spec::{
    Eligibility, InletMode, InletSpec, Order, Rejoin, RoundSpec, SoldAt, WindowSpec,
};
use openrun_core::voucher::AfterSale;
use openrun_core::{ChannelId, Opening, ProgramId, Refusal, RoundId, Rules, WindowId, Won};

/// The round whose line nobody gets through.
pub const LINE: &str = "rehearsal-capacity-line";
/// The round of the sale.
pub(super) const SALE: &str = "rehearsal-capacity-sale";
/// More than any measurement can sell.
const STOCK: Won = Won(1_000_000_000_000);
/// How long both are open, in milliseconds: a day.
const OPEN_MILLIS: i64 = 86_400_000;
/// How long turns and passes are good, in seconds: longer than any measurement.
const TURN_S: u32 = 3_600;

/// Opens both.
///
/// # Errors
/// What the engine refuses.
pub(super) async fn open(engine: &Engine) -> Result<(), Refusal> {
    // One person at a time; everybody at once.
    open_one(engine, LINE, 1_000, 1).await?;
    open_one(engine, SALE, 1_000_000_000, 2_000_000).await
}

async fn open_one(
    engine: &Engine,
    id: &str,
    rate_per_1000_s: u32,
    max_active: u32,
) -> Result<(), Refusal> {
    let now = engine.now();
    let staff = Staff::new("capacity", Role::Operator.as_str());
    let name = Name { ko: "용량 측정".to_owned(), en: "Capacity".to_owned() };
    let program = ProgramId::new(id).expect("a slug");
    let rules = Rules {
        effective_from: now,
        discount_bps: 700,
        unit_won: Won(10_000),
        monthly_limit_won: Won(400_000),
        holding_limit_won: Won(1_000_000),
        refund_threshold_bps: 6_000,
        regions: vec!["seoul".to_owned()],
        channels: vec![ChannelId::new(CHANNEL).expect("a slug")],
        counters: Vec::new(),
        after_sale: AfterSale::default(),
    };
    let issuer = "openrun".to_owned();
    let put = engine.put_program(&staff, program.clone(), name.clone(), issuer, rules, "capacity");
    put.await?;
    let window = WindowSpec {
        id: WindowId::new("everyone").expect("a slug"),
        eligibility: Eligibility::All,
        opens_at: now,
        closes_at: now.plus_millis(OPEN_MILLIS),
        stock_won: STOCK,
        leftover_to: None,
        sold_at: SoldAt::Line,
    };
    let inlet = InletSpec {
        rate_per_1000_s: rate_per_1000_s.into(),
        max_active: max_active.into(),
        claim_window_s: TURN_S,
        pass_ttl_s: TURN_S,
        mode: InletMode::Auto,
        latency_target_ms: None,
    };
    let round = RoundId::new(id).expect("a slug");
    let spec = RoundSpec {
        opening: Opening::OnePerson,
        id: round.clone(),
        program_id: program,
        name,
        order: Order::Fifo,
        rejoin: Rejoin::Keep,
        lobby_opens_at: now,
        windows: vec![window],
        inlet,
    };
    engine.put_round(&staff, spec, "capacity").await?;
    for step in [Step::Schedule, Step::Open] {
        engine.step_round(&staff, &round, step, "capacity").await?;
    }
    Ok(())
}
