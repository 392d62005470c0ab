//! What came of it as one HTML file that needs nothing else: no scripts, no fonts, no network. In
//! the style of all pages, whose sheet it carries; its policy allows that style and nothing more.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt::Write;

use super::checks::{Check, Weight};
use super::figures::Reading;
use super::outcome::Outcome;
use super::plot::{Series, lines};
use super::spent::{Spending, SpentReading};
use super::table::{grouped, headline, ms};
use super::truth::Truth;
use super::verdict::Verdict;

/// The sheet of all pages, then what only the report needs.
const STYLE: &str =
    concat!(include_str!("../../web/built/openrun.css"), include_str!("report.css"));

fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

/// The whole page: one scenario, or several one below the other with what they come to on top.
pub(super) fn write(outcome: &Outcome) -> String {
    let mut out = String::with_capacity(64 * 1024);
    // Writing into a string cannot fail.
    let _ = page(outcome, &mut out);
    out
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

fn page(outcome: &Outcome, out: &mut String) -> std::fmt::Result {
    let title = match &outcome.scenarios[..] {
        [verdict] => escaped(&verdict.title),
        several => format!("{} sales at once", several.len()),
    };
    writeln!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\
         <title>{title}</title><style>{STYLE}</style></head><body class=\"wide report\">\
         <header><span class=\"name\">openrun</span></header><main>",
        policy(),
    )?;
    if outcome.alone().is_none() {
        overview(outcome, &title, out)?;
    }
    for verdict in &outcome.scenarios {
        scenario(verdict, out)?;
    }
    out.push_str("</main></body></html>\n");
    Ok(())
}

fn overview(outcome: &Outcome, title: &str, out: &mut String) -> std::fmt::Result {
    let tone = |exit_code: i32| if exit_code == 0 { "good" } else { "bad" };
    let exit_code = outcome.exit_code;
    write!(out, "<h1>{title}</h1>")?;
    write!(out, "<p class=\"notice {}\">{}</p>", tone(exit_code), headline(exit_code))?;
    out.push_str("<div class=\"scroll\"><table><tr><th>sale</th><th>people</th><th>buyers</th>");
    out.push_str("<th>won acknowledged</th><th>requests</th><th></th></tr>");
    for verdict in &outcome.scenarios {
        write!(out, "<tr><td>{}</td>", escaped(&verdict.scenario))?;
        for count in [verdict.people, verdict.buyers, verdict.bought_won, verdict.requests] {
            write!(out, "<td>{}</td>", grouped(count))?;
        }
        let exit_code = verdict.exit_code;
        write!(out, "<td class=\"{}\">{}</td></tr>", tone(exit_code), headline(exit_code))?;
    }
    out.push_str("</table></div>");
    match &outcome.spending {
        Some(spending) => paying(spending, out),
        None => Ok(()),
    }
}

fn paying(spending: &Spending, out: &mut String) -> std::fmt::Result {
    write!(out, "<h2>Paying at merchants, {} a second</h2>", spending.rate_per_s)?;
    out.push_str("<div class=\"tiles\">");
    big(out, "holders", &grouped(spending.holders))?;
    big(out, "spends acknowledged", &grouped(spending.paid))?;
    big(out, "won acknowledged", &grouped(spending.paid_won))?;
    big(out, "turned away", &grouped(spending.refusals.values().sum()))?;
    out.push_str("</div>");
    let head = "<tr><th></th><th>spends</th><th>p50</th><th>p90</th><th>p99</th>\
                <th>p99.9</th><th>max</th></tr>";
    for (since, from_sending) in [("it was due", false), ("it was sent", true)] {
        write!(out, "<p class=\"soft\">in ms, from when {since}</p>")?;
        write!(out, "<div class=\"scroll\"><table>{head}")?;
        for row in &spending.rows {
            let values = if from_sending { row.from_sending_us } else { row.from_intended_us };
            write!(out, "<tr><td>{}</td><td>{}</td>", row.when, grouped(row.count))?;
            for value in values {
                write!(out, "<td>{}</td>", ms(value))?;
            }
            out.push_str("</tr>");
        }
        out.push_str("</table></div>");
    }
    let of = |name: &'static str, value: fn(&SpentReading) -> u64| Series {
        name,
        points: spending.readings.iter().map(|it| (it.at_s, value(it) as f64 / 1000.0)).collect(),
    };
    let series = [of("p50", |it| it.p50_us), of("p99", |it| it.p99_us)];
    out.push_str(&lines("Latency of spends, from when they were due", "ms", &series));
    counts(out, "Turned away", spending.refusals.iter().map(|(k, v)| (k.as_str(), *v)))?;
    checked(&spending.checks, out)
}

