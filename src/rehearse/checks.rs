//! What was checked, and how each of it weighs.

use serde::Serialize;

pub(super) const OK: i32 = 0;
pub(super) const INVARIANT_BROKEN: i32 = 3;
pub(super) const THRESHOLD_MISSED: i32 = 4;

/// How a check weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Must hold in every rehearsal: exit code 3.
    Invariant,
    /// What this scenario must show: exit code 4.
    Threshold,
}

/// One thing that was checked.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What must hold.
    pub name: String,
    /// Whether it held.
    pub held: bool,
    /// The figures behind it.
    pub detail: String,
    /// How it weighs.
    pub weight: Weight,
}

/// Collects checks.
#[derive(Default)]
pub(super) struct Checks(pub Vec<Check>);

impl Checks {
    pub fn add(&mut self, weight: Weight, name: impl Into<String>, held: bool, detail: String) {
        self.0.push(Check { name: name.into(), held, detail, weight });
    }

    pub fn same(&mut self, weight: Weight, name: impl Into<String>, told: u64, said: u64) {
        self.add(weight, name, told == said, format!("{told} and {said}"));
    }

    pub fn none(&mut self, weight: Weight, name: impl Into<String>, found: u64) {
        self.add(weight, name, found == 0, format!("{found}"));
    }

    pub fn exit_code(&self) -> i32 {
        let missed = |weight| self.0.iter().any(|check| !check.held && check.weight == weight);
        if missed(Weight::Invariant) {
            INVARIANT_BROKEN
        } else if missed(Weight::Threshold) {
            THRESHOLD_MISSED
        } else {
            OK
        }
    }
}
