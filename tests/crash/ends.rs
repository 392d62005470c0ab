//! How the program ends, and how it refuses to begin: exit codes, and one line that says why.

use crate::chance::Chance;
use crate::house::{House, Server};
use crate::kill::{assert_all_is_kept, figures, flows, sale};
use crate::support::TestStore;
use std::collections::HashSet;
use std::process::Output;
use std::time::Duration;
use tokio::time::sleep;

/// Longest time from SIGTERM to the end: answering what is in flight may take 10 s, and so may
/// writing what was decided.
pub const STOP_LIMIT: Duration = Duration::from_secs(25);
/// Stops under load.
const STOPS: u32 = 20;

/// F45.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_ends_in_time_and_everything_answered_is_in_the_store() {
    let (mut chance, _) = Chance::of_run();
    let (world, mut server, mut crowd) = sale(60, &mut chance).await;
    let (mut slowest, mut ready_at_worst) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..STOPS {
        flows(&world, &mut crowd).await;
        sleep(Duration::from_millis(chance.within(300, 900))).await;
        let (status, after) = server.terminate(STOP_LIMIT).await;
        assert_eq!(status.code(), Some(0), "after {after:?}\n{}", world.house.log_end());
        slowest = slowest.max(after);
        let nobody = world.gate.write().await;
        server = world.house.serve().await;
        ready_at_worst = ready_at_worst.max(server.ready_after);
        // More than after a crash: no place has to prove itself, all of them were written.
        let stored = crate::stored::read(&world.house).await;
        let written: HashSet<_> = stored.tickets.into_iter().collect();
        let answered = world.ledger.book().acked.tickets.clone();
        let lost: Vec<_> = answered.iter().filter(|ticket| !written.contains(ticket)).collect();
        assert!(lost.is_empty(), "{} of {} places lost: {lost:?}", lost.len(), answered.len());
        assert_all_is_kept(&world, &mut chance, 200).await;
        drop(nobody);
    }
    let figures = figures(&world.ledger);
    let worst = format!("ended after {slowest:.0?} and ready after {ready_at_worst:.0?} at worst");
    println!("stop: {STOPS} stops under load, {figures}; {worst}");
}

/// The one line on standard error.
fn line_of(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with("openrun: ")).collect();
    assert!(told.len() == 1 && !text.contains("panicked"), "not one line of its own:\n{text}");
    told[0].to_owned()
}

async fn check(house: &House, words: &[&str], code: i32, part: &str) {
    let (got, output) = house.run(words).await;
    let line = line_of(&output);
    assert_eq!(got, code, "{words:?}: {line}");
    assert!(line.contains(part), "{words:?}: {line}");
}

async fn still_serves(house: &House, server: &mut Server) {
    assert!(server.is_up(), "{}", house.log_end());
    assert_eq!(house.ask_ops("GET", "/readyz", None).await.status, 200);
}

#[tokio::test]
async fn a_second_server_on_the_same_file_is_refused_and_the_first_goes_on() {
    let (first, second) = (House::in_file(), House::in_file());
    let mut server = first.serve().await;
    let mut words = second.serving();
    let store = words.iter().position(|word| *word == second.store()).expect("it is named");
    words[store] = first.store();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    check(&second, &words, 69, "is in use by another openrun").await;
    still_serves(&first, &mut server).await;
    server.kill().await;
    // The lock ends with the process, however that ended.
    let server = first.serve().await;
    server.kill().await;
}

#[tokio::test]
async fn a_port_in_use_is_told_in_one_line() {
    let (first, second) = (House::new().await, House::new().await);
    let mut server = first.serve().await;
    for (own, taken) in [(second.public, first.public), (second.ops, first.ops)] {
        let (own, taken) = (own.to_string(), taken.to_string());
        let words = second.serving();
        let word = |word: &String| if *word == own { taken.clone() } else { word.clone() };
        let words: Vec<String> = words.iter().map(word).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        check(&second, &words, 1, "choose other ports with --public and --ops").await;
    }
    still_serves(&first, &mut server).await;
}

