//! A smaller run that fails in the same way: fewer kinds of faults, fewer people, fewer steps. Any
//! change makes another run of the seed, so each is tried and kept only if it still fails.

use super::faults::FAULTS;
use super::{Outcome, STORY, Settings, run};

/// Shrinks a failing run; answers the settings and the outcome of the smallest one found, with its
/// story.
#[must_use]
pub fn shrink(seed: u64, settings: &Settings) -> (Settings, Outcome) {
    let mut best = Shrinking::new(seed, settings.clone());
    loop {
        let before = best.tries_that_helped;
        for fault in FAULTS {
            if !best.settings.without.contains(&fault) {
                let mut without = best.settings.without.clone();
                without.push(fault);
                best.try_with(Settings { without, ..best.settings.clone() });
            }
        }
        for (part, of) in [(1, 4), (1, 2), (3, 4)] {
            let people = (best.outcome.people * part / of).max(1);
            best.try_with(Settings { people: Some(people), ..best.settings.clone() });
        }
        best.try_with(Settings {
            people: Some(best.outcome.people.saturating_sub(1).max(1)),
            ..best.settings.clone()
        });
        if best.tries_that_helped == before {
            break;
        }
    }
    let steps = best.outcome.violation.as_ref().map_or(settings.steps, |violation| violation.step);
    for part in [steps / 2, steps * 3 / 4, steps] {
        best.try_with(Settings { steps: part.max(1), ..best.settings.clone() });
    }
    // The smallest run once more, this time told.
    let lines = if settings.story > 0 { settings.story } else { STORY };
    let outcome = run(seed, &Settings { story: lines, ..best.settings.clone() });
    (best.settings, outcome)
}

struct Shrinking {
    seed: u64,
    invariant: String,
    settings: Settings,
    outcome: Outcome,
    tries_that_helped: u32,
}

impl Shrinking {
    fn new(seed: u64, settings: Settings) -> Shrinking {
        let outcome = run(seed, &settings);
        let violation = outcome.violation.as_ref();
        let invariant = violation.map(|violation| violation.broken.invariant.clone());
        let invariant = invariant.unwrap_or_default();
        Shrinking { seed, invariant, settings, outcome, tries_that_helped: 0 }
    }

    /// Keeps other settings if the run still breaks the same invariant, and is smaller.
    fn try_with(&mut self, settings: Settings) {
        let size = |settings: &Settings, outcome: &Outcome| {
            (FAULTS.len() - settings.without.len(), outcome.people, outcome.figures.steps)
        };
        let outcome = run(self.seed, &settings);
        let violation = outcome.violation.as_ref();
        let is_same = violation.is_some_and(|other| other.broken.invariant == self.invariant);
        if is_same && size(&settings, &outcome) < size(&self.settings, &self.outcome) {
            (self.settings, self.outcome) = (settings, outcome);
            self.tries_that_helped += 1;
        }
    }
}
