//! The one table of errors: what each refusal is over HTTP, in both languages.
//!
//! Every code of the core stands here once; a test holds the two against each other. Words only:
//! how a problem is written is in [`super::problem`].

use actix_web::http::StatusCode;

/// One kind of problem.
pub struct Entry {
    /// The stable code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// English: title, then detail.
    pub en: (&'static str, &'static str),
    /// Korean: title, then detail.
    pub ko: (&'static str, &'static str),
}

type Words = (&'static str, &'static str);

const fn entry(code: &'static str, status: StatusCode, en: Words, ko: Words) -> Entry {
    Entry { code, status, en, ko }
}

/// The entry of a code.
///
/// # Panics
/// Never: a test holds the table against the codes of the core.
#[must_use]
pub fn of(code: &str) -> &'static Entry {
    TABLE.iter().find(|entry| entry.code == code).expect("every code stands in the table")
}

/// All problems, in order of precedence.
pub const TABLE: &[Entry] = &[
    entry(
        "suspended",
        StatusCode::CONFLICT,
        ("Switched off for a time", "the operator has switched this off until the time given"),
        ("일시 중단되었습니다", "운영자가 표시된 시각까지 이 기능을 중단했습니다"),
    ),
    entry(
        "unauthenticated",
        StatusCode::UNAUTHORIZED,
        ("Not signed in", "the token is missing, expired, or not from a known issuer"),
        ("로그인이 필요합니다", "토큰이 없거나 만료되었거나 알 수 없는 발급자의 것입니다"),
    ),
    entry(
        "forbidden",
        StatusCode::FORBIDDEN,
        ("Not allowed", "the role in the token does not give this right"),
        ("권한이 없습니다", "토큰의 역할로는 이 작업을 할 수 없습니다"),
    ),
    entry(
        "second-person-required",
        StatusCode::FORBIDDEN,
        ("Somebody else must confirm", "who asked for this cannot confirm it as well"),
        ("다른 사람이 승인해야 합니다", "요청한 사람은 자신의 요청을 승인할 수 없습니다"),
    ),
    entry(
        "body-too-large",
        StatusCode::PAYLOAD_TOO_LARGE,
        ("Request too large", "the body is larger than 16 KiB"),
        ("요청이 너무 큽니다", "본문이 16 KiB를 넘습니다"),
    ),
    entry(
        "unsupported-media-type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ("Not JSON", "the body is sent as application/json, without a content encoding"),
        ("JSON이 아닙니다", "본문은 압축하지 않은 application/json으로 보내야 합니다"),
    ),
    entry(
        "malformed",
        StatusCode::BAD_REQUEST,
        ("Request cannot be read", "a field is missing, unknown or of the wrong type"),
        ("요청을 읽을 수 없습니다", "필드가 없거나 알 수 없거나 형식이 맞지 않습니다"),
    ),
    entry(
        "idempotency-key-required",
        StatusCode::BAD_REQUEST,
        ("Idempotency-Key missing", "a purchase needs an Idempotency-Key header"),
        ("Idempotency-Key가 없습니다", "구매 요청에는 Idempotency-Key 헤더가 필요합니다"),
    ),
    entry(
        "idempotency-key-reused",
        StatusCode::UNPROCESSABLE_ENTITY,
        ("Idempotency-Key used before", "this key was used for another request: take a new one"),
        ("이미 사용된 Idempotency-Key입니다", "다른 요청에 쓰인 키입니다. 새 키를 사용하세요"),
    ),
    entry(
        "invalid-amount",
        StatusCode::UNPROCESSABLE_ENTITY,
        ("Amount not possible", "a positive multiple of the unit, up to the monthly limit"),
        ("구매할 수 없는 금액입니다", "구매 단위의 배수이고 월 한도 이내여야 합니다"),
    ),
    entry(
        "program-not-found",
        StatusCode::NOT_FOUND,
        ("No such program", "there is no program of this name"),
        ("상품권을 찾을 수 없습니다", "해당하는 상품권이 없습니다"),
    ),
    entry(
        "round-not-found",
        StatusCode::NOT_FOUND,
        ("No such round", "there is no round of this name"),
        ("판매 회차를 찾을 수 없습니다", "해당하는 판매 회차가 없습니다"),
    ),
    entry(
        "purchase-not-found",
        StatusCode::NOT_FOUND,
        ("No such purchase", "there is no purchase of yours with this id"),
        ("구매 내역을 찾을 수 없습니다", "해당하는 본인의 구매 내역이 없습니다"),
    ),
    entry(
        "voucher-not-found",
        StatusCode::NOT_FOUND,
        ("No such voucher", "there is no voucher of yours with this id"),
        ("상품권을 찾을 수 없습니다", "해당하는 본인의 상품권이 없습니다"),
    ),
    entry(
        "merchant-not-found",
        StatusCode::NOT_FOUND,
        ("No such merchant", "there is no merchant with this id"),
        ("가맹점을 찾을 수 없습니다", "해당하는 가맹점이 없습니다"),
    ),
    entry(
        "receiver-not-found",
        StatusCode::NOT_FOUND,
        ("Receiver not found", "nobody who signed up has this id"),
        ("받는 분을 찾을 수 없습니다", "가입한 회원 가운데 해당하는 분이 없습니다"),
    ),
    entry(
        "notice-not-found",
        StatusCode::NOT_FOUND,
        ("No such notice", "there is no notice with this id, or its time is over"),
        ("공지를 찾을 수 없습니다", "해당하는 공지가 없거나 게시 기간이 지났습니다"),
    ),
    entry(
        "ask-not-found",
        StatusCode::NOT_FOUND,
        ("Nothing asked for", "nobody asked for this, it was answered, or its time is over"),
        ("요청을 찾을 수 없습니다", "해당하는 요청이 없거나 이미 처리되었거나 시한이 지났습니다"),
    ),
    entry(
        "not-found",
        StatusCode::NOT_FOUND,
        ("No such page", "nothing is served under this path"),
        ("페이지를 찾을 수 없습니다", "이 경로에는 아무것도 없습니다"),
    ),
    entry(
        "method-not-allowed",
        StatusCode::METHOD_NOT_ALLOWED,
        ("Method not allowed", "the Allow header names the methods of this path"),
        ("지원하지 않는 메서드입니다", "가능한 메서드는 Allow 헤더에 있습니다"),
    ),
    entry(
        "version-changed",
        StatusCode::PRECONDITION_FAILED,
        (
            "Changed meanwhile",
            "somebody else, or the clock, changed it after you looked: nothing was done, look again",
        ),
        (
            "그사이 변경되었습니다",
            "보신 뒤에 다른 사람이나 예약된 일정이 바꾸었습니다. 처리된 것이 없으니 다시 확인해 주세요",
        ),
    ),
    entry(
        "not-registered",
        StatusCode::FORBIDDEN,
        ("Not signed up", "sign up first: POST /v1/people"),
        ("회원 가입이 필요합니다", "먼저 회원 가입을 해 주세요"),
    ),
    entry(
        "channel-not-allowed",
        StatusCode::FORBIDDEN,
        ("Not sold in this app", "this voucher is not sold through this channel"),
        ("이 앱에서는 판매하지 않습니다", "이 상품권은 이 채널에서 판매하지 않습니다"),
    ),
    entry(
        "round-not-open",
        StatusCode::CONFLICT,
        ("Not on sale now", "the round is not selling at this moment"),
        ("지금은 판매 중이 아닙니다", "현재 이 회차는 판매 중이 아닙니다"),
    ),
    entry(
        "wrong-state",
        StatusCode::CONFLICT,
        (
            "Not possible in this state",
            "the round cannot go there from its state; once it is scheduled, the order and the \
             shares of its draw stand",
        ),
        (
            "현재 상태에서는 할 수 없습니다",
            "회차의 현재 상태에서는 할 수 없는 작업입니다. 예약된 회차의 추첨 방식과 참여 값은 \
             바꿀 수 없습니다",
        ),
    ),
    entry(
        "too-many-notices",
        StatusCode::CONFLICT,
        ("Too many notices", "the round has as many as anybody reads: withdraw one first"),
        ("공지가 너무 많습니다", "이 회차의 공지가 한도에 이르렀습니다. 먼저 하나를 내려 주세요"),
    ),
    entry(
        "ask-pending",
        StatusCode::CONFLICT,
        ("Another one is waiting", "what was asked for before still waits for its second person"),
        ("대기 중인 요청이 있습니다", "먼저 올린 요청이 아직 승인을 기다리고 있습니다"),
    ),
    entry(
        "not-eligible",
        StatusCode::FORBIDDEN,
        ("Not your window", "no window that you may buy in is open now"),
        ("구매 가능한 시간이 아닙니다", "지금은 구매하실 수 있는 판매 시간이 아닙니다"),
    ),
    entry(
        "ticket-invalid",
        StatusCode::FORBIDDEN,
        ("Ticket not valid", "the ticket is missing, not genuine, or for another round"),
        ("대기표가 유효하지 않습니다", "대기표가 없거나 위조되었거나 다른 회차의 것입니다"),
    ),
    entry(
        "not-yet",
        StatusCode::CONFLICT,
        ("Not your turn yet", "your number has not been called: you keep your place"),
        ("아직 차례가 아닙니다", "번호가 아직 호출되지 않았습니다. 순서는 그대로 유지됩니다"),
    ),
    entry(
        "turn-passed",
        StatusCode::CONFLICT,
        ("Your turn has passed", "it was not claimed in time, given up, or already used"),
        ("차례가 지났습니다", "제때 확인하지 않았거나 포기했거나 이미 사용한 차례입니다"),
    ),
    entry(
        "pass-required",
        StatusCode::FORBIDDEN,
        ("Pass missing", "a purchase needs an Openrun-Pass header: wait for your turn"),
        ("입장권이 없습니다", "구매하려면 차례를 기다려 입장권을 받아야 합니다"),
    ),
    entry(
        "pass-invalid",
        StatusCode::FORBIDDEN,
        ("Pass not valid", "the pass is not genuine, not yours, or for another round"),
        ("입장권이 유효하지 않습니다", "위조되었거나 본인의 것이 아니거나 다른 회차의 것입니다"),
    ),
    entry(
        "pass-expired",
        StatusCode::FORBIDDEN,
        ("Pass expired", "the pass was not used in time: join the line again"),
        ("입장권이 만료되었습니다", "제한 시간 안에 사용하지 않았습니다. 다시 줄을 서 주세요"),
    ),
    entry(
        "pass-used",
        StatusCode::FORBIDDEN,
        ("Pass already used", "a pass is good for one purchase, and it was made"),
        ("이미 사용한 입장권입니다", "입장권 하나로 한 번만 구매할 수 있습니다"),
    ),
    entry(
        "monthly-limit-exceeded",
        StatusCode::CONFLICT,
        ("Above the monthly limit", "more than may still be bought this month"),
        ("월 구매 한도를 넘습니다", "이번 달에 더 살 수 있는 금액을 넘습니다"),
    ),
    entry(
        "holding-limit-exceeded",
        StatusCode::CONFLICT,
        ("Above the holding limit", "more than may still be held"),
        ("보유 한도를 넘습니다", "더 보유할 수 있는 금액을 넘습니다"),
    ),
    entry(
        "sold-out",
        StatusCode::CONFLICT,
        ("Sold out", "nothing is left"),
        ("모두 판매되었습니다", "남은 수량이 없습니다"),
    ),
    entry(
        "insufficient-stock",
        StatusCode::CONFLICT,
        ("Less is left", "less is left than was asked for"),
        ("남은 금액이 부족합니다", "요청한 금액보다 적게 남았습니다"),
    ),
    entry(
        "voucher-not-active",
        StatusCode::CONFLICT,
        (
            "Voucher not usable",
            "it is being paid back, was cancelled or refunded, or its time is over",
        ),
        ("사용할 수 없는 상품권입니다", "환불 중이거나 취소·환불되었거나 유효 기간이 지났습니다"),
    ),
    entry(
        "wrong-region",
        StatusCode::FORBIDDEN,
        ("Not taken here", "this merchant does not take this voucher"),
        ("이 가맹점에서는 쓸 수 없습니다", "이 상품권을 받지 않는 가맹점입니다"),
    ),
    entry(
        "already-spent",
        StatusCode::CONFLICT,
        ("Already used in part", "only a voucher that is wholly unused can be cancelled"),
        ("이미 사용한 상품권입니다", "전혀 사용하지 않은 상품권만 취소할 수 있습니다"),
    ),
    entry(
        "gift-not-refundable",
        StatusCode::CONFLICT,
        ("A gift is not refunded", "a voucher that was given can be spent, not refunded"),
        ("선물받은 상품권은 환불되지 않습니다", "선물받은 상품권은 사용만 할 수 있습니다"),
    ),
    entry(
        "insufficient-balance",
        StatusCode::CONFLICT,
        ("Balance too low", "less is in the voucher than was asked for"),
        ("잔액이 부족합니다", "상품권의 잔액이 요청한 금액보다 적습니다"),
    ),
    entry(
        "below-refund-threshold",
        StatusCode::CONFLICT,
        ("Too little was spent", "the balance is refunded once enough of the voucher was spent"),
        ("아직 환불할 수 없습니다", "상품권을 정해진 비율 이상 사용해야 잔액이 환불됩니다"),
    ),
    entry(
        "receiver-limit-exceeded",
        StatusCode::CONFLICT,
        ("The receiver cannot take it", "this is more than the receiver may be given now"),
        ("받는 분의 한도를 넘습니다", "받는 분이 지금 받을 수 있는 금액을 넘습니다"),
    ),
    entry(
        "payment-declined",
        StatusCode::PAYMENT_REQUIRED,
        ("Payment declined", "nothing was bought; the pass stays valid"),
        ("결제가 거절되었습니다", "구매되지 않았습니다. 입장권은 그대로 유효합니다"),
    ),
    entry(
        "payback-declined",
        StatusCode::CONFLICT,
        ("Money not given back", "the payment service refused; the voucher is as it was"),
        ("환불이 거절되었습니다", "결제사가 거절했습니다. 상품권은 그대로입니다"),
    ),
    entry(
        "overloaded",
        StatusCode::SERVICE_UNAVAILABLE,
        (
            "Too busy right now",
            "this call did nothing; ask again after Retry-After, with the same key where there is one",
        ),
        (
            "지금은 요청이 많습니다",
            "이번 요청으로 처리된 것은 없습니다. 잠시 후 같은 키로 다시 시도해 주세요",
        ),
    ),
    entry(
        "unavailable",
        StatusCode::SERVICE_UNAVAILABLE,
        ("Out of order for a moment", "ask again after Retry-After, with the same key"),
        ("잠시 이용할 수 없습니다", "잠시 후 같은 키로 다시 시도해 주세요"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use openrun_core::Refusal;

    #[test]
    fn every_refusal_stands_in_the_table_once_and_in_order() {
        let codes: Vec<&str> = TABLE.iter().map(|entry| entry.code).collect();
        let refusals = Refusal::one_of_each();
        assert_eq!(codes, refusals.iter().map(Refusal::code).collect::<Vec<_>>());
    }

    #[test]
    fn both_languages_are_complete() {
        let is_korean = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
        for entry in TABLE {
            for text in [entry.en.0, entry.en.1] {
                assert!(!text.is_empty() && text.is_ascii(), "{}: {text}", entry.code);
            }
            for text in [entry.ko.0, entry.ko.1] {
                assert!(is_korean(text), "{}: {text}", entry.code);
            }
            assert!(entry.status.is_client_error() || entry.status.as_u16() == 503);
        }
    }

    #[test]
    fn statuses_are_those_of_the_contract() {
        for (code, status) in [
            ("unauthenticated", 401),
            ("malformed", 400),
            ("body-too-large", 413),
            ("unsupported-media-type", 415),
            ("idempotency-key-required", 400),
            ("idempotency-key-reused", 422),
            ("invalid-amount", 422),
            ("round-not-found", 404),
            ("not-registered", 403),
            ("round-not-open", 409),
            ("not-eligible", 403),
            ("pass-required", 403),
            ("pass-used", 403),
            ("monthly-limit-exceeded", 409),
            ("holding-limit-exceeded", 409),
            ("sold-out", 409),
            ("insufficient-stock", 409),
            ("payment-declined", 402),
            ("overloaded", 503),
            ("unavailable", 503),
        ] {
            assert_eq!(of(code).status.as_u16(), status, "{code}");
        }
    }
}
