//! Webhooks of a rail: a hint that an order is worth asking about, and nothing more.
//!
//! A webhook names an order and says nothing of what became of it, so a forged, repeated or late
//! one can do no more than cause an inquiry. That is why a repeat is welcome and no nonce is kept.

use super::settings::{RailFault, RailSettings};
use super::sign::{self, RailKey};
use crate::trust::SharedSecret;
use openrun_core::{PurchaseId, Timestamp};
use serde::{Deserialize, Serialize};

/// Header of the moment of signing.
pub const TIMESTAMP_HEADER: &str = sign::TIMESTAMP;
/// Header of the signature.
pub const SIGNATURE_HEADER: &str = sign::SIGNATURE;
/// Longest body: an honest one has 50 bytes. A longer one is refused unread.
pub const WEBHOOK_BODY_MAX: usize = 1_024;

/// Checks webhooks of the rail that the settings name.
pub struct Webhooks {
    key: RailKey,
}

/// Why a webhook is no hint. The sender is told no more than that it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookFault {
    /// No timestamp, or one more than five minutes away.
    #[error("the timestamp is missing or too far from now")]
    Untimely,
    /// No signature, or another's.
    #[error("the signature is missing or wrong")]
    Unsigned,
    /// Signed, and yet not of the contract.
    #[error("the body names no order")]
    Malformed,
}

/// What a webhook says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookBody {
    pub order_id: PurchaseId,
}

impl Webhooks {
    /// For the rail of these settings; `None` when it sends none that are signed like this.
    ///
    /// # Errors
    /// As for [`super::open`].
    pub fn open(settings: &RailSettings) -> Result<Option<Webhooks>, RailFault> {
        match settings.kind()? {
            super::Kind::Http(_) => {
                let secret = SharedSecret::read(&settings.key_file)?;
                Ok(Some(Webhooks { key: RailKey::new(secret.mac_key()?) }))
            }
            super::Kind::Instant | super::Kind::Toss(_) => Ok(None),
        }
    }

    /// The order that a webhook is about.
    ///
    /// # Errors
    /// Why it is no hint.
    pub fn verify(
        &self,
        timestamp: Option<&str>,
        signature: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<PurchaseId, WebhookFault> {
        let at = timestamp.and_then(|shown| sign::timely(shown, now));
        let at = at.ok_or(WebhookFault::Untimely)?;
        let wanted = self.key.sign_webhook(at, body);
        if !signature.is_some_and(|shown| RailKey::is_same(&wanted, shown)) {
            return Err(WebhookFault::Unsigned);
        }
        let said = crate::http::body::parse::<WebhookBody>(body);
        said.map(|said| said.order_id).map_err(|_| WebhookFault::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::MacKey;

    #[test]
    fn f11_forged_old_and_garbled_webhooks_are_no_hint_and_a_repeat_is_one() {
        let key = || RailKey::new(MacKey::new(&[9; 32]));
        let webhooks = Webhooks { key: key() };
        let now = Timestamp(1_657_760_400_000);
        let body = r#"{"order_id":"0000000000000000000000000000002a"}"#;
        let good = key().sign_webhook(now, body.as_bytes());
        let stamp = sign::stamp(now);
        let check = |stamp: Option<&str>, signature: Option<&str>, body: &str, late, want| {
            let found = webhooks.verify(stamp, signature, body.as_bytes(), now.plus_millis(late));
            assert_eq!(found, want, "{body}");
        };
        for late in [0, 0, -300_000, 300_000] {
            check(Some(&stamp), Some(&good), body, late, Ok(PurchaseId(42)));
        }
        for late in [-300_001, 300_001] {
            check(Some(&stamp), Some(&good), body, late, Err(WebhookFault::Untimely));
        }
        check(None, Some(&good), body, 0, Err(WebhookFault::Untimely));
        check(Some("now"), Some(&good), body, 0, Err(WebhookFault::Untimely));
        let other = sign::stamp(now.plus_millis(1));
        check(Some(&other), Some(&good), body, 0, Err(WebhookFault::Unsigned));
        check(Some(&stamp), None, body, 0, Err(WebhookFault::Unsigned));
        check(Some(&stamp), Some(&good[..10]), body, 0, Err(WebhookFault::Unsigned));
        check(Some(&stamp), Some(&good), &body.replace("2a", "2b"), 0, Err(WebhookFault::Unsigned));
        for odd in ["{}", "[]", r#"{"order_id":"2a"}"#, r#"{"order_id":42}"#] {
            let signature = key().sign_webhook(now, odd.as_bytes());
            check(Some(&stamp), Some(&signature), odd, 0, Err(WebhookFault::Malformed));
        }
        let more = body.replace('}', ",\"status\":\"approved\"}");
        let signature = key().sign_webhook(now, more.as_bytes());
        check(Some(&stamp), Some(&signature), &more, 0, Err(WebhookFault::Malformed));
    }
}
