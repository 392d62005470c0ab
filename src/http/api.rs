//! How routes are declared: path, method, handler, and the terms on which it answers.
//!
//! One declaration serves three times: actix-web routes by it, the meter names it, and the OpenAPI
//! document takes parameters, security and every refusal from it. Unknown paths and methods answer
//! as problems too.

use super::call::{Answer, Call, IDEMPOTENCY_KEY, PASS, TICKET};
use super::edge::Edge;
use super::meter::RouteMeter;
use super::problem::Problem;
use actix_web::dev::{ServiceRequest, ServiceResponse, fn_service};
use actix_web::guard::{self, Guard};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route};
use openrun_core::Refusal;
use std::convert::Infallible;
use std::future::Future;
use std::rc::Rc;
use std::time::Instant;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REFERRER_POLICY: HeaderName = HeaderName::from_static("referrer-policy");

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody.
    Anyone,
    /// A person with a token of their channel.
    Person,
    /// Whoever shows a ticket.
    Ticket,
    /// Staff with a token, in any role.
    Viewer,
    /// Staff in the role of an operator.
    Operator,
}

/// On which terms a route answers.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Who may call.
    pub who: Who,
    /// Headers beside the token, each with whether it is required.
    pub headers: &'static [(&'static str, bool)],
    /// Whether it reads a body.
    pub has_body: bool,
    /// Further codes of refusals.
    pub may: &'static [&'static str],
}

impl Terms {
    const fn of(who: Who) -> Terms {
        Terms { who, headers: &[], has_body: false, may: &[] }
    }

    /// It reads a body.
    #[must_use]
    pub const fn body(self) -> Terms {
        Terms { has_body: true, ..self }
    }

    /// It may also refuse with these codes.
    #[must_use]
    pub const fn may(self, may: &'static [&'static str]) -> Terms {
        Terms { may, ..self }
    }

    /// It reads these headers too.
    #[must_use]
    pub const fn headers(self, headers: &'static [(&'static str, bool)]) -> Terms {
        Terms { headers, ..self }
    }

    /// All codes that it may refuse with.
    #[must_use]
    pub fn codes(&self) -> Vec<&'static str> {
        let by_who: &[&str] = match self.who {
            Who::Anyone => &[],
            Who::Person => &["unauthenticated"],
            Who::Ticket => &["ticket-invalid"],
            Who::Viewer | Who::Operator => &["unauthenticated", "forbidden"],
        };
        let by_body: &[&str] = match self.has_body {
            true => &["malformed", "body-too-large", "unsupported-media-type"],
            false => &[],
        };
        [by_who, by_body, self.may].concat()
    }
}

/// Anybody may call.
pub const ANYONE: Terms = Terms::of(Who::Anyone);
/// A person's token is needed.
pub const PERSON: Terms = Terms::of(Who::Person);
/// A ticket is needed, and nothing else.
pub const SHOWN_TICKET: Terms = Terms::of(Who::Ticket).headers(&[(TICKET, true)]);
/// Joining: a ticket may come along.
pub const JOINING: Terms = Terms::of(Who::Person).headers(&[(TICKET, false)]);
/// Buying.
pub const BUYING: Terms =
    Terms::of(Who::Person).headers(&[(PASS, true), (IDEMPOTENCY_KEY, true)]).body();
/// A staff token is needed.
pub const VIEWER: Terms = Terms::of(Who::Viewer);
/// A staff token of an operator is needed.
pub const OPERATOR: Terms = Terms::of(Who::Operator).body();

/// A route as declared.
#[derive(Debug, Clone)]
pub struct Declared {
    /// The path with its parameters in braces.
    pub path: String,
    /// `GET`, `POST`, …
    pub method: Method,
    /// On which terms it answers.
    pub terms: Terms,
}

/// One path with its methods.
pub struct At {
    path: &'static str,
    resource: Resource,
    declared: Vec<Declared>,
}

/// Begins a path. A parameter is `{name}`, or `{name:a|b}` for a choice of words.
#[must_use]
pub fn at(path: &'static str) -> At {
    At { path, resource: web::resource(path), declared: Vec::new() }
}

