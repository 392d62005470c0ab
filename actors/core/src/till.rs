//! When a payment rail is called, and for what: how many calls at once, how many payments a second
//! and won a day, what waits, what is asked again and when, and whether the rail is given a rest.
//!
//! Decides nothing about stock or money: what an answer means is [`crate::payment`]'s. Knows ids,
//! prices and times only.

use crate::money::Won;
use crate::{PurchaseId, Timestamp};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// Answers missing in a row that make the till give the rail a rest: more than chance brings about
/// at one lost answer in ten, few enough that a dead rail is noticed within a call's time-out.
const MISSING_TRIPS: u32 = 10;
/// The first rest; it doubles while the rail stays silent.
const REST_MILLIS: i64 = 500;
/// The longest rest, and the longest pause before a payment is asked about again: a rail that is
/// back is noticed within this time.
const PAUSE_MAX_MILLIS: i64 = 10_000;
/// Payments that may wait to be sent: beyond it purchases are refused before they hold anything.
const WAITING_MAX: usize = 20_000;
/// A day in Seoul begins this long before it does in Greenwich.
const SEOUL_MILLIS: i64 = 9 * 3_600_000;
const DAY_MILLIS: i64 = 86_400_000;

/// What the rail allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TillTerms {
    /// Calls at once.
    pub concurrency: usize,
    /// Payments begun in a second.
    pub rate_per_s: u32,
    /// Won begun in a day of Seoul.
    pub daily_limit: Won,
    /// How long a hold may wait to be sent.
    pub hold_ttl_millis: i64,
    /// The first pause before a payment is asked about again; it doubles.
    pub ask_again_millis: i64,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Send this payment.
    Send(PurchaseId),
    /// Find out what became of it.
    Ask(PurchaseId),
    /// It has waited too long to be sent: void it.
    Expire(PurchaseId),
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    id: PurchaseId,
    price: Won,
    since: Timestamp,
}

/// The till of one rail.
#[derive(Debug)]
pub struct Till {
    terms: TillTerms,
    waiting: VecDeque<Waiting>,
    waits: HashSet<PurchaseId>,
    /// When to ask about which.
    asks: BTreeSet<(Timestamp, PurchaseId)>,
    due: HashMap<PurchaseId, Timestamp>,
    in_flight: HashMap<PurchaseId, u32>,
    attempts: HashMap<PurchaseId, u32>,
    /// Thousandths of a payment that may be begun.
    tokens: i64,
    filled_at: Option<Timestamp>,
    day: i64,
    begun_today: Won,
    missing: u32,
    rests: u32,
    rest_until: Option<Timestamp>,
}

/// The day of Seoul that a moment lies in.
#[must_use]
pub fn day_of(now: Timestamp) -> i64 {
    (now.0 + SEOUL_MILLIS).div_euclid(DAY_MILLIS)
}

impl Till {
    /// An empty till.
    #[must_use]
    pub fn new(terms: TillTerms) -> Till {
        Till {
            terms,
            waiting: VecDeque::new(),
            waits: HashSet::new(),
            asks: BTreeSet::new(),
            due: HashMap::new(),
            in_flight: HashMap::new(),
            attempts: HashMap::new(),
            tokens: 0,
            filled_at: None,
            day: i64::MIN,
            begun_today: Won::ZERO,
            missing: 0,
            rests: 0,
            rest_until: None,
        }
    }

    /// A hold that waits to be sent, since then. One that is known already changes nothing.
    pub fn offer(&mut self, since: Timestamp, id: PurchaseId, price: Won) {
        if self.knows(id) {
            return;
        }
        self.waits.insert(id);
        let later = self.waiting.iter().rev().take_while(|held| held.since > since).count();
        let place = self.waiting.len() - later;
        self.waiting.insert(place, Waiting { id, price, since });
    }

    /// What was to be sent or to expire could not be: it waits as before.
    pub fn put_back(&mut self, work: Work, since: Timestamp, price: Won) {
        let (Work::Send(id) | Work::Ask(id) | Work::Expire(id)) = work;
        self.in_flight.remove(&id);
        if matches!(work, Work::Send(_)) {
            self.begun_today = self.begun_today.minus(price).or_zero();
        }
        self.offer(since, id, price);
    }

    /// A payment that was sent: find out what became of it. At once when `now` is its due time.
    pub fn ask_at(&mut self, due: Timestamp, id: PurchaseId) {
        if self.in_flight.contains_key(&id) || self.waits.contains(&id) {
            return;
        }
        if let Some(former) = self.due.insert(id, due) {
            self.asks.remove(&(former, id));
        }
        self.asks.insert((due, id));
    }

    /// Whether this payment is waiting, scheduled or being called about.
    #[must_use]
    pub fn knows(&self, id: PurchaseId) -> bool {
        self.due.contains_key(&id) || self.in_flight.contains_key(&id) || self.waits.contains(&id)
    }

    /// Won begun today before this till was there.
    pub fn count_begun(&mut self, now: Timestamp, begun: Won) {
        self.turn_day(now);
        self.begun_today = self.begun_today.plus(begun);
    }

    /// The next thing to be done, if any. Its payment counts as in flight until [`Till::ended`] or
    /// [`Till::again`].
    pub fn next(&mut self, now: Timestamp) -> Option<Work> {
        self.fill(now);
        self.turn_day(now);
        if let Some(expired) = self.take_expired(now) {
            return Some(Work::Expire(expired));
        }
        if self.in_flight.len() >= self.calls_now(now) {
            return None;
        }
        if let Some(&(due, id)) = self.asks.first().filter(|(due, _)| *due <= now) {
            self.asks.remove(&(due, id));
            self.due.remove(&id);
            self.start(id);
            return Some(Work::Ask(id));
        }
        let first = *self.waiting.front()?;
        if self.tokens < 1_000 || !self.fits_today(first.price) {
            return None;
        }
        self.waiting.pop_front();
        self.tokens -= 1_000;
        self.begun_today = self.begun_today.plus(first.price);
        self.start(first.id);
        Some(Work::Send(first.id))
    }

