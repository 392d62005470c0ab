//! What came of it as tables of plain text.

use std::fmt::Write;

use super::checks::{Check, Weight};
use super::outcome::Outcome;
use super::spent::Spending;
use super::verdict::Verdict;

/// Puts commas between groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Microseconds, as milliseconds with as many digits as matter.
pub(super) fn ms(us: u64) -> String {
    match us {
        0..10_000 => format!("{:.2}", us as f64 / 1e3),
        10_000..1_000_000 => format!("{:.1}", us as f64 / 1e3),
        _ => grouped(us / 1000),
    }
}

/// One line that says it all.
pub(super) fn headline(exit_code: i32) -> &'static str {
    match exit_code {
        0 => "everything held",
        3 => "an invariant is broken",
        _ => "a threshold of the scenario is missed",
    }
}

/// All tables: one for each scenario, then paying, then what it comes to.
pub(super) fn write(outcome: &Outcome) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = fill_all(outcome, &mut out);
    out
}

fn fill_all(outcome: &Outcome, out: &mut String) -> std::fmt::Result {
    for verdict in &outcome.scenarios {
        fill(verdict, out)?;
    }
    if let Some(spending) = &outcome.spending {
        spent(spending, out)?;
    }
    if outcome.alone().is_some() {
        return Ok(());
    }
    writeln!(out, "\nall together\n")?;
    let scenarios = outcome.scenarios.iter().map(|it| (it.scenario.as_str(), it.exit_code));
    let spending = outcome.spending.iter().map(|it| ("spending", it.exit_code));
    for (name, exit_code) in scenarios.chain(spending) {
        writeln!(out, "  {name:<24} {}", headline(exit_code))?;
    }
    writeln!(out, "\n{}", headline(outcome.exit_code))
}

fn spent(spending: &Spending, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\nPaying at merchants, {} a second\n", spending.rate_per_s)?;
    let mut row = |name: &str, value: &str| writeln!(out, "  {name:<44} {value:>20}");
    row("holders", &grouped(spending.holders))?;
    row("merchants", &grouped(spending.merchants))?;
    row("seconds", &format!("{:.1}", spending.seconds))?;
    row("spends acknowledged", &grouped(spending.paid))?;
    row("won acknowledged", &grouped(spending.paid_won))?;
    row("connections lost", &grouped(spending.lost_connections))?;
    for (code, count) in &spending.refusals {
        row(&format!("turned away: {code}"), &grouped(*count))?;
    }
    for (since, from_sending) in [("due", false), ("sending", true)] {
        let (since, head) = (format!("ms from {since}"), ["spends", "p50", "p99", "p99.9", "max"]);
        let [count, p50, p99, p999, max] = head;
        writeln!(out, "\n  {since:<16} {count:>10} {p50:>10} {p99:>10} {p999:>10} {max:>10}")?;
        for row in &spending.rows {
            let values = if from_sending { row.from_sending_us } else { row.from_intended_us };
            let [p50, _, p99, p999, max] = values.map(ms);
            let (when, count) = (row.when, grouped(row.count));
            writeln!(out, "  {when:<16} {count:>10} {p50:>10} {p99:>10} {p999:>10} {max:>10}")?;
        }
    }
    checks(&spending.checks, out)?;
    writeln!(out, "\n{}", headline(spending.exit_code))
}

fn checks(checks: &[Check], out: &mut String) -> std::fmt::Result {
    writeln!(out, "\n  checks")?;
    for check in checks {
        let mark = match (check.held, check.weight) {
            (true, _) => "ok    ",
            (false, Weight::Invariant) => "BROKEN",
            (false, Weight::Threshold) => "missed",
        };
        writeln!(out, "    {mark} {}: {}", check.name, check.detail)?;
    }
    Ok(())
}

fn fill(verdict: &Verdict, out: &mut String) -> std::fmt::Result {
    let Verdict { title, scale, pace, seed, .. } = verdict;
    writeln!(out, "\n{title}\nscale {scale}, pace {pace}, seed {seed}\n")?;
    let mut row = |name: &str, value: &str| writeln!(out, "  {name:<44} {value:>20}");
    row("people", &grouped(verdict.people))?;
    row("buyers", &grouped(verdict.buyers))?;
    row("won acknowledged", &grouped(verdict.bought_won))?;
    for seconds in &verdict.first_join_to_last_purchase_s {
        row("first join to last purchase", &format!("{seconds:.2} s"))?;
    }
    row("requests", &grouped(verdict.requests))?;
    row("asked to come again later", &grouped(verdict.asked_to_retry))?;
    row("connections lost", &grouped(verdict.lost_connections))?;
    for (name, count) in &verdict.habits {
        row(name, &grouped(*count))?;
    }
    writeln!(out, "\n  {:<32} {:>15} {:>15} {:>15}", "round", "sold won", "left won", "held won")?;
    for round in &verdict.rounds {
        let name = round.id.rsplit_once(&verdict.scenario).map_or("", |(_, rest)| rest);
        let name = name.trim_start_matches('-').split_once('-').map_or(name, |(_, id)| id);
        let name = format!("{name} ({})", round.state);
        let (sold, left) = (grouped(round.sold_won), grouped(round.left_won));
        writeln!(out, "  {name:<32} {sold:>15} {left:>15} {:>15}", grouped(round.held_won))?;
        let Some(counters) = round.counters else { continue };
        let [sold, left, held] =
            [counters.sold_won, counters.left_won, counters.held_won].map(grouped);
        writeln!(out, "  {:<32} {sold:>15} {left:>15} {held:>15}", "  of it at the counters")?;
    }
    writeln!(out, "\n  last answers")?;
    for (name, count) in &verdict.last_answers {
        writeln!(out, "    {name:<42} {:>20}", grouped(*count))?;
    }
    if !verdict.refusals.is_empty() {
        writeln!(out, "\n  refusals on the way")?;
    }
    for (name, count) in &verdict.refusals {
        writeln!(out, "    {name:<42} {:>20}", grouped(*count))?;
    }
    for (name, count) in &verdict.unexpected {
        writeln!(out, "    unexpected, {name:<30} {:>20}", grouped(*count))?;
    }
    latencies(verdict, out)?;
    checks(&verdict.checks, out)?;
    writeln!(out, "\n{}", headline(verdict.exit_code))
}

fn latencies(verdict: &Verdict, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "\n  {:<16} {:>10} {:>10} {:>10} {:>10} {:>10}   from sending, in ms",
        "latency", "calls", "p50", "p99", "p99.9", "max"
    )?;
    for row in &verdict.latencies {
        let [p50, _, p99, p999, max] = row.from_sending_us.map(ms);
        let count = grouped(row.count);
        writeln!(out, "  {:<16} {count:>10} {p50:>10} {p99:>10} {p999:>10} {max:>10}", row.call)?;
    }
    for (name, [p50, _, p99, p999, max]) in
        [("came to bought", verdict.to_purchase_ms), ("waited in line", verdict.waited_ms)]
    {
        let [p50, p99, p999, max] = [p50, p99, p999, max].map(grouped);
        writeln!(out, "  {name:<16} {:>10} {p50:>10} {p99:>10} {p999:>10} {max:>10}", "")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, want) in [(0, "0"), (999, "999"), (1000, "1,000"), (25_000_000, "25,000,000")]
        {
            assert_eq!(grouped(number), want);
        }
        for (us, want) in [(70, "0.07"), (15_230, "15.2"), (2_000_000, "2,000")] {
            assert_eq!(ms(us), want);
        }
    }
}
