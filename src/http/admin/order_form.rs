//! The operator's form of an order: `"fifo"`, `"draw"`, or `{"draw": {…}}` with shares of others.
//!
//! Checks shape; whether such shares can be is the core's to say.

use crate::http::body::{Object, malformed};
use openrun_core::Refusal;
use openrun_core::draw::{Digest, ShareSpec};
use openrun_core::round_spec::{DrawSpec, Order};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use utoipa::ToSchema;

/// How long shares are waited for when nothing is said, in seconds: long enough for somebody who
/// has the value at hand, and nobody's turn comes meanwhile.
const SHARES_WITHIN_S: u32 = 60;

/// The order as it was asked for.
pub(super) struct OrderAsked(Option<DrawBody>);

/// `"fifo"`, `"draw"`, or a draw with shares.
#[derive(ToSchema)]
#[schema(as = PutOrder)]
#[allow(dead_code, reason = "stands in the document only")]
#[serde(untagged)]
pub(super) enum OrderBody {
    /// By arrival, or by draw.
    Word(crate::http::words::OrderWord),
    /// By draw, with what is fixed about it.
    Form(OrderForm),
}

/// A draw with what is fixed about it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderForm {
    #[schema(value_type = DrawBody)]
    draw: Object<DrawBody>,
}

/// What is fixed about a draw before the lobby opens.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = PutDraw)]
#[serde(deny_unknown_fields)]
pub(super) struct DrawBody {
    /// What others add to the seed once the lobby has closed: at most 16, in rounds of one class.
    #[serde(default)]
    #[schema(value_type = Vec<ShareBody>, max_items = 16)]
    shares: Vec<Object<ShareBody>>,
    /// How long they are waited for after closing, in seconds: 60 when absent.
    #[schema(minimum = 1, maximum = 86_400)]
    shares_within_s: Option<u32>,
}

/// A share: with a commitment when its holder made it, with a source when it is a public beacon.
#[derive(Deserialize, ToSchema)]
#[schema(as = PutShare)]
#[serde(deny_unknown_fields)]
struct ShareBody {
    /// What it is called, within the round.
    #[schema(pattern = "^[a-z0-9-]{1,64}$")]
    name: String,
    /// SHA-256 of the value, in 64 digits of hexadecimal; how it is made stands in `docs/draw.md`.
    #[schema(value_type = Option<String>, pattern = "^[0-9a-f]{64}$")]
    commitment: Option<Digest>,
    /// Where anybody will find the value.
    #[schema(min_length = 1, max_length = 200, example = "drand quicknet round 12345678")]
    source: Option<String>,
}

impl<'de> Deserialize<'de> for OrderAsked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Asked;
        impl<'de> Visitor<'de> for Asked {
            type Value = OrderAsked;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`fifo`, `draw`, or an object with `draw`")
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<OrderAsked, E> {
                match word {
                    "fifo" => Ok(OrderAsked(None)),
                    "draw" => Ok(OrderAsked(Some(DrawBody::default()))),
                    other => Err(E::unknown_variant(other, &["fifo", "draw"])),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OrderAsked, A::Error> {
                let form = OrderForm::deserialize(MapAccessDeserializer::new(map))?;
                Ok(OrderAsked(Some(form.draw.0)))
            }
        }
        deserializer.deserialize_any(Asked)
    }
}

impl OrderAsked {
    /// The order.
    ///
    /// # Errors
    /// `Malformed` for a share that is neither committed to nor public.
    pub(super) fn into_order(self) -> Result<Order, Refusal> {
        let Some(draw) = self.0 else { return Ok(Order::Fifo) };
        let shares = draw.shares.into_iter().map(|Object(share)| share.into_spec());
        Ok(Order::Draw(DrawSpec {
            shares: shares.collect::<Result<_, _>>()?,
            shares_within_s: draw.shares_within_s.unwrap_or(SHARES_WITHIN_S),
        }))
    }
}

impl ShareBody {
    fn into_spec(self) -> Result<ShareSpec, Refusal> {
        let name = self.name;
        match (self.commitment, self.source) {
            (Some(commitment), None) => Ok(ShareSpec::Committed { name, commitment }),
            (None, Some(source)) => Ok(ShareSpec::Beacon { name, source }),
            _ => Err(malformed("a share has either a commitment or a source")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_word_or_a_draw_with_shares() {
        let commitment = "ab".repeat(32);
        for (text, shares) in [
            (r#""fifo""#.to_owned(), None),
            (r#""draw""#.to_owned(), Some((0, 60))),
            (r#"{"draw": {}}"#.to_owned(), Some((0, 60))),
            (
                format!(
                    r#"{{"draw": {{"shares": [{{"name": "a", "commitment": "{commitment}"}},
                    {{"name": "b", "source": "drand"}}], "shares_within_s": 5}}}}"#
                ),
                Some((2, 5)),
            ),
        ] {
            let asked: OrderAsked = serde_json::from_str(&text).unwrap();
            let order = asked.into_order().unwrap();
            let found = match &order {
                Order::Fifo => None,
                Order::Draw(draw) => Some((draw.shares.len(), draw.shares_within_s)),
            };
            assert_eq!(found, shares, "{text}");
        }
    }

    #[test]
    fn other_orders_are_refused() {
        for text in [
            r#""lifo""#,
            "1",
            "null",
            "[]",
            r#"["draw"]"#,
            r#"{"fifo": {}}"#,
            r#"{"draw": []}"#,
            r#"{"draw": {"share": []}}"#,
            r#"{"draw": {"shares": ["a"]}}"#,
            r#"{"draw": {"shares": [{"name": "a"}]}}"#,
            r#"{"draw": {"shares": [{"name": "a", "commitment": "AB"}]}}"#,
            r#"{"draw": {"shares_within_s": -1}}"#,
        ] {
            let read = serde_json::from_str::<OrderAsked>(text).ok();
            let order = read.and_then(|asked| asked.into_order().ok());
            assert!(order.is_none(), "{text}");
        }
    }
}
