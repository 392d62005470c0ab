//! How long things are, and how a file begins.

use super::tree::{self, File};
use super::{Fault, assert_none};

/// What fits in a reader's head; the median is meant to be near 120.
const FILE_LINES_MAX: usize = 500;
/// A function that fits on one screen. Tests are exempt: a text table may be long.
const FUNCTION_LINES_MAX: usize = 69;
/// The same as in rustfmt.toml, which leaves comments and strings alone.
const LINE_COLUMNS_MAX: usize = 100;
/// A sentence that people or operators read is not broken in two: it could not be searched for.
const STRING_COLUMNS_MAX: usize = 120;

#[test]
fn files_functions_and_lines_are_short() {
    let files = tree::files();
    let rust = files.iter().filter(|file| file.is_rust());
    assert_none(&rust.flat_map(|file| check(&file.path, &file.text)).collect::<Vec<_>>());
}

#[test]
fn every_product_file_starts_with_its_contract() {
    let files = tree::files();
    let product = files.iter().filter(|file| file.is_product());
    assert_none(&product.flat_map(check_head).collect::<Vec<_>>());
}

fn check(path: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let count = text.lines().count();
    if count > FILE_LINES_MAX {
        faults.push(Fault::new(path, count, format!("{count} lines, at most {FILE_LINES_MAX}")));
    }
    for (index, line) in text.lines().enumerate() {
        let columns = line.chars().count();
        let has_string = line.contains('"') && !line.trim_start().starts_with("//");
        let most = if has_string { STRING_COLUMNS_MAX } else { LINE_COLUMNS_MAX };
        if columns > most && !line.contains("://") {
            let what = format!("{columns} columns, at most {most}");
            faults.push(Fault::new(path, index + 1, what));
        }
    }
    let is_test = File { path: path.to_owned(), text: String::new() }.is_test();
    let tests = tree::test_lines(text);
    for (start, length) in functions(text) {
        if length > FUNCTION_LINES_MAX && !is_test && !tests[start] {
            let what = format!("a function of {length} lines, at most {FUNCTION_LINES_MAX}");
            faults.push(Fault::new(path, start + 1, what));
        }
    }
    faults
}

fn check_head(file: &File) -> Vec<Fault> {
    if file.text.starts_with("//!") {
        return Vec::new();
    }
    let what = "starts without a `//!` head: its contract, and what it does not do";
    vec![Fault::new(&file.path, 1, what)]
}

/// First line (from 0) and length of every function with a body.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len())
        .filter(|&start| is_function(lines[start]) && has_body(&lines[start..]))
        .map(|start| (start, length_of(&lines[start..])))
        .collect()
}

fn is_function(line: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| {
        matches!(*word, "pub" | "const" | "async" | "extern" | "\"C\"") || word.starts_with("pub(")
    });
    words.next() == Some("fn")
}

/// Whether a `{` comes before the `;`, both outside of brackets.
fn has_body(lines: &[&str]) -> bool {
    let mut depth = 0i32;
    for character in lines.iter().flat_map(|line| line.chars()) {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return true,
            ';' if depth == 0 => return false,
            _ => {}
        }
    }
    false
}

/// Relies on rustfmt: the body ends at the first `}` that stands at the function's own indentation.
fn length_of(lines: &[&str]) -> usize {
    let first = lines[0];
    if first.contains('{') && first.ends_with('}') {
        return 1;
    }
    let indent = &first[..first.len() - first.trim_start().len()];
    let closing = format!("{indent}}}");
    lines.iter().position(|line| *line == closing).map_or(lines.len(), |end| end + 1)
}

#[cfg(test)]
mod controls {
    use super::*;
    use crate::lines;

    #[test]
    fn a_long_file_a_long_line_and_a_long_function_are_faults() {
        let long_function = format!("fn long() {{\n{}}}\n", "    work();\n".repeat(70));
        let long_line = format!("// {}\n", "x".repeat(100));
        assert_eq!(lines(&check("src/a.rs", &long_function)), [1]);
        assert_eq!(lines(&check("tests/a/main.rs", &long_function)), []);
        assert_eq!(lines(&check("src/a.rs", &long_line)), [1]);
        assert_eq!(lines(&check("src/a.rs", &"//\n".repeat(501))), [501]);
        assert_eq!(lines(&check("src/a.rs", &"fn a() {\n    b();\n}\n".repeat(100))), []);
    }

    #[test]
    fn functions_without_a_body_have_no_length() {
        let text = "trait T {\n    fn a(\n        &self,\n    ) -> [u8; 4];\n\
                    \x20   fn b() {\n        x\n    }\n}";
        assert_eq!(functions(text), [(4, 3)]);
    }

    #[test]
    fn a_file_without_a_head_is_a_fault() {
        let bad = File { path: "src/a.rs".into(), text: "use std::fs;\n".into() };
        let good = File { path: "src/a.rs".into(), text: "//! Adds up.\n".into() };
        assert_eq!((check_head(&bad).len(), check_head(&good).len()), (1, 0));
    }
}
