//! A panic in each kind of actor in the middle of a sale: the sale goes on, and nothing that was
//! answered is lost.

#![cfg(feature = "failpoints")]

use crate::support::staff::RoundForm;
use crate::support::{Buyer, TestApp, allowed, checks, eventually, join_all, on_stage};
use openrun_actors::failpoints::Victim;
use openrun_core::{PersonKey, RoundId};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const PEOPLE: usize = 60;
const EACH_WON: i64 = 10_000;
/// Purchases of each person before the first may stop, each with a place of its own.
const PURCHASES_MIN: u64 = 8;
const DEATHS_MIN: usize = 20;
/// How long the sale may stand still after a death: less than who waits for the dead (5 s).
const STILL_MAX: Duration = Duration::from_secs(4);

/// F39.
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

/// S32, F39.
#[test]
fn the_sale_survives_a_death_every_few_milliseconds() {
    on_stage(async {
        let rush = Rush::start().await;
        // Then the places of who stands in line are durable, for they came before in the stream.
        // Until then a place is its ticket, and no other device knows of it.
        goes_on(&rush.answered, 5, "before the first death").await;
        let victims =
            [Victim::Round, Victim::Person, Victim::Queue, Victim::Committer, Victim::Guardian];
        let mut deaths = 0;
        let enough = PEOPLE as u64 * PURCHASES_MIN;
        while deaths < DEATHS_MIN || rush.answered.load(Ordering::SeqCst) < enough {
            for victim in victims {
                rush.kill(victim, deaths);
                deaths += 1;
                let pause = [5, 50, 1, 20][deaths % 4];
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            // After all of them it has to go on: who takes PostgreSQL over connects to it first.
            let next = rush.answered.load(Ordering::SeqCst) + 5;
            goes_on(&rush.answered, next, "after deaths in a row").await;
        }
        rush.settle().await;
    });
}

/// Everybody buys again and again; three times one actor dies.
async fn dies(victim: Victim) {
    let rush = Rush::start().await;
    let mut still = Vec::new();
    for (death, after) in [40, 160, 280].into_iter().enumerate() {
        goes_on(&rush.answered, after, "before a death").await;
        rush.kill(victim, death);
        let died = Instant::now();
        // Whatever was answered on the way is behind us with five more.
        let next = rush.answered.load(Ordering::SeqCst) + 5;
        goes_on(&rush.answered, next, "after a death").await;
        still.push(died.elapsed());
    }
    // Once the machine may have been busy with something else.
    still.sort_unstable();
    assert!(still[1] < STILL_MAX, "still for {still:?}");
    assert!(still[2] < STILL_MAX * 5, "still for {still:?}");
    rush.settle().await;
}

/// A sale with people who buy again and again, and others who only hold a place.
struct Rush {
    app: TestApp,
    round: RoundId,
    waiting: Vec<(Buyer, u64)>,
    shoppers: Vec<JoinHandle<(Buyer, Vec<String>)>>,
    answered: Arc<AtomicU64>,
    /// Nobody begins another purchase from here on.
    enough: Arc<AtomicBool>,
}

impl Rush {
    async fn start() -> Rush {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
        let waiting = stand_in_line(&app).await;
        let answered = Arc::new(AtomicU64::new(0));
        let enough = Arc::new(AtomicBool::new(false));
        let shoppers = (0..PEOPLE).map(|person| {
            let (answered, enough) = (Arc::clone(&answered), Arc::clone(&enough));
            tokio::spawn(shop(app.buyer(&format!("person-{person}")), answered, enough))
        });
        let (shoppers, round) = (shoppers.collect(), RoundId::new("r1").expect("a slug"));
        Rush { app, round, waiting, shoppers, answered, enough }
    }

    fn kill(&self, victim: Victim, death: usize) {
        let person = PersonKey::of_subject(&format!("person-{}", death % PEOPLE));
        self.app.engine.panic_actor(victim, &self.round, person);
    }

    /// Everybody gets through; then what they were told is what is stored, to the won.
    async fn settle(self) {
        self.enough.store(true, Ordering::SeqCst);
        let mut purchases = 0;
        for shopper in self.shoppers {
            let (buyer, mut ids) = shopper.await.expect("a shopper gets through");
            let stored = buyer.purchases().await;
            let mut stored: Vec<_> = stored.iter().map(|it| it["id"].to_string()).collect();
            stored.sort();
            ids.sort();
            purchases += ids.len();
            assert_eq!(stored, ids, "what {} was told is what is stored", buyer.person);
        }
        for (buyer, number) in self.waiting {
            assert_eq!(allowed(buyer.where_am_i("r1").await)["number"], number);
            let again = allowed(buyer.other_device().join("r1").await);
            assert_eq!(again["number"], number, "a place was lost");
        }
        let sold = EACH_WON * i64::try_from(purchases).expect("a small number");
        checks::sold_is(&self.app, "r1", sold).await;
        checks::stop_clean(self.app, sold).await;
    }
}

async fn goes_on(answered: &AtomicU64, at_least: u64, when: &str) {
    let started = Instant::now();
    while answered.load(Ordering::SeqCst) < at_least {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing is sold {when}");
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
/// same key, until it is enough. Answers with the ids of what was bought.
async fn shop(
    mut buyer: Buyer,
    answered: Arc<AtomicU64>,
    enough: Arc<AtomicBool>,
) -> (Buyer, Vec<String>) {
    while buyer.sign_up().await.status == 503 {
        eventually::pause().await;
    }
    let mut ids = Vec::new();
    for purchase in 0.. {
        if purchase >= PURCHASES_MIN && enough.load(Ordering::SeqCst) {
            break;
        }
        buyer.pass = None;
        let started = Instant::now();
        while buyer.pass.is_none() {
            buyer.join("r1").await;
            if buyer.pass.is_none() && buyer.ticket.is_some() {
                buyer.claim("r1").await;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "no pass for {}", buyer.person);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let bought = buyer.buy_until_answered("r1", &format!("key-{purchase}"), EACH_WON).await;
        ids.push(allowed(bought)["id"].to_string());
        answered.fetch_add(1, Ordering::SeqCst);
    }
    (buyer, ids)
}
