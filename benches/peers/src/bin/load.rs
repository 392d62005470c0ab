//! The load generator: one measured phase a run, and one line of JSON with what came of it.
//!
//! Sets up what its phase needs (people signed up, in line, with a pass) before the clock starts.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
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
    /// The rounds that openrun sells, with commas; people spread over them evenly.
    #[arg(long, global = true, default_value = "bench", value_delimiter = ',')]
    round: Vec<String>,
    /// A line is written here once everybody has what they need, before the clock starts.
    #[arg(long, global = true)]
    started: Option<PathBuf>,
    /// The clock starts when there is a file here.
    #[arg(long, global = true)]
    go: Option<PathBuf>,
    #[command(subcommand)]
    phase: Phase,
}

#[derive(Clone, Subcommand)]
enum Phase {
    /// GET one path, for --seconds.
    Get { path: String },
    /// POST a purchase's JSON with each person's token, for --seconds.
    Post {
        path: String,
        /// With an idempotency key of each person.
        #[arg(long)]
        keyed: bool,
    },
    /// Every person joins the line once.
    OpenrunJoin {
        /// Whoever finds no room comes again, until everybody has a place: to fill a line, not to
        /// measure one.
        #[arg(long)]
        insist: bool,
    },
    /// Every person signs up, joins and claims before the clock starts, then buys once.
    OpenrunPurchase,
    /// Every person gets what they need before the clock starts, then comes at --rate for one
    /// thing, and tries again until there is an answer that stands.
    OpenrunCrowd {
        /// For what they come.
        #[arg(long, value_enum, default_value_t = Wish::Purchase)]
        wish: Wish,
        /// People who come, a second.
        #[arg(long)]
        rate: f64,
        /// How long each waits for an answer before hanging up and trying again.
        #[arg(long, default_value_t = 2_000)]
        patience_ms: u64,
        /// Whoever is refused for want of room does not come again.
        #[arg(long)]
        gives_up: bool,
    },
    /// Every person joins before the clock starts, then claims once; whoever says --go has let
    /// everybody in before.
    OpenrunClaim,
    /// Every person joins before the clock starts, then asks where they are, for --seconds.
    OpenrunWhere,
    /// GET the watermark document, for --seconds.
    OpenrunWatermark,
}

/// What a crowd comes for.
#[derive(Clone, Copy, ValueEnum)]
enum Wish {
    /// To buy, with the right to.
    Purchase,
    /// A place in line.
    Join,
    /// To pay a merchant, with a voucher bought before.
    Spend,
}

/// A merchant that every development server has.
const MERCHANT: &str = "sample-seoul-cafe";
/// How long a generator that is ready waits for the others.
const GO_WITHIN: Duration = Duration::from_secs(120);

/// Connections while people sign up, join and claim, at most.
const PREPARING: usize = 256;
/// How often somebody comes again before the clock starts, and the pause between.
const TRIES: usize = 600;
const PAUSE: Duration = Duration::from_millis(100);
/// There is no room; `Retry-After` would have everybody wait for a second, which measures nothing.
const OVERLOADED: u16 = 503;

