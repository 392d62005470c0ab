//! What `openrun round` and `openrun program` say, in Korean or English as the shell is set.
//!
//! Words only: labels of figures, and what to do about a refusal. The refusals themselves come from
//! the server in the same language.

use serde_json::Value;

pub(in crate::cli) use crate::http::language::Language;

/// A field of an answer, in both languages.
const LABELS: &[(&str, &str, &str)] = &[
    ("id", "id", "아이디"),
    ("state", "state", "상태"),
    ("version", "version", "버전"),
    ("program_id", "program", "상품권"),
    ("stock_won", "stock", "판매 총액"),
    ("sold_won", "sold", "판매됨"),
    ("held_won", "held", "결제 중"),
    ("left_won", "left", "남은 금액"),
    ("purchases", "purchases", "구매 건수"),
    ("waiting", "waiting", "대기 인원"),
    ("active", "active", "입장 인원"),
    ("watermark", "watermark", "입장 번호 상한"),
    ("last_number", "last number", "마지막 번호"),
    ("phase", "phase", "단계"),
    ("opens_at", "opens", "시작"),
    ("closes_at", "closes", "종료"),
    ("rate_per_s", "people a second", "초당 입장 인원"),
    ("max_active", "most active", "최대 입장 인원"),
    ("claim_window_s", "claim window, s", "입장 확인 시한(초)"),
    ("pass_ttl_s", "pass lives, s", "입장권 유효 시간(초)"),
    ("mode", "mode", "조절 방식"),
    ("step", "step", "단계"),
    ("change_won", "change", "변경 금액"),
    ("window_id", "window", "시간대"),
    ("asked_by", "asked by", "요청자"),
    ("asked_at", "asked at", "요청 시각"),
    ("reason", "reason", "사유"),
    ("expires_at", "stands until", "유효 시한"),
    ("at", "when", "시각"),
    ("actor", "who", "누가"),
    ("role", "role", "역할"),
    ("action", "what", "작업"),
    ("target", "to what", "대상"),
    ("feature", "feature", "기능"),
    ("from", "from", "시작"),
    ("until", "until", "종료"),
    ("when_waiting_over", "while more wait than", "대기 인원 초과 시"),
    ("ko", "Korean", "한국어"),
    ("en", "English", "영어"),
    ("issuer", "issuer", "발행처"),
    ("effective_from", "rules from", "규칙 시작"),
    ("discount_bps", "discount, bps", "할인율(bps)"),
    ("unit_won", "unit", "구매 단위"),
    ("monthly_limit_won", "limit a month", "월 구매 한도"),
    ("holding_limit_won", "limit of holding", "보유 한도"),
    ("refund_threshold_bps", "refund from, bps", "환불 기준(bps)"),
    ("round_id", "round", "회차"),
    ("amount_won", "amount", "금액"),
    ("price_won", "price", "결제 금액"),
    ("subsidy_won", "subsidy", "지원금"),
    ("month", "month", "한도 월"),
    ("channel", "channel", "채널"),
    ("class", "line", "줄"),
    ("number", "number", "번호"),
    ("created_at", "made at", "구매 시각"),
    ("updated_at", "changed at", "변경 시각"),
    ("field", "figure", "항목"),
    ("to", "to", "변경 후"),
];

/// Words of states, which an answer says in English.
const STATES: &[(&str, &str)] = &[
    ("draft", "준비 중"),
    ("scheduled", "예약됨"),
    ("lobby", "대기실"),
    ("open", "판매 중"),
    ("paused", "일시 정지"),
    ("sold_out", "매진"),
    ("closed", "종료"),
];

/// What to do about a refusal.
const CURES: &[(&str, &str, &str)] = &[
    (
        "unauthenticated",
        "give a token that is good now (--token-file or OPENRUN_STAFF_TOKEN), or the server's own \
         keys with --data",
        "유효한 토큰(--token-file 또는 OPENRUN_STAFF_TOKEN)이나 서버의 키(--data)를 주세요",
    ),
    (
        "second-person-required",
        "let another person confirm with a token of their own",
        "다른 사람이 자신의 토큰으로 승인해야 합니다",
    ),
    (
        "version-changed",
        "look again with `show`, then repeat with --if-version and the version that it names",
        "`show`로 다시 확인한 뒤, 표시된 버전을 --if-version에 넣어 다시 실행하세요",
    ),
    (
        "round-not-found",
        "`openrun round list` names those that are there",
        "`openrun round list`로 있는 회차를 확인하세요",
    ),
    (
        "program-not-found",
        "`openrun program list` names those that are there",
        "`openrun program list`로 있는 상품권을 확인하세요",
    ),
    (
        "ask-not-found",
        "`openrun round show` tells whether one waits; who asks again asks anew",
        "`openrun round show`로 대기 중인 요청을 확인하고, 필요하면 새로 요청하세요",
    ),
    (
        "ask-pending",
        "answer the one that waits: `stock confirm` or `stock refuse`, for an opening `open --confirm` or \
         `schedule --confirm`",
        "먼저 대기 중인 요청을 처리하세요: 재고는 `stock confirm`이나 `stock refuse`, 판매 시작은 `open --confirm`이나 `schedule --confirm`",
    ),
    (
        "too-many-notices",
        "withdraw one: `openrun round show` names them",
        "`openrun round show`에 나오는 공지를 하나 내리세요",
    ),
];

