//! The faults that a rail can be told to have, as text: `decline=5,drop_answer=1,latency=50`.
//!
//! Each is a share of calls in percent. Whether one strikes is decided by hashing seed, order,
//! kind of call and the number of the attempt: the same run meets the same faults, and a call that
//! is made again may fare better.

use openrun_core::Won;
use std::fmt;
use std::str::FromStr;

/// Kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Closed before anything is recorded.
    DropRequest,
    /// Recorded, then closed.
    DropAnswer,
    /// Recorded, then nonsense.
    Garble,
    /// Recorded, then a 500.
    FailAfter,
    /// Said to be approved, and not.
    ApproveUncaptured,
    /// Recorded, then answered late.
    Slow,
    /// A payment that waits while later calls about it overtake it.
    Reorder,
    /// A payment that is lost on the way and arrives late.
    LateApproval,
    /// Nothing is recorded; 503 or no answer.
    Brownout,
    /// A payment that is declined.
    Decline,
    /// A payment of which another amount is captured.
    WrongAmount,
    /// Nothing is recorded; another address is named.
    Redirect,
    /// News that is sent three times.
    WebhookRepeat,
    /// News that is sent before the answer.
    WebhookEarly,
    /// News that somebody else made up.
    WebhookForged,
}

/// Every mode, its name, and what it does, for `--help` and the table of shares.
const MODES: [(Mode, &str, &str); 15] = [
    (Mode::DropRequest, "drop_request", "closed before anything is recorded"),
    (Mode::DropAnswer, "drop_answer", "recorded, then closed without an answer"),
    (Mode::Garble, "garble", "recorded, then half, unsigned, foreign or huge JSON"),
    (Mode::FailAfter, "500_after", "recorded, then answered with a 500"),
    (Mode::ApproveUncaptured, "200_without_capture", "said to be approved, and not recorded"),
    (Mode::Slow, "slow", "recorded, then answered 1 to 10 s later"),
    (Mode::Reorder, "reorder", "a payment waits 1 to 4 s; a cancel overtakes it"),
    (Mode::LateApproval, "late_approval", "a payment is lost, and captured after late_s"),
    (Mode::Brownout, "brownout", "nothing recorded; 503 at once, or no answer for 10 s"),
    (Mode::Decline, "decline", "a payment is declined"),
    (Mode::WrongAmount, "wrong_amount", "a payment is captured with 1,000 won more"),
    (Mode::Redirect, "redirect", "nothing recorded; a redirect to another address"),
    (Mode::WebhookRepeat, "webhook_repeat", "news of the order is sent three times"),
    (Mode::WebhookEarly, "webhook_early", "news of the order is sent before the answer"),
    (Mode::WebhookForged, "webhook_forged", "news of the order with a wrong signature"),
];

/// A sensible mix of all: most payments are well, every fault is met within some hundreds.
const MIXED: &str = "decline=5,drop_request=1,drop_answer=1,garble=1,500_after=1,\
                     200_without_capture=0.5,slow=0.5,reorder=0.5,late_approval=0.5,latency=20";

/// Longest usual answer: a longer one is no rail but an outage, which is `brownout`.
const LATENCY_MS_MAX: u64 = 60_000;
/// Latest arrival of a lost payment: within a day, as settings of finality go.
const LATE_S_MAX: u64 = 86_400;

/// How much of each fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Modes {
    shares: [f64; MODES.len()],
    /// Half of all answers take at least this long.
    pub latency_ms: u64,
    /// When a lost payment arrives, at the earliest and the latest, in seconds.
    pub late_s: (f64, f64),
    /// Won captured in a day, at most; above it payments are declined. 0 for no limit.
    pub daily_limit: Won,
}

/// What is wrong with a text of modes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{part}\" is no mode; write none, mixed, NAME=PERCENT, latency=MS, late_s=FROM-TO or \
         daily_limit=WON, as \"decline=5,drop_answer=1,latency=50\""
)]
pub struct ModesFault {
    part: String,
}

impl Default for Modes {
    fn default() -> Modes {
        let (shares, daily_limit) = ([0.0; MODES.len()], Won::ZERO);
        Modes { shares, latency_ms: 0, late_s: (5.0, 40.0), daily_limit }
    }
}

impl Modes {
    /// The share of a fault, from 0 to 1.
    #[must_use]
    pub fn share(&self, mode: Mode) -> f64 {
        self.shares[mode as usize] / 100.0
    }

    /// Names and meanings, a line each.
    #[must_use]
    pub fn help() -> String {
        let line = |(_, name, what): &(Mode, &str, &str)| format!("  {name:<20} {what}\n");
        MODES.iter().map(line).collect()
    }

