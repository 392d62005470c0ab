//! What is told of a sale that fits, of one on conditions, and of one that is too large.

use super::*;
use crate::capacity::Rate;

fn report(people: u64, rail_per_s: Option<f64>) -> Report<'static> {
    let rate = |per_s: f64| Rate { per_s, busy: 0.98, people_share: 0.4, ..Rate::default() };
    let measured = Measured {
        joins: rate(25_900.0),
        looks: rate(95_900.0),
        documents: rate(115_500.0),
        sign_ups: rate(30_000.0),
        claims: rate(20_000.0),
        purchases: rate(28_500.0),
        idle_bytes: 73e6,
        waiting_bytes: 210.0,
        buyer_bytes: 3_000.0,
        join_disk_bytes: 300.0,
        buyer_disk_bytes: 3_000.0,
        flush_ms_p50: 0.12,
        flush_ms_p99: 0.34,
    };
    let machine =
        Machine { cores: 2, memory_bytes: Some(20e9), disk_bytes: None, connections: 19_000.0 };
    let sale = Sale {
        people,
        stock_won: 50_000_000_000,
        seconds: 600.0,
        mean_purchase_won: 387_000,
        joins_per_s: None,
        rail_per_s,
    };
    let verdict = Verdict::of(&sale, &measured, &machine);
    Report { sale, measured, machine, verdict, store: "sqlite:openrun.db", seconds: 24 }
}

#[test]
fn a_small_sale_is_a_plain_yes() {
    let text = report(10_000, None).in_words(Language::English);
    assert!(text.starts_with("yes: this machine carries 10,000 people"), "{text}");
    assert!(!text.contains("what to do") && text.contains("--rail-per-second"), "{text}");
    let korean = report(10_000, None).in_words(Language::Korean);
    assert!(korean.starts_with("가능: 이 기계는 10분 동안 10,000명"), "{korean}");
}

#[test]
fn a_condition_comes_with_what_to_do_about_it() {
    let text = report(300_000, Some(400.0)).in_words(Language::English);
    assert!(text.starts_with("yes, but: this machine carries 300,000 people"), "{text}");
    assert!(text.contains("narrowest: connections"), "{text}");
    assert!(text.contains("raise max_connections"), "{text}");
    assert!(text.contains("looks once a second"), "{text}");
    assert!(text.contains("disk") && text.contains("not known"), "{text}");
    assert!(!text.contains("--rail-per-second"), "the bank was named: {text}");
}

#[test]
fn a_bank_that_is_too_slow_is_a_no_with_the_time_that_it_takes() {
    let text = report(300_000, Some(100.0)).in_words(Language::English);
    assert!(text.starts_with("no: this machine does not carry"), "{text}");
    assert!(text.contains("narrowest: payments a second at the bank"), "{text}");
    assert!(text.contains("plan for 22 minutes at least"), "{text}");
    assert!(text.contains("216 payments a second"), "{text}");
}

#[test]
fn every_need_has_its_words_in_both_languages() {
    let is_korean = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
    let of = report(300_000, Some(1.0));
    for what in [
        What::Processor,
        What::Store,
        What::LastLooks,
        What::Rail,
        What::Memory,
        What::Disk,
        What::Connections,
    ] {
        let (english, korean) = name(what);
        assert!(english.is_ascii() && is_korean(korean), "{what:?}");
        let standing = Standing::Short;
        let need = Need { what, need: 2e9, have: Some(1e9), margin: 2.0, standing };
        let told = of.cure(Language::English, &need).unwrap();
        assert!(told.is_ascii() && !is_korean(&told), "{told}");
        assert!(is_korean(&of.cure(Language::Korean, &need).unwrap()), "{what:?}");
    }
    for (english, korean) in of.notes() {
        assert!(english.is_ascii() && is_korean(&korean), "{english}");
    }
}

#[test]
fn json_has_the_answer_and_what_it_rests_on() {
    let json = report(300_000, Some(100.0)).as_json();
    assert_eq!(json["answer"], "no");
    assert_eq!(json["narrowest"], "rail");
    assert_eq!(json["sale"]["people"], 300_000);
    assert_eq!(json["loads"][0]["call"], "join");
    assert_eq!(json["measured"]["purchases"]["per_s"], 28_500.0);
    assert_eq!(json["machine"]["disk_bytes"], Value::Null);
}

#[test]
fn figures_are_read_in_their_units() {
    for (what, figure, text) in [
        (What::Processor, 0.2857, "28.6 %"),
        (What::Connections, 300_000.0, "300,000"),
        (What::Memory, 340.2e6, "341 MB"),
        (What::Disk, 1.44e9, "1.4 GB"),
        (What::Rail, 215.3, "216"),
    ] {
        assert_eq!(shown(what, figure), text);
    }
    assert_eq!((grouped(0.0), grouped(1_234_567.0)), ("0".to_owned(), "1,234,567".to_owned()));
}
