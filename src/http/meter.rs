//! How long each route takes, by route pattern, method and status.
//!
//! Handles are looked up once per worker and status, so that a request costs no label. Paths as
//! sent are never a label: a scanner would make a series of each.

use actix_web::http::StatusCode;
use metrics::{Histogram, histogram};
use std::cell::OnceCell;
use std::time::Duration;

/// The statuses that routes answer with; anything else is counted under the last slot.
const STATUSES: [u16; 16] =
    [200, 201, 202, 304, 308, 400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 503];

/// The meter of one route and method in one worker.
pub struct RouteMeter {
    route: String,
    method: &'static str,
    handles: [OnceCell<Histogram>; STATUSES.len() + 1],
}

impl RouteMeter {
    /// A meter that has seen nothing.
    #[must_use]
    pub fn new(route: String, method: &'static str) -> RouteMeter {
        RouteMeter { route, method, handles: Default::default() }
    }

    /// One more request was answered.
    pub fn record(&self, status: StatusCode, took: Duration) {
        let status = status.as_u16();
        let known = STATUSES.iter().position(|one| *one == status);
        let slot = &self.handles[known.unwrap_or(STATUSES.len())];
        let handle = slot.get_or_init(|| {
            let status = known.map_or("other".to_owned(), |_| status.to_string());
            histogram!(
                "openrun_http_request_seconds",
                "route" => self.route.clone(),
                "method" => self.method,
                "status" => status
            )
        });
        handle.record(took.as_secs_f64());
    }
}
