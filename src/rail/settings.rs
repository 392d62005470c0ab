//! What can be set about a rail, and what is refused before anything is called.
//!
//! No text here repeats the address of a rail: somebody may have written a password into it.

use crate::trust::KeysError;
use openrun_actors::rail::RailTerms;
use openrun_core::Won;
use reqwest::Url;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// Most calls in flight: each is a connection, and no bank gives one customer more.
const CONCURRENCY: RangeInclusive<usize> = 1..=4_096;
/// Most payments begun in a second: far above any rail; a larger figure is a slip.
const RATE_PER_S: RangeInclusive<u32> = 1..=1_000_000;
/// A deadline shorter than 10 ms fails on loopback, one longer than a minute holds people up.
const TIMEOUT_MS: RangeInclusive<u64> = 10..=60_000;
/// Up to a day: the longest known life of an approval key.
const FINALITY_S: RangeInclusive<u64> = 1..=86_400;
/// Up to an hour: stock that is held longer is sold to nobody.
const HOLD_TTL_S: RangeInclusive<u64> = 1..=3_600;
/// The first pause before a rail is asked again. Most lost answers are of calls that succeeded, so
/// the second question should come while the person still waits (5 s); a rail that is merely slow
/// answers within its usual time and is not asked twice.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// Everything that can be set about a rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailSettings {
    /// Which: `instant`, `http:URL` or `toss:URL`.
    pub rail: String,
    /// The file of the secret shared with it.
    pub key_file: PathBuf,
    /// Calls in flight at once, at most.
    pub concurrency: usize,
    /// Payments begun in a second, at most.
    pub rate_per_s: u32,
    /// Won begun in a day, at most; 0 for no limit.
    pub daily_limit: Won,
    /// How long one call may take.
    pub timeout_ms: u64,
    /// How long after it was sent an order may be approved that the rail does not know yet.
    pub finality_s: u64,
    /// How long a hold may wait to be sent.
    pub hold_ttl_s: u64,
    /// Whether an approval is believed only once an inquiry says the same.
    pub confirm: bool,
    /// Whether plain HTTP is allowed to other machines.
    pub dev: bool,
}

/// Why a rail cannot be used. One line each, with the cure.
#[derive(Debug, thiserror::Error)]
pub enum RailFault {
    /// No kind of rail has this form.
    #[error("rail is \"instant\", \"http:URL\" or \"toss:URL\", as \"http:https://rail.example\"")]
    UnknownKind,
    /// What follows the kind is no address of a rail.
    #[error("rail: after \"{kind}:\" comes a URL of scheme, host and port only, without {surplus}")]
    BadUrl {
        /// Which kind.
        kind: &'static str,
        /// What is wrong in it.
        surplus: &'static str,
    },
    /// Payments would cross a network in the clear.
    #[error("rail: plain http:// is for this machine only; use https://, or --dev to try things")]
    Insecure,
    /// A figure that makes no sense.
    #[error("{name} is {bounds}")]
    OutOfBounds {
        /// The setting.
        name: &'static str,
        /// What it should be.
        bounds: &'static str,
    },
    /// The secret is missing or unsafe.
    #[error("rail_key_file: {0}")]
    Key(#[from] KeysError),
    /// The HTTP client cannot be made.
    #[error("rail: no HTTP client ({0}); are root certificates installed on this machine?")]
    Client(String),
}

/// A kind of rail, with its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Answers at once; nobody is called.
    Instant,
    /// The JSON contract of `docs/rail.md`.
    Http(Url),
    /// In the style of Toss Payments.
    Toss(Url),
}

impl Default for RailSettings {
    fn default() -> RailSettings {
        RailSettings {
            rail: "instant".to_owned(),
            key_file: PathBuf::from("rail.key"),
            concurrency: 64,
            rate_per_s: 1_000,
            daily_limit: Won::ZERO,
            timeout_ms: 3_000,
            finality_s: 60,
            hold_ttl_s: 30,
            confirm: true,
            dev: false,
        }
    }
}

