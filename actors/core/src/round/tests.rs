//! Tests of a round: its life by steps and by the clock, its windows over a day, and what a
//! purchase may take.

use super::*;
use crate::round_spec::LineId;
use crate::tests::samples::*;

#[test]
fn every_step_from_every_state_leads_on_stays_or_is_refused() {
    check_steps(
        "
        from       schedule   open     pause    resume   close
        draft      scheduled  open     refused  refused  closed
        scheduled  stays      open     refused  refused  closed
        lobby      stays      open     paused   stays    closed
        open       stays      stays    paused   stays    closed
        paused     stays      refused  stays    open     closed
        sold_out   stays      stays    paused   stays    closed
        closed     refused    refused  refused  refused  stays
    ",
    );
}

/// One line a state: where each step leads from it. Every step is taken twice: the second time
/// nothing happens.
fn check_steps(table: &str) {
    for line in rows(table).skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for (step, expected) in STEPS.into_iter().zip(&words[1..]) {
            let mut round = in_state(words[0]);
            let answer = match round.decide_step(step) {
                Err(Refusal::WrongState { state }) => {
                    assert_eq!(state, round.state(), "{line}: {step:?}");
                    "refused"
                }
                Err(other) => panic!("{line}: {step:?}: {other:?}"),
                Ok(events) if events.is_empty() => "stays",
                Ok(events) => {
                    events.iter().for_each(|event| round.apply(event));
                    assert_eq!(round.decide_step(step), Ok(vec![]), "{line}: {step:?} twice");
                    round.state().word()
                }
            };
            assert_eq!(answer, *expected, "{line}: {step:?}");
        }
    }
}

const STEPS: [Step; 5] = [Step::Schedule, Step::Open, Step::Pause, Step::Resume, Step::Close];

fn in_state(word: &str) -> Round {
    let mut round = Round::new(second_round());
    let path: &[Step] = match word {
        "draft" => &[],
        "scheduled" | "lobby" => &[Step::Schedule],
        "open" => &[Step::Open],
        "paused" => &[Step::Open, Step::Pause],
        "sold_out" => &[Step::Open],
        "closed" => &[Step::Close],
        other => panic!("no state {other}"),
    };
    for step in path {
        round.decide_step(*step).unwrap().iter().for_each(|event| round.apply(event));
    }
    if word == "lobby" {
        settle(&mut round, at("09:45"));
    }
    if word == "sold_out" {
        round.apply(&watermark(&round, 0, 9));
        let bought = round.decide_purchase(at("10:00"), &order(0, 1, Won(250_000))).unwrap();
        round.apply(&Event::Issued { purchase: bought });
        settle(&mut round, at("10:00"));
    }
    assert_eq!(round.state().word(), word);
    round
}

#[test]
fn the_second_round_of_seoul_opens_halves_and_moves_its_leftover_by_the_clock() {
    check(
        second_round(),
        "
        09:00     schedule       | scheduled ahead:250k ahead:250k ahead:0
        09:29:59  tick           | scheduled ahead:250k ahead:250k ahead:0
        09:30     tick           | lobby     ahead:250k ahead:250k ahead:0
        09:59:59  buy odd 10k    | round-not-open
        10:00     tick           | open      open:250k  ahead:250k ahead:0
        10:00     buy odd 100k   | open      open:150k  ahead:250k ahead:0
        10:01     buy even 10k   | not-eligible
        10:01     buy everyone 1 | not-eligible
        10:02     buy odd 200k   | insufficient-stock
        13:59:59  buy odd 50k    | open      open:100k  ahead:250k ahead:0
        14:00     buy odd 10k    | not-eligible
        14:00     tick           | open      over:0     open:250k  ahead:100k
        14:01     buy even 200k  | open      over:0     open:50k   ahead:100k
        17:59:59  tick           | open      over:0     open:50k   ahead:100k
        18:00     tick           | open      over:0     over:0     open:150k
        18:00     buy even 10k   | not-eligible
        18:01     buy everyone 150k | sold_out over:0   over:0     open:0
        18:02     buy everyone 10k | sold-out
        23:59:58  tick           | sold_out  over:0     over:0     open:0
        23:59:59  tick           | closed    over:0     over:0     over:0
    ",
    );
}

#[test]
fn a_half_that_is_sold_out_opens_again_with_the_next_half() {
    check(
        second_round(),
        "
        09:45     schedule       | lobby     ahead:250k ahead:250k ahead:0
        10:00     buy odd 250k   | sold_out  open:0     ahead:250k ahead:0
        10:01     buy odd 10k    | sold-out
        14:00     tick           | open      over:0     open:250k  ahead:0
        14:01     buy even 250k  | sold_out  over:0     open:0     ahead:0
        18:00     tick           | sold_out  over:0     over:0     open:0
        18:01     buy everyone 10k | sold-out
        23:59:59  tick           | closed    over:0     over:0     over:0
    ",
    );
}

