//! Answers as people read them in a terminal: figures in two columns, lists as tables.
//!
//! Columns are as wide as they look: a Korean syllable takes two places.

use super::words::{Language, label, state};
use crate::http::time::Moment;
use serde_json::Value;

/// What stands where there is nothing.
const NOTHING: &str = "-";

/// Figures of one thing, a line each, those that are there.
pub(super) fn figures(language: Language, of: &Value, fields: &[&str]) -> String {
    let there = fields.iter().filter(|field| !of[**field].is_null());
    let rows: Vec<Vec<String>> =
        there.map(|name| vec![label(language, name), shown(language, name, &of[*name])]).collect();
    aligned(&rows, 0)
}

/// A list of things, a line each under the names of their fields.
pub(super) fn list(language: Language, of: &Value, fields: &[&str]) -> String {
    let mut rows = vec![fields.iter().map(|name| label(language, name)).collect::<Vec<_>>()];
    for one in of.as_array().into_iter().flatten() {
        rows.push(fields.iter().map(|name| shown(language, name, &one[*name])).collect());
    }
    aligned(&rows, 0)
}

/// A figure as it is read: money and counts in groups of three, states in words.
fn shown(language: Language, field: &str, value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) if field != "version" => grouped(whole),
            _ => number.to_string(),
        },
        Value::String(text) if field == "state" => state(language, text),
        Value::String(text) if Moment::parse(text).is_some() => text.replace('T', " "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Rows whose columns begin under each other, behind so many spaces.
pub(in crate::cli) fn aligned(rows: &[Vec<String>], indent: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| wide(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        for (column, cell) in row.iter().enumerate() {
            line.push_str(cell);
            line.push_str(&" ".repeat(widths[column] + 2 - wide(cell)));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// How many places of a terminal a text takes.
fn wide(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// Hangul, Chinese characters and their punctuation.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn figures_stand_under_each_other_in_both_languages() {
        let round = json!({"state": "sold_out", "sold_won": 25_000_000_000_i64, "version": 1234,
            "opens_at": "2022-07-14T10:00:00+09:00", "left_won": null});
        let fields = ["state", "version", "sold_won", "left_won", "opens_at"];
        let english = "state    sold out\nversion  1234\nsold     25,000,000,000\n\
                       opens    2022-07-14 10:00:00+09:00\n";
        assert_eq!(figures(Language::English, &round, &fields), english);
        let korean = "상태    매진\n버전    1234\n판매됨  25,000,000,000\n\
                      시작    2022-07-14 10:00:00+09:00\n";
        assert_eq!(figures(Language::Korean, &round, &fields), korean);
    }

    #[test]
    fn a_list_names_its_columns_and_says_where_there_is_nothing() {
        let rounds = json!([{"id": "r1", "waiting": 1_234}, {"id": "seoul", "waiting": null}]);
        let want = "id     waiting\nr1     1,234\nseoul  -\n";
        assert_eq!(list(Language::English, &rounds, &["id", "waiting"]), want);
        assert_eq!(list(Language::English, &Value::Null, &["id"]), "id\n");
    }

    #[test]
    fn numbers_are_grouped_whatever_their_sign() {
        for (number, text) in [(0, "0"), (999, "999"), (-1_000, "-1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
    }
}
