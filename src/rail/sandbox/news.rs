//! News of orders: signed webhooks, sent once or more often, early, late or forged.
//!
//! A hint and no promise, as with every bank: one that is not taken in time is not sent again.

use super::SandboxFault;
use crate::rail::sign::{self, RailKey};
use crate::rail::webhook::WebhookBody;
use openrun_actors::Clock;
use openrun_core::PurchaseId;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url, redirect};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// How long a webhook may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Webhooks on their way at once; above it news is left out.
const UNDER_WAY_MAX: usize = 256;
/// News that is not early waits this long, so that the answer is out before it.
const AFTER_THE_ANSWER: Duration = Duration::from_millis(20);

/// Sends webhooks to one address.
#[derive(Clone)]
pub(super) struct News {
    client: Client,
    url: Url,
    key: RailKey,
    clock: Arc<dyn Clock>,
    runtime: Handle,
    permits: Arc<Semaphore>,
}

impl News {
    /// To be called inside a runtime.
    pub fn to(url: &str, key: RailKey, clock: Arc<dyn Clock>) -> Result<News, SandboxFault> {
        let wanted = "it takes a URL, as http://127.0.0.1:8080/hints".to_owned();
        let url = Url::parse(url).map_err(|_| SandboxFault::Webhook(wanted))?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy();
        let client = client.timeout(TIMEOUT).build();
        let client = client.map_err(|fault| SandboxFault::Webhook(fault.to_string()))?;
        let (runtime, permits) = (Handle::current(), Arc::new(Semaphore::new(UNDER_WAY_MAX)));
        Ok(News { client, url, key, clock, runtime, permits })
    }

    /// Sends, and waits until it was taken or not.
    pub async fn tell_now(&self, order: PurchaseId, times: usize, is_forged: bool) {
        let body = serde_json::to_string(&WebhookBody { order_id: order });
        let body = body.expect("a string is JSON");
        for _ in 0..times {
            let at = self.clock.now();
            let mut signature = self.key.sign_webhook(at, body.as_bytes());
            if is_forged {
                // What somebody without the key would have to guess.
                signature = self.key.sign_webhook(at, b"{}");
            }
            let sent = self.client.post(self.url.clone());
            let sent = sent.header(sign::TIMESTAMP, sign::stamp(at));
            let sent = sent.header(sign::SIGNATURE, signature);
            let sent = sent.header(CONTENT_TYPE, "application/json").body(body.clone());
            if let Err(fault) = sent.send().await {
                tracing::debug!(is_timeout = fault.is_timeout(), "a webhook was not taken");
            }
        }
    }

    /// Sends soon, while the caller goes on; also from outside the runtime.
    pub fn tell_later(&self, order: PurchaseId, times: usize, is_forged: bool) {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else { return };
        let news = self.clone();
        self.runtime.spawn(async move {
            tokio::time::sleep(AFTER_THE_ANSWER).await;
            news.tell_now(order, times, is_forged).await;
            drop(permit);
        });
    }
}
