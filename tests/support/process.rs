//! The built program as a process of its own, for what only a process shows: its log, its end.

use super::people::Buyer;
use super::staff::Operator;
use super::wire::Web;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// The program.
const OPENRUN: &str = env!("CARGO_BIN_EXE_openrun");

/// A served store on free ports, with everything that it logs.
pub struct Process {
    child: Child,
    data: Arc<TempDir>,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
    pub web: Web,
    pub operator: Operator,
}

impl Process {
    /// Serves a fresh store, logging as much as these directives say.
    pub fn start(log: &str) -> Process {
        let data = Arc::new(tempfile::tempdir().expect("tests can write to a folder"));
        Process::on(data, log)
    }

    fn on(data: Arc<TempDir>, directives: &str) -> Process {
        let any = "127.0.0.1:0";
        let mut command = Command::new(OPENRUN);
        command.args(["serve", "--dev", "--public", any, "--ops", any, "--log", directives]);
        command.args(["--log-format", "json", "--data"]).arg(data.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
        let child = child.as_mut().expect("the program was built");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut said = String::new();
        let (public, ops) = loop {
            let line = lines.next().expect("it says when it is ready").expect("text");
            said.push_str(&line);
            said.push('\n');
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let address = |field: &str| line[field].as_str()?.parse::<SocketAddr>().ok();
            if let (Some(public), Some(ops)) = (address("public"), address("ops")) {
                break (public, ops);
            }
        };
        todo_process(child, data, said, lines, public, ops)
    }
}
