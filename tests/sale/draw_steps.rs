//! A drawn round that died after any event of its journal: the next owner carries it on to the same
//! list and the same order, and what does not fit the list is kept out of service.

use crate::support::{beside_others, eventually, ports::folder};
use actix_web::rt::System;
use openrun_actors::store::{Batch, Store};
use openrun_actors::{
    Clock, DrawSecrets, Engine, InstantRail, Join, Joined, PayBy, RoundSecret, Staff, SystemClock,
};
use openrun_core::draw::verify;
use openrun_core::eligibility::Who;
use openrun_core::program::{Name, Program};
use openrun_core::queue::ShownTicket;
use openrun_core::round::{ClassDraw, LifeCycle, Step};
use openrun_core::round_spec::{
    DrawSpec, Eligibility, InletMode, InletSpec, LineId, Order, Rejoin, RoundSpec, SoldAt,
    WindowSpec,
};
use openrun_core::time::Date;
use openrun_core::voucher::AfterSale;
use openrun_core::{
    ChannelId, Event, Opening, PersonKey, ProgramId, Refusal, RoundId, Rules, StoredEvent,
    StreamId, Timestamp, WindowId, Won,
};
use std::sync::Arc;

const PEOPLE: u64 = 6;

/// Secrets that a test knows; `.0` tells one directory of keys from another.
#[derive(Clone, Copy)]
struct Known(u8);

impl DrawSecrets for Known {
    fn of_round(&self, _: &RoundId) -> Vec<Arc<dyn RoundSecret>> {
        vec![Arc::new(*self)]
    }
}

impl RoundSecret for Known {
    fn key(&self, _: &str) -> [u8; 32] {
        [self.0; 32]
    }

    fn salt(&self, _: &str, entry: u64, person: PersonKey) -> [u8; 32] {
        let mut salt = [self.0; 32];
        salt[0] = u8::try_from(entry % 256).expect("a byte");
        salt[16..].copy_from_slice(&person.0);
        salt
    }
}

fn program_id() -> ProgramId {
    ProgramId::new("p").expect("a slug")
}

fn round_id() -> RoundId {
    RoundId::new("r").expect("a slug")
}

fn name() -> Name {
    Name { ko: "가".to_owned(), en: "a".to_owned() }
}

fn program() -> Program {
    let rules = Rules {
        effective_from: Timestamp(0),
        discount_bps: 0,
        unit_won: Won(10_000),
        monthly_limit_won: Won(400_000),
        holding_limit_won: Won(1_000_000),
        refund_threshold_bps: 6_000,
        regions: vec!["seoul".to_owned()],
        channels: vec![ChannelId::new("c").expect("a slug")],
        counters: Vec::new(),
        after_sale: AfterSale::default(),
    };
    Program {
        id: program_id(),
        name: name(),
        issuer: "p".to_owned(),
        versions: vec![rules.into()],
        changes: 0,
    }
}

/// A round whose lobby is open, and that opens when an operator says so.
fn spec(now: Timestamp) -> RoundSpec {
    let window = WindowSpec {
        id: WindowId::new("w").expect("a slug"),
        eligibility: Eligibility::All,
        opens_at: now.plus_millis(3_600_000),
        closes_at: now.plus_millis(7_200_000),
        stock_won: Won(1_000_000),
        leftover_to: None,
        sold_at: SoldAt::Line,
    };
    RoundSpec {
        opening: Opening::OnePerson,
        id: round_id(),
        program_id: program_id(),
        name: name(),
        order: Order::Draw(DrawSpec::default()),
        rejoin: Rejoin::Keep,
        lobby_opens_at: now,
        windows: vec![window],
        inlet: InletSpec {
            rate_per_1000_s: 1_000_000,
            max_active: 100,
            claim_window_s: 60,
            pass_ttl_s: 60,
            mode: InletMode::Shut,
            latency_target_ms: None,
        },
    }
}

