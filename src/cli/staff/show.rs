//! How each answer of the server is shown. What a field is called is in [`super::words`].

use super::desk::Desk;
use super::table::{aligned, figures, list};
use super::words::{Here, Language};
use serde_json::Value;

/// What an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    Rounds,
    Round,
    StockAsk,
    Notice,
    Notices,
    Draw,
    Suspensions,
    Log,
    Purchase,
    Programs,
    Program,
}

const ROUNDS: &[&str] = &[
    "id",
    "state",
    "stock_won",
    "sold_won",
    "held_won",
    "left_won",
    "purchases",
    "waiting",
    "version",
];
const ROUND: &[&str] = &[
    "id",
    "state",
    "version",
    "program_id",
    "stock_won",
    "sold_won",
    "held_won",
    "left_won",
    "purchases",
    "waiting",
    "active",
    "watermark",
    "last_number",
];
const WINDOWS: &[&str] =
    &["id", "phase", "opens_at", "closes_at", "stock_won", "sold_won", "held_won", "left_won"];
const INLET: &[&str] = &["rate_per_s", "max_active", "claim_window_s", "pass_ttl_s", "mode"];
const ASK: &[&str] =
    &["id", "window_id", "change_won", "asked_by", "reason", "asked_at", "expires_at"];
const OPENING: &[&str] = &["step", "asked_by", "asked_at", "expires_at"];
const LOG: &[&str] = &["at", "actor", "role", "action", "target", "reason"];
const PURCHASE: &[&str] = &[
    "id",
    "state",
    "round_id",
    "program_id",
    "window_id",
    "channel",
    "amount_won",
    "price_won",
    "subsidy_won",
    "month",
    "class",
    "number",
    "created_at",
    "updated_at",
];
const RULES: &[&str] = &[
    "effective_from",
    "discount_bps",
    "unit_won",
    "monthly_limit_won",
    "holding_limit_won",
    "refund_threshold_bps",
];

/// An answer as people read it, or as the server said it.
pub(super) fn answer(desk: &Desk, shown: As, answer: &Value) -> String {
    if desk.is_json() {
        return format!("{answer:#}\n");
    }
    text(Language::here(), shown, answer)
}

