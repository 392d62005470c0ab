//! The generator of load: a closed loop over kept connections, on as many threads as there are
//! processors.
//!
//! Every connection sends its next call when the last answer is back. It shares the processors with
//! the server that it measures, and says how much of them it used.

use super::machine;
use super::people::People;
use super::verdict::Rate;
use crate::rehearse::{Answer, Call, Carried, TicketAnswer, Wire, write_call};
use anyhow::{Context, anyhow, ensure};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What everybody buys, in won: once a person, so within every limit.
const AMOUNT_WON: u64 = 300_000;
/// So much of an answer that is none is told.
const TOLD_BYTES: usize = 300;
/// A connection that was lost so often in a row is not opened again.
const LOST_MOST: u64 = 20;

/// What is called again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// The document that everybody reads.
    Document,
    /// Join the line that nobody gets through.
    Wait,
    /// Where am I, in that line.
    Look,
    /// Sign up.
    SignUp,
    /// Join the sale.
    Join,
    /// Claim the turn.
    Claim,
    /// Buy.
    Buy,
}

impl Task {
    fn word(self) -> &'static str {
        match self {
            Task::Document => "watermark document",
            Task::Wait | Task::Join => "join",
            Task::Look => "where am I",
            Task::SignUp => "sign-up",
            Task::Claim => "claim",
            Task::Buy => "purchase",
        }
    }

    /// Whether the same may be asked again and again.
    fn repeats(self) -> bool {
        matches!(self, Task::Document | Task::Look)
    }
}

/// Against which server, and over how many connections.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub address: SocketAddr,
    /// The round whose line nobody gets through.
    pub line: String,
    /// The round of the sale.
    pub sale: String,
    pub connections: usize,
    pub threads: usize,
}

#[derive(Default)]
struct Tally {
    micros: Vec<u32>,
    refused: BTreeMap<u16, u64>,
    lost: u64,
    /// The first answer that was none of those hoped for.
    told: Option<String>,
    used: Duration,
}

struct Worker {
    target: Target,
    host: String,
    task: Task,
    people: Arc<People>,
    who: Arc<Vec<usize>>,
    next: Arc<AtomicUsize>,
    until: Instant,
}

/// Sends `task` of everybody in `who`, for so long at most; what can be repeated is, until the time
/// is over.
///
/// # Errors
/// Nobody got a good answer.
pub(super) fn run(
    target: &Target,
    task: Task,
    people: &Arc<People>,
    who: Vec<usize>,
    time: Duration,
) -> anyhow::Result<Rate> {
    ensure!(!who.is_empty(), "nobody is left for the call {}", task.word());
    let (who, next) = (Arc::new(who), Arc::new(AtomicUsize::new(0)));
    let (began, used_before) = (Instant::now(), machine::process_time());
    let share = |thread: usize| {
        let (each, rest) =
            (target.connections / target.threads, target.connections % target.threads);
        each + usize::from(thread < rest)
    };
    let threads: Vec<_> = (0..target.threads)
        .map(|thread| {
            let worker = Worker {
                target: target.clone(),
                host: target.address.to_string(),
                task,
                people: Arc::clone(people),
                who: Arc::clone(&who),
                next: Arc::clone(&next),
                until: began + time,
            };
            let connections = share(thread);
            std::thread::spawn(move || worker.run(connections))
        })
        .collect();
    let mut total = Tally::default();
    for thread in threads {
        let tally = thread.join().map_err(|_| anyhow!("a thread of the generator panicked"))??;
        total.add(tally);
    }
    let elapsed = began.elapsed();
    total.rate(task, elapsed, machine::process_time().saturating_sub(used_before))
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.micros.extend(other.micros);
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
        self.lost += other.lost;
        self.told = self.told.take().or(other.told);
        self.used += other.used;
    }

    fn rate(mut self, task: Task, elapsed: Duration, used: Duration) -> anyhow::Result<Rate> {
        let told = || match &self.told {
            Some(told) => format!("refusals by status: {:?}, such as {told}", self.refused),
            None => format!("{} connections were lost", self.lost),
        };
        ensure!(!self.micros.is_empty(), "no good answer to the call {}: {}", task.word(), told());
        self.micros.sort_unstable();
        let last = ((self.micros.len() - 1) as f64 * 0.99).round() as usize;
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let (elapsed, used) = (elapsed.as_secs_f64(), used.as_secs_f64());
        Ok(Rate {
            per_s: self.micros.len() as f64 / elapsed,
            calls: self.micros.len() as u64,
            refused: self.refused.values().sum::<u64>() + self.lost,
            ms_p99: f64::from(self.micros[last]) / 1e3,
            busy: (used / elapsed / cores).min(1.0),
            people_share: (self.used.as_secs_f64() / used.max(f64::MIN_POSITIVE)).min(1.0),
        })
    }

    fn take(&mut self, sent: Instant, answer: &Answer<'_>) -> bool {
        let is_good = (200..300).contains(&answer.status);
        if is_good {
            self.micros.push(sent.elapsed().as_micros().try_into().unwrap_or(u32::MAX));
        } else {
            *self.refused.entry(answer.status).or_default() += 1;
            let body = &answer.body[..answer.body.len().min(TOLD_BYTES)];
            self.told.get_or_insert_with(|| String::from_utf8_lossy(body).into_owned());
        }
        is_good
    }
}

