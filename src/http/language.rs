//! Korean or English: what a request prefers, and sentences in it.

use actix_web::http::header::{self, HeaderMap};
use openrun_core::program::Name;

/// A language of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// The better of the two languages for `Accept-Language`; English when it names neither.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Language {
        let Some(ranges) = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok())
        else {
            return Language::English;
        };
        let (mut english, mut korean) = (0.0_f32, 0.0_f32);
        for range in ranges.split(',').take(16) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            let weight = weight.unwrap_or(1.0_f32);
            match tag.split('-').next() {
                Some("ko") => korean = korean.max(weight),
                Some("en") => english = english.max(weight),
                _ => {}
            }
        }
        if korean > english { Language::Korean } else { Language::English }
    }

    /// The language of a tag, if it is one of the two.
    #[must_use]
    pub fn named(tag: &str) -> Option<Language> {
        match tag {
            "en" => Some(Language::English),
            "ko" => Some(Language::Korean),
            _ => None,
        }
    }

    /// Its tag (RFC 5646).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Korean => "ko",
        }
    }

    /// The half of a sentence of an operator that is in this language.
    #[must_use]
    pub fn of_both(self, words: &Name) -> &str {
        match self {
            Language::English => &words.en,
            Language::Korean => &words.ko,
        }
    }

    /// One of two sentences of ours, English first.
    #[must_use]
    pub fn pick<'a>(self, english: &'a str, korean: &'a str) -> &'a str {
        match self {
            Language::English => english,
            Language::Korean => korean,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn the_language_is_korean_only_when_it_is_preferred() {
        for (accept, language) in [
            ("ko", Language::Korean),
            ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", Language::Korean),
            ("en-US,en;q=0.9,ko;q=0.8", Language::English),
            ("en;q=0.5, ko;q=0.8", Language::Korean),
            ("fr", Language::English),
            ("*", Language::English),
            ("ko;q=0", Language::English),
            ("", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
            assert_eq!(Language::of(&headers), language, "{accept}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
