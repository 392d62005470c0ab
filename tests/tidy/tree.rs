//! The text files of this repository, read once per rule. Does not follow links and does not ask
//! git.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold what is built, installed or left behind by a run.
const SKIPPED_FOLDERS: &[&str] =
    &["target", ".git", "node_modules", "openrun-data", "__pycache__", ".hypothesis"];

pub struct File {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    pub text: String,
}

impl File {
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Rust that ships: under `src/` or `actors/`, without integration tests.
    pub fn is_product(&self) -> bool {
        self.is_rust()
            && (self.path.starts_with("src/") || self.path.starts_with("actors/"))
            && !self.path.contains("/tests/")
    }

    /// A file that is nothing but tests.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("_tests.rs")
    }
}

/// Where the repository stands on this machine.
pub fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .unwrap_or_else(|| std::env::current_dir().expect("a test runs in some folder"))
}

/// Every file of the tree that is text.
pub fn files() -> Vec<File> {
    let root = root();
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    assert!(found.iter().any(|file| file.path == "Cargo.toml"), "not the root: {root:?}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !SKIPPED_FOLDERS.contains(&name.as_str()) {
            walk(root, &entry.path(), found);
        }
        if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            let path = entry.path();
            let path = path.strip_prefix(root).expect("walked from the root");
            found.push(File { path: path.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

/// For each line of a Rust file, whether it belongs to an item under `#[cfg(test)]`.
/// Relies on rustfmt: an item ends at the first `}` that stands at its own indentation.
pub fn test_lines(text: &str) -> Vec<bool> {
    let mut marks = Vec::new();
    let mut end: Option<String> = None;
    let mut opened = false;
    for line in text.lines() {
        if end.is_none() && line.trim_start().starts_with("#[cfg(test)]") {
            let indent = &line[..line.len() - line.trim_start().len()];
            end = Some(format!("{indent}}}"));
            opened = false;
        }
        marks.push(end.is_some());
        if let Some(closing) = &end {
            let is_attribute = line.trim_start().starts_with('#');
            let is_declaration = !opened && !is_attribute && line.ends_with(';');
            opened |= !is_attribute && line.contains('{');
            let is_one_line = opened && !is_attribute && line.ends_with('}');
            if line == closing || is_declaration || (is_one_line && line.starts_with("#[")) {
                end = None;
            }
        }
    }
    marks
}

#[test]
fn lines_of_test_modules_are_found() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests;\nfn b() {}\n\
                #[cfg(test)]\nmod more {\n    x\n}\nfn c() {}";
    let expected = [false, true, true, false, true, true, true, true, false];
    assert_eq!(test_lines(text), expected);
}