    fn set(&mut self, part: &str) -> Option<()> {
        match part.split_once('=') {
            None if part == "none" => *self = Modes::default(),
            None if part == "mixed" => *self = MIXED.parse().ok()?,
            Some(("latency", text)) => {
                self.latency_ms = text.parse().ok().filter(|ms| *ms <= LATENCY_MS_MAX)?;
            }
            Some(("late_s", text)) => {
                let (from, to) = text.split_once('-')?;
                let (from, to): (f64, f64) = (from.parse().ok()?, to.parse().ok()?);
                let fits = 0.0 <= from && from <= to && to <= LATE_S_MAX as f64;
                self.late_s = fits.then_some((from, to))?;
            }
            Some(("daily_limit", text)) => {
                let limit = Won(text.parse().ok()?);
                let fits = (Won::ZERO..=Won::MAX_REQUEST).contains(&limit);
                self.daily_limit = fits.then_some(limit)?;
            }
            Some((name, text)) => {
                let (mode, ..) = MODES.iter().find(|(_, known, _)| *known == name)?;
                let share: f64 = text.parse().ok()?;
                self.shares[*mode as usize] = (0.0..=100.0).contains(&share).then_some(share)?;
            }
            None => return None,
        }
        Some(())
    }
}

impl FromStr for Modes {
    type Err = ModesFault;

    /// Parts from left to right; `none` and `mixed` forget what stands before them.
    fn from_str(text: &str) -> Result<Modes, ModesFault> {
        let mut modes = Modes::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            modes.set(part).ok_or_else(|| ModesFault { part: part.to_owned() })?;
        }
        Ok(modes)
    }
}

impl fmt::Display for Modes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (mode, name, _) in MODES.iter().filter(|(mode, ..)| self.shares[*mode as usize] > 0.0) {
            write!(f, "{name}={},", self.shares[*mode as usize])?;
        }
        write!(f, "latency={},late_s={}-{}", self.latency_ms, self.late_s.0, self.late_s.1)?;
        if self.daily_limit > Won::ZERO {
            write!(f, ",daily_limit={}", self.daily_limit)?;
        }
        Ok(())
    }
}

/// Chance for one call: the same for the same seed, order, kind of call and attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance(u64);

impl Chance {
    pub fn of(seed: u64, order: u128, call: u64, attempt: u64) -> Chance {
        let words = [order as u64, (order >> 64) as u64, call, attempt];
        Chance(words.into_iter().fold(mix(seed), |state, word| mix(state ^ word)))
    }

    /// From 0 up to but not including 1, of its own for each question.
    pub fn unit(self, question: u64) -> f64 {
        (mix(self.0 ^ question.wrapping_mul(0xd6e8_feb8_6659_fd93)) >> 11) as f64
            / (1_u64 << 53) as f64
    }

    /// Whether a fault strikes.
    pub fn strikes(self, mode: Mode, modes: &Modes) -> bool {
        self.unit(mode as u64 + 1) < modes.share(mode)
    }

    /// From `low` to `high`.
    pub fn between(self, question: u64, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit(question)
    }
}

/// One step of SplitMix64, written out because a library may change its streams.
fn mix(word: u64) -> u64 {
    let mut bits = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn modes_are_read_as_they_are_written() {
        for (at, (mode, ..)) in MODES.iter().enumerate() {
            assert_eq!(*mode as usize, at, "the table is in the order of the enum");
        }
        for text in [
            "none",
            "mixed",
            "mixed,latency=50,decline=0",
            "decline=5,drop_answer=1,latency=50",
            "500_after=0.5,late_s=0.2-0.4,daily_limit=1000000",
        ] {
            let modes: Modes = text.parse().unwrap();
            assert_eq!(modes.to_string().parse::<Modes>().unwrap(), modes, "{text}");
        }
        let modes: Modes = "mixed,none,decline=5".parse().unwrap();
        assert_eq!(modes.to_string(), "decline=5,latency=0,late_s=5-40");
        assert_eq!("".parse::<Modes>().unwrap(), Modes::default());
        for text in [
            "fly",
            "decline",
            "decline=101",
            "decline=-1",
            "decline=NaN",
            "latency=x",
            "late_s=5",
            "late_s=9-3",
            "daily_limit=-1",
            "latency=60001",
        ] {
            assert!(text.parse::<Modes>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_strikes_as_often_as_it_says_and_always_the_same_calls() {
        let modes: Modes = "decline=5,garble=100".parse().unwrap();
        let strikes = |seed, mode| {
            let hit = |order: &u128| Chance::of(seed, *order, 1, 0).strikes(mode, &modes);
            (0..10_000_u128).filter(hit).collect::<Vec<_>>()
        };
        let declined = strikes(7, Mode::Decline);
        assert!((400..600).contains(&declined.len()), "{}", declined.len());
        assert_eq!(declined, strikes(7, Mode::Decline));
        assert_ne!(declined, strikes(8, Mode::Decline));
        assert_eq!(strikes(7, Mode::Garble).len(), 10_000);
        assert_eq!(strikes(7, Mode::Slow).len(), 0);
    }
}
