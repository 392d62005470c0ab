//! The repository's own rules, as tests.
//!
//! Each rule is a function `check(…) -> Vec<Fault>` over text, a test that runs it over the tree,
//! and a negative control that runs it over a bad sample. Rules look at text only: what needs types
//! is clippy's job (`clippy.toml`). A rule that stands in the way is changed here, with its reason,
//! never worked around.

mod boundaries;
mod failures;
mod languages;
mod metrics;
mod parts;
mod places;
mod shape;
mod sql;
mod tree;
mod words;

/// One breach of one rule, in the form an editor can jump to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    file: String,
    line: usize,
    what: String,
}

impl Fault {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }
}

/// Fails with every fault at once, one a line.
#[track_caller]
pub fn assert_none(faults: &[Fault]) {
    let list: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}:{}: {}", fault.file, fault.line, fault.what))
        .collect();
    assert!(list.is_empty(), "{} faults\n{}\n", list.len(), list.join("\n"));
}

/// The lines on which a bad sample was faulted: what the negative controls compare.
#[cfg(test)]
pub fn lines(faults: &[Fault]) -> Vec<usize> {
    faults.iter().map(|fault| fault.line).collect()
}
