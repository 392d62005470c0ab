//! What each policy of the inlet says of itself, for operators: its room, whether it binds, and
//! why. Decides nothing.

use super::{Figures, Limiter, PERSON, RateFigures};

/// A policy as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Which.
    pub policy: Limiter,
    /// How many more people it would let in now.
    pub room: u64,
    /// Whether it is the one that holds the line.
    pub binds: bool,
    /// In a sentence.
    pub why: String,
}

impl Figures {
    /// Every policy that applies. `binding`: the one that held the line when it was looked at last.
    #[must_use]
    pub fn explain(&self, binding: Limiter) -> Vec<Policy> {
        let policy = |policy: Limiter| {
            let room = self.room(policy)? / PERSON;
            Some(Policy { policy, room, binds: policy == binding, why: self.why(policy) })
        };
        Limiter::ALL.into_iter().filter_map(policy).collect()
    }

    fn why(&self, policy: Limiter) -> String {
        let people = |milli: u64| milli.div_ceil(PERSON);
        match policy {
            Limiter::Shut if self.is_open => "shut by an operator".to_owned(),
            Limiter::Shut => "no window of this line sells now".to_owned(),
            Limiter::Manual => format!("by hand: {} people left of the steps", self.manual_left),
            Limiter::Rail => self.why_rail(),
            Limiter::Stock if self.stock.is_stand_by => format!(
                "stand-by: {} purchases came back, {} people may take them already",
                self.stock.purchases_left,
                people(self.stock.taken_milli)
            ),
            Limiter::Stock => format!(
                "what is left serves {} purchases, {} people may take them already",
                self.stock.purchases_left,
                people(self.stock.taken_milli)
            ),
            Limiter::Active => format!(
                "{} passes out, {} people expected to claim, room for {}, of {}",
                self.passes,
                people(self.due_milli),
                self.open,
                self.max_active
            ),
            Limiter::Adaptive => self.why_latency(),
            Limiter::Rate => self.why_rate(&self.rate),
            Limiter::Demand => format!(
                "{} numbers wanted: who waits, and room for the next second; {} came back",
                self.wanted, self.returned
            ),
        }
    }

    fn why_rate(&self, rate: &RateFigures) -> String {
        format!(
            "{} a second, {} unused, {} people expected to claim; of those let in now {} % come",
            thousandths(rate.per_1000_s),
            rate.left_milli.max(0) / 1_000,
            self.due_milli.div_ceil(PERSON),
            self.share / 10,
        )
    }

    fn why_latency(&self) -> String {
        let Some(latency) = &self.latency else { return String::new() };
        let p90 = latency.p90_ms.map_or("nothing".to_owned(), |p90| format!("{p90} ms"));
        format!(
            "nine in ten purchases take {p90} at most, {} ms are wanted, {} in 1000 fail; that \
             leaves {} a second",
            latency.target_ms,
            latency.errors,
            thousandths(latency.rate.per_1000_s),
        )
    }

    fn why_rail(&self) -> String {
        match &self.rail {
            None => String::new(),
            Some(rail) if rail.is_shut => {
                "the payment rail rests, has no room, or its money of the day is spent".to_owned()
            }
            Some(rail) => format!(
                "the payment rail takes {} a second, {} payments are too many, the day's money \
                 pays {} purchases",
                thousandths(rail.rate.per_1000_s),
                rail.backlog,
                rail.purchases_today
            ),
        }
    }
}

fn thousandths(count: u64) -> String {
    let text = format!("{}.{:03}", count / 1_000, count % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
