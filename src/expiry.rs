//! Lets what is left in vouchers whose time is over fall to their issuers: asks the engine every
//! hour. A voucher is good no more from its very moment; this only writes it down.
//!
//! Decides nothing, and a pass that fails is made again by the next.

use actix_web::rt;
use openrun_actors::Engine;
use std::time::Duration;

/// After a start the server is busy with other things than what has been over for hours.
const FIRST_AFTER: Duration = Duration::from_secs(300);
/// A pass walks over every voucher of the store, and nobody waits for it.
const EVERY: Duration = Duration::from_secs(3_600);

/// The timer, until this is dropped.
pub struct Expiry(rt::task::JoinHandle<()>);

impl Drop for Expiry {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts the timer. To be called inside an actix system.
#[must_use]
pub fn watch(engine: Engine) -> Expiry {
    Expiry(rt::spawn(async move {
        rt::time::sleep(FIRST_AFTER).await;
        loop {
            match engine.expire_due().await {
                Ok(0) => {}
                Ok(expired) => tracing::info!(expired, "vouchers expired"),
                Err(refusal) => {
                    let code = refusal.code();
                    tracing::warn!(code, "vouchers that are over could not be looked for");
                }
            }
            rt::time::sleep(EVERY).await;
        }
    }))
}
