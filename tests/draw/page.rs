//! The page, run by node: its own SHA-256, its own shuffle, its own mind.

use crate::draws::{CHEATS, honest, proof, write};
use crate::{between, document, lines, run, source};
use openrun_core::draw::{Proof, Transcript, verify};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// As many as were drawn for in the acceptance of the issue.
const MANY: u64 = 200_000;

fn html() -> String {
    std::fs::read_to_string(source("docs/verify-draw.html")).unwrap()
}

/// The page's computation, cut out of it.
fn algorithm(folder: &Path) -> PathBuf {
    let path = folder.join("verify-draw.js");
    std::fs::write(&path, between(&html(), "\n// >>> algorithm\n", "\n// <<< algorithm\n"))
        .unwrap();
    path
}

fn driver(mode: &str, script: &Path, files: &[PathBuf]) -> Vec<String> {
    let mut command = Command::new("node");
    command.arg(source("tests/draw/driver.js")).arg(mode).arg(script).args(files);
    lines(&run(&mut command))
}

#[test]
fn the_page_agrees_with_the_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let text = document();
    let (_, vectors) = text.split_once("## Vectors").unwrap();
    let path = folder.path().join("vectors.json");
    std::fs::write(&path, between(vectors, "```json\n", "\n```")).unwrap();
    let faults = driver("vectors", &algorithm(folder.path()), &[path]);
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_page_verifies_200_000_and_rejects_what_was_tampered_with() {
    let folder = tempfile::tempdir().unwrap();
    let script = algorithm(folder.path());
    let began = Instant::now();
    let transcript = honest(MANY);
    println!("{MANY} entries, leaves and all, drawn in {} ms", began.elapsed().as_millis());
    let began = Instant::now();
    verify(&transcript).unwrap();
    println!("verified by the library in {} ms", began.elapsed().as_millis());
    let path = write(folder.path(), "honest", &transcript);
    let began = Instant::now();
    assert_eq!(driver("codes", &script, &[path]), ["verified"]);
    println!("verified by the page in {} ms", began.elapsed().as_millis());
    for name in ["another seed", "a leaf removed", "a leaf inserted", "two numbers swapped"] {
        let (_, change, code) = CHEATS.iter().find(|(known, ..)| *known == name).unwrap();
        let mut tampered = transcript.clone();
        change(&mut tampered);
        assert_eq!(verify(&tampered).unwrap_err().code(), *code, "{name}");
        let path = write(folder.path(), "tampered", &tampered);
        assert_eq!(driver("codes", &script, &[path]), [*code], "{name}");
    }
}

#[test]
fn the_page_and_the_library_find_each_cheat_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let transcript = honest(100);
    let mut files = vec![write(folder.path(), "honest", &transcript)];
    let mut expected = vec!["verified"];
    for (index, (name, change, code)) in CHEATS.iter().enumerate() {
        let mut tampered = transcript.clone();
        change(&mut tampered);
        assert_eq!(verify(&tampered).unwrap_err().code(), *code, "{name}");
        files.push(write(folder.path(), &format!("cheat-{index}"), &tampered));
        expected.push(code);
    }
    for (index, count) in [0, 1, 2, 3].into_iter().enumerate() {
        files.push(write(folder.path(), &format!("small-{index}"), &honest(count)));
        expected.push("verified");
    }
    assert_eq!(driver("codes", &algorithm(folder.path()), &files), expected);
}

#[test]
fn the_page_does_not_take_another_form_for_a_transcript() {
    let folder = tempfile::tempdir().unwrap();
    let good = serde_json::to_value(honest(3)).unwrap();
    let mut bad = vec![serde_json::json!([]), serde_json::json!(null), serde_json::json!({})];
    for (field, value) in [
        ("more", serde_json::json!(1)),
        ("count", serde_json::json!("3")),
        ("key", serde_json::json!("AB".repeat(32))),
        ("leaves", serde_json::json!(["00"])),
        ("entries_by_number", serde_json::json!([1.5, 2, 3])),
        ("shares", serde_json::json!([{"spec": {"name": "a"}, "value": null}])),
    ] {
        let mut other = good.clone();
        other[field] = value;
        bad.push(other);
    }
    let names = bad.iter().enumerate();
    let files: Vec<PathBuf> =
        names.map(|(at, it)| write(folder.path(), &format!("bad-{at}"), it)).collect();
    let said = driver("codes", &algorithm(folder.path()), &files);
    assert_eq!(said, vec!["not-a-transcript"; bad.len()]);
}

#[test]
fn a_proof_finds_its_number_on_the_page_as_in_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let transcript = honest(100);
    let proofs = [
        proof(1),
        proof(100),
        proof(5),
        proof(101),
        Proof { entry: 2, ..proof(1) },
        Proof { class: "odd".into(), ..proof(1) },
    ];
    let mut files = vec![write(folder.path(), "honest", &transcript)];
    let mut expected = Vec::new();
    for (index, proof) in proofs.iter().enumerate() {
        files.push(write(folder.path(), &format!("proof-{index}"), proof));
        let number = proof.number_in(&transcript);
        expected.push(number.map_or_else(|it| it.code().to_owned(), |it| it.to_string()));
    }
    assert_eq!(driver("proof", &algorithm(folder.path()), &files), expected);
    assert!(expected[0].parse::<u64>().is_ok() && expected[1].parse::<u64>().is_ok());
}

#[test]
fn the_button_of_the_page_says_in_two_languages_what_holds() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("page.js");
    std::fs::write(&script, between(&html(), "\n<script>\n", "\n</script>\n")).unwrap();
    let press = |transcript: &Transcript, proof: PathBuf| {
        let files = [write(folder.path(), "transcript", transcript), proof];
        driver("page", &script, &files)
    };
    let own = write(folder.path(), "proof", &proof(7));
    let mut transcript = honest(100);
    let shown = press(&transcript, own.clone());
    assert!(shown[0].contains("확인되었습니다") && shown[0].contains("Verified"), "{shown:?}");
    assert!(shown.iter().skip(1).all(|line| line.starts_with("good: ")), "{shown:?}");
    // The verdict and nine checks: pressing twice computes once.
    assert_eq!(shown.len(), 10, "{shown:?}");
    let number = proof(7).number_in(&transcript).unwrap();
    let last = shown.last().unwrap();
    assert!(last.contains(&format!("순번 {number}번")), "{last}");
    assert!(last.contains(&format!("drawn as number {number}")), "{last}");

    transcript.leaves.swap(6, 7);
    let shown = press(&transcript, own);
    assert!(shown[0].contains("확인되지 않았습니다"), "{shown:?}");
    assert!(shown.last().unwrap().starts_with("bad: "), "{shown:?}");

    let nonsense = folder.path().join("nonsense.json");
    std::fs::write(&nonsense, "not json").unwrap();
    let shown = press(&honest(3), nonsense);
    assert!(shown.len() == 1 && shown[0].contains("not JSON"), "{shown:?}");
}

/// A page that anybody can open where there is no network, and that could not send a proof.
#[test]
fn the_page_needs_and_reaches_nothing_but_itself() {
    let text = html();
    assert!(text.contains("default-src 'none'"));
    for word in ["http:", "https:", " src=", "href=", "fetch(", "import(", "XMLHttp", "innerHTML"] {
        assert!(!text.contains(word), "{word}");
    }
    for id in ["file", "proof", "commitment", "root"] {
        assert!(text.contains(&format!("<label for=\"{id}\">")), "{id} has no label");
    }
}
