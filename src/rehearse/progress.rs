//! Live progress on stderr: a bar on a terminal, plain lines otherwise.

use std::cell::Cell;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::crowd::Crowd;

/// Off a terminal a line is written this often: seconds.
const LINE_EVERY_S: f64 = 2.0;
/// So many won are shown as one: a bar that counts won would show nothing but digits.
const MILLION: u64 = 1_000_000;

/// Where the rehearsal tells how it is going.
pub(super) struct Progress {
    bar: ProgressBar,
    terminal: bool,
    stock_won: u64,
    said_at_s: Cell<f64>,
    to_sign_up: Cell<u64>,
}

impl Progress {
    pub fn new(stock_won: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = match terminal {
            true => ProgressDrawTarget::stderr_with_hz(5),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let (said_at_s, to_sign_up) = (Cell::new(f64::MIN), Cell::new(0));
        Self { bar, terminal, stock_won, said_at_s, to_sign_up }
    }

    /// One line that stays.
    pub fn say(&self, line: &str) {
        match self.terminal {
            true => self.bar.println(line),
            false => eprintln!("{line}"),
        }
    }

    pub fn begin_sign_up(&self, people: u64) {
        self.to_sign_up.set(people);
        self.say(&format!("signing up {people} people before the doors open"));
        self.style("{bar:32} {pos}/{len} signed up, {elapsed}");
        self.bar.set_length(people);
        self.bar.set_position(0);
        self.bar.reset_elapsed();
    }

    pub fn signed_up(&self) {
        self.bar.inc(1);
    }

    pub fn end_sign_up(&self) {
        self.style("{bar:32} {pos}/{len} million won, {elapsed}\n{wide_msg}");
        self.bar.set_length(self.stock_won / MILLION);
        self.bar.set_position(0);
        self.bar.reset_elapsed();
    }

    /// Shows how it stands.
    pub fn show(&self, crowd: &Crowd) {
        let now = &crowd.figures.now;
        let due = now.at_s - self.said_at_s.get() >= LINE_EVERY_S;
        if !self.terminal && !due {
            return;
        }
        self.said_at_s.set(now.at_s);
        let line = format!(
            "{} arrived, {} places, {} waiting, watermark {}, {} purchases, {} million won left, \
             {} refusals, p50 {:.1} ms, p99 {:.1} ms",
            now.arrived,
            now.places,
            now.waiting,
            now.watermark,
            now.purchases,
            self.stock_won.saturating_sub(now.bought_won) / MILLION,
            now.refusals,
            now.p50_us as f64 / 1000.0,
            now.p99_us as f64 / 1000.0,
        );
        match self.terminal {
            true => {
                self.bar.set_position(now.bought_won / MILLION);
                self.bar.set_message(line);
            }
            false => eprintln!("{:7.1} s  {line}", now.at_s),
        }
    }

    pub fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }
}
