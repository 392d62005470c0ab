//! Plays the acts: a fixed pool of connections takes jobs from the crowd, a ticker wakes what is
//! due.
//!
//! Everything runs on one thread of its own, so that nothing is locked and the rest of the cores is
//! the server's. Open loop: arrivals do not wait for answers. With `--pace max` they wait for a
//! free connection only.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_local;

use super::answers::Times;
use super::calls::{Call, Carried, write_call};
use super::clock::Clock;
use super::crowd::{Crowd, RoundNow};
use super::door::{Door, Place};
use super::people::Cast;
use super::progress::Progress;
use super::scenario::{Round, Scenario, SignUp};
use super::stage::{self, Ids};
use super::tokens::Wallet;
use super::watermark::read_for_all;
use super::wire::Wire;
use super::{Options, Pace, inlet};

const SECOND: u64 = 1_000_000_000;
/// The ticker looks at least this often, so that a new timer is never late by more.
const TICK: Duration = Duration::from_millis(2);
/// How often the moving figures are kept for the plots.
const READ_EVERY: u64 = SECOND / 5;
/// How often a few of those who wait ask where they are, to compare with what they know.
const SAMPLE_EVERY: u64 = SECOND / 10;
const SAMPLED: usize = 8;
/// When nothing has moved for so long, everybody who waits asks once.
const STALLED: u64 = 5 * SECOND / 2;
/// What an act waits at least, without any movement, before its rounds are closed.
const PATIENCE: u64 = 6 * SECOND;
/// After closing, the last answers must come within this.
const LAST_ANSWERS: u64 = 30 * SECOND;
/// Whoever comes first comes a little after the lobby has opened, not at the same instant.
const AFTER_OPENING: u64 = SECOND / 8;
/// People are signed up beforehand in the order of arrival, until they want so many times the
/// stock.
const SIGN_UP_RESERVE: f64 = 1.5;

/// What was prepared outside the thread that plays.
pub(super) struct Prepared {
    pub scenario: Scenario,
    pub options: Options,
    pub ids: Ids,
    pub cast: Cast,
    pub wallet: Wallet,
    pub target: Place,
    pub ops: Place,
    pub operator: String,
    /// How many scenarios are played at once, this one among them.
    pub at_once: usize,
}

/// A crowd, shared by its connections and whoever ushers it.
pub(super) type Shared = Rc<RefCell<Crowd>>;

/// Sets up the programs and signs people up: all that comes before the doors open. Several
/// rehearsals at once wait for each other here, so that they open together.
pub(super) async fn prepare(
    prepared: &mut Prepared,
    progress: &Rc<Progress>,
) -> anyhow::Result<Shared> {
    let wallet = std::mem::take(&mut prepared.wallet);
    let Prepared { scenario, options, ids, cast, target, ops, operator, .. } = &*prepared;
    let mut ops = Door::new(ops, operator);
    let mut public = Door::new(target, operator);
    stage::refuse_real_sales(&mut public).await?;
    stage::put_programs(&mut ops, scenario, ids).await?;
    let mut crowd = Crowd::new(&ids.run, &target.host, cast, wallet);
    crowd.released_when_accepted = options.pace == Pace::Max;
    crowd.arrivals_per_call = scenario.max.arrivals_per_call;
    crowd.habit_span = match options.pace {
        Pace::Max => (SECOND / 20, SECOND / 2),
        Pace::Times(times) => ((20e9 / times) as u64, (300e9 / times) as u64),
    };
    for round in &scenario.rounds {
        crowd.rounds.push(RoundNow {
            id: ids.on_server(&round.id),
            keeps_places: round.rejoin == "keep",
            unit_won: scenario.program_of(round).map_or(1, |program| program.unit_won),
            ..RoundNow::default()
        });
    }
    if let Pace::Times(times) = options.pace {
        let visits = crowd.visits.len();
        crowd.told.begin(times, visits, scenario.rounds.len());
    }
    let crowd = Rc::new(RefCell::new(crowd));
    sign_up(&crowd, scenario, options, target.address, progress).await;
    for _ in 0..options.connections.max(1) {
        spawn_local(connection(crowd.clone(), target.address));
    }
    Ok(crowd)
}

/// Plays every act, and hands back the crowd with everything that was counted.
pub(super) async fn play(
    prepared: &Prepared,
    crowd: Shared,
    progress: &Rc<Progress>,
) -> anyhow::Result<Crowd> {
    let Prepared { scenario, ops, operator, .. } = prepared;
    let mut ops = Door::new(ops, operator);
    let mut acts: Vec<u16> = scenario.rounds.iter().map(|round| round.act).collect();
    acts.sort_unstable();
    acts.dedup();
    for act in acts {
        play_act(&crowd, prepared, act, &mut ops, progress).await?;
    }
    // Connections end when they find the crowd over; then this is the only one who holds it.
    while Rc::strong_count(&crowd) > 1 {
        crowd.borrow().bell.notify_waiters();
        tokio::time::sleep(TICK).await;
    }
    Rc::try_unwrap(crowd).map(RefCell::into_inner).map_err(|_| anyhow::anyhow!("a task is left"))
}

