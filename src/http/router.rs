//! The whole API on two screens: every path, who may call it, and which refusals it can answer
//! with.
//!
//! One declaration is the route, its metric and its part of the OpenAPI document. Paths are tried
//! in this order, so what a crowd asks for stands first.

use super::api::{Api, at};
use super::terms::{
    ANYONE, APPROVER, BUYING, JOINING, OPERATOR, OPERATOR_ALONE, PAYING_BACK, PERSON, SEARCHING,
    SHOWN_TICKET, SIGN_UP, SPENDING, VIEWER,
};
use super::{
    admin, board, docs, draws, events, health, merchants, outcome, pages, people, programs,
    purchases, rail, rounds, tickets, vouchers, watermark,
};

/// What people and channel apps call; in development virtual people can be made as well.
#[must_use]
pub fn public(is_dev: bool) -> Api {
    let mut api = Api::default();
    api.add(at("/v1/rounds/{round}/watermark").get(watermark::show, ANYONE.may(ROUND)));
    api.add(
        at("/v1/rounds/{round}/tickets/me")
            .get(tickets::show, SHOWN_TICKET.may(ROUND))
            .delete(tickets::leave, SHOWN_TICKET.may(CLAIM)),
    );
    api.add(at("/v1/rounds/{round}/outcome").get(outcome::show, SHOWN_TICKET.may(OUTCOME)));
    api.add(at("/v1/rounds/{round}/purchases").post(purchases::buy, BUYING.may(BUY)));
    api.add(at("/v1/rounds/{round}/tickets").post(tickets::join, JOINING.may(JOIN)));
    api.add(at("/v1/rounds/{round}/passes").post(tickets::claim, SHOWN_TICKET.may(CLAIM)));
    api.add(at("/v1/vouchers/{id}/spends").post(vouchers::moves::spend, SPENDING.may(SPEND)));
    api.add(at("/v1/vouchers/{id}/gifts").post(vouchers::moves::give, SPENDING.may(GIVE)));
    api.add(at("/v1/vouchers/{id}/refund").post(vouchers::moves::refund, PAYING_BACK.may(REFUND)));
    api.add(at("/v1/vouchers/{id}").get(vouchers::show, PERSON.may(VOUCHER)));
    api.add(at("/v1/vouchers").get(vouchers::list, PERSON.may(LIST)));
    api.add(at("/v1/merchants").get(merchants::search, SEARCHING.may(SEARCH)));
    api.add(at("/v1/merchants/{merchant}").get(merchants::show, ANYONE.may(MERCHANT)));
    api.add(at("/v1/purchases/{id}/cancel").post(vouchers::moves::cancel, PAYING_BACK.may(CANCEL)));
    api.add(at("/v1/purchases/{id}").get(purchases::show, PERSON.may(PURCHASE)));
    api.add(at("/v1/purchases").get(purchases::list, PERSON.may(LIST)));
    api.add(at("/v1/people/me/limits").get(people::limits, PERSON.may(REGISTERED)));
    api.add(at("/v1/people/me").get(people::me, PERSON.may(REGISTERED)));
    api.add(at("/v1/people").post(people::sign_up, SIGN_UP.may(BUSY)));
    api.add(at("/v1/rounds/{round}/events").get(events::show, ANYONE.may(STREAM)));
    api.add(at("/v1/rounds/{round}/board").get(board::show, ANYONE.may(ROUND)));
    api.add(
        at("/v1/rounds/{round}/draw/{class}/transcript")
            .get(draws::transcript, ANYONE.may(TRANSCRIPT)),
    );
    api.add(at("/v1/rounds/{round}/draw").get(draws::show, ANYONE.may(DRAW)));
    api.add(at("/v1/rounds/{round}").get(rounds::show, ANYONE.may(ROUND)));
    api.add(at("/v1/rounds").get(rounds::list, ANYONE));
    api.add(at("/v1/programs/{program}").get(programs::show, ANYONE.may(PROGRAM)));
    api.add(at("/v1/programs").get(programs::list, ANYONE));
    api.add(at("/v1/rail/webhooks").post(rail::webhook, ANYONE.body().may(HINT)));
    api.add(at("/.well-known/jwks.json").get(docs::jwks, ANYONE));
    api.add(at("/").get(pages::rounds, ANYONE));
    api.add(at("/rounds/{round}").get(pages::round, ANYONE));
    api.add(at("/me").get(pages::me, ANYONE));
    api.add(
        at("/me/vouchers/{id}/{act:cancel|refund|gift}")
            .post(pages::vouchers::act, ANYONE.body().unwritten()),
    );
    api.add(at("/pay").get(pages::pay_find::show, ANYONE));
    api.add(
        at("/pay/{merchant}")
            .get(pages::pay::show, ANYONE)
            .post(pages::pay::act, ANYONE.body().unwritten()),
    );
    api.add(at("/enter").post(pages::forms::enter, ANYONE.body().unwritten()));
    api.add(at("/exit").post(pages::forms::exit, ANYONE.body().unwritten()));
    api.add(
        at("/rounds/{round}/{act:sign-up|join|leave|claim|buy}")
            .post(pages::forms::act, ANYONE.body().unwritten()),
    );
    if is_dev {
        api.add(at("/dev/people").post(pages::dev::people, ANYONE.body().unwritten()));
    }
    api.add(at("/docs").get(docs::public, ANYONE));
    add_docs(&mut api);
    api
}

