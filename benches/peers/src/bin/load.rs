//! The load generator: one measured phase a run, and one line of JSON with what came of it.
//!
//! Sets up what its phase needs (people signed up, in line, with a pass) before the clock starts.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use peers::closed_loop::{Load, OnAnswer, Outcome, Until, run};
use peers::open_loop::{self, Crowd};
use peers::people::Keys;
use peers::wire;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A load generator for openrun and its peers.
#[derive(Clone, Parser)]
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

#[derive(Clone, Subcommand)]
enum Phase {
    /// GET one path, for --seconds.
    Get { path: String },
    /// POST a purchase's JSON with each person's token, for --seconds.
    Post { path: String },
    /// Every person joins the line once.
    OpenrunJoin,
    /// Every person signs up, joins and claims before the clock starts, then buys once.
    OpenrunPurchase,
    /// Every person signs up, joins and claims before the clock starts, then comes at --rate to buy
    /// once, and tries again until there is an answer that stands.
    OpenrunCrowd {
        /// People who come, a second.
        #[arg(long)]
        rate: f64,
        /// How long each waits for an answer before hanging up and trying again.
        #[arg(long, default_value_t = 2_000)]
        patience_ms: u64,
        /// Whoever is refused for want of room does not come again.
        #[arg(long)]
        gives_up: bool,
        /// A line is written here when the clock starts.
        #[arg(long)]
        started: Option<PathBuf>,
    },
    /// Every person joins before the clock starts, then asks where they are, for --seconds.
    OpenrunWhere,
    /// GET the watermark document, for --seconds.
    OpenrunWatermark,
}

/// Connections while people sign up, join and claim.
const PREPARING: usize = 256;

struct Place {
    ticket: String,
    pass: Option<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Phase::OpenrunCrowd { rate, patience_ms, gives_up, started } = &arguments.phase {
        let crowd = Crowd {
            address: arguments.address.clone(),
            per_second: *rate,
            connections: arguments.connections,
            patience: Duration::from_millis(*patience_ms),
            gives_up: *gives_up,
        };
        println!("{}", arguments.crowd(&crowd, started.as_deref())?);
        return Ok(());
    }
    let outcome = match &arguments.phase {
        Phase::Get { path } => arguments.repeat(vec![wire::get(path, &[])])?,
        Phase::Post { path } => arguments.repeat(arguments.posts(path)?)?,
        Phase::OpenrunJoin => arguments.once(arguments.joins()?, None)?,
        Phase::OpenrunPurchase => arguments.purchase()?,
        Phase::OpenrunCrowd { .. } => unreachable!("an open loop has an outcome of its own"),
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
        let places = self.places(self.joins()?, &[200, 201], "join")?;
        places.into_iter().map(|place| place.context("join: no ticket in an answer")).collect()
    }

    /// Sends requests that are answered with a place each, or refused with one of the statuses.
    fn places(
        &self,
        requests: Vec<Vec<u8>>,
        allowed: &[u16],
        what: &str,
    ) -> Result<Vec<Option<Place>>> {
        let places: Vec<_> = requests.iter().map(|_| Mutex::new(None)).collect();
        let places = Arc::new(places);
        let kept = places.clone();
        let on_answer: OnAnswer = Arc::new(move |number, _, body| {
            *kept[number].lock().expect("nobody panics while holding it") = parse_place(body);
        });
        let outcome = self.once(requests, Some(on_answer))?;
        expect(&outcome, allowed, what)?;
        Ok(places.iter().map(|place| place.lock().ok().and_then(|mut it| it.take())).collect())
    }

    fn where_am_i(&self) -> Result<Outcome> {
        let path = format!("/v1/rounds/{}/tickets/me", self.round);
        let places = self.join()?;
        let request = |place: &Place| wire::get(&path, &[("Openrun-Ticket", &place.ticket)]);
        self.repeat(places.iter().map(request).collect())
    }

    /// Everybody's purchase at a rate. The prepared connections are few, those of the crowd many.
    fn crowd(&self, crowd: &Crowd, started: Option<&Path>) -> Result<serde_json::Value> {
        let few = Arguments { connections: self.connections.min(PREPARING), ..self.clone() };
        let purchases = few.purchases()?;
        if let Some(path) = started {
            std::fs::write(path, "started\n")?;
        }
        let tally = open_loop::run(crowd, Arc::new(purchases), Duration::from_secs(self.seconds))?;
        let quantiles = tally.latencies_us.into_iter().map(|(status, mut all)| {
            all.sort_unstable();
            let at = |share: f64| {
                f64::from(all[((all.len() - 1) as f64 * share).round() as usize]) / 1_000.0
            };
            let figures = serde_json::json!({"count": all.len(), "p50_ms": at(0.5),
                "p99_ms": at(0.99), "max_ms": at(1.0)});
            (status.to_string(), figures)
        });
        let quantiles: serde_json::Map<_, _> = quantiles.collect();
        Ok(serde_json::json!({"people": self.people, "done": tally.done, "answers": quantiles,
            "seconds": tally.seconds, "samples": tally.samples}))
    }

    fn purchase(&self) -> Result<Outcome> {
        self.once(self.purchases()?, None)
    }

    /// Everybody's purchase, once they may buy.
    fn purchases(&self) -> Result<Vec<Vec<u8>>> {
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
        Ok(bearers.iter().zip(&passes).enumerate().map(request).collect())
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
            // Not their turn yet: the server lets in as many as the bank takes.
            let claimed = self.places(requests, &[200, 409], "claim")?;
            for (n, place) in without.iter().zip(claimed) {
                places[*n].pass = place.and_then(|it| it.pass);
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
