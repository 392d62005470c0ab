//! Vouchers on a store that is stuck or in doubt, and with actors that die: each move ends once and
//! truthfully, and neither of a program's two streams holds up the other.

use crate::support::app::MORNING;
use crate::support::checks::{self, allowed, eventually, expect};
use crate::support::scripted_rail::ScriptedRail;
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::stalling_store::{FATES, Fate, StallingStore, stream_of};
use crate::support::{TestApp, join_all, on_stage};
use openrun_actors::{CancelRequest, Engine, GiftRequest, Moved, Refused, SpendRequest};
use openrun_core::voucher::{Gift, MerchantFacts, PaybackAnswer, Spend, VoucherState};
use openrun_core::{
    Event, IdempotencyKey, MerchantId, MoveId, PersonKey, ProgramId, PurchaseId, Refusal, StreamId,
    Voucher, VoucherId, Won,
};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A second program of the same town.
const OTHER: &str = "seoul-other";
/// Longest time for what a stuck stream must not hold up. Who is held up waits for 30 s.
const AT_ONCE: Duration = Duration::from_secs(20);

fn stream_of_vouchers() -> StreamId {
    vouchers_of(CITYWIDE)
}

fn vouchers_of(program: &str) -> StreamId {
    StreamId::Vouchers(ProgramId::new(program).expect("a slug"))
}

pub async fn one_round() -> (Arc<StallingStore>, TestApp) {
    let (store, audited) = StallingStore::fresh().await;
    let app = TestApp::start_with_port(store.clone(), audited, MORNING).await;
    app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
    (store, app)
}

pub fn key(person: &str) -> PersonKey {
    PersonKey::of_subject(person)
}

fn attempt(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).expect("visible ASCII")
}

fn fresh_id() -> MoveId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // As those of the edge: later ones are larger.
    MoveId(u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) | 7 << 100)
}

/// A voucher of somebody new. Right after a doubt they may be told to ask again.
pub async fn buy(app: &TestApp, person: &str, amount: i64) -> VoucherId {
    let (mut buyer, name) = (app.buyer(person), format!("buy-{amount}"));
    allowed(buyer.sign_up().await);
    buyer.get_pass("r1").await;
    eventually::some("the payment ends", async || {
        let answer = buyer.buy_until_answered("r1", &name, amount).await;
        Some(answer).filter(|it| it.status == 201)
    })
    .await;
    let vouchers = app.engine.vouchers_of(key(person)).await.expect("it can be asked");
    vouchers.first().expect("it was bought").id
}

pub async fn spend(
    engine: &Engine,
    person: &str,
    voucher: VoucherId,
    (amount, name): (i64, &str),
) -> Result<Moved<Spend>, Refused> {
    let id = MerchantId::new("tea-house").expect("a slug");
    let merchant = MerchantFacts { id, region: "seoul".to_owned(), programs: Vec::new() };
    let request = SpendRequest {
        id: fresh_id(),
        person: key(person),
        voucher,
        merchant: Some(merchant),
        amount: Won(amount),
        key: attempt(name),
        digest: [1; 32],
    };
    engine.spend(request).await
}

async fn cancel(
    engine: &Engine,
    person: &str,
    voucher: VoucherId,
) -> Result<Moved<PaybackAnswer>, Refused> {
    let (id, purchase) = (fresh_id(), PurchaseId(voucher.0));
    let (person, key) = (key(person), attempt("cancel"));
    engine.cancel(CancelRequest { id, person, purchase, key, digest: [2; 32] }).await
}

async fn give(
    engine: &Engine,
    (from, to): (&str, &str),
    voucher: VoucherId,
    (amount, name): (i64, &str),
) -> Result<Moved<Gift>, Refused> {
    let request = GiftRequest {
        id: fresh_id(),
        person: key(from),
        voucher,
        to: key(to),
        amount: Won(amount),
        key: attempt(name),
        digest: [3; 32],
    };
    engine.gift(request).await
}

/// Asks again until there is an answer that is one.
pub async fn until_answered<T>(
    ask: impl AsyncFn() -> Result<Moved<T>, Refused>,
) -> Result<Moved<T>, Refused> {
    eventually::some("an answer", async || match ask().await {
        Err(Refused { refusal: Refusal::Unavailable | Refusal::Overloaded, .. }) => None,
        other => Some(other),
    })
    .await
}

