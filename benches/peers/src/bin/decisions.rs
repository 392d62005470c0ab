//! How many decisions one processor makes in the core in a second (P12), and what the chain over
//! the journal costs an event (P13): one line of JSON, with a figure for each round.
//!
//! Calls the rules themselves, as the actors around them do, with everything that the edge hands
//! them ready. Knows no mailbox, no store and no wire.

use std::hint::black_box;
use std::time::Instant;

use clap::Parser;
use openrun_actors::store::Batch;
use openrun_core::person::{Ask, Decision, Person, RoundFacts, ShownPass};
use openrun_core::places::Places;
use openrun_core::program::Name;
use openrun_core::purchase::PassId;
use openrun_core::queue::{JoinDecision, Queue};
use openrun_core::round::{PurchaseOrder, Round, Step};
use openrun_core::round_spec::{
    Eligibility, InletMode, InletSpec, LineId, Order, Rejoin, RoundSpec, SoldAt, WindowSpec,
};
use openrun_core::voucher::AfterSale;
use openrun_core::{
    ChannelId, Event, IdempotencyKey, Month, Opening, PersonKey, ProgramId, PurchaseId, RoundId,
    Rules, StreamId, Timestamp, WindowId, Won,
};

// The very file that both stores write their batches by.
#[path = "../../../../src/store/chain.rs"]
mod chain;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 2022-07-14T10:00:00+09:00.
const NOW: Timestamp = Timestamp(1_657_760_400_000);
const AMOUNT: Won = Won(300_000);
const LINE: LineId = LineId(0);

/// Decisions of the core, counted.
#[derive(Parser)]
struct Arguments {
    /// Purchases, and joins, in a round.
    #[arg(long, default_value_t = 200_000)]
    people: usize,
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Events in a batch of the journal.
    #[arg(long, default_value_t = 64)]
    batch: usize,
}

/// What one round measured.
struct Figures {
    purchases_decided_per_s: f64,
    purchases_applied_per_s: f64,
    joins_decided_per_s: f64,
    joins_applied_per_s: f64,
    chain_ns_per_event: f64,
}

fn main() {
    let Arguments { people, rounds, batch } = Arguments::parse();
    let all: Vec<Figures> = (0..rounds).map(|_| measure(people, batch)).collect();
    let of = |figure: fn(&Figures) -> f64| all.iter().map(figure).collect::<Vec<_>>();
    println!(
        "{}",
        serde_json::json!({
            "purchases_decided_per_s": of(|it| it.purchases_decided_per_s),
            "purchases_applied_per_s": of(|it| it.purchases_applied_per_s),
            "joins_decided_per_s": of(|it| it.joins_decided_per_s),
            "joins_applied_per_s": of(|it| it.joins_applied_per_s),
            "chain_ns_per_event": of(|it| it.chain_ns_per_event),
        })
    );
}

fn measure(people: usize, batch: usize) -> Figures {
    let mut sale = Sale::new(people);
    let decided_s = sale.decide_all();
    let (applied_s, issued) = sale.apply_all();
    assert_eq!(issued.len(), people, "everybody bought");
    let (join_decided_s, join_applied_s) = joins(people);
    let per_second = |seconds: f64| people as f64 / seconds;
    Figures {
        purchases_decided_per_s: per_second(decided_s),
        purchases_applied_per_s: per_second(applied_s),
        joins_decided_per_s: per_second(join_decided_s),
        joins_applied_per_s: per_second(join_applied_s),
        chain_ns_per_event: chain_ns(issued, batch),
    }
}

/// A round with an open window, and everybody who buys in it with their right to.
struct Sale {
    round: Round,
    people: Vec<Person>,
    asks: Vec<Ask>,
    orders: Vec<PurchaseOrder>,
}

impl Sale {
    fn new(people: usize) -> Self {
        let mut round = Round::new(spec(people));
        let open = round.decide_step(Step::Open).expect("a draft can be opened");
        let up_to = people as u64;
        let round_id = round.spec().id.clone();
        let reserved = Event::NumbersReserved { round: round_id.clone(), line: LINE, up_to };
        let moved = Event::WatermarkMoved { round: round_id, line: LINE, to: up_to };
        open.iter().chain([&reserved, &moved]).for_each(|event| round.apply(event));
        Self {
            asks: (0..people).map(|n| ask(&round, n)).collect(),
            orders: (0..people).map(order).collect(),
            people: vec![Person::default(); people],
            round,
        }
    }

    /// Seconds for deciding all purchases, of which none is made: the limit, then the stock.
    fn decide_all(&self) -> f64 {
        let started = Instant::now();
        for ((person, ask), order) in self.people.iter().zip(&self.asks).zip(&self.orders) {
            let Ok(Decision::Hold(hold)) = person.decide(NOW, ask) else {
                panic!("a person with room was refused");
            };
            black_box(&hold);
            let purchase = self.round.decide_purchase(NOW, order);
            black_box(purchase.expect("a round with stock sells"));
        }
        started.elapsed().as_secs_f64()
    }

    /// Seconds for deciding all purchases and making them, and what happened.
    fn apply_all(&mut self) -> (f64, Vec<Event>) {
        let mut issued = Vec::with_capacity(self.people.len());
        let started = Instant::now();
        let everybody = self.people.iter_mut().zip(&self.asks).zip(&mut self.orders);
        for ((person, ask), order) in everybody {
            let Ok(Decision::Hold(hold)) = person.decide(NOW, ask) else {
                panic!("a person with room was refused");
            };
            (order.month, order.used_after) = (hold.month, hold.used_after);
            person.hold(hold);
            let purchase = self.round.decide_purchase(NOW, order);
            let event = Event::Issued { purchase: purchase.expect("a round with stock sells") };
            self.round.apply(&event);
            person.apply(&event);
            issued.push(event);
        }
        (started.elapsed().as_secs_f64(), issued)
    }
}

