//! Requests at a pace, from a thread of their own: what is measured does not wait behind what is
//! sent to disturb it. A wait counts from the moment at which the request was to be sent.

use crate::support::{Request, Web};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Requests of a flood under way at once: beyond it those that are due are not sent, as a proxy in
/// front would have it.
const FLOOD_AT_ONCE: usize = 512;

/// What came of requests at a pace.
#[derive(Default)]
pub struct Paced {
    waits: Vec<Duration>,
    /// Answers other than the one that was to come.
    pub odd: Vec<String>,
}

impl Paced {
    /// So many of a hundred waited no longer.
    pub fn percentile(&self, share: usize) -> Duration {
        let mut all = self.waits.clone();
        all.sort_unstable();
        all.get((all.len() * share / 100).min(all.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }

    pub fn count(&self) -> usize {
        self.waits.len()
    }
}

/// Sends each once, so many a second; each is to be answered with this status.
pub fn paced(
    address: SocketAddr,
    requests: Vec<Request>,
    per_s: u32,
    status: u16,
) -> JoinHandle<Paced> {
    std::thread::spawn(move || {
        here(async move {
            let web = Web::new(address);
            let mut under_way = Vec::with_capacity(requests.len());
            let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_s);
            for request in requests {
                let due = ticks.tick().await.into_std();
                let web = web.clone();
                under_way.push(tokio::spawn(async move {
                    let answer = web.send(&request).await;
                    (due.elapsed(), answer)
                }));
            }
            let mut paced = Paced::default();
            for one in under_way {
                let (wait, answer) = one.await.expect("no panic");
                paced.waits.push(wait);
                if answer.status != status {
                    paced.odd.push(format!("{answer:?}"));
                }
            }
            paced
        })
    })
}

/// A flood that goes on until it is stopped.
pub struct Flood {
    is_over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Flood {
    /// These requests again and again, so many a second, whatever is answered.
    pub fn start(address: SocketAddr, requests: Arc<Vec<Request>>, per_s: u32) -> Flood {
        let (is_over, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (over, count) = (Arc::clone(&is_over), Arc::clone(&answered));
        let thread = std::thread::spawn(move || here(pour(address, requests, per_s, over, count)));
        Flood { is_over, answered, thread: Some(thread) }
    }

    /// Ends it; how many answers there were.
    pub fn stop(mut self) -> usize {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("a flood does not panic");
        }
        self.answered.load(Ordering::SeqCst)
    }
}

async fn pour(
    address: SocketAddr,
    requests: Arc<Vec<Request>>,
    per_s: u32,
    is_over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
) {
    let web = Web::new(address);
    let seats = Arc::new(tokio::sync::Semaphore::new(FLOOD_AT_ONCE));
    let (began, mut sent) = (Instant::now(), 0_u64);
    while !is_over.load(Ordering::SeqCst) {
        let due = (began.elapsed().as_secs_f64() * f64::from(per_s)) as u64;
        while sent < due {
            let number = usize::try_from(sent).expect("64 bits") % requests.len();
            sent += 1;
            let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else { continue };
            let (web, requests, answered) =
                (web.clone(), Arc::clone(&requests), Arc::clone(&answered));
            tokio::spawn(async move {
                let _seat = seat;
                if web.try_send(&requests[number]).await.is_ok() {
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn here<T>(play: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a thread of a test can have a runtime").block_on(play)
}
