//! Test-only switches: panics on demand and guards that can be turned off, for negative controls.
//!
//! A test in the same process turns a switch; every process reads `OPENRUN_FAILPOINTS`: words with
//! commas between. Without the feature `failpoints` nothing of this is in the program,
//! and each guard is simply on.

use openrun_core::Rules;
use openrun_core::places::Places;
use openrun_core::round_spec::LineId;
#[cfg(not(feature = "failpoints"))]
use std::sync::Arc;

#[cfg(feature = "failpoints")]
mod switches {
    use crate::committer::Completion;
    use openrun_core::Won;
    use openrun_core::payment::RailAnswer;
    use std::collections::{HashMap, HashSet};
    use std::ops::Range;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, LazyLock};
    use std::time::Duration;

    /// Names the guards that are off in a process of its own.
    const VARIABLE: &str = "OPENRUN_FAILPOINTS";
    /// How long a store takes whose committer has answered already: long enough for a kill to fall
    /// between the two.
    const SLOW_STORE: Duration = Duration::from_millis(50);

    /// What a commit takes in a slow store, in turn.
    const SLOWER: [Duration; 4] = [
        Duration::from_millis(5),
        Duration::from_millis(120),
        Duration::from_millis(30),
        Duration::from_millis(250),
    ];
    static COMMITS: AtomicUsize = AtomicUsize::new(0);

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
        /// The committer of the round's program.
        Committer,
        /// The till.
        Till,
        /// The guardian.
        Guardian,
        /// The one who calls the rail to give money back.
        Paybacks,
    }

    /// Turns the guard of personal limits off: each purchase is decided as if it were the first.
    pub static LIMITS_OFF: AtomicBool = AtomicBool::new(false);
    /// Each shard gives numbers of its own, from blocks that it takes from the line.
    pub static NUMBERS_IN_SHARDS: AtomicBool = AtomicBool::new(false);
    /// Answers before the store has, which then takes its time: `reply-before-commit`.
    pub static REPLY_BEFORE_COMMIT: AtomicBool = AtomicBool::new(false);
    /// Takes a missing answer of the rail for a no: `release-on-time-out`.
    pub static RELEASE_ON_TIME_OUT: AtomicBool = AtomicBool::new(false);
    /// Most events that may wait for a committer; 0 for as many as in production.
    pub static QUEUE_EVENTS_MAX: AtomicUsize = AtomicUsize::new(0);
    /// Callers that may wait for a stream that is begun from now on; 0 for as many as in
    /// production.
    pub static STREAM_CALLERS_MAX: AtomicUsize = AtomicUsize::new(0);
    /// Events that may wait for a committer before nobody new joins; 0 for as many as in
    /// production.
    pub static CROWDED_EVENTS_MAX: AtomicUsize = AtomicUsize::new(0);
    /// Takes this process for alone with its store, whoever else has written to it.
    pub static RIVALS_OVERLOOKED: AtomicBool = AtomicBool::new(false);
    /// A thread that is asked for a turn stands still for good: `stand-still`.
    pub static STAND_STILL: AtomicBool = AtomicBool::new(false);
    static NAMED: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let words = std::env::var(VARIABLE).unwrap_or_default();
        words.split(',').map(str::to_owned).collect()
    });

    fn is_on(switch: &AtomicBool, word: &str) -> bool {
        switch.load(Ordering::Relaxed) || NAMED.contains(word)
    }

    /// What is to be answered after the commit; with the switch on it is answered before.
    pub(crate) fn answer_early(completions: Vec<Completion>) -> Vec<Completion> {
        if !is_on(&REPLY_BEFORE_COMMIT, "reply-before-commit") {
            return completions;
        }
        completions.into_iter().for_each(|done| done(Ok(())));
        Vec::new()
    }

    /// Before a commit; with the switch on, a store that is slow. With `slow-store` each commit
    /// takes another while, and a test that looks before it is written soon fails.
    pub(crate) async fn before_commit() {
        if is_on(&REPLY_BEFORE_COMMIT, "reply-before-commit") {
            tokio::time::sleep(SLOW_STORE).await;
        }
        if NAMED.contains("slow-store") {
            let turn = COMMITS.fetch_add(1, Ordering::Relaxed) % SLOWER.len();
            tokio::time::sleep(SLOWER.get(turn).copied().unwrap_or(SLOW_STORE)).await;
        }
    }

    /// Whether another server has owned a stream in between; with the switch on, none ever has.
    pub(crate) fn was_rivalled(was_rivalled: bool) -> bool {
        was_rivalled && learns_buyers()
    }

    /// Whether who reads a round learns who bought in it: another server may have sold to them.
    pub(crate) fn learns_buyers() -> bool {
        !RIVALS_OVERLOOKED.load(Ordering::Relaxed)
    }

    /// Before a thread of actors takes the turn that it was asked for; with the switch on, never.
    pub(crate) fn before_turn() {
        while is_on(&STAND_STILL, "stand-still") {
            std::thread::park();
        }
    }

    /// What the rail said; with the switch on, silence is a no.
    pub(crate) fn heard(answer: RailAnswer) -> RailAnswer {
        let is_silence = answer == RailAnswer::Unknown;
        let is_off = is_silence && is_on(&RELEASE_ON_TIME_OUT, "release-on-time-out");
        if is_off { RailAnswer::Declined } else { answer }
    }

    /// Before the rail is asked to give money back, which is durable; with the switch on the
    /// process ends here: `end-after-payback-sent`.
    pub(crate) fn after_payback_sent() {
        end_now("end-after-payback-sent");
    }

    /// Before it is written that the rail gave money back; with the switch on the process ends
    /// here: `end-after-payback-heard`.
    pub(crate) fn after_payback_heard() {
        end_now("end-after-payback-heard");
    }

    fn end_now(word: &str) {
        if NAMED.contains(word) {
            std::process::abort();
        }
    }

    /// Most events that may wait for a committer.
    pub fn queue_events(usual: usize) -> usize {
        unless_set(&QUEUE_EVENTS_MAX, usual)
    }

    /// Most callers that may wait for a stream.
    pub fn stream_callers(usual: usize) -> usize {
        unless_set(&STREAM_CALLERS_MAX, usual)
    }

    /// Most events that may wait before nobody new joins.
    pub fn crowded_events(usual: usize) -> usize {
        unless_set(&CROWDED_EVENTS_MAX, usual)
    }

    fn unless_set(switch: &AtomicUsize, usual: usize) -> usize {
        match switch.load(Ordering::Relaxed) {
            0 => usual,
            set => set,
        }
    }

    /// The rules, or rules without limits.
    pub fn rules(mut rules: Arc<super::Rules>) -> Arc<super::Rules> {
        if LIMITS_OFF.load(Ordering::Relaxed) {
            let rules = Arc::make_mut(&mut rules);
            rules.monthly_limit_won = Won::MAX_REQUEST;
            rules.holding_limit_won = Won::MAX_REQUEST;
        }
        rules
    }

    /// Numbers of a block of a shard.
    const BLOCK: usize = 16;

    /// What a shard has taken from each line and not given: nothing, but with the switch on.
    #[derive(Debug, Default)]
    pub struct OwnNumbers(HashMap<super::LineId, Range<u64>>);

    impl OwnNumbers {
        /// The next number of the line; with the switch on, that of the shard's own block.
        pub fn take(&mut self, line: super::LineId, places: &super::Places) -> Option<u64> {
            if !NUMBERS_IN_SHARDS.load(Ordering::Relaxed) {
                return places.take_number();
            }
            let block = self.0.entry(line).or_default();
            if block.is_empty() {
                // One shard takes at a time: all of a round live on one thread.
                let taken: Vec<u64> = (0..BLOCK).map_while(|_| places.take_number()).collect();
                *block = *taken.first()?..taken.last()? + 1;
            }
            block.next()
        }
    }
}

