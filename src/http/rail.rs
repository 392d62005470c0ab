//! `POST /v1/rail/webhooks`: the payment rail says that something may have happened to an order.
//!
//! A hint and nothing more: the order is asked about at once, and only the rail's answer to that
//! counts. So a forged, repeated or early webhook can do no harm, and an unknown order is no error.

use super::call::{Answer, Call};
use crate::rail::{SIGNATURE_HEADER, TIMESTAMP_HEADER};
use actix_web::HttpResponse;
use openrun_core::{PurchaseId, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

/// A webhook: which order is worth asking about.
#[derive(Serialize, ToSchema)]
#[schema(as = RailWebhook)]
#[allow(dead_code, reason = "stands in the document; the signed bytes are read by the rail")]
pub struct Hint {
    /// The order's id: 32 digits of hexadecimal.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    order_id: String,
}

/// The rail knows something new of an order
///
/// Signed by the rail (`docs/rail.md`). A hint only: the order is asked about at once. Known or
/// not, the answer is the same.
#[utoipa::path(post, path = "/v1/rail/webhooks", operation_id = "rail_webhook", tag = "purchase",
    request_body = Hint,
    params(
        ("Rail-Timestamp" = Option<String>, Header, description = "when it was signed"),
        ("Rail-Signature" = Option<String>, Header, description = "the signature, in hexadecimal")),
    responses((status = 204, description = "taken as a hint")))]
pub async fn webhook(mut call: Call) -> Answer {
    let body = call.bytes().await?;
    let purchase = verified(&call, &body).ok_or(Refusal::Unauthenticated)?;
    match call.edge().engine.hint_payment(purchase).await {
        Ok(()) | Err(Refusal::PurchaseNotFound | Refusal::RoundNotFound) => {
            Ok(HttpResponse::NoContent().finish())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn verified(call: &Call, body: &[u8]) -> Option<PurchaseId> {
    let edge = call.edge();
    let (timestamp, signature) = (call.header(TIMESTAMP_HEADER), call.header(SIGNATURE_HEADER));
    let webhooks = edge.webhooks.as_ref()?;
    webhooks.verify(timestamp, signature, body, edge.engine.now()).ok()
}
