//! A reading of the metrics: the Prometheus text as numbers that can be asked for.
//!
//! Reads what this program writes itself, no more; a line that is not understood is left out.
//! Knows nothing of what the numbers mean.

use std::collections::{BTreeMap, BTreeSet};

/// Some labels of a series with their values. Of a histogram that lacks one of them, all series
/// are added up.
pub type Key = Vec<(&'static str, String)>;

/// The buckets of a histogram: upper bounds with how many lie at or under them.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Buckets(Vec<(f64, f64)>);

/// One line of the text.
#[derive(Debug)]
struct Series {
    labels: Vec<(String, String)>,
    value: f64,
}

/// All metrics of a moment, by name.
#[derive(Debug, Default)]
pub struct Reading {
    series: BTreeMap<String, Vec<Series>>,
    histograms: BTreeMap<(String, Vec<(String, String)>), Buckets>,
}

/// What the console asks for, with the labels that it tells apart.
const HISTOGRAMS: &[(&str, &[&str])] = &[
    ("openrun_http_request_seconds", &["method", "route"]),
    ("openrun_commit_seconds", &[]),
    ("openrun_rail_call_seconds", &[]),
    ("openrun_mailbox_wait_seconds", &["actor"]),
];

impl Series {
    fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

impl Reading {
    /// Reads the text of `/metrics`.
    #[must_use]
    pub fn of(text: &str) -> Reading {
        let mut reading = Reading::default();
        for line in text.lines().filter(|line| line.starts_with("openrun_")) {
            let Some((name, series)) = read(line) else { continue };
            match name.strip_suffix("_bucket") {
                Some(histogram) => reading.add_bucket(histogram, &series),
                None => reading.series.entry(name.to_owned()).or_default().push(series),
            }
        }
        reading
    }

    fn add_bucket(&mut self, name: &str, series: &Series) {
        let Some((_, told_apart)) = HISTOGRAMS.iter().find(|(known, _)| *known == name) else {
            return;
        };
        let bound = match series.label("le") {
            Some("+Inf") => Some(f64::INFINITY),
            Some(bound) => bound.parse().ok(),
            None => None,
        };
        let Some(bound) = bound else { return };
        let value = |label: &&str| series.label(label).unwrap_or_default().to_owned();
        let key = told_apart.iter().map(|label| ((*label).to_owned(), value(label))).collect();
        let buckets = self.histograms.entry((name.to_owned(), key)).or_default();
        buckets.add(bound, series.value);
    }

    /// The histogram under these labels.
    #[must_use]
    pub fn buckets(&self, metric: &str, key: &Key) -> Option<&Buckets> {
        let key = key.iter().map(|(label, value)| ((*label).to_owned(), value.clone())).collect();
        self.histograms.get(&(metric.to_owned(), key))
    }

    /// Under which labels a histogram has series.
    #[must_use]
    pub fn keys_of_buckets(&self, metric: &str, labels: &[&'static str]) -> BTreeSet<Key> {
        let of_metric = self.histograms.keys().filter(|(name, _)| name == metric);
        let key = |(_, found): &(String, Vec<(String, String)>)| {
            labels.iter().copied().zip(found.iter().map(|(_, value)| value.clone())).collect()
        };
        of_metric.map(key).collect()
    }

    /// The values of a metric by one of its labels, added up over the others.
    #[must_use]
    pub fn by_label(&self, metric: &str, label: &str) -> BTreeMap<String, f64> {
        let mut values = BTreeMap::new();
        for series in self.series.get(metric).into_iter().flatten() {
            if let Some(value) = series.label(label) {
                *values.entry(value.to_owned()).or_default() += series.value;
            }
        }
        values
    }

    /// All series of a metric, added up; 0 when there is none.
    #[must_use]
    pub fn sum(&self, metric: &str) -> f64 {
        let values = self.series.get(metric).into_iter().flatten().map(|series| series.value);
        // The sum of nothing is -0 in Rust, which a console would show.
        values.fold(0.0, |sum, value| sum + value)
    }

    /// The least of all series of a metric, if there is any.
    #[must_use]
    pub fn least(&self, metric: &str) -> Option<f64> {
        let all = self.series.get(metric)?.iter().map(|series| series.value);
        all.min_by(f64::total_cmp)
    }
}

impl Buckets {
    fn add(&mut self, bound: f64, value: f64) {
        match self.0.iter_mut().find(|(other, _)| other.total_cmp(&bound).is_eq()) {
            Some((_, sum)) => *sum += value,
            None => self.0.push((bound, value)),
        }
    }

    /// How many there are in all.
    #[must_use]
    pub fn count(&self) -> f64 {
        self.0.iter().map(|(_, count)| *count).fold(0.0, f64::max)
    }

    /// The value that `share` of those that came since `before` do not exceed, spread evenly within
    /// a bucket; beyond the last bound that bound. Nothing when none came.
    #[must_use]
    pub fn quantile_since(&self, before: &Buckets, share: f64) -> Option<f64> {
        let at = |buckets: &Buckets, bound: f64| {
            let found = buckets.0.iter().find(|(other, _)| other.total_cmp(&bound).is_eq());
            found.map_or(0.0, |(_, count)| *count)
        };
        let came = |bound: f64, count: f64| (count - at(before, bound)).max(0.0);
        let all = self.count() - before.count();
        if all <= 0.0 {
            return None;
        }
        let wanted = all * share;
        let (mut lower, mut under) = (0.0, 0.0);
        for (bound, count) in &self.0 {
            let here = came(*bound, *count);
            if here >= wanted {
                let inside = here - under;
                let part = if inside > 0.0 { (wanted - under) / inside } else { 1.0 };
                let is_last = bound.is_infinite();
                return Some(if is_last { lower } else { lower + (bound - lower) * part });
            }
            (lower, under) = (*bound, here);
        }
        Some(lower)
    }
}

/// `name{label="value",…} 1.5`, or without labels.
fn read(line: &str) -> Option<(&str, Series)> {
    let (head, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, labels)) = head.split_once('{') else {
        return Some((head, Series { labels: Vec::new(), value }));
    };
    let labels = read_labels(labels.strip_suffix('}')?)?;
    Some((name, Series { labels, value }))
}

fn read_labels(mut text: &str) -> Option<Vec<(String, String)>> {
    let mut labels = Vec::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"")?;
        let mut value = String::new();
        let mut characters = rest.char_indices();
        let end = loop {
            match characters.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(characters.next()?.1),
                (_, other) => value.push(other),
            }
        };
        labels.push((name.to_owned(), value));
        text = rest[end + 1..].trim_start_matches(',');
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
# HELP openrun_refusals_total Answers that said no.
openrun_refusals_total{code="sold-out"} 3
openrun_refusals_total{code="not-yet"} 2
openrun_rail_answers_total{call="authorise",answer="approved"} 5
openrun_rail_answers_total{call="inquire",answer="approved"} 1
openrun_store_up{stream="people"} 1
openrun_people_actors 7
openrun_http_request_seconds_bucket{route="/v1/{a}",method="GET",status="200",le="0.01"} 50
openrun_http_request_seconds_bucket{route="/v1/{a}",method="GET",status="200",le="0.1"} 100
openrun_http_request_seconds_bucket{route="/v1/{a}",method="GET",status="200",le="+Inf"} 100
openrun_http_request_seconds_bucket{route="/v1/{a}",method="GET",status="304",le="0.01"} 0
openrun_http_request_seconds_bucket{route="/v1/{a}",method="GET",status="304",le="0.1"} 100
openrun_http_request_seconds_bucket{route="/v1/{a}",method="GET",status="304",le="+Inf"} 100
openrun_log_lines_dropped_total{odd="a \"b\", c"} 4
process_cpu_seconds_total 9
nonsense"#;

    #[test]
    fn counters_are_added_up_by_one_label() {
        let reading = Reading::of(TEXT);
        let refusals = reading.by_label("openrun_refusals_total", "code");
        assert_eq!(refusals.get("sold-out"), Some(&3.0));
        let answers = reading.by_label("openrun_rail_answers_total", "answer");
        assert_eq!(answers, BTreeMap::from([("approved".to_owned(), 6.0)]));
        let odd = reading.by_label("openrun_log_lines_dropped_total", "odd");
        assert_eq!(odd.keys().collect::<Vec<_>>(), ["a \"b\", c"]);
        assert_eq!((reading.sum("openrun_people_actors"), reading.sum("nothing")), (7.0, 0.0));
        assert!(reading.sum("nothing").is_sign_positive(), "nobody is told -0");
        assert_eq!(reading.least("openrun_store_up"), Some(1.0));
        assert_eq!(reading.least("openrun_rail_up"), None);
    }

    #[test]
    fn percentiles_are_those_of_what_came_since() {
        let reading = Reading::of(TEXT);
        let key = vec![("method", "GET".to_owned()), ("route", "/v1/{a}".to_owned())];
        let keys = reading.keys_of_buckets("openrun_http_request_seconds", &["method", "route"]);
        assert_eq!(keys, BTreeSet::from([key.clone()]));
        let all = reading.buckets("openrun_http_request_seconds", &key).expect("it is there");
        assert_eq!(all.count(), 200.0);
        for (before, share, expected) in [
            (vec![], 0.25, Some(0.01)),
            (vec![], 0.125, Some(0.005)),
            (vec![], 0.5, Some(0.04)),
            (vec![(0.01, 50.0), (0.1, 100.0), (f64::INFINITY, 100.0)], 0.5, Some(0.055)),
            (vec![(0.01, 50.0), (0.1, 200.0), (f64::INFINITY, 200.0)], 0.5, None),
        ] {
            let quantile = all.quantile_since(&Buckets(before), share);
            let difference = quantile.zip(expected).map(|(a, b)| (a - b).abs());
            assert_eq!(quantile.is_some(), expected.is_some(), "{share}");
            assert!(difference.is_none_or(|it| it < 1e-9), "{share}: {quantile:?}");
        }
        let beyond = Buckets(vec![(0.1, 0.0), (f64::INFINITY, 5.0)]);
        assert_eq!(beyond.quantile_since(&Buckets::default(), 0.5), Some(0.1));
    }
}