#[cfg(feature = "failpoints")]
pub use switches::*;

/// As it is.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn was_rivalled(was_rivalled: bool) -> bool {
    was_rivalled
}

/// Always.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn learns_buyers() -> bool {
    true
}

/// As many as in production.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn queue_events(usual: usize) -> usize {
    usual
}

/// As many as in production.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn stream_callers(usual: usize) -> usize {
    usual
}

/// As many as in production.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn crowded_events(usual: usize) -> usize {
    usual
}

/// The rules as they are.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn rules(rules: Arc<Rules>) -> Arc<Rules> {
    rules
}

/// What a shard has of its own: nothing, for the line has one sequence.
#[cfg(not(feature = "failpoints"))]
#[derive(Debug, Default)]
pub(crate) struct OwnNumbers;

#[cfg(not(feature = "failpoints"))]
impl OwnNumbers {
    /// The next number of the line.
    pub(crate) fn take(&mut self, _: LineId, places: &Places) -> Option<u64> {
        places.take_number()
    }
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
            Victim::Committer => of_round().0.journal.committer.tell(Panic),
            Victim::Till => self.0.till.iter().for_each(|till| till.handle.tell(Panic)),
            Victim::Guardian => self.0.tell_guardian(Panic),
            Victim::Paybacks => self.0.paybacks.get().into_iter().for_each(|it| it.tell(Panic)),
        }
    }
}
