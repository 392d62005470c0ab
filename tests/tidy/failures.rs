//! Every test that `docs/failure-modes.md` and `docs/security.md` name exists, names its row in its
//! turn, and no failure mode and no line of the security list has been forgotten.

use super::tree::{self, File};
use super::{Fault, assert_none};
use std::ops::RangeInclusive;

/// A page of numbered rows.
struct Page {
    path: &'static str,
    letter: char,
    /// Those that it must have a row for.
    numbers: &'static [RangeInclusive<u32>],
}

const FAILURES: Page = Page {
    path: "docs/failure-modes.md",
    letter: 'F',
    numbers: &[1..=28, 31..=31, 34..=34, 36..=41, 45..=52, 54..=54, 57..=57, 60..=60, 62..=62],
};
const SECURITY: Page = Page { path: "docs/security.md", letter: 'S', numbers: &[1..=37] };
/// What a row without a test must say.
const NOT_YET: &str = "not yet: ";

#[test]
fn every_failure_mode_has_a_test_that_names_it() {
    assert_none(&check_in_tree(&FAILURES));
}

#[test]
fn every_line_of_the_security_list_has_a_test_that_names_it() {
    assert_none(&check_in_tree(&SECURITY));
}

fn check_in_tree(page: &Page) -> Vec<Fault> {
    let files = tree::files();
    let found = files.iter().find(|file| file.path == page.path);
    check(page, &found.expect("the page is part of the tree").text, &files)
}

fn check(page: &Page, text: &str, files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let letter = page.letter;
    let mut fault = |line, what: String| faults.push(Fault::new(page.path, line, what));
    let mut missing: Vec<u32> = page.numbers.iter().cloned().flatten().collect();
    for (index, row) in text.lines().enumerate() {
        let row_of = row.strip_prefix("| ").and_then(|rest| rest.strip_prefix(letter));
        let mode = row_of.and_then(|rest| rest.split(' ').next());
        let mode = mode.and_then(|mode| mode.parse::<u32>().ok());
        missing.retain(|other| Some(*other) != mode);
        let tests: Vec<&str> = row.split('`').filter(|word| word.contains(".rs::")).collect();
        if mode.is_some() && tests.is_empty() && !row.contains(NOT_YET) {
            fault(index + 1, format!("a row names a test, or says `{NOT_YET}`"));
        }
        for test in tests {
            match find(test, files) {
                None => fault(index + 1, format!("there is no {test}")),
                Some(said) if mode.is_some_and(|mode| !names(&said, letter, mode)) => {
                    let number = mode.unwrap_or(0);
                    fault(index + 1, format!("{test} does not name {letter}{number}"));
                }
                Some(_) => {}
            }
        }
    }
    missing.iter().for_each(|mode| fault(1, format!("{letter}{mode} has no row")));
    faults
}

/// What a test says of itself: its name, the comment above it and the head of its file.
fn find(test: &str, files: &[File]) -> Option<String> {
    let (path, name) = test.split_once("::")?;
    let text = &files.iter().find(|file| file.path == path)?.text;
    let lines: Vec<&str> = text.lines().collect();
    let start = format!("fn {name}(");
    let at = lines.iter().position(|line| line.contains(&start))?;
    let above = lines[..at].iter().rev().map(|line| line.trim());
    let above = above.take_while(|line| line.starts_with("///") || line.starts_with("#["));
    let head = lines.iter().take_while(|line| line.starts_with("//!")).copied();
    let said: Vec<&str> = above.chain(head).chain([name]).collect();
    Some(said.join(" "))
}

fn names(said: &str, letter: char, mode: u32) -> bool {
    let wanted = format!("{}{mode}", letter.to_ascii_lowercase());
    said.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word.to_lowercase() == wanted)
}

#[cfg(test)]
mod controls {
    use super::*;
    use crate::lines;

    #[test]
    fn rows_without_a_test_that_exists_and_names_them_are_faults() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = [file(
            "tests/a.rs",
            "//! F2.\n#[test]\nfn f1_a() {}\n/// F3, F4.\n#[test]\nfn b() {}\n",
        )];
        let page = "| F1 | x | `tests/a.rs::f1_a` |\n| F2 | x | `tests/a.rs::b` |\n\
                    | F3 | x | `tests/a.rs::b` |\n| F4 | x | `tests/a.rs::c` |\n\
                    | F5 | x | later |\n| F6 | x | not yet: issue 6 |\n\
                    | F7 | x | `tests/a.rs::b` |\n";
        let found = check(&FAILURES, page, &files);
        let found: Vec<Fault> = found.into_iter().filter(|it| !it.what.ends_with("row")).collect();
        assert_eq!(lines(&found), [4, 5, 7]);
        // A page sees the rows of its own letter alone.
        let other = check(&SECURITY, "| F5 | x | later |\n| S5 | x | later |\n", &files);
        assert_eq!(lines(&other)[0], 2);
    }

    #[test]
    fn a_page_without_rows_is_a_fault_for_each_mode() {
        assert_eq!(check(&FAILURES, "", &[]).len(), 28 + 2 + 6 + 8 + 4);
        assert_eq!(check(&SECURITY, "", &[]).len(), 37);
    }
}
