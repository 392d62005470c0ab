//! The built program as a process of its own, for what only a process shows: its log, its end.

use super::people::Buyer;
use super::ports::folder;
use super::staff::Operator;
use super::store::{Audited, TestStore};
use super::wire::Web;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use tempfile::TempDir;

/// The program.
const OPENRUN: &str = env!("CARGO_BIN_EXE_openrun");

/// A served store on free ports.
pub struct Process {
    child: Child,
    reader: Option<JoinHandle<String>>,
    /// Kept for as long as nobody shall read the log.
    unread: Option<Sender<()>>,
    pub public: SocketAddr,
    pub ops: SocketAddr,
    pub data: Arc<TempDir>,
    store: TestStore,
    pub web: Web,
    pub operator: Operator,
}

impl Process {
    /// Serves a fresh store, logging as much as these directives say.
    pub async fn start(log: &str) -> Process {
        Process::on(folder(), TestStore::fresh().await, log)
    }

    /// The same, and nobody reads its log once it is ready, until it has ended.
    pub async fn start_unread(log: &str) -> Process {
        Process::run(Command::new(OPENRUN), folder(), TestStore::fresh().await, log, false)
    }

    /// The same, and it may have so many files open.
    pub async fn start_with_files(log: &str, files: u32) -> Process {
        let mut command = Command::new("prlimit");
        command.args([&format!("--nofile={files}:{files}"), OPENRUN]);
        Process::run(command, folder(), TestStore::fresh().await, log, true)
    }

    /// Serves what is in the store, with the keys in the folder.
    pub fn on(data: Arc<TempDir>, store: TestStore, log: &str) -> Process {
        Process::run(Command::new(OPENRUN), data, store, log, true)
    }

    fn run(
        mut command: Command,
        data: Arc<TempDir>,
        store: TestStore,
        log: &str,
        is_read: bool,
    ) -> Process {
        let any = "127.0.0.1:0";
        command.args(["serve", "--dev", "--public", any, "--ops", any, "--log", log]);
        command.args(["--log-format", "json", "--store", &store.url(data.path()), "--data"]);
        command.arg(data.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the program was built");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut said = String::new();
        let (public, ops) = loop {
            let start = said.len();
            let length = output.read_line(&mut said).expect("a log is text");
            assert!(length > 0, "it ended before it was ready: {said}");
            let line: Value = serde_json::from_str(&said[start..]).unwrap_or_default();
            let address = |field: &str| line[field].as_str()?.parse::<SocketAddr>().ok();
            if let (Some(public), Some(ops)) = (address("public"), address("ops")) {
                break (public, ops);
            }
        };
        let (unread, may_read) = channel();
        let unread = (!is_read).then_some(unread);
        let read_on = move || {
            // Answers when the other end goes: at once, where it was not kept.
            let _ = may_read.recv();
            while output.read_line(&mut said).is_ok_and(|length| length > 0) {}
            said
        };
        let reader = Some(std::thread::spawn(read_on));
        let token = command_output(&["token", "admin", "--role", "operator"], &data);
        let operator = Operator::new(Web::new(ops), token);
        let web = Web::new(public);
        Process { child, reader, unread, public, ops, data, store, web, operator }
    }

    /// Under which number the operating system knows it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Somebody born in an odd year who uses Seoul Pay+.
    pub fn buyer(&self, person: &str) -> Buyer {
        let who = ["token", "person", "--person", person];
        let what = ["--channel", "seoul-pay", "--birthdate", "1991-03-01"];
        let token = command_output(&[who, what].concat(), &self.data);
        Buyer::new(self.web.clone(), person, token)
    }

    /// What `openrun audit` says of its store, while it runs.
    pub async fn audit(&self) -> Audited {
        self.store.audit(self.data.path()).await
    }

    /// What a command prints about its store, while it runs: on both outputs.
    pub fn command_on_store(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(OPENRUN);
        command.args(arguments).args(["--store", &self.store.url(self.data.path())]);
        let output = command.output().expect("the program was built");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        text(&output.stdout) + &text(&output.stderr)
    }

    /// Asks it to stop as an operating system does; answers with its exit code and all it logged.
    pub fn terminate(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().expect("kill is there");
        assert!(told.success(), "it ran until now");
        let code = self.child.wait().expect("it was started here").code();
        self.unread = None;
        (code, self.reader.take().map(|it| it.join().expect("it only reads")).unwrap_or_default())
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(mut self) -> Arc<TempDir> {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started here");
        Arc::clone(&self.data)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command_output(arguments: &[&str], data: &TempDir) -> String {
    let output = Command::new(OPENRUN).args(arguments).arg("--data").arg(data.path()).output();
    let output = output.expect("the program was built");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
