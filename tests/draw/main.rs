//! A draw, verified by three programs that share no line: the command (`openrun verify-draw`), the
//! page (`docs/verify-draw.html`, run by node) and the Python of `docs/draw.md`. What one says of a
//! transcript that was tampered with, the others say too.
//!
//! Needs `node` and `python3`, which `tests/run` sees to, and fails without them.

// Helpers of tests: a panic is how they fail.
#![allow(clippy::unwrap_used)]

mod command;
mod draws;
mod page;
mod python;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file of the repository.
fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What stands in a file between two marks.
fn between(text: &str, from: &str, to: &str) -> String {
    let (_, after) = text.split_once(from).expect("the first mark is there");
    let (found, _) = after.split_once(to).expect("the second mark is there");
    found.to_owned()
}

/// The document about the draw.
fn document() -> String {
    std::fs::read_to_string(source("docs/draw.md")).unwrap()
}

/// Runs a program that the tests cannot do without.
fn run(command: &mut Command) -> Output {
    let program = command.get_program().to_string_lossy().into_owned();
    command.output().unwrap_or_else(|cause| panic!("{program} is needed here: {cause}"))
}

fn lines(output: &Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&output.stdout);
    let faults = String::from_utf8_lossy(&output.stderr);
    assert!(faults.is_empty(), "{faults}");
    said.lines().map(str::to_owned).collect()
}