/// Seconds for deciding that many joins of new people, and for deciding them and taking the places.
fn joins(people: usize) -> (f64, f64) {
    let (mut queue, places) = (Queue::default(), Places::default());
    places.set_reserved(people as u64);
    let (round, keys) = (round_id(), (0..people).map(person).collect::<Vec<_>>());
    let started = Instant::now();
    for key in &keys {
        black_box(queue.decide_join(*key, LINE, None, Rejoin::Keep, &places));
    }
    let decided_s = started.elapsed().as_secs_f64();
    let mut joined = Vec::with_capacity(people);
    let started = Instant::now();
    for key in &keys {
        let decision = queue.decide_join(*key, LINE, None, Rejoin::Keep, &places);
        let JoinDecision::New { dead_up_to } = decision else {
            panic!("a new person holds no place");
        };
        let number = places.take_number().expect("as many are reserved as people come");
        let (round, person) = (round.clone(), *key);
        let event = Event::Joined { round, line: LINE, number, person, dead_up_to };
        queue.apply(&event, &places);
        joined.push(event);
    }
    let applied_s = started.elapsed().as_secs_f64();
    assert_eq!((queue.people(), joined.len()), (people, people), "everybody has a place");
    (decided_s, applied_s)
}

/// Nanoseconds for an event of the journal, in batches: written out and hashed.
fn chain_ns(events: Vec<Event>, batch: usize) -> f64 {
    let count = events.len();
    let mut batches: Vec<Batch> = Vec::new();
    for event in events {
        match batches.last_mut().filter(|last| last.events.len() < batch) {
            Some(last) => last.events.push((NOW, event)),
            None => {
                let first_seq = (batches.len() * batch) as u64 + 1;
                let (stream, events) = (StreamId::Program(program_id()), vec![(NOW, event)]);
                batches.push(Batch { stream, epoch: 1, first_seq, events });
            }
        }
    }
    let started = Instant::now();
    let last = batches.iter().fold(chain::BEGINNING, chain::next);
    let elapsed = started.elapsed();
    assert_ne!(black_box(last), chain::BEGINNING, "something was hashed");
    elapsed.as_nanos() as f64 / count as f64
}

fn round_id() -> RoundId {
    RoundId::new("seoul-2022-07-14").expect("a slug")
}

fn program_id() -> ProgramId {
    ProgramId::new("seoul-citywide").expect("a slug")
}

fn channel() -> ChannelId {
    ChannelId::new("seoul-pay").expect("a slug")
}

fn person(number: usize) -> PersonKey {
    PersonKey::of_subject(&peers::people::person(number))
}

fn key(number: usize) -> IdempotencyKey {
    IdempotencyKey::new(&format!("bench-{number}")).expect("visible ASCII")
}

fn pass(number: usize) -> PassId {
    PassId { line: LINE, number: number as u64 + 1 }
}

fn name() -> Name {
    Name { ko: "측정".to_owned(), en: "Benchmark".to_owned() }
}

fn rules() -> Rules {
    let channels = peers::people::CHANNELS.iter();
    Rules {
        effective_from: Timestamp(0),
        discount_bps: 700,
        unit_won: Won(10_000),
        monthly_limit_won: Won(400_000),
        holding_limit_won: Won(1_000_000),
        refund_threshold_bps: 6_000,
        regions: vec!["seoul".to_owned()],
        channels: channels.map(|name| ChannelId::new(name).expect("a slug")).collect(),
        counters: Vec::new(),
        after_sale: AfterSale::default(),
    }
}

fn spec(people: usize) -> RoundSpec {
    let stock = i64::try_from(people).expect("fewer than the world has") * AMOUNT.0;
    RoundSpec {
        id: round_id(),
        program_id: program_id(),
        name: name(),
        order: Order::Fifo,
        rejoin: Rejoin::Keep,
        lobby_opens_at: NOW,
        windows: vec![WindowSpec {
            id: WindowId::new("everyone").expect("a slug"),
            eligibility: Eligibility::All,
            opens_at: NOW,
            closes_at: NOW.plus_millis(3_600_000),
            // Sold to the last won.
            stock_won: Won(stock),
            leftover_to: None,
            sold_at: SoldAt::Line,
        }],
        inlet: InletSpec {
            rate_per_1000_s: 1_000_000,
            max_active: 1_000_000,
            claim_window_s: 300,
            pass_ttl_s: 600,
            mode: InletMode::Auto,
            latency_target_ms: None,
        },
        opening: Opening::OnePerson,
    }
}

fn ask(round: &Round, number: usize) -> Ask {
    Ask {
        key: key(number),
        digest: [7; 32],
        amount: AMOUNT,
        is_registered: true,
        round: Some(RoundFacts {
            round: round.spec().id.clone(),
            program: program_id(),
            rules: rules().into(),
            closed: None,
            channel_allowed: true,
            at_counter: None,
        }),
        pass: ShownPass::Valid(pass(number), NOW.plus_millis(600_000)),
        is_cash: false,
    }
}

fn order(number: usize) -> PurchaseOrder {
    PurchaseOrder {
        id: PurchaseId(number as u128 + 1),
        person: person(number),
        channel: channel(),
        amount: AMOUNT,
        pass: pass(number),
        key: key(number),
        digest: [7; 32],
        month: Month::of(NOW),
        used_after: AMOUNT,
        rules: rules().into(),
        at_counter: None,
    }
}
