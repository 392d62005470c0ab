//! How long a restart takes when a whole city waits (P8): a store with as many purchases as
//! waiting people is filled through its port, the program is killed on it and started again. Every
//! ticket stands at its number, the watermark where it stood, and no number is given twice (F27).
//!
//! `OPENRUN_LONG=1`: 1,000,000 of each, which takes minutes to fill; else 20,000. The times are
//! printed and judge nothing, but that of a built release can be had: `OPENRUN_LONG=1 cargo test
//! --release --test crash recovery -- --nocapture`.

use crate::ends::STOP_LIMIT;
use crate::house::{CHANNELS, House, ROUND, now};
use crate::wire::{Request, Wire};
use openrun::trust::Ticket;
use openrun_actors::store::{Batch, Store};
use openrun_core::program::Name;
use openrun_core::purchase::{PassId, PurchaseState};
use openrun_core::round::{LifeCycle, NUMBER_BLOCK};
use openrun_core::round_spec::{
    Eligibility, InletMode, InletSpec, LineId, Order, Rejoin, RoundSpec, SoldAt, WindowSpec,
};
use openrun_core::voucher::AfterSale;
use openrun_core::{
    ChannelId, Event, IdempotencyKey, Month, Opening, PersonKey, Program, ProgramId, Purchase,
    PurchaseId, RoundId, Rules, StreamId, Timestamp, WindowId, Won,
};
use serde_json::Value;

/// Purchases, and people who wait.
const OF_EACH: (u64, u64) = (20_000, 1_000_000);
/// Events in a batch while the store is filled.
const BATCH: usize = 4_096;
/// Tickets that are asked for again.
const SAMPLE: u64 = 300;
/// Who joins after the first restart and is to be found after the second.
const LATE: u64 = 20;

fn slug<T>(made: Option<T>) -> T {
    made.expect("a slug")
}

fn subject(number: u64) -> String {
    format!("p{number}")
}

/// A store as a sale left it that was open for an hour.
struct Past {
    of_each: u64,
    opened_at: Timestamp,
}

impl Past {
    fn round() -> RoundId {
        slug(RoundId::new(ROUND))
    }

    fn window() -> WindowId {
        slug(WindowId::new("all"))
    }

    fn channel() -> ChannelId {
        slug(ChannelId::new(CHANNELS[0]))
    }

    fn rules(&self) -> Rules {
        Rules {
            effective_from: Timestamp(0),
            discount_bps: 700,
            unit_won: Won(10_000),
            monthly_limit_won: Won(400_000),
            holding_limit_won: Won(1_000_000),
            refund_threshold_bps: 6_000,
            regions: vec!["seoul".to_owned()],
            channels: CHANNELS.iter().map(|name| slug(ChannelId::new(name))).collect(),
            counters: Vec::new(),
            after_sale: AfterSale::default(),
        }
    }

    fn stock(&self) -> Won {
        Won(i64::try_from(self.of_each).expect("small") * 2 * 400_000)
    }

    fn spec(&self) -> RoundSpec {
        let name = || Name { ko: "1차".to_owned(), en: "Round 1".to_owned() };
        RoundSpec {
            opening: Opening::OnePerson,
            id: Past::round(),
            program_id: slug(ProgramId::new("seoul")),
            name: name(),
            order: Order::Fifo,
            rejoin: Rejoin::Keep,
            lobby_opens_at: self.opened_at,
            windows: vec![WindowSpec {
                id: Past::window(),
                eligibility: Eligibility::All,
                opens_at: self.opened_at,
                closes_at: self.opened_at.plus_millis(86_400_000),
                stock_won: self.stock(),
                leftover_to: None,
                sold_at: SoldAt::Line,
            }],
            // Nobody is let in any more: the watermark stays where it was left.
            inlet: InletSpec {
                rate_per_1000_s: 1,
                max_active: 1,
                claim_window_s: 86_400,
                pass_ttl_s: 86_400,
                mode: InletMode::Shut,
                latency_target_ms: None,
            },
        }
    }

    fn beginning(&self) -> Vec<Event> {
        let (round, line) = (Past::round(), LineId(0));
        let up_to = 2 * self.of_each + NUMBER_BLOCK;
        let name = Name { ko: "상품권".to_owned(), en: "Voucher".to_owned() };
        let id = slug(ProgramId::new("seoul"));
        let (issuer, versions) = ("seoul".to_owned(), vec![self.rules().into()]);
        let program = Program { id, name, issuer, versions, changes: 0 };
        vec![
            Event::ProgramChanged { program },
            Event::RoundDefined { spec: self.spec() },
            Event::RoundMoved { round: round.clone(), to: LifeCycle::Open },
            Event::WindowOpened { round: round.clone(), window: Past::window() },
            Event::NumbersReserved { round: round.clone(), line, up_to },
            Event::WatermarkMoved { round, line, to: self.of_each },
        ]
    }

    fn person(number: u64) -> PersonKey {
        PersonKey::of_subject(&subject(number))
    }

    fn joined(&self, number: u64) -> Event {
        let (round, person) = (Past::round(), Past::person(number));
        Event::Joined { round, line: LineId(0), number, person, dead_up_to: 0 }
    }

