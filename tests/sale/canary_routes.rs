//! Planted values through every route of both documents, in every part of a request that a stranger
//! can fill: who somebody is, their account, their tokens and keys stand in no log, metric, error
//! or export afterwards.
//!
//! The routes are those of the documents that the server hands out, and the forms of the pages
//! those of the router: a new one is walked without anybody thinking of it, and one with a body
//! that nobody thought of fails the test.

use crate::support::process::Process;
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::{Answer, Buyer, Request, Web, allowed, on_stage};
use openrun::http::router;
use openrun_core::PersonKey;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SUBJECT: &str = "canary-subject-b71c";
const ACCOUNT: &str = "canary-account-02fe";
const KEY: &str = "canary-key-c4d9";
const BODY: &str = "canary-body-6a18";
/// No secret: shows that the places are really read in which nothing else must be.
const ROUND: &str = "canary-control";
/// What staff name a program or a round is shown to everybody: no secret either.
const NAME: &str = "canary-name";
/// How long a stream that does not end is listened to.
const LISTEN: Duration = Duration::from_millis(250);

/// What was read in a place where nothing planted may stand.
struct Place {
    name: String,
    text: String,
}

/// Where a planted word stands, and which.
fn hits(places: &[Place], words: &BTreeSet<String>) -> Vec<String> {
    let hits = places.iter().flat_map(|place| {
        let here = words.iter().filter(move |word| place.text.contains(word.as_str()));
        here.map(move |word| {
            let at = place.text.find(word.as_str()).unwrap_or(0);
            let around: String = place.text[at..].chars().take(200).collect();
            format!("{word} in {}: {around}", place.name)
        })
    });
    hits.collect()
}

/// Somebody whose everything is planted, what they have, and what must stand nowhere.
struct Walk<'a> {
    server: &'a Process,
    ann: Buyer,
    purchase: String,
    voucher: String,
    planted: BTreeSet<String>,
    /// Given to their owner by answers that say yes, and to nobody else.
    given: BTreeSet<String>,
    places: Vec<Place>,
}

/// The part of a token that nobody else could have written.
fn signature(token: &str) -> String {
    token.rsplit('.').next().unwrap_or(token).to_owned()
}

/// What a route that takes one is sent, so that it says yes where it can.
fn body_of(operation: &str) -> Value {
    let name = json!({"ko": "시험", "en": "Test"});
    match operation {
        "sign_up" => json!({"accepted_terms": true, "account": ACCOUNT}),
        "buy" => json!({"amount_won": 10_000, "payment": {"method": "account"}}),
        "give" => json!({"to_person": format!("{SUBJECT}-2"), "amount_won": 10_000}),
        "spend" => json!({"merchant_id": "sample-seoul-bakery", "amount_won": 1_000}),
        "rail_webhook" => json!({"order_id": BODY}),
        "put_program" => json!({"name": name, "issuer": "seoul", "rules": citywide_rules()}),
        "put_round" => form().0,
        "post_notice" => json!({"text": name, "severity": "info"}),
        "give_share" => json!({"share": BODY}),
        "set_inlet" | "step_inlet" => json!({"rate_per_s": 50_000}),
        "ask_stock" => json!({"window": "all", "by_won": 10_000, "reason": "a test"}),
        "answer_stock" | "step_round" => json!({"reason": "a test"}),
        "import_people" => {
            json!({"channel": "seoul-pay", "people": [format!("{SUBJECT}-3")], "reason": "a test"})
        }
        "put_suspensions" => json!({"suspensions": []}),
        other => panic!("{other} is new and takes a body: say here what it is sent"),
    }
}

/// The path of every form of the pages, once for each thing that it does.
fn forms() -> Vec<String> {
    let routes = router::public(true).declared().into_iter();
    routes.filter(|route| route.terms.is_unwritten).flat_map(|route| route.paths).collect()
}

fn form() -> RoundForm {
    RoundForm::for_all(10_000_000).times("2022-07-14T10:00:00+09:00", "2099-01-01T00:00:00+09:00")
}