async fn play_act(
    crowd: &Shared,
    prepared: &Prepared,
    act: u16,
    ops: &mut Door,
    progress: &Rc<Progress>,
) -> anyhow::Result<()> {
    let Prepared { scenario, options, ids, target, .. } = prepared;
    let of_act = |round: &usize| scenario.rounds[*round].act == act;
    let places: Vec<usize> = (0..scenario.rounds.len()).filter(of_act).collect();
    let rounds: Vec<&Round> = places.iter().map(|place| &scenario.rounds[*place]).collect();
    let lead = Duration::from_millis(700 + 40 * rounds.len() as u64);
    let base = Timestamp::now().checked_add(lead)?;
    let base_ns = crowd.borrow().now() + lead.as_nanos() as u64;
    let visits: Vec<(u32, Timestamp)> = {
        let crowd = crowd.borrow();
        let all = crowd.visits.iter().enumerate();
        let here = all.filter(|(_, visit)| of_act(&(visit.plan.round as usize)));
        here.map(|(id, visit)| (id as u32, visit.plan.arrives_at)).collect()
    };
    let first = visits.first().map(|(_, at)| *at);
    // With `--pace max` windows are as long as one sale needs; several share the machine.
    let share = options.scale * prepared.at_once as f64;
    let clock = Clock::new(scenario, &rounds, first, options.pace, share, base);
    stage::put_rounds(ops, scenario, &rounds, ids, &clock, options.pace, options.scale).await?;
    let due = |at: Timestamp| base_ns + AFTER_OPENING + (clock.due_s(at) * 1e9) as u64;
    let arrivals = visits.into_iter().map(|(id, at)| (due(at), id)).collect();
    crowd.borrow_mut().begin_act(arrivals);
    let every = match options.pace {
        Pace::Max => Duration::from_millis(100),
        Pace::Times(_) => Duration::from_millis(100),
    };
    if options.pace != Pace::Max {
        for (place, round) in places.iter().zip(&rounds) {
            let opens_at = round.windows.first().map_or(0.0, |w| clock.seconds(w.opens_at));
            crowd.borrow_mut().told.rounds[*place].opens_at = base_ns + (opens_at * 1e9) as u64;
        }
    }
    let changes = stage::inlet_changes(&rounds, ids, &clock, options.pace, options.scale);
    let (place, operator) = (prepared.ops.clone(), prepared.operator.clone());
    let operators = spawn_local(inlet::change(changes, place, operator, progress.clone()));
    let reader = spawn_local(read_for_all(crowd.clone(), places.clone(), target.address, every));
    let patience = PATIENCE + lapse_ns(scenario, &rounds, options);
    usher(crowd, &places, patience, ops, progress).await;
    reader.abort();
    operators.abort();
    // Nothing of a rehearsal stays open.
    for place in &places {
        let (id, sold_out) = {
            let round = &crowd.borrow().rounds[*place];
            (round.id.clone(), round.state == "sold_out")
        };
        if !sold_out {
            stage::close(ops, &id).await?;
        }
    }
    let last = scenario.rounds.iter().map(|round| round.act).max() == Some(act);
    crowd.borrow_mut().over = last;
    Ok(())
}

/// How long a place or a pass that nobody uses can hold up a sale, if anybody of this scenario
/// vanishes.
fn lapse_ns(scenario: &Scenario, rounds: &[&Round], options: &Options) -> u64 {
    if scenario.people.iter().all(|group| group.behave.vanish == 0.0) {
        return 0;
    }
    let said = rounds.iter().map(|round| round.inlet.claim_window_s + round.inlet.pass_ttl_s);
    let seconds = match options.pace {
        Pace::Max => (scenario.max.claim_window_s + scenario.max.pass_ttl_s) as f64,
        Pace::Times(times) => said.fold(0.0, f64::max) / times,
    };
    (seconds * 1e9) as u64
}

/// Keeps an act going until everybody has a last answer, and closes its rounds when nothing moves
/// any more.
async fn usher(
    crowd: &Shared,
    rounds: &[usize],
    patience: u64,
    ops: &mut Door,
    progress: &Rc<Progress>,
) {
    let (mut read_at, mut sample_at, mut sweep_at, mut closed_at) = (0, 0, 0, None);
    loop {
        let now = crowd.borrow().now();
        let next = crowd.borrow_mut().tick(now);
        if now >= read_at {
            read_at = now + READ_EVERY;
            let mut crowd = crowd.borrow_mut();
            crowd.figures.read(now as f64 / 1e9);
            progress.show(&crowd);
        }
        if now >= sample_at {
            sample_at = now + SAMPLE_EVERY;
            crowd.borrow_mut().sample_waiting(SAMPLED);
        }
        if now >= sweep_at && crowd.borrow().quiet() {
            sweep_at = now + SECOND / 2;
            sweep(&mut crowd.borrow_mut(), rounds, now, &mut sweep_at);
        }
        let (open, stalled, coming) = {
            let crowd = crowd.borrow();
            (crowd.open, now.saturating_sub(crowd.moved), crowd.awaits_arrivals())
        };
        if open == 0 || closed_at.is_some_and(|at| now > at + LAST_ANSWERS) {
            return;
        }
        if closed_at.is_none() && stalled > patience && !coming {
            closed_at = Some(now);
            for round in rounds {
                let id = crowd.borrow().rounds[*round].id.clone();
                if let Err(fault) = stage::close(ops, &id).await {
                    progress.say(&format!("closing {id}: {fault:#}"));
                }
            }
        }
        let wait = next.map_or(TICK, |at| Duration::from_nanos(at.saturating_sub(now)));
        tokio::time::sleep(wait.clamp(Duration::from_micros(200), TICK)).await;
    }
}

