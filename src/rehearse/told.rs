//! What each of the crowd was told of their chances, and when: from the documents that they read.
//!
//! With `--pace N` only, where waits are waits. Everybody looks when the document says that they
//! should, by the scenario's clock; and once more by the clock on the wall, to know how soon they
//! hear that it is over. Estimates are sampled: [`SAMPLED`] of each reading. Pure bookkeeping.

use super::chance::Chance;
use super::client::{Document, Line, Outlook};
use super::visit::{Step, Visit};

const SECOND: f64 = 1e9;
/// About so many estimates of each reading are kept.
const SAMPLED: u64 = 64;

/// What one visit was told. Times are nanoseconds of this run; 0 is never.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Record {
    /// Since when all that was said is `unlikely` or `no`.
    pub against_since: u64,
    pub was_told_unlikely: bool,
    /// When the turn came.
    pub turned: u64,
    looks_at: u64,
    looks_on_the_wall_at: u64,
    /// When this one hears, looking by the clock on the wall, that all is sold.
    pub knows_at: u64,
}

/// An estimate that was given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub visit: u32,
    pub at: u64,
    pub seconds: f64,
}

/// A round, as far as it matters here.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoundTold {
    pub opens_at: u64,
    /// When the watermark was first seen above zero.
    pub first_admission: u64,
    /// When all was sold, by the server's clock.
    pub sold_out_at: u64,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// How many times faster than on that day; 0 when nothing is kept.
    pub times: f64,
    pub records: Vec<Record>,
    pub estimates: Vec<Estimate>,
    pub rounds: Vec<RoundTold>,
    /// How many had an estimate at the last reading.
    had_one: u64,
}

impl Told {
    pub fn begin(&mut self, times: f64, visits: usize, rounds: usize) {
        self.times = times;
        self.records = vec![Record::default(); visits];
        self.rounds = vec![RoundTold::default(); rounds];
    }

    pub fn is_kept(&self) -> bool {
        self.times > 0.0
    }

    /// A document of a round was read, at `now`; the clock on the wall says `wall` then.
    pub fn read(
        &mut self,
        (now, wall): (u64, jiff::Timestamp),
        (round, lines): (usize, &[Option<usize>]),
        document: &Document,
        visits: &[Visit],
        chance: &mut Chance,
    ) {
        let known = &mut self.rounds[round];
        if known.first_admission == 0 && document.lines.iter().any(|line| line.watermark > 0) {
            known.first_admission = now;
        }
        if known.sold_out_at == 0 && document.state == "sold_out" {
            let age = document.at.map_or(0.0, |at| at.duration_until(wall).as_secs_f64().max(0.0));
            known.sold_out_at = now.saturating_sub((age * SECOND) as u64);
        }
        let mut have_one = 0;
        for (id, visit) in visits.iter().enumerate() {
            if visit.plan.round as usize != round || visit.step != Step::Waiting {
                continue;
            }
            let at = lines.iter().position(|line| *line == Some(visit.line as usize));
            let Some(line) = at.map(|at| &document.lines[at]) else { continue };
            let wait_s = self.look(now, id, visit.number, line, document, chance);
            let Some(seconds) = wait_s else { continue };
            have_one += 1;
            if chance.below(self.had_one.max(SAMPLED)) < SAMPLED {
                self.estimates.push(Estimate { visit: id as u32, at: now, seconds });
            }
        }
        self.had_one = have_one;
    }

    /// Somebody looks, if it is time to. Answers the estimate as it stands.
    fn look(
        &mut self,
        now: u64,
        id: usize,
        number: u64,
        line: &Line,
        document: &Document,
        chance: &mut Chance,
    ) -> Option<f64> {
        let record = &mut self.records[id];
        let outlook = document.outlook(line, number);
        let poll_ns = document.poll_ms(line, number) * 1e6;
        let jitter = document.poll.jitter_percent / 100.0;
        let poll_ns = poll_ns * (1.0 - jitter + 2.0 * jitter * chance.unit());
        if document.is_over() && record.knows_at == 0 {
            record.knows_at = record.looks_on_the_wall_at.max(now);
        }
        if now >= record.looks_on_the_wall_at {
            record.looks_on_the_wall_at = now + poll_ns as u64;
        }
        if now >= record.looks_at {
            record.looks_at = now + (poll_ns / self.times) as u64;
            record.was_told_unlikely |= outlook == Outlook::Unlikely;
            match outlook {
                Outlook::Likely | Outlook::Possible => record.against_since = 0,
                Outlook::Unlikely | Outlook::No if record.against_since == 0 => {
                    record.against_since = now;
                }
                Outlook::Unlikely | Outlook::No => {}
            }
        }
        document.wait_s(line, number).map(|(middle, _)| middle)
    }

    /// The turn of a visit has come.
    pub fn turn(&mut self, visit: u32, now: u64) {
        if let Some(record) = self.records.get_mut(visit as usize)
            && record.turned == 0
        {
            record.turned = now;
        }
    }
}