impl<'a> Walk<'a> {
    async fn begin(server: &'a Process) -> Walk<'a> {
        server.operator.define_open(ROUND, &form()).await;
        let mut ann = server.buyer(SUBJECT);
        allowed(server.web.send(&ann.sign_up_request(ACCOUNT)).await);
        allowed(server.buyer(&format!("{SUBJECT}-2")).sign_up().await);
        ann.get_pass(ROUND).await;
        let bought = allowed(ann.buy(ROUND, KEY, 100_000).await);
        let text = |field: &str| bought[field].as_str().expect("an id").to_owned();
        let (purchase, voucher) = (text("id"), text("voucher_id"));
        let person = PersonKey::of_subject(SUBJECT).0;
        let mut planted: BTreeSet<String> =
            [SUBJECT, ACCOUNT, KEY, BODY].into_iter().map(str::to_owned).collect();
        planted.insert(person.iter().map(|byte| format!("{byte:02x}")).collect());
        planted.extend([&ann.token, &server.operator.token].map(|token| signature(token)));
        let given = [&ann.ticket, &ann.pass].map(|it| signature(it.as_deref().expect("given")));
        let (given, places) = (given.into_iter().collect(), Vec::new());
        Walk { server, ann, purchase, voucher, planted, given, places }
    }

    /// The path with what is there in the place of each parameter.
    fn path_of(&self, template: &str) -> String {
        let id = if template.contains("/vouchers/") { &self.voucher } else { &self.purchase };
        [
            ("{round}", ROUND),
            ("{program}", CITYWIDE),
            ("{class}", "everyone"),
            ("{merchant}", "sample-seoul-bakery"),
            ("{step}", "pause"),
            ("{answer}", "confirm"),
            ("{name}", "openrun.css"),
            ("{file}", "client.js"),
            ("{id}", id),
        ]
        .into_iter()
        .fold(template.to_owned(), |path, (parameter, value)| path.replace(parameter, value))
    }

    /// Everything of one document.
    async fn walk(&mut self, address: SocketAddr, token: &str) {
        let document = Request::new("GET", "/openapi.json");
        let document = Web::new(address).send(&document).await.json();
        for (template, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let method = match method.as_str() {
                    "get" => "GET",
                    "put" => "PUT",
                    "post" => "POST",
                    "patch" => "PATCH",
                    "delete" => "DELETE",
                    _ => continue,
                };
                for request in self.requests(method, template, operation, token) {
                    self.send(address, template, operation, &request).await;
                }
            }
        }
    }