async fn engine(store: &Arc<dyn Store>, secrets: Known) -> Engine {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let rail = PayBy::AtOnce(Arc::new(InstantRail));
    let engine = Engine::start(Arc::clone(store), clock, rail, Arc::new(secrets)).await;
    engine.expect("it starts")
}

fn staff() -> Staff {
    Staff::new("tester", "operator")
}

fn ask(person: u64, shown: Option<ShownTicket>) -> Join {
    let person = PersonKey::of_subject(&format!("person-{person}"));
    let channel = ChannelId::new("c").expect("a slug");
    let birthdate = Date { year: 1991, month: 3, day: 1 };
    Join { person, who: Who { birthdate, district: None }, channel, shown }
}

async fn join(engine: &Engine, person: u64, shown: Option<ShownTicket>) -> ShownTicket {
    match engine.join(&round_id(), ask(person, shown)).await.expect("everybody may join") {
        Joined::Place { place, .. } => ShownTicket { line: place.line, number: place.number },
        Joined::IneligibleNow { .. } => panic!("the window is for everybody"),
    }
}

async fn step(engine: &Engine, step: Step) {
    engine.step_round(&staff(), &round_id(), step, "a test").await.expect("it may");
}

async fn drawn(engine: &Engine) -> ClassDraw {
    let look = async || {
        let view = engine.round(&round_id())?.view();
        let draw = view.lobbies[0].draw.clone();
        draw.drawn.is_some().then_some(draw)
    };
    eventually::some("the round is drawn", look).await
}

/// Plays the draw once: what was written, the tickets of the lobby, the draw.
async fn play(store: &Arc<dyn Store>) -> (Vec<StoredEvent>, Vec<ShownTicket>, ClassDraw) {
    let engine = engine(store, Known(1)).await;
    let Program { id, name, issuer, mut versions, .. } = program();
    let rules = Arc::unwrap_or_clone(versions.remove(0));
    engine.put_program(&staff(), id, name, issuer, rules, "").await.expect("it may");
    engine.put_round(&staff(), spec(engine.now()), "").await.expect("it may");
    step(&engine, Step::Schedule).await;
    let mut tickets = Vec::new();
    for person in 0..PEOPLE {
        tickets.push(join(&engine, person, None).await);
    }
    assert!(tickets.iter().all(|ticket| ticket.line == LineId(1)), "all in the lobby");
    let leaver = PersonKey::of_subject("person-2");
    engine.leave(&round_id(), leaver, tickets[2]).await.expect("it may");
    step(&engine, Step::Open).await;
    let draw = drawn(&engine).await;
    engine.stop().await;
    (events(store).await, tickets, draw)
}

async fn events(store: &Arc<dyn Store>) -> Vec<StoredEvent> {
    let mut all = Vec::new();
    let mut chunks = store.round_events(&round_id());
    while let Some(chunk) = chunks.recv().await {
        all.extend(chunk.expect("the store answers"));
    }
    all
}

async fn store_with(
    folder: &tempfile::TempDir,
    name: &str,
    events: &[StoredEvent],
) -> Arc<dyn Store> {
    let path = folder.path().join(name);
    let store = openrun::store::open(&format!("sqlite:{}", path.display())).await.expect("opens");
    if events.is_empty() {
        return store;
    }
    let stream = StreamId::Program(program_id());
    let own = store.take_over(&stream).await.expect("it may");
    let changed = (Timestamp(0), Event::ProgramChanged { program: program() });
    let rest = events.iter().map(|stored| (stored.at, stored.event.clone()));
    let events = std::iter::once(changed).chain(rest).collect();
    let batch = Batch { stream, epoch: own.epoch, first_seq: own.next_seq, events };
    store.commit(batch).await.expect("it is written");
    store
}

/// Where in the journal the first event of this kind stands.
fn place_of(events: &[StoredEvent], is_it: impl Fn(&Event) -> bool) -> usize {
    events.iter().position(|stored| is_it(&stored.event)).expect("it happened")
}

