//! The sandbox rail as a process of its own: what it took is in its ledger, whatever it said.
//!
//! It can be killed and started again on the same port with the same ledger, as a bank can.

use super::ports::folder;
use super::wire::{Request, Web};
use openrun::rail::{self, RailSettings};
use openrun_actors::rail::{PayBy, Rail};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// The program.
const OPENRUN: &str = env!("CARGO_BIN_EXE_openrun");

/// A sandbox rail that runs.
pub struct TestRail {
    /// Where it is called, as `http://127.0.0.1:PORT`.
    pub url: String,
    /// The secret shared with it.
    pub key_file: PathBuf,
    folder: Arc<TempDir>,
    arguments: Vec<String>,
    address: SocketAddr,
    web: Web,
    child: Child,
    /// Held open: it may still have something to say.
    _output: BufReader<ChildStdout>,
}

/// The totals of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ledger {
    pub orders: i64,
    pub approved: i64,
    pub approved_won: i64,
    pub cancelled: i64,
    pub cancelled_won: i64,
    pub refunded: i64,
    pub refunded_won: i64,
    pub barred: i64,
    pub declined: i64,
    pub late: i64,
    pub net_won: i64,
}

impl TestRail {
    /// A rail with these modes, as `decline=5,drop_answer=1`, and an empty ledger.
    pub fn start(modes: &str) -> TestRail {
        TestRail::start_with(modes, &[])
    }

    /// As `start`, with more flags, as `&["--seed", "7"]`.
    pub fn start_with(modes: &str, more: &[&str]) -> TestRail {
        let arguments = [&["--mode", modes], more].concat();
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        TestRail::spawn(folder(), arguments, "127.0.0.1:0".parse().expect("an address"))
    }

    /// As `start`, on a port that nobody takes while it is dead.
    pub fn start_on(listen: SocketAddr, modes: &str) -> TestRail {
        TestRail::spawn(folder(), vec!["--mode".to_owned(), modes.to_owned()], listen)
    }

    fn spawn(folder: Arc<TempDir>, arguments: Vec<String>, listen: SocketAddr) -> TestRail {
        let mut command = Command::new(OPENRUN);
        command.args(["rail", "--listen", &listen.to_string()]).args(&arguments);
        command.arg("--ledger").arg(folder.path().join("rail.ledger"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the program was built");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut said = |what: &str| {
            let mut line = String::new();
            output.read_line(&mut line).expect("it speaks in text");
            let told = line.trim_end().strip_prefix(what);
            told.unwrap_or_else(|| panic!("{what:?} was to come, not {line:?}")).to_owned()
        };
        let (url, key_file) = (said("listening on "), PathBuf::from(said("key file ")));
        let address = url.strip_prefix("http://").and_then(|it| it.parse().ok());
        let address: SocketAddr = address.expect("it says its address");
        let web = Web::new(address);
        TestRail { url, key_file, folder, arguments, address, web, child, _output: output }
    }

    /// Settings of a rail of this kind, `http` or `toss`.
    pub fn settings(&self, kind: &str) -> RailSettings {
        let rail = format!("{kind}:{}", self.url);
        RailSettings { rail, key_file: self.key_file.clone(), ..RailSettings::default() }
    }

    /// How a server pays through it.
    pub fn pay_by(&self, settings: &RailSettings) -> PayBy {
        rail::open(settings).expect("the sandbox rail can be used")
    }

    /// An adapter of this kind that gives up after so many milliseconds.
    pub fn adapter(&self, kind: &str, timeout_ms: u64) -> Arc<dyn Rail> {
        let settings = RailSettings { timeout_ms, ..self.settings(kind) };
        match self.pay_by(&settings) {
            PayBy::Waiting(rail) => rail,
            PayBy::AtOnce(_) => panic!("it is called over HTTP"),
        }
    }

    /// Other faults from here on.
    pub async fn modes(&self, modes: &str) {
        let put = Request::new("PUT", "/modes").body("text/plain", modes);
        let answer = self.web.send(&put).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// The ledger added up.
    pub async fn ledger(&self) -> Ledger {
        let totals = self.web.send(&Request::new("GET", "/ledger")).await.json();
        let number = |value: &Value| value.as_i64().unwrap_or_else(|| panic!("{totals}"));
        Ledger {
            orders: number(&totals["orders"]),
            approved: number(&totals["approved"]["count"]),
            approved_won: number(&totals["approved"]["won"]),
            cancelled: number(&totals["cancelled"]["count"]),
            cancelled_won: number(&totals["cancelled"]["won"]),
            refunded: number(&totals["refunded"]["count"]),
            refunded_won: number(&totals["refunded"]["won"]),
            barred: number(&totals["barred"]),
            declined: number(&totals["declined"]),
            late: number(&totals["late"]),
            net_won: number(&totals["net_won"]),
        }
    }

    /// Every order: `order_id`, `status` (approved, declined, cancelled, late), `amount_won`,
    /// `refunded_won`, `net_won`.
    pub async fn orders(&self) -> Vec<Value> {
        let lines = self.web.send(&Request::new("GET", "/ledger/orders")).await.text();
        lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// Ends it in the middle of whatever it does, and starts it again where it was, with the modes
    /// that it was first started with.
    pub fn kill_and_restart(mut self) -> TestRail {
        self.kill();
        let (folder, arguments) = (Arc::clone(&self.folder), self.arguments.clone());
        TestRail::spawn(folder, arguments, self.address)
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop as an operating system does; answers with its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().expect("kill is there");
        assert!(told.success(), "it ran until now");
        self.child.wait().expect("it was started here").code()
    }
}

impl Drop for TestRail {
    fn drop(&mut self) {
        self.kill();
    }
}