/// Has those ask who may have a last answer by now.
fn sweep(crowd: &mut Crowd, rounds: &[usize], now: u64, sweep_at: &mut u64) {
    let stalled = now.saturating_sub(crowd.moved) > STALLED;
    for round in rounds {
        let ended = matches!(crowd.rounds[*round].state.as_str(), "sold_out" | "closed");
        if ended || stalled {
            crowd.sweep(*round);
        }
    }
    if stalled {
        *sweep_at = now + STALLED;
    }
}

/// One connection: takes a job, sends it, hands the answer back.
async fn connection(crowd: Shared, address: SocketAddr) {
    let mut wire = Wire::new(address);
    let bell = crowd.borrow().bell.clone();
    loop {
        let (now, job) = {
            let mut crowd = crowd.borrow_mut();
            let now = crowd.now();
            (now, crowd.take(now))
        };
        let Some((job, call)) = job.and_then(|job| Some((job, job.call()?))) else {
            if crowd.borrow().over {
                return;
            }
            crowd.borrow_mut().idle += 1;
            bell.notified().await;
            crowd.borrow_mut().idle -= 1;
            continue;
        };
        crowd.borrow_mut().write(job, call, now, &mut wire.out);
        if job.hang_up {
            // Whether it arrived is not known, and is not meant to be.
            let _ = wire.send_and_hang_up().await;
            crowd.borrow_mut().hung_up(job, call);
            continue;
        }
        match wire.call().await {
            Ok(answer) => {
                let mut crowd = crowd.borrow_mut();
                let times = Times { sent: now, answered: crowd.now() };
                crowd.answered(job, call, times, &answer);
            }
            Err(_) => crowd.borrow_mut().lost(job, call),
        }
    }
}

/// Signs up whoever may get to buy, in the order of arrival, before the doors open.
async fn sign_up(
    crowd: &Shared,
    scenario: &Scenario,
    options: &Options,
    address: SocketAddr,
    progress: &Rc<Progress>,
) {
    let people = Rc::new(RefCell::new(who_signs_up(&crowd.borrow(), scenario, options.scale)));
    progress.begin_sign_up(people.borrow().len() as u64);
    let tasks: Vec<_> = (0..options.connections.max(1))
        .map(|_| {
            let (crowd, people, progress) = (crowd.clone(), people.clone(), progress.clone());
            spawn_local(async move {
                let mut wire = Wire::new(address);
                loop {
                    let next = people.borrow_mut().pop();
                    let Some(person) = next else { return };
                    if sign_up_one(&crowd, &mut wire, person).await {
                        crowd.borrow_mut().signed_up.learn(person);
                    }
                    progress.signed_up();
                }
            })
        })
        .collect();
    for task in tasks {
        let _ = task.await;
    }
    progress.end_sign_up();
}

/// True once the server knows the person. Whoever fails here signs up again when a purchase is
/// refused.
async fn sign_up_one(crowd: &Shared, wire: &mut Wire, person: u32) -> bool {
    for _ in 0..20 {
        {
            let crowd = crowd.borrow();
            let token = crowd.tokens.of(person, 0);
            let account = u64::from(person);
            let with = Carried { host: &crowd.host, token, account, ..Carried::default() };
            write_call(Call::SignUp, &with, &mut wire.out);
        }
        let wait_s = match wire.call().await {
            Ok(answer) if matches!(answer.status, 503 | 429) => answer.retry_after_s.unwrap_or(1),
            Ok(answer) => return (200..300).contains(&answer.status),
            Err(_) => 1,
        };
        tokio::time::sleep(Duration::from_secs(wait_s.clamp(1, 10))).await;
    }
    false
}

fn who_signs_up(crowd: &Crowd, scenario: &Scenario, scale: f64) -> Vec<u32> {
    let stock_won = |round: &Round| round.windows.iter().map(|w| w.stock_won).sum::<u64>();
    let reserve = |round: &Round| stock_won(round) as f64 * scale * SIGN_UP_RESERVE;
    let mut room: Vec<f64> = scenario.rounds.iter().map(reserve).collect();
    let mut people = Vec::new();
    for visit in &crowd.visits {
        let room = &mut room[visit.plan.round as usize];
        if visit.plan.sign_up == SignUp::Before && visit.plan.phone == 0 && *room > 0.0 {
            *room -= visit.plan.want_won as f64;
            people.push(visit.plan.person);
        }
    }
    people.sort_unstable();
    people.dedup();
    people.reverse();
    people
}
