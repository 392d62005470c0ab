//! The measured speed of a watermark: how many numbers a second, with its spread.
//!
//! Samples of the last minute, one a second. Figures are in thousandths of a number per second: no
//! floats.

use crate::Timestamp;
use std::collections::VecDeque;

/// How many one-second samples count: a minute, long enough to be steady and short enough to follow
/// a change.
const SAMPLES: usize = 60;
const SAMPLE_MILLIS: i64 = 1_000;

/// Speed in thousandths of a number per second at three quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Speed {
    /// One in ten seconds was slower.
    pub p10_milli: u64,
    /// Half of the seconds were slower.
    pub p50_milli: u64,
    /// Nine in ten seconds were slower.
    pub p90_milli: u64,
}

/// Collects how far a watermark came in each second.
#[derive(Debug, Clone, Default)]
pub struct SpeedMeter {
    last: Option<(Timestamp, u64)>,
    samples: VecDeque<u64>,
}

impl SpeedMeter {
    /// The watermark stands at `watermark` now. Closes a sample when a second has passed.
    pub fn observe(&mut self, now: Timestamp, watermark: u64) {
        let Some((since, from)) = self.last else {
            self.last = Some((now, watermark));
            return;
        };
        let millis = now.millis_since(since);
        if millis < SAMPLE_MILLIS {
            return;
        }
        let span = u64::try_from(millis).expect("at least a second");
        let milli = watermark.saturating_sub(from).saturating_mul(1_000_000) / span;
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(milli);
        self.last = Some((now, watermark));
        assert!(self.samples.len() <= SAMPLES);
    }

    /// The speed of the last minute; nothing before the first full second.
    #[must_use]
    pub fn speed(&self) -> Option<Speed> {
        if self.samples.is_empty() {
            return None;
        }
        let mut sorted: Vec<u64> = self.samples.iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| sorted[(sorted.len() - 1) * percent / 100];
        Some(Speed { p10_milli: at(10), p50_milli: at(50), p90_milli: at(90) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_the_last_minute_is_kept() {
        let mut meter = SpeedMeter::default();
        assert_eq!(meter.speed(), None);
        let mut watermark = 0;
        for second in 0..=100 {
            meter.observe(Timestamp(second * 1_000), watermark);
            watermark += if second < 50 { 1_000 } else { 10 };
        }
        let speed = meter.speed().expect("a hundred seconds were seen");
        assert_eq!(
            (speed.p10_milli, speed.p50_milli, speed.p90_milli),
            (10_000, 10_000, 1_000_000)
        );
    }
}