impl Worker {
    fn run(self, connections: usize) -> anyhow::Result<Tally> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let before = machine::thread_time();
        let mut total = Tally::default();
        let worker = Arc::new(self);
        runtime.block_on(async {
            let start = |_| tokio::spawn(Arc::clone(&worker).connection());
            for connection in (0..connections).map(start).collect::<Vec<_>>() {
                total.add(connection.await.context("a connection of the generator panicked")?);
            }
            anyhow::Ok(())
        })?;
        total.used = machine::thread_time().saturating_sub(before);
        Ok(total)
    }

    async fn connection(self: Arc<Self>) -> Tally {
        let mut tally = Tally::default();
        let mut wire = Wire::new(self.target.address);
        let mut key = String::new();
        let mut lost_in_a_row = 0;
        while let Some(number) = self.next() {
            self.write(number, &mut key, &mut wire.out);
            let sent = Instant::now();
            match wire.call().await {
                Ok(answer) => {
                    lost_in_a_row = 0;
                    if tally.take(sent, &answer) {
                        self.keep(number, answer.body);
                    }
                }
                Err(_) => {
                    tally.lost += 1;
                    lost_in_a_row += 1;
                    if lost_in_a_row == LOST_MOST {
                        return tally;
                    }
                }
            }
        }
        tally
    }

    /// Whose call is next, while there is time and anybody left.
    fn next(&self) -> Option<usize> {
        let place = self.next.fetch_add(1, Ordering::Relaxed);
        if Instant::now() >= self.until {
            return None;
        }
        match self.task.repeats() {
            true => self.who.get(place % self.who.len()).copied(),
            false => self.who.get(place).copied(),
        }
    }

    fn write(&self, number: usize, key: &mut String, out: &mut Vec<u8>) {
        let Worker { host, people, target, .. } = self;
        let (call, round) = match self.task {
            Task::Document => {
                out.clear();
                let line = &target.line;
                let request =
                    format!("GET /v1/rounds/{line}/watermark HTTP/1.1\r\nhost: {host}\r\n\r\n");
                out.extend_from_slice(request.as_bytes());
                return;
            }
            Task::Wait => (Call::Join, &target.line),
            Task::Look => (Call::Ask, &target.line),
            Task::SignUp => (Call::SignUp, &target.sale),
            Task::Join => (Call::Join, &target.sale),
            Task::Claim => (Call::Claim, &target.sale),
            Task::Buy => (Call::Buy, &target.sale),
        };
        key.clear();
        key.push_str("capacity-");
        key.push_str(&number.to_string());
        let ticket = match self.task {
            Task::Look => people.waiting(number),
            _ => people.ticket(number),
        };
        let with = Carried {
            host,
            round,
            token: people.token(number),
            ticket,
            pass: people.pass(number),
            key,
            amount_won: AMOUNT_WON,
            account: number as u64,
            ..Carried::default()
        };
        write_call(call, &with, out);
    }

    /// Keeps what later calls need.
    fn keep(&self, number: usize, body: &[u8]) {
        if !matches!(self.task, Task::Wait | Task::Join | Task::Claim) {
            return;
        }
        let Ok(answer) = serde_json::from_slice::<TicketAnswer<'_>>(body) else { return };
        match (self.task, &answer.ticket, &answer.pass) {
            (Task::Wait, Some(ticket), _) => self.people.keep_waiting(number, ticket),
            (Task::Join, Some(ticket), _) => self.people.keep_ticket(number, ticket),
            (Task::Claim, _, Some(pass)) => self.people.keep_pass(number, pass),
            _ => {}
        }
    }
}
