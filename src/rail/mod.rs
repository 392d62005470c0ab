//! Payment rails at the edge: adapters of the port in `openrun-actors`, and a sandbox to try them.
//!
//! ```text
//!   till (actors) ──> HttpRail ──┐                  ┌──> signed JSON contract (docs/rail.md)
//!                     TossRail ──┴─ exchange ──────>│
//!   http route ─────> Webhooks                      └──> confirm, cancel in the style of Toss
//!                                   sandbox: `openrun rail`, a process of its own, serves both
//! ```
//!
//! Adapters believe nothing but a definite answer, within bounds of size and time, about the very
//! order that was asked for; all else is [`RailAnswer::Unknown`]. They do not retry, keep no state
//! and decide nothing: the till asks again, the round decides. No address comes from anywhere but
//! the settings, and no redirect is followed.
//!
//! [`RailAnswer::Unknown`]: openrun_core::payment::RailAnswer::Unknown

mod exchange;
mod http;
mod request;
pub mod sandbox;
mod settings;
mod sign;
mod toss;
mod webhook;

pub use http::HttpRail;
pub use settings::{RailFault, RailSettings};
pub use toss::TossRail;
pub use webhook::{SIGNATURE_HEADER, TIMESTAMP_HEADER, WEBHOOK_BODY_MAX, WebhookFault, Webhooks};

use crate::trust::SharedSecret;
use openrun_actors::rail::{InstantRail, PayBy};
use openrun_actors::{Clock, SystemClock};
use settings::Kind;
use std::sync::Arc;

/// Opens the rail that the settings name. Calls nobody yet.
///
/// # Errors
/// A setting that makes no sense, or a key that is missing, weak or open to others.
pub fn open(settings: &RailSettings) -> Result<PayBy, RailFault> {
    settings.check()?;
    let kind = settings.kind()?;
    if kind == Kind::Instant {
        return Ok(PayBy::AtOnce(Arc::new(InstantRail)));
    }
    let secret = SharedSecret::read(&settings.key_file)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    Ok(PayBy::Waiting(match kind {
        Kind::Instant => unreachable!("answered above"),
        Kind::Http(base) => Arc::new(HttpRail::new(settings, base, &secret, clock)?),
        Kind::Toss(base) => Arc::new(TossRail::new(settings, base, &secret)?),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_rail_is_opened_with_a_key_that_is_private_and_strong_enough_for_its_kind() {
        let dir = tempfile::tempdir().unwrap();
        let key_file = dir.path().join("rail.key");
        let check = |rail: &str, want: Option<&str>| {
            let (rail, key_file) = (rail.to_owned(), key_file.clone());
            let opened = open(&RailSettings { rail, key_file, ..RailSettings::default() });
            let fault = opened.err().map(|fault| fault.to_string());
            assert_eq!(fault.is_some(), want.is_some(), "{fault:?}");
            assert!(fault.unwrap_or_default().contains(want.unwrap_or_default()));
        };
        let (http, toss) = ("http:https://rail.example", "toss:https://rail.example");
        check("instant", None);
        check(http, Some("rail_key_file: "));
        let write = |text: &str, mode| {
            std::fs::write(&key_file, text).unwrap();
            std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        write("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", 0o644);
        check(http, Some("chmod 600"));
        check(toss, Some("chmod 600"));
        write("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", 0o600);
        check(http, None);
        check(toss, None);
        write("test_sk_of_a_shop", 0o600);
        check(http, Some("rail.key"));
        check(toss, None);
    }
}
