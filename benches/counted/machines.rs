//! The core: what a join, a turn and a purchase cost from the question to the changed state, and
//! what an event costs in the chain of the journal.

use crate::Case;
use openrun::store::chain;
use openrun_actors::store::Batch;
use openrun_core::person::{Ask, Decision, Person, RoundFacts, ShownPass};
use openrun_core::places::Places;
use openrun_core::program::Name;
use openrun_core::purchase::PassId;
use openrun_core::queue::{ClaimDecision, JoinDecision, Queue, ShownTicket};
use openrun_core::round::{PurchaseOrder, Round, Step};
use openrun_core::round_spec::{
    Eligibility, InletMode, InletSpec, LineId, Order, Rejoin, RoundSpec, SoldAt, WindowSpec,
};
use openrun_core::voucher::AfterSale;
use openrun_core::{
    ChannelId, Event, IdempotencyKey, Opening, PersonKey, ProgramId, PurchaseId, RoundId, Rules,
    StreamId, Timestamp, WindowId, Won,
};

/// 2022-07-14T10:00:00+09:00.
const OPENING: Timestamp = Timestamp(1_657_760_400_000);
const LINE: LineId = LineId(0);
const CALLS: usize = 500;
const AMOUNT: Won = Won(300_000);
const ID: &str = "seoul-2022-07-14";

pub fn cases() -> Vec<Case> {
    vec![join(), claim(), purchase(), chained()]
}

fn person(number: usize) -> PersonKey {
    PersonKey::of_subject(&format!("person-{number}"))
}

fn round_id() -> RoundId {
    RoundId::new(ID).expect("a slug")
}

fn rules() -> Rules {
    Rules {
        effective_from: Timestamp(0),
        discount_bps: 700,
        unit_won: Won(10_000),
        monthly_limit_won: Won(400_000),
        holding_limit_won: Won(1_000_000),
        refund_threshold_bps: 6_000,
        regions: vec!["seoul".to_owned()],
        channels: vec![ChannelId::new("seoul-pay").expect("a slug")],
        counters: Vec::new(),
        after_sale: AfterSale::default(),
    }
}

/// A round that is open, with everybody's turn come.
fn open_round(people: usize) -> Round {
    let window = WindowSpec {
        id: WindowId::new("everyone").expect("a slug"),
        eligibility: Eligibility::All,
        opens_at: OPENING,
        closes_at: OPENING.plus_millis(86_400_000),
        stock_won: Won(25_000_000_000),
        leftover_to: None,
        sold_at: SoldAt::Line,
    };
    let inlet = InletSpec {
        rate_per_1000_s: 1_000_000,
        max_active: 20_000,
        claim_window_s: 300,
        pass_ttl_s: 600,
        mode: InletMode::Auto,
        latency_target_ms: None,
    };
    let mut round = Round::new(RoundSpec {
        opening: Opening::OnePerson,
        id: round_id(),
        program_id: ProgramId::new("seoul-citywide").expect("a slug"),
        name: Name { ko: "서울사랑상품권".to_owned(), en: "Seoul Love voucher".to_owned() },
        order: Order::Fifo,
        rejoin: Rejoin::Keep,
        lobby_opens_at: OPENING,
        windows: vec![window],
        inlet,
    });
    for step in [Step::Schedule, Step::Open] {
        for event in round.decide_step(step).expect("a draft can be opened") {
            round.apply(&event);
        }
    }
    let people = people as u64;
    round.apply(&Event::NumbersReserved { round: round_id(), line: LINE, up_to: people });
    round.apply(&Event::WatermarkMoved { round: round_id(), line: LINE, to: people });
    round
}

/// A line with room for so many.
fn line(people: usize) -> Places {
    let places = Places::default();
    places.set_reserved(people as u64);
    places
}

fn join_one(queue: &mut Queue, places: &Places, person: PersonKey) -> u64 {
    let decided = queue.decide_join(person, LINE, None, Rejoin::Keep, places);
    let JoinDecision::New { dead_up_to } = decided else { panic!("nobody comes twice") };
    let number = places.take_number().expect("numbers are reserved");
    let event = Event::Joined { round: round_id(), line: LINE, number, person, dead_up_to };
    queue.apply(&event, places);
    number
}

