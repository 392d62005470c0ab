//! What one program, or one kind of request, can take from the others when its own store hangs: the
//! permits of its own stream, and nothing else. Whoever finds none is told so at once.
//!
//! The bounds are thousands; here they are a few, and without them (the last run of each) everybody
//! waits: that is how the test would see that they are gone.

use crate::store::{OTHER, two_programs_on, with_pass};
use crate::support::staff::CITYWIDE;
use crate::support::stalling_store::{StallingStore, stream_of};
use crate::support::vouchers::BAKERY;
use crate::support::{Answer, Buyer, Request, TestApp, Web, allowed, alone, checks};
use crate::support::{eventually, expect, join_all};
use openrun_actors::failpoints::{CROWDED_EVENTS_MAX, STREAM_CALLERS_MAX};
use openrun_core::{ProgramId, StreamId};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Callers who may wait for a stream in these tests, and how many come.
const FEW: usize = 8;
const MANY: usize = 20;
/// As many as nobody brings: the guard is off.
/// For what is not answered while a store hangs.
const A_MOMENT: Duration = Duration::from_millis(300);
const NO_BOUND: usize = 1_000_000;

/// A bound that is another one until this goes, also when the test fails.
struct Bound(&'static AtomicUsize);

impl Bound {
    /// To be set before the server starts, by a test that is [`alone`].
    fn of(switch: &'static AtomicUsize, most: usize) -> Bound {
        switch.store(most, Ordering::SeqCst);
        Bound(switch)
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

async fn start() -> (Arc<StallingStore>, TestApp) {
    let (store, audited) = StallingStore::fresh().await;
    let app = two_programs_on(store.clone(), audited).await;
    (store, app)
}

/// Sends requests all of which may wait.
fn sent(web: &Web, requests: Vec<Request>) -> Waiting {
    let send = |request: Request| {
        let web = web.clone();
        tokio::spawn(async move { web.send(&request).await })
    };
    Waiting(requests.into_iter().map(send).collect())
}

struct Waiting(Vec<JoinHandle<Answer>>);

impl Waiting {
    /// Waits until so many have come back, takes them out, and sees that no more do.
    async fn refused(&mut self, count: usize) -> Vec<Answer> {
        let back = |all: &Vec<JoinHandle<Answer>>| all.iter().filter(|it| it.is_finished()).count();
        eventually::so("those for whom there is no room come back", async || {
            back(&self.0) >= count
        })
        .await;
        for _ in 0..5 {
            eventually::pause().await;
        }
        let (came, waits): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(JoinHandle::is_finished);
        self.0 = waits;
        let came =
            join_all(came.into_iter().map(|it| async move { it.await.expect("no panic") })).await;
        assert_eq!(came.len(), count, "{came:?}");
        came
    }

    async fn answered(self) -> Vec<Answer> {
        join_all(self.0.into_iter().map(|it| async move { it.await.expect("no panic") })).await
    }
}

fn is_overloaded(answer: &Answer) {
    expect(answer, 503, "overloaded", &json!({}));
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    // Whoever comes again needs no new connection: that would cost more than the request.
    assert_eq!(answer.header("connection"), None, "{answer:?}");
}

async fn buyers(app: &TestApp, round: &str, count: usize) -> Vec<Buyer> {
    let mut all = Vec::new();
    for number in 0..count {
        let mut buyer = app.buyer(&format!("{round}-{number}"));
        // One after the other: sign-up has the same bound here.
        allowed(buyer.sign_up().await);
        buyer.get_pass(round).await;
        all.push(buyer);
    }
    all
}

/// A purchase without anything that a purchase needs: what it is refused with says how far it came.
async fn hollow(app: &TestApp, round: &str) -> Answer {
    let request = Request::new("POST", format!("/v1/rounds/{round}/purchases"));
    app.web.send(&request).await
}

async fn refused_of(app: &TestApp, stream: &str) -> f64 {
    let name = format!("openrun_stream_callers_refused_total{{stream=\"{stream}\"");
    checks::metric(&app.operator.metrics().await, &name)
}

/// The key of a purchase has its answer, and asks the store for nothing.
async fn is_told_again(holder: &Buyer, voucher: &str) {
    let again = holder.buy_until_answered("r1", "key", 100_000).await;
    assert!(again.status == 201 && again.is_replay(), "{again:?}");
    assert_eq!(again.json()["voucher_id"], voucher);
}

async fn buying(bound: usize) -> usize {
    let _bound = Bound::of(&STREAM_CALLERS_MAX, bound);
    let (store, app) = start().await;
    let crowd = buyers(&app, "r1", MANY).await;
    let mut holder = app.buyer("holder");
    let voucher = holder.get_voucher("r1", "key", 100_000).await;
    let mut neighbour = with_pass(&app, "neighbour", "r2").await;
    let before = refused_of(&app, CITYWIDE).await;
    let before_there = refused_of(&app, OTHER).await;
    store.stall(&stream_of(CITYWIDE));
    let requests = crowd.iter().map(|buyer| buyer.buy_request("r1", "key", 100_000)).collect();
    let mut waiting = sent(&app.web, requests);
    let refused = waiting.refused(MANY.saturating_sub(bound)).await;
    refused.iter().for_each(is_overloaded);
    if bound == FEW {
        // Before the token, the body or the key are looked at, and only here.
        is_overloaded(&hollow(&app, "r1").await);
        expect(&hollow(&app, "r2").await, 401, "unauthenticated", &json!({}));
        // Nobody knows yet that this one was answered before.
        is_overloaded(&holder.buy("r1", "key", 100_000).await);
        assert_eq!(refused_of(&app, CITYWIDE).await - before, 14.0);
        assert_eq!(refused_of(&app, OTHER).await, before_there);
    } else {
        is_told_again(&holder, &voucher).await;
    }
    // Another program, spending what this one sold, and those who join it notice nothing.
    assert_eq!(neighbour.buy("r2", "key", 100_000).await.status, 201);
    assert_eq!(holder.spend(&voucher, "bread", 10_000).await.status, 201);
    assert!(app.buyer("newcomer").join("r1").await.status < 300);
    neighbour.get_pass("r2").await;
    app.operator.pause("r2").await;
    app.operator.resume("r2").await;
    store.release(&stream_of(CITYWIDE));
    let answered = waiting.answered().await;
    assert!(answered.iter().all(|answer| answer.status == 201), "{answered:?}");
    // Who was refused lost nothing: a key that was answered has its answer, and the others buy.
    is_told_again(&holder, &voucher).await;
    for buyer in &crowd {
        assert_eq!(buyer.buy_until_answered("r1", "key", 100_000).await.status, 201);
    }
    checks::sold_is(&app, "r1", 2_100_000).await;
    checks::stop_clean(app, 2_200_000).await;
    answered.len()
}

/// F42, S29, OR-10.
#[test]
fn a_program_whose_store_hangs_takes_its_own_permits_and_nobody_elses() {
    alone(async {
        assert_eq!(buying(FEW).await, FEW);
        assert_eq!(buying(NO_BOUND).await, MANY, "without the bound everybody waits");
    });
}

/// The other way round: what people do with vouchers has permits of its own.
#[test]
fn spending_that_hangs_takes_its_own_permits_and_the_sale_goes_on() {
    alone(async {
        let _bound = Bound::of(&STREAM_CALLERS_MAX, FEW);
        let (store, app) = start().await;
        let stream = StreamId::Vouchers(ProgramId::new(CITYWIDE).expect("a slug"));
        let mut holder = app.buyer("holder");
        let voucher = holder.get_voucher("r1", "key", 100_000).await;
        let mut other = app.buyer("other");
        let others = other.get_voucher("r2", "key", 100_000).await;
        store.stall(&stream);
        let spend = |number: usize| {
            holder.spend_request(&voucher, &format!("bread-{number}"), BAKERY, 1_000)
        };
        let mut waiting = sent(&app.web, (0..MANY).map(spend).collect());
        let refused = waiting.refused(MANY - FEW).await;
        refused.iter().for_each(is_overloaded);
        let given = holder.give(&voucher, "gift", "other", 10_000).await;
        is_overloaded(&given);
        assert_eq!(other.spend(&others, "bread", 10_000).await.status, 201);
        app.buyer("newcomer").buy_through("r1", "key", 100_000).await;
        store.release(&stream);
        let answered = waiting.answered().await;
        assert!(answered.iter().all(|answer| answer.status == 201), "{answered:?}");
        for number in 0..MANY {
            assert_eq!(app.web.send(&spend(number)).await.status, 201);
        }
        assert_eq!(holder.voucher(&voucher).await["balance_won"], 80_000);
        checks::stop_clean(app, 300_000).await;
    });
}

/// Sign-up has a path of its own: when it hangs, it is refused at once, and selling goes on.
#[test]
fn sign_up_that_hangs_takes_its_own_permits_and_the_sale_goes_on() {
    alone(async {
        let _bound = Bound::of(&STREAM_CALLERS_MAX, FEW);
        let (store, app) = start().await;
        let ann = with_pass(&app, "ann", "r1").await;
        store.stall(&StreamId::People);
        let newcomers: Vec<Buyer> =
            (0..MANY).map(|number| app.buyer(&format!("newcomer-{number}"))).collect();
        let requests = newcomers.iter().map(|it| it.sign_up_request("110-000-000000"));
        let mut waiting = sent(&app.web, requests.collect());
        let refused = waiting.refused(MANY - FEW).await;
        refused.iter().for_each(is_overloaded);
        is_overloaded(&app.web.send(&Request::new("POST", "/v1/people")).await);
        assert_eq!(ann.buy("r1", "key", 100_000).await.status, 201);
        store.release(&StreamId::People);
        let answered = waiting.answered().await;
        assert!(answered.iter().all(|answer| answer.status == 201), "{answered:?}");
        for newcomer in &newcomers {
            assert!(newcomer.sign_up().await.status < 300);
        }
        checks::stop_clean(app, 100_000).await;
    });
}

async fn joining(bound: usize) -> usize {
    let _bound = Bound::of(&CROWDED_EVENTS_MAX, bound);
    let (store, app) = start().await;
    let ann = with_pass(&app, "ann", "r1").await;
    store.stall(&stream_of(CITYWIDE));
    let bought = tokio::spawn({
        let ann = ann.clone();
        async move { ann.buy("r1", "key", 100_000).await }
    });
    let mut given = Vec::new();
    for number in 0..MANY * 2 {
        let mut buyer = app.buyer(&format!("person-{number}"));
        let joined = buyer.join("r1").await;
        match joined.status {
            503 => is_overloaded(&joined),
            _ => given.push((buyer, allowed(joined)["number"].clone())),
        }
    }
    // Who has a place keeps it and sees it, also by joining again with its ticket; without one
    // nobody knows them before there is room. The round of another program takes everybody.
    for (buyer, number) in &mut given {
        assert_eq!(allowed(buyer.where_am_i("r1").await)["number"], *number);
        assert_eq!(allowed(buyer.join("r1").await)["number"], *number);
        let elsewhere = buyer.other_device().join("r1").await;
        match bound {
            NO_BOUND => assert_eq!(allowed(elsewhere)["number"], *number),
            _ => is_overloaded(&elsewhere),
        }
    }
    // A ticket that is none opens no door, and one of a place that was given up takes no other.
    if bound != NO_BOUND {
        let (buyer, _) = given.first_mut().expect("half-way they were let in");
        let leaving = tokio::time::timeout(A_MOMENT, buyer.leave("r1")).await;
        assert!(leaving.is_err(), "OR-3: nothing is answered that is not durable: {leaving:?}");
        eventually::so("it left", async || {
            allowed(buyer.where_am_i("r1").await)["state"] == "left"
        })
        .await;
        is_overloaded(&buyer.join("r1").await);
        let forged = app.buyer("forger").join_request("r1").header("openrun-ticket", "or1.x.y.z");
        is_overloaded(&app.web.send(&forged).await);
    }
    assert!(app.buyer("elsewhere").join("r2").await.status < 300);
    store.release(&stream_of(CITYWIDE));
    assert_eq!(bought.await.expect("no panic").status, 201);
    let mut last = app.buyer("last");
    assert!(last.join_until_answered("r1").await.status < 300);
    checks::stop_clean(app, 100_000).await;
    given.len()
}

/// F42: joins wait for no commit, so a store that is stuck would be buried under them until all
/// that waits fails. Half-way there nobody new joins.
#[test]
fn a_line_whose_store_hangs_takes_no_more_people_than_it_can_write_down() {
    alone(async {
        // What the round itself writes waits there as well.
        let given = joining(MANY).await;
        assert!((MANY / 4..MANY * 2).contains(&given), "{given} places");
        assert_eq!(joining(NO_BOUND).await, MANY * 2, "without the bound everybody joins");
    });
}