    /// Everything of somebody who bought.
    fn bought(&self, number: u64) -> [Event; 3] {
        let (round, person, line) = (Past::round(), Past::person(number), LineId(0));
        let expires_at = self.opened_at.plus_millis(86_400_000);
        let sold = i64::try_from(number).expect("small") * 400_000;
        let millis = u128::try_from(self.opened_at.0).expect("after 1970");
        let purchase = Purchase {
            id: PurchaseId((millis << 80) | (0x7 << 76) | (0x2 << 62) | u128::from(number)),
            round: round.clone(),
            window: Past::window(),
            program: slug(ProgramId::new("seoul")),
            person,
            channel: Past::channel(),
            amount: Won(400_000),
            price: Won(372_000),
            subsidy: Won(28_000),
            month: Month::of(self.opened_at),
            pass: PassId { line, number },
            key: IdempotencyKey::new(&format!("attempt-{number}")).expect("visible"),
            digest: [7; 32],
            at: self.opened_at,
            left_after: Won(self.stock().0 - sold),
            used_after: Won(400_000),
            monthly_limit: Won(400_000),
            state: PurchaseState::Issued,
        };
        let claimed = Event::Claimed { round, line, number, person, expires_at };
        [self.joined(number), claimed, Event::Issued { purchase }]
    }

    /// Writes all of it, as its owner would.
    async fn fill(&self, store: &dyn Store) {
        let signed_up = (1..=2 * self.of_each).map(|number| Event::SignedUp {
            person: Past::person(number),
            channel: Past::channel(),
        });
        self.write(store, StreamId::People, signed_up).await;
        let bought = (1..=self.of_each).flat_map(|number| self.bought(number));
        let waiting = (self.of_each + 1..=2 * self.of_each).map(|number| self.joined(number));
        let all = self.beginning().into_iter().chain(bought).chain(waiting);
        self.write(store, StreamId::Program(slug(ProgramId::new("seoul"))), all).await;
    }

    async fn write(
        &self,
        store: &dyn Store,
        stream: StreamId,
        mut events: impl Iterator<Item = Event>,
    ) {
        let owned = store.take_over(&stream).await.expect("an empty store");
        let mut first_seq = owned.next_seq;
        loop {
            let timed = |event| (self.opened_at, event);
            let events: Vec<_> = events.by_ref().take(BATCH).map(timed).collect();
            if events.is_empty() {
                return;
            }
            let (count, stream, epoch) = (events.len() as u64, stream.clone(), owned.epoch);
            store.commit(Batch { stream, epoch, first_seq, events }).await.expect("is written");
            first_seq += count;
        }
    }
}

/// Where-am-I of some tickets between two numbers: each at its number, in its state.
async fn honours(house: &House, numbers: impl Iterator<Item = u64>, at: Timestamp, state: &str) {
    let mut wire = Wire::new(house.public);
    let path = format!("/v1/rounds/{ROUND}/tickets/me");
    for number in numbers {
        let (round, person) = (Past::round(), Past::person(number));
        let text = house.seal(&Ticket { round, line: LineId(0), number, person, at });
        let request = Request::new("GET", &path).header("openrun-ticket", &text);
        let answer = wire.call(&request).await.expect("an answer");
        assert_eq!(answer.status, 200, "{number}: {}", answer.text());
        let told = answer.json();
        assert_eq!((told["number"].as_u64(), told["state"].as_str()), (Some(number), Some(state)));
    }
}

/// Somebody new joins, or somebody who is there joins again.
async fn join(house: &House, number: u64) -> Value {
    let answer = house.join(&house.person_token(&subject(number), CHANNELS[0])).await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
    answer.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_city_that_waits_is_back_where_it_was() {
    let of_each = if std::env::var_os("OPENRUN_LONG").is_some() { OF_EACH.1 } else { OF_EACH.0 };
    let past = Past { of_each, opened_at: now().plus_millis(-3_600_000) };
    let house = House::new().await;
    // Makes keys and tables.
    let server = house.serve().await;
    server.terminate(STOP_LIMIT).await;
    let url = house.store();
    let store = openrun::store::open(&url).await.expect("a store");
    past.fill(&*store).await;
    drop(store);
    let at = past.opened_at;
    let spread = |from: u64, to: u64| (0..SAMPLE).map(move |i| from + (to - from) * i / SAMPLE);
    let mut given = Vec::new();
    let mut times = Vec::new();
    for restart in 0..3 {
        let server = house.serve().await;
        times.push(server.ready_after);
        honours(&house, spread(1, of_each), at, "bought").await;
        honours(&house, spread(of_each + 1, 2 * of_each), at, "waiting").await;
        let figures = house.round().await;
        assert_eq!(figures["watermark"], of_each, "OR-6: {figures}");
        assert_eq!(figures["sold_won"], of_each * 400_000, "OR-1: {figures}");
        assert_eq!(join(&house, 2 * of_each - 7).await["number"], 2 * of_each - 7);
        for late in 0..LATE {
            let told = join(&house, 10 * of_each + restart * LATE + late).await;
            given.push((told["number"].as_u64().expect("a number"), told["ticket"].clone()));
        }
        server.kill().await;
    }
    let numbers: Vec<u64> = given.iter().map(|(number, _)| *number).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "OR-6: given twice or out of order: {numbers:?}");
    assert!(numbers[0] > 2 * of_each, "OR-6: {numbers:?}");
    println!("recovery: {of_each} bought, {of_each} waiting, ready after {times:.2?}");
}
