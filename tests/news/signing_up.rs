//! Complaints of those who could not sign up, and of those whom the others' sign-ups kept from
//! buying and paying.

use crate::support::app::MORNING;
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::{
    Answer, Buyer, StallingStore, TestApp, allowed, alone, checks, eventually, on_stage,
};
use openrun_core::StreamId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Joins and payments that are timed in each part.
const TIMED: usize = 300;
/// Lanes of people who sign up all the time, at rest and in the storm: ten times as many.
const LANES: [usize; 2] = [6, 60];
/// Between two sign-ups of a lane: a hundred a second at rest, a thousand in the storm.
const PACE: Duration = Duration::from_millis(50);
/// Longest that nine of ten joins and payments may take in a storm: far above what any takes, far
/// below what anybody waits at a till.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Signs new people up, one after the other, until told to stop.
async fn sign_up_on(
    app: Arc<TestApp>,
    lane: usize,
    count: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
) {
    while !is_over.load(Ordering::Relaxed) {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let answer = app.buyer(&format!("new-{lane}-{number}")).sign_up().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        tokio::time::sleep(PACE).await;
    }
}

/// How long each of so many took, in order.
async fn timed(mut act: impl AsyncFnMut(usize) -> Answer) -> Vec<Duration> {
    let mut times = Vec::new();
    for number in 0..TIMED {
        let began = Instant::now();
        allowed(act(number).await);
        times.push(began.elapsed());
    }
    times.sort();
    times
}

/// 001, 004: sign-up failed at the opening, and account registration took the whole system down.
/// Ten times as many sign-ups at once are all answered, and joining and paying do not wait for
/// them. The figures are printed; ratios are judged on a machine that is quiet. Nothing runs beside
/// it: what is timed is this storm and no other test.
#[test]
fn a_storm_of_sign_ups_does_not_hold_up_joining_or_paying() {
    alone(async {
        let app = Arc::new(TestApp::start().await);
        app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 400_000).await;
        for (part, lanes) in LANES.into_iter().enumerate() {
            let (count, is_over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
            let began = Instant::now();
            let storm: Vec<_> = (0..lanes)
                .map(|lane| {
                    let (count, is_over) = (Arc::clone(&count), Arc::clone(&is_over));
                    tokio::spawn(sign_up_on(Arc::clone(&app), part * 100 + lane, count, is_over))
                })
                .collect();
            let joins =
                timed(async |number| app.buyer(&format!("j-{part}-{number}")).join("r1").await);
            let joins = joins.await;
            let pays = timed(async |number| ann.spend(&id, &format!("{part}-{number}"), 10).await);
            let pays = pays.await;
            is_over.store(true, Ordering::Relaxed);
            for lane in storm {
                lane.await.expect("every sign-up was answered 201");
            }
            let per_s = count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
            let (join, pay) = (joins[TIMED * 9 / 10], pays[TIMED * 9 / 10]);
            println!("{lanes} lanes, {per_s:.0} sign-ups/s: p90 join {join:?}, pay {pay:?}");
            assert!(join < AT_ONCE && pay < AT_ONCE, "{join:?} {pay:?}");
        }
        let app = Arc::into_inner(app).expect("nobody else has it");
        app.stop().await.assert_clean();
    });
}

/// And when not one sign-up can be written: the people's stream hangs, everything else goes on.
#[test]
fn sign_ups_that_hang_keep_nobody_from_joining_buying_or_paying() {
    on_stage(async {
        let (store, audited) = StallingStore::fresh().await;
        let app = TestApp::start_with_port(store.clone(), audited, MORNING).await;
        allowed(app.operator.put_program(CITYWIDE, citywide_rules()).await);
        allowed(app.operator.put_round("r1", &RoundForm::for_all(100_000_000)).await);
        app.operator.open("r1").await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 100_000).await;
        let mut ben = app.buyer("ben");
        allowed(ben.sign_up().await);
        store.stall(&StreamId::People);
        let stuck: Vec<_> = (0..300)
            .map(|number| {
                let buyer = app.buyer(&format!("new-{number}"));
                tokio::spawn(async move { signs_up(&buyer).await })
            })
            .collect();
        ben.get_pass("r1").await;
        assert_eq!(ben.buy("r1", "key", 10_000).await.status, 201);
        allowed(ann.spend(&id, "spend", 10_000).await);
        assert!(stuck.iter().all(|one| !one.is_finished()), "they hang indeed");
        store.release(&StreamId::People);
        for one in stuck {
            one.await.expect("each is signed up in the end");
        }
        checks::stop_clean(app, 110_000).await;
    });
}

/// As an app does: the same again as long as the answer is 503.
async fn signs_up(buyer: &Buyer) {
    for _ in 0..500 {
        let answer = buyer.sign_up().await;
        if answer.status != 503 {
            allowed(answer);
            return;
        }
        eventually::pause().await;
    }
    panic!("{} could never sign up", buyer.person);
}