#[tokio::test]
async fn settings_that_cannot_be_served_with_end_with_78() {
    let house = House::new().await;
    let write = |name: &str, text: &str| std::fs::write(house.path(name), text).expect("written");
    write("good.toml", "log = \"warn\"\n");
    write("unknown.toml", "speed = 11\n");
    write("broken.toml", "public = [\n");
    write("type.toml", "workers = \"many\"\n");
    write("bounds.toml", "stop_timeout_s = 0\n");
    write("store.toml", "store = \"mysql://root:secret@there/db\"\n");
    for command in [&["config", "check"][..], &["serve"][..]] {
        for (file, part) in [
            ("unknown.toml", "speed"),
            ("broken.toml", "broken.toml"),
            ("type.toml", "type.toml:1: "),
            ("bounds.toml", "stop_timeout_s"),
            ("store.toml", "mysql://"),
            ("missing.toml", "missing.toml"),
        ] {
            check(&house, &[command, &["--config", file]].concat(), 78, part).await;
        }
        let same = ["--public", "127.0.0.1:9000", "--ops", "127.0.0.1:9000"];
        check(&house, &[command, &same].concat(), 78, "127.0.0.1:9000").await;
    }
    let (_, output) = house.run(&["config", "check", "--config", "store.toml"]).await;
    assert!(!line_of(&output).contains("secret"), "a password was told");
    let (code, output) = house.run(&["config", "check", "--config", "good.toml"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(code == 0 && text.contains("log = \"warn\""), "{code}: {text}");
    // Outside of development nothing is served with keys that are not there.
    check(&house, &["serve", "--data", "nothing"], 78, "openrun keys init").await;
}

#[tokio::test]
async fn wrong_usage_ends_with_2_and_a_token_is_printed_alone() {
    let house = House::new().await;
    let mut server = house.serve().await;
    let data = house.directory.path().display().to_string();
    let token = ["token", "person", "--data", &data];
    for words in [
        &["token"][..],
        &["token", "person"],
        &["token", "admin", "--role", "king"],
        &["token", "admin", "--role", "viewer", "--ttl", "0"],
        &["token", "person", "--person", "kim", "--channel", "Not A Channel"],
        &["serve", "--fast"],
        &["fly"],
    ] {
        let (code, output) = house.run(words).await;
        assert_eq!(code, 2, "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty(), "{words:?} printed something to be used");
    }
    let kim = ["--person", "kim", "--channel", "seoul-pay", "--birthdate"];
    let (code, output) = house.run(&[&token[..], &kim, &["1990-12-31"]].concat()).await;
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(code == 0 && text.lines().count() == 1, "{code}: {text}");
    assert!(text.trim_end().split('.').count() == 3, "not a token: {text}");
    check(&house, &[&token[..], &kim, &["1990-02-30"]].concat(), 1, "birthdate").await;
    let nobody = ["--person", "kim", "--channel", "nobody", "--birthdate", "1990-12-31"];
    check(&house, &[&token[..], &nobody].concat(), 1, "nobody").await;
    still_serves(&house, &mut server).await;
}

/// By the hand of somebody who may do everything.
async fn poke_away_the_purchases(house: &House) {
    if let TestStore::Database(database) = &house.store {
        let poke = "drop trigger purchase_is_never_removed on openrun.purchase; \
                    delete from openrun.purchase;";
        return database.client().await.batch_execute(poke).await.expect("poked");
    }
    let store = rusqlite::Connection::open(house.path("openrun.db")).expect("a store");
    let poke = "drop trigger purchase_is_never_removed; delete from purchase;";
    store.execute_batch(poke).expect("poked");
}

#[tokio::test]
async fn an_audit_finds_a_store_that_was_poked_and_says_what_is_no_store() {
    let (mut chance, _) = Chance::of_run();
    let (world, server, mut crowd) = sale(20, &mut chance).await;
    let house = &world.house;
    while world.ledger.book().acked.purchases.is_empty() {
        flows(&world, &mut crowd).await;
    }
    crowd.shutdown().await;
    assert_eq!(server.terminate(STOP_LIMIT).await.0.code(), Some(0));
    house.assert_audit_is_clean().await;
    poke_away_the_purchases(house).await;
    let (code, output) = house.run(&["audit", "--store", &house.store()]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(code == 3 && text.contains("BROKEN store-seq-gap"), "{code}: {text}");
    let (code, output) = house.run(&["audit", "--json", "--store", &house.store()]).await;
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(code == 3 && told["findings"][0]["rule"].is_string(), "{code}: {told}");
    std::fs::write(house.path("letter"), "dear reader, this is no store at all").expect("written");
    check(house, &["audit", "--store", "sqlite:letter"], 69, "letter").await;
    check(house, &["audit", "--store", "sqlite:nowhere"], 69, "nowhere").await;
    check(house, &["audit", "--store", "postgres://root:secret@there"], 78, "postgres://").await;
}