#[test]
fn a_pause_keeps_the_clock_of_the_windows_and_nobody_buys_in_it() {
    check(
        second_round(),
        "
        10:00     schedule       | open      open:250k  ahead:250k ahead:0
        10:01     buy odd 50k    | open      open:200k  ahead:250k ahead:0
        13:00     pause          | paused    open:200k  ahead:250k ahead:0
        13:01     buy odd 10k    | round-not-open
        14:00     tick           | paused    over:0     open:250k  ahead:200k
        14:01     buy even 10k   | round-not-open
        14:30     resume         | open      over:0     open:250k  ahead:200k
        14:31     buy odd 10k    | not-eligible
        14:31     buy even 250k  | sold_out  over:0     open:0     ahead:200k
        14:32     pause          | paused    over:0     open:0     ahead:200k
        14:33     resume         | sold_out  over:0     open:0     ahead:200k
        17:59     pause          | paused    over:0     open:0     ahead:200k
        23:59:59  tick           | closed    over:0     over:0     over:200k
    ",
    );
}

#[test]
fn a_pause_in_the_lobby_ends_in_the_lobby_or_after_it() {
    check(
        second_round(),
        "
        09:31     schedule       | lobby     ahead:250k ahead:250k ahead:0
        09:32     pause          | paused    ahead:250k ahead:250k ahead:0
        09:33     resume         | lobby     ahead:250k ahead:250k ahead:0
        09:34     pause          | paused    ahead:250k ahead:250k ahead:0
        10:00     tick           | paused    open:250k  ahead:250k ahead:0
        10:01     resume         | open      open:250k  ahead:250k ahead:0
    ",
    );
}

#[test]
fn an_operator_opens_the_first_windows_before_their_time() {
    check(
        second_round(),
        "
        08:00     open           | open      open:250k  ahead:250k ahead:0
        08:01     buy odd 50k    | open      open:200k  ahead:250k ahead:0
        10:00     tick           | open      open:200k  ahead:250k ahead:0
        14:00     tick           | open      over:0     open:250k  ahead:200k
    ",
    );
}

#[test]
fn a_round_that_an_operator_closes_keeps_its_leftover_where_it_is() {
    check(
        second_round(),
        "
        10:00     open           | open      open:250k  ahead:250k ahead:0
        10:01     buy odd 50k    | open      open:200k  ahead:250k ahead:0
        10:02     close          | closed    over:200k  over:250k  over:0
        10:03     buy odd 10k    | round-not-open
        18:00     tick           | closed    over:200k  over:250k  over:0
    ",
    );
}

#[test]
fn a_server_that_slept_through_windows_wakes_to_the_right_one() {
    for (wakes, after) in [
        ("09:59", "lobby ahead:250k ahead:250k ahead:0"),
        ("13:00", "open open:250k ahead:250k ahead:0"),
        ("14:00", "open over:0 open:250k ahead:250k"),
        ("20:00", "open over:0 over:0 open:500k"),
        ("23:59:59", "closed over:0 over:0 over:500k"),
    ] {
        check(second_round(), &format!("{wakes} schedule | {after}"));
    }
}

#[test]
fn leftover_moves_on_in_the_order_of_closing_even_when_all_close_at_once() {
    // The day opens before the morning that leaves to it, and leaves to the evening.
    let spec = round_of(&[
        "all-day 10:00-18:00 100k > all-evening",
        "odd 12:00-14:00 50k > all-day",
        "all-evening 18:00-20:00 0",
    ]);
    for (wakes, after) in [
        ("13:00", "open open:100k open:50k ahead:0"),
        ("14:00", "open open:150k over:0 ahead:0"),
        ("18:00", "open over:0 over:0 open:150k"),
        ("20:00", "closed over:0 over:0 over:150k"),
    ] {
        check(spec.clone(), &format!("{wakes} schedule | {after}"));
    }
}

#[test]
fn a_gap_between_windows_is_open_and_sells_nothing() {
    check(
        round_of(&["all-morning 10:00-12:00 100k", "all-evening 18:00-20:00 100k"]),
        "
        10:00     schedule       | open      open:100k  ahead:100k
        10:01     buy everyone 100k | sold_out open:0   ahead:100k
        12:00     tick           | open      over:0     ahead:100k
        12:01     buy everyone 10k | not-eligible
        18:00     buy everyone 10k | open    over:0     open:90k
        20:00     tick           | closed    over:0     over:90k
    ",
    );
}

