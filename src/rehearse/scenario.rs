//! What a scenario file says: programs, rounds, people, and what must hold at the end.
//!
//! The built-in files carry the published figures of real sales. Nothing here runs anything: it
//! parses, multiplies what is said once for many places (`per_place`), and checks that names refer
//! to something. Times are those of the day of the sale; `clock` moves them to now.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// Every built-in scenario: its name and its file.
const BUILT_IN: [(&str, &str); 8] = [
    ("smoke", include_str!("scenarios/smoke.toml")),
    ("draw", include_str!("scenarios/draw.toml")),
    ("seoul-2022-07-14", include_str!("scenarios/seoul-2022-07-14.toml")),
    ("seoul-2022-07-28", include_str!("scenarios/seoul-2022-07-28.toml")),
    ("seoul-districts", include_str!("scenarios/seoul-districts.toml")),
    ("chuncheon-2022-12", include_str!("scenarios/chuncheon-2022-12.toml")),
    ("gangwon-2022-12", include_str!("scenarios/gangwon-2022-12.toml")),
    ("onnuri-2025-03", include_str!("scenarios/onnuri-2025-03.toml")),
];

/// Not of a published sale, so not among `all`.
const PRACTICE: [&str; 2] = ["smoke", "draw"];
/// Every published sale at once, as `--scenario` names them.
const ALL: &str = "all";
/// Who spends while others buy.
const HOLDERS: &str = include_str!("scenarios/holders.toml");

/// The names that `--scenario` takes beside `all` and a path to a file.
pub fn scenario_names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

/// One rehearsal, as its file says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub id: String,
    pub title: String,
    pub max: MaxPace,
    pub programs: Vec<Program>,
    pub rounds: Vec<Round>,
    pub people: Vec<Group>,
    pub expect: Vec<Expect>,
}

/// How `--pace max` compresses this scenario. Seconds at scale 1.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MaxPace {
    /// From the first join to the first opening.
    pub lobby_s: f64,
    pub claim_window_s: u64,
    pub pass_ttl_s: u64,
    /// Arrivals released for each other call while both are due: how far the crowd runs ahead of
    /// the sale.
    pub arrivals_per_call: u32,
}

/// A kind of voucher; the fields are those of `PUT /v1/admin/programs/{program}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    pub id: String,
    pub name: Value,
    pub issuer: String,
    pub effective_from: String,
    pub discount_bps: u32,
    pub unit_won: u64,
    pub monthly_limit_won: u64,
    pub holding_limit_won: u64,
    pub refund_threshold_bps: u32,
    pub regions: Vec<String>,
    pub channels: Vec<String>,
    /// Channels that sell on paper, without a line.
    #[serde(default)]
    pub counters: Vec<String>,
}

/// A sale; the fields are those of `PUT /v1/admin/rounds/{round}`, with the times of that day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Round {
    pub id: String,
    /// Rounds of one act run together; the next act starts when all of them are over.
    #[serde(default)]
    pub act: u16,
    pub program: String,
    pub name: Value,
    pub order: String,
    pub rejoin: String,
    pub lobby_opens_at: Timestamp,
    pub windows: Vec<Window>,
    pub inlet: Inlet,
    /// What the operators did to the inlet on the way; only with `--pace N`.
    #[serde(default)]
    pub inlet_changes: Vec<InletChange>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    pub id: String,
    pub eligibility: Value,
    pub opens_at: Timestamp,
    pub closes_at: Timestamp,
    pub stock_won: u64,
    pub leftover_to: Option<String>,
    /// The line, unless it says otherwise.
    #[serde(default)]
    pub sold_at: SoldAt,
    /// With `--pace max`: how long until the next window opens, in seconds at scale 1.
    pub max_s: Option<f64>,
}

/// Where a window is sold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SoldAt {
    /// To whoever has a pass.
    #[default]
    Line,
    /// At the counters, from what is set aside for them.
    Counter,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inlet {
    pub rate_per_s: f64,
    pub max_active: u64,
    pub claim_window_s: f64,
    pub pass_ttl_s: f64,
}

/// The inlet of a round from a time of that day on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InletChange {
    pub at: Timestamp,
    pub rate_per_s: f64,
}

