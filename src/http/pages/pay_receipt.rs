//! Receipts of payments at merchants: from the journal, whoever asks how often.

use super::html::Html;
use super::pay::Page;
use crate::http::vouchers::history::{self, MoveAnswer, MoveKind};
use actix_web::HttpResponse;
use openrun_core::{Event, PersonKey, Refusal, VoucherId};
use uuid::Uuid;

/// A receipt that is shown later than this after the payment, in milliseconds, is no sign that
/// somebody has just paid: whoever sees it is told that it is an old one.
const SAME_TAP_MILLIS: i64 = 60_000;

impl Page<'_> {
    /// What was paid from a voucher under a key.
    pub async fn paid_under(
        &self,
        person: PersonKey,
        voucher: VoucherId,
        key: &str,
    ) -> Result<Option<Uuid>, Refusal> {
        let (_, events) = match self.edge().engine.voucher(person, voucher).await {
            Err(Refusal::VoucherNotFound) => return Ok(None),
            found => found?,
        };
        Ok(events.iter().find_map(|stored| match &stored.event {
            Event::Spent { of, .. } => {
                let is_it = of.asked.as_ref().is_some_and(|asked| asked.key.as_str() == key);
                is_it.then(|| Uuid::from_u128(of.id.0))
            }
            _ => None,
        }))
    }

    pub async fn receipt(
        &self,
        person: PersonKey,
        voucher: VoucherId,
        paid: Uuid,
    ) -> Result<HttpResponse, Refusal> {
        let (voucher, events) = self.edge().engine.voucher(person, voucher).await?;
        let history = history::of(&voucher, &events);
        let is_it = |it: &&MoveAnswer<'_>| it.kind == MoveKind::Spent && it.id == paid;
        let paid = history.iter().find(is_it).ok_or(Refusal::VoucherNotFound)?;
        if paid.merchant_id != Some(&self.merchant.id) {
            return Err(Refusal::MerchantNotFound);
        }
        Ok(self.send("paid", "page-paid-head", |html| self.paid(html, paid)))
    }

    fn paid(&self, html: &mut Html, paid: &MoveAnswer<'_>) {
        self.head(html);
        html.raw("<section class=\"card\">");
        html.element("h2", "page-paid-head");
        let age = self.edge().engine.now().0 - paid.created_at.0.0;
        match age > SAME_TAP_MILLIS {
            true => html.element("p class=\"notice warn\" role=\"status\"", "page-paid-before"),
            false => html.element("p class=\"notice good\" role=\"status\"", "page-paid-show"),
        }
        html.figures(|html| {
            html.figure("page-amount", "amount", |html| html.won(paid.amount_won));
            html.figure("page-paid-at", "time", |html| html.time(paid.created_at));
            html.figure("page-pay-merchant-name", "merchant", |html| {
                html.text(&self.merchant.name);
            });
            html.figure("page-pay-number", "merchant-number", |html| {
                html.text(&self.merchant.id);
            });
            html.figure("page-paid-number", "payment", |html| html.text(paid.id));
            html.figure("page-pay-after", "after", |html| html.won(paid.balance_won));
        });
        html.raw("<p>");
        html.element("a class=\"button\" href=\"/me\"", "page-me");
        html.raw(&format!(" <a class=\"button\" data-do=\"pay-again\" href=\"{}\">", self.path()));
        html.say("page-pay-again");
        html.raw("</a></p></section>");
    }
}