async fn vouchers(app: &TestApp, person: &str) -> Vec<Voucher> {
    eventually::some("what a person has", async || app.engine.vouchers_of(key(person)).await.ok())
        .await
}

async fn balance(app: &TestApp, person: &str) -> i64 {
    vouchers(app, person).await.iter().map(|voucher| voucher.balance.0).sum()
}

/// OR-10: spending goes on while the sale of the same program is stuck, a purchase of the same
/// person among it.
#[test]
fn f49_a_stuck_sale_holds_up_no_spending() {
    on_stage(async {
        let (store, app) = one_round().await;
        let voucher = buy(&app, "ann", 200_000).await;
        let mut ann = app.buyer("ann");
        ann.get_pass("r1").await;
        store.stall(&stream_of(CITYWIDE));
        let buying = tokio::spawn({
            let ann = ann.clone();
            async move { ann.buy_until_answered("r1", "stuck", 100_000).await }
        });
        let began = Instant::now();
        for time in 0..20 {
            let name = format!("spend-{time}");
            let spent = spend(&app.engine, "ann", voucher, (1_000, &name)).await;
            assert!(spent.is_ok(), "{spent:?}");
        }
        assert!(began.elapsed() < AT_ONCE, "{:?} for 20 spends", began.elapsed());
        assert!(!buying.is_finished(), "OR-3: nothing is answered that is not durable");
        store.release(&stream_of(CITYWIDE));
        assert_eq!(buying.await.expect("no panic").status, 201);
        assert_eq!(balance(&app, "ann").await, 280_000);
        checks::stop_clean(app, 300_000).await;
    });
}

/// The other way round, and what is not durable is neither answered nor shown nor bought with.
#[test]
fn f49_stuck_spending_holds_up_no_sale() {
    on_stage(async {
        let (store, app) = one_round().await;
        let voucher = buy(&app, "ann", 400_000).await;
        store.stall(&stream_of_vouchers());
        let spending = tokio::spawn({
            let engine = app.engine.clone();
            async move { spend(&engine, "ann", voucher, (400_000, "stuck")).await }
        });
        let began = Instant::now();
        app.buyer("ben").buy_through("r1", "key", 100_000).await;
        assert!(began.elapsed() < AT_ONCE, "{:?} for a purchase", began.elapsed());
        assert!(!spending.is_finished(), "OR-3: nothing is answered that is not durable");
        let limits = app.buyer("ann").limits(CITYWIDE).await;
        assert_eq!(limits["holding_won"], 400_000, "it may still come to nothing: {limits}");
        store.release(&stream_of_vouchers());
        assert!(spending.await.expect("no panic").is_ok());
        assert_eq!(balance(&app, "ann").await, 0);
        checks::stop_clean(app, 500_000).await;
    });
}

/// F50: however the commit of a spend fails, it ends once, and its key gets the truth.
#[test]
fn f50_a_spend_whose_commit_fails_ends_once_and_truthfully() {
    on_stage(async {
        let (store, app) = one_round().await;
        for (number, fate) in FATES.into_iter().enumerate() {
            let person = format!("ann-{number}");
            let voucher = buy(&app, &person, 100_000).await;
            store.doom(|event| matches!(event, Event::Spent { .. }), fate);
            let ask = async || spend(&app.engine, &person, voucher, (60_000, "once")).await;
            let first = ask().await.expect_err("nobody can say");
            assert_eq!(first.refusal, Refusal::Unavailable, "{fate:?}");
            let spent = until_answered(&ask).await.expect("there is enough");
            assert_eq!(spent.is_replay, fate == Fate::UnknownApplied, "{fate:?}");
            assert_eq!(spent.answer.balance_after, Won(40_000), "{fate:?}");
            let again = ask().await.expect("it is remembered");
            assert!(again.is_replay && again.answer == spent.answer, "{fate:?}: {again:?}");
            assert_eq!(balance(&app, &person).await, 40_000, "{fate:?}");
        }
        assert!(store.has_struck());
        checks::stop_clean(app, 400_000).await;
    });
}

