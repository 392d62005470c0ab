//! Every published sale at once against the built program, while people pay at merchants: nothing
//! that anybody was told is untrue, nobody who pays is turned away, and the audit is clean.

use crate::support::on_stage;
use crate::support::process::Process;
use serde_json::Value;
use std::process::{Command, Output};

/// Small enough for a debug build; every published behaviour still occurs.
const SCALE: &str = "0.002";
const SPENDING: &str = "50";

fn rehearse(server: &Process, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openrun"));
    command.args(["rehearse", "--json", "--connections", "96"]).args(arguments);
    command.args(["--target", &format!("http://{}", server.public)]);
    command.args(["--ops", &format!("http://{}", server.ops)]);
    command.arg("--data").arg(server.data.path());
    command.arg("--report").arg(server.data.path().join("report.html"));
    command.output().expect("the program was built")
}

/// What came of everybody, for whoever reads why a check did not hold.
fn ends_of(verdict: &Value) -> Value {
    let kept = [
        "scenario",
        "last_answers",
        "refusals",
        "unexpected",
        "habits",
        "lost_connections",
        "checks",
    ];
    let kept = kept.map(|name| (name.to_owned(), verdict[name].clone()));
    kept.into_iter().chain([("retries".to_owned(), verdict["asked_to_retry"].clone())]).collect()
}

/// The checks of this weight that did not hold.
fn missed<'a>(of: &'a Value, weight: &str) -> Vec<&'a Value> {
    let checks = of["checks"].as_array().expect("checks");
    let is_missed = |check: &&Value| check["weight"] == weight && check["held"] == false;
    checks.iter().filter(is_missed).collect()
}

#[test]
fn all_published_sales_at_once_hold_while_people_pay_and_the_audit_is_clean() {
    on_stage(async {
        let server = Process::start("info").await;
        let output =
            rehearse(&server, &["--scenario", "all", "--scale", SCALE, "--spending", SPENDING]);
        let told = String::from_utf8_lossy(&output.stderr);
        let outcome: Value = serde_json::from_slice(&output.stdout).expect(&told);
        let verdicts = outcome["scenarios"].as_array().expect("verdicts");
        let names: Vec<&str> = verdicts.iter().filter_map(|it| it["scenario"].as_str()).collect();
        assert_eq!(names.len(), 7, "six published sales and the holders': {names:?}");
        for verdict in verdicts {
            let name = &verdict["scenario"];
            assert_eq!(missed(verdict, "invariant"), Vec::<&Value>::new(), "{}", ends_of(verdict));
            assert!(verdict["buyers"].as_u64() > Some(0), "{name} sold nothing");
            assert_eq!(verdict["unexpected"], serde_json::json!({}), "{name}");
        }
        let spending = &outcome["spending"];
        assert_eq!(missed(spending, "invariant"), Vec::<&Value>::new());
        assert_eq!(spending["refusals"], serde_json::json!({}), "who pays is never turned away");
        let paid = spending["paid"].as_u64().expect("a count");
        let rush = spending["rows"][1]["count"].as_u64().expect("a count");
        assert!(rush > 0 && paid > rush, "{paid} paid, {rush} of them in the rush");
        assert!(output.status.code() != Some(3), "{told}");
        let report = std::fs::read_to_string(server.data.path().join("report.html"));
        let report = report.expect("it was written");
        assert!(report.contains("Paying at merchants") && report.contains("seoul-districts"));
        let audited = server.audit().await;
        audited.assert_clean();
        assert_eq!(audited.holds_open, 0, "{audited:?}");
        let (code, log) = server.terminate();
        assert_eq!(code, Some(0), "{log}");
    });
}

#[test]
fn an_unknown_sale_among_others_and_a_rate_of_nothing_are_told_before_anything_begins() {
    on_stage(async {
        let server = Process::start("info").await;
        for (arguments, code, part) in [
            (["--scenario", "smoke,nowhere", "--scale", "1"], 1, "nowhere is neither"),
            (["--scenario", "smoke", "--spending", "0"], 2, "--spending"),
        ] {
            let output = rehearse(&server, &arguments);
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{told}");
            assert!(told.contains(part), "{told}");
        }
    });
}
