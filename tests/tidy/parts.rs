//! What openrun is made of is looked at by `tests/parts`; here that nobody switches it off in
//! silence.

use super::{Fault, assert_none, tree};

/// Each file, and what must stand in it.
const RULES: &[(&str, &str)] = &[
    ("Cargo.toml", "unsafe_code = \"forbid\""),
    ("Cargo.toml", "[lints]\nworkspace = true"),
    ("actors/Cargo.toml", "[lints]\nworkspace = true"),
    ("actors/core/Cargo.toml", "[lints]\nworkspace = true"),
    ("Cargo.lock", "[[package]]\nname = \"openrun\""),
    ("tests/run", "stage \"parts\" tests/parts\n"),
];

/// S31.
#[test]
fn s31_the_crates_are_locked_checked_and_free_of_unsafe_code_of_ours() {
    let read = |path: &str| std::fs::read_to_string(tree::root().join(path)).unwrap_or_default();
    assert_none(&check(read));
}

fn check(read: impl Fn(&str) -> String) -> Vec<Fault> {
    let broken = RULES.iter().filter(|(path, words)| !read(path).contains(words));
    broken.map(|(path, words)| Fault::new(path, 1, format!("must say {words:?}"))).collect()
}

#[test]
fn a_rule_that_was_taken_out_is_found() {
    assert_eq!(check(|_| String::new()).len(), RULES.len());
}
