//! `openrun capacity`: will this machine carry that sale? Measured for half a minute, on a store of
//! its own.
//!
//! The server runs in this process on free ports, its store is a new directory beside the embedded
//! store or a new database of the PostgreSQL server, and both are gone afterwards. What is measured
//! and what follows from it stands in [`crate::capacity`]; here it is asked for, watched and told.

mod report;

use super::data::Stored;
use super::rehearse::KeyTokens;
use super::signals::Stop;
use super::staff::{Here, Language};
use super::{Exit, Fault, limits, print};
use crate::app::{self, Running};
use crate::capacity::{self, Machine, Measured, Part, Room, Sale, Verdict, Watch, machine};
use crate::config::{Config, LogFormat, store_in};
use crate::rehearse::Size;
use crate::store::postgres::{self, Scratch};
use crate::store::{self, OpenError};
use crate::telemetry;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use report::Report;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How often the bar moves.
const DRAW_EVERY: Duration = Duration::from_millis(200);
/// How many commits of a PostgreSQL store are timed.
const COMMITS: usize = 100;

#[derive(Debug, Args)]
#[command(
    after_help = "The store is a new directory beside the embedded store, or a new database of the \
PostgreSQL server that --store names (whoever it names may create one); it is removed afterwards, \
and nothing else there is touched. The virtual people run on the same processors: what is measured \
is less than what the machine does for people who come over a network. docs/sizing.md has the
formulae.

Exit codes: 0 yes, also on conditions, 4 no.

Examples:
  openrun capacity --people 300000 --won 50000000000 --minutes 10
  openrun capacity --people 300000 --won 50000000000 --rail-per-second 200
  openrun capacity --scenario seoul-2022-07-14 --json
  openrun capacity --people 200000 --won 25000000000 --store postgres://owner@db.example/postgres"
)]
pub(super) struct Capacity {
    /// How many people come
    #[arg(long, value_name = "N", required_unless_present = "scenario",
          value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    people: Option<u64>,
    /// What is to be sold, in won
    #[arg(long, value_name = "WON", required_unless_present = "scenario",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000_000))]
    won: Option<u64>,
    /// In how many minutes
    #[arg(long, value_name = "M", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    minutes: u64,
    /// What one buys on average, in won [default: 387000, as in July 2022]
    #[arg(long, value_name = "WON", conflicts_with = "scenario",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    purchase_won: Option<u64>,
    /// The people, stock and arrivals of a scenario of `rehearse` instead; several with commas
    #[arg(long, value_name = "NAME", conflicts_with_all = ["people", "won"])]
    scenario: Option<String>,
    /// How many payments a second the bank takes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rail_per_second: Option<u32>,
    #[command(flatten)]
    stored: Stored,
    /// How long to measure, in seconds
    #[arg(long, value_name = "S", default_value_t = 24,
          value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Connections that all virtual people share
    #[arg(long, value_name = "N", default_value_t = 256,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Print the answer with all figures as JSON
    #[arg(long)]
    json: bool,
}

