//! `openrun capacity` end to end: it measures a server of its own, answers, and leaves nothing of
//! it behind and nothing that was there before changed.

use crate::support::on_stage;
use crate::support::ports::folder;
use crate::support::store::TestStore;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const CALLS: [&str; 6] = ["joins", "looks", "documents", "sign_ups", "claims", "purchases"];

fn capacity(store: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openrun"));
    command.args(["capacity", "--connections", "16", "--store", store]).args(arguments);
    command.env("LANG", "C").env_remove("LC_ALL").env_remove("LC_MESSAGES");
    command.output().expect("the program was built")
}

/// What is in a directory, by name and size.
fn there(folder: &Path) -> Vec<(String, u64)> {
    let entries = std::fs::read_dir(folder).expect("it is there").flatten();
    let entry = |entry: std::fs::DirEntry| {
        let size = entry.metadata().map_or(0, |file| file.len());
        (entry.file_name().to_string_lossy().into_owned(), size)
    };
    let mut all: Vec<_> = entries.map(entry).collect();
    all.sort();
    all
}

#[test]
fn a_machine_is_measured_on_a_store_of_its_own_which_is_gone_afterwards() {
    on_stage(async {
        let (data, store) = (folder(), TestStore::fresh().await);
        let url = store.url(data.path());
        // A store would refuse this, so nothing has opened it.
        std::fs::write(data.path().join("openrun.db"), "another's").expect("it takes files");
        let before = there(data.path());
        let small = ["--people", "100", "--won", "1000000", "--seconds", "3", "--json"];
        // A machine that does something else for a second of the three may not carry a hundred.
        let measured = || {
            let output = capacity(&url, &small);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            let answer: Value = serde_json::from_slice(&output.stdout).expect(&told);
            (output, told, answer)
        };
        let mut tries = std::iter::repeat_with(measured).take(3);
        let is_yes = |(_, _, answer): &(Output, String, Value)| answer["answer"] == "yes";
        let (output, told, answer) = tries.find(is_yes).expect("a hundred people are carried");
        assert_eq!(output.status.code(), Some(0), "{told}");
        for call in CALLS {
            let rate = &answer["measured"][call];
            assert!(rate["calls"].as_u64() > Some(10), "{call}: {rate}");
            assert!(rate["per_s"].as_f64() > Some(1.0) && rate["busy"].as_f64() > Some(0.0));
            let share = rate["people_share"].as_f64().expect("a figure");
            assert!(share > 0.0 && share < 1.0, "{call}: {rate}");
        }
        assert!(answer["measured"]["flush_ms_p50"].as_f64() > Some(0.0));
        assert!(answer["measured"]["buyer_disk_bytes"].as_f64() > Some(0.0), "{answer:#}");
        assert_eq!(there(data.path()), before, "nothing is left and nothing is changed");
    });
}

#[test]
fn a_bank_that_is_too_slow_is_a_no_with_its_exit_code() {
    on_stage(async {
        let (data, store) = (folder(), TestStore::fresh().await);
        let url = store.url(data.path());
        let asked = ["--people", "2000", "--won", "387000000", "--minutes", "1", "--seconds", "1"];
        let output = capacity(&url, &[&asked[..], &["--rail-per-second", "10"]].concat());
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{told}");
        let said = String::from_utf8(output.stdout).expect("it is text");
        assert!(said.starts_with("no: this machine does not carry 2,000 people"), "{said}");
        assert!(said.contains("payments a second at the bank"), "{said}");
        assert!(said.contains("plan for 2 minutes at least"), "{said}");
        assert_eq!(there(data.path()), [], "nothing is left behind");
    });
}
