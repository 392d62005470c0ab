//! Sets the stage: programs, rounds and people on the server, under ids that mark them as a
//! rehearsal.
//!
//! Refuses a target that holds real sales: a target on which any round has an id that does not
//! begin with `rehearsal-`, unless that round is still a draft.

use anyhow::{bail, ensure};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Pace;
use super::clock::Clock;
use super::door::{Door, list};
use super::inlet::Change;
use super::people::scaled;
use super::scenario::{InletChange, Program, Round, Scenario, SoldAt};

/// With this the inlet is open wide: nobody waits longer than the stock demands.
const WIDE_OPEN: u64 = 1_000_000;
/// No server is asked for a shorter claim window or pass than this: seconds.
const SHORTEST_S: u64 = 2;

/// How the ids of one run are made.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    scenario: String,
    pub run: String,
}

impl Ids {
    pub fn new(scenario: &Scenario, now: Timestamp) -> Self {
        let mut rest = now.as_millisecond().unsigned_abs();
        let mut run = Vec::new();
        while rest > 0 {
            run.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize]);
            rest /= 36;
        }
        run.reverse();
        let run = String::from_utf8(run).unwrap_or_default();
        Self { scenario: scenario.id.clone(), run }
    }

    /// The id of a program or round on the server.
    pub fn on_server(&self, id: &str) -> String {
        format!("rehearsal-{}-{}-{id}", self.scenario, self.run)
    }
}

/// What a round is sold at this scale: a whole number of units.
pub(super) fn scaled_won(won: u64, unit_won: u64, scale: f64) -> u64 {
    scaled(won / unit_won, scale) * unit_won
}

/// Refuses a target that holds real sales.
pub(super) async fn refuse_real_sales(target: &mut Door) -> anyhow::Result<()> {
    let answer = target.json("GET", "/v1/rounds", None).await?;
    for round in list(&answer) {
        let word = |key: &str| round.get(key).and_then(Value::as_str);
        let id = word("id").or_else(|| word("round_id")).unwrap_or_default();
        if !id.starts_with("rehearsal-") && word("state") != Some("draft") {
            bail!(
                "the target holds a real sale, {id}: rehearse against a server of its own, \
                 whose rounds are all called rehearsal-…"
            );
        }
    }
    Ok(())
}

pub(super) async fn put_programs(
    ops: &mut Door,
    scenario: &Scenario,
    ids: &Ids,
) -> anyhow::Result<()> {
    for program in &scenario.programs {
        let path = format!("/v1/admin/programs/{}", ids.on_server(&program.id));
        ops.json("PUT", &path, Some(&program_body(program))).await?;
    }
    Ok(())
}

fn program_body(program: &Program) -> Value {
    json!({
        "name": program.name,
        "issuer": program.issuer,
        "rules": {
            "effective_from": program.effective_from,
            "discount_bps": program.discount_bps,
            "unit_won": program.unit_won,
            "monthly_limit_won": program.monthly_limit_won,
            "holding_limit_won": program.holding_limit_won,
            "refund_threshold_bps": program.refund_threshold_bps,
            "regions": program.regions,
            "channels": program.channels,
            "counters": program.counters,
        },
    })
}

/// Creates and schedules the rounds of an act; opens the inlet wide if the pace asks for it.
pub(super) async fn put_rounds(
    ops: &mut Door,
    scenario: &Scenario,
    rounds: &[&Round],
    ids: &Ids,
    clock: &Clock,
    pace: Pace,
    scale: f64,
) -> anyhow::Result<()> {
    for round in rounds {
        let unit_won = scenario.program_of(round).map_or(1, |program| program.unit_won);
        let path = format!("/v1/admin/rounds/{}", ids.on_server(&round.id));
        let inlet = inlet(scenario, round, pace, scale);
        let body = round_body(round, ids, clock, unit_won, scale, inlet);
        ops.json("PUT", &path, Some(&body)).await?;
        let reason = json!({"reason": format!("rehearsal of {}", scenario.id)});
        ops.json("POST", &format!("{path}/schedule"), Some(&reason)).await?;
        if pace == Pace::Max {
            let wide = json!({"rate_per_s": WIDE_OPEN, "max_active": WIDE_OPEN});
            ops.json("PATCH", &format!("{path}/inlet"), Some(&wide)).await?;
        }
    }
    Ok(())
}

