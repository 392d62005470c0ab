//! Whether the process lives, whether it can serve, what it measures, and which release it is. Ops
//! listener only.

use super::call::{Answer, Call};
use super::reply::{self, NO_STORE};
use crate::telemetry::{COMMIT, VERSION};
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

/// Alive.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Ready, or why not.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// `ready` or `not_ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// Why not; empty when ready.
    reasons: Vec<String>,
    /// What does not keep it from serving and needs somebody.
    warnings: Vec<String>,
}

/// Which release this is.
#[derive(Serialize, ToSchema)]
pub struct Version {
    /// The release.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The commit it was built from; `unknown` outside a checkout.
    commit: &'static str,
}

/// Whether the process is alive
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "health",
    responses((status = 200, description = "alive", body = Health)))]
pub async fn healthz(_call: Call) -> Answer {
    Ok(reply::own(StatusCode::OK, &Health { status: "ok" }))
}

/// Whether the process can serve: store reachable, recovery done, not draining
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "health",
    responses(
        (status = 200, description = "ready", body = Readiness),
        (status = 503, description = "not ready, with the reasons", body = Readiness)))]
pub async fn readyz(call: Call) -> Answer {
    let edge = call.edge();
    let mut reasons: Vec<String> = edge.engine.check_ready().await.err().into_iter().collect();
    if edge.is_draining() {
        reasons.push("draining".to_owned());
    }
    let (status, word) = match reasons.is_empty() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
    };
    let mut warnings = edge.engine.warnings();
    warnings.extend(edge.merchants.problem());
    Ok(reply::own(status, &Readiness { status: word, reasons, warnings }))
}

/// Metrics in the Prometheus text format
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "health",
    responses((status = 200, description = "all series", body = String,
        content_type = "text/plain")))]
pub async fn metrics(call: Call) -> Answer {
    let text = Bytes::from(call.edge().metrics.render());
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(reply::bytes(StatusCode::OK, kind, NO_STORE, text))
}

/// Which release this is
#[utoipa::path(get, path = "/version", operation_id = "version", tag = "health",
    responses((status = 200, description = "the release", body = Version)))]
pub async fn version(_call: Call) -> Answer {
    Ok(reply::own(StatusCode::OK, &Version { version: VERSION, commit: COMMIT }))
}
