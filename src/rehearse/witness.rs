//! What the server says at the end: round figures, a sample of people's purchases and limits,
//! metrics.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chance::Chance;
use super::crowd::Crowd;
use super::door::{Door, Place, list};
use super::draws::DrawSeen;
use super::scenario::{Scenario, SoldAt};

/// So many buyers are compared with what the server's store says about them.
const SAMPLE: usize = 64;
const VIOLATIONS: &str = "openrun_invariant_violations_total";

/// A round, as `GET /v1/admin/rounds/{round}` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerRound {
    /// Its id on the server.
    #[serde(skip_deserializing)]
    pub id: String,
    /// Its state.
    pub state: String,
    /// All amounts in won.
    pub stock_won: u64,
    /// See `stock_won`.
    pub left_won: u64,
    /// See `stock_won`.
    pub held_won: u64,
    /// See `stock_won`.
    pub sold_won: u64,
    /// Of it what is set aside for the counters, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counters: Option<ServerStock>,
    /// Purchases that count as sold.
    pub purchases: u64,
    /// Order inversions that the server itself has seen.
    pub inversions: u64,
    /// How right it told people, by its own probes: as it says it.
    pub honesty: Value,
}

/// What a round has, or a part of it: all amounts in won.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct ServerStock {
    pub stock_won: u64,
    pub left_won: u64,
    pub held_won: u64,
    pub sold_won: u64,
}

impl ServerRound {
    /// All that it has, or what it has for one place of sale alone.
    pub(super) fn stock_at(&self, sold_at: Option<SoldAt>) -> ServerStock {
        let ServerRound { stock_won, left_won, held_won, sold_won, .. } = *self;
        let counters = self.counters.unwrap_or_default();
        match sold_at {
            None => ServerStock { stock_won, left_won, held_won, sold_won },
            Some(SoldAt::Counter) => counters,
            Some(SoldAt::Line) => ServerStock {
                stock_won: stock_won.saturating_sub(counters.stock_won),
                left_won: left_won.saturating_sub(counters.left_won),
                held_won: held_won.saturating_sub(counters.held_won),
                sold_won: sold_won.saturating_sub(counters.sold_won),
            },
        }
    }
}

/// Everything that the server said.
#[derive(Debug, Clone, Default)]
pub(super) struct Witness {
    pub rounds: Vec<ServerRound>,
    /// Buyers that were compared, and how many of them the server knew otherwise.
    pub sampled: u64,
    pub differing: u64,
    /// People of the sample of whom the server says that they used more than they may.
    pub above_limit: u64,
    pub violations: Option<u64>,
    /// What came of the draws.
    pub draws: Vec<DrawSeen>,
}

/// Sum of a counter over its labels in the Prometheus text format; `None` if it is not there.
pub(super) fn violations(metrics: &str) -> Option<u64> {
    let lines = metrics.lines().filter(|line| line.starts_with(VIOLATIONS));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    values.fold(None, |sum, value| Some(sum.unwrap_or(0) + value as u64))
}

/// Reads the metrics of the ops listener.
pub(super) async fn read_violations(ops: &mut Door) -> anyhow::Result<Option<u64>> {
    let (_, text) = ops.text("GET", "/metrics", None).await?;
    Ok(violations(&text))
}

/// Asks the server about everything that clients were told.
pub(super) async fn hear(
    crowd: &Crowd,
    scenario: &Scenario,
    ops: &mut Door,
    target: &Place,
    violations_before: Option<u64>,
) -> anyhow::Result<Witness> {
    let mut witness = Witness::default();
    for round in &crowd.rounds {
        let answer = ops.json("GET", &format!("/v1/admin/rounds/{}", round.id), None).await?;
        let said: ServerRound = serde_json::from_value(answer)?;
        witness.rounds.push(ServerRound { id: round.id.clone(), ..said });
    }
    let now = read_violations(ops).await?;
    witness.violations = now.map(|now| now.saturating_sub(violations_before.unwrap_or(0)));
    sample(crowd, scenario, target, &mut witness).await?;
    Ok(witness)
}

async fn sample(
    crowd: &Crowd,
    scenario: &Scenario,
    target: &Place,
    witness: &mut Witness,
) -> anyhow::Result<()> {
    let mut chance = Chance::new(crowd.acknowledged.len() as u64);
    let mut door = Door::new(target, "");
    for _ in 0..SAMPLE.min(crowd.acknowledged.len()) {
        let drawn = chance.below(crowd.acknowledged.len() as u64) as usize;
        let told = &crowd.acknowledged[drawn];
        let plan = &crowd.visits[told.visit as usize].plan;
        door.become_person(crowd.tokens.of(plan.person, plan.phone));
        let answer = door.json("GET", "/v1/purchases", None).await?;
        let field = |purchase: &Value, key: &str| purchase.get(key).cloned().unwrap_or_default();
        let known = list(&answer).iter().any(|purchase| {
            field(purchase, "id") == *told.id
                && field(purchase, "amount_won") == told.amount_won
                && field(purchase, "state") == "issued"
        });
        witness.sampled += 1;
        witness.differing += u64::from(!known);
        let round = &scenario.rounds[plan.round as usize];
        let limit = scenario.program_of(round).map_or(u64::MAX, |p| p.monthly_limit_won);
        let answer = door.json("GET", "/v1/people/me/limits", None).await?;
        let used = |limits: &Value| {
            ["used_won", "used", "month_used_won"]
                .iter()
                .find_map(|key| limits.get(key).and_then(Value::as_u64))
        };
        let above = list(&answer).iter().filter_map(used).any(|used| used > limit);
        witness.above_limit += u64::from(above);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_are_summed_over_their_labels() {
        let check = |text: &str, want: Option<u64>| assert_eq!(violations(text), want, "{text}");
        check("openrun_invariant_violations_total 0\n", Some(0));
        check(
            "# HELP openrun_invariant_violations_total broken promises\n\
             openrun_invariant_violations_total{invariant=\"OR-1\"} 2\n\
             openrun_invariant_violations_total{invariant=\"OR-2\"} 1\n",
            Some(3),
        );
        check("something_else 1\n", None);
    }
}