fn join() -> Case {
    let people: Vec<PersonKey> = (0..Case::all(CALLS)).map(person).collect();
    let (mut queue, places) = (Queue::default(), line(people.len()));
    Case::new("join: decided and applied", CALLS, move |number| {
        join_one(&mut queue, &places, people[number])
    })
}

fn claim() -> Case {
    let people: Vec<PersonKey> = (0..Case::all(CALLS)).map(person).collect();
    let (mut queue, places) = (Queue::default(), line(people.len()));
    for person in &people {
        join_one(&mut queue, &places, *person);
    }
    places.advance(people.len() as u64);
    Case::new("turn: claim decided and applied", CALLS, move |number| {
        let (person, number) = (people[number], number as u64 + 1);
        let shown = ShownTicket { line: LINE, number };
        let decided = queue.decide_claim(OPENING, person, shown, &places);
        assert_eq!(decided, Ok(ClaimDecision::New), "everybody has their turn, once");
        let expires_at = OPENING.plus_millis(600_000);
        let event = Event::Claimed { round: round_id(), line: LINE, number, person, expires_at };
        queue.apply(&event, &places);
    })
}

fn ask(number: usize) -> Ask {
    let pass = PassId { line: LINE, number: number as u64 + 1 };
    let round = RoundFacts {
        round: round_id(),
        program: ProgramId::new("seoul-citywide").expect("a slug"),
        rules: rules().into(),
        closed: None,
        channel_allowed: true,
        at_counter: None,
    };
    Ask {
        key: IdempotencyKey::new(&format!("attempt-{number}")).expect("visible ASCII"),
        digest: [7; 32],
        amount: AMOUNT,
        is_registered: true,
        round: Some(round),
        pass: ShownPass::Valid(pass, OPENING.plus_millis(600_000)),
        is_cash: false,
    }
}

fn purchase() -> Case {
    let count = Case::all(CALLS);
    let mut round = open_round(count);
    let (mut queue, places) = (Queue::default(), line(count));
    for number in 0..count {
        join_one(&mut queue, &places, person(number));
    }
    places.advance(count as u64);
    let asks: Vec<Ask> = (0..count).map(ask).collect();
    let keys: Vec<PersonKey> = (0..count).map(person).collect();
    let mut people: Vec<Person> = (0..count).map(|_| Person::default()).collect();
    let (rules, channel) =
        (std::sync::Arc::new(rules()), ChannelId::new("seoul-pay").expect("a slug"));
    Case::new("purchase: decided and applied by person, round and line", CALLS, move |number| {
        let (ask, person) = (&asks[number], &mut people[number]);
        let Ok(Decision::Hold(hold)) = person.decide(OPENING, ask) else {
            panic!("the limit allows it");
        };
        let order = PurchaseOrder {
            id: PurchaseId(number as u128 + 1),
            person: keys[number],
            channel: channel.clone(),
            amount: AMOUNT,
            pass: hold.pass,
            key: ask.key.clone(),
            digest: ask.digest,
            month: hold.month,
            used_after: hold.used_after,
            rules: rules.clone(),
            at_counter: None,
        };
        let expires_at = hold.pass_expires_at;
        person.hold(hold);
        let phase = places.phase(order.pass.number);
        round.check_pass(OPENING, phase, expires_at).expect("the pass is good");
        let purchase = round.decide_purchase(OPENING, &order).expect("there is stock");
        places.buy(order.pass.number).expect("nobody buys twice");
        let event = Event::Issued { purchase };
        round.apply(&event);
        person.apply(&event);
    })
}

/// Events of one batch, as a store gets them.
const EVENTS: usize = 200;

fn chained() -> Case {
    let joined = |number: usize| Event::Joined {
        round: round_id(),
        line: LINE,
        number: number as u64 + 1,
        person: person(number),
        dead_up_to: 0,
    };
    let batch = Batch {
        stream: StreamId::Program(ProgramId::new("seoul-citywide").expect("a slug")),
        epoch: 1,
        first_seq: 1,
        events: (0..EVENTS).map(|number| (OPENING, joined(number))).collect(),
    };
    let mut hash = chain::BEGINNING;
    Case::new("journal: 200 joins hashed into the chain", 1, move |_| {
        hash = chain::next(hash, &batch);
        hash
    })
}
