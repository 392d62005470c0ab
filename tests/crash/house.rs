//! Where a server of the test lives: a directory, a store, two ports that stay the same, and the
//! built program started in it, as an operator would.

use crate::support::{TestRail, TestStore};
use crate::wire::{Answer, Request, Wire};
use openrun::trust::{Keys, Role, Ticket};
use openrun_core::{ChannelId, Timestamp};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// The round on sale.
pub const ROUND: &str = "crash";
/// The apps that sell it.
pub const CHANNELS: [&str; 2] = ["seoul-pay", "shinhan-sol"];
/// Longest wait for a server to be ready, on a machine that is busy with other things.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// A token of the test lasts longer than the test.
const TOKEN_S: i64 = 86_400;
/// The end of a log that is told in a failure: a longer message is cut by the test runner.
const LOG_LINES: usize = 12;
/// How long after it was sent a payment may still arrive: longer than what the rail of the test
/// takes for one that is late.
pub const FINALITY: Duration = Duration::from_secs(2);
/// The same where the rail is never late, but the machine may be: a payment that was not sent
/// within half of it is not sent any more, and its person is told that it failed.
pub const PATIENT_FINALITY: Duration = Duration::from_secs(10);
/// How long one call of the rail may take: far above the usual, far below those that hang.
const RAIL_TIMEOUT_MS: &str = "500";

/// The directory and the ports.
#[derive(Debug)]
pub struct House {
    pub directory: TempDir,
    pub store: TestStore,
    program: PathBuf,
    pub public: SocketAddr,
    pub ops: SocketAddr,
    keys: OnceLock<Keys>,
    /// More arguments of a server here.
    paying: Vec<String>,
    /// Guards that are off.
    failpoints: &'static str,
}

/// A process that serves.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// From its start to its first answer that it is ready.
    pub ready_after: Duration,
}

impl House {
    /// On an empty store of the kind that this run is about.
    pub async fn new() -> House {
        House::on(TestStore::fresh().await)
    }

    /// On an empty file.
    pub fn in_file() -> House {
        House::on(TestStore::File)
    }

    fn on(store: TestStore) -> House {
        // Beside the built program, so that it can get a second name there: a build meanwhile does
        // not change the program in the middle of a sale.
        let beside = env!("CARGO_TARGET_TMPDIR");
        let directory = tempfile::tempdir_in(beside).expect("a directory");
        // Another build of the program may be looked at, as `benches/run` does.
        let named = std::env::var_os("OPENRUN_BINARY").map(PathBuf::from);
        let built = named.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_openrun")));
        let own = directory.path().join("openrun");
        let program = if std::fs::hard_link(&built, &own).is_ok() { own } else { built };
        let (public, ops) = (free_port(), free_port());
        let (keys, paying, failpoints) = (OnceLock::new(), Vec::new(), "");
        House { directory, store, program, public, ops, keys, paying, failpoints }
    }

