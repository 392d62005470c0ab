//! How routes are declared: path, method, handler, and the terms on which it answers.
//!
//! One declaration serves three times: requests are routed by it, the meter names it, and the
//! OpenAPI document takes parameters, security and every refusal from it. Unknown paths and methods
//! answer as problems too. actix-web hands every request to one service, which finds the route (see
//! [`super::pattern`] for the reason).

use super::call::{Answer, Call, TICKET};
use super::edge::Edge;
use super::meter::RouteMeter;
use super::pattern::Pattern;
use super::problem::Problem;
use super::terms::{Terms, Who};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse, fn_service};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::future::LocalBoxFuture;
use openrun_actors::Entrance;
use openrun_core::{Feature, Refusal};
use std::convert::Infallible;
use std::future::{Future, ready};
use std::rc::Rc;
use std::time::Instant;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

type Handler = dyn Fn(&Rc<Edge>, HttpRequest, Payload) -> Response;
type Response = LocalBoxFuture<'static, Result<ServiceResponse, Infallible>>;

/// A route as declared.
#[derive(Debug, Clone)]
pub struct Declared {
    /// The path with its parameters in braces.
    pub path: String,
    /// The same, once for each choice of words.
    pub paths: Vec<String>,
    /// `GET`, `POST`, …
    pub method: Method,
    /// On which terms it answers.
    pub terms: Terms,
}

/// One path with its methods.
pub struct At {
    pattern: Rc<Pattern>,
    methods: Vec<(Declared, Box<Handler>)>,
    refuse: Option<Box<Handler>>,
}

/// Begins a path; see [`Pattern`] for how parameters are written.
#[must_use]
pub fn at(path: &'static str) -> At {
    At { pattern: Rc::new(Pattern::new(path)), methods: Vec::new(), refuse: None }
}

macro_rules! methods {
    ($($name:ident $method:ident $text:literal),*) => { $(
        #[doc = concat!("Answers ", $text, ".")]
        #[must_use]
        pub fn $name<F, Fut>(self, handler: F, terms: Terms) -> At
        where
            F: Fn(Call) -> Fut + 'static,
            Fut: Future<Output = Answer> + 'static,
        {
            self.on(Method::$method, $text, handler, terms)
        }
    )* };
}

impl At {
    methods!(get GET "GET", put PUT "PUT", post POST "POST", patch PATCH "PATCH",
        delete DELETE "DELETE");

    fn on<F, Fut>(mut self, method: Method, text: &'static str, handler: F, terms: Terms) -> At
    where
        F: Fn(Call) -> Fut + 'static,
        Fut: Future<Output = Answer> + 'static,
    {
        let path = self.pattern.documented();
        let meter = RouteMeter::new(path.clone(), text);
        // What everybody shares may come from a cache: an id of one request has no place in it.
        let is_shared = terms.who == Who::Anyone;
        let guard = Guard { is_shared, feature: terms.feature, entrance: terms.entrance };
        let handler = answering(Rc::clone(&self.pattern), meter, guard, handler);
        let paths = self.pattern.spelled_out();
        self.methods.push((Declared { path, paths, method, terms }, handler));
        self
    }

    /// GET answers HEAD too: the server leaves the body out.
    fn handler(&self, asked: &Method) -> Option<&Handler> {
        let fits =
            |method: &Method| method == asked || (*asked == Method::HEAD && *method == Method::GET);
        let found = self.methods.iter().find(|(declared, _)| fits(&declared.method));
        found.map(|(_, handler)| &**handler).or(self.refuse.as_deref())
    }

    /// With an answer to every other method, which names those that are there.
    fn complete(self) -> At {
        let mut names: Vec<&str> = self.methods.iter().map(|(d, _)| d.method.as_str()).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        let allow = HeaderValue::from_str(&names.join(", ")).expect("names of methods are ASCII");
        let meter = RouteMeter::new(self.pattern.documented(), "other");
        let refuse = move |_: Call| ready(Err(Problem::method_not_allowed(allow.clone())));
        let refuse = answering(Rc::clone(&self.pattern), meter, Guard::default(), refuse);
        At { refuse: Some(refuse), ..self }
    }
}

/// All routes of a listener.
#[derive(Default)]
pub struct Api {
    paths: Vec<At>,
}

impl Api {
    /// Adds a path. Paths are tried in the order in which they were added.
    pub fn add(&mut self, at: At) {
        self.paths.push(at.complete());
    }

