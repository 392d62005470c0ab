//! A page that is being written: what is ours goes in as it is, what somebody wrote is escaped.
//!
//! Numbers, sums, times and classes are written here one way only, for every page. Knows nothing of
//! a sale.

use super::texts;
use crate::http::language::Language;
use crate::http::time::Moment;
use openrun_core::program::Name;
use std::fmt::{Display, Write};

/// A page that is being written, in one language.
pub struct Html {
    text: String,
    /// In which language.
    pub language: Language,
}

impl Html {
    /// An empty page.
    #[must_use]
    pub fn new(language: Language) -> Html {
        Html { text: String::with_capacity(8_192), language }
    }

    /// What was written.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// Ours: written as it is.
    pub fn raw(&mut self, html: &str) {
        self.text.push_str(html);
    }

    /// Somebody's: escaped.
    pub fn text(&mut self, text: impl Display) {
        // Writing into a string cannot fail.
        let _ = write!(Escaping(&mut self.text), "{text}");
    }

    /// A sentence of the texts.
    pub fn say(&mut self, key: &'static str) {
        self.text(texts::say(self.language, key));
    }

    /// A sentence of the texts with something in it.
    pub fn say_with(&mut self, key: &'static str, arguments: &[(&'static str, &str)]) {
        self.text(texts::say_with(self.language, key, arguments));
    }

    /// One of two sentences of ours, English first.
    pub fn pick(&mut self, english: &'static str, korean: &'static str) {
        self.text(self.language.pick(english, korean));
    }

    /// The half of a sentence of an operator that is in the language of the page.
    pub fn both(&mut self, words: &Name) {
        self.text(self.language.of_both(words));
    }

    /// An element with a sentence in it; `open` is its start tag without brackets.
    pub fn element(&mut self, open: &str, key: &'static str) {
        self.raw("<");
        self.raw(open);
        self.raw(">");
        self.say(key);
        self.raw("</");
        self.raw(open.split(' ').next().unwrap_or(open));
        self.raw(">");
    }

    /// A list of figures; none at all when `write` has none for it.
    pub fn figures(&mut self, write: impl FnOnce(&mut Html)) {
        let before = self.text.len();
        self.raw("<dl class=\"figures\">");
        let start = self.text.len();
        write(self);
        if self.text.len() == start {
            self.text.truncate(before);
        } else {
            self.raw("</dl>");
        }
    }

    /// A name and a value of a list of figures.
    pub fn figure(&mut self, key: &'static str, name: &str, value: impl FnOnce(&mut Html)) {
        self.raw("<dt>");
        self.say(key);
        self.raw("</dt><dd");
        if !name.is_empty() {
            self.raw(" data-figure=\"");
            self.text(name);
            self.raw("\"");
        }
        self.raw(">");
        value(self);
        self.raw("</dd>");
    }

    /// A sum of money.
    pub fn won(&mut self, won: i64) {
        self.text(won_in(self.language, won));
    }

    /// A share in percent, of basis points; what is below a hundredth is left out.
    pub fn share(&mut self, bps: u32) {
        match bps % 100 {
            0 => self.text(format_args!("{}%", bps / 100)),
            rest => self.text(format_args!("{}.{rest:02}%", bps / 100)),
        }
    }

    /// A count, with commas; Korean counts each kind of thing in a word of its own.
    pub fn count(&mut self, count: u64, korean: &'static str) {
        self.text(grouped(count));
        self.pick("", korean);
    }

    /// A time that people read, and machines too.
    pub fn time(&mut self, at: Moment) {
        let text = at.to_string();
        let (day, time) = (text.get(..10).unwrap_or(&text), text.get(11..19).unwrap_or_default());
        let _ = write!(self.text, "<time datetime=\"{text}\">{day} {time}</time>");
    }

    /// A span of time, as roughly as it is known.
    pub fn span(&mut self, seconds: u64) {
        match seconds {
            0..120 => {
                self.text(seconds);
                self.pick(" s", "초");
            }
            120..7_200 => {
                self.text(seconds.div_ceil(60));
                self.pick(" min", "분");
            }
            _ => {
                self.text(seconds.div_ceil(3_600));
                self.pick(" h", "시간");
            }
        }
    }

    /// Who stands in a line, or may buy in a window.
    pub fn class(&mut self, class: &str) {
        match class {
            "everyone" => self.pick("everybody", "모두"),
            "odd" => self.pick("born in odd years", "홀수 년생"),
            "even" => self.pick("born in even years", "짝수 년생"),
            other => self.ages_or_district(other),
        }
    }

    /// A class of ages or districts in words; districts by the names that the issuer gave them.
    fn ages_or_district(&mut self, class: &str) {
        if let Some((from, to)) = class.strip_prefix("age-").and_then(|it| it.split_once('-')) {
            self.pick("aged ", "만 ");
            self.text(format_args!("{from}–{to}"));
            self.pick("", "세");
        } else if let Some(names) = class.strip_prefix("district-") {
            self.pick("living in ", "거주지 ");
            self.text(names);
        } else {
            self.text(class);
        }
    }
}

/// Escapes what is written through it.
struct Escaping<'a>(&'a mut String);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

/// A sum of money in words of a language.
#[must_use]
pub fn won_in(language: Language, won: i64) -> String {
    format!("{}{}", grouped(won.unsigned_abs()), language.pick(" won", "원"))
}

/// With a comma at each thousand.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrun_core::Timestamp;

    #[test]
    fn what_somebody_wrote_is_text_and_never_a_tag() {
        let mut page = Html::new(Language::English);
        page.text("<script>alert('x')</script> \"&\"");
        let escaped = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &quot;&amp;&quot;";
        assert_eq!(page.into_text(), escaped);
    }

    #[test]
    fn numbers_and_times_are_written_for_people() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (25_000_000, "25,000,000")]
        {
            assert_eq!(grouped(number), text);
        }
        let mut page = Html::new(Language::Korean);
        page.time(Moment(Timestamp(1_657_760_400_000)));
        page.span(90);
        page.span(600);
        page.class("even");
        page.class("age-19-34");
        page.class("district-mapo");
        page.won(300_000);
        page.figures(|_| ());
        let want = "<time datetime=\"2022-07-14T10:00:00+09:00\">2022-07-14 10:00:00</time>\
                    90초10분짝수 년생만 19–34세거주지 mapo300,000원";
        assert_eq!(page.into_text(), want);
    }
}