fn scenario(verdict: &Verdict, out: &mut String) -> std::fmt::Result {
    let title = escaped(&verdict.title);
    let tone = if verdict.exit_code == 0 { "good" } else { "bad" };
    writeln!(
        out,
        "<h1>{title}</h1><p class=\"soft\">rehearsal, scale {}, pace {}, seed {}</p>\
         <p class=\"notice {tone}\">{}</p><div class=\"tiles\">",
        verdict.scale,
        escaped(&verdict.pace),
        verdict.seed,
        headline(verdict.exit_code),
    )?;
    big(out, "people", &grouped(verdict.people))?;
    big(out, "buyers", &grouped(verdict.buyers))?;
    big(out, "won acknowledged", &grouped(verdict.bought_won))?;
    for seconds in &verdict.first_join_to_last_purchase_s {
        big(out, "first join to last purchase", &format!("{seconds:.2} s"))?;
    }
    big(out, "requests", &grouped(verdict.requests))?;
    out.push_str("</div>");
    checks(verdict, out)?;
    if let Some(truth) = &verdict.truth {
        chances(truth, out)?;
    }
    honesty(verdict, out)?;
    plots(verdict, out);
    latencies(verdict, out)?;
    counts(out, "Last answers", verdict.last_answers.iter().map(|(k, v)| (k.as_str(), *v)))?;
    counts(out, "Refusals on the way", verdict.refusals.iter().map(|(k, v)| (k.as_str(), *v)))?;
    let unexpected = verdict.unexpected.iter().map(|(k, v)| (k.as_str(), *v));
    counts(out, "Answers that the contract does not know", unexpected)?;
    counts(out, "Habits", verdict.habits.iter().map(|(k, v)| (*k, *v)))
}

fn big(out: &mut String, name: &str, value: &str) -> std::fmt::Result {
    write!(out, "<div><b>{value}</b><span class=\"soft\">{name}</span></div>")
}

fn checks(verdict: &Verdict, out: &mut String) -> std::fmt::Result {
    out.push_str("<h2>What clients were told, and what the server says</h2>");
    out.push_str("<div class=\"scroll\"><table><tr><th>round</th><th>state</th><th>stock won</th>");
    out.push_str("<th>sold</th><th>held</th><th>left</th><th>purchases</th></tr>");
    for round in &verdict.rounds {
        let id = escaped(&round.id);
        write!(out, "<tr><td>{id}</td><td>{}</td>", escaped(&round.state))?;
        for won in [round.stock_won, round.sold_won, round.held_won, round.left_won] {
            write!(out, "<td>{}</td>", grouped(won))?;
        }
        write!(out, "<td>{}</td></tr>", grouped(round.purchases))?;
        let Some(counters) = round.counters else { continue };
        write!(out, "<tr><td>of it at the counters</td><td></td>")?;
        for won in [counters.stock_won, counters.sold_won, counters.held_won, counters.left_won] {
            write!(out, "<td>{}</td>", grouped(won))?;
        }
        out.push_str("<td></td></tr>");
    }
    out.push_str("</table></div>");
    checked(&verdict.checks, out)
}

fn checked(checks: &[Check], out: &mut String) -> std::fmt::Result {
    out.push_str("<div class=\"scroll\"><table><tr><th>check</th><th></th><th></th></tr>");
    for check in checks {
        let (tone, mark) = match (check.held, check.weight) {
            (true, _) => ("good", "held"),
            (false, Weight::Invariant) => ("bad", "broken"),
            (false, Weight::Threshold) => ("bad", "missed"),
        };
        let (name, detail) = (escaped(&check.name), escaped(&check.detail));
        write!(out, "<tr><td>{name}</td><td>{detail}</td><td class=\"{tone}\">{mark}</td></tr>")?;
    }
    out.push_str("</table></div>");
    Ok(())
}

fn chances(truth: &Truth, out: &mut String) -> std::fmt::Result {
    out.push_str("<h2>What people were told of their chances</h2>");
    out.push_str("<div class=\"scroll\"><table>");
    let counted = |count: u64| grouped(count);
    let rows = [
        ("estimates held against the wait", counted(truth.estimates)),
        ("half of them wrong by at most", format!("{:.1} %", truth.error_p50_percent)),
        ("nine in ten wrong by at most", format!("{:.1} %", truth.error_p90_percent)),
        ("estimates of people whose turn never came", counted(truth.estimates_without_a_turn)),
        ("people who waited and went without", counted(truth.without)),
        ("of them told in time", format!("{:.2} %", truth.told_in_time_percent)),
        ("people told unlikely", counted(truth.told_unlikely)),
        ("of them bought after all", format!("{:.2} %", truth.unlikely_bought_percent)),
        ("people who waited when all was sold", counted(truth.waiting_at_the_end)),
        ("all of them knew after", format!("{:.2} s", truth.all_knew_after_s)),
    ];
    for (name, value) in rows {
        write!(out, "<tr><td>{name}</td><td>{value}</td></tr>")?;
    }
    out.push_str("</table></div>");
    Ok(())
}

