//! Dashboards and alerts use only metrics that the program declares, and no label names a person.

use std::collections::BTreeSet;

use super::tree::{self, File};
use super::{Fault, assert_none};

/// What the Prometheus text format makes of a histogram's name.
const HISTOGRAM_ENDINGS: &[&str] = &["_bucket", "_sum", "_count"];
/// Labels that would tell people apart, or make a series for each of them.
const PERSONAL: &[&str] =
    &["person", "person_id", "ticket", "pass", "purchase", "account", "voucher"];

#[test]
fn dashboards_and_alerts_use_declared_metrics_only() {
    let files = tree::files();
    let declared = declared(&files);
    let used = files.iter().filter(|file| file.path.starts_with("grafana/"));
    let faults = used.flat_map(|file| check(&file.path, &file.text, &declared));
    assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn no_series_is_about_one_person() {
    let files = tree::files();
    let used = files.iter().filter(|file| file.path.starts_with("grafana/"));
    assert_none(&used.flat_map(|file| check_labels(&file.path, &file.text)).collect::<Vec<_>>());
}

#[test]
fn every_alert_has_a_summary_a_runbook_and_a_test() {
    let files = tree::files();
    let text = |path: &str| {
        let found = files.iter().find(|file| file.path == path);
        found.unwrap_or_else(|| panic!("{path} is part of the tree")).text.as_str()
    };
    let rules = "grafana/alerts/openrun.rules.yml";
    assert_none(&check_alerts(rules, text(rules), text("grafana/alerts/openrun.tests.yml")));
}

/// Every metric name that stands in the source as a whole string literal.
fn declared(files: &[File]) -> BTreeSet<String> {
    let product = files.iter().filter(|file| file.is_product());
    product.flat_map(|file| quoted(&file.text)).collect()
}

fn quoted(text: &str) -> Vec<String> {
    let strings = text.split('"').filter(|part| names(part) == [*part]);
    strings.map(str::to_owned).collect()
}

/// Every word of the text that begins like one of our metrics. One that ends in an underscore is
/// a prefix in prose, and no name.
fn names(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("openrun_") && !word.ends_with('_'))
        .collect()
}

fn check(path: &str, text: &str, declared: &BTreeSet<String>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for name in names(line) {
            let base = HISTOGRAM_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
            if !declared.contains(name) && !base.is_some_and(|base| declared.contains(base)) {
                let what = format!("`{name}` is declared nowhere in src/ or actors/");
                faults.push(Fault::new(path, index + 1, what));
            }
        }
    }
    faults
}

fn check_labels(path: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for label in PERSONAL {
            let used = [format!("by ({label})"), format!("{{{label}=")];
            if used.iter().any(|form| line.contains(form)) {
                faults.push(Fault::new(
                    path,
                    index + 1,
                    format!("the label `{label}` is personal"),
                ));
            }
        }
    }
    faults
}

fn check_alerts(path: &str, rules: &str, tests: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut line = 1;
    for (number, rule) in rules.split("- alert: ").enumerate() {
        let name = rule.lines().next().unwrap_or_default();
        let parts = [
            ("a summary", rule.contains("summary:")),
            ("a runbook", rule.contains("runbook:")),
            ("a unit test", tests.contains(&format!("alertname=\"{name}\""))),
        ];
        for (what, _) in parts.iter().filter(|(_, is_there)| number > 0 && !is_there) {
            faults.push(Fault::new(path, line, format!("the alert {name} is without {what}")));
        }
        line += rule.matches('\n').count();
    }
    faults
}

#[cfg(test)]
mod controls {
    use super::*;
    use crate::lines;

    #[test]
    fn an_undeclared_metric_is_a_fault() {
        let source = "counter(\"openrun_joins_total\"); let x = \"see openrun_other_total\"; \
                      \"openrun_commit_seconds\"";
        let declared: BTreeSet<String> = quoted(source).into_iter().collect();
        let text = "rate(openrun_joins_total[1m])\nopenrun_commit_seconds_bucket\n\
                    openrun_other_total\n";
        assert_eq!(lines(&check("grafana/a.json", text, &declared)), [3]);
    }

    #[test]
    fn a_personal_label_is_a_fault() {
        let text = "sum by (person) (x)\nsum by (round) (x)";
        assert_eq!(lines(&check_labels("grafana/a.json", text)), [1]);
    }

    #[test]
    fn an_alert_without_a_runbook_or_a_test_is_a_fault() {
        let rules =
            "rules:\n- alert: Good\n  summary: x\n  runbook: y\n- alert: Bad\n  summary: x\n";
        assert_eq!(lines(&check_alerts("a.yml", rules, "alertname=\"Good\"")), [5, 5]);
    }
}
