//! Opening by two persons, as a table: who does what, and what the round is then.

use super::*;
use crate::tests::samples::{at, round_of, rows};

fn spec(opening: Opening) -> RoundSpec {
    RoundSpec { opening, ..round_of(&["all 10:00-12:00 100k"]) }
}

#[test]
fn one_asks_and_another_one_confirms_by_the_same_step() {
    check(
        Opening::TwoPersons,
        "
        09:00     ann schedules     | draft, ann asks to schedule
        09:01     ann schedules     | draft, ann asks to schedule
        09:02     eve schedules     | ask-pending
        09:03     ann! schedules    | second-person-required
        09:04     bob! opens        | ask-not-found
        09:05     bob! schedules    | scheduled
        09:06     bob! schedules    | scheduled
        09:07     ann opens         | scheduled, ann asks to open
        09:08     bob! opens        | open
        09:09     ann opens         | open
        09:10     ann pauses        | paused
        09:11     bob! pauses       | forbidden
        09:12     ann resumes       | open
    ",
    );
}

#[test]
fn an_ask_ends_by_its_time_by_another_one_of_the_same_person_and_by_a_new_definition() {
    check(
        Opening::TwoPersons,
        "
        09:00     ann schedules     | draft, ann asks to schedule
        10:00     bob! schedules    | ask-not-found
        10:01     ann schedules     | draft, ann asks to schedule
        10:02     ann opens         | draft, ann asks to open
        10:03     bob! schedules    | ask-not-found
        10:04     ann defines       | draft
        10:05     bob! opens        | ask-not-found
        10:06     eve opens         | draft, eve asks to open
        10:07     ann defines-one   | second-person-required
        10:08     bob! opens        | open
        10:09     ann defines       | wrong-state
    ",
    );
}

#[test]
fn what_two_have_scheduled_the_clock_opens_and_one_cannot_change() {
    check(
        Opening::TwoPersons,
        "
        09:00     ann schedules     | draft, ann asks to schedule
        09:01     bob! schedules    | scheduled
        09:02     ann defines       | wrong-state
        09:03     ann defines-one   | second-person-required
        10:00     ann resumes       | open
    ",
    );
}

#[test]
fn where_one_is_enough_one_opens_and_a_second_may_not() {
    check(
        Opening::OnePerson,
        "
        09:00     bob! schedules    | forbidden
        09:01     ann schedules     | scheduled
        09:02     ann defines-two   | wrong-state
        09:03     ann opens         | open
    ",
    );
}

#[test]
fn a_round_of_before_there_was_a_choice_takes_one() {
    let text = |opening| serde_json::to_string(&spec(opening)).expect("it is data");
    let (one, two) = (text(Opening::OnePerson), text(Opening::TwoPersons));
    assert!(!one.contains("opening") && two.contains("\"opening\":\"two_persons\""), "{two}");
    let read = |text: &str| serde_json::from_str::<RoundSpec>(text).expect("it is a round");
    assert_eq!(read(&one), spec(Opening::OnePerson));
    assert_eq!(read(&two), spec(Opening::TwoPersons));
}

/// One line a moment: what is due by the clock, then who does what (`!` confirms), then the refusal
/// or how the round stands. The whole journal gives the same round again.
fn check(opening: Opening, table: &str) {
    let mut round = Round::new(spec(opening));
    let (mut journal, mut last) = (Vec::new(), Timestamp(0));
    for row in rows(table) {
        let (asked, expected) = row.split_once('|').expect("asked | expected");
        let words: Vec<&str> = asked.split_whitespace().collect();
        last = at(words[0]);
        while let Some(event) = round.decide_due(last) {
            round.apply(&event);
            journal.push(event);
        }
        let answer = match act(&round, last, opening, &words[1..]) {
            Err(refusal) => refusal.code().to_owned(),
            Ok(events) => {
                events.iter().for_each(|event| round.apply(event));
                journal.extend(events);
                shown(&round, last)
            }
        };
        assert_eq!(answer, expected.trim(), "after: {row}");
    }
    let mut again = Round::new(spec(opening));
    journal.iter().for_each(|event| again.apply(event));
    assert_eq!(shown(&again, last), shown(&round, last), "replayed");
}

fn act(
    round: &Round,
    now: Timestamp,
    opening: Opening,
    words: &[&str],
) -> Result<Vec<Event>, Refusal> {
    let name = words[0].trim_end_matches('!').to_owned();
    let by = By { confirms: words[0].ends_with('!'), name };
    let step = |step| round.decide_step_by(now, step, &by);
    match words[1] {
        "schedules" => step(Step::Schedule),
        "opens" => step(Step::Open),
        "pauses" => step(Step::Pause),
        "resumes" => step(Step::Resume),
        "defines" => round.decide_redefine(&spec(opening)).map(|event| vec![event]),
        "defines-one" => round.decide_redefine(&spec(Opening::OnePerson)).map(|event| vec![event]),
        "defines-two" => round.decide_redefine(&spec(Opening::TwoPersons)).map(|event| vec![event]),
        other => panic!("unknown: {other}"),
    }
}

fn shown(round: &Round, now: Timestamp) -> String {
    let state = round.state().word();
    match round.opening_ask(now) {
        None => state.to_owned(),
        Some(ask) => {
            let step = if ask.step == Step::Open { "open" } else { "schedule" };
            format!("{state}, {} asks to {step}", ask.by)
        }
    }
}
