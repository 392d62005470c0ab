//! What the console shows of the whole house: all rounds in short, and what the process measures of
//! itself, read from the same registry as `/metrics`.
//!
//! Speeds and percentiles are those of the last ten seconds; they are null before there are two
//! readings, and percentiles while nothing happens.

use super::readings::{Buckets, Key, Reading};
use crate::http::time::Moment;
use crate::http::watermark::StockFigures;
use openrun_core::Timestamp;
use openrun_core::program::Name;
use openrun_core::round::LifeCycle;
use openrun_core::view::RoundView;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Arc;

/// Readings that are kept, a second apart: percentiles are those of the last ten seconds.
const READINGS_MAX: usize = 11;

/// The readings of the last seconds.
#[derive(Default)]
pub struct House {
    readings: VecDeque<(Timestamp, Reading)>,
}

/// All figures of a moment.
#[derive(Serialize)]
pub struct HouseFigures {
    at: Moment,
    /// Over how many seconds speeds and percentiles were taken.
    window_s: f64,
    rounds: Vec<RoundShort>,
    routes: Vec<Route>,
    refusals: Vec<Counted>,
    rail: Rail,
    store: StoreFigures,
    actors: Vec<Actor>,
}

#[derive(Serialize)]
struct RoundShort {
    id: String,
    program_id: String,
    name: Name,
    state: LifeCycle,
    opens_at: Option<Moment>,
    closes_at: Option<Moment>,
    #[serde(flatten)]
    stock: StockFigures,
    purchases: u64,
    waiting: u64,
    active: u64,
    /// Of all lines together, as the next one.
    watermark: u64,
    last_number: u64,
}

#[derive(Serialize)]
struct Route {
    method: String,
    route: String,
    per_s: Option<f64>,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

/// A counter, by the word that it counts.
#[derive(Serialize)]
struct Counted {
    name: String,
    total: f64,
    per_s: Option<f64>,
}

/// `is_up` is null when payments are made at once, by no rail.
#[derive(Serialize)]
struct Rail {
    is_up: Option<bool>,
    calls_in_flight: f64,
    holds_waiting: f64,
    asks_scheduled: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    answers: Vec<Counted>,
}

#[derive(Serialize)]
struct StoreFigures {
    is_up: bool,
    queue_events: f64,
    commits_per_s: Option<f64>,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    failures: f64,
}

#[derive(Serialize)]
struct Actor {
    actor: String,
    permits_in_use: f64,
    permits_bound: f64,
    refused: f64,
    rebuilds: f64,
    wait_p99_ms: Option<f64>,
}

impl House {
    /// Takes one more reading of the registry, and answers with what stands.
    pub fn look(&mut self, now: Timestamp, rounds: &[Arc<RoundView>], text: &str) -> HouseFigures {
        self.readings.push_back((now, Reading::of(text)));
        while self.readings.len() > READINGS_MAX {
            self.readings.pop_front();
        }
        let (newest, oldest) = (self.readings.back(), self.readings.front());
        let (Some((_, newest)), Some((since, oldest))) = (newest, oldest) else {
            unreachable!("one was just pushed");
        };
        #[allow(clippy::cast_precision_loss, reason = "a few seconds")]
        let window_s = now.millis_since(*since).max(0) as f64 / 1_000.0;
        let span = Span { newest, oldest, window_s };
        HouseFigures {
            at: Moment(now),
            window_s,
            rounds: rounds.iter().map(|view| RoundShort::of(view)).collect(),
            routes: span.routes(),
            refusals: span.counted("openrun_refusals_total", "code"),
            rail: span.rail(),
            store: span.store(),
            actors: span.actors(),
        }
    }
}

impl RoundShort {
    fn of(view: &RoundView) -> RoundShort {
        RoundShort {
            id: view.spec.id.to_string(),
            program_id: view.spec.program_id.to_string(),
            name: view.spec.name.clone(),
            state: view.state,
            opens_at: view.windows.iter().map(|window| Moment(window.opens_at)).min(),
            closes_at: view.windows.iter().map(|window| Moment(window.closes_at)).max(),
            stock: StockFigures::of_round(view),
            purchases: view.windows.iter().map(|window| window.purchases).sum(),
            waiting: view.waiting(),
            active: view.lines.iter().map(|line| line.active).sum(),
            watermark: view.lines.iter().map(|line| line.watermark).sum(),
            last_number: view.lines.iter().map(|line| line.last_number).sum(),
        }
    }
}

/// Two readings, and the time between them.
struct Span<'r> {
    newest: &'r Reading,
    oldest: &'r Reading,
    window_s: f64,
}

