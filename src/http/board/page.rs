//! The board as a page: tables with heads, one language, light or dark as the reader's machine is.
//! No script, nothing loaded from anywhere; whatever an operator wrote is escaped.

use super::Board;
use super::words::{draw_words, feature_words, state_words};
use crate::http::language::Language;
use crate::http::reply;
use crate::http::time::Moment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use openrun_core::program::Name;
use openrun_core::round::WindowPhase;
use sha2::{Digest, Sha256};
use std::fmt::{Display, Write};
use std::sync::LazyLock;

/// After how many seconds the page looks again: one by one, and seldom enough to be read.
const REFRESH_S: (i64, i64) = (20, 40);

const STYLE: &str = ":root{color-scheme:light dark}\
    body{font:1rem/1.6 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1rem}\
    table{border-collapse:collapse;width:100%;margin:1.5rem 0}\
    caption{text-align:left;font-weight:700;padding:.3rem 0}\
    th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #8886;vertical-align:top}\
    td.n{text-align:right;font-variant-numeric:tabular-nums}\
    .state{font-size:1.25rem;font-weight:700}\
    .told{border-left:.3rem solid #d80;padding:.2rem .8rem}\
    nav a{margin-right:1rem}.wide{overflow-x:auto}\
    @media(prefers-color-scheme:dark){a{color:#9bf}}";

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
});

/// Under which policy the page is shown: nothing but its own style.
pub(super) fn policy() -> &'static str {
    &POLICY
}

/// A page that is being written.
struct Page {
    html: String,
    language: Language,
}

/// The page.
pub(super) fn render(board: &Board<'_>, language: Language, is_still: bool) -> Bytes {
    let mut page = Page { html: String::with_capacity(8_192), language };
    page.head(board, is_still);
    page.state(board);
    page.told(board);
    page.figures(board);
    page.lines(board);
    page.windows(board);
    page.draw(board);
    page.switched_off(board);
    page.honesty(board);
    page.raw("</main></body></html>\n");
    Bytes::from(page.html)
}