/// People who arrive alike and want alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub name: String,
    pub round: String,
    pub count: u64,
    /// These are people of an earlier group, coming again.
    pub again: Option<String>,
    pub arrive: Arrive,
    pub wants: Vec<Want>,
    #[serde(default)]
    pub birth_year: BirthYear,
    pub channels: BTreeMap<String, u32>,
    #[serde(default)]
    pub sign_up: SignUp,
    #[serde(default)]
    pub behave: Behave,
}

/// When they come: spread between two times of that day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arrive {
    pub from: Timestamp,
    pub to: Timestamp,
    #[serde(default)]
    pub shape: Shape,
    /// For `rush` and `build-up`: half of them come within so many seconds of the crowded end.
    pub half_s: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shape {
    /// As many in each minute.
    #[default]
    Even,
    /// Most of them at the beginning, then fewer and fewer.
    Rush,
    /// More and more, most of them at the end.
    BuildUp,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Want {
    pub won: u64,
    pub parts: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BirthYear {
    #[default]
    Any,
    Odd,
    Even,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SignUp {
    /// In the days before the sale.
    #[default]
    Before,
    /// At the moment of joining.
    AtTheDoor,
}

/// Shares of a group, each drawn on its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Behave {
    /// Gives the place back while waiting.
    pub leave: f64,
    /// Is silent for a while, then comes back with the ticket.
    pub come_back: f64,
    /// Drops the connection and joins again without the ticket.
    pub airplane: f64,
    /// Joins and buys on a second phone in another channel as well.
    pub two_phones: f64,
    /// Sends the same purchase again with the same key after its answer.
    pub repeat: f64,
    /// Hangs up right after sending the purchase, then sends it again with the same key.
    pub hang_up: f64,
    /// Joins and is never heard of again.
    pub vanish: f64,
}

/// What must hold at the end, of a round or of a group. Amounts and counts are those of scale 1.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expect {
    pub round: Option<String>,
    /// Of the round only what is sold there, and who bought there.
    pub sold_at: Option<SoldAt>,
    pub sold_won: Option<u64>,
    pub left_won: Option<u64>,
    pub held_won: Option<u64>,
    pub buyers: Option<u64>,
    pub tolerance_percent: f64,
    pub group: Option<String>,
    /// Whoever of the group tried to buy was refused with this code, or told that all is sold.
    pub refused_with: Option<String>,
    /// Whoever of the group bought, bought at most this.
    pub bought_each_won: Option<u64>,
}

impl SoldAt {
    /// The place as it stands in the name of a check.
    pub fn word(self) -> &'static str {
        match self {
            SoldAt::Line => "in the line",
            SoldAt::Counter => "at the counters",
        }
    }
}

impl Round {
    pub fn sells_at(&self, sold_at: SoldAt) -> bool {
        self.windows.iter().any(|window| window.sold_at == sold_at)
    }
}

impl Group {
    /// Where they buy.
    pub fn buys_at(&self, program: &Program) -> SoldAt {
        if self.is_at_counter(program) { SoldAt::Counter } else { SoldAt::Line }
    }

    /// Whether they buy over the counter.
    pub fn is_at_counter(&self, program: &Program) -> bool {
        self.channels.keys().any(|channel| program.counters.contains(channel))
    }
}

impl Scenario {
    /// What `--scenario` names: one, `all` published sales, or several with commas between them.
    pub fn load_all(names: &str) -> anyhow::Result<Vec<Self>> {
        let named: Vec<&str> = match names {
            ALL => scenario_names().into_iter().filter(|name| !PRACTICE.contains(name)).collect(),
            // A path may hold a comma itself.
            _ if std::path::Path::new(names).exists() => vec![names],
            _ => names.split(',').map(str::trim).collect(),
        };
        named.into_iter().map(Self::load).collect()
    }

    /// The round in which those buy who spend while others buy.
    pub fn holders() -> anyhow::Result<Self> {
        Self::parse(HOLDERS).context("the scenario of those who spend")
    }

