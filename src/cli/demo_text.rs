//! What the demo says before and after its sale.

use super::demo_round::{ROUND, Tokens};
use crate::app::Running;
use crate::config::Config;
use std::path::Path;

/// What is going to happen, and where to look meanwhile.
pub(super) fn before(running: &Running, config: &Config, scenario: &str, scale: f64) -> String {
    let Running { public, ops, .. } = running;
    let data = config.data.display();
    format!(
        "openrun demo: {scenario} at scale {scale}, on a fresh embedded store in {data}

  the sale       http://{public}/
  operators      http://{ops}/
  metrics        http://{ops}/metrics

Virtual people arrive over real sockets; every purchase is on disk before it is answered.

"
    )
}

/// What can be done now.
pub(super) fn after(running: &Running, config: &Config, report: &Path, tokens: &Tokens) -> String {
    let Running { public, ops, .. } = running;
    let (data, report) = (config.data.display(), report.display());
    let Tokens { person, admin } = tokens;
    format!(
        "
report           {report}
audit            openrun audit --data {data}
the sale         http://{public}/      contract: http://{public}/docs
operators        http://{ops}/      metrics: http://{ops}/metrics

a person token (good for a day):
{person}

an admin token (good for a day):
{admin}

The server keeps running, with a small round that is open. Try:

curl -s http://{public}/v1/rounds/{ROUND}

curl -s http://{public}/v1/rounds/{ROUND}/watermark

curl -s -X POST http://{public}/v1/rounds/{ROUND}/tickets -H 'Content-Type: application/json' \
-d '{{}}' -H 'Authorization: Bearer {person}'

Ctrl-C stops it.
"
    )
}