fn round_body(
    round: &Round,
    ids: &Ids,
    clock: &Clock,
    unit_won: u64,
    scale: f64,
    inlet: Value,
) -> Value {
    let windows: Vec<Value> = round
        .windows
        .iter()
        .map(|window| {
            let mut body = Map::new();
            body.insert("id".to_owned(), json!(window.id));
            body.insert("eligibility".to_owned(), json!(window.eligibility));
            body.insert("opens_at".to_owned(), json!(clock.wall(window.opens_at).to_string()));
            body.insert("closes_at".to_owned(), json!(clock.wall(window.closes_at).to_string()));
            let stock_won = scaled_won(window.stock_won, unit_won, scale);
            body.insert("stock_won".to_owned(), json!(stock_won));
            if let Some(leftover_to) = &window.leftover_to {
                body.insert("leftover_to".to_owned(), json!(leftover_to));
            }
            if window.sold_at != SoldAt::Line {
                body.insert("sold_at".to_owned(), json!(window.sold_at));
            }
            Value::Object(body)
        })
        .collect();
    json!({
        "program_id": ids.on_server(&round.program),
        "name": round.name,
        "order": round.order,
        "rejoin": round.rejoin,
        "lobby_opens_at": clock.wall(round.lobby_opens_at).to_string(),
        "windows": windows,
        "inlet": inlet,
    })
}

/// The inlet as on that day, N times as fast, at this scale.
fn inlet(scenario: &Scenario, round: &Round, pace: Pace, scale: f64) -> Value {
    let said = &round.inlet;
    let (times, claim_window_s, pass_ttl_s) = match pace {
        Pace::Max => (1.0, scenario.max.claim_window_s as f64, scenario.max.pass_ttl_s as f64),
        Pace::Times(times) => (times, said.claim_window_s / times, said.pass_ttl_s / times),
    };
    json!({
        "rate_per_s": rate_per_s(said.rate_per_s, times, scale),
        "max_active": ((said.max_active as f64 * scale).ceil() as u64).max(50),
        "claim_window_s": (claim_window_s.ceil() as u64).max(SHORTEST_S),
        "pass_ttl_s": (pass_ttl_s.ceil() as u64).max(SHORTEST_S),
    })
}

/// A rate of that day, N times as fast, at this scale.
fn rate_per_s(said: f64, times: f64, scale: f64) -> u64 {
    ((said * times * scale).ceil() as u64).max(1)
}

/// What the operators do to the inlets of an act, on the wall.
pub(super) fn inlet_changes(
    rounds: &[&Round],
    ids: &Ids,
    clock: &Clock,
    pace: Pace,
    scale: f64,
) -> Vec<Change> {
    let Pace::Times(times) = pace else { return Vec::new() };
    let of_round = |round: &&Round| {
        let id = ids.on_server(&round.id);
        let change = move |said: &InletChange| Change {
            at: clock.wall(said.at),
            round: id.clone(),
            rate_per_s: rate_per_s(said.rate_per_s, times, scale),
        };
        round.inlet_changes.iter().map(change).collect::<Vec<_>>()
    };
    rounds.iter().flat_map(of_round).collect()
}

/// Closes a round; one that has come to its end by itself may refuse.
pub(super) async fn close(ops: &mut Door, id: &str) -> anyhow::Result<()> {
    let body = json!({"reason": "the rehearsal is over"});
    let path = format!("/v1/admin/rounds/{id}/close");
    let (status, text) = ops.text("POST", &path, Some(&body)).await?;
    ensure!((200..300).contains(&status) || status == 409, "{path} was answered {status}: {text}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_slugs_that_mark_a_rehearsal() {
        for name in super::super::scenario::scenario_names() {
            let scenario = Scenario::load(name).unwrap();
            let ids = Ids::new(&scenario, "2026-11-21T10:00:00Z".parse().unwrap());
            for round in &scenario.rounds {
                let id = ids.on_server(&round.id);
                let slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                assert!(id.starts_with("rehearsal-") && id.len() <= 64, "{id}");
                assert!(id.chars().all(slug), "{id}");
            }
        }
    }

    #[test]
    fn stock_stays_a_whole_number_of_units() {
        let check = |won, scale, want| assert_eq!(scaled_won(won, 10_000, scale), want);
        check(25_000_000_000, 1.0, 25_000_000_000);
        check(25_000_000_000, 0.01, 250_000_000);
        check(50_000_000, 0.333, 16_650_000 / 10_000 * 10_000);
    }
}
