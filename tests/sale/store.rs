//! A store that is stuck, slow or in doubt under a running sale: who is held up, who is not, and
//! that each purchase ends once and truthfully. F-numbers are those of `docs/failure-modes.md`.

use crate::support::app::MORNING;
use crate::support::checks::{self, eventually};
use crate::support::scripted_rail::ScriptedRail;
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::stalling_store::{FATES, Fate, StallingStore, stream_of};
use crate::support::{Answer, Buyer, Request, TestApp, TestStore, allowed, join_all, on_stage};
use openrun_core::{Event, StreamId};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Another program, with a stream of its own.
pub const OTHER: &str = "gangwon";
/// Longest time for what a stuck stream must not hold up. Who is held up waits for 30 s.
const AT_ONCE: Duration = Duration::from_secs(20);

/// A server on a store that can be stalled, with a round of each of two programs.
async fn two_programs() -> (Arc<StallingStore>, TestApp) {
    let (store, audited) = StallingStore::fresh().await;
    let app = two_programs_on(store.clone(), audited).await;
    (store, app)
}

/// The same on a store that is there.
pub async fn two_programs_on(store: Arc<StallingStore>, audited: TestStore) -> TestApp {
    let app = TestApp::start_with_port(store, audited, MORNING).await;
    app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
    let other = RoundForm::for_all(10_000_000).with("program_id", json!(OTHER));
    app.operator.define_open("r2", &other).await;
    app
}

pub async fn with_pass(app: &TestApp, person: &str, round: &str) -> Buyer {
    let mut buyer = app.buyer(person);
    let signed_up = buyer.sign_up().await;
    assert!(signed_up.status < 300, "{signed_up:?}");
    // A round that is being rebuilt says so, and is asked again.
    eventually::so("the round serves", async || app.buyer(person).join(round).await.status != 503)
        .await;
    buyer.get_pass(round).await;
    buyer
}

async fn interruption(app: &TestApp, round: &str) -> Value {
    let request = Request::new("GET", format!("/v1/rounds/{round}/watermark"));
    allowed(app.web.send(&request).await)["interruption"].clone()
}

async fn is_told(app: &TestApp, round: &str) {
    let told = async || interruption(app, round).await["cause"] == "store";
    eventually::so("people are told what holds the sale up", told).await;
}

async fn is_over(app: &TestApp, round: &str) {
    let over = async || interruption(app, round).await == Value::Null;
    eventually::so("the sale goes on by itself", over).await;
}

fn in_background(buyer: &Buyer, round: &'static str) -> tokio::task::JoinHandle<Answer> {
    let buyer = buyer.clone();
    tokio::spawn(async move { buyer.buy_until_answered(round, "key", 100_000).await })
}

/// F49, OR-10: the stream of one program is stuck, and another program sells as if nothing were.
#[test]
fn f49_a_stuck_stream_holds_up_its_own_program_and_nobody_else() {
    on_stage(async {
        let (store, app) = two_programs().await;
        let ann = with_pass(&app, "ann", "r1").await;
        let regular = with_pass(&app, "regular", "r2").await;
        assert_eq!(regular.buy("r2", "before", 100_000).await.status, 201);
        store.stall(&stream_of(CITYWIDE));
        let stuck = in_background(&ann, "r1");
        is_told(&app, "r1").await;
        let began = Instant::now();
        let others = (0..20).map(|person| {
            let mut buyer = app.buyer(&format!("other-{person}"));
            async move { buyer.buy_through("r2", "key", 100_000).await }
        });
        join_all(others).await;
        let mut regular = regular;
        regular.get_pass("r2").await;
        assert_eq!(regular.buy("r2", "again", 100_000).await.status, 201);
        assert!(began.elapsed() < AT_ONCE, "{:?} for 21 purchases elsewhere", began.elapsed());
        is_over(&app, "r2").await;
        let mut newcomer = app.buyer("newcomer");
        assert!(newcomer.join("r1").await.status < 300, "a place is given while the store is away");
        assert!(!stuck.is_finished(), "OR-3: nothing is answered that is not durable");
        store.release(&stream_of(CITYWIDE));
        assert_eq!(stuck.await.expect("no panic").status, 201);
        is_over(&app, "r1").await;
        checks::sold_is(&app, "r2", 2_200_000).await;
        checks::stop_clean(app, 2_300_000).await;
    });
}

