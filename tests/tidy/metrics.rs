//! Dashboards and alerts use only metrics and labels that the program declares, show every metric
//! there is, and no label names a person. Each alert has words, a runbook section and a test.
//!
//! What a Prometheus makes of the expressions is `tests/dashboards`.

use std::collections::BTreeSet;

use super::tree::{self, File};
use super::{Fault, assert_none};

/// What the Prometheus text format makes of a histogram's name.
const HISTOGRAM_ENDINGS: &[&str] = &["_bucket", "_sum", "_count"];
/// What somebody reads who was called at night.
const RUNBOOK: &str = "docs/runbook.md";
/// What each section of it has, in order.
const SECTION_PARTS: &[&str] =
    &["- **Means.**", "- **See.**", "- **Do.**", "- **Do not**", "- **한국어.**"];
/// Labels that Prometheus, the text format and the process figures bring along.
const FOREIGN_LABELS: &[&str] =
    &["job", "instance", "le", "alertname", "alertstate", "severity", "quantile"];
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
fn every_metric_is_shown_somewhere() {
    let files = tree::files();
    let figures = "src/telemetry/figures.rs";
    let declaring = files.iter().find(|file| file.path == figures).expect("it is in the tree");
    let boards = files.iter().filter(|file| file.path.starts_with("grafana/dashboards/"));
    let shown: String = boards.map(|file| file.text.as_str()).collect();
    assert_none(&check_shown(figures, &quoted(&declaring.text), &shown));
}