#[test]
fn whatever_event_was_the_last_one_the_draw_comes_to_the_same() {
    let folder = folder();
    let _shared = beside_others();
    System::new().block_on(async {
        let (events, tickets, draw) = play(&store_with(&folder, "first", &[]).await).await;
        let scheduled = place_of(&events, |event| matches!(event, Event::DrawCommitted { .. }));
        // Written together: no owner dies between these two.
        let opens = |event: &Event| matches!(event, Event::WindowOpened { .. });
        let within = place_of(&events, opens);
        for length in (scheduled + 1..=events.len()).filter(|length| *length != within) {
            let store = store_with(&folder, &format!("{length}"), &events[..length]).await;
            let engine = engine(&store, Known(1)).await;
            carry_on(&engine, &tickets, &events[..length], &draw).await;
            engine.stop().await;
        }
    });
}

/// From the last event on: everybody shows the ticket of the lobby, the round opens, is drawn, and
/// each ticket is honoured at the number of its entry.
async fn carry_on(
    engine: &Engine,
    tickets: &[ShownTicket],
    so_far: &[StoredEvent],
    draw: &ClassDraw,
) {
    let lobby = async || engine.round(&round_id()).is_some_and(|it| it.view().state.takes_joins());
    eventually::so("people can join", lobby).await;
    let is_closed = so_far.iter().any(|stored| matches!(stored.event, Event::LobbyClosed { .. }));
    for (person, ticket) in (0..).zip(tickets) {
        // Who left comes back in the lobby only by joining again.
        if person != 2 && !is_closed {
            assert_eq!(join(engine, person, Some(*ticket)).await, *ticket);
        }
    }
    step(engine, Step::Open).await;
    let again = drawn(engine).await;
    if is_closed {
        assert_eq!(
            (again.closed, again.drawn.map(|it| it.seed)),
            (draw.closed, draw.drawn.map(|it| it.seed))
        );
    }
    let round = engine.round(&round_id()).expect("it is there");
    let mut found = None;
    let _ = round.transcript("everyone", |transcript| {
        found = Some(transcript.clone());
        bytes::Bytes::new()
    });
    let transcript = found.expect("a drawn round has a transcript");
    verify(&transcript).expect("it holds");
    for (person, ticket) in (0..).zip(tickets).filter(|(person, _)| *person != 2) {
        let renewed = join(engine, person, Some(*ticket)).await;
        let key = PersonKey::of_subject(&format!("person-{person}"));
        let proof = round.draw_proof(ticket.line, ticket.number, key).expect("was in the lobby");
        assert_eq!(Ok(renewed.number), proof.number_in(&transcript));
        assert_eq!(renewed.line, LineId(0));
    }
    let late = join(engine, 99, None).await;
    assert!(late.line == LineId(0) && late.number > transcript.count, "{late:?}");
}

/// An entry that went from the store after the list was published, one that came, and a key that is
/// not the one committed to: the round stays out of service.
#[test]
fn what_does_not_fit_the_published_list_is_kept_out_of_service() {
    let folder = folder();
    let _shared = beside_others();
    System::new().block_on(async {
        let (events, ..) = play(&store_with(&folder, "first", &[]).await).await;
        let closed = place_of(&events, |event| matches!(event, Event::LobbyClosed { .. }));
        let joined = place_of(&events, |event| matches!(event, Event::Joined { .. }));
        let left = place_of(&events, |event| matches!(event, Event::Left { .. }));
        let mut removed = events.clone();
        removed.remove(left);
        removed.remove(joined + 2);
        let mut inserted = events.clone();
        let person = PersonKey::of_subject("nobody");
        let (round, line, number) = (round_id(), LineId(1), PEOPLE + 1);
        let event = Event::Joined { round, line, number, person, dead_up_to: 0 };
        inserted.insert(closed, StoredEvent { event, ..events[closed].clone() });
        for (name, events, secrets, serves) in [
            ("honest", &events, Known(1), true),
            ("removed", &removed, Known(1), false),
            ("inserted", &inserted, Known(1), false),
            ("other-keys", &events, Known(2), false),
        ] {
            let store = store_with(&folder, name, events).await;
            let engine = engine(&store, secrets).await;
            assert_eq!(engine.round(&round_id()).is_some(), serves, "{name}");
            if !serves {
                let anew = engine.put_round(&staff(), spec(engine.now()), "").await;
                assert_eq!(anew.err(), Some(Refusal::Unavailable), "{name}: not begun anew");
            }
            engine.stop().await;
        }
    });
}

