//! The edge: tokens, tickets and passes; the document that everybody reads; and the two calls of
//! those who wait, whole, from the parsed request to the answer, without a socket.
//!
//! A server runs beside, on threads of its own: what they do is not counted.

use crate::{Case, count};
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, Error};
use futures_util::FutureExt;
use openrun::app::{self, Running};
use openrun::capacity;
use openrun::config::{Config, store_in};
use openrun::http::edge::Edge;
use openrun::http::pages::Site;
use openrun::http::{router, watermark};
use openrun::telemetry;
use openrun::trust::{Keys, Pass, Ticket};
use openrun_core::round_spec::LineId;
use openrun_core::{ChannelId, PersonKey, RoundId, Timestamp};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// 2026-11-22T12:00:00Z: tokens are checked at a time of ours.
const NOW: Timestamp = Timestamp(1_795_348_800_000);
const CALLS: usize = 100;
/// An Ed25519 signature is much work, and always the same.
const SIGNATURES: usize = 10;

/// Counts everything of the edge, with keys and a store in this folder.
pub async fn count_all(folder: &Path) {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config {
        public: any,
        ops: any,
        store: store_in(folder),
        data: folder.to_owned(),
        dev: true,
        workers: 1,
        ..Config::default()
    };
    let running = app::start(&config).await.expect("a server on a new store starts");
    capacity::prepare(&running.engine).await.expect("its rounds open");
    let keys = Arc::clone(&running.keys);
    for mut case in [token(&keys), ticket_made(&keys), ticket_checked(&keys), pass(&keys)] {
        count(&mut case);
    }
    let round = running.engine.round(&round()).expect("it is open");
    let (view, signing) = (round.view(), Arc::clone(&keys));
    count(&mut Case::new("watermark: document rendered and signed", SIGNATURES, move |_| {
        watermark::render(&view, &signing)
    }));
    whole_calls(&running, &keys).await;
    running.stop().await;
}

fn round() -> RoundId {
    RoundId::new(capacity::LINE).expect("a slug")
}

fn channel() -> ChannelId {
    ChannelId::new("seoul-pay").expect("a slug")
}

fn token(keys: &Arc<Keys>) -> Case {
    let make = |number: usize| {
        let person = format!("person-{number}");
        keys.make_person_token(&person, &channel(), "1990-12-31", NOW, 3_600).expect("is made")
    };
    let tokens: Vec<String> = (0..Case::all(CALLS)).map(make).collect();
    let keys = Arc::clone(keys);
    Case::new("token: of a person, checked for the first time", CALLS, move |number| {
        keys.verify_person(&tokens[number], NOW).expect("the token is good")
    })
}

fn ticket(number: usize) -> Ticket {
    let person = PersonKey::of_subject(&format!("person-{number}"));
    Ticket { round: round(), line: LineId(0), number: number as u64 + 1, person, at: NOW }
}

fn ticket_made(keys: &Arc<Keys>) -> Case {
    let tickets: Vec<Ticket> = (0..Case::all(CALLS)).map(ticket).collect();
    let keys = Arc::clone(keys);
    Case::new("ticket: made", CALLS, move |number| keys.seal_ticket(&tickets[number]))
}

fn ticket_checked(keys: &Arc<Keys>) -> Case {
    let sealed = |number| keys.seal_ticket(&ticket(number));
    let texts: Vec<String> = (0..Case::all(CALLS)).map(sealed).collect();
    let keys = Arc::clone(keys);
    Case::new("ticket: checked", CALLS, move |number| {
        keys.open_ticket(&texts[number]).expect("the ticket is good")
    })
}

fn pass(keys: &Arc<Keys>) -> Case {
    let keys = Arc::clone(keys);
    Case::new("pass: made", SIGNATURES, move |number| {
        let Ticket { round, line, number, person, .. } = ticket(number);
        keys.seal_pass(&Pass { round, line, number, person, expires_at: NOW })
    })
}

/// Where-am-I and the watermark document through the router, as a worker answers them.
async fn whole_calls(running: &Running, keys: &Arc<Keys>) {
    let site = Site { is_dev: true, folder: None };
    let edge = Edge::new(
        running.engine.clone(),
        running.merchants.directory.clone(),
        Arc::clone(keys),
        telemetry::metrics(),
        Duration::from_secs(5),
        None,
        site,
    );
    let api = router::public(true);
    let app = App::new().configure(|config| api.register(edge, config));
    let service = Rc::new(init_service(app).await);
    let (id, now) = (capacity::LINE, running.engine.now());
    let token = keys.make_person_token("somebody", &channel(), "1990-12-31", now, 3_600);
    let bearer = format!("Bearer {}", token.expect("is made"));
    let join = TestRequest::post().uri(&format!("/v1/rounds/{id}/tickets"));
    let join = join.insert_header(("authorization", bearer)).to_request();
    let answer = call_service(&*service, join).await;
    let place: serde_json::Value = read_body_json(answer).await;
    let ticket = place["ticket"].as_str().expect("a place has a ticket").to_owned();
    let where_am_i = move || {
        let path = format!("/v1/rounds/{id}/tickets/me");
        let request = TestRequest::get().uri(&path);
        request.insert_header(("openrun-ticket", ticket.clone())).to_request()
    };
    let path = format!("/v1/rounds/{id}/watermark");
    let document = move || TestRequest::get().uri(&path).to_request();
    count(&mut whole("where-am-I: answered", &service, where_am_i));
    count(&mut whole("watermark: answered", &service, document));
}

/// A call that is answered at once: nothing is waited for.
fn whole<S, R, B>(name: &'static str, service: &Rc<S>, request: impl Fn() -> R) -> Case
where
    S: Service<R, Response = ServiceResponse<B>, Error = Error> + 'static,
    R: 'static,
    B: MessageBody,
{
    let service = Rc::clone(service);
    // Made before anything is counted.
    let mut requests: Vec<_> = (0..Case::all(CALLS)).map(|_| Some(request())).collect();
    Case::new(name, CALLS, move |number| {
        let request = requests[number].take().expect("numbers are not used twice");
        let answered = service.call(request).now_or_never();
        let response = answered.expect("it is answered at once").expect("it is answered");
        assert_eq!(response.status(), StatusCode::OK);
    })
}