    /// One that is meant to work, and others in which each part is planted in turn.
    fn requests(
        &self,
        method: &'static str,
        template: &str,
        operation: &Value,
        token: &str,
    ) -> Vec<Request> {
        let name = operation["operationId"].as_str().expect("each has a name");
        let path = self.path_of(template);
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let of = |place: &'static str| {
            let here = parameters.iter().filter(move |it| it["in"] == place);
            here.filter_map(|it| it["name"].as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        let at = |path: &str| Request::new(method, path).bearer(token);
        let with_headers = |path: &str| {
            of("header").iter().fold(at(path), |request, header| {
                let value = match header.to_lowercase().as_str() {
                    "openrun-ticket" => self.ann.ticket.clone(),
                    "openrun-pass" => self.ann.pass.clone(),
                    "idempotency-key" => Some(format!("{KEY}-{name}")),
                    _ => None,
                };
                request.replaced(header, value.as_deref())
            })
        };
        let has_body = operation["requestBody"].is_object();
        let names = token == self.server.operator.token && method != "GET" && method != "DELETE";
        let word = if names { NAME } else { BODY };
        let good = |path: &str| match has_body {
            true => with_headers(path).json(&body_of(name)),
            false => with_headers(path),
        };
        let asked = if name == "look_up_purchase" { "?reason=a%20test" } else { "" };
        let mut all = vec![good(&format!("{path}{asked}"))];
        for parameter in of("path") {
            let planted = template.replace(&format!("{{{parameter}}}"), word);
            all.push(good(&self.path_of(&planted)));
        }
        for parameter in of("query") {
            // A reason stands in the log of the staff: that is what it is for. What somebody looks
            // for stands in the field of the page where they typed it.
            let is_shown =
                parameter == "reason" || (name, &*parameter) == ("find_merchant_page", "text");
            let word = if is_shown { NAME } else { BODY };
            all.push(good(&format!("{path}?{parameter}={word}")));
        }
        for header in of("header") {
            let planted = format!("{KEY}.{BODY} {KEY}");
            all.push(good(&path).replaced(&header, Some(&planted)));
            all.push(good(&path).replaced(&header, Some(&format!("{KEY}.{KEY}.{BODY}"))));
        }
        all.push(good(&path).replaced("authorization", Some(&format!("Bearer {token}x"))));
        all.push(good(&path).replaced("authorization", Some(&format!("Basic {BODY}"))));
        all.push(good(&path).json(&json!({BODY: SUBJECT, "account": ACCOUNT})));
        all.push(good(&path).body("application/json", format!("{{\"{BODY}\": \"{SUBJECT}")));
        all.push(good(&path).body(BODY, format!("{ACCOUNT}&token={token}")));
        if has_body {
            let fields = planted_fields(&body_of(name), word);
            all.extend(fields.map(|body| good(&path).json(&body)));
        }
        all
    }

    async fn send(
        &mut self,
        address: SocketAddr,
        template: &str,
        operation: &Value,
        request: &Request,
    ) {
        let endless = template.ends_with("/events");
        let (status, text) = fetch(address, request, endless).await;
        assert!(status < 500 || status == 503, "{request:?} was answered {text}");
        let name = operation["operationId"].as_str().unwrap_or_default();
        let is_ops = address == self.server.ops;
        if status < 300 && !is_ops {
            // What somebody is given is theirs; it stands nowhere else.
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            let told: Value = serde_json::from_str(body).unwrap_or_default();
            let given = ["ticket", "pass"].map(|field| told[field].as_str().map(signature));
            self.given.extend(given.into_iter().flatten());
        }
        // Who enters is given their own token to keep.
        let is_form = name == "form" && status < 400;
        let text = match is_form {
            true => text.lines().filter(|line| !line.starts_with("set-cookie:")).collect(),
            false => text,
        };
        let kind = if status < 400 { "yes" } else { "error" };
        let whose = if is_ops { "ops" } else { "public" };
        self.places.push(Place { name: format!("{whose} {kind}: {name}, {status}"), text });
    }

    /// Forms are no part of a document: the router knows them.
    async fn forms(&mut self) {
        let planted = format!(
            "token={}&account={ACCOUNT}&key={KEY}&amount_won={BODY}&to_person={SUBJECT}%20{BODY}\
             &voucher={}",
            self.ann.token, self.voucher
        );
        let form = json!({"operationId": "form"});
        let public = self.server.public;
        for template in forms() {
            let path = self.path_of(&template);
            assert!(
                !path.contains('{'),
                "{template} is new: say what is in the place of its names"
            );
            let post = Request::new("POST", &path).header("sec-fetch-site", "same-origin");
            let kind = "application/x-www-form-urlencoded";
            for cookie in [
                BODY.to_owned(),
                format!("openrun_token={BODY}; {KEY}={SUBJECT}"),
                format!("openrun_token={}", self.ann.token),
            ] {
                let post = post.clone().header("cookie", cookie).body(kind, planted.clone());
                self.send(public, &path, &form, &post).await;
            }
        }
    }
}

/// The same body with each of its words planted in turn.
fn planted_fields(good: &Value, word: &'static str) -> impl Iterator<Item = Value> + use<> {
    let fields: Vec<String> =
        good.as_object().map(|it| it.keys().cloned().collect()).unwrap_or_default();
    let good = good.clone();
    fields.into_iter().filter(|field| field != "reason").map(move |field| {
        let mut body = good.clone();
        body[&field] = json!(format!("{word} {word}"));
        body
    })
}

/// Sends a request on a connection of its own; the status and all that came.
async fn fetch(address: SocketAddr, request: &Request, endless: bool) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let request = request.clone().header("connection", "close");
    stream.write_all(&request.bytes()).await.expect("the server reads");
    let (mut raw, long) = (Vec::new(), Duration::from_secs(30));
    while endless && !raw.windows(4).any(|end| end == b"\r\n\r\n") {
        let more = tokio::time::timeout(long, stream.read_buf(&mut raw)).await;
        if matches!(more.expect("an answer"), Err(_) | Ok(0)) {
            break;
        }
    }
    let patience = if endless { LISTEN } else { long };
    let read = tokio::time::timeout(patience, stream.read_to_end(&mut raw)).await;
    assert!(endless || read.is_ok(), "no end of an answer: {request:?}");
    let text = String::from_utf8_lossy(&raw).into_owned();
    let status = text.get(9..12).and_then(|digits| digits.parse().ok());
    (status.unwrap_or_else(|| panic!("no answer to {request:?}: {text}")), text)
}

