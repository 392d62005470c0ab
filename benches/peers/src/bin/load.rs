//! The load generator: one measured phase a run, and one line of JSON with what came of it.
//!
//! Sets up what its phase needs (people signed up, in line, with a pass) before the clock starts.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use peers::closed_loop::{Load, OnAnswer, Outcome, Until, run};
use peers::people::Keys;
use peers::wire;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A closed-loop load generator for openrun and its peers.
#[derive(Parser)]
struct Arguments {
    /// Where the server listens, as host:port.
    #[arg(long, global = true, default_value = "127.0.0.1:8080")]
    address: String,
    #[arg(long, global = true, default_value_t = 256)]
    connections: usize,
    #[arg(long, global = true, default_value_t = 2)]
    threads: usize,
    /// How long a phase lasts that can be repeated for ever.
    #[arg(long, global = true, default_value_t = 5)]
    seconds: u64,
    /// Different people.
    #[arg(long, global = true, default_value_t = 20_000)]
    people: usize,
    /// The first person's number, to continue where another run ended.
    #[arg(long, global = true, default_value_t = 0)]
    first: usize,
    /// Folder with `<channel>.hs256`.
    #[arg(long, global = true, default_value = "openrun-data/keys/channels")]
    keys: PathBuf,
    /// The round that openrun sells.
    #[arg(long, global = true, default_value = "bench")]
    round: String,
    #[command(subcommand)]
    phase: Phase,
}

#[derive(Subcommand)]
enum Phase {
    /// GET one path, for --seconds.
    Get { path: String },
    /// POST a purchase's JSON with each person's token, for --seconds.
    Post { path: String },
    /// Every person joins the line once.
    OpenrunJoin,
    /// Every person signs up, joins and claims before the clock starts, then buys once.
    OpenrunPurchase,
    /// Every person joins before the clock starts, then asks where they are, for --seconds.
    OpenrunWhere,
    /// GET the watermark document, for --seconds.
    OpenrunWatermark,
}

struct Place {
    ticket: String,
    pass: Option<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let outcome = match &arguments.phase {
        Phase::Get { path } => arguments.repeat(vec![wire::get(path, &[])])?,
        Phase::Post { path } => arguments.repeat(arguments.posts(path)?)?,
        Phase::OpenrunJoin => arguments.once(arguments.joins()?, None)?,
        Phase::OpenrunPurchase => arguments.purchase()?,
        Phase::OpenrunWhere => arguments.where_am_i()?,
        Phase::OpenrunWatermark => {
            let path = format!("/v1/rounds/{}/watermark", arguments.round);
            arguments.repeat(vec![wire::get(&path, &[])])?
        }
    };
    println!("{}", report(&outcome));
    Ok(())
}

fn report(outcome: &Outcome) -> serde_json::Value {
    serde_json::json!({
        "requests": outcome.requests(),
        "seconds": outcome.elapsed.as_secs_f64(),
        "per_second": outcome.per_second(),
        "p50_ms": outcome.percentile_ms(0.5),
        "p99_ms": outcome.percentile_ms(0.99),
        "max_ms": outcome.percentile_ms(1.0),
        "statuses": outcome.statuses,
        "samples": outcome.samples,
    })
}

impl Arguments {
    fn load(&self) -> Load {
        Load { address: self.address.clone(), connections: self.connections, threads: self.threads }
    }

    fn repeat(&self, requests: Vec<Vec<u8>>) -> Result<Outcome> {
        let until = Until::Elapsed(Duration::from_secs(self.seconds));
        run(&self.load(), Arc::new(requests), until, None)
    }

    fn once(&self, requests: Vec<Vec<u8>>, on_answer: Option<OnAnswer>) -> Result<Outcome> {
        run(&self.load(), Arc::new(requests), Until::AllSent, on_answer)
    }

    /// Everybody's `Authorization` header.
    fn bearers(&self) -> Result<Vec<String>> {
        let keys = Keys::read(&self.keys)?;
        let people = self.first..self.first + self.people;
        Ok(people.map(|n| format!("Bearer {}", keys.token(n))).collect())
    }

    /// A body of 111 bytes, as a purchase's.
    fn posts(&self, path: &str) -> Result<Vec<Vec<u8>>> {
        let body = concat!(
            r#"{"amount_won":300000,"payment":{"method":"account"},"#,
            r#""note":"padding as long as a channel's own data is"}"#
        );
        let body = format!("{body:<111}");
        let bearers = self.bearers()?;
        let request = |bearer: &String| wire::post(path, &[("Authorization", bearer)], &body);
        Ok(bearers.iter().map(request).collect())
    }

