//! What `openrun capacity` answers, in Korean or English as the shell is set, or as JSON.
//!
//! Words and tables only. Every condition comes with what to do about it, and the figures with how
//! they were got.

use super::super::staff::{Language, aligned};
use crate::capacity::{
    Answer, Demand, Machine, Measured, Need, Part, Sale, Standing, Verdict, What,
};
use serde_json::{Value, json};

const MEGABYTE: f64 = 1e6;
const GIGABYTE: f64 = 1e9;

/// Everything that is told.
pub(super) struct Report<'s> {
    pub sale: Sale,
    pub measured: Measured,
    pub machine: Machine,
    pub verdict: Verdict,
    /// The store, without a password.
    pub store: &'s str,
    /// How long was measured.
    pub seconds: u64,
}

/// What is being measured now.
pub(super) fn part(language: Language, part: Part) -> &'static str {
    let (english, korean) = match part {
        Part::Tokens => ("making tokens", "토큰을 만드는 중"),
        Part::Joins => ("joins", "줄서기"),
        Part::Looks => ("looks at the own place", "내 자리 조회"),
        Part::SignUps => ("sign-ups and joins of the sale", "회원 가입과 판매 줄서기"),
        Part::Documents => ("documents", "문서 조회"),
        Part::Claims => ("turns", "입장"),
        Part::Purchases => ("purchases", "구매"),
    };
    language.pick(english, korean)
}

