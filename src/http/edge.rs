//! What every handler can reach: the engine, the keys, the metrics, and bytes that were made once
//! at start.
//!
//! One copy a worker, all of them pointing to the same things; no lock anywhere.

use super::admin::live::Live;
use super::admin::settlement::SETTLEMENTS_MAX;
use super::board::Boards;
use super::events::Streams;
use super::openapi;
use super::pages::{Pages, Site, assets};
use super::reply;
use crate::rail::Webhooks;
use crate::trust::Keys;
use bytes::Bytes;
use metrics::{Counter, counter};
use metrics_exporter_prometheus::PrometheusHandle;
use openrun_actors::Engine;
use openrun_core::Refusal;
use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// What every handler can reach.
#[derive(Clone)]
pub struct Edge {
    /// The sale.
    pub engine: Engine,
    /// Tokens, tickets, passes.
    pub keys: Arc<Keys>,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// How long a body may take.
    pub body_timeout: Duration,
    /// Counts refusals by code.
    pub refusals: RefusalMeter,
    /// Checks webhooks of the payment rail, when it sends some.
    pub webhooks: Option<Arc<Webhooks>>,
    /// Streams of server-sent events.
    pub streams: Arc<Streams>,
    /// Streams of live figures to consoles.
    pub live: Arc<Live>,
    /// Turns at making a settlement.
    pub settlements: Arc<Semaphore>,
    /// The boards as they were shown last.
    pub boards: Arc<Boards>,
    /// The pages that are nobody's own, as they were shown last.
    pub pages: Arc<Pages>,
    /// How the pages are served.
    pub site: Arc<Site>,
    /// `/.well-known/jwks.json`.
    pub jwks: Bytes,
    /// `/openapi.json` of this listener.
    pub document: Bytes,
    is_draining: Arc<AtomicBool>,
}

impl Edge {
    /// For the public listener.
    #[must_use]
    pub fn new(
        engine: Engine,
        keys: Arc<Keys>,
        metrics: PrometheusHandle,
        body_timeout: Duration,
        webhooks: Option<Arc<Webhooks>>,
        site: Site,
    ) -> Edge {
        assets::prepare();
        let jwks = reply::written(&keys.jwks());
        Edge {
            engine,
            keys,
            metrics,
            body_timeout,
            refusals: RefusalMeter::new(),
            webhooks,
            streams: Arc::default(),
            live: Arc::default(),
            settlements: Arc::new(Semaphore::new(SETTLEMENTS_MAX)),
            boards: Arc::default(),
            pages: Arc::default(),
            site: Arc::new(site),
            jwks,
            document: Bytes::from(openapi::openapi()),
            is_draining: Arc::default(),
        }
    }

    /// The same for the ops listener.
    #[must_use]
    pub fn for_ops(&self) -> Edge {
        Edge { document: Bytes::from(openapi::ops_openapi()), ..self.clone() }
    }

    /// From now on `/readyz` says no.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Release);
    }

    /// Whether the server is on its way out.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }
}

/// Counts refusals by code. Every code reads 0 from the start.
#[derive(Clone)]
pub struct RefusalMeter(Arc<HashMap<Discriminant<Refusal>, Counter>>);

impl RefusalMeter {
    fn new() -> RefusalMeter {
        let all = Refusal::one_of_each().into_iter().map(|refusal| {
            let counter = counter!("openrun_refusals_total", "code" => refusal.code());
            counter.increment(0);
            (discriminant(&refusal), counter)
        });
        RefusalMeter(Arc::new(all.collect()))
    }

    /// One more of this code.
    pub fn count(&self, refusal: &Refusal) {
        if let Some(counter) = self.0.get(&discriminant(refusal)) {
            counter.increment(1);
        }
    }
}
