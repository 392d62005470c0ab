//! What may call what: the textual back-up of clippy's bans, and the proof that the core is pure.

use super::{Fault, assert_none, tree};

/// The one file that may hand a message to a mailbox.
const HANDLE: &str = "actors/src/handle.rs";
/// All that the core may stand on.
const CORE_DEPENDENCIES: &[&str] = &["serde", "sha2"];

#[test]
fn mailboxes_are_reached_through_handles_only() {
    let files = tree::files();
    let product = files.iter().filter(|file| file.is_rust() && file.path != HANDLE);
    assert_none(&product.flat_map(|file| check(&file.path, &file.text)).collect::<Vec<_>>());
}

#[test]
fn the_core_depends_on_serde_and_hashing_only() {
    let files = tree::files();
    let core = files.iter().find(|file| file.path == "actors/core/Cargo.toml");
    let core = core.expect("actors/core/Cargo.toml is part of the tree");
    assert_none(&check_dependencies(&core.path, &core.text));
}

#[test]
fn the_core_reads_no_clock_and_does_no_io() {
    let files = tree::files();
    let core =
        files.iter().filter(|file| file.path.starts_with("actors/core/src/") && !file.is_test());
    assert_none(&core.flat_map(|file| check_pure(&file.path, &file.text)).collect::<Vec<_>>());
}

fn check(path: &str, text: &str) -> Vec<Fault> {
    let calls = [
        concat!(".do_", "send("),
        concat!("addr.", "send("),
        concat!("addr.", "try_send("),
        concat!("address().", "send("),
        concat!("address().", "try_send("),
        concat!("Addr", "::send"),
        concat!("Addr", "::do_send"),
        concat!("Addr", "::try_send"),
    ];
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for call in calls.iter().filter(|call| line.contains(**call)) {
            let what = format!("`{call}`: only {HANDLE} sends, others call a handle's methods");
            faults.push(Fault::new(path, index + 1, what));
        }
    }
    faults
}

fn check_dependencies(path: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section == "dependencies" || section.ends_with(".dependencies");
            if let Some(name) = section.strip_prefix("dependencies.")
                && !CORE_DEPENDENCIES.contains(&name)
            {
                faults.push(Fault::new(path, index + 1, format!("the core depends on `{name}`")));
            }
            continue;
        }
        let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
        let is_entry = inside && !name.is_empty() && !name.starts_with('#');
        if is_entry && !CORE_DEPENDENCIES.contains(&name) {
            faults.push(Fault::new(path, index + 1, format!("the core depends on `{name}`")));
        }
    }
    faults
}

fn check_pure(path: &str, text: &str) -> Vec<Fault> {
    let impure =
        ["std::time::", "std::fs", "std::net", "std::env", "std::thread", "std::io", "async fn"];
    let tests = tree::test_lines(text);
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if tests[index] || line.trim_start().starts_with("//") {
            continue;
        }
        for word in impure.iter().filter(|word| line.contains(**word)) {
            let what = format!("`{word}`: the core has no IO, no clock, no threads and no await");
            faults.push(Fault::new(path, index + 1, what));
        }
    }
    faults
}

#[cfg(test)]
mod controls {
    use super::*;
    use crate::lines;

    #[test]
    fn sending_to_an_address_is_a_fault() {
        let call = concat!("self.round_addr.", "send(Join)");
        let other = concat!("x.do_", "send(Join)");
        let text = format!("{call};\n// {call}\nsender.send(1);\n{other};\n");
        assert_eq!(lines(&check("src/a.rs", &text)), [1, 4]);
    }

    #[test]
    fn another_dependency_of_the_core_is_a_fault() {
        let text = "[package]\nname = \"x\"\n[dependencies]\nserde = \"1\"\n\
                    sha2.workspace = true\ntokio = \"1\"\n\
                    [dev-dependencies]\nproptest = \"1\"\n[dependencies.rand]\nversion = \"1\"\n";
        assert_eq!(lines(&check_dependencies("Cargo.toml", text)), [6, 9]);
    }

    #[test]
    fn a_clock_in_the_core_is_a_fault() {
        let text = "use std::time::Instant;\n// std::fs\n\
                    #[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert_eq!(lines(&check_pure("actors/core/src/a.rs", text)), [1]);
    }
}
