//! The sale that is killed again and again.

use crate::chance::Chance;
use crate::check::check;
use crate::honour;
use crate::house::House;
use crate::ledger::{Kept, Ledger, Standing, Ticket};
use crate::people::{Person, World};
use crate::stored;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// People at once.
const PEOPLE: usize = 200;
/// Kills in continuous integration, and when there is time.
const KILLS: (u32, u32) = (50, 500);
/// How long a sale goes on before it is killed, in milliseconds from its first answers on.
const KILL_AFTER_MILLIS: (u64, u64) = (20, 400);
/// One restart in four is killed as well, this many milliseconds after its start: in the middle of
/// reading the store back, or just after.
const DIE_STARTING_MILLIS: (u64, u64) = (5, 120);
/// Answers that show that people are served again.
const FLOWS: u64 = 5;
/// Of what is asked again after each restart; at the end it is everything.
const SAMPLE: usize = 100;

/// A house with an open round and people around it.
pub async fn sale(people: usize, chance: &mut Chance) -> (Arc<World>, crate::house::Server, Crowd) {
    let house = Arc::new(House::new());
    let server = house.serve().await;
    house.open_round().await;
    let (ledger, gate) = (Ledger::default(), RwLock::new(()));
    let world = Arc::new(World { house, ledger, gate });
    let mut crowd = JoinSet::new();
    for slot in 0..people {
        let person = Person::new(Arc::clone(&world), slot, Chance::new(chance.next()));
        crowd.spawn(person.live());
    }
    (world, server, crowd)
}

/// The people of a sale; they go when it is dropped.
pub type Crowd = JoinSet<()>;

/// Everything that was answered, against a server without traffic: `most` of each kind are asked
/// again.
pub async fn assert_all_is_kept(world: &World, chance: &mut Chance, most: usize) {
    let (tickets, kept, acked, mut faults) = {
        let mut book = world.ledger.book();
        let faults = std::mem::take(&mut book.faults);
        (book.tickets.clone(), book.kept.clone(), book.acked.clone(), faults)
    };
    let stored = stored::read(&world.house).await;
    faults.extend(check(&acked, &stored).iter().map(|fault| format!("{fault:?}")));
    let written: HashSet<u64> = stored.tickets.iter().map(|(number, _)| *number).collect();
    let is_live = |standing| matches!(standing, Standing::Live | Standing::Asked);
    let (live, over): (Vec<Ticket>, Vec<Ticket>) =
        tickets.into_iter().partition(|ticket| is_live(ticket.standing));
    // Joins are answered before they are written: those that a kill took back prove themselves.
    let unwritten = live.iter().filter(|ticket| !written.contains(&ticket.number));
    let unwritten: Vec<Ticket> = unwritten.cloned().collect();
    world.ledger.book().unwritten.extend(unwritten.iter().map(|ticket| ticket.number));
    // The newest answers are those that a kill could take back.
    let newest: Vec<Kept> = kept.iter().rev().take(most.div_ceil(4)).cloned().collect();
    let (looking, mut joining) =
        (chance.sample(live.clone(), most * 2), chance.sample(live, most / 2));
    // Some of them prove themselves only after another kill, or by claiming.
    joining.extend(chance.sample(unwritten.clone(), unwritten.len() / 2));
    let (over, kept) = (chance.sample(over, most), chance.sample(kept, most));
    for asked in [
        honour::where_they_are(world, &unwritten).await,
        honour::where_they_are(world, &looking).await,
        honour::where_they_are(world, &over).await,
        honour::joining_again(world, &joining).await,
        honour::where_they_are(world, &joining).await,
        honour::keys_keep_their_answers(world, &newest).await,
        honour::keys_keep_their_answers(world, &kept).await,
    ] {
        faults.extend(asked.expect("the server answers"));
    }
    let log = world.house.log();
    faults.extend(log.lines().filter(|line| line.contains("panicked")).map(str::to_owned));
    let count = faults.len();
    faults.truncate(20);
    assert!(count == 0, "{count} faults:\n{}\n{}", faults.join("\n"), world.house.log_end());
    world.house.assert_audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_of_a_sale_nothing_that_was_answered_is_lost() {
    let kills = if std::env::var_os("OPENRUN_LONG").is_some() { KILLS.1 } else { KILLS.0 };
    let (mut chance, seed) = Chance::of_run();
    println!("OPENRUN_SEED={seed}");
    let (world, mut server, mut crowd) = sale(PEOPLE, &mut chance).await;
    let (began, mut slowest) = (Instant::now(), server.ready_after);
    let (mut sum, mut died_starting) = (Duration::ZERO, 0);
    for kill in 1..=kills {
        flows(&world, &mut crowd).await;
        let (soonest, latest) = KILL_AFTER_MILLIS;
        sleep(Duration::from_millis(chance.within(soonest, latest))).await;
        server.kill().await;
        let nobody = world.gate.write().await;
        if chance.one_in(4) {
            let (soonest, latest) = DIE_STARTING_MILLIS;
            let after = Duration::from_millis(chance.within(soonest, latest));
            world.house.die_starting(after).await;
            died_starting += 1;
        }
        server = world.house.serve().await;
        slowest = slowest.max(server.ready_after);
        sum += server.ready_after;
        let most = if kill == kills { usize::MAX / 4 } else { SAMPLE };
        assert_all_is_kept(&world, &mut chance, most).await;
        drop(nobody);
    }
    crowd.shutdown().await;
    assert_all_is_kept(&world, &mut chance, SAMPLE).await;
    let took = began.elapsed().as_secs_f64();
    let mean = sum / kills;
    let figures = figures(&world.ledger);
    let ready = format!("ready after {mean:.0?}, at worst {slowest:.0?}");
    let kills = format!("{kills} kills, {died_starting} more while starting");
    println!("crash: {kills}, in {took:.1} s, {figures}; {ready}");
}

/// Waits until people are answered again.
pub async fn flows(world: &World, crowd: &mut Crowd) {
    let (before, began) = (world.ledger.answers(), Instant::now());
    while world.ledger.answers() < before + FLOWS {
        assert!(crowd.try_join_next().is_none(), "a person of the test stopped");
        assert!(began.elapsed() < Duration::from_secs(30), "nobody is answered");
        sleep(Duration::from_millis(2)).await;
    }
}

pub fn figures(ledger: &Ledger) -> String {
    let book = ledger.book();
    let (joins, bought) = (book.acked.tickets.len(), book.acked.purchases.len());
    let won: i64 = book.acked.purchases.iter().map(|purchase| purchase.amount_won).sum();
    let (recovered, refused) = (book.recovered, book.kept.len() - bought);
    let unwritten = book.unwritten.len();
    let all: u64 = book.answers.values().sum();
    let busy: u64 =
        book.answers.iter().filter(|((_, status), _)| *status == 503).map(|(_, n)| n).sum();
    format!(
        "{all} answers ({busy} busy), {joins} joins ({unwritten} not written when killed, honoured \
         by their tickets), {bought} purchases of {won} won acknowledged ({recovered} recovered \
         after a lost answer), {refused} refusals kept"
    )
}