impl Span<'_> {
    fn per_s(&self, newest: f64, oldest: f64) -> Option<f64> {
        (self.window_s > 0.0).then(|| (newest - oldest).max(0.0) / self.window_s)
    }

    fn quantile_ms(&self, metric: &str, key: &Key, share: f64) -> Option<f64> {
        let newest = self.newest.buckets(metric, key)?;
        let nothing = Buckets::default();
        let oldest = self.oldest.buckets(metric, key).unwrap_or(&nothing);
        newest.quantile_since(oldest, share).map(|seconds| seconds * 1_000.0)
    }

    fn count_per_s(&self, metric: &str, key: &Key) -> Option<f64> {
        let count = |reading: &Reading| reading.buckets(metric, key).map_or(0.0, Buckets::count);
        self.per_s(count(self.newest), count(self.oldest))
    }

    fn routes(&self) -> Vec<Route> {
        const METRIC: &str = "openrun_http_request_seconds";
        let keys = self.newest.keys_of_buckets(METRIC, &["method", "route"]);
        let route = |key: Key| Route {
            per_s: self.count_per_s(METRIC, &key),
            p50_ms: self.quantile_ms(METRIC, &key, 0.5),
            p99_ms: self.quantile_ms(METRIC, &key, 0.99),
            method: key[0].1.clone(),
            route: key[1].1.clone(),
        };
        keys.into_iter().map(route).collect()
    }

    /// A counter by one of its labels; what never happened is left out.
    fn counted(&self, metric: &str, label: &str) -> Vec<Counted> {
        let newest = self.newest.by_label(metric, label);
        let oldest = self.oldest.by_label(metric, label);
        let happened = newest.into_iter().filter(|(_, total)| *total > 0.0);
        let counted = |(name, total): (String, f64)| {
            let before = oldest.get(&name).copied().unwrap_or(0.0);
            Counted { per_s: self.per_s(total, before), name, total }
        };
        happened.map(counted).collect()
    }

    fn rail(&self) -> Rail {
        const METRIC: &str = "openrun_rail_call_seconds";
        let all = Key::new();
        Rail {
            is_up: self.newest.least("openrun_rail_up").map(|least| least > 0.0),
            calls_in_flight: self.newest.sum("openrun_till_calls_in_flight"),
            holds_waiting: self.newest.sum("openrun_till_waiting"),
            asks_scheduled: self.newest.sum("openrun_till_asks_scheduled"),
            p50_ms: self.quantile_ms(METRIC, &all, 0.5),
            p99_ms: self.quantile_ms(METRIC, &all, 0.99),
            answers: self.counted("openrun_rail_answers_total", "answer"),
        }
    }

    fn store(&self) -> StoreFigures {
        const METRIC: &str = "openrun_commit_seconds";
        let all = Key::new();
        StoreFigures {
            is_up: self.newest.least("openrun_store_up").is_none_or(|least| least > 0.0),
            queue_events: self.newest.sum("openrun_committer_queue_events"),
            commits_per_s: self.count_per_s(METRIC, &all),
            p50_ms: self.quantile_ms(METRIC, &all, 0.5),
            p99_ms: self.quantile_ms(METRIC, &all, 0.99),
            failures: self.newest.sum("openrun_commit_failures_total"),
        }
    }

    fn actors(&self) -> Vec<Actor> {
        let by_actor = |metric: &str| self.newest.by_label(metric, "actor");
        let (in_use, refused) =
            (by_actor("openrun_permits_in_use"), by_actor("openrun_permits_refused_total"));
        let rebuilds = by_actor("openrun_actor_rebuilds_total");
        let bounds = by_actor("openrun_permits_bound");
        let of = |map: &std::collections::BTreeMap<String, f64>, actor: &str| {
            map.get(actor).copied().unwrap_or(0.0)
        };
        let actor = |actor: &String| {
            let key = vec![("actor", actor.clone())];
            Actor {
                permits_in_use: of(&in_use, actor),
                permits_bound: of(&bounds, actor),
                refused: of(&refused, actor),
                rebuilds: of(&rebuilds, actor),
                wait_p99_ms: self.quantile_ms("openrun_mailbox_wait_seconds", &key, 0.99),
                actor: actor.clone(),
            }
        };
        in_use.keys().map(actor).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "openrun_http_request_seconds_bucket{route=\"/a\",method=\"GET\",\
        status=\"200\",le=\"0.1\"} 10\nopenrun_http_request_seconds_bucket{route=\"/a\",\
        method=\"GET\",status=\"200\",le=\"+Inf\"} 10\n\
        openrun_refusals_total{code=\"sold-out\"} 5\nopenrun_refusals_total{code=\"forbidden\"} 0";
    const AFTER: &str = "openrun_http_request_seconds_bucket{route=\"/a\",method=\"GET\",\
        status=\"200\",le=\"0.1\"} 30\nopenrun_http_request_seconds_bucket{route=\"/a\",\
        method=\"GET\",status=\"200\",le=\"+Inf\"} 30\n\
        openrun_refusals_total{code=\"sold-out\"} 7\nopenrun_refusals_total{code=\"forbidden\"} 0\n\
        openrun_store_up{stream=\"people\"} 1\nopenrun_store_up{stream=\"program:a\"} 0\n\
        openrun_permits_in_use{actor=\"queue\"} 3\nopenrun_permits_bound{actor=\"queue\"} 4096";

    #[test]
    fn speeds_and_percentiles_are_those_between_two_readings() {
        let mut house = House::default();
        let first = house.look(Timestamp(0), &[], BEFORE);
        assert_eq!((first.window_s, first.routes[0].per_s), (0.0, None));
        let then = house.look(Timestamp(2_000), &[], AFTER);
        let route = &then.routes[0];
        assert_eq!((route.method.as_str(), route.route.as_str()), ("GET", "/a"));
        assert_eq!((route.per_s, route.p50_ms), (Some(10.0), Some(50.0)));
        assert_eq!(then.refusals.len(), 1, "what never happened is left out");
        assert_eq!((then.refusals[0].total, then.refusals[0].per_s), (7.0, Some(1.0)));
        assert!(!then.store.is_up, "one stream that is away is enough");
        assert_eq!(then.rail.is_up, None, "there is no rail");
        let queue = &then.actors[0];
        assert_eq!((queue.actor.as_str(), queue.permits_in_use), ("queue", 3.0));
        assert_eq!((queue.permits_bound, queue.wait_p99_ms), (4_096.0, None));
    }

    #[test]
    fn only_the_last_seconds_are_kept() {
        let mut house = House::default();
        for second in 0..60 {
            let figures = house.look(Timestamp(second * 1_000), &[], AFTER);
            assert!(figures.window_s <= 10.0, "{}", figures.window_s);
        }
        assert_eq!(house.readings.len(), READINGS_MAX);
    }
}
