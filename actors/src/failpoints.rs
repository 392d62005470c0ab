//! Test-only switches: panics on demand and guards that can be turned off, for negative controls.
//!
//! Without the feature `failpoints` nothing of this is in the program, and each guard is simply on.

use openrun_core::Rules;
use openrun_core::places::Places;

#[cfg(feature = "failpoints")]
mod switches {
    use openrun_core::Won;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    /// Makes an actor panic.
    #[derive(Debug, Clone, Copy)]
    pub struct Panic;

    /// Which actor is to panic.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Victim {
        /// The round.
        Round,
        /// One queue shard.
        Queue,
        /// The person's actor, if there is one.
        Person,
        /// The committer.
        Committer,
        /// The guardian.
        Guardian,
    }

    /// Turns the guard of personal limits off: each purchase is decided as if it were the first.
    pub static LIMITS_OFF: AtomicBool = AtomicBool::new(false);
    /// Gives numbers in each shard by itself, out of one order.
    pub static NUMBERS_IN_SHARDS: AtomicBool = AtomicBool::new(false);
    static SCRAMBLE: AtomicU64 = AtomicU64::new(0);

    /// The rules, or rules without limits.
    pub fn rules(mut rules: super::Rules) -> super::Rules {
        if LIMITS_OFF.load(Ordering::Relaxed) {
            rules.monthly_limit_won = Won::MAX_REQUEST;
            rules.holding_limit_won = Won::MAX_REQUEST;
        }
        rules
    }

    /// The next number of the line; with the switch on, numbers are swapped in pairs.
    pub fn take_number(places: &super::Places) -> Option<u64> {
        if !NUMBERS_IN_SHARDS.load(Ordering::Relaxed) {
            return places.take_number();
        }
        let set_aside = SCRAMBLE.swap(0, Ordering::Relaxed);
        if set_aside != 0 {
            return Some(set_aside);
        }
        SCRAMBLE.store(places.take_number()?, Ordering::Relaxed);
        places.take_number()
    }
}

#[cfg(feature = "failpoints")]
pub use switches::*;

/// The rules as they are.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn rules(rules: Rules) -> Rules {
    rules
}

/// The next number of the line.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn take_number(places: &Places) -> Option<u64> {
    places.take_number()
}

#[cfg(feature = "failpoints")]
impl crate::Engine {
    /// Makes one actor panic at its next message.
    pub fn panic_actor(
        &self,
        victim: Victim,
        round: &openrun_core::RoundId,
        person: openrun_core::PersonKey,
    ) {
        let of_round = || self.round(round).expect("a test names a round that is there");
        match victim {
            Victim::Round => of_round().0.round.tell(Panic),
            Victim::Queue => of_round().0.queue(person).tell(Panic),
            Victim::Person => {
                if let Some(living) = self.0.people.living(person) {
                    living.tell(Panic);
                }
            }
            Victim::Committer => self.0.journal.committer.tell(Panic),
            Victim::Guardian => self.0.tell_guardian(Panic),
        }
    }
}
