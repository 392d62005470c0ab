//! A small round that is open after the demo's sale has sold out, so that one can buy by hand.

use super::{Exit, Fault};
use crate::app::Running;
use crate::trust::Role;
use openrun_actors::Staff;
use openrun_core::program::Name;
use openrun_core::round::Step;
use openrun_core::round_spec::{
    Eligibility, InletMode, InletSpec, Order, Rejoin, RoundSpec, SoldAt, WindowSpec,
};
use openrun_core::voucher::AfterSale;
use openrun_core::{
    ChannelId, Opening, PersonKey, ProgramId, Refusal, RoundId, Rules, WindowId, Won,
};

/// The round's id; its first word marks it as no real sale.
pub(super) const ROUND: &str = "rehearsal-try-it";
/// Who buys by hand.
const PERSON: &str = "demo-person";
/// Through which channel.
const CHANNEL: &str = "seoul-pay";
/// When that person was born.
const BIRTHDATE: &str = "1990-12-31";
/// How long the tokens are good, in seconds: a day.
const TTL_S: i64 = 86_400;
/// How long the round is open, in milliseconds: a day.
const OPEN_MILLIS: i64 = 86_400_000;

/// Tokens to play with.
pub(super) struct Tokens {
    pub(super) person: String,
    pub(super) admin: String,
}

/// Opens the round, signs its one person up and makes tokens.
pub(super) async fn open(running: &Running) -> Result<Tokens, Fault> {
    let refused = |refusal: Refusal| {
        Fault::new(Exit::Failure, format!("the round to try was refused: {}", refusal.code()))
    };
    let engine = &running.engine;
    let now = engine.now();
    let staff = Staff::new("demo", Role::Operator.as_str());
    let name = Name { ko: "체험".to_owned(), en: "Try it".to_owned() };
    let channel = ChannelId::new(CHANNEL).expect("a slug");
    let program = ProgramId::new(ROUND).expect("a slug");
    let rules = Rules {
        effective_from: now,
        discount_bps: 700,
        unit_won: Won(10_000),
        monthly_limit_won: Won(400_000),
        holding_limit_won: Won(1_000_000),
        refund_threshold_bps: 6_000,
        regions: vec!["seoul".to_owned()],
        channels: vec![channel.clone()],
        counters: Vec::new(),
        after_sale: AfterSale::default(),
    };
    let issuer = "openrun".to_owned();
    let put =
        engine.put_program(&staff, program.clone(), name.clone(), issuer, rules, "demo").await;
    put.map_err(refused)?;
    let round = RoundId::new(ROUND).expect("a slug");
    let window = WindowSpec {
        id: WindowId::new("everyone").expect("a slug"),
        eligibility: Eligibility::All,
        opens_at: now,
        closes_at: now.plus_millis(OPEN_MILLIS),
        stock_won: Won(100_000_000),
        leftover_to: None,
        sold_at: SoldAt::Line,
    };
    let inlet = InletSpec {
        rate_per_1000_s: 100_000,
        max_active: 1_000,
        claim_window_s: 300,
        pass_ttl_s: 600,
        mode: InletMode::Auto,
        latency_target_ms: None,
    };
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
    engine.put_round(&staff, spec, "demo").await.map_err(refused)?;
    for step in [Step::Schedule, Step::Open] {
        engine.step_round(&staff, &round, step, "the demo").await.map_err(refused)?;
    }
    engine.sign_up(PersonKey::of_subject(PERSON), channel.clone()).await.map_err(refused)?;
    let keys = &running.keys;
    Ok(Tokens {
        person: keys.make_person_token(PERSON, &channel, BIRTHDATE, now, TTL_S)?,
        admin: keys.make_staff_token("demo", Role::Operator, now, TTL_S)?,
    })
}