/// What operators and Prometheus call.
#[must_use]
pub fn ops() -> Api {
    let mut api = Api::default();
    api.add(at("/healthz").get(health::healthz, ANYONE));
    api.add(at("/readyz").get(health::readyz, ANYONE));
    api.add(at("/metrics").get(health::metrics, ANYONE));
    api.add(at("/version").get(health::version, ANYONE));
    api.add(
        at("/v1/admin/programs/{program}")
            .get(admin::programs::show, VIEWER.may(PROGRAM))
            .put(admin::programs::put, OPERATOR.may(BUSY)),
    );
    api.add(at("/v1/admin/programs").get(admin::programs::list, VIEWER));
    api.add(
        at("/v1/admin/rounds/{round}/inlet").patch(admin::rounds::set_inlet, OPERATOR.may(STEP)),
    );
    api.add(
        at("/v1/admin/rounds/{round}/inlet/steps")
            .post(admin::rounds::step_inlet, OPERATOR.may(STEP)),
    );
    api.add(
        at("/v1/admin/rounds/{round}/draw/shares").post(admin::draws::give, OPERATOR.may(STEP)),
    );
    api.add(
        at("/v1/admin/rounds/{round}/{step:schedule|open|pause|resume|close}")
            .post(admin::rounds::step, OPERATOR.may(LIFE)),
    );
    api.add(
        at("/v1/admin/rounds/{round}/stock/{id}/{answer:confirm|refuse}")
            .post(admin::stock::answer, APPROVER.may(ANSWER_STOCK)),
    );
    api.add(at("/v1/admin/rounds/{round}/stock").post(admin::stock::ask, OPERATOR.may(ASK_STOCK)));
    api.add(
        at("/v1/admin/rounds/{round}/settlement").get(admin::settlement::show, VIEWER.may(STREAM)),
    );
    api.add(at("/v1/admin/rounds/{round}/events").get(admin::live::round, VIEWER.may(STREAM)));
    api.add(at("/v1/admin/events").get(admin::live::house, VIEWER.may(BUSY)));
    api.add(at("/v1/admin/purchases/{id}").get(admin::purchases::show, VIEWER.may(LOOK_UP)));
    api.add(
        at("/v1/admin/rounds/{round}")
            .get(admin::rounds::show, VIEWER.may(ROUND))
            .put(admin::rounds::put, OPERATOR.may(PUT_ROUND)),
    );
    api.add(at("/v1/admin/rounds").get(admin::rounds::list, VIEWER));
    api.add(
        at("/v1/admin/notices/{id}")
            .delete(admin::notices::withdraw, OPERATOR_ALONE.may(WITHDRAW_NOTICE)),
    );
    api.add(at("/v1/admin/notices").post(admin::notices::post, OPERATOR.may(POST_NOTICE)));
    api.add(at("/v1/admin/channels").get(admin::people::channels, VIEWER));
    api.add(at("/v1/admin/people").post(admin::people::import, OPERATOR.may(BUSY)));
    api.add(
        at("/v1/admin/suspensions")
            .get(admin::suspensions::list, VIEWER)
            .put(admin::suspensions::put, OPERATOR.may(SUSPEND)),
    );
    api.add(at("/v1/admin/log").get(admin::log::list, VIEWER.may(LIST)));
    api.add(at("/").get(pages::console, ANYONE));
    api.add(at("/docs").get(docs::ops, ANYONE));
    add_docs(&mut api);
    api
}

fn add_docs(api: &mut Api) {
    api.add(at("/assets/{name}").get(pages::assets::show, ANYONE.may(&["not-found"])));
    api.add(at("/openapi.json").get(docs::document, ANYONE));
    api.add(at("/docs/{file*}").get(docs::file, ANYONE.may(&["not-found"])));
}

const BUSY: &[&str] = &["overloaded", "unavailable"];
const OUTCOME: &[&str] = &["round-not-found", "overloaded", "unavailable"];
const HINT: &[&str] = &["unauthenticated", "overloaded", "unavailable"];
const STREAM: &[&str] = &["round-not-found", "overloaded", "unavailable"];
const POST_NOTICE: &[&str] = &["round-not-found", "too-many-notices", "overloaded", "unavailable"];
const WITHDRAW_NOTICE: &[&str] = &["malformed", "notice-not-found", "overloaded", "unavailable"];
const ASK_STOCK: &[&str] = &[
    "round-not-found",
    "wrong-state",
    "ask-pending",
    "insufficient-stock",
    "overloaded",
    "unavailable",
];
const ANSWER_STOCK: &[&str] = &[
    "second-person-required",
    "round-not-found",
    "ask-not-found",
    "wrong-state",
    "insufficient-stock",
    "overloaded",
    "unavailable",
];
const LOOK_UP: &[&str] =
    &["malformed", "round-not-found", "purchase-not-found", "overloaded", "unavailable"];
