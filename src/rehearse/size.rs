//! How large a scenario is, for whoever asks whether a machine carries it.

use super::people::Cast;
use super::scenario::Scenario;
use anyhow::ensure;

/// The busiest second is looked for in spans of this, so that one second's chance does not make it.
const SPAN_MS: i64 = 10_000;

/// A sale in four figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Who come, a second phone not counted.
    pub people: u64,
    /// What is sold in all rounds together, in won.
    pub stock_won: u64,
    /// What one wants, in won.
    pub mean_purchase_won: u64,
    /// Arrivals in the busiest second, second phones included.
    pub joins_per_s: f64,
}

impl Size {
    /// The size of what `--scenario` names, all of it together.
    ///
    /// # Errors
    /// There is no such scenario, or nobody comes.
    pub fn of(names: &str) -> anyhow::Result<Size> {
        let mut arrivals = Vec::new();
        let (mut people, mut stock_won, mut wanted_won) = (0_u64, 0_u64, 0_u64);
        for scenario in Scenario::load_all(names)? {
            let windows = scenario.rounds.iter().flat_map(|round| &round.windows);
            stock_won += windows.map(|window| window.stock_won).sum::<u64>();
            let visits = Cast::new(&scenario, 1.0, 1).visits;
            let firsts = || visits.iter().filter(|visit| visit.phone == 0);
            people += firsts().count() as u64;
            wanted_won += firsts().map(|visit| visit.want_won).sum::<u64>();
            arrivals.extend(visits.iter().map(|visit| visit.arrives_at.as_millisecond()));
        }
        ensure!(people > 0, "nobody comes to {names}");
        Ok(Size {
            people,
            stock_won,
            mean_purchase_won: wanted_won / people,
            joins_per_s: busiest(arrivals) as f64 * 1e3 / SPAN_MS as f64,
        })
    }
}

/// The most of these moments, in milliseconds, that lie within one span.
fn busiest(mut moments: Vec<i64>) -> usize {
    moments.sort_unstable();
    let mut first = 0;
    let mut most = 0;
    for (place, moment) in moments.iter().enumerate() {
        while moment - moments[first] >= SPAN_MS {
            first += 1;
        }
        most = most.max(place + 1 - first);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_span_is_the_one_with_the_most_moments() {
        for (moments, most) in [
            (vec![], 0),
            (vec![5], 1),
            (vec![0, 9_999, 10_000], 2),
            (vec![30_000, 1, 2, 3, 10_002], 3),
        ] {
            assert_eq!(busiest(moments.clone()), most, "{moments:?}");
        }
    }

    #[test]
    fn the_first_sale_of_seoul_is_as_large_as_it_was() {
        let size = Size::of("seoul-2022-07-14").unwrap();
        assert_eq!((size.people, size.stock_won), (200_000, 25_000_000_000));
        assert!((380_000..=395_000).contains(&size.mean_purchase_won), "{size:?}");
        assert!(size.joins_per_s > 100.0 && size.joins_per_s < 20_000.0, "{size:?}");
        assert!(Size::of("no such sale").is_err());
    }
}
