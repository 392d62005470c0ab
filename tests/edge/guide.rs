//! The worked example of `docs/operators.md`: what is printed there works as it stands, in order,
//! against a server without `--dev`. Needs bash, curl and GNU date.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PAGE: &str = include_str!("../../docs/operators.md");
const OPENRUN: &str = env!("CARGO_BIN_EXE_openrun");
/// Where the page says that the server listens.
const SAID: [&str; 2] = ["http://127.0.0.1:8080", "http://127.0.0.1:8081"];
/// With this block begins what needs the server.
const FIRST_CALL: &str = "PUBLIC=";

/// The blocks of a page that are to be run, as the reader of the page runs them.
fn blocks(page: &str) -> Vec<&str> {
    let marked = page.split("<!-- run -->").skip(1);
    let marked = marked.map(|part| part.split_once("<!-- end of run -->").expect("it ends").0);
    let blocks = marked.flat_map(|part| part.split("```sh\n").skip(1));
    blocks.map(|block| block.split_once("```").expect("it ends").0).collect()
}

/// Runs lines in a folder; answers with what they print.
fn typed(folder: &Path, lines: &str) -> String {
    let program = Path::new(OPENRUN).parent().expect("a folder").display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("timeout");
    command
        .args(["120", "bash", "-eu", "-o", "pipefail", "-c", lines])
        .current_dir(folder)
        .env("PATH", path);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OPENRUN_")) {
        command.env_remove(name);
    }
    let output = command.output().expect("bash is there");
    let (said, noted) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{lines}\n{said}\n{noted}");
    said.into_owned()
}

/// The server, which ends with this.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves the folder's keys as the page says, on free ports; answers with both addresses.
fn serve(folder: &Path) -> (Serving, [String; 2]) {
    let mut command = Command::new(OPENRUN);
    command.args(["serve", "--data", "openrun-data", "--log-format", "json"]);
    command.args(["--public", "127.0.0.1:0", "--ops", "127.0.0.1:0"]).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().expect("the program was built");
    let output = child.stdout.take().expect("it is piped");
    let serving = Serving(child);
    let mut output = BufReader::new(output);
    loop {
        let mut line = String::new();
        let length = output.read_line(&mut line).expect("a log is text");
        assert!(length > 0, "it ended before it was ready");
        let line: Value = serde_json::from_str(&line).unwrap_or_default();
        let url = |field: &str| Some(format!("http://{}", line[field].as_str()?));
        if let (Some(public), Some(ops)) = (url("public"), url("ops")) {
            std::thread::spawn(move || output.lines().map_while(Result::ok).for_each(drop));
            return (serving, [public, ops]);
        }
    }
}

#[test]
fn what_the_guide_for_operators_prints_works_as_it_stands() {
    let folder = tempfile::tempdir().expect("tests can write to a folder");
    let blocks = blocks(PAGE);
    let first_call = blocks.iter().position(|block| block.starts_with(FIRST_CALL));
    let (keys, calls) = blocks.split_at(first_call.expect("the page names its addresses"));
    assert!(keys.len() >= 2 && calls.len() >= 8, "{} and {}", keys.len(), calls.len());
    let told = typed(folder.path(), &keys.concat());
    assert!(told.contains("channels/seoul-pay.hs256"), "{told}");
    let (_serving, addresses) = serve(folder.path());
    let mut lines = calls.concat();
    for (said, address) in SAID.iter().zip(&addresses) {
        assert_eq!(lines.matches(said).count(), 1, "{said} stands there once");
        lines = lines.replace(said, address);
    }
    let told = typed(folder.path(), &lines);
    for expected in [
        "\"allowance_won\":100000",
        "\"sold_won\":300000",
        "\"mode\":\"manual\"",
        " rules, all hold",
    ] {
        assert!(told.contains(expected), "{expected} was to come\n{told}");
    }
    let ended = told.trim_end().ends_with("{\"notices\":[]}");
    assert!(ended, "the last thing is the withdrawn notice\n{told}");
}