/// F50: a gift in doubt is with one of the two, and both learn with whom.
#[test]
fn f50_a_gift_whose_commit_fails_is_with_one_of_the_two() {
    on_stage(async {
        let (store, app) = one_round().await;
        for (number, fate) in FATES.into_iter().enumerate() {
            let (from, to) = (format!("ann-{number}"), format!("ben-{number}"));
            let voucher = buy(&app, &from, 400_000).await;
            buy(&app, &to, 400_000).await;
            store.doom(|event| matches!(event, Event::Gifted { .. }), fate);
            let pair = (from.as_str(), to.as_str());
            let ask = async || give(&app.engine, pair, voucher, (300_000, "once")).await;
            let first = ask().await.expect_err("nobody can say");
            assert_eq!(first.refusal, Refusal::Unavailable, "{fate:?}");
            let given = until_answered(&ask).await.expect("there is room");
            assert_eq!(given.is_replay, fate == Fate::UnknownApplied, "{fate:?}");
            let both = (balance(&app, &from).await, balance(&app, &to).await);
            assert_eq!(both, (100_000, 700_000), "{fate:?}");
            // The room of the receiver is what is left, whatever was in doubt.
            let ask = async || give(&app.engine, pair, voucher, (100_000, "more")).await;
            let more = until_answered(&ask).await;
            assert!(more.is_ok(), "{fate:?}: {more:?}");
            let limits = app.buyer(&to).limits(CITYWIDE).await;
            assert_eq!(limits["room_won"], 200_000, "{fate:?}: {limits}");
        }
        assert!(store.has_struck());
        checks::stop_clean(app, 3_200_000).await;
    });
}

/// A round of another program of the same town beside it.
async fn two_programs() -> (Arc<StallingStore>, TestApp) {
    let (store, app) = one_round().await;
    let form = RoundForm::for_all(100_000_000).with("program_id", json!(OTHER));
    app.operator.define_open("r2", &form).await;
    (store, app)
}

/// What somebody has of the other program.
async fn of_other(app: &TestApp, person: &str) -> Voucher {
    let all = vouchers(app, person).await.into_iter();
    all.filter(|voucher| voucher.program.as_str() == OTHER).last().expect("it was bought")
}

/// What is refused is remembered up to a bound, and locks nobody out of their wallet.
#[test]
fn whoever_is_refused_thousands_of_times_can_still_pay() {
    on_stage(async {
        let (_store, app) = one_round().await;
        let voucher = buy(&app, "ann", 100_000).await;
        let attempt = |number: usize| {
            let engine = app.engine.clone();
            let name = format!("too-much-{number}");
            async move { spend(&engine, "ann", voucher, (100_001, &name)).await }
        };
        let too_little = Refusal::InsufficientBalance { balance_won: Won(100_000) };
        for turn in 0..10 {
            for refused in join_all((turn * 200..turn * 200 + 200).map(attempt)).await {
                assert_eq!(refused.expect_err("there is not enough").refusal, too_little);
            }
        }
        let over = attempt(2_000).await.expect_err("there is not enough");
        assert_eq!(over.refusal, Refusal::Overloaded, "nothing is said that is not kept");
        let again = attempt(0).await.expect_err("it is remembered");
        assert_eq!((again.refusal, again.is_replay), (too_little, true));
        let spent = spend(&app.engine, "ann", voucher, (100_000, "all-of-it")).await;
        assert!(spent.is_ok(), "{spent:?}");
        checks::stop_clean(app, 100_000).await;
    });
}

/// Long enough for what was asked to be under way.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(500)).await;
}

