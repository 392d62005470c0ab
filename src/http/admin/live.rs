//! Live figures for the console as server-sent events: of one round, or of the whole house, once a
//! second.
//!
//! One task a subject makes the text, and every stream of it sends the newest: who reads slowly
//! misses some and delays nobody. A stream ends with the right of the token it was opened with, and
//! with the server.

use super::house_figures::House;
use super::round_figures::AdminRound;
use crate::http::call::{Answer, Call};
use crate::http::edge::Edge;
use crate::http::reply::{self, NO_STORE};
use actix_web::HttpResponse;
use actix_web::body::{BodyStream, BoxBody, None as NoBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use bytes::Bytes;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use futures_util::stream;
use openrun_core::{Refusal, RoundId};
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// Streams at once: a quarter of the connections of the ops listener, so that probes, Prometheus
/// and whoever has to stop a sale always find one. The next one is told `overloaded`.
pub const STREAMS_MAX: usize = 64;
/// How often figures are sent: what a person can read.
const SEND_EVERY: Duration = Duration::from_secs(1);
/// How long the actors of a round may take to describe themselves; figures go without them then.
const DESCRIBE_MOST: Duration = Duration::from_millis(500);
/// After how many milliseconds a console that lost its stream comes back.
const RETRY_MS: (i64, i64) = (1_000, 3_000);
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// For nginx: hand on each event as it comes.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What is followed: one round, or the whole house.
type Subject = Option<RoundId>;

/// All streams of a server.
#[derive(Default)]
pub struct Live {
    open: AtomicUsize,
    of: DashMap<Subject, watch::Sender<Bytes>>,
}

/// A stream's place among those that may be open.
struct Slot(Arc<Live>);

impl Slot {
    fn take(live: &Arc<Live>) -> Option<Slot> {
        let one_more = |open: usize| (open < STREAMS_MAX).then_some(open + 1);
        live.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        metrics::gauge!("openrun_console_streams").increment(1.0);
        Some(Slot(Arc::clone(live)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
        metrics::gauge!("openrun_console_streams").decrement(1.0);
    }
}

/// Follows a subject for as long as anybody listens.
struct Follower {
    edge: Edge,
    subject: Subject,
    sender: watch::Sender<Bytes>,
    house: House,
}

impl Drop for Follower {
    /// However it ends: whoever listens is let go, and the next one starts another.
    fn drop(&mut self) {
        let is_this = |_: &Subject, other: &watch::Sender<Bytes>| other.same_channel(&self.sender);
        self.edge.live.of.remove_if(&self.subject, is_this);
    }
}

impl Follower {
    fn listen(edge: &Edge, subject: Subject) -> watch::Receiver<Bytes> {
        match edge.live.of.entry(subject.clone()) {
            Entry::Occupied(there) => there.get().subscribe(),
            Entry::Vacant(vacant) => {
                let (sender, receiver) = watch::channel(Bytes::new());
                vacant.insert(sender.clone());
                let house = House::default();
                let follower = Follower { edge: edge.clone(), subject, sender, house };
                actix_web::rt::spawn(follower.run());
                receiver
            }
        }
    }

    async fn run(mut self) {
        let mut ticks = tokio::time::interval(SEND_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.edge.is_draining() && !self.is_alone() {
            ticks.tick().await;
            let event = match self.subject.clone() {
                Some(id) => round_event(&self.edge, &id).await,
                None => Some(self.house_event()),
            };
            if let Some(event) = event {
                self.sender.send_replace(event);
            }
        }
    }

    fn house_event(&mut self) -> Bytes {
        let rounds = self.edge.engine.rounds();
        let now = self.edge.engine.now();
        let figures = self.house.look(now, &rounds, &self.edge.metrics.render());
        event("house", &figures)
    }

    /// Whether nobody listens any more; from then on nobody new does.
    fn is_alone(&self) -> bool {
        let is_alone = |_: &Subject, sender: &watch::Sender<Bytes>| {
            sender.same_channel(&self.sender) && sender.receiver_count() == 0
        };
        self.edge.live.of.remove_if(&self.subject, is_alone).is_some()
    }
}

async fn round_event(edge: &Edge, id: &RoundId) -> Option<Bytes> {
    let round = edge.engine.round(id)?;
    let describing = tokio::time::timeout(DESCRIBE_MOST, edge.engine.describe_round(id)).await;
    let actors = describing.ok().and_then(Result::ok).unwrap_or_default();
    let view = round.view();
    let figures = AdminRound::new(&view, round.inversions()).with_actors(actors);
    Some(event("round", &figures))
}

/// JSON is one line: it escapes what would end one.
fn event<T: Serialize>(name: &str, figures: &T) -> Bytes {
    let head = format!("event: {name}\ndata: ");
    Bytes::from([head.as_bytes(), &reply::written(figures), b"\n\n"].concat())
}

/// Live figures of a round as server-sent events
///
/// Each event is `round`, once a second: what `GET /v1/admin/rounds/{round}` answers. At most 64
/// streams at once; one ends when its token does.
#[utoipa::path(get, path = "/v1/admin/rounds/{round}/events", operation_id = "get_admin_events",
    tag = "ops",
    responses((status = 200, description = "the stream", body = String,
        content_type = "text/event-stream")))]
pub async fn round(call: Call) -> Answer {
    call.viewer()?;
    let (id, _) = call.round()?;
    open(&call, Some(id))
}

/// Live figures of the house as server-sent events
///
/// Each event is `house`, once a second: all rounds in short, and what the process measures of
/// itself, over the last ten seconds: requests, refusals, the payment rail, the store, the actors.
#[utoipa::path(get, path = "/v1/admin/events", operation_id = "get_house_events", tag = "ops",
    responses((status = 200, description = "the stream", body = String,
        content_type = "text/event-stream")))]
pub async fn house(call: Call) -> Answer {
    call.viewer()?;
    open(&call, None)
}

fn open(call: &Call, subject: Subject) -> Answer {
    let edge = call.edge();
    if edge.is_draining() {
        return Err(Refusal::Unavailable.into());
    }
    let body = if call.is_head() {
        BoxBody::new(NoBody::new())
    } else {
        let slot = Slot::take(&edge.live).ok_or(Refusal::Overloaded)?;
        let token = call.bearer().unwrap_or_default().to_owned();
        let mut events = Follower::listen(edge, subject);
        let opening = format!("retry: {}\n\n", reply::jitter(RETRY_MS.0, RETRY_MS.1));
        let opening = [opening.as_bytes(), &events.borrow_and_update()].concat();
        let stream = Stream { edge: edge.clone(), token, events, _slot: slot };
        BoxBody::new(BodyStream::new(stream.begin(Bytes::from(opening))))
    };
    let mut response = HttpResponse::with_body(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, EVENT_STREAM);
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// One console that listens.
struct Stream {
    edge: Edge,
    token: String,
    events: watch::Receiver<Bytes>,
    _slot: Slot,
}

impl Stream {
    fn begin(self, opening: Bytes) -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold((Some(opening), self), |(opening, mut this)| async move {
            if let Some(opening) = opening {
                return Some((Ok(opening), (None, this)));
            }
            let bytes = this.next().await?;
            Some((Ok(bytes), (None, this)))
        })
    }

    /// Nothing when the follower has ended, or the token is good no more.
    async fn next(&mut self) -> Option<Bytes> {
        self.events.changed().await.ok()?;
        self.edge.keys.verify_staff(&self.token, self.edge.engine.now()).ok()?;
        Some(self.events.borrow_and_update().clone())
    }
}
