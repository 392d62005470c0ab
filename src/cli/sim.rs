//! `openrun sim`: whole sales from seeds and what becomes of their vouchers, with every fault that
//! is known, judged after each step.

use super::{Exit, Fault, print};
use crate::sim::{self, Many, Outcome, STEPS, STORY, Settings, Tally};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often the bar is drawn: often enough to be seen moving.
const DRAW_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
#[command(
    after_help = "A run is a sale and the life of its vouchers: people buy, spend, cancel, give and \
come to a counter while everything fails. It is the same for ever: its seed says everything. A \
run that breaks an invariant is shrunk, told, and named by the command that makes it again.

Exit codes: 0 all runs held, 3 an invariant is broken.

Examples:
  openrun sim --seed 1 --runs 100000        every night
  openrun sim --seed 4711                   one sale, with its figures"
)]
pub(super) struct Sim {
    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many seeds from there
    #[arg(long, value_name = "M", default_value_t = 1)]
    runs: u64,
    /// Faults stop after so many steps at the latest
    #[arg(long, value_name = "S", default_value_t = STEPS)]
    steps: u64,
    /// At most so many people
    #[arg(long, value_name = "P")]
    people: Option<u32>,
    /// Faults that are off whatever the seed says
    #[arg(long, value_name = "FAULTS", value_delimiter = ',')]
    without: Vec<sim::Fault>,
    /// On how many threads [default: all cores]
    #[arg(long, value_name = "J")]
    jobs: Option<usize>,
    /// Look for a smaller run that fails alike (the default)
    #[arg(long, overrides_with = "no_shrink")]
    shrink: bool,
    /// Tell the failing run as it is
    #[arg(long)]
    no_shrink: bool,
    /// How many of the last steps of a failing run are told
    #[arg(long, value_name = "LINES", default_value_t = STORY)]
    story: usize,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Put a bug in, to see whether it is found
    #[cfg(feature = "failpoints")]
    #[arg(long, value_name = "BUG", hide = true)]
    plant: Option<sim::Plant>,
}

impl Sim {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let many = Many {
            seed: self.seed,
            runs: self.runs,
            jobs: self.jobs.unwrap_or(cores),
            settings: self.settings(),
        };
        let (began, bar) = (Instant::now(), bar(self.runs));
        let mut drawn = Instant::now();
        let tally = sim::run_many(&many, |tally| {
            if drawn.elapsed() >= DRAW_EVERY {
                drawn = Instant::now();
                bar.set_position(tally.runs);
            }
        });
        bar.finish_and_clear();
        let seconds = began.elapsed().as_secs_f64().max(f64::EPSILON);
        let failed = tally.failed.as_ref().map(|failed| self.tell(failed, &many.settings));
        match self.json {
            true => print(&format!("{:#}\n", as_json(&tally, seconds, failed.as_ref()))),
            false => {
                eprintln!("{}", in_words(&tally, seconds));
                if let Some(failed) = &failed {
                    print(&failed.in_words());
                }
            }
        }
        Ok(if failed.is_some() { Exit::InvariantBroken } else { Exit::Done })
    }

    fn settings(&self) -> Settings {
        Settings {
            steps: self.steps,
            people: self.people,
            without: self.without.clone(),
            #[cfg(feature = "failpoints")]
            plant: self.plant,
            ..Settings::default()
        }
    }

    /// The failing run once more, with its last steps; shrunk, unless that was not wanted.
    fn tell(&self, failed: &Outcome, settings: &Settings) -> Told {
        let settings = Settings { story: self.story, ..settings.clone() };
        let (settings, outcome) = match self.no_shrink {
            true => (settings.clone(), sim::run(failed.seed, &settings)),
            false => sim::shrink(failed.seed, &settings),
        };
        let full = Settings { story: 0, ..self.settings() };
        Told { full: full.command(failed.seed), command: settings.command(failed.seed), outcome }
    }
}

/// A failing run with the commands that make it again.
struct Told {
    full: String,
    command: String,
    outcome: Outcome,
}

impl Told {
    fn in_words(&self) -> String {
        let mut text = String::new();
        let Some(violation) = &self.outcome.violation else {
            return format!("it failed, and does not when it is run again: {}\n", self.full);
        };
        for line in &violation.story {
            text.push_str(line);
            text.push('\n');
        }
        let (broken, step) = (&violation.broken, violation.step);
        let people = self.outcome.people;
        text.push_str(&format!("\nbroken at step {step} with {people} people: "));
        text.push_str(&format!("{}: {}\n", broken.invariant, broken.text));
        text.push_str(&format!("as it was found: {}\n", self.full));
        text.push_str(&format!("shrunk:          {}\n", self.command));
        text
    }

    fn as_json(&self) -> Value {
        let violation = self.outcome.violation.as_ref();
        json!({
            "seed": self.outcome.seed,
            "invariant": violation.map(|violation| violation.broken.invariant.clone()),
            "text": violation.map(|violation| violation.broken.text.clone()),
            "step": violation.map(|violation| violation.step),
            "people": self.outcome.people,
            "command": self.full,
            "shrunk": self.command,
            "story": violation.map(|violation| violation.story.clone()),
        })
    }
}

fn bar(runs: u64) -> ProgressBar {
    let bar = if runs > 1 { ProgressBar::new(runs) } else { ProgressBar::hidden() };
    let template = "{bar:32} {pos}/{len} sales, {per_sec}, {elapsed}, {eta} to go";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn in_words(tally: &Tally, seconds: f64) -> String {
    let of = &tally.figures;
    let rate = |count: u64| count as f64 / seconds;
    format!(
        "{} sales in {seconds:.1} s: {:.0} seeds, {:.0} events and {:.0} stored events a second\n\
         {} purchases, {} vouchers, {} voided, {} returned; {} crashes, {} doubts, {} rebuilds, \
         {} late approvals, {} lies\n\
         {} on paper, {} spends, {} gifts, {} paybacks, {} expired\ntrace {:016x}",
        tally.runs,
        rate(tally.runs),
        rate(of.steps),
        rate(of.events),
        of.purchases,
        of.issued,
        of.voided,
        of.returned,
        of.crashes,
        of.doubts,
        of.rebuilds,
        of.late,
        of.lies,
        of.papers,
        of.spends,
        of.gifts,
        of.paybacks,
        of.expired,
        tally.hash,
    )
}

fn as_json(tally: &Tally, seconds: f64, failed: Option<&Told>) -> Value {
    let of = &tally.figures;
    json!({
        "runs": tally.runs,
        "seconds": seconds,
        "seeds_per_s": tally.runs as f64 / seconds,
        "events_per_s": of.steps as f64 / seconds,
        "stored_events_per_s": of.events as f64 / seconds,
        "events": of.steps,
        "stored_events": of.events,
        "purchases": of.purchases,
        "vouchers": of.issued,
        "voided": of.voided,
        "returned": of.returned,
        "crashes": of.crashes,
        "doubts": of.doubts,
        "rebuilds": of.rebuilds,
        "late_approvals": of.late,
        "lies": of.lies,
        "papers": of.papers,
        "spends": of.spends,
        "gifts": of.gifts,
        "paybacks": of.paybacks,
        "expired": of.expired,
        "trace": format!("{:016x}", tally.hash),
        "failed": failed.map(Told::as_json),
    })
}