/// OR-10 for operators: what waits for a stuck stream keeps nobody from their work elsewhere.
#[test]
fn f49_a_stuck_stream_keeps_no_operator_of_another_program_waiting() {
    on_stage(async {
        let (store, app) = two_programs().await;
        store.stall(&stream_of(CITYWIDE));
        let rules = tokio::spawn({
            let operator = app.operator.clone();
            let mut rules = citywide_rules();
            rules["effective_from"] = json!("2022-07-14T12:00:00+09:00");
            async move { operator.put_program(CITYWIDE, rules).await }
        });
        is_told(&app, "r1").await;
        let began = Instant::now();
        let third = RoundForm::for_all(10_000_000).with("program_id", json!(OTHER));
        app.operator.define_open("r3", &third).await;
        app.operator.pause("r2").await;
        app.operator.resume("r2").await;
        assert!(began.elapsed() < AT_ONCE, "{:?} for an operator elsewhere", began.elapsed());
        app.buyer("ann").buy_through("r3", "key", 100_000).await;
        assert!(!rules.is_finished(), "OR-3: nothing is answered that is not durable");
        store.release(&stream_of(CITYWIDE));
        assert!(rules.await.expect("no panic").status < 300);
        checks::stop_clean(app, 100_000).await;
    });
}

/// OR-10 when an actor dies elsewhere: it is rebuilt although another program's stream is stuck.
#[cfg(feature = "failpoints")]
#[test]
fn f39_a_round_that_dies_is_rebuilt_while_another_programs_stream_is_stuck() {
    use openrun_actors::failpoints::Victim;
    use openrun_core::{PersonKey, RoundId};
    on_stage(async {
        let (store, app) = two_programs().await;
        let ann = with_pass(&app, "ann", "r1").await;
        store.stall(&stream_of(CITYWIDE));
        let stuck = in_background(&ann, "r1");
        is_told(&app, "r1").await;
        for round in ["r1", "r2"] {
            let round = RoundId::new(round).expect("a slug");
            app.engine.panic_actor(Victim::Round, &round, PersonKey::of_subject("ann"));
        }
        let began = Instant::now();
        let is_back = async || app.operator.step("r2", "pause").await.status < 300;
        eventually::so("the round of the other program is there again", is_back).await;
        app.operator.resume("r2").await;
        let mut ben = app.buyer("ben");
        eventually::so("its line, too", async || ben.join("r2").await.status < 300).await;
        ben.buy_through("r2", "key", 100_000).await;
        assert!(began.elapsed() < AT_ONCE, "{:?} to be rebuilt", began.elapsed());
        store.release(&stream_of(CITYWIDE));
        assert_eq!(stuck.await.expect("no panic").status, 201);
        checks::stop_clean(app, 200_000).await;
    });
}

/// F49, OR-10: nobody can sign up for the moment, and whoever did buys on.
#[test]
fn f49_when_the_stream_of_people_is_stuck_selling_goes_on() {
    on_stage(async {
        let (store, app) = two_programs().await;
        let ann = with_pass(&app, "ann", "r1").await;
        store.stall(&StreamId::People);
        let ben = app.buyer("ben");
        let signing_up = tokio::spawn({
            let ben = ben.clone();
            async move { ben.sign_up().await }
        });
        assert_eq!(ann.buy("r1", "key", 100_000).await.status, 201);
        assert!(app.buyer("newcomer").join("r1").await.status < 300);
        let unknown = ben.get("/v1/people/me").await;
        assert_eq!(unknown.code(), "not-registered", "{unknown:?}");
        assert!(!signing_up.is_finished(), "OR-3: nothing is answered that is not durable");
        store.release(&StreamId::People);
        assert_eq!(signing_up.await.expect("no panic").status, 201);
        assert_eq!(app.buyer("ben").sign_up().await.status, 200, "once");
        checks::stop_clean(app, 100_000).await;
    });
}

/// F50: however the commit of a purchase fails, it ends once, and its key gets the truth.
#[test]
fn f50_a_purchase_whose_commit_fails_ends_once_and_truthfully() {
    on_stage(async {
        let (store, app) = two_programs().await;
        let mut sold = 0;
        for (number, fate) in FATES.into_iter().enumerate() {
            let ann = with_pass(&app, &format!("ann-{number}"), "r1").await;
            let mut bystander = with_pass(&app, &format!("ben-{number}"), "r1").await;
            store.doom(|event| matches!(event, Event::Issued { .. }), fate);
            let first = ann.buy("r1", "key", 100_000).await;
            assert_eq!((first.status, first.code().as_str()), (503, "unavailable"), "{fate:?}");
            assert!(first.header("retry-after").is_some(), "{first:?}");
            let bought = ann.buy_until_answered("r1", "key", 100_000).await;
            assert_eq!(bought.status, 201, "{fate:?}: {bought:?}");
            let was_written = fate == Fate::UnknownApplied;
            assert_eq!(bought.is_replay(), was_written, "{fate:?}: {bought:?}");
            assert_eq!(ann.purchases().await, [bought.json()], "{fate:?}");
            // Who is read anew once more meanwhile is told to ask again.
            let again = ann.buy_until_answered("r1", "key", 100_000).await;
            assert!(again.is_replay() && again.json() == bought.json(), "{fate:?}: {again:?}");
            // A place is nobody's loss either: it is claimed again with the ticket.
            bystander.await_turn("r1").await;
            let theirs = bystander.buy_until_answered("r1", "key", 100_000).await;
            assert_eq!(theirs.status, 201, "{fate:?}: {theirs:?}");
            sold += 200_000;
            checks::sold_is(&app, "r1", sold).await;
        }
        assert!(store.has_struck());
        checks::stop_clean(app, sold).await;
    });
}

