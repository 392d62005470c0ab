//! The request of the JSON contract as it stands in the journal: written once, before the first
//! call, and read again for every later one.
//!
//! It keeps the order's own date: an order that was first asked for at 23:59:58 is asked about
//! under that date for ever, because there are banks where an id is unique within a day only.

use crate::http::time::Moment;
use openrun_actors::rail::Charge;
use openrun_core::{PersonKey, PurchaseId, Won};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Separates the names of payers from every other hash of a person.
const PAYER_SALT: &str = "openrun/rail/payer/v1";

/// What the rail is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderRequest {
    /// The purchase; makes every call idempotent.
    pub order_id: PurchaseId,
    /// Who pays: [`payer`].
    pub payer: String,
    /// How much.
    pub amount_won: Won,
    /// When it was first decided, in Korean time; its date is the order's for ever.
    pub requested_at: Moment,
}

impl OrderRequest {
    pub fn of(charge: &Charge) -> OrderRequest {
        OrderRequest {
            order_id: charge.purchase,
            payer: payer(charge.person),
            amount_won: charge.price,
            requested_at: Moment(charge.at),
        }
    }

    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are JSON")
    }

    pub fn read(text: &str) -> Option<OrderRequest> {
        serde_json::from_str(text).ok()
    }

    /// The order id as it stands in paths and answers.
    pub fn order(&self) -> String {
        String::from(self.order_id)
    }

    /// The order's date in Seoul.
    pub fn date(&self) -> String {
        let mut text = self.requested_at.to_string();
        text.truncate("2022-07-14".len());
        text
    }
}

/// What a rail calls a person: 128 bits of a salted hash of the person's key, so that its books
/// and our journal cannot be laid side by side without the formula, nor an account be guessed.
fn payer(person: PersonKey) -> String {
    let mut hash = Sha256::new();
    hash.update(PAYER_SALT.as_bytes());
    hash.update(person.0);
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrun_core::Timestamp;

    fn charge(at: i64) -> Charge {
        let (purchase, person) = (PurchaseId(42), PersonKey::of_subject("kim"));
        Charge { purchase, person, price: Won(93_000), at: Timestamp(at) }
    }

    #[test]
    fn f10_an_order_keeps_the_date_of_its_first_second() {
        // 2022-07-31T23:59:59.999+09:00, and a millisecond later.
        for (at, date) in [(1_659_279_599_999, "2022-07-31"), (1_659_279_600_000, "2022-08-01")] {
            let text = OrderRequest::of(&charge(at)).write();
            assert_eq!(OrderRequest::read(&text).unwrap().date(), date);
        }
    }

    #[test]
    fn a_request_is_read_as_it_was_written_and_nothing_else_is() {
        let request = OrderRequest::of(&charge(1_657_760_400_000));
        let text = request.write();
        assert_eq!(OrderRequest::read(&text).as_ref(), Some(&request));
        assert!(text.contains("\"requested_at\":\"2022-07-14T10:00:00+09:00\""), "{text}");
        let person = PersonKey::of_subject("kim").0.map(|byte| format!("{byte:02x}")).concat();
        assert!(!text.contains(&person), "the journal's own key of a person stays at home");
        for bad in ["", "{}", "[]", &text.replace("93000", "\"93000\""), &text[..40]] {
            assert_eq!(OrderRequest::read(bad), None, "{bad}");
        }
    }
}