/// Everything that ever wrote something down, after a walk.
async fn written_down(mut walk: Walk<'_>) -> (Vec<Place>, BTreeSet<String>) {
    let server = walk.server;
    let own = |name: &str, text: String| Place { name: name.to_owned(), text };
    walk.places.push(own("metrics", server.operator.metrics().await));
    let settlement = format!("/v1/admin/rounds/{ROUND}/settlement");
    walk.places.push(own("settlement", answered(server.operator.get(&settlement).await)));
    let log = server.operator.get("/v1/admin/log?limit=100").await;
    walk.places.push(own("admin log", answered(log)));
    for arguments in [&["audit"][..], &["audit", "--json"]] {
        walk.places.push(own("audit", server.command_on_store(arguments)));
    }
    // A ticket is given to its owner, and an error or a log is no owner.
    let is_yes = |place: &Place| place.name.starts_with("public yes");
    let (yes, other): (Vec<Place>, Vec<Place>) = walk.places.into_iter().partition(is_yes);
    assert_eq!(hits(&yes, &walk.planted), Vec::<String>::new());
    let words: BTreeSet<String> = walk.planted.union(&walk.given).cloned().collect();
    (other, words)
}

fn answered(answer: Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text()
}

/// What the walk is given is neither nothing nor the names of what it should be.
#[test]
fn every_form_is_found_with_all_that_it_does() {
    let all = forms();
    for form in ["/enter", "/exit", "/rounds/{round}/buy", "/rounds/{round}/leave"] {
        assert!(all.iter().any(|path| path == form), "{form} is not among {all:?}");
    }
    for form in ["/me/vouchers/{id}/gift", "/pay/{merchant}"] {
        assert!(all.iter().any(|path| path == form), "{form} is not among {all:?}");
    }
}

/// S18, S32.
#[test]
fn no_route_of_either_document_leaves_anything_of_a_person_behind() {
    on_stage(async {
        let server = Process::start("trace").await;
        let mut walk = Walk::begin(&server).await;
        let (ann, staff) = (walk.ann.token.clone(), server.operator.token.clone());
        walk.walk(server.public, &ann).await;
        walk.forms().await;
        walk.walk(server.ops, &staff).await;
        let walked = walk.places.len();
        assert!(walked > 400, "only {walked} requests were made");
        let (mut places, words) = written_down(walk).await;
        let (code, log) = server.terminate();
        assert_eq!(code, Some(0));
        places.push(Place { name: "log".to_owned(), text: log });
        assert_eq!(hits(&places, &words), Vec::<String>::new(), "of {} words", words.len());
        finds_what_is_there(&places);
    });
}

/// The negative control: the same search finds what may stand there, and finds a planted word in
/// any of the places.
fn finds_what_is_there(places: &[Place]) {
    let control = [ROUND.to_owned()].into_iter().collect();
    let found = hits(places, &control);
    for place in ["metrics", "ops yes", "admin log"] {
        let is_in = |hit: &String| hit.starts_with(&format!("{ROUND} in {place}"));
        assert!(found.iter().any(is_in), "{place} was not read: {} hits", found.len());
    }
    let log = places.iter().find(|it| it.name.starts_with("log")).expect("it was kept");
    let told = log.text.split_once("\"ready\"").map_or(0, |(_, after)| after.lines().count());
    assert!(told > 100, "what was asked is in the log: {told} lines");
    for (place, word) in [("settlement", "total"), ("audit", "sold"), ("public error", "code")] {
        let is_there = |it: &Place| it.name.starts_with(place) && it.text.contains(word);
        assert!(places.iter().any(is_there), "{place} was not read");
    }
}