struct Place {
    ticket: String,
    pass: Option<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Phase::OpenrunCrowd { wish, rate, patience_ms, gives_up } = &arguments.phase {
        let crowd = Crowd {
            address: arguments.address.clone(),
            per_second: *rate,
            connections: arguments.connections,
            patience: Duration::from_millis(*patience_ms),
            gives_up: *gives_up,
        };
        let requests = arguments.wishes(*wish)?;
        println!("{}", arguments.crowd(&crowd, requests)?);
        return Ok(());
    }
    let outcome = match &arguments.phase {
        Phase::Get { path } => arguments.repeat(vec![wire::get(path, &[])])?,
        Phase::Post { path, keyed } => arguments.repeat(arguments.posts(path, *keyed)?)?,
        Phase::OpenrunJoin { insist: false } => arguments.measure_once(arguments.joins()?)?,
        Phase::OpenrunJoin { insist: true } => arguments.fill()?,
        Phase::OpenrunPurchase => arguments.purchase()?,
        Phase::OpenrunCrowd { .. } => unreachable!("an open loop has an outcome of its own"),
        Phase::OpenrunClaim => arguments.claim()?,
        Phase::OpenrunWhere => arguments.where_am_i()?,
        Phase::OpenrunWatermark => {
            let request = |round: &String| wire::get(&format!("/v1/rounds/{round}/watermark"), &[]);
            arguments.repeat(arguments.round.iter().map(request).collect())?
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

    /// Everything is prepared: says so, and waits for the word to start where there is one.
    fn stand_by(&self) -> Result<()> {
        if let Some(path) = &self.started {
            std::fs::write(path, "started\n")?;
        }
        let ready = Instant::now();
        while self.go.as_ref().is_some_and(|path| !path.exists()) {
            ensure!(ready.elapsed() < GO_WITHIN, "nobody said go within {GO_WITHIN:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Each request once, as what is measured.
    fn measure_once(&self, requests: Vec<Vec<u8>>) -> Result<Outcome> {
        self.stand_by()?;
        self.once(requests, None)
    }

    fn repeat(&self, requests: Vec<Vec<u8>>) -> Result<Outcome> {
        self.stand_by()?;
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
    fn posts(&self, path: &str, keyed: bool) -> Result<Vec<Vec<u8>>> {
        let body = concat!(
            r#"{"amount_won":300000,"payment":{"method":"account"},"#,
            r#""note":"padding as long as a channel's own data is"}"#
        );
        let body = format!("{body:<111}");
        let bearers = self.bearers()?;
        let request = |(n, bearer): (usize, &String)| {
            let key = self.key(n);
            let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", &key)];
            wire::post(path, &headers[..if keyed { 2 } else { 1 }], &body)
        };
        Ok(bearers.iter().enumerate().map(request).collect())
    }

    /// What the person `n` of this run calls their one attempt.
    fn key(&self, n: usize) -> String {
        format!("bench-{}", self.first + n)
    }

    /// A path under the round of the person `n` of this run.
    fn path(&self, n: usize, under: &str) -> String {
        format!("/v1/rounds/{}/{under}", self.round[n % self.round.len()])
    }

    fn joins(&self) -> Result<Vec<Vec<u8>>> {
        let bearers = self.bearers()?;
        let request = |(n, bearer): (usize, &String)| {
            wire::post(&self.path(n, "tickets"), &[("Authorization", bearer)], "{}")
        };
        Ok(bearers.iter().enumerate().map(request).collect())
    }

    /// With as many connections as preparing takes.
    fn few(&self) -> Arguments {
        Arguments { connections: self.connections.min(PREPARING), ..self.clone() }
    }

    /// What each of a crowd sends.
    fn wishes(&self, wish: Wish) -> Result<Vec<Vec<u8>>> {
        let few = self.few();
        match wish {
            Wish::Purchase => few.purchases(),
            Wish::Join => few.joins(),
            Wish::Spend => few.spends(),
        }
    }

    /// Everybody pays a merchant once, out of a voucher that they buy before.
    fn spends(&self) -> Result<Vec<Vec<u8>>> {
        let requests = self.purchases()?;
        let vouchers: Arc<Vec<_>> =
            Arc::new(requests.iter().map(|_| Mutex::new(String::new())).collect());
        let kept = vouchers.clone();
        let on_answer: OnAnswer = Arc::new(move |number, _, body| {
            let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
            let id = value["id"].as_str().unwrap_or_default().to_owned();
            *kept[number].lock().expect("nobody panics while holding it") = id;
        });
        let outcome = self.once(requests, Some(on_answer))?;
        expect(&outcome, &[201], "purchase")?;
        let body = format!(r#"{{"merchant_id":"{MERCHANT}","amount_won":10000}}"#);
        let bearers = self.bearers()?;
        let request = |(n, bearer): (usize, &String)| {
            let voucher = vouchers[n].lock().expect("nobody panics while holding it");
            let key = format!("spend-{}", self.first + n);
            let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", &key)];
            wire::post(&format!("/v1/vouchers/{voucher}/spends"), &headers, &body)
        };
        Ok(bearers.iter().enumerate().map(request).collect())
    }

    fn sign_up(&self) -> Result<()> {
        let body = r#"{"accepted_terms":true,"account":"110-000-000000"}"#;
        let bearers = self.bearers()?;
        let request =
            |bearer: &String| wire::post("/v1/people", &[("Authorization", bearer)], body);
        self.insist(bearers.iter().map(request).collect(), &[200, 201], "sign-up")?;
        Ok(())
    }

    /// Everybody joins; answers with everybody's place.
    fn join(&self) -> Result<Vec<Place>> {
        let bodies = self.insist(self.joins()?, &[200, 201], "join")?;
        let place = |body: &Vec<u8>| parse_place(body).context("join: no ticket in an answer");
        bodies.iter().map(place).collect()
    }

    /// Sends requests until each has one of the answers; who is told that there is no room comes
    /// again. The body of each.
    fn insist(&self, requests: Vec<Vec<u8>>, statuses: &[u16], what: &str) -> Result<Vec<Vec<u8>>> {
        let bodies: Arc<Vec<_>> = Arc::new(requests.iter().map(|_| Mutex::new(None)).collect());
        let mut left = Arc::new((0..requests.len()).collect::<Vec<_>>());
        let allowed: Vec<u16> = statuses.iter().copied().chain([OVERLOADED]).collect();
        for _ in 0..TRIES {
            let (kept, asked) = (bodies.clone(), left.clone());
            let on_answer: OnAnswer = Arc::new(move |at, status, body| {
                let body = (status != OVERLOADED).then(|| body.to_vec());
                *kept[asked[at]].lock().expect("nobody panics while holding it") = body;
            });
            let again = left.iter().map(|n| requests[*n].clone()).collect();
            expect(&self.once(again, Some(on_answer))?, &allowed, what)?;
            let is_left = |n: &usize| bodies[*n].lock().is_ok_and(|body| body.is_none());
            left = Arc::new(left.iter().copied().filter(is_left).collect());
            if left.is_empty() {
                let taken = bodies.iter().map(|body| body.lock().ok()?.take());
                return taken.map(|body| body.context("an answer was lost")).collect();
            }
            std::thread::sleep(PAUSE);
        }
        anyhow::bail!("{what}: no room after {TRIES} tries")
    }

    /// Sends claims, each of which gives a place with its pass or none.
    fn claims(&self, requests: Vec<Vec<u8>>) -> Result<Vec<Option<Place>>> {
        // Not their turn yet: the server lets in as many as the bank takes.
        let bodies = self.insist(requests, &[200, 409], "claim")?;
        Ok(bodies.iter().map(|body| parse_place(body)).collect())
    }

    /// Everybody has a place; says nothing of how long that took.
    fn fill(&self) -> Result<Outcome> {
        let places = self.few().join()?.len();
        Ok(Outcome { statuses: [(201, places)].into(), ..Outcome::default() })
    }

    /// Everybody's claim, of a place taken before.
    fn claim(&self) -> Result<Outcome> {
        let places = self.few().join()?;
        let request = |(n, place): (usize, &Place)| self.claim_of(n, &place.ticket);
        self.measure_once(places.iter().enumerate().map(request).collect())
    }

    fn claim_of(&self, n: usize, ticket: &str) -> Vec<u8> {
        wire::post(&self.path(n, "passes"), &[("Openrun-Ticket", ticket)], "{}")
    }

    fn where_am_i(&self) -> Result<Outcome> {
        let places = self.few().join()?;
        let request = |(n, place): (usize, &Place)| {
            wire::get(&self.path(n, "tickets/me"), &[("Openrun-Ticket", &place.ticket)])
        };
        self.repeat(places.iter().enumerate().map(request).collect())
    }

    /// Everybody's request at a rate.
    fn crowd(&self, crowd: &Crowd, requests: Vec<Vec<u8>>) -> Result<serde_json::Value> {
        self.stand_by()?;
        let tally = open_loop::run(crowd, Arc::new(requests), Duration::from_secs(self.seconds))?;
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
        self.measure_once(self.few().purchases()?)
    }

    /// Everybody's purchase, once they may buy.
    fn purchases(&self) -> Result<Vec<Vec<u8>>> {
        self.sign_up()?;
        let passes = self.passes(self.join()?)?;
        let body = r#"{"amount_won":300000,"payment":{"method":"account"}}"#;
        let bearers = self.bearers()?;
        let request = |(n, (bearer, pass)): (usize, (&String, &String))| {
            let key = self.key(n);
            let headers = [
                ("Authorization", bearer.as_str()),
                ("Openrun-Pass", pass),
                ("Idempotency-Key", &key),
            ];
            wire::post(&self.path(n, "purchases"), &headers, body)
        };
        Ok(bearers.iter().zip(&passes).enumerate().map(request).collect())
    }

    /// Everybody's pass: at once where joining gave it, else claimed as the watermark comes by.
    fn passes(&self, mut places: Vec<Place>) -> Result<Vec<String>> {
        for _ in 0..TRIES {
            let without = (0..places.len()).filter(|n| places[*n].pass.is_none());
            let without: Vec<usize> = without.collect();
            if without.is_empty() {
                return Ok(places.into_iter().filter_map(|place| place.pass).collect());
            }
            let requests = without.iter().map(|n| self.claim_of(*n, &places[*n].ticket)).collect();
            for (n, place) in without.iter().zip(self.claims(requests)?) {
                places[*n].pass = place.and_then(|it| it.pass);
            }
            std::thread::sleep(PAUSE);
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
