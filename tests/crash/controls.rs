//! Sales with a guard off: what the others never find must be found here, within three minutes.
//!
//! The guards are switched off in the built program by the feature `failpoints`. Two more are
//! planted in the simulator: a fence that holds nobody off, and a replay from a bare look at the
//! store (`openrun sim --plant fence-off`, `--plant replay-from-bare-select`).
#![cfg(feature = "failpoints")]

use crate::chance::Chance;
use crate::house::{FINALITY, House, free_port};
use crate::kill::{contradictions, flows, goes_on, sale_in, start_again};
use crate::paying::{faults_in_the_end, settle};
use crate::support::TestRail;
use std::time::{Duration, Instant};
use tokio::task::block_in_place;
use tokio::time::sleep;

/// Until when a fault must be found.
const FOUND_WITHIN: Duration = Duration::from_secs(180);
/// People of these sales.
const PEOPLE: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_before_the_commit_is_found_out() {
    let (mut chance, _) = Chance::of_run();
    let house = House::new().await.without("reply-before-commit");
    let (world, mut server, mut crowd) = sale_in(house, PEOPLE, &mut chance).await;
    let (began, mut kills) = (Instant::now(), 0);
    let found = loop {
        assert!(began.elapsed() < FOUND_WITHIN, "{kills} kills and nothing was lost");
        goes_on(&world, &mut crowd, &mut chance).await;
        server.kill().await;
        kills += 1;
        let nobody = world.gate.write().await;
        (server, _) = start_again(&world, &mut chance).await;
        let faults = contradictions(&world, None, &mut chance, 10).await;
        drop(nobody);
        if let Some(lost) = faults.into_iter().find(|fault| fault.starts_with("PurchaseLost")) {
            break lost;
        }
    };
    println!("control: after {kills} kills and {:.1?}: {found}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_is_released_because_no_answer_came_is_found_out() {
    let (mut chance, _) = Chance::of_run();
    let rail = block_in_place(|| TestRail::start_on(free_port(), "drop_answer=5,500_after=5"));
    let house = House::new().await.paying_by(&rail, FINALITY).without("release-on-time-out");
    let (world, _server, mut crowd) = sale_in(house, PEOPLE, &mut chance).await;
    let began = Instant::now();
    while rail.ledger().await.orders < 100 {
        assert!(began.elapsed() < FOUND_WITHIN, "nobody pays");
        flows(&world, &mut crowd).await;
        sleep(Duration::from_millis(20)).await;
    }
    settle(&world, &rail, &mut crowd).await;
    let faults = faults_in_the_end(&world, &rail).await;
    let found = faults.iter().find(|fault| fault.starts_with("PaidForNothing"));
    let found = found.expect("money was kept for what was voided");
    assert!(began.elapsed() < FOUND_WITHIN, "found after {:.1?}", began.elapsed());
    println!("control: {} faults after {:.1?}, as {found}", faults.len(), began.elapsed());
}
