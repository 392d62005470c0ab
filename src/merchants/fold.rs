//! Text as it is searched: one spelling for what people take for the same.
//!
//! Composed (NFC: files from some systems spell 가 as two characters), in lower case, and without
//! spaces, which Korean names have or have not as it pleases who writes them.

use unicode_normalization::UnicodeNormalization;

/// Stands between the parts of a merchant, in none of them and in no search.
pub(super) const PART_END: char = '\n';

/// A part of a merchant as it is searched.
pub(super) fn fold(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).filter(|c| !is_space(*c)).collect()
}

/// The words of a search, each folded. All of them must be found.
pub(super) fn terms(text: &str, chars_max: usize) -> Vec<String> {
    let looked_at: String = text.nfc().take(chars_max).collect();
    let mut terms: Vec<String> =
        looked_at.split(is_space).map(fold).filter(|term| !term.is_empty()).collect();
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Also the control characters, so that [`PART_END`] is never searched for.
fn is_space(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_take_for_the_same_is_folded_to_the_same() {
        for (text, expected) in [
            ("스타벅스 강남점", "스타벅스강남점"),
            // Decomposed, as files from some systems have it.
            ("\u{1109}\u{1173}\u{1110}\u{1161}", "스타"),
            ("GS25  Café", "gs25café"),
            ("Cafe\u{301}", "café"),
            (" \t\u{3000}\n", ""),
        ] {
            assert_eq!(fold(text), expected, "{text:?}");
        }
        assert_eq!(terms(" 강남  GS25 강남 ", 60), ["gs25", "강남"]);
        assert_eq!(terms("강남\n역", 60), ["강남", "역"], "no search holds what ends a part");
        assert_eq!(terms("가나다라마", 3), ["가나다"]);
    }
}
