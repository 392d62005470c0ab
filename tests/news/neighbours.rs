//! 2022-12, 2025-03: one region's rush took down every app of the operator, and shops could not be
//! paid because others were logging in. Here one program is flooded, paused, loses its store or
//! dies ten times a second, while another one sells and people spend: nobody of those gets another
//! answer than they should.
//!
//! Prints how long they waited, quiet and disturbed (P11). With OPENRUN_LONG it takes minutes and
//! says something; generator, flood and server share the processor here, so the figures hold for
//! the worst case. Speed is asserted in `benches/` alone: here nobody waits for seconds.

use crate::pace::{Flood, Paced, paced};
use crate::support::staff::{CITYWIDE, RoundForm};
use crate::support::stalling_store::{StallingStore, stream_of};
use crate::support::{Answer, Buyer, Request, TestApp, allowed, alone, checks};
use openrun_actors::failpoints::Victim;
use openrun_core::{PersonKey, RoundId};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The program that is not disturbed.
const NEIGHBOUR: &str = "gangwon";
/// Purchases that wait for a store that hangs.
const STUCK: u32 = 50;
/// Longest that anybody may wait who has nothing to do with the disturbance, on a machine that may
/// do something else for seconds: who waits for a store that hangs does so for 30 s.
const NOTICED: Duration = Duration::from_secs(10);

/// How much is measured.
struct Size {
    seconds: u32,
    rounds: usize,
    /// Purchases of the neighbour in a second, and as many spends.
    per_s: u32,
    /// Requests to the disturbed program on an ordinary day, a second; ten times as many flood it.
    ordinary_per_s: u32,
}