/// The language of the shell that this runs in.
pub(in crate::cli) trait Here {
    /// As `LC_ALL`, `LC_MESSAGES` or `LANG` says, in this order.
    fn here() -> Self;
}

impl Here for Language {
    fn here() -> Language {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        of_locale(set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).as_deref())
    }
}

fn of_locale(locale: Option<&str>) -> Language {
    let is_korean = locale.is_some_and(|it| it == "ko" || it.starts_with("ko_"));
    if is_korean { Language::Korean } else { Language::English }
}

/// What a field is called; as it stands when it has no other name.
pub(super) fn label(language: Language, field: &str) -> String {
    let found = LABELS.iter().find(|(name, ..)| *name == field);
    found.map_or(field, |(_, english, korean)| language.pick(english, korean)).to_owned()
}

/// A state in this language.
pub(super) fn state(language: Language, word: &str) -> String {
    let found = STATES.iter().find(|(name, _)| *name == word);
    let spoken = word.replace('_', " ");
    found.map_or(spoken.clone(), |(_, korean)| language.pick(&spoken, korean).to_owned())
}

/// What to do about a refusal; nothing when its own words say it.
pub(super) fn cure(language: Language, problem: &Value, retry: Option<u64>, role: &str) -> String {
    let code = problem["code"].as_str().unwrap_or_default();
    if let Some(seconds) = retry {
        let english = format!("ask again in {seconds} s");
        return language.pick(&english, &format!("{seconds}초 뒤에 다시 시도하세요")).to_owned();
    }
    if code == "forbidden" {
        let english = format!("this takes a token in the role of {role}");
        let korean = format!("{role} 역할의 토큰이 필요합니다");
        return language.pick(&english, &korean).to_owned();
    }
    if let Some(stands) = problem["state"].as_str() {
        let english = format!("the round is {}", state(Language::English, stands));
        let korean = format!("현재 상태: {}", state(Language::Korean, stands));
        return language.pick(&english, &korean).to_owned();
    }
    if let Some(left) = problem["remaining_won"].as_i64() {
        let english = format!("{left} won are left");
        return language.pick(&english, &format!("{left}원이 남아 있습니다")).to_owned();
    }
    let found = CURES.iter().find(|(name, ..)| *name == code);
    found.map_or("", |(_, english, korean)| language.pick(english, korean)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem_table::TABLE;
    use serde_json::json;

    #[test]
    fn the_shell_says_which_language() {
        for (locale, language) in [
            (Some("ko_KR.UTF-8"), Language::Korean),
            (Some("ko"), Language::Korean),
            (Some("kok_IN"), Language::English),
            (Some("en_US.UTF-8"), Language::English),
            (Some("C"), Language::English),
            (None, Language::English),
        ] {
            assert_eq!(of_locale(locale), language, "{locale:?}");
        }
    }

    #[test]
    fn every_label_and_cure_is_in_both_languages_and_every_cure_is_for_a_code() {
        let is_korean = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
        for (name, english, korean) in LABELS {
            assert!(english.is_ascii() && is_korean(korean), "{name}");
        }
        for (code, english, korean) in CURES {
            assert!(english.is_ascii() && is_korean(korean), "{code}");
            assert!(TABLE.iter().any(|entry| entry.code == *code), "{code}");
        }
    }

    #[test]
    fn a_cure_says_what_to_do_by_the_facts_of_the_refusal() {
        let check = |problem: Value, retry: Option<u64>, want: &str| {
            assert_eq!(cure(Language::English, &problem, retry, "approver"), want);
        };
        check(json!({"code": "unavailable"}), Some(3), "ask again in 3 s");
        check(json!({"code": "forbidden"}), None, "this takes a token in the role of approver");
        check(json!({"code": "wrong-state", "state": "sold_out"}), None, "the round is sold out");
        let stock = json!({"code": "insufficient-stock", "remaining_won": 5});
        check(stock, None, "5 won are left");
        check(json!({"code": "malformed"}), None, "");
    }
}