impl Report<'_> {
    pub(super) fn as_json(&self) -> Value {
        json!({
            "answer": self.verdict.answer,
            "narrowest": self.verdict.narrowest,
            "sale": self.sale,
            "demand": Demand::of(&self.sale),
            "loads": self.verdict.loads,
            "needs": self.verdict.needs,
            "rail_seconds": self.verdict.rail_seconds,
            "measured": self.measured,
            "machine": self.machine,
            "store": self.store,
            "seconds": self.seconds,
        })
    }

    pub(super) fn in_words(&self, language: Language) -> String {
        let (english, korean) = self.headline();
        let mut text = format!("{}\n\n", language.pick(&english, &korean));
        text += &aligned(&self.loads(language), 0);
        text.push('\n');
        text += &aligned(&self.needs(language), 0);
        let narrowest = name(self.verdict.narrowest);
        let narrowest = language.pick(narrowest.0, narrowest.1);
        let (english, korean) =
            (format!("narrowest: {narrowest}"), format!("가장 먼저 모자라는 것: {narrowest}"));
        text += &format!("\n{}\n", language.pick(&english, &korean));
        let cures: Vec<String> =
            self.verdict.needs.iter().filter_map(|need| self.cure(language, need)).collect();
        if !cures.is_empty() {
            text += &format!("\n{}\n", language.pick("what to do:", "할 일:"));
            text += &cures.iter().map(|cure| format!("  - {cure}\n")).collect::<String>();
        }
        text += &format!("\n{}\n", language.pick("how it was measured:", "측정 방법:"));
        for note in self.notes() {
            text += &format!("  - {}\n", language.pick(&note.0, &note.1));
        }
        text
    }

    fn headline(&self) -> (String, String) {
        let (people, won) = (grouped(self.sale.people as f64), grouped(self.sale.stock_won as f64));
        let minutes = grouped(self.sale.seconds / 60.0);
        let unit = if minutes == "1" { "minute" } else { "minutes" };
        let english = format!("{people} people and {won} won in {minutes} {unit}");
        let korean = format!("{minutes}분 동안 {people}명, {won}원");
        match self.verdict.answer {
            Answer::Yes => (
                format!("yes: this machine carries {english}, with all margins"),
                format!("가능: 이 기계는 {korean}을 모든 여유를 두고 감당합니다"),
            ),
            Answer::YesBut => (
                format!("yes, but: this machine carries {english} on the conditions below"),
                format!("조건부 가능: 이 기계는 아래 조건에서 {korean}을 감당합니다"),
            ),
            Answer::No => (
                format!("no: this machine does not carry {english}"),
                format!("불가능: 이 기계는 {korean}을 감당하지 못합니다"),
            ),
        }
    }

    fn loads(&self, language: Language) -> Vec<Vec<String>> {
        let head = [
            ("at the busiest", "가장 바쁠 때"),
            ("a second", "초당 필요"),
            ("measured", "초당 측정"),
            ("of the machine", "기계에서 차지하는 몫"),
        ];
        let mut rows = vec![row(language, &head)];
        for load in &self.verdict.loads {
            let call = match load.call {
                "join" => ("joins", "줄서기"),
                "claim" => ("turns claimed", "입장"),
                "purchase" => ("purchases", "구매"),
                _ => ("looks at the own place", "내 자리 조회"),
            };
            rows.push(vec![
                language.pick(call.0, call.1).to_owned(),
                grouped(load.need_per_s.ceil()),
                grouped(load.measured_per_s),
                percent(load.share),
            ]);
        }
        rows
    }

    fn needs(&self, language: Language) -> Vec<Vec<String>> {
        let head = [("", ""), ("needed", "필요"), ("there", "있음"), ("margin", "여유"), ("", "")];
        let mut rows = vec![row(language, &head)];
        for need in &self.verdict.needs {
            let (english, korean) = name(need.what);
            let standing = match need.standing {
                Standing::Fits => ("fits", "충분"),
                Standing::Tight => ("on a condition", "조건부"),
                Standing::Short => ("not enough", "부족"),
                Standing::Unknown => ("not known", "알 수 없음"),
            };
            rows.push(vec![
                language.pick(english, korean).to_owned(),
                shown(need.what, need.need),
                need.have.map_or("-".to_owned(), |have| shown(need.what, have)),
                format!("x {}", need.margin),
                language.pick(standing.0, standing.1).to_owned(),
            ]);
        }
        rows
    }

    /// What to do about a need that does not fit.
    fn cure(&self, language: Language, need: &Need) -> Option<String> {
        if matches!(need.standing, Standing::Fits | Standing::Unknown) {
            return None;
        }
        let wanted = need.need * need.margin;
        let times = format!("{:.1}", wanted / need.have.unwrap_or(f64::INFINITY).max(1e-9));
        let amount = shown(need.what, wanted);
        let (english, korean) = match need.what {
            What::Processor => (
                format!("take a machine with {times} times the processors, or sell for longer; a cache in front \
                         takes the looks off it (packaging/nginx.conf)"),
                format!("프로세서가 {times}배인 기계를 쓰거나 더 오래 파세요. 앞에 캐시를 두면 조회가 줄어듭니다\
                         (packaging/nginx.conf)"),
            ),
            What::Store => (
                format!("purchases wait for the store, where a flush takes {:.2} ms: take a disk that flushes \
                         faster, or a store that is nearer", self.measured.flush_ms_p50),
                format!("구매가 저장소를 기다립니다(플러시 {:.2} ms). 플러시가 더 빠른 디스크나 더 가까운 저장소를 쓰세요",
                        self.measured.flush_ms_p50),
            ),
            What::LastLooks => (
                "as the stock ends, everybody who still waits looks once a second: put a cache in front \
                 (packaging/nginx.conf), or answers are late for some seconds; nothing is lost"
                    .to_owned(),
                "재고가 끝날 무렵에는 아직 기다리는 모두가 매초 조회합니다. 앞에 캐시를 두세요(packaging/nginx.conf). \
                 없으면 몇 초 동안 응답이 늦어질 뿐, 잃는 것은 없습니다"
                    .to_owned(),
            ),
            What::Rail => {
                let minutes = (self.verdict.rail_seconds.unwrap_or_default() / 60.0).ceil();
                (
                    format!("the bank is what sets the pace: plan for {minutes:.0} minutes at least, or agree on \
                             {amount} payments a second"),
                    format!("속도를 정하는 것은 은행입니다. 적어도 {minutes:.0}분을 잡거나 초당 {amount}건을 합의하세요"),
                )
            }
            What::Memory => (
                format!("have {amount} of memory to spare"),
                format!("메모리 여유를 {amount} 확보하세요"),
            ),
            What::Disk => (
                format!("have {amount} of room where the store is"),
                format!("저장소가 있는 디스크에 {amount}를 비워 두세요"),
            ),
            What::Connections => (
                format!("everybody who waits holds a connection: put a cache in front, which needs few \
                         (packaging/nginx.conf), or raise max_connections to {amount}, \
                         and the limit of open files above it"),
                format!("기다리는 사람마다 접속을 하나씩 잡습니다. 적은 접속으로 충분한 캐시를 앞에 두거나\
                         (packaging/nginx.conf), max_connections를 {amount}까지, 열린 파일 한도는 그보다 높게 올리세요"),
            ),
        };
        Some(language.pick(&english, &korean).to_owned())
    }

    /// How the figures were got, and what they are not.
    fn notes(&self) -> Vec<(String, String)> {
        let Report { measured, machine, store, seconds, .. } = self;
        let (p50, p99) = (measured.flush_ms_p50, measured.flush_ms_p99);
        let rates = [
            measured.joins,
            measured.looks,
            measured.documents,
            measured.sign_ups,
            measured.claims,
            measured.purchases,
        ];
        let share = percent(rates.iter().map(|rate| rate.people_share).sum::<f64>() / 6.0);
        let (cores, slow) = (machine.cores, measured.purchases.ms_p99);
        let bytes = |bytes: f64| grouped(bytes.ceil());
        let waiting = bytes(measured.waiting_bytes);
        let (buyer, disk) = (bytes(measured.buyer_bytes), bytes(measured.buyer_disk_bytes));
        let mut notes = vec![
            (
                format!(
                    "{seconds} s on a store of its own beside {store}: a flush takes {p50:.2} ms, 99 of 100 \
                         within {p99:.2} ms; 99 of 100 purchases within {slow:.0} ms"
                ),
                format!(
                    "{store} 옆의 별도 저장소에서 {seconds}초: 플러시 {p50:.2} ms(99%는 {p99:.2} ms 이내), \
                         구매의 99%는 {slow:.0} ms 이내"
                ),
            ),
            (
                format!(
                    "the virtual people ran on the same {cores} processors and took {share} of the time used; \
                         nothing is subtracted for them, so real people leave more"
                ),
                format!(
                    "가상의 사람들이 같은 프로세서 {cores}개에서 사용 시간의 {share}를 썼습니다. 이를 빼지 않았으므로 \
                         실제로는 여유가 더 있습니다"
                ),
            ),
            (
                format!(
                    "in memory one who waits took {waiting} bytes, one who bought {buyer}; in the store one who \
                         bought {disk}"
                ),
                format!(
                    "메모리: 기다리는 사람 {waiting}바이트, 산 사람 {buyer}바이트. 저장소: 산 사람 {disk}바이트"
                ),
            ),
        ];
        let refused: u64 = rates.iter().map(|rate| rate.refused).sum();
        if refused > 0 {
            let refused = grouped(refused as f64);
            notes.push((
                format!("{refused} calls were refused or lost and count for nothing"),
                format!("{refused}건은 거절되거나 끊겨서 세지 않았습니다"),
            ));
        }
        if self.sale.rail_per_s.is_none() {
            notes.push((
                "no bank was part of it: say what yours takes with --rail-per-second".to_owned(),
                "은행은 재지 않았습니다. 은행이 받는 초당 결제를 --rail-per-second로 알려 주세요"
                    .to_owned(),
            ));
        }
        notes
    }
}

/// What a need is called.
fn name(what: What) -> (&'static str, &'static str) {
    match what {
        What::Processor => ("all calls together: the processors", "모든 요청: 프로세서"),
        What::Store => ("all calls together: the store", "모든 요청: 저장소"),
        What::LastLooks => ("looks a second as the stock ends", "재고가 끝날 때의 초당 조회"),
        What::Rail => ("payments a second at the bank", "은행의 초당 결제"),
        What::Memory => ("memory", "메모리"),
        What::Disk => ("disk", "디스크"),
        What::Connections => ("connections", "접속"),
    }
}

fn row(language: Language, cells: &[(&str, &str)]) -> Vec<String> {
    cells.iter().map(|(english, korean)| language.pick(english, korean).to_owned()).collect()
}

/// A figure in the unit of its kind.
fn shown(what: What, figure: f64) -> String {
    match what {
        What::Processor | What::Store => percent(figure),
        What::LastLooks | What::Rail | What::Connections => grouped(figure.ceil()),
        What::Memory | What::Disk if figure < GIGABYTE => {
            format!("{:.0} MB", (figure / MEGABYTE).ceil())
        }
        What::Memory | What::Disk => format!("{:.1} GB", figure / GIGABYTE),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A whole number in groups of three.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