impl Capacity {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        // The log goes where the answer goes, and a store that is dropped under its readers warns
        // of it. What ends a measurement is told as a fault.
        let _log = telemetry::start_log("off", LogFormat::Auto);
        let sale = self.sale()?;
        let url = self.stored.url();
        let max_connections = limits::fit_connections(Config::default().max_connections)?;
        let beside = store_directory(&url)?;
        let failed =
            |cause| Fault::failure(format!("a new directory in {}: {cause}", beside.display()));
        let folder = tempfile::Builder::new().prefix("openrun-capacity-").tempdir_in(&beside);
        let folder = folder.map_err(failed)?;
        let machine = Machine {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: machine::available_bytes(),
            disk_bytes: machine::free_bytes(&beside).filter(|_| !postgres::is_url(&url)),
            connections: max_connections as f64,
        };
        let measuring = self.on_a_store_of_its_own(&url, &folder);
        let measured = actix_web::rt::System::new().block_on(measuring)?;
        let verdict = Verdict::of(&sale, &measured, &machine);
        let exit = match verdict.answer {
            capacity::Answer::Yes | capacity::Answer::YesBut => Exit::Done,
            capacity::Answer::No => Exit::ThresholdMissed,
        };
        let store = store::shown(&url);
        let report =
            Report { sale, measured, machine, verdict, store: &store, seconds: self.seconds };
        match self.json {
            true => print(&format!("{:#}\n", report.as_json())),
            false => print(&report.in_words(Language::here())),
        }
        Ok(exit)
    }

    fn sale(&self) -> Result<Sale, Fault> {
        let seconds = self.minutes as f64 * 60.0;
        let rail_per_s = self.rail_per_second.map(f64::from);
        if let Some(names) = &self.scenario {
            let size = Size::of(names).map_err(super::rehearse::failure)?;
            return Ok(Sale {
                people: size.people,
                stock_won: size.stock_won,
                seconds,
                mean_purchase_won: size.mean_purchase_won.max(1),
                joins_per_s: Some(size.joins_per_s),
                rail_per_s,
            });
        }
        Ok(Sale {
            people: self.people.unwrap_or_default(),
            stock_won: self.won.unwrap_or_default(),
            seconds,
            mean_purchase_won: self.purchase_won.unwrap_or(capacity::MEAN_PURCHASE_WON),
            joins_per_s: None,
            rail_per_s,
        })
    }

    /// Makes the store, measures on it, and removes it whatever came of it.
    async fn on_a_store_of_its_own(&self, url: &str, folder: &TempDir) -> Result<Measured, Fault> {
        if !postgres::is_url(url) {
            let times = machine::flushes_ms(folder.path()).map_err(Fault::failure)?;
            let room = Box::new(Directory(folder.path().to_owned()));
            return self.on(&store_in(folder.path()), folder.path(), room, times).await;
        }
        let name = format!("openrun_capacity_{:016x}", rand::random::<u64>());
        let scratch = Scratch::create(url, &name).await.map_err(OpenError::from)?;
        let scratch = Arc::new(scratch);
        let measured = async {
            let times = scratch.commits_ms(COMMITS).await.map_err(OpenError::from)?;
            let room = Box::new(Database(Arc::clone(&scratch)));
            self.on(&scratch.url, folder.path(), room, times).await
        };
        let measured = measured.await;
        scratch.remove().await.map_err(OpenError::from)?;
        measured
    }

    /// Starts the server, measures, stops it.
    async fn on(
        &self,
        store: &str,
        data: &Path,
        room: Box<dyn Room>,
        flushes_ms: Vec<f64>,
    ) -> Result<Measured, Fault> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (store, data) = (store.to_owned(), data.to_owned());
        let defaults = Config::default();
        let config = Config { public: any, ops: any, store, data, dev: true, ..defaults };
        config.check()?;
        let mut stop = Stop::listen().map_err(Fault::failure)?;
        let running = app::start(&config).await?;
        let measured = tokio::select! {
            measured = self.measure(&running, room) => measured,
            signal = stop.asked() => Err(Fault::failure(format!("{signal}: not measured"))),
        };
        running.stop().await;
        let (flush_ms_p50, flush_ms_p99) = machine::middle_and_p99(flushes_ms);
        Ok(Measured { flush_ms_p50, flush_ms_p99, ..measured? })
    }

    async fn measure(&self, running: &Running, room: Box<dyn Room>) -> Result<Measured, Fault> {
        let refused = |refusal: openrun_core::Refusal| {
            Fault::failure(format!("the rounds to measure with were refused: {}", refusal.code()))
        };
        capacity::prepare(&running.engine).await.map_err(refused)?;
        let time = Duration::from_secs(self.seconds);
        let bar = bar(time);
        let (address, connections) = (running.public, self.connections as usize);
        let (keys, shown) = (Arc::clone(&running.keys), bar.clone());
        let (answer, mut measured) = tokio::sync::oneshot::channel();
        let thread = std::thread::Builder::new().name("capacity".to_owned()).spawn(move || {
            let tokens = KeyTokens::new(keys);
            let language = Language::here();
            let begins = move |part: Part| shown.set_message(report::part(language, part));
            let watch = Watch { time, begins: &begins };
            let done = capacity::measure(address, connections, &tokens, room.as_ref(), &watch);
            // Nobody listens any more only if it was interrupted.
            let _ = answer.send((done, tokens.check()));
        });
        thread.map_err(Fault::failure)?;
        let began = Instant::now();
        let mut ticks = tokio::time::interval(DRAW_EVERY);
        let done = loop {
            tokio::select! {
                done = &mut measured => break done,
                _ = ticks.tick() => bar.set_position(began.elapsed().as_millis() as u64),
            }
        };
        bar.finish_and_clear();
        let (done, signed) = done.map_err(|_| Fault::failure("the measurement panicked"))?;
        signed?;
        done.map_err(super::rehearse::failure)
    }
}

/// A bar over a time, on a terminal; otherwise nothing is drawn.
fn bar(time: Duration) -> ProgressBar {
    let target = match std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr_with_hz(5),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(time.as_millis() as u64), target);
    match ProgressStyle::with_template("{bar:32} {elapsed}  {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The nearest directory that is there on the disk of the embedded store that `url` names; that of
/// this machine's temporary files for a store elsewhere.
fn store_directory(url: &str) -> Result<PathBuf, Fault> {
    if postgres::is_url(url) {
        store::check_url(url)?;
        return Ok(std::env::temp_dir());
    }
    let path = std::path::absolute(store::sqlite_path(url)?).map_err(Fault::failure)?;
    let there = path.ancestors().skip(1).find(|directory| directory.is_dir());
    Ok(there.unwrap_or(Path::new("/")).to_owned())
}

/// An embedded store.
struct Directory(PathBuf);

impl Room for Directory {
    fn bytes(&self) -> f64 {
        machine::used_bytes(&self.0)
    }
}

/// A store in PostgreSQL.
struct Database(Arc<Scratch>);

impl Room for Database {
    fn bytes(&self) -> f64 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let read = runtime.ok().and_then(|runtime| runtime.block_on(self.0.bytes()).ok());
        // What is not known is asked of nobody.
        read.unwrap_or_default()
    }
}
