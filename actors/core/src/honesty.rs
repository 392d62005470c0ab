//! How right what people were told has turned out: the program's own measure of its honesty.
//!
//! A few hundred probes, spread over the lines and renewed, each remember what a place was told
//! and when; when its turn comes, or the stock ends, they are held against what came of it.
//! Bounded memory, fed by the round's tick, and kept nowhere: after a restart it starts anew and
//! says since when. A probe knows a number, never a person, and nothing here changes a sale.

use crate::Timestamp;
use crate::places::{Phase, Places};
use crate::round_spec::LineId;
use crate::view::{Outlook, PlaceState, RoundView};

/// Probes at once: enough that a percent can be told apart, few enough for a tick. When all are
/// in use a new one takes a random place, rarer and rarer, so that all times of a sale weigh
/// alike.
const PROBES: usize = 256;
/// What one probe remembers: the first thing told, and again each time half the way is done.
const TELLINGS: usize = 4;
/// Waits shorter than this are not held against an estimate, in milliseconds: they are over
/// before anybody has read it.
const SHORTEST_MILLIS: u64 = 1_000;
/// Buckets of a tally; the last one takes everything beyond half a million.
const BUCKETS: usize = 256;

/// Counts of values in buckets that grow with them: right to a sixteenth.
#[derive(Debug, Clone)]
struct Tally {
    counts: [u32; BUCKETS],
    all: u64,
}

impl Tally {
    fn new() -> Tally {
        Tally { counts: [0; BUCKETS], all: 0 }
    }

    fn count(&mut self, value: u64) {
        let bucket = match value {
            0..32 => value as usize,
            _ => {
                let octave = value.ilog2();
                let part = (value >> (octave - 4)) & 15;
                32 + (octave as usize - 5) * 16 + part as usize
            }
        };
        let bucket = &mut self.counts[bucket.min(BUCKETS - 1)];
        *bucket = bucket.saturating_add(1);
        self.all += 1;
    }

    /// The value that this share of all counted stays at or under; nothing before any was counted.
    fn at(&self, percent: u64) -> Option<u64> {
        let wanted = (self.all * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let reached = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        });
        let value = |bucket: usize| match bucket {
            0..32 => bucket as u64,
            _ => (16 + (bucket as u64 - 32) % 16) << ((bucket - 32) / 16 + 1),
        };
        reached.filter(|_| self.all > 0).map(value)
    }
}

/// How often an outlook was told, and how often a purchase came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutlookTally {
    /// Times it was told and then judged.
    pub told: u64,
    /// Of them those who bought.
    pub bought: u64,
}

/// How right people were told, so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Honesty {
    /// Since when this is measured: the start of the process, or of the round.
    pub since: Option<Timestamp>,
    /// Estimates held against the real wait.
    pub estimates: u64,
    /// Half of them were wrong by no more than this, in thousandths of the wait.
    pub error_p50_permille: Option<u64>,
    /// Nine in ten were wrong by no more than this.
    pub error_p90_permille: Option<u64>,
    /// The Brier score of the outlook, in thousandths: 0 is perfect, 250 is what guessing gets.
    pub brier_permille: Option<u64>,
    /// By what was told: likely, possible, unlikely, no.
    pub outlooks: [OutlookTally; 4],
    /// Half of the people had the answer that turned out right, and stayed, after this time.
    pub right_after_p50_millis: Option<u64>,
    /// Nineteen in twenty had.
    pub right_after_p95_millis: Option<u64>,
    /// People whose last answer turned out wrong.
    pub never_right: u64,
}

#[derive(Debug, Clone, Copy)]
struct Telling {
    at: Timestamp,
    p50_millis: Option<u64>,
    outlook: Outlook,
}

#[derive(Debug, Clone)]
struct Probe {
    line: LineId,
    number: u64,
    tellings: Vec<Telling>,
    /// The watermark at which it is asked again.
    ask_at: u64,
    /// What was said last for or against a purchase, and since when.
    side: Option<bool>,
    side_since: Timestamp,
    has_turn: bool,
}

/// What becomes of a probe at a tick.
enum Fate {
    Waits,
    Bought,
    WithoutOne,
    /// Its person gave up or did not come: no judge of what they were told.
    NoJudge,
}

/// Holds what people are told against what comes of it.
#[derive(Debug, Clone)]
pub struct HonestyMeter {
    since: Option<Timestamp>,
    probes: Vec<Probe>,
    /// The newest number of each line that was considered.
    newest: Vec<u64>,
    considered: u64,
    errors: Tally,
    right_after: Tally,
    outlooks: [OutlookTally; 4],
    brier_sum: u64,
    judged: u64,
    never_right: u64,
}

impl Default for HonestyMeter {
    fn default() -> HonestyMeter {
        HonestyMeter {
            since: None,
            probes: Vec::with_capacity(PROBES),
            newest: Vec::new(),
            considered: 0,
            errors: Tally::new(),
            right_after: Tally::new(),
            outlooks: [OutlookTally::default(); 4],
            brier_sum: 0,
            judged: 0,
            never_right: 0,
        }
    }
}

