//! What every test of the core starts from: the rules and the second round of Seoul, its clock, and
//! chance from a seed.

use crate::program::{Name, Program};
use crate::purchase::{PassId, PurchaseState};
use crate::round_spec::{
    Eligibility, InletMode, InletSpec, LineId, Order, Parity, Rejoin, RoundSpec, SoldAt, WindowSpec,
};
use crate::time::Date;
use crate::voucher::AfterSale;
use crate::*;

/// 2022-07-28T00:00:00+09:00.
pub const MIDNIGHT: Timestamp = Timestamp(1_658_934_000_000);

/// A moment of 28 July 2022 in Seoul: `10:00` or `09:59:59`.
pub fn at(clock: &str) -> Timestamp {
    let parts: Vec<i64> = clock.split(':').map(|part| part.parse().expect("a number")).collect();
    let [hours, minutes] = parts[..2] else { panic!("not a time: {clock}") };
    let seconds = parts.get(2).copied().unwrap_or(0);
    MIDNIGHT.plus_millis(((hours * 60 + minutes) * 60 + seconds) * 1_000)
}

/// A moment of July or August 2022 in Seoul: `07-31T23:59:59`.
pub fn moment(text: &str) -> Timestamp {
    let (date, clock) = text.split_once('T').expect("a date and a time");
    let (month, day) = date.split_once('-').expect("a month and a day");
    let days_before = match month {
        "07" => -28,
        "08" => 3,
        other => panic!("not July or August: {other}"),
    };
    let days = days_before + day.parse::<i64>().expect("a day");
    at(clock).plus_millis(days * 86_400_000)
}

/// An amount as tables write it: `300_000`, or `300k`.
pub fn won(text: &str) -> Won {
    let (digits, factor) = text.strip_suffix('k').map_or((text, 1), |rest| (rest, 1_000));
    Won(digits.replace('_', "").parse::<i64>().expect("a whole number of won") * factor)
}

pub fn rules() -> Rules {
    Rules {
        effective_from: Timestamp(0),
        discount_bps: 700,
        unit_won: Won(10_000),
        monthly_limit_won: Won(400_000),
        holding_limit_won: Won(1_000_000),
        refund_threshold_bps: 6_000,
        regions: vec!["seoul".to_owned()],
        channels: vec![channel()],
        counters: Vec::new(),
        after_sale: AfterSale::default(),
    }
}

pub fn channel() -> ChannelId {
    ChannelId::new("seoul-pay").expect("a slug")
}

pub fn program() -> Program {
    Program {
        id: ProgramId::new("seoul-citywide").expect("a slug"),
        name: name(),
        issuer: "seoul".to_owned(),
        versions: vec![rules().into()],
        changes: 0,
    }
}

pub fn round_id(text: &str) -> RoundId {
    RoundId::new(text).expect("a slug")
}

pub fn window_id(text: &str) -> WindowId {
    WindowId::new(text).expect("a slug")
}

pub fn person(number: u64) -> PersonKey {
    PersonKey::of_subject(&format!("person-{number}"))
}

pub fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).expect("visible ASCII")
}

pub fn inlet() -> InletSpec {
    InletSpec {
        rate_per_1000_s: 1_000_000,
        max_active: 20_000,
        claim_window_s: 300,
        pass_ttl_s: 600,
        mode: InletMode::Auto,
        latency_target_ms: None,
    }
}

/// `odd 10:00-14:00 100_000 > everyone`: id, which is its eligibility too; times, stock, where
/// leftover goes. One whose id ends in `-paper` is sold at the counter.
pub fn window(text: &str) -> WindowSpec {
    let words: Vec<&str> = text.split_whitespace().collect();
    let eligibility = match words[0].split('-').next() {
        Some("odd") => Eligibility::BirthYear(Parity::Odd),
        Some("even") => Eligibility::BirthYear(Parity::Even),
        _ => Eligibility::All,
    };
    let (opens, closes) = words[1].split_once('-').expect("two times");
    WindowSpec {
        id: window_id(words[0]),
        eligibility,
        opens_at: at(opens),
        closes_at: at(closes),
        stock_won: won(words[2]),
        leftover_to: words.get(4).map(|target| window_id(target)),
        sold_at: if words[0].ends_with("-paper") { SoldAt::Counter } else { SoldAt::Line },
    }
}

/// Somebody born on the first of March of a year.
pub fn born_in(year: i16) -> Who {
    Who { birthdate: Date { year, month: 3, day: 1 }, district: None }
}

/// A round with these windows; its lobby opens half an hour before the first.
pub fn round_of(windows: &[&str]) -> RoundSpec {
    let windows: Vec<WindowSpec> = windows.iter().map(|text| window(text)).collect();
    RoundSpec {
        id: round_id("seoul-2022-07-28"),
        program_id: program().id,
        name: name(),
        order: Order::Fifo,
        rejoin: Rejoin::Keep,
        lobby_opens_at: windows[0].opens_at.plus_millis(-1_800_000),
        windows,
        inlet: inlet(),
        opening: Opening::OnePerson,
    }
}

/// The second round of Seoul as it was, with a hundred-thousandth of its stock.
pub fn second_round() -> RoundSpec {
    round_of(&[
        "odd 10:00-14:00 250_000 > everyone",
        "even 14:00-18:00 250_000 > everyone",
        "everyone 18:00-23:59:59 0",
    ])
}

/// Lines of a table, without blank ones.
pub fn rows(table: &str) -> impl Iterator<Item = &str> {
    table.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// A purchase of 100,000 won, the first of its person and of a window of 1,000,000.
pub fn purchase_in_july() -> Purchase {
    Purchase {
        id: PurchaseId(u128::MAX - 1),
        round: round_id("seoul-2022-07-28"),
        window: window_id("odd"),
        program: program().id,
        person: person(1),
        channel: channel(),
        amount: Won(100_000),
        price: Won(93_000),
        subsidy: Won(7_000),
        month: Month::of(at("10:00")),
        pass: PassId { line: LineId(0), number: 1 },
        key: key("attempt-1"),
        digest: [7; 32],
        at: at("10:00"),
        left_after: Won(900_000),
        used_after: Won(100_000),
        monthly_limit: Won(400_000),
        state: PurchaseState::Issued,
    }
}

/// Fifty thousand won more for the first half.
pub fn stock_ask() -> StockAsk {
    StockAsk {
        id: StockAskId(9),
        window: window_id("odd"),
        change: Won(50_000),
        by: "ann".to_owned(),
        reason: "as the city decided".to_owned(),
        at: at("10:30"),
    }
}

fn name() -> Name {
    Name { ko: "서울사랑상품권".to_owned(), en: "Seoul Love voucher".to_owned() }
}

/// Chance from a seed (a linear congruential generator by Knuth): the same everywhere, no
/// dependency.
pub struct Chance(pub u64);

impl Chance {
    /// One of `0..bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