    fn start(&mut self, id: PurchaseId) {
        self.waits.remove(&id);
        let attempt = self.attempts.remove(&id).unwrap_or(0);
        let former = self.in_flight.insert(id, attempt);
        assert!(former.is_none(), "OR-7: two calls for one payment at once");
    }

    /// Nothing more is to be done for this payment.
    pub fn ended(&mut self, id: PurchaseId) {
        self.in_flight.remove(&id);
    }

    /// The payment must be asked about again: after a pause that doubles each time.
    pub fn again(&mut self, now: Timestamp, id: PurchaseId) {
        let attempt = self.in_flight.remove(&id).unwrap_or(0);
        self.attempts.insert(id, attempt.saturating_add(1));
        let pause = self.terms.ask_again_millis.saturating_mul(1 << attempt.min(20));
        self.ask_at(now.plus_millis(pause.clamp(1, PAUSE_MAX_MILLIS)), id);
    }

    /// The rail answered something that can be read, or it did not.
    pub fn heard(&mut self, now: Timestamp, is_answer: bool) {
        if is_answer {
            (self.missing, self.rests, self.rest_until) = (0, 0, None);
            return;
        }
        self.missing = self.missing.saturating_add(1);
        let is_probe = self.rests > 0 && self.rest_until.is_none_or(|until| until <= now);
        if self.missing >= MISSING_TRIPS && (self.rests == 0 || is_probe) {
            let rest = REST_MILLIS.saturating_mul(1 << self.rests.min(20)).min(PAUSE_MAX_MILLIS);
            self.rests = self.rests.saturating_add(1);
            self.rest_until = Some(now.plus_millis(rest));
        }
    }

    /// Whether the rail is given a rest, or is only probed.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        self.rests > 0
    }

    /// Whether nobody new should begin to pay: the rail rests, too many wait, or the day's money is
    /// spent. After a rest newcomers are the probes where there is nothing else to ask about, and
    /// in any case once nothing was heard for the longest pause.
    #[must_use]
    pub fn is_shut(&self, now: Timestamp) -> bool {
        let has_probe =
            !(self.asks.is_empty() && self.in_flight.is_empty() && self.waits.is_empty());
        let longer = if has_probe { PAUSE_MAX_MILLIS } else { 0 };
        let is_resting = self.rest_until.is_some_and(|until| now < until.plus_millis(longer));
        is_resting || self.waiting.len() >= self.waiting_max() || self.is_day_spent()
    }

    /// Payments that may begin in a second.
    #[must_use]
    pub fn rate_per_s(&self) -> u32 {
        self.terms.rate_per_s
    }

    /// Money that may still begin today.
    #[must_use]
    pub fn left_today(&self, now: Timestamp) -> Won {
        let begun = if day_of(now) == self.day { self.begun_today } else { Won::ZERO };
        Won(self.terms.daily_limit.0.saturating_sub(begun.0)).or_zero()
    }

    /// How many wait to be sent, and how many calls are under way.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        (self.waiting.len(), self.in_flight.len())
    }

    /// How many are to be asked about later.
    #[must_use]
    pub fn scheduled(&self) -> usize {
        self.asks.len()
    }

    /// What can be sent in half of the time that a hold may wait: nobody is let in to expire.
    fn waiting_max(&self) -> usize {
        let in_half = i64::from(self.terms.rate_per_s).saturating_mul(self.terms.hold_ttl_millis);
        usize::try_from(in_half / 2_000).unwrap_or(1).clamp(1, WAITING_MAX)
    }

    fn is_day_spent(&self) -> bool {
        self.waiting.front().is_some_and(|first| !self.fits_today(first.price))
            || self.begun_today >= self.terms.daily_limit
    }

    fn fits_today(&self, price: Won) -> bool {
        self.begun_today.plus(price) <= self.terms.daily_limit
    }

    /// During a rest nothing is called; after it one call at a time finds out whether the rail is
    /// back.
    fn calls_now(&self, now: Timestamp) -> usize {
        match (self.rests, self.rest_until) {
            (0, _) => self.terms.concurrency,
            (_, Some(until)) if now < until => 0,
            _ => 1,
        }
    }

    fn take_expired(&mut self, now: Timestamp) -> Option<PurchaseId> {
        let first = self.waiting.front()?;
        if now.millis_since(first.since) < self.terms.hold_ttl_millis {
            return None;
        }
        let id = self.waiting.pop_front()?.id;
        self.start(id);
        Some(id)
    }

    /// A second's worth of payments at most is saved up.
    fn fill(&mut self, now: Timestamp) {
        let rate = i64::from(self.terms.rate_per_s);
        let elapsed = self.filled_at.map_or(1_000, |before| now.millis_since(before).max(0));
        self.filled_at = Some(now);
        let most = rate.saturating_mul(1_000).max(1_000);
        self.tokens = self.tokens.saturating_add(rate.saturating_mul(elapsed)).min(most);
    }

    fn turn_day(&mut self, now: Timestamp) {
        let today = day_of(now);
        if today != self.day {
            self.day = today;
            self.begun_today = Won::ZERO;
        }
    }
}

#[cfg(test)]
mod tests;
