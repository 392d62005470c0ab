//! A panic in each kind of actor in the middle of a sale: the sale goes on, and nothing that was
//! answered is lost.

#![cfg(feature = "failpoints")]

use crate::support::staff::RoundForm;
use crate::support::{Buyer, TestApp, allowed, checks, eventually, join_all, on_stage};
use openrun_actors::failpoints::Victim;
use openrun_core::{PersonKey, RoundId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const PEOPLE: usize = 60;
const EACH_WON: i64 = 10_000;
/// Purchases of each person, each with a place of its own.
const PURCHASES: usize = 8;
/// How long the sale may stand still after a death.
const STILL_MAX: Duration = Duration::from_secs(2);

#[test]
fn the_sale_goes_on_after_a_round_panics() {
    on_stage(dies(Victim::Round));
}

#[test]
fn the_sale_goes_on_after_a_queue_panics() {
    on_stage(dies(Victim::Queue));
}

#[test]
fn the_sale_goes_on_after_a_person_panics() {
    on_stage(dies(Victim::Person));
}

#[test]
fn the_sale_goes_on_after_the_committer_panics() {
    on_stage(dies(Victim::Committer));
}

#[test]
fn the_sale_goes_on_after_the_guardian_panics() {
    on_stage(dies(Victim::Guardian));
}

/// Everybody buys again and again; three times one actor dies.
async fn dies(victim: Victim) {
    let app = TestApp::start().await;
    app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
    let waiting = stand_in_line(&app).await;
    let answered = Arc::new(AtomicU64::new(0));
    let shoppers = (0..PEOPLE).map(|person| {
        let (buyer, answered) = (app.buyer(&format!("person-{person}")), Arc::clone(&answered));
        tokio::spawn(shop(buyer, answered))
    });
    let shoppers: Vec<_> = shoppers.collect();
    let round = RoundId::new("r1").expect("a slug");
    for (death, after) in [40, 160, 280].into_iter().enumerate() {
        goes_on(&answered, after, "before a death").await;
        let person = PersonKey::of_subject(&format!("person-{death}"));
        app.engine.panic_actor(victim, &round, person);
        let died = Instant::now();
        // Whatever was answered on the way is behind us with five more.
        goes_on(&answered, answered.load(Ordering::SeqCst) + 5, "after a death").await;
        assert!(died.elapsed() < STILL_MAX, "still for {:?}", died.elapsed());
    }
    let mut told = Vec::new();
    for shopper in shoppers {
        told.push(shopper.await.expect("a shopper gets through"));
    }
    for (buyer, mut ids) in told {
        let stored = buyer.purchases().await;
        let mut stored: Vec<_> = stored.iter().map(|it| it["id"].to_string()).collect();
        stored.sort();
        ids.sort();
        assert_eq!(stored, ids, "what {} was told is what is stored", buyer.person);
    }
    for (buyer, number) in waiting {
        assert_eq!(allowed(buyer.where_am_i("r1").await)["number"], number);
        assert_eq!(allowed(buyer.other_device().join("r1").await)["number"], number);
    }
    let sold = EACH_WON * i64::try_from(PEOPLE * PURCHASES).expect("a small number");
    checks::sold_is(&app, "r1", sold).await;
    checks::stop_clean(app, sold).await;
}

async fn goes_on(answered: &AtomicU64, at_least: u64, when: &str) {
    let started = Instant::now();
    while answered.load(Ordering::SeqCst) < at_least {
        assert!(started.elapsed() < Duration::from_secs(10), "nothing is sold {when}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// People who hold a place and do nothing, with their numbers.
async fn stand_in_line(app: &TestApp) -> Vec<(Buyer, u64)> {
    let waiting = (0..20).map(|person| {
        let mut buyer = app.buyer(&format!("waiting-{person}"));
        async move {
            let number = allowed(buyer.join("r1").await)["number"].as_u64();
            (buyer, number.expect("a place"))
        }
    });
    join_all(waiting).await
}

/// Signs up, then buys with a place and a pass for each purchase, retrying whatever is 503 with the
/// same key. Answers with the ids of what was bought.
async fn shop(mut buyer: Buyer, answered: Arc<AtomicU64>) -> (Buyer, Vec<String>) {
    while buyer.sign_up().await.status == 503 {
        eventually::pause().await;
    }
    let mut ids = Vec::new();
    for purchase in 0..PURCHASES {
        buyer.pass = None;
        let started = Instant::now();
        while buyer.pass.is_none() {
            buyer.join("r1").await;
            if buyer.pass.is_none() && buyer.ticket.is_some() {
                buyer.claim("r1").await;
            }
            assert!(started.elapsed() < Duration::from_secs(10), "no pass for {}", buyer.person);
            tokio::task::yield_now().await;
        }
        let bought = buyer.buy_until_answered("r1", &format!("key-{purchase}"), EACH_WON).await;
        ids.push(allowed(bought)["id"].to_string());
        answered.fetch_add(1, Ordering::SeqCst);
    }
    (buyer, ids)
}