impl Page {
    /// Ours: written as it is.
    fn raw(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// Somebody's: escaped.
    fn text(&mut self, text: impl Display) {
        for character in text.to_string().chars() {
            match character {
                '&' => self.html.push_str("&amp;"),
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                other => self.html.push(other),
            }
        }
    }

    fn say(&mut self, english: &'static str, korean: &'static str) {
        self.raw(self.language.pick(english, korean));
    }

    fn both(&mut self, words: &Name) {
        self.text(self.language.of_both(words));
    }

    fn head(&mut self, board: &Board<'_>, is_still: bool) {
        let tag = self.language.tag();
        let _ = write!(self.html, "<!doctype html>\n<html lang=\"{tag}\"><head>");
        self.raw("<meta charset=\"utf-8\">");
        self.raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        if !is_still {
            let seconds = reply::jitter(REFRESH_S.0, REFRESH_S.1);
            let _ = write!(self.html, "<meta http-equiv=\"refresh\" content=\"{seconds}\">");
        }
        self.raw("<title>");
        self.both(board.name);
        self.raw(" - openrun</title><style>");
        self.raw(STYLE);
        self.raw("</style></head><body><nav aria-label=\"");
        self.say("This page", "이 페이지");
        self.raw("\">");
        let (other, word) =
            (self.language.pick("ko", "en"), self.language.pick("한국어", "English"));
        let _ = write!(
            self.html,
            "<a href=\"?lang={other}\" hreflang=\"{other}\" lang=\"{other}\">{word}</a>"
        );
        let (query, english, korean) = match is_still {
            true => ("", "look again by itself", "자동으로 새로 고침"),
            false => ("&amp;refresh=off", "stop looking again by itself", "자동 새로 고침 멈추기"),
        };
        let _ = write!(self.html, "<a href=\"?lang={tag}{query}\">");
        self.raw(self.language.pick(english, korean));
        self.raw("</a></nav><main><h1>");
        self.both(board.name);
        self.raw("</h1><p>");
        self.both(board.program);
        self.raw("</p>");
    }

    fn state(&mut self, board: &Board<'_>) {
        self.raw("<p class=\"state\" role=\"status\">");
        let (english, korean) = state_words(board.state);
        self.say(english, korean);
        self.raw("</p><p>");
        self.say("As of ", "기준 시각 ");
        self.time(board.at);
        self.raw("</p>");
    }

    /// What holds the sale up, and what the operator says.
    fn told(&mut self, board: &Board<'_>) {
        if let Some(interruption) = &board.interruption {
            let (ko, en) = interruption.words();
            self.raw("<p class=\"told\" role=\"alert\">");
            self.say(en, ko);
            self.raw("</p>");
        }
        if board.notices.is_empty() {
            return;
        }
        self.raw("<section><h2>");
        self.say("Notices", "공지");
        self.raw("</h2><ul>");
        for notice in &board.notices {
            self.raw("<li class=\"told\">");
            self.both(notice.message);
            self.raw(" <small>");
            self.time(notice.at);
            self.raw("</small></li>");
        }
        self.raw("</ul></section>");
    }

    fn figures(&mut self, board: &Board<'_>) {
        self.table("The sale", "판매 현황", &[]);
        let figures = &board.figures;
        for (english, korean, won) in [
            ("On sale", "판매 총액", figures.stock_won),
            ("Sold", "판매됨", figures.sold_won),
            ("Being paid", "결제 중", figures.held_won),
            ("Left", "남음", figures.left_won),
        ] {
            self.row(english, korean, |page| page.won(won));
        }
        self.row("Purchases", "구매 건수", |page| page.count(board.issued, "건"));
        self.row("People who wait", "대기 인원", |page| page.count(board.waiting, "명"));
        self.raw("</tbody></table>");
    }

    fn lines(&mut self, board: &Board<'_>) {
        let heads: &[(&str, &str)] = &[
            ("Line", "줄"),
            ("Turn up to number", "차례인 번호"),
            ("Last number given", "마지막 번호"),
            ("Waiting", "대기"),
            ("Wait of who joins now", "지금 서면 예상 대기"),
        ];
        self.raw("<div class=\"wide\">");
        self.table("Lines", "대기 줄", heads);
        for line in &board.lines {
            self.raw("<tr><th scope=\"row\">");
            self.class(&line.class);
            self.raw("</th>");
            for number in [line.watermark, line.last_number, line.waiting] {
                self.raw("<td class=\"n\">");
                self.text(grouped(number));
                self.raw("</td>");
            }
            self.raw("<td class=\"n\">");
            match &line.estimate {
                Some(estimate) => {
                    self.span(estimate.p50_s);
                    self.raw(" (");
                    self.span(estimate.p10_s);
                    self.raw(" – ");
                    self.span(estimate.p90_s);
                    self.raw(")");
                }
                None => self.say("not known now", "지금은 알 수 없음"),
            }
            self.raw("</td></tr>");
        }
        self.raw("</tbody></table></div>");
    }

    fn windows(&mut self, board: &Board<'_>) {
        let heads: &[(&str, &str)] = &[
            ("Window", "판매 시간"),
            ("State", "상태"),
            ("Opens", "시작"),
            ("Closes", "종료"),
            ("Left", "남음"),
        ];
        self.raw("<div class=\"wide\">");
        self.table("Windows", "판매 시간대", heads);
        for window in &board.windows {
            self.raw("<tr><th scope=\"row\">");
            self.text(window.head.id);
            self.raw("</th><td>");
            match window.head.phase {
                WindowPhase::Ahead => self.say("ahead", "예정"),
                WindowPhase::Open => self.say("open", "판매 중"),
                WindowPhase::Over => self.say("over", "종료"),
            }
            self.raw("</td><td>");
            self.time(window.head.opens_at);
            self.raw("</td><td>");
            self.time(window.head.closes_at);
            self.raw("</td><td class=\"n\">");
            self.won(window.figures.left_won);
            self.raw("</td></tr>");
        }
        self.raw("</tbody></table></div>");
    }

    /// How far the draw of each class has come, with what people note of it beforehand.
    fn draw(&mut self, board: &Board<'_>) {
        let Some(draw) = &board.draw else { return };
        let heads: &[(&str, &str)] = &[
            ("Line", "줄"),
            ("State", "상태"),
            ("In the lobby", "추첨 대기 인원"),
            ("Commitment", "커밋먼트"),
            ("Transcript", "추첨 기록"),
        ];
        self.raw("<div class=\"wide\">");
        self.table("The draw", "추첨", heads);
        for class in &draw.classes {
            self.raw("<tr><th scope=\"row\">");
            self.class(class.class);
            self.raw("</th><td>");
            let (english, korean) = draw_words(class.state);
            self.say(english, korean);
            self.raw("</td><td class=\"n\">");
            self.text(grouped(class.people));
            self.raw("</td><td>");
            if let Some(commitment) = &class.commitment {
                self.raw("<code>");
                self.text(commitment);
                self.raw("</code>");
            }
            self.raw("</td><td>");
            if let Some(path) = &class.transcript {
                self.raw("<a href=\"");
                self.text(path);
                self.raw("\">");
                self.say("recompute it", "직접 검증하기");
                self.raw("</a>");
            }
            self.raw("</td></tr>");
        }
        self.raw("</tbody></table></div>");
    }

    fn switched_off(&mut self, board: &Board<'_>) {
        if board.suspensions.is_empty() {
            return;
        }
        self.raw("<section><h2>");
        self.say("Switched off for now", "일시 중단된 기능");
        self.raw("</h2><ul>");
        for suspension in &board.suspensions {
            self.raw("<li><strong>");
            let (english, korean) = feature_words(suspension.feature.into());
            self.say(english, korean);
            self.raw("</strong> ");
            self.both(&suspension.message);
            self.raw(" <small>");
            self.say("until ", "종료 ");
            self.time(suspension.until);
            self.raw("</small></li>");
        }
        self.raw("</ul></section>");
    }

    /// How right people were told; nothing before anything was measured.
    fn honesty(&mut self, board: &Board<'_>) {
        let honesty = &board.honesty;
        self.table("How right people were told", "안내의 정확도", &[]);
        let half = ("Half of the estimates were off by at most", "예상 시간의 절반은 오차가");
        let most = ("Nine in ten were off by at most", "열에 아홉은 오차가");
        for ((english, korean), error) in
            [(half, honesty.estimate_error_p50_percent), (most, honesty.estimate_error_p90_percent)]
        {
            self.row(english, korean, |page| match error {
                Some(error) => {
                    page.text(f64::from(u32::try_from(error.0).unwrap_or(u32::MAX)) / 1_000.0);
                    page.say(" %", "% 이내");
                }
                None => page.say("not measured yet", "아직 측정되지 않음"),
            });
        }
        let thousandths = |value: u64| f64::from(u32::try_from(value).unwrap_or(u32::MAX)) / 1e3;
        let brier = (
            "Brier score of the outlook (0 is perfect, 0.25 a guess)",
            "가능성 안내의 브라이어 점수 (0은 완벽, 0.25는 추측)",
        );
        self.row(brier.0, brier.1, |page| match honesty.outlook_brier_score {
            Some(score) => page.text(thousandths(score.0)),
            None => page.say("not measured yet", "아직 측정되지 않음"),
        });
        let right = ("Half had the right answer after", "절반이 맞는 안내를 받기까지");
        self.row(right.0, right.1, |page| match honesty.right_answer_after_p50_s {
            Some(seconds) => {
                page.text(thousandths(seconds.0));
                page.say(" s", "초");
            }
            None => page.say("not measured yet", "아직 측정되지 않음"),
        });
        let told = &honesty.outlooks;
        for (english, korean, tally) in [
            ("Told likely, and bought", "'가능성 높음' 안내 후 구매", &told.likely),
            ("Told unlikely, and bought", "'가능성 낮음' 안내 후 구매", &told.unlikely),
        ] {
            self.row(english, korean, |page| {
                page.text(format_args!("{} / {}", grouped(tally.bought), grouped(tally.told)));
            });
        }
        let order = ("Numbers given out of order", "순서가 뒤바뀐 번호");
        self.row(order.0, order.1, |page| page.text(grouped(board.inversions)));
        self.raw("</tbody></table>");
    }

    /// A table up to its first row; `heads` name its columns, if it has more than two.
    fn table(&mut self, english: &'static str, korean: &'static str, heads: &[(&str, &str)]) {
        self.raw("<table><caption>");
        self.say(english, korean);
        self.raw("</caption>");
        if !heads.is_empty() {
            self.raw("<thead><tr>");
            for (english, korean) in heads {
                self.raw("<th scope=\"col\">");
                self.raw(self.language.pick(english, korean));
                self.raw("</th>");
            }
            self.raw("</tr></thead>");
        }
        self.raw("<tbody>");
    }

    fn row(&mut self, english: &'static str, korean: &'static str, value: impl FnOnce(&mut Page)) {
        self.raw("<tr><th scope=\"row\">");
        self.say(english, korean);
        self.raw("</th><td class=\"n\">");
        value(self);
        self.raw("</td></tr>");
    }

    fn won(&mut self, won: i64) {
        self.text(grouped(won.unsigned_abs()));
        self.say(" won", "원");
    }

    /// Korean counts each kind of thing in a word of its own.
    fn count(&mut self, count: u64, korean: &'static str) {
        self.text(grouped(count));
        self.say("", korean);
    }

    /// A time that people read, and machines too.
    fn time(&mut self, at: Moment) {
        let text = at.to_string();
        let (day, time) = (text.get(..10).unwrap_or(&text), text.get(11..19).unwrap_or_default());
        let _ = write!(self.html, "<time datetime=\"{text}\">{day} {time}</time>");
    }

    fn span(&mut self, seconds: u64) {
        match seconds {
            0..120 => {
                self.text(seconds);
                self.say(" s", "초");
            }
            120..7_200 => {
                self.text(seconds.div_ceil(60));
                self.say(" min", "분");
            }
            _ => {
                self.text(seconds.div_ceil(3_600));
                self.say(" h", "시간");
            }
        }
    }

    fn class(&mut self, class: &str) {
        match class {
            "everyone" => self.say("everybody", "모두"),
            "odd" => self.say("born in odd years", "홀수 년생"),
            "even" => self.say("born in even years", "짝수 년생"),
            other => self.span_or_place(other),
        }
    }

    /// A class of ages or districts in words; districts by the names that the issuer gave them.
    fn span_or_place(&mut self, class: &str) {
        if let Some((from, to)) = class.strip_prefix("age-").and_then(|it| it.split_once('-')) {
            self.say("aged ", "만 ");
            self.text(format_args!("{from}–{to}"));
            self.say("", "세");
        } else if let Some(names) = class.strip_prefix("district-") {
            self.say("living in ", "거주지 ");
            self.text(names);
        } else {
            self.text(class);
        }
    }
}

/// With a comma at each thousand.
fn grouped(number: u64) -> String {
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
        let mut page = Page { html: String::new(), language: Language::English };
        page.text("<script>alert('x')</script> \"&\"");
        let escaped = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &quot;&amp;&quot;";
        assert_eq!(page.html, escaped);
    }

    #[test]
    fn numbers_and_times_are_written_for_people() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (25_000_000, "25,000,000")]
        {
            assert_eq!(grouped(number), text);
        }
        let mut page = Page { html: String::new(), language: Language::Korean };
        page.time(Moment(Timestamp(1_657_760_400_000)));
        page.span(90);
        page.span(600);
        page.class("even");
        page.class("age-19-34");
        page.class("district-mapo");
        let want = "<time datetime=\"2022-07-14T10:00:00+09:00\">2022-07-14 10:00:00</time>\
                    90초10분짝수 년생만 19–34세거주지 mapo";
        assert_eq!(page.html, want);
    }
}
