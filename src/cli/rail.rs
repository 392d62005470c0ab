//! `openrun rail`: the sandbox rail as a process of its own, until it is told to stop.

use super::signals::Stop;
use super::{Exit, Fault, print};
use crate::config::LogFormat;
use crate::rail::sandbox::{self, Modes, ModesFault, Sandbox, SandboxFault, SandboxOptions};
use crate::telemetry;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::LazyLock;

/// Threads that serve: the ledger has one more. The bank is not what a rehearsal measures.
const THREADS: usize = 2;

static HELP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "Speaks the signed JSON contract of docs/rail.md and the style of Toss Payments, on one port.
What it answered is in its ledger, also after kill -9. There is no real money, no TLS and no
password on GET /ledger and PUT /modes: keep it on this machine.

Modes, each with the share of calls that it strikes, in percent:
{}  latency=MS           half of all answers take at least this long
  late_s=FROM-TO       when a lost payment arrives, in seconds [default: 5-40]
  daily_limit=WON      captured in a day at most; above it payments are declined
  mixed                a sensible mix of all at low shares
  none                 no fault

The same seed, orders and calls meet the same faults.

Examples:
  openrun rail --mode mixed
  openrun serve --dev --rail http:http://127.0.0.1:9090 --rail-key-file openrun-rail.ledger.key
  openrun rail --mode decline=5,drop_answer=1,latency=50 --seed 7
  curl http://127.0.0.1:9090/ledger
  curl -X PUT -d brownout=100 http://127.0.0.1:9090/modes",
        Modes::help()
    )
});

#[derive(Debug, Args)]
#[command(after_help = HELP.as_str())]
pub(super) struct Rail {
    /// Where it listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// Its ledger, made if it is not there
    #[arg(long, value_name = "FILE", default_value = "openrun-rail.ledger")]
    ledger: PathBuf,
    /// The secret shared with the server, made if it is not there [default: LEDGER.key]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Which calls meet which faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The faults, as decline=5,drop_answer=1,latency=50
    #[arg(long, value_name = "MODES", default_value = "none", value_parser = modes)]
    mode: Modes,
    /// Where to send webhooks, if anywhere
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
}

fn modes(text: &str) -> Result<Modes, ModesFault> {
    text.parse()
}

impl Rail {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        // Standard output is for what a caller needs: where it is, and with which key.
        let _log = telemetry::start_log("warn", LogFormat::Auto);
        // An unknown limit is no reason not to start.
        let _ = rlimit::increase_nofile_limit(u64::MAX);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(Fault::failure)?;
        runtime.block_on(self.serve())
    }

    async fn serve(self) -> Result<Exit, Fault> {
        let mut stop = Stop::listen().map_err(Fault::failure)?;
        let beside_the_ledger = || {
            let mut path = self.ledger.clone().into_os_string();
            path.push(".key");
            PathBuf::from(path)
        };
        let options = SandboxOptions {
            listen: self.listen,
            key_file: self.key_file.clone().unwrap_or_else(beside_the_ledger),
            ledger: self.ledger,
            seed: self.seed,
            modes: self.mode,
            webhook: self.webhook,
        };
        let rail = sandbox::start(options.clone()).await?;
        print(&greeting(&rail, &options));
        stop.asked().await;
        rail.stop().await;
        Ok(Exit::Done)
    }
}

/// The first two lines are for programs: they are what a caller needs.
fn greeting(rail: &Sandbox, options: &SandboxOptions) -> String {
    let (url, key) = (rail.url(), options.key_file.display());
    let (ledger, modes) = (options.ledger.display(), &options.modes);
    format!(
        "listening on {url}\n\
         key file {key}\n\
         ledger {ledger}\n\
         modes {modes}\n\n\
         Try it:\n  \
         openrun serve --dev --rail http:{url} --rail-key-file {key}\n  \
         curl {url}/ledger\n  \
         curl -X PUT -d mixed {url}/modes\n"
    )
}

impl From<SandboxFault> for Fault {
    fn from(fault: SandboxFault) -> Fault {
        let exit = match &fault {
            SandboxFault::Key(_) | SandboxFault::Webhook(_) => Exit::BadConfig,
            SandboxFault::Ledger(_) | SandboxFault::Listen { .. } => Exit::Failure,
        };
        Fault::new(exit, fault)
    }
}
