//! Events for the tests of the stores: one of each kind, and small sales in which every rule holds.

pub(crate) mod counter;
pub(crate) mod vouchers;

use openrun_core::draw::{Digest, ShareValue};
use openrun_core::payment::VoidReason;
use openrun_core::program::Name;
use openrun_core::purchase::{PassId, PurchaseState};
use openrun_core::round::{LifeCycle, Step};
use openrun_core::round_spec::{
    Eligibility, InletMode, InletSpec, LineId, Order, Parity, Rejoin, RoundSpec, SoldAt, WindowSpec,
};
use openrun_core::voucher::AfterSale;
use openrun_core::{
    ChannelId, Event, Feature, IdempotencyKey, Month, Notice, NoticeId, Opening, OpeningAsk,
    PersonKey, Program, ProgramId, Purchase, PurchaseId, Refusal, RoundId, Rules, StockAsk,
    StockAskId, StreamId, Suspension, Timestamp, WindowId, Won,
};
use std::sync::Arc;

/// When everything in these tests happens: 14 July 2022, 10:00 in Seoul.
pub(crate) const OPENING: Timestamp = Timestamp(1_657_760_400_000);

pub(crate) fn round() -> RoundId {
    RoundId::new("seoul-2022-07-14").expect("a slug")
}

pub(crate) fn program_id() -> ProgramId {
    ProgramId::new("seoul").expect("a slug")
}

/// The stream that everything but sign-ups belongs to here.
pub(crate) fn stream() -> StreamId {
    StreamId::Program(program_id())
}

/// The stream of another program.
pub(crate) fn stream_of(program: &str) -> StreamId {
    StreamId::Program(ProgramId::new(program).expect("a slug"))
}

pub(crate) fn window(name: &str) -> WindowId {
    WindowId::new(name).expect("a slug")
}

pub(crate) fn channel() -> ChannelId {
    ChannelId::new("seoul-pay").expect("a slug")
}

pub(crate) fn person(number: u64) -> PersonKey {
    PersonKey::of_subject(&format!("person-{number}"))
}

pub(crate) fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).expect("a key")
}

pub(crate) fn program(holding_limit: i64) -> Program {
    Program {
        id: program_id(),
        name: Name { ko: "서울사랑상품권".to_owned(), en: "Seoul voucher".to_owned() },
        issuer: "seoul".to_owned(),
        versions: vec![Arc::new(Rules {
            effective_from: Timestamp(0),
            discount_bps: 700,
            unit_won: Won(10_000),
            monthly_limit_won: Won(400_000),
            holding_limit_won: Won(holding_limit),
            refund_threshold_bps: 6_000,
            regions: vec!["seoul".to_owned()],
            channels: vec![channel()],
            counters: Vec::new(),
            after_sale: AfterSale::default(),
        })],
        changes: 0,
    }
}

/// Two windows, of which the first moves what it has left to the second.
pub(crate) fn spec(round: &RoundId, stock: i64) -> RoundSpec {
    let part = |id: &str, from_hour: i64, leftover_to: Option<WindowId>| WindowSpec {
        id: window(id),
        eligibility: Eligibility::BirthYear(Parity::Odd),
        opens_at: OPENING.plus_millis(from_hour * 3_600_000),
        closes_at: OPENING.plus_millis((from_hour + 4) * 3_600_000),
        stock_won: Won(stock),
        leftover_to,
        sold_at: SoldAt::Line,
    };
    RoundSpec {
        id: round.clone(),
        program_id: program_id(),
        name: Name { ko: "1차".to_owned(), en: "round 1".to_owned() },
        order: Order::Fifo,
        rejoin: Rejoin::Tail,
        lobby_opens_at: OPENING.plus_millis(-1_800_000),
        windows: vec![part("first", 0, Some(window("second"))), part("second", 4, None)],
        inlet: inlet(),
        opening: Opening::OnePerson,
    }
}

fn inlet() -> InletSpec {
    InletSpec {
        rate_per_1000_s: 14_600,
        max_active: 1_000,
        claim_window_s: 60,
        pass_ttl_s: 300,
        mode: InletMode::Auto,
        latency_target_ms: None,
    }
}

