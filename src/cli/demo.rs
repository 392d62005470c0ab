//! `openrun demo`: a whole real sale on this machine, then a server to play with.
//!
//! A fresh embedded store and development keys in a directory of their own, the server in this
//! process, the rehearsal's people on a thread of their own, over real sockets. Afterwards a small
//! round is open ([`super::demo_round`]), so that what is printed can be used by hand.

use super::demo_text;
use super::rehearse::{KeyTokens, Play, failure};
use super::signals::Stop;
use super::{Exit, Fault, demo_round, limits, print, serve};
use crate::app::{self, Running};
use crate::config::{Config, LogFormat, store_in};
use crate::rehearse::{self, Options, Outcome};
use crate::telemetry;
use clap::Args;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

/// Where the public listener is when nothing else is there.
const PUBLIC_PORT: u16 = 8080;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes, with --exit: 0 as it should be, 3 an invariant is broken, 4 a \
threshold is missed.

Examples:
  openrun demo                              14 July 2022 in full: 200,000 people, 25 billion won
  openrun demo --scale 0.1 --exit           a tenth of it, and no server afterwards
  openrun demo --pace 60                    the morning's 74 minutes in 74 seconds"
)]
pub(super) struct Demo {
    /// A built-in scenario or a file; `all` published sales at once, or several with commas
    #[arg(long, value_name = "NAME", default_value = "seoul-2022-07-14")]
    scenario: String,
    #[command(flatten)]
    play: Play,
    /// Stop after the rehearsal, with its exit code
    #[arg(long)]
    exit: bool,
    /// Port of the public listener, the next one is for ops [default: 8080, or free ones]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..=65_534))]
    port: Option<u16>,
    /// Where to keep keys, store and report [default: a new directory in ./openrun-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Demo {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let _log = telemetry::start_log("warn", LogFormat::Auto);
        let data = self.data.clone().unwrap_or_else(new_directory);
        let (public, ops) = self.addresses();
        let max_connections = limits::fit_connections(Config::default().max_connections)?;
        let store = store_in(&data);
        let defaults = Config::default();
        let config = Config { public, ops, store, data, dev: true, max_connections, ..defaults };
        config.check()?;
        if config.data.join("openrun.db").exists() {
            let line = "there is a store already: name a new directory with --data, or none";
            return Err(Fault::failure(format!("{}: {line}", config.data.display())));
        }
        actix_web::rt::System::new().block_on(self.play(&config))
    }

    async fn play(self, config: &Config) -> Result<Exit, Fault> {
        let mut stop = Stop::listen().map_err(Fault::failure)?;
        let running = app::start(config).await?;
        let report = config.data.join("report.html");
        eprint!("{}", demo_text::before(&running, config, &self.scenario, self.play.scale));
        let outcome = tokio::select! {
            outcome = self.rehearse(&running, report.clone()) => outcome?,
            signal = stop.asked() => {
                eprintln!("{signal}: stopping");
                running.stop().await;
                return Ok(Exit::Failure);
            }
        };
        let exit = Exit::of_rehearsal(outcome.exit_code);
        if self.exit {
            running.stop().await;
            return Ok(exit);
        }
        let tokens = demo_round::open(&running).await?;
        print(&demo_text::after(&running, config, &report, &tokens));
        serve::until_stopped(running, &mut stop).await.map(|_| exit)
    }

    async fn rehearse(&self, running: &Running, report: PathBuf) -> Result<Outcome, Fault> {
        let tokens = KeyTokens::new(Arc::clone(&running.keys));
        let options = Options {
            scenario: self.scenario.clone(),
            target: format!("http://{}", running.public),
            ops: format!("http://{}", running.ops),
            scale: self.play.scale,
            pace: self.play.pace,
            seed: self.play.seed,
            report: Some(report),
            connections: self.play.connections,
            json: false,
            spending: self.play.spending,
        };
        let outcome = rehearse::run(&options, &tokens).await;
        tokens.check()?;
        outcome.map_err(failure)
    }

    /// The ports asked for, else the usual ones if both are free, else any.
    fn addresses(&self) -> (SocketAddr, SocketAddr) {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let is_free = |port| TcpListener::bind(local(port)).is_ok();
        match self.port {
            Some(port) => (local(port), local(port + 1)),
            None if is_free(PUBLIC_PORT) && is_free(PUBLIC_PORT + 1) => {
                (local(PUBLIC_PORT), local(PUBLIC_PORT + 1))
            }
            None => (local(0), local(0)),
        }
    }
}

fn new_directory() -> PathBuf {
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    Config::default().data.join(format!("demo-{now}-{}", std::process::id()))
}
