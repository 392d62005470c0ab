//! The board as a page: tables with heads, one language, light or dark as the reader's machine is.
//! No script; the style is that of all pages. Whatever an operator wrote is escaped.

use super::Board;
use super::words::{draw_words, feature_words, state_words};
use crate::http::edge::Edge;
use crate::http::language::Language;
use crate::http::pages::assets;
use crate::http::pages::html::{Html, grouped};
use crate::http::reply;
use bytes::Bytes;
use openrun_core::round::WindowPhase;

/// After how many seconds the page looks again: one by one, and seldom enough to be read.
const REFRESH_S: (i64, i64) = (20, 40);

/// The page.
pub(super) fn render(board: &Board<'_>, language: Language, is_still: bool, edge: &Edge) -> Bytes {
    let mut page = Html::new(language);
    let sheet = assets::address(edge, "openrun.css");
    head(&mut page, board, is_still, &sheet);
    state(&mut page, board);
    told(&mut page, board);
    figures(&mut page, board);
    lines(&mut page, board);
    windows(&mut page, board);
    draw(&mut page, board);
    switched_off(&mut page, board);
    honesty(&mut page, board);
    page.raw("</main></body></html>\n");
    Bytes::from(page.into_text())
}

fn head(page: &mut Html, board: &Board<'_>, is_still: bool, sheet: &str) {
    let tag = page.language.tag();
    page.raw(&format!("<!doctype html>\n<html lang=\"{tag}\"><head><meta charset=\"utf-8\">"));
    page.raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">");
    if !is_still {
        let seconds = reply::jitter(REFRESH_S.0, REFRESH_S.1);
        page.raw(&format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">"));
    }
    page.raw("<title>");
    page.both(board.name);
    page.raw(" - openrun</title><link rel=\"icon\" href=\"data:,\">");
    page.raw(&format!("<link rel=\"stylesheet\" href=\"{sheet}\"></head><body class=\"wide\">"));
    page.raw("<a class=\"skip\" href=\"#main\">");
    page.pick("Skip to the content", "본문으로 건너뛰기");
    page.raw("</a><header><a class=\"name\" href=\"/rounds/");
    page.text(board.round_id);
    page.raw("\">openrun</a><nav aria-label=\"");
    page.pick("This page", "이 페이지");
    page.raw("\">");
    let (query, english, korean) = match is_still {
        true => ("", "look again by itself", "자동으로 새로 고침"),
        false => ("&amp;refresh=off", "stop looking again by itself", "자동 새로 고침 멈추기"),
    };
    page.raw(&format!("<a href=\"?lang={tag}{query}\">"));
    page.pick(english, korean);
    page.raw("</a>");
    let (other, word) = (page.language.pick("ko", "en"), page.language.pick("한국어", "English"));
    page.raw(&format!(
        "<a href=\"?lang={other}\" hreflang=\"{other}\" lang=\"{other}\">{word}</a>"
    ));
    page.raw("</nav></header><main id=\"main\" tabindex=\"-1\"><h1>");
    page.both(board.name);
    page.raw("</h1><p>");
    page.both(board.program);
    page.raw("</p>");
}

fn state(page: &mut Html, board: &Board<'_>) {
    page.raw("<p class=\"big\" role=\"status\">");
    let (english, korean) = state_words(board.state);
    page.pick(english, korean);
    page.raw("</p><p>");
    page.pick("As of ", "기준 시각 ");
    page.time(board.at);
    page.raw("</p>");
}

/// What holds the sale up, and what the operator says.
fn told(page: &mut Html, board: &Board<'_>) {
    if let Some(interruption) = &board.interruption {
        let (ko, en) = interruption.words();
        page.raw("<p class=\"notice warn\" role=\"alert\">");
        page.pick(en, ko);
        page.raw("</p>");
    }
    if board.notices.is_empty() {
        return;
    }
    page.raw("<section><h2>");
    page.pick("Notices", "공지");
    page.raw("</h2><ul>");
    for notice in &board.notices {
        page.raw("<li class=\"notice\">");
        page.both(notice.message);
        page.raw(" <small>");
        page.time(notice.at);
        page.raw("</small></li>");
    }
    page.raw("</ul></section>");
}