impl RailSettings {
    /// Whether a rail can be called with these, as far as they can tell by themselves.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), RailFault> {
        let bounds: [(&str, bool, &str); 6] = [
            ("rail_concurrency", CONCURRENCY.contains(&self.concurrency), "1 to 4096"),
            ("rail_rate_per_s", RATE_PER_S.contains(&self.rate_per_s), "1 to 1000000"),
            (
                "rail_daily_limit_won",
                (Won::ZERO..=Won::MAX_REQUEST).contains(&self.daily_limit),
                "0 (no limit) to 1000000000000000 won",
            ),
            ("rail_timeout_ms", TIMEOUT_MS.contains(&self.timeout_ms), "10 to 60000 milliseconds"),
            (
                "rail_finality_s",
                // A call that is still under way must not outlive what is called final.
                FINALITY_S.contains(&self.finality_s) && self.finality_s * 1_000 >= self.timeout_ms,
                "1 to 86400 seconds, and no shorter than rail_timeout_ms",
            ),
            ("rail_hold_ttl_s", HOLD_TTL_S.contains(&self.hold_ttl_s), "1 to 3600 seconds"),
        ];
        if let Some((name, _, bounds)) = bounds.into_iter().find(|(_, fits, _)| !fits) {
            return Err(RailFault::OutOfBounds { name, bounds });
        }
        self.kind().map(drop)
    }

    /// What a rail allows and promises, by these settings.
    #[must_use]
    pub fn terms(&self) -> RailTerms {
        let no_limit = self.daily_limit == Won::ZERO;
        RailTerms {
            concurrency: self.concurrency,
            rate_per_s: self.rate_per_s,
            daily_limit: if no_limit { Won::MAX_REQUEST } else { self.daily_limit },
            finality: Duration::from_secs(self.finality_s),
            hold_ttl: Duration::from_secs(self.hold_ttl_s),
            ask_again_after: ASK_AGAIN_AFTER,
        }
    }

    pub(super) fn kind(&self) -> Result<Kind, RailFault> {
        if self.rail == "instant" {
            return Ok(Kind::Instant);
        }
        match self.rail.split_once(':') {
            Some(("http", url)) => self.base("http", url).map(Kind::Http),
            Some(("toss", url)) => self.base("toss", url).map(Kind::Toss),
            _ => Err(RailFault::UnknownKind),
        }
    }

    fn base(&self, kind: &'static str, text: &str) -> Result<Url, RailFault> {
        let bad = |surplus| RailFault::BadUrl { kind, surplus };
        let url = Url::parse(text).map_err(|_| bad("anything else"))?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(bad("another scheme than https or http"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("a name or password; secrets are in rail_key_file"));
        }
        // Paths are signed as the contract writes them.
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(bad("a path"));
        }
        if url.scheme() == "http" && !is_loopback(&url) && !self.dev {
            return Err(RailFault::Insecure);
        }
        Ok(url)
    }
}

/// A host by name is on this machine only if it says so in the one way that cannot be answered
/// otherwise by a name server.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rails_are_named_by_kind_and_address() {
        let check = |rail: &str, dev: bool, want: Option<&str>| {
            let settings = RailSettings { rail: rail.to_owned(), dev, ..RailSettings::default() };
            let fault = settings.check().err().map(|fault| fault.to_string());
            match want {
                None => assert_eq!(fault, None, "{rail}"),
                Some(want) => {
                    let fault = fault.unwrap_or_else(|| panic!("{rail} passes"));
                    assert!(fault.contains(want) && !fault.contains("hidden"), "{rail}: {fault}");
                }
            }
        };
        check("instant", false, None);
        check("http:https://rail.example", false, None);
        check("toss:https://api.tosspayments.com/", false, None);
        check("http:http://127.0.0.1:9090", false, None);
        check("http:http://[::1]:9090", false, None);
        check("http:http://localhost:9090", false, None);
        check("http:http://rail.example", false, Some("plain http://"));
        check("http:http://127.0.0.1.rail.example", false, Some("plain http://"));
        check("http:http://rail.example", true, None);
        check("Instant", false, Some("rail is \"instant\""));
        check("kakao:https://rail.example", false, Some("rail is \"instant\""));
        check("http:rail.example", false, Some("scheme, host and port only"));
        check("http:ftp://rail.example", false, Some("another scheme"));
        check("http:https://me:hidden@rail.example", false, Some("rail_key_file"));
        check("http:https://rail.example/hidden", false, Some("without a path"));
        check("http:https://rail.example/?hidden", false, Some("without a path"));
    }

    #[test]
    fn figures_out_of_bounds_are_named() {
        type Change = fn(&mut RailSettings);
        let table: [(Change, &str); 6] = [
            (|it| it.concurrency = 0, "rail_concurrency"),
            (|it| it.rate_per_s = 0, "rail_rate_per_s"),
            (|it| it.daily_limit = Won(-1), "rail_daily_limit_won"),
            (|it| it.timeout_ms = 1, "rail_timeout_ms"),
            (|it| (it.timeout_ms, it.finality_s) = (3_000, 2), "rail_finality_s"),
            (|it| it.hold_ttl_s = 4_000, "rail_hold_ttl_s"),
        ];
        for (change, name) in table {
            let mut settings = RailSettings::default();
            change(&mut settings);
            let fault = settings.check().unwrap_err().to_string();
            assert!(fault.starts_with(name), "{fault}");
        }
    }

    #[test]
    fn no_daily_limit_is_the_largest_one() {
        let limited = RailSettings { daily_limit: Won(5), ..RailSettings::default() };
        assert_eq!(limited.terms().daily_limit, Won(5));
        assert_eq!(RailSettings::default().terms().daily_limit, Won::MAX_REQUEST);
    }
}