/// How right each round told people, by the server's own probes.
fn honesty(verdict: &Verdict, out: &mut String) -> std::fmt::Result {
    out.push_str("<h2>How right the server was by its own word</h2>");
    out.push_str("<div class=\"scroll\"><table><tr><th>round</th><th>Brier score</th>");
    out.push_str("<th>right answer after, half</th><th>nineteen in twenty</th></tr>");
    for round in &verdict.rounds {
        write!(out, "<tr><td>{}</td>", escaped(&round.id))?;
        for (key, unit) in [
            ("outlook_brier_score", ""),
            ("right_answer_after_p50_s", " s"),
            ("right_answer_after_p95_s", " s"),
        ] {
            match round.honesty.get(key).and_then(serde_json::Value::as_f64) {
                Some(figure) => write!(out, "<td>{figure:.3}{unit}</td>")?,
                None => out.push_str("<td>not measured</td>"),
            }
        }
        out.push_str("</tr>");
    }
    out.push_str("</table></div>");
    Ok(())
}

fn plots(verdict: &Verdict, out: &mut String) {
    // From a little before the first arrival to a little after the last movement.
    let moving = |reading: &&Reading| reading.arrived > 0;
    let readings: Vec<&Reading> = verdict.readings.iter().filter(moving).collect();
    let of = |name: &'static str, value: fn(&Reading) -> f64| Series {
        name,
        points: readings.iter().map(|reading| (reading.at_s, value(reading))).collect(),
    };
    out.push_str("<h2>How it went</h2>");
    let people = [
        of("arrived", |r| r.arrived as f64),
        of("places", |r| r.places as f64),
        of("waiting", |r| r.waiting as f64),
        of("purchases", |r| r.purchases as f64),
    ];
    out.push_str(&lines("People", "people", &people));
    out.push_str(&lines("Watermark", "all lines", &[of("watermark", |r| r.watermark as f64)]));
    let stock = [of("left", |r| r.left_won as f64), of("bought", |r| r.bought_won as f64)];
    out.push_str(&lines("Stock", "won", &stock));
    let latency =
        [of("p50", |r| r.p50_us as f64 / 1000.0), of("p99", |r| r.p99_us as f64 / 1000.0)];
    out.push_str(&lines("Latency of all calls, from sending", "ms", &latency));
    out.push_str(&lines("Refusals", "so far", &[of("refusals", |r| r.refusals as f64)]));
}

fn latencies(verdict: &Verdict, out: &mut String) -> std::fmt::Result {
    let head = "<tr><th>call</th><th>calls</th><th>p50</th><th>p90</th><th>p99</th>\
                <th>p99.9</th><th>max</th></tr>";
    for (caption, from_sending) in [
        ("Latency from sending, in ms: what the server took", true),
        ("Latency from the intended start, in ms: with waiting for a free connection", false),
    ] {
        write!(out, "<h2>{caption}</h2><div class=\"scroll\"><table>{head}")?;
        for row in &verdict.latencies {
            let values = if from_sending { row.from_sending_us } else { row.from_intended_us };
            write!(out, "<tr><td>{}</td><td>{}</td>", row.call, grouped(row.count))?;
            for value in values {
                write!(out, "<td>{}</td>", ms(value))?;
            }
            out.push_str("</tr>");
        }
        out.push_str("</table></div>");
    }
    write!(out, "<h2>Waiting, in ms</h2><div class=\"scroll\"><table>{head}")?;
    for (name, values) in
        [("came to bought", verdict.to_purchase_ms), ("waited in line", verdict.waited_ms)]
    {
        write!(out, "<tr><td>{name}</td><td></td>")?;
        for value in values {
            write!(out, "<td>{}</td>", grouped(value))?;
        }
        out.push_str("</tr>");
    }
    out.push_str("</table></div>");
    Ok(())
}

fn counts<'a>(
    out: &mut String,
    caption: &str,
    rows: impl Iterator<Item = (&'a str, u64)>,
) -> std::fmt::Result {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    write!(out, "<h2>{caption}</h2><div class=\"scroll\"><table>")?;
    for (name, count) in rows {
        write!(out, "<tr><td>{}</td><td>{}</td></tr>", escaped(name), grouped(count))?;
    }
    out.push_str("</table></div>");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_cannot_break_the_page() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