fn figures(page: &mut Html, board: &Board<'_>) {
    table(page, "The sale", "판매 현황", &[]);
    let figures = &board.figures;
    for (english, korean, won) in [
        ("On sale", "판매 총액", figures.stock_won),
        ("Sold", "판매됨", figures.sold_won),
        ("Being paid", "결제 중", figures.held_won),
        ("Left", "남음", figures.left_won),
    ] {
        row(page, english, korean, |page| page.won(won));
    }
    if let Some(counters) = &board.counters {
        row(page, "Left at counters, on paper", "창구 판매분(종이) 남음", |page| {
            page.won(counters.left_won);
        });
    }
    row(page, "Purchases", "구매 건수", |page| page.count(board.issued, "건"));
    row(page, "People who wait", "대기 인원", |page| page.count(board.waiting, "명"));
    end_table(page);
}

fn lines(page: &mut Html, board: &Board<'_>) {
    let heads: &[(&str, &str)] = &[
        ("Line", "줄"),
        ("Turn up to number", "차례인 번호"),
        ("Last number given", "마지막 번호"),
        ("Waiting", "대기"),
        ("Wait of who joins now", "지금 서면 예상 대기"),
    ];
    table(page, "Lines", "대기 줄", heads);
    for line in &board.lines {
        page.raw("<tr><th scope=\"row\">");
        page.class(&line.class);
        page.raw("</th>");
        for number in [line.watermark, line.last_number, line.waiting] {
            page.raw("<td class=\"n\">");
            page.text(grouped(number));
            page.raw("</td>");
        }
        page.raw("<td class=\"n\">");
        match &line.estimate {
            Some(estimate) => {
                page.span(estimate.p50_s);
                page.raw(" (");
                page.span(estimate.p10_s);
                page.raw(" – ");
                page.span(estimate.p90_s);
                page.raw(")");
            }
            None => page.pick("not known now", "지금은 알 수 없음"),
        }
        page.raw("</td></tr>");
    }
    end_table(page);
}

fn windows(page: &mut Html, board: &Board<'_>) {
    let heads: &[(&str, &str)] = &[
        ("Window", "판매 시간"),
        ("State", "상태"),
        ("Opens", "시작"),
        ("Closes", "종료"),
        ("Left", "남음"),
    ];
    table(page, "Windows", "판매 시간대", heads);
    for window in &board.windows {
        page.raw("<tr><th scope=\"row\">");
        page.text(window.head.id);
        page.raw("</th><td>");
        match window.head.phase {
            WindowPhase::Ahead => page.pick("ahead", "예정"),
            WindowPhase::Open => page.pick("open", "판매 중"),
            WindowPhase::Over => page.pick("over", "종료"),
        }
        page.raw("</td><td>");
        page.time(window.head.opens_at);
        page.raw("</td><td>");
        page.time(window.head.closes_at);
        page.raw("</td><td class=\"n\">");
        page.won(window.figures.left_won);
        page.raw("</td></tr>");
    }
    end_table(page);
}

/// How far the draw of each class has come, with what people note of it beforehand.
fn draw(page: &mut Html, board: &Board<'_>) {
    let Some(draw) = &board.draw else { return };
    let heads: &[(&str, &str)] = &[
        ("Line", "줄"),
        ("State", "상태"),
        ("In the lobby", "추첨 대기 인원"),
        ("Commitment", "커밋먼트"),
        ("Transcript", "추첨 기록"),
    ];
    table(page, "The draw", "추첨", heads);
    for class in &draw.classes {
        page.raw("<tr><th scope=\"row\">");
        page.class(class.class);
        page.raw("</th><td>");
        let (english, korean) = draw_words(class.state);
        page.pick(english, korean);
        page.raw("</td><td class=\"n\">");
        page.text(grouped(class.people));
        page.raw("</td><td>");
        if let Some(commitment) = &class.commitment {
            page.raw("<code>");
            page.text(commitment);
            page.raw("</code>");
        }
        page.raw("</td><td>");
        if let Some(path) = &class.transcript {
            page.raw("<a href=\"");
            page.text(path);
            page.raw("\">");
            page.pick("recompute it", "직접 검증하기");
            page.raw("</a>");
        }
        page.raw("</td></tr>");
    }
    end_table(page);
}

