//! A closed loop: each connection sends its next request when the last answer is back. No
//! pipelining.
//!
//! Requests are made before the clock starts. A loop ends after a number of requests or a time,
//! whichever it was given. Latency is of the call alone; an open loop (arrivals that do not wait)
//! is `rehearse`'s job.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::wire::Connection;

#[derive(Clone)]
pub struct Load {
    pub address: String,
    pub connections: usize,
    pub threads: usize,
}

/// When a loop ends.
#[derive(Clone, Copy)]
pub enum Until {
    /// Each request once.
    AllSent,
    /// The requests again and again, for this long.
    Elapsed(Duration),
}

#[derive(Default)]
pub struct Outcome {
    pub elapsed: Duration,
    pub latencies_us: Vec<u32>,
    pub statuses: BTreeMap<u16, usize>,
    /// One body per status, to see what was said.
    pub samples: BTreeMap<u16, String>,
}

impl Outcome {
    pub fn requests(&self) -> usize {
        self.latencies_us.len()
    }

    pub fn per_second(&self) -> f64 {
        self.requests() as f64 / self.elapsed.as_secs_f64()
    }

    /// In milliseconds; latencies must be sorted, as `run` leaves them.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        let last = self.requests().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.latencies_us.get(at).map_or(0.0, |us| f64::from(*us) / 1000.0)
    }

    fn merge(&mut self, other: Outcome) {
        self.latencies_us.extend(other.latencies_us);
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.samples.extend(other.samples);
    }
}

/// What is done with an answer: number of the request, status, body.
pub type OnAnswer = Arc<dyn Fn(usize, u16, &[u8]) + Send + Sync>;

/// Sends the requests and waits for the end. Any broken connection fails the whole run.
pub fn run(
    load: &Load,
    requests: Arc<Vec<Vec<u8>>>,
    until: Until,
    on_answer: Option<OnAnswer>,
) -> Result<Outcome> {
    let next = Arc::new(AtomicUsize::new(0));
    let total = Arc::new(Mutex::new(Outcome::default()));
    let started = Instant::now();
    let threads: Vec<_> = (0..load.threads)
        .map(|thread| {
            let connections = load.connections / load.threads
                + usize::from(thread < load.connections % load.threads);
            let worker = Worker {
                address: load.address.clone(),
                requests: requests.clone(),
                next: next.clone(),
                deadline: match until {
                    Until::AllSent => None,
                    Until::Elapsed(time) => Some(started + time),
                },
                on_answer: on_answer.clone(),
            };
            let total = total.clone();
            std::thread::spawn(move || worker.run(connections, &total))
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| anyhow!("a generator thread panicked"))??;
    }
    let mut total = total.lock().map_err(|_| anyhow!("a generator thread panicked"))?;
    let mut outcome = std::mem::take(&mut *total);
    outcome.elapsed = started.elapsed();
    outcome.latencies_us.sort_unstable();
    Ok(outcome)
}

#[derive(Clone)]
struct Worker {
    address: String,
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
    deadline: Option<Instant>,
    on_answer: Option<OnAnswer>,
}

impl Worker {
    fn run(self, connections: usize, total: &Mutex<Outcome>) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let outcome = runtime.block_on(async {
            let local = tokio::task::LocalSet::new();
            let tasks: Vec<_> =
                (0..connections).map(|_| local.spawn_local(self.clone().connection())).collect();
            local
                .run_until(async {
                    let mut outcome = Outcome::default();
                    for task in tasks {
                        outcome.merge(task.await??);
                    }
                    anyhow::Ok(outcome)
                })
                .await
        })?;
        total.lock().map_err(|_| anyhow!("a generator thread panicked"))?.merge(outcome);
        Ok(())
    }

    async fn connection(self) -> Result<Outcome> {
        let mut connection = Connection::open(&self.address).await?;
        let mut outcome = Outcome::default();
        while let Some((number, request)) = self.next_request() {
            let sent = Instant::now();
            let answer = connection.call(request).await?;
            outcome.latencies_us.push(sent.elapsed().as_micros().try_into().unwrap_or(u32::MAX));
            *outcome.statuses.entry(answer.status).or_default() += 1;
            outcome.samples.entry(answer.status).or_insert_with(|| {
                String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned()
            });
            if let Some(on_answer) = &self.on_answer {
                on_answer(number, answer.status, answer.body);
            }
            if answer.closes {
                connection = Connection::open(&self.address).await?;
            }
        }
        Ok(outcome)
    }

    fn next_request(&self) -> Option<(usize, &[u8])> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let is_over = match self.deadline {
            None => number >= self.requests.len(),
            Some(deadline) => Instant::now() >= deadline,
        };
        let number = number % self.requests.len();
        (!is_over).then(|| (number, self.requests[number].as_slice()))
    }
}