/// One line a moment: what is due by the clock, then what is asked (`tick` asks nothing), then the
/// refusal or how the round and its windows stand. Stock is conserved at every event, and nothing
/// is due before the deadline it gave.
fn check(spec: RoundSpec, table: &str) {
    let mut round = Round::new(spec.clone());
    for line in 0..round.lines().len() {
        round.apply(&watermark(&round, u8::try_from(line).unwrap(), 1_000));
    }
    let (mut journal, mut number) = (vec![], 0);
    for line in rows(table) {
        let (asked, expected) = line.split_once('|').expect("asked | expected");
        let words: Vec<&str> = asked.split_whitespace().collect();
        let now = at(words[0]);
        journal.extend(settle(&mut round, now));
        number += 1;
        let outcome = ask(&round, now, number, &words[1..]);
        let answer = match outcome {
            Err(refusal) => refusal.code().to_owned(),
            Ok(events) => {
                events.iter().for_each(|event| round.apply(event));
                journal.extend(events);
                journal.extend(settle(&mut round, now));
                shown(&round)
            }
        };
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(answer, expected.join(" "), "after: {line}");
    }
    let mut again = Round::new(spec);
    journal.iter().for_each(|event| again.apply(event));
    assert_eq!(shown(&again), shown(&round), "replayed");
}

fn ask(round: &Round, now: Timestamp, number: u64, words: &[&str]) -> Result<Vec<Event>, Refusal> {
    let step = match words[0] {
        "tick" => return Ok(vec![]),
        "buy" => {
            let is_class = |line: &Line| &*line.eligibility.class() == words[1];
            let line = round.lines().iter().position(is_class).expect("a line of this class");
            let order = order(u8::try_from(line).unwrap(), number, won(words[2]));
            let purchase = round.decide_purchase(now, &order)?;
            assert!(crate::invariants::money_adds_up(&purchase), "OR-7: {purchase:?}");
            return Ok(vec![Event::Issued { purchase }]);
        }
        "schedule" => Step::Schedule,
        "open" => Step::Open,
        "pause" => Step::Pause,
        "resume" => Step::Resume,
        "close" => Step::Close,
        other => panic!("unknown: {other}"),
    };
    round.decide_step(step)
}

fn settle(round: &mut Round, now: Timestamp) -> Vec<Event> {
    let mut events = vec![];
    while let Some(event) = round.decide_due(now) {
        round.apply(&event);
        events.push(event);
        assert!(events.len() < 100, "the clock never comes to rest: {events:?}");
    }
    if let Some(deadline) = round.next_deadline(now) {
        assert!(deadline > now, "a deadline that is not ahead");
        assert_eq!(round.decide_due(deadline.plus_millis(-1)), None, "due before its deadline");
    }
    events
}

fn shown(round: &Round) -> String {
    let mut words = vec![round.state().word().to_owned()];
    for window in round.windows() {
        let phase = format!("{:?}", window.phase).to_lowercase();
        let left = window.stock.left.0;
        let left = if left == 0 { "0".to_owned() } else { format!("{}k", left / 1_000) };
        words.push(format!("{phase}:{left}"));
    }
    words.join(" ")
}

fn watermark(round: &Round, line: u8, to: u64) -> Event {
    Event::WatermarkMoved { round: round.spec().id.clone(), line: LineId(line), to }
}

fn order(line: u8, number: u64, amount: Won) -> PurchaseOrder {
    PurchaseOrder {
        id: PurchaseId(u128::from(number)),
        person: person(number),
        channel: channel(),
        amount,
        pass: PassId { line: LineId(line), number },
        key: key("k"),
        digest: [0; 32],
        month: Month::of(at("10:00")),
        used_after: amount,
        rules: rules().into(),
        at_counter: None,
    }
}

#[test]
fn the_rounds_refusals_of_a_purchase_come_in_order() {
    let mut round = in_state("open");
    round.apply(&watermark(&round, 0, 5));
    let cases = |round: &Round, line, number, amount| {
        let answer = round.decide_purchase(at("10:30"), &order(line, number, Won(amount)));
        answer.map_or_else(|refusal| refusal.code(), |_| "issued")
    };
    assert_eq!(cases(&round, 0, 5, 250_000), "issued");
    assert_eq!(cases(&round, 0, 5, 260_000), "insufficient-stock");
    assert_eq!(cases(&round, 0, 6, 260_000), "pass-invalid", "its turn has not come");
    assert_eq!(cases(&round, 0, 0, 260_000), "pass-invalid", "there is no such number");
    assert_eq!(cases(&round, 1, 6, 260_000), "not-eligible");
    assert_eq!(cases(&round, 9, 6, 260_000), "not-eligible", "there is no such line");
    let pause = round.decide_step(Step::Pause).unwrap();
    pause.iter().for_each(|event| round.apply(event));
    assert_eq!(cases(&round, 9, 6, 260_000), "round-not-open");
}

