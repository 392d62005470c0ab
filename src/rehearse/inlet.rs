//! Operators of a rehearsal: they change the inlet at the times at which the scenario says so.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::door::{Door, Place};
use super::progress::Progress;

/// A change of a round's inlet, at a time on the wall.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub at: Timestamp,
    pub round: String,
    pub rate_per_s: u64,
}

/// Makes each change when its time has come, in order. What the server refuses is said and the
/// rehearsal goes on: its verdict tells.
pub(super) async fn change(
    mut changes: Vec<Change>,
    ops: Place,
    operator: String,
    progress: std::rc::Rc<Progress>,
) {
    changes.sort_by_key(|change| change.at);
    let mut door = Door::new(&ops, &operator);
    for change in changes {
        let wait = Timestamp::now().duration_until(change.at);
        tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        let Change { round, rate_per_s, .. } = change;
        let body = json!({"rate_per_s": rate_per_s});
        let path = format!("/v1/admin/rounds/{round}/inlet");
        match door.json("PATCH", &path, Some(&body)).await {
            Ok(_) => progress.say(&format!("the inlet is set to {rate_per_s} a second")),
            Err(fault) => progress.say(&format!("changing the inlet: {fault:#}")),
        }
    }
}