    /// A built-in scenario by name, or a file by path.
    pub fn load(name: &str) -> anyhow::Result<Self> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(id, _)| *id == name) {
            return Self::parse(text).with_context(|| format!("built-in scenario {name}"));
        }
        let names = scenario_names().join(", ");
        let missing = || format!("{name} is neither a file, nor {ALL}, nor one of: {names}");
        Self::parse(&std::fs::read_to_string(name).with_context(missing)?)
    }

    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut table: Table = text.parse()?;
        let places = table.remove("places").unwrap_or(Value::Array(Vec::new()));
        for part in ["programs", "rounds", "people", "expect"] {
            if let Some(Value::Array(items)) = table.get_mut(part) {
                *items = in_each_place(std::mem::take(items), &places)?;
            }
        }
        let scenario: Self = Value::Table(table).try_into()?;
        scenario.check()?;
        Ok(scenario)
    }

    pub fn round(&self, id: &str) -> Option<usize> {
        self.rounds.iter().position(|round| round.id == id)
    }

    pub fn group(&self, name: &str) -> Option<usize> {
        self.people.iter().position(|group| group.name == name)
    }

    pub fn program_of(&self, round: &Round) -> Option<&Program> {
        self.programs.iter().find(|program| program.id == round.program)
    }

    fn check(&self) -> anyhow::Result<()> {
        for round in &self.rounds {
            ensure!(self.program_of(round).is_some(), "no program {}", round.program);
            ensure!(!round.windows.is_empty(), "round {} has no window", round.id);
        }
        for (place, group) in self.people.iter().enumerate() {
            let name = &group.name;
            let Some(round) = self.round(&group.round) else { bail!("no round {}", group.round) };
            let Some(program) = self.program_of(&self.rounds[round]) else { continue };
            ensure!(group.arrive.from <= group.arrive.to, "{name} arrive backwards");
            let parts: u64 = group.wants.iter().map(|want| want.parts).sum();
            ensure!(parts > 0, "{name} want nothing");
            ensure!(group.channels.values().any(|parts| *parts > 0), "{name} have no channel");
            for want in &group.wants {
                ensure!(want.won % program.unit_won == 0, "{name} want {} won", want.won);
            }
            for channel in group.channels.keys() {
                let mut all = program.channels.iter().chain(&program.counters);
                ensure!(all.any(|known| known == channel), "{name} use channel {channel}");
            }
            let is_mixed = group.is_at_counter(program)
                && group.channels.keys().any(|channel| program.channels.contains(channel));
            ensure!(!is_mixed, "{name} come to counters and to channels: make two groups of them");
            if let Some(again) = &group.again {
                let earlier = self.group(again).is_some_and(|earlier| earlier < place);
                ensure!(earlier, "{name} come again, but no earlier group is called {again}");
            }
        }
        for expect in &self.expect {
            let round = expect.round.as_ref().is_none_or(|id| self.round(id).is_some());
            let group = expect.group.as_ref().is_none_or(|name| self.group(name).is_some());
            ensure!(round && group, "expectation of an unknown round or group: {expect:?}");
            let Some(sold_at) = expect.sold_at else { continue };
            let named = expect.round.as_ref().and_then(|id| self.round(id));
            let sells = named.is_some_and(|place| self.rounds[place].sells_at(sold_at));
            ensure!(sells, "expectation of what is not sold: {expect:?}");
        }
        Ok(())
    }
}

/// Says again for each place what says `per_place`: `all`, or the kind of the places that are
/// meant.
fn in_each_place(items: Vec<Value>, places: &Value) -> anyhow::Result<Vec<Value>> {
    let mut out = Vec::new();
    for mut item in items {
        let kind = item.as_table_mut().and_then(|table| table.remove("per_place"));
        let Some(kind) = kind else {
            out.push(item);
            continue;
        };
        let kind = kind.as_str().context("per_place names a kind of place")?.to_owned();
        for place in places.as_array().into_iter().flatten().filter_map(Value::as_table) {
            let word = |key: &str| place.get(key).and_then(Value::as_str).unwrap_or_default();
            if kind == "all" || kind == word("kind") {
                let mut said = item.clone();
                put(&mut said, &|text| {
                    let text = text.replace("{place}", word("id"));
                    text.replace("{ko}", word("ko")).replace("{en}", word("en"))
                });
                out.push(said);
            }
        }
    }
    Ok(out)
}

fn put(value: &mut Value, word: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = word(text),
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, word)),
        Value::Table(table) => table.iter_mut().for_each(|(_, item)| put(item, word)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