const SUSPEND: &[&str] = &["program-not-found", "overloaded", "unavailable"];
const ROUND: &[&str] = &["round-not-found"];
const DRAW: &[&str] = &["not-found", "round-not-found"];
const TRANSCRIPT: &[&str] = &["not-found", "round-not-found", "unavailable"];
const PROGRAM: &[&str] = &["program-not-found"];
const PURCHASE: &[&str] = &["purchase-not-found", "overloaded", "unavailable"];
const LIST: &[&str] = &["malformed", "overloaded", "unavailable"];
const VOUCHER: &[&str] = &["malformed", "voucher-not-found", "overloaded", "unavailable"];
const SEARCH: &[&str] = &["malformed", "program-not-found"];
const MERCHANT: &[&str] = &["merchant-not-found"];
const SPEND: &[&str] = &[
    "idempotency-key-required",
    "idempotency-key-reused",
    "invalid-amount",
    "voucher-not-found",
    "merchant-not-found",
    "voucher-not-active",
    "wrong-region",
    "insufficient-balance",
    "overloaded",
    "unavailable",
];
const CANCEL: &[&str] = &[
    "body-too-large",
    "unsupported-media-type",
    "malformed",
    "idempotency-key-required",
    "idempotency-key-reused",
    "purchase-not-found",
    "voucher-not-active",
    "already-spent",
    "payback-declined",
    "overloaded",
    "unavailable",
];
const REFUND: &[&str] = &[
    "body-too-large",
    "unsupported-media-type",
    "malformed",
    "idempotency-key-required",
    "idempotency-key-reused",
    "voucher-not-found",
    "voucher-not-active",
    "gift-not-refundable",
    "insufficient-balance",
    "below-refund-threshold",
    "payback-declined",
    "overloaded",
    "unavailable",
];
const GIVE: &[&str] = &[
    // Not before the key is looked up: what was answered stays answered.
    "suspended",
    "idempotency-key-required",
    "idempotency-key-reused",
    "invalid-amount",
    "voucher-not-found",
    "receiver-not-found",
    "voucher-not-active",
    "insufficient-balance",
    "receiver-limit-exceeded",
    "overloaded",
    "unavailable",
];
const REGISTERED: &[&str] = &["not-registered", "overloaded", "unavailable"];
const STEP: &[&str] = &["not-found", "round-not-found", "wrong-state", "overloaded", "unavailable"];
const LIFE: &[&str] = &[
    "second-person-required",
    "not-found",
    "round-not-found",
    "ask-not-found",
    "wrong-state",
    "ask-pending",
    "overloaded",
    "unavailable",
];
const PUT_ROUND: &[&str] =
    &["second-person-required", "program-not-found", "wrong-state", "overloaded", "unavailable"];
const JOIN: &[&str] = &[
    "malformed",
    "body-too-large",
    "unsupported-media-type",
    "round-not-found",
    "not-registered",
    "channel-not-allowed",
    "round-not-open",
    "not-eligible",
    "sold-out",
    "overloaded",
    "unavailable",
];
const CLAIM: &[&str] = &[
    "malformed",
    "body-too-large",
    "unsupported-media-type",
    "round-not-found",
    "round-not-open",
    "not-eligible",
    "not-yet",
    "turn-passed",
    "sold-out",
    "overloaded",
    "unavailable",
];
const BUY: &[&str] = &[
    "idempotency-key-required",
    "idempotency-key-reused",
    "invalid-amount",
    "round-not-found",
    "not-registered",
    "channel-not-allowed",
    "round-not-open",
    "not-eligible",
    "pass-required",
    "pass-invalid",
    "pass-expired",
    "pass-used",
    "monthly-limit-exceeded",
    "holding-limit-exceeded",
    "sold-out",
    "insufficient-stock",
    "payment-declined",
    "overloaded",
    "unavailable",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem_table::TABLE;

    #[test]
    fn every_code_that_a_route_names_stands_in_the_table() {
        for route in public(true).declared().into_iter().chain(ops().declared()) {
            for code in route.terms.codes() {
                assert!(TABLE.iter().any(|entry| entry.code == code), "{}: {code}", route.path);
            }
        }
    }

    #[test]
    fn the_ladders_are_named_in_order() {
        let places = |code: &&str| TABLE.iter().position(|entry| entry.code == *code);
        for ladder in [BUY, SPEND, CANCEL, REFUND, GIVE] {
            assert!(ladder.is_sorted_by_key(places), "{ladder:?}");
        }
    }
}