macro_rules! methods {
    ($($name:ident $method:ident $text:literal),*) => { $(
        #[doc = concat!("Answers ", $text, ".")]
        #[must_use]
        pub fn $name<F, Fut>(self, handler: F, terms: Terms) -> At
        where
            F: Fn(Call) -> Fut + Clone + 'static,
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
        F: Fn(Call) -> Fut + Clone + 'static,
        Fut: Future<Output = Answer> + 'static,
    {
        let path = documented(self.path);
        let route = web::route().guard(MethodIs(method.clone()));
        let meter = RouteMeter::new(path.clone(), text);
        self.resource = self.resource.route(answering(route, meter, handler));
        self.declared.push(Declared { path, method, terms });
        self
    }

    fn allow(&self) -> String {
        let mut names: Vec<&str> = self.declared.iter().map(|d| d.method.as_str()).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.join(", ")
    }
}

/// GET answers HEAD too: the server leaves the body out.
struct MethodIs(Method);

impl Guard for MethodIs {
    fn check(&self, context: &guard::GuardContext<'_>) -> bool {
        let asked = &context.head().method;
        *asked == self.0 || (*asked == Method::HEAD && self.0 == Method::GET)
    }
}

/// `/v1/rounds/{round}/{step:open|close}` is documented as `/v1/rounds/{round}/{step}`.
fn documented(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.split_once(':') {
        Some((name, _)) => format!("{name}}}"),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

/// All routes of a listener.
#[derive(Default)]
pub struct Api {
    paths: Vec<At>,
}

impl Api {
    /// Adds a path.
    pub fn add(&mut self, at: At) {
        self.paths.push(at);
    }

    /// The routes as declared.
    #[must_use]
    pub fn declared(&self) -> Vec<Declared> {
        self.paths.iter().flat_map(|at| at.declared.clone()).collect()
    }

    /// Hands the routes to actix-web, in the order of their declaration.
    pub fn register(self, config: &mut ServiceConfig) {
        for at in self.paths {
            let allow = HeaderValue::from_str(&at.allow()).expect("names of methods are ASCII");
            let meter = RouteMeter::new(documented(at.path), "other");
            let refuse =
                move |_: Call| std::future::ready(Err(Problem::method_not_allowed(allow.clone())));
            let refused = answering(web::route(), meter, refuse);
            config.service(at.resource.default_service(refused));
        }
        let meter = RouteMeter::new("unmatched".to_owned(), "other");
        let nothing = |_: Call| std::future::ready(Err(Problem::from(Refusal::NotFound)));
        config.default_service(answering(web::route(), meter, nothing));
    }
}

fn answering<F, Fut>(route: Route, meter: RouteMeter, handler: F) -> Route
where
    F: Fn(Call) -> Fut + Clone + 'static,
    Fut: Future<Output = Answer> + 'static,
{
    let meter = Rc::new(meter);
    route.service(fn_service(move |request: ServiceRequest| {
        let started = Instant::now();
        let meter = Rc::clone(&meter);
        let (request, payload) = request.into_parts();
        let answer = handler(Call::new(request.clone(), payload));
        async move {
            let response = finish(&request, answer.await);
            meter.record(response.status(), started.elapsed());
            Ok::<_, Infallible>(ServiceResponse::new(request, response))
        }
    }))
}

/// What every answer carries, whatever it says.
fn finish(request: &HttpRequest, answer: Answer) -> HttpResponse {
    let mut response = answer.unwrap_or_else(|problem| {
        let edge = request.app_data::<Edge>().expect("both listeners put the edge there");
        problem.respond(edge, request)
    });
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(REQUEST_ID, request_id(request));
    response
}

/// The client's own id of the request when it is a plain word of at most 64 characters, else a new
/// one.
fn request_id(request: &HttpRequest) -> HeaderValue {
    let plain = |c: &u8| c.is_ascii_alphanumeric() || b"-_.".contains(c);
    let sent = request
        .headers()
        .get(&REQUEST_ID)
        .filter(|id| (1..=64).contains(&id.len()) && id.as_bytes().iter().all(plain));
    sent.cloned().unwrap_or_else(|| {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let number: u64 = rand::random();
        let digits: [u8; 16] =
            std::array::from_fn(|i| DIGITS[usize::from((number >> (i * 4)) as u8 & 15)]);
        HeaderValue::from_bytes(&digits).expect("hexadecimal digits are ASCII")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_words_is_documented_as_a_parameter() {
        for (path, documented_as) in [
            ("/v1/rounds", "/v1/rounds"),
            ("/v1/rounds/{round}/{step:open|close}", "/v1/rounds/{round}/{step}"),
        ] {
            assert_eq!(documented(path), documented_as);
        }
    }
}
