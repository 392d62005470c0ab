//! The sale whose payments must be waited for, killed again and again, and its rail with it.

use crate::chance::Chance;
use crate::house::{FINALITY, House, Server, free_port};
use crate::kill::{
    Crowd, PEOPLE, SAMPLE, assert_none, contradictions, figures, goes_on, sale_in, start_again,
    times,
};
use crate::people::World;
use crate::support::TestRail;
use crate::support::store::audit;
use crate::{moves, paid, stored};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::RwLockWriteGuard;
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

/// Kills of the server in continuous integration, and when there is time.
const KILLS: (u32, u32) = (50, 500);
/// Every fault that the rail can have, often enough that fifty kills meet each of them. What is
/// late is so within the time after which the rail promises that nothing arrives any more.
const MODES: &str = "mixed,drop_request=2,drop_answer=2,garble=2,500_after=2,200_without_capture=1,\
                     slow=1,reorder=1,late_approval=2,late_s=0.2-1.5,brownout=1,wrong_amount=1,\
                     redirect=1";
/// How long the rail is away when it dies before the server does, in milliseconds.
const RAIL_AWAY_MILLIS: (u64, u64) = (10, 300);
/// The audit reads everything: after the first so many kills it is asked after one in so many.
const AUDITS: (u32, u32) = (20, 10);
/// Longest time from the end of all faults to the end of all payments.
const SETTLE_LIMIT: Duration = Duration::from_secs(120 + FINALITY.as_secs());

/// What dies, and how often it did.
#[derive(Debug, Default)]
struct Deaths {
    starting: u32,
    rail_before: u32,
    rail_with: u32,
}

/// Kills the server in the middle of the sale and starts it again; now and then the rail dies some
/// moments before it, or together with it. Nobody asks for anything until the guard goes.
async fn kill<'w>(
    world: &'w World,
    server: Server,
    mut rail: TestRail,
    chance: &mut Chance,
    deaths: &mut Deaths,
) -> (Server, TestRail, RwLockWriteGuard<'w, ()>) {
    let (dies_before, dies_with) = (chance.one_in(6), chance.one_in(6));
    if dies_before {
        block_in_place(|| rail.kill());
        let (least, most) = RAIL_AWAY_MILLIS;
        sleep(Duration::from_millis(chance.within(least, most))).await;
        rail = block_in_place(|| rail.kill_and_restart());
        deaths.rail_before += 1;
    }
    server.kill().await;
    if dies_with {
        rail = block_in_place(|| rail.kill_and_restart());
        deaths.rail_with += 1;
    }
    let nobody = world.gate.write().await;
    let (server, has_died) = start_again(world, chance).await;
    deaths.starting += u32::from(has_died);
    (server, rail, nobody)
}

/// The rail is well again and nobody begins anything new: every purchase is answered, and every
/// payment comes to its end.
pub async fn settle(world: &World, rail: &TestRail, crowd: &mut Crowd) -> Duration {
    let began = Instant::now();
    rail.modes("none").await;
    world.is_closing.store(true, Ordering::SeqCst);
    let everybody = async { while crowd.join_next().await.is_some() {} };
    let answered = timeout(SETTLE_LIMIT, everybody).await;
    assert!(answered.is_ok(), "not everybody who bought was answered\n{}", world.house.log_end());
    loop {
        let (round, ledger) = (world.house.round().await, rail.ledger().await);
        if round["held_won"] == 0 && ledger.late == 0 {
            return began.elapsed();
        }
        assert!(began.elapsed() < SETTLE_LIMIT, "undecided: {round} {ledger:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Once everything has settled: vouchers, people's answers, the rail's ledger and the store say the
/// same, to the won.
pub async fn faults_in_the_end(world: &World, rail: &TestRail) -> Vec<String> {
    let (stored, taken) = (stored::read(&world.house).await, paid::taken(rail).await);
    let acked = world.ledger.book().acked.clone();
    let mut faults = paid::check(&stored, &taken);
    faults.extend(paid::check_end(&acked, &stored, &taken));
    let mut faults: Vec<String> = faults.iter().map(|fault| format!("{fault:?}")).collect();
    let (audited, ledger) = (audit(&world.house.store()).await, rail.ledger().await);
    let price_won: i64 = stored.purchases.iter().map(|purchase| purchase.price_won).sum();
    // What went back went back once: the rail's own sum says so.
    let back_won = moves::paid_back_won(&stored);
    let is_settled = audited.findings.is_empty() && audited.holds_open == 0;
    let is_same = ledger.net_won == price_won - back_won && ledger.refunded_won == back_won;
    if !is_settled || !is_same || audited.sold_won != stored.told_sold_won {
        faults.push(format!("{price_won} won of vouchers: {audited:?} {ledger:?}"));
    }
    faults
}

/// F1, F37.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_payments_are_under_way_every_won_is_where_it_belongs() {
    let (mut chance, seed) = Chance::of_run();
    println!("OPENRUN_SEED={seed}");
    let mut rail = block_in_place(|| TestRail::start_on(free_port(), MODES));
    let house = House::new().await.paying_by(&rail, FINALITY);
    let (world, mut server, mut crowd) = sale_in(house, PEOPLE, &mut chance).await;
    let (began, mut deaths, mut ready) = (Instant::now(), Deaths::default(), Vec::new());
    let kills = times(KILLS);
    for number in 1..=kills {
        goes_on(&world, &mut crowd, &mut chance).await;
        let _nobody;
        (server, rail, _nobody) = kill(&world, server, rail, &mut chance, &mut deaths).await;
        ready.push(server.ready_after);
        assert_none(&world, contradictions(&world, Some(&rail), &mut chance, SAMPLE).await);
        if number <= AUDITS.0 || number.is_multiple_of(AUDITS.1) {
            world.house.assert_audit_is_clean().await;
        }
        if number.is_multiple_of(KILLS.0) {
            let (so_far, last) = (began.elapsed().as_secs_f64(), ready[ready.len() - 1]);
            println!("crash: {number} kills in {so_far:.1} s, ready after {last:.0?}");
        }
    }
    let settled = settle(&world, &rail, &mut crowd).await;
    assert_none(&world, faults_in_the_end(&world, &rail).await);
    // And once more from what is written.
    server.kill().await;
    let _server = world.house.serve().await;
    let all = usize::MAX / 4;
    assert_none(&world, contradictions(&world, Some(&rail), &mut chance, all).await);
    assert_none(&world, faults_in_the_end(&world, &rail).await);
    let (took, ledger) = (began.elapsed().as_secs_f64(), rail.ledger().await);
    let mean = ready.iter().sum::<Duration>() / kills;
    let slowest = ready.iter().max().expect("it was killed");
    println!(
        "crash: {kills} kills, {deaths:?}, in {took:.1} s, settled after {settled:.1?}, {}; ready \
         after {mean:.0?}, at worst {slowest:.0?}; {ledger:?}",
        figures(&world.ledger)
    );
}