/// A round that was redefined is committed anew: the key of before may be gone.
#[test]
fn a_commitment_that_was_superseded_needs_no_key() {
    let folder = folder();
    let _shared = beside_others();
    System::new().block_on(async {
        let at = SystemClock::default().now();
        let committed = |key: u8| {
            let commitment = openrun_core::draw::commitment(&[key; 32]);
            Event::DrawCommitted { round: round_id(), line: LineId(0), commitment, at }
        };
        let defined = || Event::RoundDefined { spec: spec(at) };
        let scheduled = Event::RoundMoved { round: round_id(), to: LifeCycle::Scheduled };
        let history = [defined(), scheduled, committed(7), defined(), committed(1)];
        for (name, length, serves) in [("superseded", 5, true), ("standing", 3, false)] {
            let events = history[..length].iter().cloned();
            let stored = events.map(|event| StoredEvent { seq: 0, at, event });
            let store = store_with(&folder, name, &stored.collect::<Vec<_>>()).await;
            let engine = engine(&store, Known(1)).await;
            assert_eq!(engine.round(&round_id()).is_some(), serves, "{name}");
            engine.stop().await;
        }
    });
}

/// As large as the lobby of the first round of Seoul was.
#[test]
fn a_lobby_of_200_000_is_listed_and_drawn() {
    const MANY: u64 = 200_000;
    let folder = folder();
    let _shared = beside_others();
    System::new().block_on(async {
        let now = SystemClock::default().now();
        let (round, at) = (round_id(), now);
        let commitment = openrun_core::draw::commitment(&[1; 32]);
        let moved = |to| Event::RoundMoved { round: round_id(), to };
        let head = [
            Event::RoundDefined { spec: spec(now) },
            Event::NumbersReserved { round: round.clone(), line: LineId(1), up_to: MANY + 100 },
            moved(LifeCycle::Scheduled),
            Event::DrawCommitted { round, line: LineId(0), commitment, at },
            moved(LifeCycle::Lobby),
        ];
        let joined = |number| {
            let person = PersonKey::of_subject(&format!("person-{number}"));
            let (round, line) = (round_id(), LineId(1));
            Event::Joined { round, line, number, person, dead_up_to: 0 }
        };
        let events = head.into_iter().chain((1..=MANY).map(joined));
        let stored = |event| StoredEvent { seq: 0, at: now, event };
        let store = store_with(&folder, "many", &events.map(stored).collect::<Vec<_>>()).await;
        let engine = engine(&store, Known(1)).await;
        let began = std::time::Instant::now();
        step(&engine, Step::Open).await;
        let draw = drawn(&engine).await;
        println!("{MANY} entries listed, closed and drawn in {:?}", began.elapsed());
        let closed = draw.closed.expect("it is drawn");
        assert_eq!(closed.count, MANY + 100, "with what was set aside before the restart");
        let round = engine.round(&round_id()).expect("it is there");
        let mut verified = None;
        let _ = round.transcript("everyone", |transcript| {
            verified = Some(verify(transcript).expect("it holds"));
            bytes::Bytes::new()
        });
        assert_eq!(verified.map(|it| (it.count, it.empty)), Some((MANY + 100, 100)));
        // What nobody holds neither waits nor is ahead of anybody.
        let look = async || (round.view().lines[0].waiting == MANY).then_some(());
        eventually::some("those who wait are people", look).await;
        engine.stop().await;
    });
}