    /// Whose servers pay through this rail.
    pub fn paying_by(mut self, rail: &TestRail, finality: Duration) -> House {
        let (kind, key) = (format!("http:{}", rail.url), rail.key_file.display().to_string());
        let finality = finality.as_secs().to_string();
        self.paying = [
            ("--rail", kind.as_str()),
            ("--rail-key-file", &key),
            ("--rail-finality-s", &finality),
            ("--rail-timeout-ms", RAIL_TIMEOUT_MS),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
        .collect();
        self
    }

    /// Whose servers have these guards off.
    pub fn without(mut self, failpoints: &'static str) -> House {
        self.failpoints = failpoints;
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn store(&self) -> String {
        self.store.url(self.directory.path())
    }

    /// The built program with these arguments, at home in the directory, without settings of the
    /// surroundings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OPENRUN_")) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(self.directory.path()).kill_on_drop(true);
        command
    }

    /// Runs the program to its end.
    pub async fn run(&self, arguments: &[&str]) -> (i32, Output) {
        let output = timeout(READY_LIMIT, self.command(arguments).output()).await;
        let output = output.unwrap_or_else(|_| panic!("{arguments:?} did not end")).expect("runs");
        (output.status.code().unwrap_or(-1), output)
    }

    /// The arguments of `openrun serve` here.
    pub fn serving(&self) -> Vec<String> {
        let (public, ops) = (self.public.to_string(), self.ops.to_string());
        let data = self.directory.path().display().to_string();
        let named = [("--public", public), ("--ops", ops), ("--store", self.store())];
        let mut words = vec!["serve".to_owned(), "--dev".to_owned()];
        words.extend(named.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        words.extend(["--data".to_owned(), data]);
        words.extend(self.paying.iter().cloned());
        words
    }

    fn start(&self) -> Child {
        let log = std::fs::File::options().create(true).append(true).open(self.path("log"));
        let log = log.expect("a log");
        let serving = self.serving();
        let words: Vec<&str> = serving.iter().map(String::as_str).collect();
        let mut command = self.command(&words);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        command.env("OPENRUN_FAILPOINTS", self.failpoints);
        command.spawn().expect("the built program starts")
    }

    /// Starts a server and kills it again, perhaps before it is ready.
    pub async fn die_starting(&self, after: Duration) {
        let mut child = self.start();
        sleep(after).await;
        child.kill().await.expect("a child can be killed");
    }

    /// Starts a server and waits until it is ready.
    pub async fn serve(&self) -> Server {
        let began = Instant::now();
        let mut child = self.start();
        let mut wire = Wire::new(self.ops);
        loop {
            let answer = wire.call(&Request::new("GET", "/readyz")).await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                break;
            }
            let ended = child.try_wait().expect("a child can be waited for");
            let is_late = began.elapsed() > READY_LIMIT;
            assert!(ended.is_none() && !is_late, "not ready: {ended:?}\n{}", self.log_end());
            sleep(Duration::from_millis(5)).await;
        }
        let ready_after = began.elapsed();
        self.keys.get_or_init(|| Keys::open_existing(self.directory.path()).expect("keys"));
        Server { child, ready_after }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The last lines of the log, for a failure.
    pub fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    fn keys(&self) -> &Keys {
        self.keys.get().expect("a server made keys")
    }

    pub fn person_token(&self, subject: &str, channel: &str) -> String {
        let channel = ChannelId::new(channel).expect("a channel");
        let token = self.keys().make_person_token(subject, &channel, "1991-01-01", now(), TOKEN_S);
        token.expect("a token")
    }

    /// A ticket as the server would have sealed it.
    pub fn seal(&self, ticket: &Ticket) -> String {
        self.keys().seal_ticket(ticket)
    }

    pub fn staff_token(&self) -> String {
        let token = self.keys().make_staff_token("crash", Role::Operator, now(), TOKEN_S);
        token.expect("a token")
    }

    /// Asks the ops listener as staff.
    pub async fn ask_ops(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::new(method, path).bearer(&self.staff_token());
        if let Some(body) = &body {
            request = request.json(body);
        }
        Wire::new(self.ops).call(&request).await.expect("the ops listener answers")
    }

    /// Somebody joins, and asks again while the answer is "not now": after a start there are new
    /// numbers once their block is durable.
    pub async fn join(&self, token: &str) -> Answer {
        let request = Request::new("POST", &format!("/v1/rounds/{ROUND}/tickets")).bearer(token);
        let (mut wire, began) = (Wire::new(self.public), Instant::now());
        loop {
            let answer = wire.call(&request).await.expect("an answer");
            if answer.status != 503 || began.elapsed() > READY_LIMIT {
                return answer;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The round as its operator sees it.
    pub async fn round(&self) -> Value {
        let answer = self.ask_ops("GET", &format!("/v1/admin/rounds/{ROUND}"), None).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// A program and an open round with plenty of stock and an inlet that keeps some waiting.
    pub async fn open_round(&self) {
        let program = json!({"name": {"ko": "상품권", "en": "Voucher"}, "issuer": "seoul", "rules": {
            "effective_from": "2022-07-01T00:00:00+09:00", "discount_bps": 700, "unit_won": 10_000,
            "monthly_limit_won": 400_000, "holding_limit_won": 1_000_000,
            "refund_threshold_bps": 6_000, "regions": ["seoul"], "channels": CHANNELS}});
        let hour = 3_600_000;
        let at = |millis: i64| {
            let moment = jiff::Timestamp::from_millisecond(now().0 + millis).expect("a moment");
            moment.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
        };
        let round = json!({"program_id": "seoul", "name": {"ko": "1차", "en": "Round 1"},
            "order": "fifo", "rejoin": "keep",
            "windows": [{"id": "all", "eligibility": "all", "opens_at": at(-hour),
                "closes_at": at(24 * hour), "stock_won": 100_000_000_000_i64}],
            "inlet": {"rate_per_s": 150, "max_active": 20_000, "claim_window_s": 86_400,
                "pass_ttl_s": 86_400}});
        let opening = Some(json!({"reason": "test"}));
        for (method, path, body) in [
            ("PUT", "/v1/admin/programs/seoul".to_owned(), Some(program)),
            ("PUT", format!("/v1/admin/rounds/{ROUND}"), Some(round)),
            ("POST", format!("/v1/admin/rounds/{ROUND}/open"), opening),
        ] {
            let answer = self.ask_ops(method, &path, body).await;
            assert!(matches!(answer.status, 200 | 201), "{method} {path}: {}", answer.text());
        }
        let somebody = Request::new("GET", "/v1/merchants?program=seoul");
        let (mut wire, began) = (Wire::new(self.public), Instant::now());
        // A development server looks for new regions every second.
        while wire.call(&somebody).await.expect("an answer").json()["merchants"] == json!([]) {
            assert!(began.elapsed() < READY_LIMIT, "nobody takes vouchers");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks the audit; panics unless every rule holds.
    pub async fn assert_audit_is_clean(&self) {
        let (code, output) = self.run(&["audit", "--store", &self.store()]).await;
        let told = String::from_utf8_lossy(&output.stdout);
        let fault = String::from_utf8_lossy(&output.stderr);
        assert_eq!(code, 0, "the audit is not clean\n{told}{fault}");
    }
}

impl Server {
    /// Kill -9, and the end of the process.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a child can be killed");
    }

    /// Whether it still runs.
    pub fn is_up(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    /// SIGTERM; answers how it ended and after how long.
    pub async fn terminate(mut self, limit: Duration) -> (ExitStatus, Duration) {
        let id = self.child.id().expect("it runs").to_string();
        let began = Instant::now();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.expect("kill runs").success(), "no signal was sent");
        let ended = timeout(limit, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it still runs after {limit:?}"));
        (status.expect("a child can be waited for"), began.elapsed())
    }
}

pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

/// A port below those that the system gives to connections going out, so that none of them takes it
/// while the server is dead.
pub fn free_port() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let offset = u16::try_from(std::process::id() % 9_000).expect("below 9,000");
    loop {
        let port = 21_000 + (offset + NEXT.fetch_add(1, Ordering::Relaxed)) % 11_000;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