impl HonestyMeter {
    /// A tick: the snapshot that everybody is about to read, and the places of each line.
    pub fn observe<'p>(&mut self, view: &RoundView, places: impl Fn(usize) -> &'p Places) {
        self.since.get_or_insert(view.at);
        self.newest.resize(view.lines.len(), 0);
        let mut probes = std::mem::take(&mut self.probes);
        probes.retain_mut(|probe| self.is_kept(probe, view, places(probe.line.index())));
        self.probes = probes;
        for index in 0..view.lines.len() {
            let line = LineId(u8::try_from(index).expect("a round has at most 16 windows"));
            let (watermark, last) = (view.lines[index].watermark, view.lines[index].last_number);
            if last > self.newest[index].max(watermark) {
                // Who has just come, from the first answer on.
                self.newest[index] = last;
                self.consider(line, last, view, places(index));
            }
            if last > watermark {
                let spread = watermark + 1 + self.scattered() % (last - watermark);
                self.consider(line, spread, view, places(index));
            }
        }
        assert!(self.probes.len() <= PROBES, "probes grow without bound");
    }

    /// How right people were told so far.
    #[must_use]
    pub fn honesty(&self) -> Honesty {
        Honesty {
            since: self.since,
            estimates: self.errors.all,
            error_p50_permille: self.errors.at(50),
            error_p90_permille: self.errors.at(90),
            brier_permille: (self.judged > 0).then(|| self.brier_sum / self.judged),
            outlooks: self.outlooks,
            right_after_p50_millis: self.right_after.at(50).map(|tenths| tenths * 100),
            right_after_p95_millis: self.right_after.at(95).map(|tenths| tenths * 100),
            never_right: self.never_right,
        }
    }

    /// A number that is the same in every run and looks like chance.
    fn scattered(&self) -> u64 {
        let mixed = (self.considered + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20
    }

    fn consider(&mut self, line: LineId, number: u64, view: &RoundView, places: &Places) {
        let state = view.place(line, number, places).state;
        let is_open = matches!(state, PlaceState::Lobby | PlaceState::Waiting);
        if !is_open || places.phase(number) != Phase::Waiting {
            return;
        }
        self.considered += 1;
        let slot = (self.probes.len() == PROBES).then(|| self.scattered() % self.considered);
        let probe = || {
            let mut probe = Probe {
                line,
                number,
                tellings: Vec::with_capacity(TELLINGS),
                ask_at: 0,
                side: None,
                side_since: view.at,
                has_turn: false,
            };
            probe.ask(view, places);
            probe
        };
        match slot {
            None => self.probes.push(probe()),
            Some(slot) if slot < PROBES as u64 => self.probes[slot as usize] = probe(),
            Some(_) => {}
        }
    }

    fn is_kept(&mut self, probe: &mut Probe, view: &RoundView, places: &Places) -> bool {
        let watermark = view.lines[probe.line.index()].watermark;
        if watermark >= probe.number && !probe.has_turn {
            probe.has_turn = true;
            for telling in &probe.tellings {
                let waited = u64::try_from(view.at.millis_since(telling.at)).unwrap_or(0);
                let Some(told) = telling.p50_millis.filter(|_| waited >= SHORTEST_MILLIS) else {
                    continue;
                };
                self.errors.count(told.abs_diff(waited).saturating_mul(1_000) / waited);
            }
        }
        match probe.fate(view, places) {
            Fate::Waits => {
                if !probe.has_turn {
                    probe.ask(view, places);
                }
                true
            }
            Fate::NoJudge => false,
            Fate::Bought => self.judge(probe, view.at, true),
            Fate::WithoutOne => {
                probe.hear(Outlook::No, view.at);
                self.judge(probe, view.at, false)
            }
        }
    }

    /// Holds what was told against what came of it; the probe is done with.
    fn judge(&mut self, probe: &Probe, now: Timestamp, has_bought: bool) -> bool {
        for telling in &probe.tellings {
            let expected: u64 = match telling.outlook {
                Outlook::Likely => 950,
                Outlook::Possible => 500,
                Outlook::Unlikely => 50,
                Outlook::No => 0,
            };
            let miss = expected.abs_diff(if has_bought { 1_000 } else { 0 });
            self.brier_sum += miss * miss / 1_000;
            self.judged += 1;
            let tally = &mut self.outlooks[telling.outlook as usize];
            tally.told += 1;
            tally.bought += u64::from(has_bought);
        }
        if probe.side == Some(has_bought) {
            let first = probe.tellings.first().map_or(now, |telling| telling.at);
            let after = probe.side_since.millis_since(first);
            self.right_after.count(u64::try_from(after).unwrap_or(0) / 100);
        } else {
            self.never_right += 1;
        }
        false
    }
}

impl Probe {
    /// Asks as its person would, and remembers the answer when half the way is done.
    fn ask(&mut self, view: &RoundView, places: &Places) {
        let place = view.place(self.line, self.number, places);
        self.hear(place.outlook, view.at);
        let watermark = view.lines[self.line.index()].watermark;
        if self.tellings.len() < TELLINGS && watermark >= self.ask_at {
            let wait = view.wait(self.line, self.number);
            let p50_millis = wait.map(|wait| wait.p50_millis);
            self.tellings.push(Telling { at: view.at, p50_millis, outlook: place.outlook });
            self.ask_at = watermark + (self.number.saturating_sub(watermark) / 2).max(1);
        }
    }

    fn hear(&mut self, outlook: Outlook, now: Timestamp) {
        let side = match outlook {
            Outlook::Likely => Some(true),
            Outlook::Possible => None,
            Outlook::Unlikely | Outlook::No => Some(false),
        };
        if side != self.side {
            (self.side, self.side_since) = (side, now);
        }
    }

    fn fate(&self, view: &RoundView, places: &Places) -> Fate {
        match places.phase(self.number) {
            Phase::Bought => return Fate::Bought,
            Phase::Left | Phase::Lapsed => return Fate::NoJudge,
            _ => {}
        }
        match view.place(self.line, self.number, places).state {
            PlaceState::SoldOut => Fate::WithoutOne,
            PlaceState::Closed => Fate::NoJudge,
            _ => Fate::Waits,
        }
    }
}

#[cfg(test)]
mod tests;