#[test]
fn expressions_use_declared_labels_only() {
    let files = tree::files();
    let declared = declared_words(&files);
    let used = files.iter().filter(|file| file.path.starts_with("grafana/"));
    let faults = used.flat_map(|file| check_declared_labels(&file.path, &file.text, &declared));
    assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn no_series_is_about_one_person() {
    let files = tree::files();
    let used = files.iter().filter(|file| file.path.starts_with("grafana/"));
    assert_none(&used.flat_map(|file| check_labels(&file.path, &file.text)).collect::<Vec<_>>());
}

#[test]
fn every_alert_has_words_a_runbook_section_and_a_test() {
    let files = tree::files();
    let text = |path: &str| {
        let found = files.iter().find(|file| file.path == path);
        found.unwrap_or_else(|| panic!("{path} is part of the tree")).text.as_str()
    };
    let rules = "grafana/alerts/openrun.rules.yml";
    let beside = (text("grafana/alerts/openrun.tests.yml"), text(RUNBOOK));
    assert_none(&check_alerts(rules, text(rules), beside));
    assert_none(&check_sections(RUNBOOK, text(RUNBOOK), text(rules)));
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

fn check_shown(path: &str, declared: &[String], shown: &str) -> Vec<Fault> {
    let shown: BTreeSet<&str> = names(shown).into_iter().collect();
    let is_shown = |name: &str| {
        let endings = HISTOGRAM_ENDINGS.iter().map(|ending| format!("{name}{ending}"));
        shown.contains(name) || endings.into_iter().any(|it| shown.contains(it.as_str()))
    };
    let declared: BTreeSet<&String> = declared.iter().collect();
    let hidden = declared.into_iter().filter(|name| !is_shown(name));
    hidden.map(|name| Fault::new(path, 1, format!("no dashboard shows `{name}`"))).collect()
}

/// Every string of the source that is a word, which a label's name is.
fn declared_words(files: &[File]) -> BTreeSet<String> {
    let is_word =
        |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let product = files.iter().filter(|file| file.is_product());
    let words = product.flat_map(|file| file.text.split('"').filter(is_word));
    words.map(str::to_owned).collect()
}

fn check_declared_labels(path: &str, text: &str, declared: &BTreeSet<String>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for label in labels_of(line) {
            if !declared.contains(&label) && !FOREIGN_LABELS.contains(&label.as_str()) {
                let what = format!("the label `{label}` is declared nowhere in src/ or actors/");
                faults.push(Fault::new(path, index + 1, what));
            }
        }
    }
    faults
}

/// The labels by which a line selects from one of our metrics, or groups. In JSON quotes are
/// escaped; what stands in them is no label.
fn labels_of(line: &str) -> Vec<String> {
    let line = line.replace("\\\"", "\"");
    let mut found = Vec::new();
    for (name, selector) in line.split("openrun_").skip(1).filter_map(|part| part.split_once('{')) {
        let outside = selector.split('"').step_by(2).take_while(|part| !part.starts_with('}'));
        if is_label(name) {
            found.extend(outside.map(|part| part.trim_matches([',', ' ', '=', '!', '~'])));
        }
    }
    for clause in ["by (", "on (", "group_left (", "group_right ("] {
        let lists = line.split(clause).skip(1).filter_map(|rest| rest.split(')').next());
        found.extend(lists.flat_map(|list| list.split(',').map(str::trim)));
    }
    found.into_iter().filter(|word| is_label(word)).map(str::to_owned).collect()
}

fn is_label(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

fn check_alerts(path: &str, rules: &str, (tests, runbook): (&str, &str)) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut line = 1;
    for (number, rule) in rules.split("- alert: ").enumerate() {
        let name = rule.lines().next().unwrap_or_default();
        let address = format!("runbook_url: {RUNBOOK}#{}\n", name.to_lowercase());
        let parts = [
            ("a severity", rule.contains("severity: page") || rule.contains("severity: ticket")),
            ("a summary", rule.contains("summary:")),
            ("a description", rule.contains("description:")),
            ("the address of its section", rule.contains(&address)),
            ("a section in the runbook", runbook.contains(&format!("\n### {name}\n"))),
            ("a unit test", tests.contains(&format!("- alertname: {name}\n"))),
        ];
        for (what, _) in parts.iter().filter(|(_, is_there)| number > 0 && !is_there) {
            faults.push(Fault::new(path, line, format!("the alert {name} is without {what}")));
        }
        line += rule.matches('\n').count();
    }
    faults
}

/// Each section is of an alert, and has its parts in order.
fn check_sections(path: &str, runbook: &str, rules: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut line = 1;
    for (number, section) in runbook.split("\n### ").enumerate() {
        let name = section.lines().next().unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let places: Vec<_> = SECTION_PARTS.iter().map(|part| section.find(part)).collect();
        if number > 0 && !rules.contains(&format!("- alert: {name}\n")) {
            faults.push(Fault::new(path, line, format!("there is no alert {name}")));
        }
        if number > 0 && (!places.is_sorted() || places.contains(&None)) {
            let what = format!("{name} is not {SECTION_PARTS:?}, in this order");
            faults.push(Fault::new(path, line, what));
        }
        line += section.matches('\n').count() + 1;
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
    fn a_metric_that_is_shown_nowhere_is_a_fault() {
        let declared = ["openrun_a_total", "openrun_b_seconds", "openrun_c"].map(str::to_owned);
        let shown = "rate(openrun_a_total[1m]) / openrun_b_seconds_count";
        assert_eq!(check_shown("figures.rs", &declared, shown).len(), 1);
    }

    #[test]
    fn an_undeclared_label_is_a_fault() {
        let declared = BTreeSet::from(["round".to_owned(), "status".to_owned()]);
        let text = "sum by (round) (openrun_a{job=~\"x, y=1\", status!=\"2..\"})\n\
                    sum by (le, shelf) (openrun_a)\nopenrun_a{round=\"a\",colour=~\"b\"}";
        assert_eq!(lines(&check_declared_labels("a.json", text, &declared)), [2, 3]);
        let escaped = "\"expr\": \"openrun_a{job=~\\\"$job\\\",colour=\\\"x\\\"}\"";
        assert_eq!(lines(&check_declared_labels("a.json", escaped, &declared)), [1]);
    }

    #[test]
    fn an_alert_without_words_a_section_or_a_test_is_a_fault() {
        let good = "- alert: Good\n  severity: page\n  summary: x\n  description: y\n  \
                    runbook_url: docs/runbook.md#good\n";
        let rules = format!("rules:\n{good}- alert: Bad\n  summary: x\n");
        let beside = ("- alertname: Good\n", "# Runbook\n\n### Good\n");
        assert_eq!(lines(&check_alerts("a.yml", &rules, beside)), [7; 5]);
    }

    #[test]
    fn a_section_without_an_alert_or_a_part_is_a_fault() {
        let whole = SECTION_PARTS.join(" x\n");
        let turned = whole.replace("See", "Q").replace("Do.", "See.").replace('Q', "Do.");
        let runbook = format!("# Runbook\n\n### A\n{whole}\n\n### B\n{whole}\n\n### C\n{turned}\n");
        let rules = "- alert: A\n- alert: C\n";
        assert_eq!(check_sections(RUNBOOK, &runbook, rules).len(), 2);
    }
}
