//! Drawn rounds: what was published of each draw is recomputed, and buyers must be those whom it
//! put first.

use std::collections::HashSet;

use openrun_core::draw::{Transcript, verify};
use serde_json::Value;

use super::crowd::Crowd;
use super::door::{Door, Place, list};
use super::scenario::Scenario;

/// What came of one draw.
#[derive(Debug, Clone)]
pub(super) struct DrawSeen {
    /// Of which round of the scenario.
    pub round: usize,
    pub class: String,
    /// How many were in the lobby.
    pub count: u64,
    /// Why the transcript does not hold.
    pub fault: Option<String>,
}

/// Reads the transcripts of every drawn round, and checks them.
pub(super) async fn hear(
    crowd: &Crowd,
    scenario: &Scenario,
    target: &Place,
) -> anyhow::Result<Vec<DrawSeen>> {
    let mut seen = Vec::new();
    let mut door = Door::new(target, "");
    for (round, spec) in scenario.rounds.iter().enumerate() {
        if spec.order != "draw" {
            continue;
        }
        let id = &crowd.rounds[round].id;
        let draw = door.json("GET", &format!("/v1/rounds/{id}/draw"), None).await?;
        let classes = draw.get("classes").cloned().unwrap_or_default();
        for class in list(&classes) {
            let class = class.get("class").and_then(Value::as_str).unwrap_or_default().to_owned();
            let path = format!("/v1/rounds/{id}/draw/{class}/transcript");
            let (status, text) = door.text("GET", &path, None).await?;
            let read = serde_json::from_str::<Transcript>(&text);
            let (count, fault) = match read {
                _ if status != 200 => (0, Some(format!("it was answered {status}"))),
                Err(fault) => (0, Some(fault.to_string())),
                Ok(transcript) => {
                    (transcript.count, verify(&transcript).err().map(|fault| fault.to_string()))
                }
            };
            seen.push(DrawSeen { round, class, count, fault });
        }
    }
    Ok(seen)
}

/// How many of a round bought of those who were in a lobby, and how many of them stand among as
/// many first numbers.
pub(super) fn first_served(crowd: &Crowd, drawn: &DrawSeen) -> (u64, u64) {
    let mut numbers = HashSet::new();
    for told in &crowd.acknowledged {
        let visit = &crowd.visits[told.visit as usize];
        let line = &crowd.lines.all[visit.line as usize];
        let is_drawn = visit.plan.round as usize == drawn.round
            && line.class == drawn.class
            && (1..=drawn.count).contains(&visit.number);
        numbers.extend(is_drawn.then_some(visit.number));
    }
    let buyers = numbers.len() as u64;
    (buyers, numbers.iter().filter(|number| **number <= buyers).count() as u64)
}
