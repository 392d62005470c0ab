//! The watermark document as server-sent events: the same text as under `/watermark`, sent when it
//! has changed.
//!
//! One task a round looks at the snapshot, frames the document once, and leaves it where every
//! stream of the round takes it from: a place for one document, so a slow reader finds the newest
//! when it is ready and none is kept for it. Who reads nothing at all is hung up on by the
//! listener (see [`super::server`]). Nothing here waits for a mailbox.

use super::call::{Answer, Call};
use super::edge::Edge;
use super::reply::{self, NO_STORE};
use super::watermark::{self, SIGNATURE};
use actix_web::HttpResponse;
use actix_web::body::{BodyStream, BoxBody, None as NoBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use bytes::Bytes;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use futures_util::stream;
use metrics::{Counter, Gauge};
use openrun_actors::{Rendered, RoundRef, Turning};
use openrun_core::RoundId;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// Streams of a server at once: a fifth of its connections, so that those who poll, buy and claim
/// always find one. The next one is told `overloaded` and polls.
pub const STREAMS_MAX: usize = 4_096;
/// How often a round is looked at: as often as it publishes, so a change of state is sent at once.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Between two documents while the state stays: the shortest time between two polls, so that a
/// stream costs no more than what it replaces, and nobody reads a number faster.
const SEND_EVERY: Duration = Duration::from_secs(1);
/// A document is sent at least so often though nothing has changed: proxies cut what is silent
/// for a minute, and clients refuse what is old.
const SILENT_MOST: Duration = Duration::from_secs(15);
/// After how many milliseconds a client that lost its stream comes back, one by one.
const RETRY_MS: (i64, i64) = (1_000, 6_000);
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// For nginx: hand on each event as it comes.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const LAST_EVENT_ID: &str = "last-event-id";

/// A document, framed for the wire.
#[derive(Clone)]
struct Frame {
    id: Arc<str>,
    bytes: Bytes,
}

impl Frame {
    fn of(rendered: &Rendered) -> Frame {
        let id = rendered.etag.trim_matches('"');
        // A document is one line: JSON escapes what would end one.
        let head = format!("event: watermark\nid: {id}\ndata: ");
        let bytes = [head.as_bytes(), &rendered.bytes, b"\n\n"].concat();
        Frame { id: id.into(), bytes: Bytes::from(bytes) }
    }
}

/// All streams of a server.
pub struct Streams {
    open: AtomicUsize,
    of_rounds: DashMap<RoundId, watch::Sender<Frame>>,
    gauge: Gauge,
    frames: Counter,
}

impl Default for Streams {
    fn default() -> Streams {
        Streams {
            open: AtomicUsize::new(0),
            of_rounds: DashMap::new(),
            gauge: metrics::gauge!("openrun_event_streams"),
            frames: metrics::counter!("openrun_event_frames_total"),
        }
    }
}

/// A stream's place among those that may be open.
struct Slot(Arc<Streams>);

impl Slot {
    fn take(streams: &Arc<Streams>) -> Option<Slot> {
        let one_more = |open: usize| (open < STREAMS_MAX).then_some(open + 1);
        streams.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        streams.gauge.increment(1.0);
        Some(Slot(Arc::clone(streams)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
        self.0.gauge.decrement(1.0);
    }
}

/// Follows a round for as long as anybody listens.
struct Follower {
    edge: Edge,
    id: RoundId,
    round: RoundRef,
    sender: watch::Sender<Frame>,
}

impl Drop for Follower {
    /// However it ends: whoever listens is let go, and the next one starts another.
    fn drop(&mut self) {
        let is_this = |_: &RoundId, other: &watch::Sender<Frame>| other.same_channel(&self.sender);
        self.edge.streams.of_rounds.remove_if(&self.id, is_this);
    }
}

impl Follower {
    /// The documents of a round, from the one that stands now.
    fn listen(edge: &Edge, id: &RoundId, round: &RoundRef) -> watch::Receiver<Frame> {
        match edge.streams.of_rounds.entry(id.clone()) {
            Entry::Occupied(there) => there.get().subscribe(),
            Entry::Vacant(vacant) => {
                let (sender, receiver) = watch::channel(Frame::of(&rendered(edge, round)));
                vacant.insert(sender.clone());
                let (edge, id, round) = (edge.clone(), id.clone(), round.clone());
                let follower = Follower { edge, id, round, sender };
                actix_web::rt::spawn(follower.run());
                receiver
            }
        }
    }

    async fn run(self) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut looked, mut sent) = (Instant::now(), Instant::now());
        let mut last = rendered(&self.edge, &self.round);
        while !self.edge.is_draining() && !self.is_alone() {
            ticks.tick().await;
            let view = self.round.view();
            if Turning::of(&view) == last.turning && looked.elapsed() < SEND_EVERY {
                continue;
            }
            let next = rendered(&self.edge, &self.round);
            if next.etag == last.etag {
                continue;
            }
            looked = Instant::now();
            let is_news = content(&next.bytes) != content(&last.bytes);
            last = next;
            if is_news || sent.elapsed() >= SILENT_MOST {
                sent = looked;
                self.edge.streams.frames.increment(1);
                self.sender.send_replace(Frame::of(&last));
            }
        }
    }

    /// Whether nobody listens any more; from then on nobody new does.
    fn is_alone(&self) -> bool {
        let is_alone = |_: &RoundId, sender: &watch::Sender<Frame>| {
            sender.same_channel(&self.sender) && sender.receiver_count() == 0
        };
        self.edge.streams.of_rounds.remove_if(&self.id, is_alone).is_some()
    }
}

fn rendered(edge: &Edge, round: &RoundRef) -> Rendered {
    round.rendered(|view| watermark::render(view, &edge.keys))
}

/// What a document says apart from when it was made: from the round on, up to the signature.
fn content(document: &[u8]) -> &[u8] {
    const BEGINS: &[u8] = b",\"round_id\":";
    let at = |text: &[u8]| document.windows(text.len()).position(|part| part == text);
    let end = document.windows(SIGNATURE.len()).rposition(|part| part == SIGNATURE);
    &document[at(BEGINS).unwrap_or(0)..end.unwrap_or(document.len())]
}

/// The same document as server-sent events
///
/// Each event is `watermark`, its id the epoch and the serial. Sent when the document has changed,
/// once a second at most, and at once when the state of the round or of one of its lines changes,
/// a lobby is drawn, or something holds the sale up.
#[utoipa::path(get, path = "/v1/rounds/{round}/events", operation_id = "get_events", tag = "line",
    params(("Last-Event-ID" = Option<String>, Header,
        description = "the id of the last event: it is not sent again")),
    responses((status = 200, description = "the stream", body = String,
        content_type = "text/event-stream")))]