fn size() -> Size {
    let figure = |name: &str, usual: u32| {
        std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(usual)
    };
    match std::env::var_os("OPENRUN_LONG") {
        Some(_) => Size {
            seconds: figure("OPENRUN_P11_SECONDS", 8),
            rounds: 3,
            per_s: 100,
            ordinary_per_s: figure("OPENRUN_P11_PER_S", 100),
        },
        None => Size { seconds: 1, rounds: 1, per_s: 40, ordinary_per_s: 20 },
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disturbance {
    Flooded,
    Paused,
    StoreHangs,
    Dying,
}

const ALL: [Disturbance; 4] =
    [Disturbance::Flooded, Disturbance::Paused, Disturbance::StoreHangs, Disturbance::Dying];

/// The stage: two programs in one server, and everybody who will be measured, ready.
struct Stage {
    app: TestApp,
    store: Arc<StallingStore>,
    /// What people send to the disturbed program: joins, looks, purchases.
    crowd: Arc<Vec<Request>>,
    /// Who has vouchers of the disturbed program.
    holders: Vec<(Buyer, String)>,
    bought: u32,
    spent: u32,
}

/// P11, OR-10.
#[test]
fn a_program_that_is_flooded_paused_stuck_or_dying_is_not_felt_next_door() {
    alone(async {
        let mut stage = Stage::set().await;
        let Size { rounds, .. } = size();
        let mut odd = Vec::new();
        for round in 0..rounds {
            for disturbance in ALL {
                let quiet = stage.measure(None).await;
                let disturbed = stage.measure(Some(disturbance)).await;
                for (what, quiet, disturbed) in
                    [("purchase", &quiet.0, &disturbed.0), ("spend", &quiet.1, &disturbed.1)]
                {
                    println!("{round} {disturbance:?} {what}: {}", told(quiet, disturbed));
                    odd.extend(quiet.odd.iter().chain(&disturbed.odd).cloned());
                    assert!(disturbed.percentile(99) < NOTICED, "{disturbance:?}: {what}");
                }
            }
        }
        assert!(odd.is_empty(), "OR-10: {} of them: {:?}", odd.len(), &odd[..odd.len().min(5)]);
        stage.end().await;
    });
}

fn told(quiet: &Paced, disturbed: &Paced) -> String {
    let millis = |paced: &Paced, share| paced.percentile(share).as_secs_f64() * 1_000.0;
    format!(
        "p50 {:.1} -> {:.1} ms, p99 {:.1} -> {:.1} ms, ratio {:.2} ({} each)",
        millis(quiet, 50),
        millis(disturbed, 50),
        millis(quiet, 99),
        millis(disturbed, 99),
        millis(disturbed, 99) / millis(quiet, 99),
        disturbed.count(),
    )
}

impl Stage {
    async fn set() -> Stage {
        let (store, audited) = StallingStore::fresh().await;
        let app = TestApp::start_with_port(store.clone(), audited, crate::support::app::MORNING);
        let app = app.await;
        let form = RoundForm::for_all(1_000_000_000_000);
        app.operator.define_open("busy", &form.clone()).await;
        let other = form.with("program_id", json!(NEIGHBOUR));
        app.operator.define_open("quiet", &other).await;
        let mut holders = Vec::new();
        for number in 0..20 {
            let mut holder = app.buyer(&format!("holder-{number}"));
            let voucher = holder.get_voucher("busy", "key", 400_000).await;
            holders.push((holder, voucher));
        }
        let mut crowd = Vec::new();
        for number in 0..500 {
            let mut person = app.buyer(&format!("crowd-{number}"));
            allowed(person.sign_up().await);
            person.get_pass("busy").await;
            crowd.push(person.buy_request("busy", "key", 10_000));
            crowd.push(app.buyer(&format!("late-{number}")).join_request("busy"));
            crowd.push(person.where_am_i_request("busy"));
        }
        let holders_bought = u32::try_from(holders.len()).expect("a few");
        Stage { app, store, crowd: Arc::new(crowd), holders, bought: holders_bought, spent: 0 }
    }

    /// Purchases of people with the right to buy in the round.
    async fn buyers(&mut self, round: &str, count: u32) -> Vec<Request> {
        let mut requests = Vec::new();
        for number in self.bought..self.bought + count {
            let mut buyer = self.app.buyer(&format!("buyer-{number}"));
            allowed(buyer.sign_up().await);
            buyer.get_pass(round).await;
            requests.push(buyer.buy_request(round, "key", 10_000));
        }
        self.bought += count;
        requests
    }

    fn spends(&mut self, count: u32) -> Vec<Request> {
        let bakery = crate::support::vouchers::BAKERY;
        let spend = |number: u32| {
            let (holder, voucher) = &self.holders[number as usize % self.holders.len()];
            holder.spend_request(voucher, &format!("bread-{number}"), bakery, 10)
        };
        let requests = (self.spent..self.spent + count).map(spend).collect();
        self.spent += count;
        requests
    }

    /// Purchases of the neighbour, and spends of vouchers of the disturbed program.
    async fn measure(&mut self, disturbance: Option<Disturbance>) -> (Paced, Paced) {
        let Size { seconds, per_s, ordinary_per_s, .. } = size();
        let (purchases, spends) =
            (self.buyers("quiet", seconds * per_s).await, self.spends(seconds * per_s));
        let hangs = disturbance == Some(Disturbance::StoreHangs);
        let stuck = self.buyers("busy", if hangs { STUCK } else { 0 }).await;
        let address = self.app.public;
        let is_over = Arc::new(AtomicBool::new(false));
        let per_s_now = match disturbance {
            None => ordinary_per_s,
            Some(_) => ordinary_per_s * 10,
        };
        let flood = Flood::start(address, Arc::clone(&self.crowd), per_s_now);
        let dying = self.disturb(disturbance, &is_over).await;
        let stuck: Vec<_> = stuck.into_iter().map(|request| self.in_background(request)).collect();
        let buying = paced(address, purchases, per_s, 201);
        let spending = paced(address, spends, per_s, 201);
        let joined = tokio::task::spawn_blocking(move || {
            (buying.join().expect("no panic"), spending.join().expect("no panic"))
        });
        let measured = joined.await.expect("no panic");
        is_over.store(true, Ordering::SeqCst);
        let answered = tokio::task::spawn_blocking(move || flood.stop()).await.expect("no panic");
        assert!(answered > 0, "{disturbance:?}: nobody was disturbed");
        if let Some(dying) = dying {
            dying.await.expect("no panic");
        }
        self.calm(disturbance).await;
        for one in stuck {
            assert_eq!(one.await.expect("no panic").status, 201, "who waited has what they wanted");
        }
        measured
    }

    fn in_background(&self, request: Request) -> tokio::task::JoinHandle<Answer> {
        let web = self.app.web.clone();
        tokio::spawn(async move { web.send(&request).await })
    }

    async fn disturb(
        &self,
        disturbance: Option<Disturbance>,
        is_over: &Arc<AtomicBool>,
    ) -> Option<tokio::task::JoinHandle<()>> {
        match disturbance? {
            Disturbance::Flooded => None,
            Disturbance::Paused => {
                self.app.operator.pause("busy").await;
                None
            }
            Disturbance::StoreHangs => {
                self.store.stall(&stream_of(CITYWIDE));
                None
            }
            Disturbance::Dying => {
                let (engine, is_over) = (self.app.engine.clone(), Arc::clone(is_over));
                Some(tokio::spawn(async move {
                    let round = RoundId::new("busy").expect("a slug");
                    let somebody = PersonKey::of_subject("somebody");
                    let mut ticks = tokio::time::interval(Duration::from_millis(100));
                    let mut time = 0;
                    while !is_over.load(Ordering::SeqCst) {
                        ticks.tick().await;
                        time += 1;
                        let victim = if time % 2 == 0 { Victim::Round } else { Victim::Queue };
                        engine.panic_actor(victim, &round, somebody);
                    }
                }))
            }
        }
    }

    async fn calm(&self, disturbance: Option<Disturbance>) {
        match disturbance {
            Some(Disturbance::Paused) => drop(self.app.operator.resume("busy").await),
            Some(Disturbance::StoreHangs) => self.store.release(&stream_of(CITYWIDE)),
            _ => {}
        }
        let look = Request::new("GET", "/v1/rounds/busy/watermark");
        checks::eventually::so("the disturbed round is itself again", async || {
            let answer = self.app.web.send(&look).await;
            answer.status == 200 && answer.json()["interruption"] == Value::Null
        })
        .await;
    }

    /// The disturbed program sells as well, and every book is right.
    async fn end(self) {
        let mut ann = self.app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("busy").await;
        assert_eq!(ann.buy_until_answered("busy", "key", 10_000).await.status, 201);
        let audited = self.app.stop().await;
        audited.assert_clean();
    }
}