fn text(language: Language, shown: As, answer: &Value) -> String {
    if answer["dry_run"] == true {
        return tried(language, answer);
    }
    match shown {
        As::Rounds => list(language, &answer["rounds"], ROUNDS),
        As::Round => round(language, answer),
        As::StockAsk => {
            let head = language.pick(
                "asked; a second person must confirm",
                "요청했습니다. 다른 사람의 승인이 필요합니다",
            );
            format!("{head}\n{}", figures(language, answer, ASK))
        }
        As::Notice => notices(language, std::slice::from_ref(answer)),
        As::Notices => notices(language, array(&answer["notices"])),
        As::Draw => format!("{answer:#}\n"),
        As::Suspensions => {
            let fields = ["feature", "from", "until", "program_id", "when_waiting_over"];
            let head = figures(language, answer, &["version"]);
            format!("{head}\n{}", list(language, &answer["suspensions"], &fields))
        }
        As::Log => log(language, answer),
        As::Purchase => figures(language, answer, PURCHASE),
        As::Programs => list(language, &answer["programs"], &["id", "issuer", "version"]),
        As::Program => {
            let head = figures(language, answer, &["id", "issuer", "version"]);
            format!("{head}\n{}", list(language, &answer["versions"], RULES))
        }
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn round(language: Language, answer: &Value) -> String {
    let mut text = figures(language, answer, ROUND);
    text += &figures(language, &answer["inlet"], INLET);
    text += &format!("\n{}", list(language, &answer["windows"], WINDOWS));
    if !answer["opening_ask"].is_null() {
        let head = language.pick(
            "opening waits for a second person (--confirm):",
            "판매 시작이 다른 사람의 승인을 기다립니다(--confirm):",
        );
        text += &format!("\n{head}\n{}", figures(language, &answer["opening_ask"], OPENING));
    }
    if !answer["stock_ask"].is_null() {
        let head = language.pick("waits for a second person:", "승인 대기 중인 요청:");
        text += &format!("\n{head}\n{}", figures(language, &answer["stock_ask"], ASK));
    }
    if !array(&answer["notices"]).is_empty() {
        text += &format!("\n{}", notices(language, array(&answer["notices"])));
    }
    text
}

fn notices(language: Language, all: &[Value]) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |notice: &Value| {
        let words = &notice["message"][language.tag()];
        vec![text(&notice["id"]), text(&notice["until"]), text(words)]
    };
    if all.is_empty() {
        return format!("{}\n", language.pick("no notices", "공지가 없습니다"));
    }
    aligned(&all.iter().map(line).collect::<Vec<_>>(), 0)
}

fn log(language: Language, answer: &Value) -> String {
    let mut text = list(language, &answer["entries"], LOG);
    if let Some(cursor) = answer["next_cursor"].as_str() {
        let more = language.pick("older ones", "이전 기록");
        text += &format!("{more}: --cursor {cursor}\n");
    }
    text
}

/// What a dry run says.
fn tried(language: Language, answer: &Value) -> String {
    let changes = array(&answer["changes"]);
    if changes.is_empty() {
        return format!("{}\n", language.pick("nothing would change", "바뀌는 것이 없습니다"));
    }
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let line = |change: &Value| {
        let to = format!("{} → {}", plain(&change["from"]), plain(&change["to"]));
        vec![plain(&change["field"]), to]
    };
    let head = language.pick("would change (nothing was done):", "바뀔 내용(실행하지 않았습니다):");
    let rows: Vec<Vec<String>> = changes.iter().map(line).collect();
    format!("{head}\n{}", aligned(&rows, 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_dry_run_says_what_would_change_and_that_nothing_was_done() {
        let answer = json!({"dry_run": true, "changes": [
            {"field": "state", "from": "draft", "to": "open"},
            {"field": "windows.all.left_won", "from": 5, "to": null}]});
        let want = "would change (nothing was done):\n  state                 draft → open\n  \
                    windows.all.left_won  5 → -\n";
        assert_eq!(text(Language::English, As::Round, &answer), want);
        let none = json!({"dry_run": true, "changes": []});
        assert_eq!(text(Language::Korean, As::Round, &none), "바뀌는 것이 없습니다\n");
    }

    #[test]
    fn a_round_is_shown_with_what_waits_for_a_second_person() {
        let answer = json!({"id": "r1", "state": "open", "version": 7, "sold_won": 400_000,
            "windows": [{"id": "all", "phase": "open", "left_won": 10_000}],
            "stock_ask": {"id": "x", "change_won": -10_000}, "inlet": {"mode": "auto"},
            "notices": [{"id": "n", "until": null, "message": {"ko": "가", "en": "a notice"}}]});
        let shown = text(Language::English, As::Round, &answer);
        for wanted in ["version  7", "sold     400,000", "waits for a second person:", "a notice"] {
            assert!(shown.contains(wanted), "{wanted}: {shown}");
        }
        assert!(text(Language::Korean, As::Round, &answer).contains("판매 중"));
    }

    #[test]
    fn a_log_says_how_to_see_more() {
        let entry = json!({"at": "2022-07-14T10:00:00+09:00", "actor": "kim", "role": "operator",
            "action": "open", "target": "r1", "reason": "as announced"});
        let answer = json!({"entries": [entry], "next_cursor": "1-2-3"});
        let shown = text(Language::English, As::Log, &answer);
        assert!(shown.contains("2022-07-14 10:00:00+09:00  kim"), "{shown}");
        assert!(shown.ends_with("older ones: --cursor 1-2-3\n"), "{shown}");
    }
}