/// What is shown is durable, also when something is decided while it is waited for: a move of one
/// program that begins while another's is waited for.
#[test]
fn nothing_is_shown_that_is_not_durable() {
    on_stage(async {
        let (store, app) = two_programs().await;
        let first = buy(&app, "ann", 100_000).await;
        app.buyer("ann").buy_through("r2", "elsewhere", 100_000).await;
        let second = of_other(&app, "ann").await.id;
        let spending = |voucher, name| {
            let engine = app.engine.clone();
            tokio::spawn(async move { spend(&engine, "ann", voucher, (1_000, name)).await })
        };
        // In this order the two streams are waited for.
        for (voucher, name) in [(first, "one"), (second, "two")] {
            spending(voucher, name).await.expect("no panic").expect("it is paid");
        }
        let (of_first, of_second) = (stream_of_vouchers(), vouchers_of(OTHER));
        store.stall(&of_second);
        let under_way = spending(second, "three");
        a_moment().await;
        let engine = app.engine.clone();
        let looking = tokio::spawn(async move { engine.vouchers_of(key("ann")).await });
        a_moment().await;
        store.stall(&of_first);
        let late = spending(first, "four");
        a_moment().await;
        store.release(&of_second);
        let shown = looking.await.expect("no panic").expect("it can be told");
        let left = |id| shown.iter().find(|it| it.id == id).map(|it| it.balance);
        assert_eq!(left(second), Some(Won(98_000)), "it was waited for");
        assert_eq!(left(first), Some(Won(99_000)), "what is not durable is not shown");
        store.release(&of_first);
        for spent in [under_way, late] {
            assert!(spent.await.expect("no panic").is_ok());
        }
        checks::stop_clean(app, 200_000).await;
    });
}

/// F50: a gift whose commit nobody can speak of arrives after its receiver was read anew. As long
/// as it may, nothing is bought on what was read; vouchers of other programs can be spent.
#[test]
fn f50_a_gift_that_arrives_late_and_a_purchase_stay_within_the_holding_limit() {
    on_stage(async {
        let (store, app) = two_programs().await;
        let mut rules = citywide_rules();
        rules["holding_limit_won"] = json!(500_000);
        allowed(app.operator.put_program(CITYWIDE, rules).await);
        let given = buy(&app, "ben", 300_000).await;
        buy(&app, "ann", 300_000).await;
        app.buyer("ann").buy_through("r2", "elsewhere", 100_000).await;
        let elsewhere = of_other(&app, "ann").await.id;
        let mut ann = app.buyer("ann");
        ann.get_pass("r1").await;
        store.doom(|event| matches!(event, Event::Gifted { .. }), Fate::Late);
        let ask = async || give(&app.engine, ("ben", "ann"), given, (200_000, "late")).await;
        assert_eq!(ask().await.expect_err("nobody can say").refusal, Refusal::Unavailable);
        // Until that was heard of, the room was set aside.
        let mut tries = 0;
        eventually::so("she is read anew", async || {
            // The limit's refusal is remembered: each try is one of its own.
            tries += 1;
            let bought = ann.buy("r1", &format!("first-{tries}"), 100_000).await;
            assert!(bought.status != 201, "{bought:?}");
            bought.status == 503
        })
        .await;
        for time in 0..5 {
            let bought = ann.buy("r1", "second", 100_000).await;
            assert_eq!((bought.status, bought.code().as_str()), (503, "unavailable"), "{bought:?}");
            let gift = give(&app.engine, ("ben", "ann"), given, (10_000, "another")).await;
            assert_eq!(gift.expect_err("nobody can say").refusal, Refusal::Unavailable);
            let name = format!("spend-{time}");
            let spent = spend(&app.engine, "ann", elsewhere, (1_000, &name)).await;
            assert!(spent.is_ok(), "another program: {spent:?}");
        }
        store.land();
        let bought = ann.buy_until_answered("r1", "second", 100_000).await;
        expect(&bought, 409, "holding-limit-exceeded", &json!({"room_won": 0}));
        assert!(until_answered(&ask).await.expect("it was written").is_replay);
        assert!(store.has_struck());
        checks::stop_clean(app, 700_000).await;
    });
}

/// A doubt about the vouchers of one program is nothing to people who have none of it: they go on
/// from memory, also while nobody can be read.
#[test]
fn a_doubt_of_one_program_has_nobody_else_read_anew() {
    on_stage(async {
        let (store, app) = two_programs().await;
        let doubtful = buy(&app, "ann", 100_000).await;
        app.buyer("ben").buy_through("r2", "key", 100_000).await;
        let safe = of_other(&app, "ben").await.id;
        store.doom(|event| matches!(event, Event::Spent { .. }), Fate::NotWritten);
        let ask = async || spend(&app.engine, "ann", doubtful, (1_000, "once")).await;
        assert_eq!(ask().await.expect_err("it failed").refusal, Refusal::Unavailable);
        until_answered(&ask).await.expect("it is written now");
        store.stall_reads(true);
        let spending = spend(&app.engine, "ben", safe, (1_000, "at-once"));
        let spent = tokio::time::timeout(AT_ONCE, spending).await.expect("no read is waited for");
        assert!(spent.is_ok(), "{spent:?}");
        store.stall_reads(false);
        checks::stop_clean(app, 200_000).await;
    });
}

