//! Live progress on stderr: a bar for each rehearsal on a terminal, plain lines otherwise.

use std::cell::Cell;
use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::crowd::Crowd;

/// Off a terminal a line is written this often: seconds.
const LINE_EVERY_S: f64 = 2.0;
/// So many won are shown as one: a bar that counts won would show nothing but digits.
const MILLION: u64 = 1_000_000;

/// What everything that is told of one run is written to.
#[derive(Clone)]
pub(super) struct Screen {
    bars: MultiProgress,
    terminal: bool,
}

impl Screen {
    pub fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = match terminal {
            true => ProgressDrawTarget::stderr_with_hz(5),
            false => ProgressDrawTarget::hidden(),
        };
        Self { bars: MultiProgress::with_draw_target(target), terminal }
    }

    /// One more bar, under those that are there.
    pub fn bar(&self) -> ProgressBar {
        self.bars.add(ProgressBar::no_length())
    }

    /// How it stands: in place of what `bar` said last on a terminal, one more line elsewhere.
    pub fn line(&self, bar: &ProgressBar, at_s: f64, line: String) {
        match self.terminal {
            true => bar.set_message(line),
            false => eprintln!("{at_s:7.1} s  {line}"),
        }
    }

    fn say(&self, line: &str) {
        if !self.terminal || self.bars.println(line).is_err() {
            eprintln!("{line}");
        }
    }
}

/// Where a rehearsal tells how it is going.
pub(super) struct Progress {
    screen: Screen,
    bar: ProgressBar,
    /// Which one this is, where several are played at once; else nothing.
    name: String,
    stock_won: u64,
    said_at_s: Cell<f64>,
}

impl Progress {
    pub fn new(screen: &Screen, name: &str, stock_won: u64) -> Self {
        let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
        let (screen, bar) = (screen.clone(), screen.bar());
        bar.set_prefix(name.clone());
        Self { screen, bar, name, stock_won, said_at_s: Cell::new(f64::MIN) }
    }

    /// One line that stays.
    pub fn say(&self, line: &str) {
        self.screen.say(&format!("{}{line}", self.name));
    }

    pub fn begin_sign_up(&self, people: u64) {
        self.say(&format!("signing up {people} people before the doors open"));
        self.style("{prefix}{bar:32} {pos}/{len} signed up, {elapsed}");
        self.bar.set_length(people);
        self.bar.set_position(0);
        self.bar.reset_elapsed();
    }

    pub fn signed_up(&self) {
        self.bar.inc(1);
    }

    pub fn end_sign_up(&self) {
        self.style("{prefix}{bar:32} {pos}/{len} million won, {elapsed}\n{wide_msg}");
        self.bar.set_length(self.stock_won / MILLION);
        self.bar.set_position(0);
        self.bar.reset_elapsed();
    }

    /// Shows how it stands.
    pub fn show(&self, crowd: &Crowd) {
        let now = &crowd.figures.now;
        let due = now.at_s - self.said_at_s.get() >= LINE_EVERY_S;
        if !self.screen.terminal && !due {
            return;
        }
        self.said_at_s.set(now.at_s);
        let line = format!(
            "{}{} arrived, {} places, {} waiting, watermark {}, {} purchases, {} million won left, \
             {} refusals, p50 {:.1} ms, p99 {:.1} ms",
            self.name,
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
        self.bar.set_position(now.bought_won / MILLION);
        self.screen.line(&self.bar, now.at_s, line);
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
