//! What is sold in a simulated sale: programs, rounds, windows and stock, drawn from the seed.

use super::chance::Chance;
use openrun_core::program::Name;
use openrun_core::round_spec::{
    Eligibility, InletMode, InletSpec, Order, Parity, Rejoin, RoundSpec, SoldAt, WindowSpec,
};
use openrun_core::voucher::{AfterSale, MerchantFacts};
use openrun_core::{
    ChannelId, MerchantId, Opening, Program, ProgramId, RoundId, Rules, Timestamp, WindowId, Won,
};

/// Programs and their rounds.
pub(super) struct Sale {
    pub programs: Vec<Program>,
    pub rounds: Vec<RoundSpec>,
}

/// How many channels sell; then comes one that sells nothing, then a counter.
pub(super) const SELLING: usize = 4;
/// The counter among the channels.
pub(super) const COUNTER: usize = 5;

/// Channels through which people come.
pub(super) fn channels() -> Vec<ChannelId> {
    let names = ["pay-one", "pay-two", "pay-three", "pay-four", "pay-none", "bank"];
    names.iter().map(|text| slug(ChannelId::new(text))).collect()
}

/// Merchants: one that takes everything, one that takes the first program alone, one of another
/// region. Whoever names another names nobody.
pub(super) fn merchants() -> Vec<MerchantFacts> {
    let merchant = |id: &str, region: &str, programs| MerchantFacts {
        id: slug(MerchantId::new(id)),
        region: region.to_owned(),
        programs,
    };
    vec![
        merchant("bakery", "here", Vec::new()),
        merchant("grocer", "here", vec![slug(ProgramId::new("city"))]),
        merchant("far-away", "there", Vec::new()),
    ]
}

/// One program with one or two rounds that share its limits; sometimes another program beside it.
pub(super) fn draw(chance: &mut Chance, begins: Timestamp, window: i64, people: u32) -> Sale {
    // Then the day after is played as well, and vouchers are over in the middle of it.
    let valid_days = chance.per_mille(150).then_some(1);
    let mut sale = Sale { programs: vec![program(chance, "city", valid_days)], rounds: Vec::new() };
    let shape = chance.below(5);
    let rounds = if shape < 2 { 1 } else { 2 };
    for index in 0..rounds {
        let opens = begins.plus_millis(chance.between(2_000, 15_000));
        sale.rounds.push(round(chance, "city", index, opens, window, people));
    }
    if shape == 4 {
        sale.programs.push(program(chance, "district", valid_days));
        let opens = begins.plus_millis(chance.between(2_000, 15_000));
        sale.rounds.push(round(chance, "district", 0, opens, window, people));
    }
    for round in &sale.rounds {
        assert_eq!(round.check(Won(10_000)), Ok(()), "a drawn round can stand");
    }
    sale
}

fn program(chance: &mut Chance, id: &str, valid_days: Option<u32>) -> Program {
    let after_sale = AfterSale {
        cancel_returns_allowance: chance.per_mille(700),
        valid_days,
        gift_limit_won: *chance.one_of(&[None, None, Some(Won(100_000)), Some(Won(300_000))]),
    };
    let rules = Rules {
        effective_from: Timestamp(0),
        discount_bps: *chance.one_of(&[0, 700, 1_000, 333]),
        unit_won: Won(10_000),
        monthly_limit_won: Won(*chance.one_of(&[400_000, 400_000, 200_000, 70_000])),
        holding_limit_won: Won(*chance.one_of(&[1_000_000, 400_000, 500_000, 200_000])),
        refund_threshold_bps: 6_000,
        regions: vec!["here".to_owned()],
        channels: channels().into_iter().take(SELLING).collect(),
        counters: vec![channels().swap_remove(COUNTER)],
        after_sale,
    };
    let name = Name { ko: id.to_owned(), en: id.to_owned() };
    let (id, issuer) = (slug(ProgramId::new(id)), "city".to_owned());
    Program { id, name, issuer, versions: vec![rules.into()], changes: 0 }
}

fn round(
    chance: &mut Chance,
    program: &str,
    index: u32,
    opens: Timestamp,
    window: i64,
    people: u32,
) -> RoundSpec {
    let class = |parity| Eligibility::BirthYear(parity);
    let (odd, even) = (class(Parity::Odd), class(Parity::Even));
    let stock = |chance: &mut Chance| {
        let most = i64::from(people) * *chance.one_of(&[4, 15, 60]) + 3;
        Won(chance.between(1, most) * 10_000)
    };
    let edge = |part: i64| opens.plus_millis(part * window);
    let spec = |name: &str, class, from, to, stock_won, leftover: Option<&str>| WindowSpec {
        id: slug(WindowId::new(name)),
        eligibility: class,
        opens_at: edge(from),
        closes_at: edge(to),
        stock_won,
        leftover_to: leftover.map(|to| slug(WindowId::new(to))),
        sold_at: SoldAt::Line,
    };
    let mut windows = match chance.below(4) {
        0 => vec![spec("all", Eligibility::All, 0, 2, stock(chance), None)],
        1 => vec![
            spec("odd", odd, 0, 1, stock(chance), Some("all")),
            spec("even", even, 1, 2, stock(chance), Some("all")),
            spec("all", Eligibility::All, 2, 3, Won::ZERO, None),
        ],
        2 => vec![
            spec("odd", odd, 0, 2, stock(chance), None),
            spec("even", even.clone(), 0, 2, stock(chance), Some("rest")),
            spec("rest", even, 2, 3, stock(chance), None),
        ],
        _ => vec![
            spec("first", Eligibility::All, 0, 1, stock(chance), Some("second")),
            spec("second", Eligibility::All, 1, 2, Won::ZERO, Some("third")),
            spec("third", Eligibility::All, 3, 4, stock(chance), None),
        ],
    };
    if chance.per_mille(300) {
        let paper = spec("paper", Eligibility::All, 0, 1, stock(chance), None);
        set_aside(&mut windows, paper, chance.per_mille(500));
    }
    let id = format!("{program}-{index}");
    RoundSpec {
        opening: Opening::OnePerson,
        id: slug(RoundId::new(&id)),
        program_id: slug(ProgramId::new(program)),
        name: Name { ko: id.clone(), en: id },
        order: Order::Fifo,
        rejoin: if chance.per_mille(500) { Rejoin::Keep } else { Rejoin::Tail },
        lobby_opens_at: opens.plus_millis(-chance.between(0, 10_000)),
        windows,
        inlet: InletSpec {
            rate_per_1000_s: *chance.one_of(&[500, 5_000, 50_000, 500_000]),
            max_active: *chance.one_of(&[2, 10, 100, 1_000]),
            claim_window_s: *chance.one_of(&[3, 15, 60]),
            pass_ttl_s: *chance.one_of(&[4, 20, 120]),
            mode: InletMode::Auto,
            latency_target_ms: None,
        },
    }
}

/// What is sold at a counter; what it does not sell may go back to a line that sells longer.
fn set_aside(windows: &mut Vec<WindowSpec>, paper: WindowSpec, is_coming_back: bool) {
    let last = windows.last().filter(|last| is_coming_back && last.closes_at > paper.closes_at);
    let leftover_to = last.map(|last| last.id.clone());
    windows.insert(1, WindowSpec { leftover_to, sold_at: SoldAt::Counter, ..paper });
}

fn slug<T>(made: Option<T>) -> T {
    made.expect("names of the simulator are slugs")
}