/// A purchase of 100,000 won: the first of its person, and the first of a window of 1,000,000.
pub(crate) fn purchase(number: u64) -> Purchase {
    Purchase {
        id: PurchaseId((0x0181_f9e5_0000_7000_u128 << 64) + u128::from(number)),
        round: round(),
        window: window("first"),
        program: program_id(),
        person: person(number),
        channel: channel(),
        amount: Won(100_000),
        price: Won(93_000),
        subsidy: Won(7_000),
        month: Month::of(OPENING),
        pass: PassId { line: LineId(0), number },
        key: key(&format!("attempt-{number}")),
        digest: [7; 32],
        at: OPENING,
        left_after: Won(900_000),
        used_after: Won(100_000),
        monthly_limit: Won(400_000),
        state: PurchaseState::Issued,
    }
}

pub(crate) fn issued(purchase: Purchase) -> Event {
    Event::Issued { purchase }
}

pub(crate) fn joined(round: &RoundId, number: u64) -> Event {
    let (round, person) = (round.clone(), person(number));
    Event::Joined { round, line: LineId(0), number, person, dead_up_to: 0 }
}

pub(crate) fn claimed(round: &RoundId, number: u64) -> Event {
    let (round, person) = (round.clone(), person(number));
    let expires_at = OPENING.plus_millis(300_000);
    Event::Claimed { round, line: LineId(0), number, person, expires_at }
}

pub(crate) fn refused(number: u64, key_text: &str) -> Event {
    let refusal = Refusal::InsufficientStock { remaining_won: Won(10_000) };
    Event::Refused { person: person(number), key: key(key_text), digest: [9; 32], refusal }
}

pub(crate) fn staff_acted(action: &str) -> Event {
    Event::StaffActed {
        actor: "staff-1".to_owned(),
        role: "operator".to_owned(),
        action: action.to_owned(),
        target: round().to_string(),
        reason: "모든 준비가 끝났다".to_owned(),
    }
}

pub(crate) fn signed_up(number: u64) -> Event {
    Event::SignedUp { person: person(number), channel: channel() }
}

pub(crate) fn notice_posted(id: u128) -> Event {
    let message =
        Name { ko: "점검 중입니다".to_owned(), en: "we are looking into it".to_owned() };
    let notice = Notice { id: NoticeId(id), message, at: OPENING, until: None };
    Event::NoticePosted { round: round(), notice }
}

/// Sign-up and gifts, until so many hours after the opening.
pub(crate) fn suspensions(hours: i64) -> Event {
    let one = |feature, program, when_waiting_over| Suspension {
        feature,
        from: OPENING,
        until: OPENING.plus_millis(hours * 3_600_000),
        message: Name { ko: "잠시 중단합니다".to_owned(), en: "suspended".to_owned() },
        program,
        when_waiting_over,
    };
    let gifts = one(Feature::Gifts, Some(program_id()), Some(10_000));
    Event::SuspensionsChanged { suspensions: vec![one(Feature::SignUp, None, None), gifts] }
}

/// One event of every kind that only the people's stream has.
pub(crate) fn of_the_people() -> Vec<Event> {
    vec![signed_up(1), suspensions(2)]
}

/// Like [`purchase`], with so much left after it.
pub(crate) fn purchase_leaving(number: u64, left: i64) -> Purchase {
    Purchase { left_after: Won(left), ..purchase(number) }
}

pub(crate) fn held(purchase: Purchase) -> Event {
    let purchase = Purchase { state: PurchaseState::Held, ..purchase };
    Event::Held { purchase, pass_expires_at: OPENING.plus_millis(300_000) }
}

pub(crate) fn payment_sent(number: u64) -> Event {
    let request = format!("{{\"order\":{number},\"memo\":\"상품권\"}}");
    let (id, person) = (purchase(number).id, person(number));
    Event::PaymentSent { round: round(), purchase: id, person, sent_at: OPENING, request }
}

pub(crate) fn cancel_sent(number: u64, reason: VoidReason) -> Event {
    Event::CancelSent { round: round(), purchase: purchase(number).id, reason }
}

/// Of the first window; the stock goes back there, or to where the leftover went.
pub(crate) fn voided(number: u64, back_to: &str, reason: VoidReason) -> Event {
    let Purchase { id, person, window, amount, .. } = purchase(number);
    let back_to = self::window(back_to);
    Event::Voided { round: round(), purchase: id, person, window, back_to, amount, reason }
}

pub(crate) fn return_sent(number: u64) -> Event {
    let Purchase { id, price, .. } = purchase(number);
    Event::ReturnSent { round: round(), purchase: id, amount: price }
}

pub(crate) fn returned(number: u64) -> Event {
    Event::Returned { round: round(), purchase: purchase(number).id }
}