pub async fn show(call: Call) -> Answer {
    let (id, round) = call.round()?;
    let edge = call.edge();
    if edge.is_draining() {
        return Err(openrun_core::Refusal::Unavailable.into());
    }
    let body = if call.is_head() {
        BoxBody::new(NoBody::new())
    } else {
        let slot = Slot::take(&edge.streams).ok_or(openrun_core::Refusal::Overloaded)?;
        let mut frames = Follower::listen(edge, &id, &round);
        let first = frames.borrow_and_update().clone();
        let mut opening =
            format!("retry: {}\n\n", reply::jitter(RETRY_MS.0, RETRY_MS.1)).into_bytes();
        if call.header(LAST_EVENT_ID) != Some(&*first.id) {
            opening.extend_from_slice(&first.bytes);
        }
        BoxBody::new(BodyStream::new(stream_of(Bytes::from(opening), frames, slot)))
    };
    let mut response = HttpResponse::with_body(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, EVENT_STREAM);
    headers.insert(actix_web::http::header::CACHE_CONTROL, NO_STORE);
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

fn stream_of(
    opening: Bytes,
    frames: watch::Receiver<Frame>,
    slot: Slot,
) -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold((Some(opening), frames, slot), |(opening, mut frames, slot)| async move {
        if let Some(opening) = opening {
            return Some((Ok(opening), (None, frames, slot)));
        }
        // An error says that the follower has ended: so does the stream.
        frames.changed().await.ok()?;
        let bytes = frames.borrow_and_update().bytes.clone();
        Some((Ok(bytes), (None, frames, slot)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_document_is_no_news() {
        let document = |serial: u32, left: u32| {
            format!(
                "{{\"document\":\"x\",\"serial\":{serial},\"at\":{serial},\"round_id\":\"r\",\
                 \"left_won\":{left},\"signature\":{{\"ed25519\":\"{serial}\"}}}}"
            )
        };
        let (one, later, other) = (document(1, 5), document(2, 5), document(3, 4));
        assert_eq!(content(one.as_bytes()), content(later.as_bytes()));
        assert_ne!(content(one.as_bytes()), content(other.as_bytes()));
        assert_eq!(content(one.as_bytes()), b",\"round_id\":\"r\",\"left_won\":5");
    }
}