fn switched_off(page: &mut Html, board: &Board<'_>) {
    if board.suspensions.is_empty() {
        return;
    }
    page.raw("<section><h2>");
    page.pick("Switched off for now", "일시 중단된 기능");
    page.raw("</h2><ul>");
    for suspension in &board.suspensions {
        page.raw("<li><strong>");
        let (english, korean) = feature_words(suspension.feature.into());
        page.pick(english, korean);
        page.raw("</strong> ");
        page.both(&suspension.message);
        page.raw(" <small>");
        page.pick("until ", "종료 ");
        page.time(suspension.until);
        page.raw("</small></li>");
    }
    page.raw("</ul></section>");
}

/// How right people were told; nothing before anything was measured.
fn honesty(page: &mut Html, board: &Board<'_>) {
    let honesty = &board.honesty;
    table(page, "How right people were told", "안내의 정확도", &[]);
    let half = ("Half of the estimates were off by at most", "예상 시간의 절반은 오차가");
    let most = ("Nine in ten were off by at most", "열에 아홉은 오차가");
    for ((english, korean), error) in
        [(half, honesty.estimate_error_p50_percent), (most, honesty.estimate_error_p90_percent)]
    {
        row(page, english, korean, |page| match error {
            Some(error) => {
                page.text(f64::from(u32::try_from(error.0).unwrap_or(u32::MAX)) / 1_000.0);
                page.pick(" %", "% 이내");
            }
            None => page.pick("not measured yet", "아직 측정되지 않음"),
        });
    }
    let thousandths = |value: u64| f64::from(u32::try_from(value).unwrap_or(u32::MAX)) / 1e3;
    let brier = (
        "Brier score of the outlook (0 is perfect, 0.25 a guess)",
        "가능성 안내의 브라이어 점수 (0은 완벽, 0.25는 추측)",
    );
    row(page, brier.0, brier.1, |page| match honesty.outlook_brier_score {
        Some(score) => page.text(thousandths(score.0)),
        None => page.pick("not measured yet", "아직 측정되지 않음"),
    });
    let right = ("Half had the right answer after", "절반이 맞는 안내를 받기까지");
    row(page, right.0, right.1, |page| match honesty.right_answer_after_p50_s {
        Some(seconds) => {
            page.text(thousandths(seconds.0));
            page.pick(" s", "초");
        }
        None => page.pick("not measured yet", "아직 측정되지 않음"),
    });
    let told = &honesty.outlooks;
    for (english, korean, tally) in [
        ("Told likely, and bought", "'가능성 높음' 안내 후 구매", &told.likely),
        ("Told unlikely, and bought", "'가능성 낮음' 안내 후 구매", &told.unlikely),
    ] {
        row(page, english, korean, |page| {
            page.text(format_args!("{} / {}", grouped(tally.bought), grouped(tally.told)));
        });
    }
    let order = ("Numbers given out of order", "순서가 뒤바뀐 번호");
    row(page, order.0, order.1, |page| page.text(grouped(board.inversions)));
    end_table(page);
}

/// A table up to its first row, which scrolls by itself where it is too wide for a phone; `heads`
/// name its columns, if it has more than two.
fn table(page: &mut Html, english: &'static str, korean: &'static str, heads: &[(&str, &str)]) {
    page.raw("<div class=\"scroll\" tabindex=\"0\"><table><caption>");
    page.pick(english, korean);
    page.raw("</caption>");
    if !heads.is_empty() {
        page.raw("<thead><tr>");
        for (english, korean) in heads {
            page.raw("<th scope=\"col\">");
            page.raw(page.language.pick(english, korean));
            page.raw("</th>");
        }
        page.raw("</tr></thead>");
    }
    page.raw("<tbody>");
}

fn end_table(page: &mut Html) {
    page.raw("</tbody></table></div>");
}

fn row(
    page: &mut Html,
    english: &'static str,
    korean: &'static str,
    value: impl FnOnce(&mut Html),
) {
    page.raw("<tr><th scope=\"row\">");
    page.pick(english, korean);
    page.raw("</th><td class=\"n\">");
    value(page);
    page.raw("</td></tr>");
}