/// One event of every kind but a sign-up, in an order in which a small sale could have them: person
/// 1 buys at once, 4 waits for the rail, 5 is declined and paid all the same, and 6 waits in vain
/// until the window is over.
pub(crate) fn one_of_each() -> Vec<Event> {
    let line = LineId(0);
    let mut events = vec![
        Event::ProgramChanged { program: program(1_000_000) },
        Event::RoundDefined { spec: spec(&round(), 1_000_000) },
        staff_acted("put-round"),
        Event::RoundMoved { round: round(), to: LifeCycle::Open },
        Event::WindowOpened { round: round(), window: window("first") },
        Event::InletChanged { round: round(), inlet: inlet() },
        notice_posted(1),
        Event::NoticeWithdrawn { round: round(), id: NoticeId(1) },
        Event::NumbersReserved { round: round(), line, up_to: 1_000 },
        joined(&round(), 1),
        joined(&round(), 2),
        Event::Left { round: round(), line, number: 2, person: person(2) },
        Event::InletStepped { round: round(), line, people: 400, to: 401 },
        Event::WatermarkMoved { round: round(), line, to: 500 },
        claimed(&round(), 1),
        issued(purchase(1)),
        refused(1, "another-attempt"),
    ];
    events.extend(a_draw());
    events.extend(asks_for_stock());
    events.extend((4..=6).map(|number| joined(&round(), number)));
    events.extend((4..=6).map(|number| claimed(&round(), number)));
    events.extend([
        held(purchase_leaving(4, 800_000)),
        held(purchase_leaving(5, 700_000)),
        held(purchase_leaving(6, 600_000)),
        payment_sent(4),
        payment_sent(5),
        issued(purchase_leaving(4, 800_000)),
        cancel_sent(5, VoidReason::Unanswered),
        voided(5, "first", VoidReason::Unanswered),
        return_sent(5),
        returned(5),
        Event::WindowClosed {
            round: round(),
            window: window("first"),
            leftover_to: Some(window("second")),
            leftover: Won(700_000),
        },
        voided(6, "second", VoidReason::Expired),
        Event::CameBack { round: round(), line, number: 6, person: person(6) },
        Event::TurnGiven { round: round(), line, numbers: vec![6] },
    ]);
    events
}

/// Asks for stock of the first window: one more, one less, and one that was refused.
fn asks_for_stock() -> Vec<Event> {
    let ids = [(1, 20_000), (2, -20_000), (3, 10_000)].map(|(id, change)| {
        let (id, change, by, reason) = (StockAskId(id), Won(change), "ann", "a test");
        let (by, reason) = (by.to_owned(), reason.to_owned());
        StockAsk { id, window: window("first"), change, by, reason, at: OPENING }
    });
    let round = round();
    let by = "ann".to_owned();
    let ask = OpeningAsk { step: Step::Open, by, at: OPENING };
    let mut events = vec![Event::OpeningAsked { round: round.clone(), ask }];
    for ask in ids {
        let (id, window, change) = (ask.id, ask.window.clone(), ask.change);
        events.push(Event::StockAsked { round: round.clone(), ask });
        events.push(match id {
            StockAskId(3) => Event::StockKept { round: round.clone(), id },
            _ => Event::StockChanged { round: round.clone(), id, window, change },
        });
    }
    events
}

/// The steps of a draw, as far as a store knows: their bodies.
fn a_draw() -> [Event; 4] {
    let (round, line, lobby, at) = (round(), LineId(0), LineId(1), OPENING);
    let share = ShareValue { name: "council".to_owned(), value: "00ff".to_owned() };
    [
        Event::DrawCommitted { round: round.clone(), line, commitment: Digest([1; 32]), at },
        Event::LobbyClosed {
            round: round.clone(),
            line,
            lobby,
            count: 3,
            root: Digest([2; 32]),
            at,
        },
        Event::ShareGiven { round: round.clone(), share, at },
        Event::Drawn {
            round,
            line,
            lobby,
            count: 3,
            key: Digest([3; 32]),
            seed: Digest([4; 32]),
            at,
        },
    ]
}

/// What a round needs before anybody can join: its definition, numbers and an open turn.
pub(crate) fn opening_of(round: &RoundId, numbers: u64) -> Vec<Event> {
    let line = LineId(0);
    vec![
        Event::RoundDefined { spec: spec(round, 1_000_000) },
        Event::NumbersReserved { round: round.clone(), line, up_to: numbers },
        Event::WatermarkMoved { round: round.clone(), line, to: numbers },
    ]
}