    /// The routes as declared.
    #[must_use]
    pub fn declared(&self) -> Vec<Declared> {
        let all = self.paths.iter().flat_map(|at| &at.methods);
        all.map(|(declared, _)| declared.clone()).collect()
    }

    /// Hands the routes to actix-web.
    pub fn register(self, edge: Edge, config: &mut ServiceConfig) {
        let (paths, edge) = (Rc::new(self.paths), Rc::new(edge));
        let meter = RouteMeter::new("unmatched".to_owned(), "other");
        let nothing = |_: Call| ready(Err(Problem::from(Refusal::NotFound)));
        let nothing: Rc<Handler> =
            answering(Rc::new(Pattern::new("/")), meter, Guard::default(), nothing).into();
        let service = fn_service(move |request: ServiceRequest| {
            let path = request.match_info().as_str();
            let at = paths.iter().find(|at| at.pattern.matches(path));
            let handler = at.and_then(|at| at.handler(request.method())).unwrap_or(&*nothing);
            let (request, payload) = request.into_parts();
            handler(&edge, request, payload)
        });
        config.default_service(web::route().service(service));
    }
}

/// What is looked at before anything is read or checked: what is switched off, and what there is no
/// room for, shall cost next to nothing.
#[derive(Debug, Clone, Copy, Default)]
struct Guard {
    is_shared: bool,
    feature: Option<Feature>,
    entrance: Option<Entrance>,
}

impl Guard {
    fn check(self, call: &Call) -> Result<(), Refusal> {
        let engine = &call.edge().engine;
        if let Some(feature) = self.feature {
            engine.check_feature(feature, None)?;
        }
        match self.entrance {
            // Who shows a ticket has a place, most likely: whether that is so is looked at inside,
            // and whoever takes a new one after all meets the same bound there.
            Some(Entrance::Line) if call.header(TICKET).is_some() => Ok(()),
            Some(entrance) => engine.check_room(entrance, call.segment("round")),
            None => Ok(()),
        }
    }
}

fn answering<F, Fut>(
    pattern: Rc<Pattern>,
    meter: RouteMeter,
    guard: Guard,
    handler: F,
) -> Box<Handler>
where
    F: Fn(Call) -> Fut + 'static,
    Fut: Future<Output = Answer> + 'static,
{
    let meter = Rc::new(meter);
    Box::new(move |edge, request, payload| {
        let started = Instant::now();
        let (edge, meter) = (Rc::clone(edge), Rc::clone(&meter));
        let call = Call::new(Rc::clone(&edge), Rc::clone(&pattern), request.clone(), payload);
        let entered = match guard.check(&call) {
            Ok(()) => Ok(handler(call)),
            Err(refused) => Err((refused, call)),
        };
        Box::pin(async move {
            let answer = match entered {
                Ok(answer) => answer.await,
                Err((refused, mut call)) => {
                    call.discard().await;
                    Err(refused.into())
                }
            };
            let response = finish(&edge, &request, guard.is_shared, answer);
            meter.record(response.status(), started.elapsed());
            Ok(ServiceResponse::new(request, response))
        })
    })
}

/// What every answer carries, whatever it says.
fn finish(edge: &Edge, request: &HttpRequest, is_shared: bool, answer: Answer) -> HttpResponse {
    let makes_id = !is_shared || answer.is_err();
    let mut response = answer.unwrap_or_else(|problem| problem.respond(edge, request));
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(id) = sent_id(request) {
        headers.insert(REQUEST_ID, id);
    } else if makes_id {
        headers.insert(REQUEST_ID, new_id());
    }
    response
}

/// The client's own id of the request, when it is a plain word of at most 64 characters.
fn sent_id(request: &HttpRequest) -> Option<HeaderValue> {
    let plain = |c: &u8| c.is_ascii_alphanumeric() || b"-_.".contains(c);
    let sent = request.headers().get(&REQUEST_ID)?;
    let fits = (1..=64).contains(&sent.len()) && sent.as_bytes().iter().all(plain);
    fits.then(|| sent.clone())
}

fn new_id() -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let number: u64 = rand::random();
    let digits: [u8; 16] =
        std::array::from_fn(|i| DIGITS[usize::from((number >> (i * 4)) as u8 & 15)]);
    HeaderValue::from_bytes(&digits).expect("hexadecimal digits are ASCII")
}