/// A step of a payback with what picks its commit.
type Step = (&'static str, fn(&Event) -> bool);

const STEPS: [Step; 2] = [
    ("sent", |event| matches!(event, Event::PaybackSent { .. })),
    ("paid", |event| matches!(event, Event::PaidBack { .. })),
];

/// F50: the same for each step of a payback, with the rail's own ledger beside it.
#[test]
fn f50_a_payback_whose_steps_fail_to_be_written_goes_back_once_and_to_the_won() {
    on_stage(async {
        let rail = ScriptedRail::default();
        let (store, audited) = StallingStore::fresh().await;
        let app = TestApp::start_with_port_paying_by(store.clone(), audited, &rail).await;
        app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
        let mut sold = 0;
        for (step, picks) in STEPS {
            for fate in FATES {
                let person = format!("{step}-{fate:?}");
                let voucher = buy(&app, &person, 100_000).await;
                sold += 100_000;
                store.doom(picks, fate);
                let done = eventually::some("the money is back", async || {
                    match cancel(&app.engine, &person, voucher).await {
                        Ok(moved) => moved.answer.is_done.then_some(moved.answer),
                        Err(Refused { refusal: Refusal::Unavailable, .. }) => None,
                        Err(other) => panic!("{person}: {other:?}"),
                    }
                })
                .await;
                assert_eq!(done.payback.price, Won(93_000), "{person}");
                assert_eq!(rail.net_won(), 0, "OR-7 after {person}");
                let state = vouchers(&app, &person).await[0].state;
                assert_eq!(state, VoucherState::Cancelled, "{person}");
            }
        }
        assert!(store.has_struck());
        checks::stop_clean(app, sold).await;
    });
}

/// F39: people, the committer and whoever calls the rail die while gifts go round in a ring.
#[cfg(feature = "failpoints")]
#[test]
fn f39_gifts_go_round_while_actors_die() {
    use openrun_actors::failpoints::Victim;
    use openrun_core::RoundId;
    const RING: [&str; 4] = ["ann", "ben", "cho", "dan"];
    on_stage(async {
        let (_store, app) = one_round().await;
        let mut own = Vec::new();
        for person in RING {
            own.push(buy(&app, person, 400_000).await);
        }
        let giving = RING.iter().enumerate().map(|(index, from)| {
            let (engine, voucher) = (app.engine.clone(), own[index]);
            let to = RING[(index + 1) % RING.len()];
            tokio::spawn(async move {
                for time in 0..20 {
                    let name = format!("gift-{time}");
                    while let Err(refused) =
                        give(&engine, (from, to), voucher, (10_000, &name)).await
                    {
                        let is_for_now =
                            matches!(refused.refusal, Refusal::Unavailable | Refusal::Overloaded);
                        assert!(is_for_now, "there is room for all: {refused:?}");
                        eventually::pause().await;
                    }
                }
            })
        });
        let giving: Vec<_> = giving.collect();
        let round = RoundId::new("r1").expect("a slug");
        let mut deaths = 0;
        while giving.iter().any(|one| !one.is_finished()) {
            let victim = [Victim::Person, Victim::Committer, Victim::Person][deaths % 3];
            app.engine.panic_actor(victim, &round, key(RING[deaths % RING.len()]));
            deaths += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for one in giving {
            one.await.expect("no panic");
        }
        assert!(deaths > 0);
        for (person, voucher) in RING.iter().zip(&own) {
            assert_eq!(balance(&app, person).await, 400_000, "as much came as went");
            let (of, history) =
                app.engine.voucher(key(person), *voucher).await.expect("it is there");
            assert_eq!((of.given, history.len()), (Won(200_000), 21), "each gift once");
        }
        checks::stop_clean(app, 1_600_000).await;
    });
}
