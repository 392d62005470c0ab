//! The sale that is killed again and again.

use crate::chance::Chance;
use crate::check::check;
use crate::honour;
use crate::house::{House, Server};
use crate::ledger::{Kept, Ledger, Standing, Ticket};
use crate::moves;
use crate::paid;
use crate::people::{Person, World};
use crate::stored;
use crate::support::TestRail;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// People at once.
pub const PEOPLE: usize = 200;
/// Kills in continuous integration, and when there is time: those of a sale whose payments must be
/// waited for are many more.
const KILLS: (u32, u32) = (5, 50);
/// How long a sale goes on before it is killed, in milliseconds from its first answers on.
const KILL_AFTER_MILLIS: (u64, u64) = (20, 400);
/// One restart in four is killed as well, this many milliseconds after its start: in the middle of
/// reading the store back, or just after.
const DIE_STARTING_MILLIS: (u64, u64) = (5, 120);
/// Answers that show that people are served again.
const FLOWS: u64 = 5;
/// Of what is asked again after each restart; at the end it is everything.
pub const SAMPLE: usize = 100;

/// A house with an open round and people around it.
pub async fn sale(people: usize, chance: &mut Chance) -> (Arc<World>, Server, Crowd) {
    sale_in(House::new().await, people, chance).await
}

pub async fn sale_in(
    house: House,
    people: usize,
    chance: &mut Chance,
) -> (Arc<World>, Server, Crowd) {
    let house = Arc::new(house);
    let server = house.serve().await;
    house.open_round().await;
    let (ledger, gate) = (Ledger::default(), RwLock::new(()));
    let world = Arc::new(World { house, ledger, gate, is_closing: AtomicBool::new(false) });
    let mut crowd = JoinSet::new();
    for slot in 0..people {
        let person = Person::new(Arc::clone(&world), slot, Chance::new(chance.next()));
        crowd.spawn(person.live());
    }
    (world, server, crowd)
}

/// The people of a sale; they go when it is dropped.
pub type Crowd = JoinSet<()>;

/// Everything that contradicts what was answered, against a server without traffic: `most` of each
/// kind are asked again. Payments may still be under way.
pub async fn contradictions(
    world: &World,
    rail: Option<&TestRail>,
    chance: &mut Chance,
    most: usize,
) -> Vec<String> {
    let (tickets, kept, acked, mut faults) = {
        let mut book = world.ledger.book();
        let faults = std::mem::take(&mut book.faults);
        (book.tickets.clone(), book.kept.clone(), book.acked.clone(), faults)
    };
    let stored = stored::read(&world.house).await;
    let mut found = check(&acked, &stored);
    if let Some(rail) = rail {
        found.extend(paid::check(&stored, &paid::taken(rail).await));
    }
    faults.extend(found.iter().map(|fault| format!("{fault:?}")));
    let wallets = world.ledger.book().wallets.clone();
    let under_way = moves::under_way(&stored);
    let wallets = wallets.into_iter().filter(|(it, _)| !under_way.contains(it.as_str()));
    let (wallets, left) = (chance.sample(wallets.collect(), most / 4), moves::left(&stored));
    let asked = honour::vouchers_have_left(world, &wallets, &left).await;
    faults.extend(asked.expect("the server answers"));
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
    faults
}

/// Nothing contradicts what was answered, and the audit is clean.
pub async fn assert_all_is_kept(world: &World, chance: &mut Chance, most: usize) {
    assert_none(world, contradictions(world, None, chance, most).await);
    world.house.assert_audit_is_clean().await;
}

pub fn assert_none(world: &World, mut faults: Vec<String>) {
    let count = faults.len();
    faults.truncate(20);
    assert!(count == 0, "{count} faults:\n{}\n{}", faults.join("\n"), world.house.log_end());
}

/// A sale goes on for a while.
pub async fn goes_on(world: &World, crowd: &mut Crowd, chance: &mut Chance) {
    flows(world, crowd).await;
    let (soonest, latest) = KILL_AFTER_MILLIS;
    sleep(Duration::from_millis(chance.within(soonest, latest))).await;
}

/// Starts the server again, which may die of it; answers with it and whether it did.
pub async fn start_again(world: &World, chance: &mut Chance) -> (Server, bool) {
    let dies = chance.one_in(4);
    if dies {
        let (soonest, latest) = DIE_STARTING_MILLIS;
        let after = Duration::from_millis(chance.within(soonest, latest));
        world.house.die_starting(after).await;
    }
    (world.house.serve().await, dies)
}

/// How many times of these: fewer in continuous integration than when there is time.
pub fn times((few, many): (u32, u32)) -> u32 {
    if std::env::var_os("OPENRUN_LONG").is_some() { many } else { few }
}

/// F37.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_of_a_sale_nothing_that_was_answered_is_lost() {
    let (mut chance, seed) = Chance::of_run();
    println!("OPENRUN_SEED={seed}");
    let (world, mut server, mut crowd) = sale(PEOPLE, &mut chance).await;
    let (began, kills) = (Instant::now(), times(KILLS));
    for kill in 1..=kills {
        goes_on(&world, &mut crowd, &mut chance).await;
        server.kill().await;
        let nobody = world.gate.write().await;
        (server, _) = start_again(&world, &mut chance).await;
        let most = if kill == kills { usize::MAX / 4 } else { SAMPLE };
        assert_all_is_kept(&world, &mut chance, most).await;
        drop(nobody);
    }
    crowd.shutdown().await;
    assert_all_is_kept(&world, &mut chance, SAMPLE).await;
    let took = began.elapsed().as_secs_f64();
    println!("crash: {kills} kills in {took:.1} s, {}", figures(&world.ledger));
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
    let moved = book.acked.moves.len();
    let (recovered, refused) = (book.recovered, book.kept.len() - bought - moved);
    let of_kind = |kind: &str| book.acked.moves.iter().filter(|it| it.kind == kind).count();
    let (spends, paybacks, gifts) = (of_kind("spent"), of_kind("paid_back"), of_kind("gifted"));
    let unwritten = book.unwritten.len();
    let all: u64 = book.answers.values().sum();
    let busy: u64 =
        book.answers.iter().filter(|((_, status), _)| *status == 503).map(|(_, n)| n).sum();
    format!(
        "{all} answers ({busy} busy), {joins} joins ({unwritten} not written when killed, honoured \
         by their tickets), {bought} purchases of {won} won acknowledged ({recovered} recovered \
         after a lost answer), {refused} refusals kept, {spends} spends, {paybacks} paybacks, \
         {gifts} gifts"
    )
}
