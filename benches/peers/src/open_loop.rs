//! An open loop: people come at a rate, whatever becomes of those before them, as people do.
//!
//! Each wants one thing and sends one request for it, again and again until it has an answer that
//! stands. Whoever waits longer than their patience hangs up and tries again a moment later;
//! whoever is told `overloaded` does as `Retry-After` says, unless told to give up. Latency counts
//! from the moment at which the request was to be sent.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::wire::Connection;

/// The longest that somebody waits before trying again, when nobody said how long.
const RETRY_MOST_MS: u64 = 1_000;

/// How people come.
#[derive(Clone)]
pub struct Crowd {
    pub address: String,
    pub per_second: f64,
    /// Connections at once; whoever finds none waits for one.
    pub connections: usize,
    /// How long somebody waits for an answer before hanging up.
    pub patience: Duration,
    /// Whether a refusal for want of room ends the matter.
    pub gives_up: bool,
}

/// What came of it.
#[derive(Default)]
pub struct Tally {
    /// For each second from the start: answers by status; 0 for somebody who hung up.
    pub seconds: Vec<BTreeMap<u16, usize>>,
    /// How long answers took, by status, in microseconds.
    pub latencies_us: BTreeMap<u16, Vec<u32>>,
    /// People who have an answer that stands.
    pub done: usize,
    /// One body for each status.
    pub samples: BTreeMap<u16, String>,
}

struct Around {
    crowd: Crowd,
    requests: Arc<Vec<Vec<u8>>>,
    idle: RefCell<Vec<Connection>>,
    seats: Semaphore,
    tally: RefCell<Tally>,
    start: Instant,
}

/// Everybody comes and goes; ends when all are done or `most` is over.
pub fn run(crowd: &Crowd, requests: Arc<Vec<Vec<u8>>>, most: Duration) -> Result<Tally> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let around = Rc::new(Around {
            seats: Semaphore::new(crowd.connections),
            crowd: crowd.clone(),
            requests,
            idle: RefCell::default(),
            tally: RefCell::default(),
            start: Instant::now(),
        });
        let local = tokio::task::LocalSet::new();
        let coming = Rc::clone(&around);
        let all = local.run_until(async move {
            let mut people = Vec::with_capacity(coming.requests.len());
            for number in 0..coming.requests.len() {
                let at = Duration::from_secs_f64(number as f64 / coming.crowd.per_second);
                let at = coming.start + at;
                if at > Instant::now() {
                    sleep_until(at).await;
                }
                people.push(tokio::task::spawn_local(person(Rc::clone(&coming), number, at)));
            }
            for person in people {
                let _ = person.await;
            }
        });
        let _ = timeout(most, all).await;
        Ok(around.tally.take())
    })
}

async fn person(around: Rc<Around>, number: usize, mut at: Instant) {
    loop {
        let wait = match once(&around, number, at).await {
            Some((503, retry_after)) if !around.crowd.gives_up => {
                retry_after.map_or(jitter(number), Duration::from_secs)
            }
            None => jitter(number),
            Some(_) => {
                around.tally.borrow_mut().done += 1;
                return;
            }
        };
        sleep(wait).await;
        at = Instant::now();
    }
}

/// Sends once; the status and what `Retry-After` says, or nothing when there was no answer.
async fn once(around: &Around, number: usize, at: Instant) -> Option<(u16, Option<u64>)> {
    let _seat = around.seats.acquire().await.ok()?;
    let kept = around.idle.borrow_mut().pop();
    let calling = async {
        let mut connection = match kept {
            Some(connection) => connection,
            None => Connection::open_small(&around.crowd.address).await?,
        };
        let answer = connection.call(&around.requests[number]).await?;
        let (status, retry_after, closes) = (answer.status, answer.retry_after_s, answer.closes);
        let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned();
        if !closes {
            around.idle.borrow_mut().push(connection);
        }
        anyhow::Ok((status, retry_after, body))
    };
    let answered = timeout(around.crowd.patience, calling).await.ok().and_then(Result::ok);
    let mut tally = around.tally.borrow_mut();
    let status = answered.as_ref().map_or(0, |(status, ..)| *status);
    let second = around.start.elapsed().as_secs() as usize;
    if tally.seconds.len() <= second {
        tally.seconds.resize_with(second + 1, BTreeMap::new);
    }
    *tally.seconds[second].entry(status).or_default() += 1;
    let took = at.elapsed().as_micros().try_into().unwrap_or(u32::MAX);
    tally.latencies_us.entry(status).or_default().push(took);
    let (status, retry_after, body) = answered?;
    tally.samples.entry(status).or_insert(body);
    Some((status, retry_after))
}

/// A moment that differs from person to person and from try to try.
fn jitter(number: usize) -> Duration {
    let mixed = (number as u64 ^ u64::from(std::process::id())).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Duration::from_millis((mixed >> 32) % RETRY_MOST_MS)
}