    fn joins(&self) -> Result<Vec<Vec<u8>>> {
        let path = format!("/v1/rounds/{}/tickets", self.round);
        let bearers = self.bearers()?;
        let request = |bearer: &String| wire::post(&path, &[("Authorization", bearer)], "{}");
        Ok(bearers.iter().map(request).collect())
    }

    fn sign_up(&self) -> Result<()> {
        let body = r#"{"accepted_terms":true,"account":"110-000-000000"}"#;
        let bearers = self.bearers()?;
        let request =
            |bearer: &String| wire::post("/v1/people", &[("Authorization", bearer)], body);
        let outcome = self.once(bearers.iter().map(request).collect(), None)?;
        expect(&outcome, &[200, 201], "sign-up")
    }

    /// Everybody joins; answers with everybody's place.
    fn join(&self) -> Result<Vec<Place>> {
        self.places(self.joins()?, "join")
    }

    /// Sends requests that are answered with a place each.
    fn places(&self, requests: Vec<Vec<u8>>, what: &str) -> Result<Vec<Place>> {
        let places: Vec<_> = requests.iter().map(|_| Mutex::new(None)).collect();
        let places = Arc::new(places);
        let kept = places.clone();
        let on_answer: OnAnswer = Arc::new(move |number, _, body| {
            *kept[number].lock().expect("nobody panics while holding it") = parse_place(body);
        });
        let outcome = self.once(requests, Some(on_answer))?;
        expect(&outcome, &[200, 201], what)?;
        let taken = places.iter().map(|place| place.lock().ok().and_then(|mut place| place.take()));
        taken
            .map(|place| place.with_context(|| format!("{what}: no ticket in an answer")))
            .collect()
    }

    fn where_am_i(&self) -> Result<Outcome> {
        let path = format!("/v1/rounds/{}/tickets/me", self.round);
        let places = self.join()?;
        let request = |place: &Place| wire::get(&path, &[("Openrun-Ticket", &place.ticket)]);
        self.repeat(places.iter().map(request).collect())
    }

    fn purchase(&self) -> Result<Outcome> {
        self.sign_up()?;
        let passes = self.passes(self.join()?)?;
        let path = format!("/v1/rounds/{}/purchases", self.round);
        let body = r#"{"amount_won":300000,"payment":{"method":"account"}}"#;
        let bearers = self.bearers()?;
        let request = |(number, (bearer, pass)): (usize, (&String, &String))| {
            let key = format!("bench-{}", self.first + number);
            let headers = [
                ("Authorization", bearer.as_str()),
                ("Openrun-Pass", pass),
                ("Idempotency-Key", &key),
            ];
            wire::post(&path, &headers, body)
        };
        self.once(bearers.iter().zip(&passes).enumerate().map(request).collect(), None)
    }

    /// Everybody's pass: at once where joining gave it, else claimed as the watermark comes by.
    fn passes(&self, mut places: Vec<Place>) -> Result<Vec<String>> {
        const TRIES: usize = 600;
        let path = format!("/v1/rounds/{}/passes", self.round);
        let claim = |ticket: &str| wire::post(&path, &[("Openrun-Ticket", ticket)], "{}");
        for _ in 0..TRIES {
            let without = (0..places.len()).filter(|n| places[*n].pass.is_none());
            let without: Vec<usize> = without.collect();
            if without.is_empty() {
                return Ok(places.into_iter().filter_map(|place| place.pass).collect());
            }
            let requests = without.iter().map(|n| claim(&places[*n].ticket)).collect();
            for (n, place) in without.iter().zip(self.places(requests, "claim")?) {
                places[*n].pass = place.pass;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        anyhow::bail!("no pass after {TRIES} tries: raise the inlet's rate_per_s and max_active")
    }
}

fn parse_place(body: &[u8]) -> Option<Place> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    Some(Place { ticket: text("ticket")?, pass: text("pass") })
}

fn expect(outcome: &Outcome, statuses: &[u16], what: &str) -> Result<()> {
    let unexpected = outcome.statuses.keys().find(|status| !statuses.contains(status));
    let told = unexpected.map(|status| &outcome.samples[status]);
    ensure!(unexpected.is_none(), "{what}: answers {:?}, such as {told:?}", outcome.statuses);
    Ok(())
}