/// A step of a payment with what picks its commit.
type Step = (&'static str, fn(&Event) -> bool);

const STEPS: [Step; 3] = [
    ("held", |event| matches!(event, Event::Held { .. })),
    ("sent", |event| matches!(event, Event::PaymentSent { .. })),
    ("issued", |event| matches!(event, Event::Issued { .. })),
];

/// F50, F1: the same for each step of a payment, with the rail's own ledger beside it.
#[test]
fn f50_a_payment_whose_steps_fail_to_be_written_ends_once_and_to_the_won() {
    on_stage(async {
        let rail = ScriptedRail::default();
        let (store, audited) = StallingStore::fresh().await;
        let app = TestApp::start_with_port_paying_by(store.clone(), audited, &rail).await;
        app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
        let mut sold = 0;
        for (step, picks) in STEPS {
            for fate in FATES {
                let person = format!("{step}-{fate:?}");
                let ann = with_pass(&app, &person, "r1").await;
                store.doom(picks, fate);
                let bought = ann.buy_until_answered("r1", "key", 100_000).await;
                let end = eventually::some("the end of a payment", async || {
                    let answer = ann.buy("r1", "key", 100_000).await;
                    [201, 402].contains(&answer.status).then_some(answer)
                })
                .await;
                // The rail never hears of a payment whose sending was not written, and a payment
                // that was perhaps sent is barred before it is given up.
                let may_be_void = step == "sent" && fate == Fate::UnknownApplied;
                assert!(end.status == 201 || may_be_void, "{person}: {bought:?} then {end:?}");
                sold += if end.status == 201 { 100_000 } else { 0 };
                checks::sold_is(&app, "r1", sold).await;
                assert_eq!(rail.net_won(), sold * 93 / 100, "OR-7 after {person}");
                assert_eq!(rail.most_authorisations_of_one(), 1, "{person}");
            }
        }
        assert!(store.has_struck());
        assert_eq!(checks::money(&app, "r1").await.1, 0, "nothing is held any more");
        checks::stop_clean(app, sold).await;
    });
}

/// F39, F50: whoever dies while a payment is under way is read anew and waits for its end. If that
/// cannot be said to be written, nobody is told of it, and the store is asked once more.
#[cfg(feature = "failpoints")]
#[test]
fn f50_who_is_read_anew_while_a_payment_is_under_way_learns_of_its_end() {
    use crate::support::scripted_rail::Play;
    use openrun_actors::failpoints::Victim;
    use openrun_core::{PersonKey, RoundId};
    on_stage(async {
        let rail = ScriptedRail::default();
        let (store, audited) = StallingStore::fresh().await;
        let app = TestApp::start_with_port_paying_by(store.clone(), audited, &rail).await;
        app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
        let ann = with_pass(&app, "ann", "r1").await;
        rail.plays([Play::Hang]);
        let paying = ann.buy_until_answered("r1", "key", 100_000).await;
        assert_eq!(paying.status, 202, "{paying:?}");
        let round = RoundId::new("r1").expect("a slug");
        app.engine.panic_actor(Victim::Person, &round, PersonKey::of_subject("ann"));
        // Reads her anew, and asks nothing of the round.
        let used = ann.buy_until_answered("r1", "another", 100_000).await;
        assert_eq!(used.code(), "pass-used", "{used:?}");
        store.doom(|event| matches!(event, Event::Issued { .. }), Fate::UnknownApplied);
        rail.go_on();
        eventually::so("the end is in doubt", async || store.has_struck()).await;
        let mut end = paying;
        // Who asked before the doubt was heard of is told once more that it is under way.
        for _ in 0..3 {
            end = ann.buy_until_answered("r1", "key", 100_000).await;
            if end.status != 202 {
                break;
            }
        }
        assert_eq!((end.status, end.is_replay()), (201, true), "{end:?}");
        assert_eq!((rail.net_won(), rail.most_authorisations_of_one()), (93_000, 1));
        checks::stop_clean(app, 100_000).await;
    });
}

/// A sign-up in doubt is neither yes nor no until the store was asked.
#[test]
fn f50_a_doubtful_sign_up_is_answered_by_what_the_store_holds() {
    on_stage(async {
        let (store, app) = two_programs().await;
        for (number, fate) in FATES.into_iter().enumerate() {
            let mut ann = app.buyer(&format!("ann-{number}"));
            store.doom(|event| matches!(event, Event::SignedUp { .. }), fate);
            let first = ann.sign_up().await;
            assert_eq!((first.status, first.code().as_str()), (503, "unavailable"), "{fate:?}");
            let signed_up = eventually::some("an answer", async || {
                let answer = ann.sign_up().await;
                (answer.status != 503).then_some(answer)
            })
            .await;
            let was_written = fate == Fate::UnknownApplied;
            assert_eq!(signed_up.status, if was_written { 200 } else { 201 }, "{fate:?}");
            ann.get_pass("r1").await;
            assert_eq!(ann.buy("r1", "key", 100_000).await.status, 201, "{fate:?}");
        }
        checks::stop_clean(app, 400_000).await;
    });
}

/// F49: reads that hang hold up those who need them and nobody else.
#[test]
fn f49_reads_that_hang_hold_up_neither_waiting_nor_selling() {
    on_stage(async {
        let (store, app) = two_programs().await;
        let mut ann = with_pass(&app, "ann", "r1").await;
        store.stall_reads(true);
        let bought = ann.buy("r1", "key", 100_000).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        let list = tokio::spawn({
            let ann = ann.clone();
            async move { ann.purchases().await }
        });
        is_over(&app, "r1").await;
        ann.get_pass("r1").await;
        assert_eq!(ann.buy("r1", "again", 100_000).await.status, 201);
        let mut ben = app.buyer("ben");
        ben.buy_through("r1", "key", 100_000).await;
        assert!(!list.is_finished(), "it was to be read");
        store.stall_reads(false);
        assert_eq!(list.await.expect("no panic").len(), 2);
        checks::stop_clean(app, 300_000).await;
    });
}

/// F40: more waits for a stuck store than may. All that waits is told that it failed, everything is
/// read anew, and the sale goes on with every place that was given.
#[cfg(feature = "failpoints")]
#[test]
fn f40_a_committer_over_its_bound_fails_what_waits_and_recovers() {
    use openrun_actors::failpoints::QUEUE_EVENTS_MAX;
    use std::sync::atomic::Ordering;
    crate::support::alone(async {
        let (store, app) = two_programs().await;
        let ann = with_pass(&app, "ann", "r1").await;
        store.stall(&stream_of(CITYWIDE));
        let stuck = in_background(&ann, "r1");
        is_told(&app, "r1").await;
        QUEUE_EVENTS_MAX.store(50, Ordering::SeqCst);
        let before = failures(&app).await;
        let joins = (0..200).map(|person| {
            let mut buyer = app.buyer(&format!("person-{person}"));
            async move {
                let joined = buyer.join("r1").await;
                (buyer, joined)
            }
        });
        let joined = join_all(joins).await;
        let is_over = async || failures(&app).await > before;
        eventually::so("the bound is hit", is_over).await;
        QUEUE_EVENTS_MAX.store(0, Ordering::SeqCst);
        store.release(&stream_of(CITYWIDE));
        let bought = stuck.await.expect("no panic");
        assert_eq!(bought.status, 201, "{bought:?}");
        assert_eq!(ann.purchases().await, [bought.json()]);
        let (mut given, mut later) = (0, 0);
        for (buyer, joined) in joined {
            if joined.status >= 300 {
                assert_eq!(joined.status, 503, "{joined:?}");
                later += 1;
                continue;
            }
            given += 1;
            let place = allowed(buyer.where_am_i("r1").await);
            assert_eq!(place["number"], joined.json()["number"], "OR-6");
        }
        assert!(given > 0, "{later} came too late");
        let mut last = app.buyer("last");
        last.buy_through("r1", "key", 100_000).await;
        self::is_over(&app, "r1").await;
        checks::stop_clean(app, 200_000).await;
    });
}

/// How many batches were not plainly written.
#[cfg(feature = "failpoints")]
async fn failures(app: &TestApp) -> f64 {
    checks::metric(&app.operator.metrics().await, "openrun_commit_failures_total")
}