#[test]
fn a_window_sells_nothing_after_its_last_moment_even_before_the_clock_has_shut_it() {
    let mut round = in_state("open");
    round.apply(&watermark(&round, 0, 5));
    let order = order(0, 1, Won(10_000));
    assert!(round.decide_purchase(at("13:59:59"), &order).is_ok());
    let refusal = round.decide_purchase(at("14:00"), &order);
    assert_eq!(refusal, Err(Refusal::NotEligible { opens_at: None }));
}

#[test]
fn the_mean_purchase_is_believed_after_a_hundred() {
    let mut round = Round::new(round_of(&["everyone 10:00-14:00 100000k"]));
    settle(&mut round, at("10:00"));
    round.decide_step(Step::Open).unwrap().iter().for_each(|event| round.apply(event));
    round.apply(&watermark(&round, 0, 1_000));
    for number in 1..=100 {
        assert_eq!(round.mean_purchase(Won(400_000)), Won(400_000), "after {number}");
        let amount = if number % 2 == 0 { Won(100_000) } else { Won(200_000) };
        let purchase = round.decide_purchase(at("10:00"), &order(0, number, amount)).unwrap();
        round.apply(&Event::Issued { purchase });
    }
    assert_eq!(round.mean_purchase(Won(400_000)), Won(150_000));
}

#[test]
fn a_round_can_be_changed_until_people_can_join() {
    let changed = round_of(&["everyone 11:00-12:00 70k"]);
    for (state, may) in [("draft", true), ("scheduled", true), ("lobby", false), ("paused", false)]
    {
        let mut round = in_state(state);
        let answer = round.decide_redefine(&changed);
        assert_eq!(answer.is_ok(), may, "{state}");
        if let Ok(event) = answer {
            round.apply(&event);
            assert_eq!(round.state().word(), state);
            assert_eq!((round.windows().len(), round.lines().len()), (1, 1));
        }
    }
}

#[test]
fn numbers_are_reserved_a_block_ahead() {
    let mut round = in_state("lobby");
    for (last_number, expected) in [
        (0, Some(NUMBER_BLOCK)),
        (NUMBER_BLOCK / 2, None),
        (NUMBER_BLOCK / 2 + 1, Some(2 * NUMBER_BLOCK)),
        (NUMBER_BLOCK, None),
        (2 * NUMBER_BLOCK, Some(3 * NUMBER_BLOCK)),
    ] {
        let event = round.decide_reserve(LineId(1), last_number);
        let up_to = event.as_ref().map(|event| match event {
            Event::NumbersReserved { up_to, line: LineId(1), .. } => *up_to,
            other => panic!("{other:?}"),
        });
        assert_eq!(up_to, expected, "after {last_number}");
        event.iter().for_each(|event| round.apply(event));
    }
}

#[test]
fn events_of_other_rounds_change_nothing() {
    let mut round = in_state("open");
    let before = shown(&round);
    let other = round_id("another");
    round.apply(&Event::RoundMoved { round: other.clone(), to: LifeCycle::Closed });
    round.apply(&Event::WindowOpened { round: other.clone(), window: window_id("even") });
    round.apply(&Event::WatermarkMoved { round: other, line: LineId(0), to: 77 });
    assert_eq!(shown(&round), before);
    assert_eq!(round.lines()[0].watermark, 0);
}

#[test]
#[should_panic(expected = "OR-6: the watermark moves back")]
fn a_watermark_that_moves_back_is_a_defect() {
    let mut round = in_state("open");
    round.apply(&watermark(&round, 0, 5));
    round.apply(&watermark(&round, 0, 4));
}

#[test]
#[should_panic(expected = "a round is closed for ever")]
fn a_closed_round_that_moves_is_a_defect() {
    let mut round = in_state("closed");
    let to = LifeCycle::Open;
    round.apply(&Event::RoundMoved { round: second_round().id, to });
}

#[test]
#[should_panic(expected = "OR-1")]
fn a_purchase_that_leaves_another_stock_than_decided_is_a_defect() {
    let mut round = in_state("open");
    round.apply(&watermark(&round, 0, 5));
    let mut purchase = round.decide_purchase(at("10:00"), &order(0, 1, Won(10_000))).unwrap();
    purchase.left_after = Won(250_000);
    round.apply(&Event::Issued { purchase });
}
