//! Telemetry: metrics for Prometheus ([`figures`] says what each one is) and the log.
//!
//! One recorder for the process, installed once and shared by every server that it runs. No series
//! and no line is about one person.

mod figures;
mod log;
mod violations;
mod writer;

pub use log::{LogGuard, start_log};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;

/// How often samples are folded into buckets, without which memory would grow with every request
/// between two scrapes, and process figures are read, so that none is older than a second.
const UPKEEP: Duration = Duration::from_secs(1);

/// Version and commit of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that this program was built from; `unknown` outside a checkout.
pub const COMMIT: &str = match option_env!("OPENRUN_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// The metrics of this process, described and reading zero; installs them when first called. Call
/// it before anything that keeps a metric's handle.
///
/// # Panics
/// If other code of this process installed another recorder.
pub fn metrics() -> PrometheusHandle {
    METRICS.get_or_init(install).clone()
}

fn install() -> PrometheusHandle {
    let builder =
        figures::BUCKETS.iter().fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
            let matcher = Matcher::Full((*name).to_owned());
            builder.set_buckets_for_metric(matcher, bounds).expect("no list of buckets is empty")
        });
    let handle = builder.install_recorder().expect("nothing else installs a recorder");
    figures::describe();
    violations::count();
    let process = metrics_process::Collector::default();
    process.describe();
    process.collect();
    let upkeep = handle.clone();
    let keep = move || {
        loop {
            std::thread::park_timeout(UPKEEP);
            upkeep.run_upkeep();
            process.collect();
        }
    };
    let thread = std::thread::Builder::new().name("metrics-upkeep".to_owned()).spawn(keep);
    thread.expect("a process that starts a server can start a thread");
    handle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_series_read_zero_and_every_series_is_described() {
        let text = metrics().render();
        for line in [
            "openrun_refusals_total{code=\"sold-out\"} 0",
            "openrun_refusals_total{code=\"unavailable\"} 0",
            "openrun_invariant_violations_total{invariant=\"OR-1\"} 0",
            "openrun_invariant_violations_total{invariant=\"OR-10\"} 0",
            "openrun_commit_failures_total{kind=\"deposed\"} 0",
            "openrun_permits_refused_total{actor=\"person\"} 0",
            "openrun_order_inversions_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        // Other tests of this process may have moved these, so only their presence is asked for.
        for series in
            ["openrun_commit_seconds_count ", "openrun_mailbox_wait_seconds_bucket{actor=\"round\""]
        {
            assert!(text.lines().any(|found| found.starts_with(series)), "{series} in\n{text}");
        }
        let build = format!("openrun_build_info{{version=\"{VERSION}\",commit=\"{COMMIT}\"}} 1");
        assert!(text.contains(&build), "{text}");
        assert!(text.contains("# TYPE process_resident_memory_bytes gauge"));
        assert!(!metrics().render().is_empty(), "a second call shares the first recorder");
        for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE openrun_")) {
            let name = line.split(' ').next().unwrap();
            assert!(text.contains(&format!("# HELP openrun_{name} ")), "{name} has no help");
        }
    }
}
