//! Planted values while actors panic: what a panic logs is where it was, never what it held.
//!
//! Each test plays in a process of its own, whose whole output it reads: the log with everything in
//! it, what the hook writes to standard error, and each refusal that somebody was sent meanwhile.

#![cfg(feature = "failpoints")]

use crate::support::staff::RoundForm;
use crate::support::{Buyer, Request, ScriptedRail, TestApp, allowed, on_stage};
use openrun_actors::failpoints::Victim;
use openrun_core::{PersonKey, RoundId};
use std::process::Command;

const SUBJECT: &str = "canary-subject-e830";
const ACCOUNT: &str = "canary-account-41bd";
const KEY: &str = "canary-key-9f27";
/// Is in the environment of a process that the test runs itself in once more.
const PLAYS: &str = "OPENRUN_CANARY_PLAYS";
const VICTIMS: [Victim; 7] = [
    Victim::Round,
    Victim::Queue,
    Victim::Person,
    Victim::Committer,
    Victim::Till,
    Victim::Guardian,
    Victim::Paybacks,
];

/// The whole output of a process in which this test plays.
fn played(test: &str) -> String {
    let mut command = Command::new(std::env::current_exe().expect("it runs"));
    command.args(["--exact", &format!("canary_panics::{test}"), "--nocapture"]);
    command.env("OPENRUN_LOG", "trace").env(PLAYS, "1");
    let output = command.output().expect("it was built");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = text(&output.stdout) + &text(&output.stderr);
    let end: Vec<&str> = all.lines().rev().take(20).collect();
    assert!(output.status.success(), "{end:#?}");
    all
}

fn plays() -> bool {
    std::env::var_os(PLAYS).is_some()
}

/// The lines in which something planted stands.
fn hits(output: &str) -> Vec<&str> {
    let person = PersonKey::of_subject(SUBJECT).0;
    let person: String = person.iter().map(|byte| format!("{byte:02x}")).collect();
    let words = [SUBJECT, ACCOUNT, KEY, person.as_str()];
    output.lines().filter(|line| words.iter().any(|word| line.contains(word))).collect()
}

/// S18, S32, F39.
#[test]
fn a_panic_of_any_actor_leaves_nothing_of_a_person_behind() {
    if plays() {
        return everybody_dies_while_somebody_buys(false);
    }
    let output = played("a_panic_of_any_actor_leaves_nothing_of_a_person_behind");
    let panics = output.lines().filter(|line| line.contains("a panic")).count();
    assert!(panics >= VICTIMS.len(), "{panics} panics were logged");
    assert!(output.contains("refused: "), "nobody was refused anything meanwhile");
    assert_eq!(hits(&output), Vec::<&str>::new());
}

/// The negative control: somebody logs who it was, on purpose.
#[test]
fn somebody_who_logs_whose_actor_died_is_found_out() {
    if plays() {
        return everybody_dies_while_somebody_buys(true);
    }
    let output = played("somebody_who_logs_whose_actor_died_is_found_out");
    // Not one for each death: a log that is not read in time loses lines.
    assert!(!hits(&output).is_empty(), "nobody is found in what was logged");
}

fn everybody_dies_while_somebody_buys(leaks: bool) {
    on_stage(async {
        let rail = ScriptedRail::default();
        let app = TestApp::start_paying_by(&rail).await;
        app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
        let mut ann = app.buyer(SUBJECT);
        allowed(app.web.send(&ann.sign_up_request(ACCOUNT)).await);
        for (death, victim) in VICTIMS.into_iter().enumerate() {
            ann.pass = None;
            while ann.pass.is_none() {
                ann.join_until_answered("r1").await;
                if ann.pass.is_none() {
                    ann.claim("r1").await;
                }
            }
            let (person, round) = (PersonKey::of_subject(SUBJECT), RoundId::new("r1"));
            app.engine.panic_actor(victim, &round.expect("a slug"), person);
            if leaks {
                tracing::error!(person = SUBJECT, "died");
            }
            let request = ann.buy_request("r1", &format!("{KEY}-{death}"), 10_000);
            let bought = allowed(until_answered(&ann, &request).await);
            // What is cancelled goes through the one who gives money back, and what is cancelled
            // once is refused the second time.
            let purchase = bought["id"].as_str().expect("an id");
            for time in ["first", "second"] {
                let key = format!("{KEY}-{death}-{time}");
                until_answered(&ann, &ann.cancel_request(purchase, &key)).await;
            }
        }
        app.stop().await.assert_clean();
    });
}

/// Asks until there is an answer, and says what was refused on the way.
async fn until_answered(buyer: &Buyer, request: &Request) -> crate::support::Answer {
    for _ in 0..1_000 {
        let answer = buyer.web.send(request).await;
        if answer.status >= 400 {
            println!("refused: {}", answer.text());
        }
        if !matches!(answer.status, 202 | 503) {
            return answer;
        }
        crate::support::eventually::pause().await;
    }
    panic!("never answered");
}
