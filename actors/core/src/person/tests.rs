//! Tests of a person: the ladder of refusals in order of precedence, remembered keys, and limits.

use super::*;
use crate::purchase::PurchaseState;
use crate::round::LifeCycle;
use crate::round_spec::LineId;
use crate::tests::samples::*;
use crate::{Month, PersonKey, PurchaseId};

mod counter;
mod holds;

#[test]
fn the_first_declared_refusal_wins_however_much_is_wrong() {
    check_ladder(
        "
        nothing             held
        holding-is-full     holding-limit-exceeded
        month-is-used       monthly-limit-exceeded
        pass-is-used        pass-used
        pass-is-late        pass-expired
        pass-is-forged      pass-invalid
        pass-is-missing     pass-required
        window-is-another   not-eligible
        round-is-paused     round-not-open
        channel-is-foreign  channel-not-allowed
        never-signed-up     not-registered
        round-is-unknown    round-not-found
        amount-is-zero      invalid-amount
        key-is-used         idempotency-key-reused
    ",
    );
}

/// One line a step: what goes wrong on top of all above it, and the answer.
fn check_ladder(table: &str) {
    let mut person = Person::default();
    let mut ask =
        ask("first", "fresh", Won(400_000), ShownPass::Valid(pass(9), Timestamp(i64::MAX)));
    let mut last: Option<Refusal> = None;
    for line in rows(table) {
        let (wrong, answer) = line.split_once(' ').expect("two words");
        break_one(wrong, &mut person, &mut ask);
        match person.decide(at("10:00"), &ask) {
            Ok(_) => assert_eq!(answer.trim(), "held", "{line}"),
            Err(refusal) => {
                assert_eq!(refusal.code(), answer.trim(), "{line}");
                let is_earlier = last.as_ref().is_none_or(|last| refusal < *last);
                assert!(is_earlier, "{refusal:?} is declared before {last:?}");
                last = Some(refusal);
            }
        }
    }
}

fn break_one(wrong: &str, person: &mut Person, ask: &mut Ask) {
    let facts = ask.round.as_mut();
    match wrong {
        "nothing" => {}
        "holding-is-full" => {
            person.apply(&issued("early", "june", 202_206, 400_000, 400_000, 1));
            person.apply(&issued("early", "may", 202_205, 300_000, 300_000, 2));
        }
        "month-is-used" => person.apply(&issued("first", "july", 202_207, 100_000, 100_000, 3)),
        "pass-is-used" => ask.pass = ShownPass::Valid(pass(3), Timestamp(i64::MAX)),
        "pass-is-late" => ask.pass = ShownPass::Expired(pass(3)),
        "pass-is-forged" => ask.pass = ShownPass::Invalid,
        "pass-is-missing" => ask.pass = ShownPass::Missing,
        "window-is-another" => {
            facts.unwrap().closed = Some(Refusal::NotEligible { opens_at: Some(at("14:00")) });
        }
        "round-is-paused" => {
            let state = LifeCycle::Paused;
            facts.unwrap().closed = Some(Refusal::RoundNotOpen { state, opens_at: None });
        }
        "channel-is-foreign" => facts.unwrap().channel_allowed = false,
        "never-signed-up" => ask.is_registered = false,
        "round-is-unknown" => ask.round = None,
        "amount-is-zero" => ask.amount = Won::ZERO,
        "key-is-used" => ask.key = key("july"),
        other => panic!("nothing is known to go wrong as {other}"),
    }
}

/// F26.
#[test]
fn only_positive_multiples_of_the_unit_within_the_month_are_amounts() {
    for (amount, is_amount) in [
        (i64::MIN, false),
        (-10_000, false),
        (0, false),
        (1, false),
        (9_999, false),
        (10_000, true),
        (10_001, false),
        (400_000, true),
        (410_000, false),
        (1_000_000_000_000_001, false),
        (i64::MAX, false),
    ] {
        let ask = ask("first", "k", Won(amount), ShownPass::Valid(pass(1), Timestamp(i64::MAX)));
        let answer = Person::default().decide(at("10:00"), &ask);
        let limits = (Some(Won(10_000)), Some(Won(400_000)));
        match answer {
            Ok(_) => assert!(is_amount, "{amount}"),
            Err(Refusal::InvalidAmount { unit_won, monthly_limit_won }) => {
                assert_eq!((unit_won, monthly_limit_won, is_amount), (limits.0, limits.1, false));
            }
            Err(other) => panic!("{amount}: {other:?}"),
        }
    }
}

#[test]
fn an_amount_that_no_program_could_sell_is_refused_before_the_round_is_looked_for() {
    for (amount, code) in [(-1, "invalid-amount"), (9_999, "round-not-found")] {
        let mut ask = ask("first", "k", Won(amount), ShownPass::Missing);
        ask.round = None;
        let refusal = Person::default().decide(at("10:00"), &ask).expect_err("no such round");
        assert_eq!(refusal.code(), code);
    }
}

/// F23.
#[test]
fn the_limits_of_a_month_and_of_holding_are_shared_by_the_rounds_of_a_program() {
    check(
        "
        when         round   key amount pass | answer                 used allowance room
        07-14T10:05  first   a   300k   1    | issued                 300k 100k      700k
        07-28T10:05  second  b   200k   1    | monthly-limit-exceeded 300k 100k      700k
        07-28T10:06  second  c   100k   1    | issued                 400k 0         600k
        07-28T10:07  second  d   10k    2    | monthly-limit-exceeded 400k 0         600k
        07-28T10:07  other   e   400k   1    | issued                 400k 0         600k
        08-01T00:00  second  f   400k   3    | issued                 400k 0         200k
        08-02T00:00  second  g   10k    4    | monthly-limit-exceeded 400k 0         200k
    ",
    );
}

#[test]
fn a_month_ends_at_midnight_in_seoul_and_is_fixed_when_the_limit_is_held() {
    check(
        "
        when            round  key amount pass | answer                 used allowance room
        07-31T23:59:58  first  a   400k   1    | issued                 400k 0         600k
        07-31T23:59:59  first  b   10k    2    | monthly-limit-exceeded 400k 0         600k
        08-01T00:00:00  first  c   10k    2    | issued                 10k  390k      590k
    ",
    );
    let mut person = Person::default();
    let ask = ask("first", "k", Won(400_000), ShownPass::Valid(pass(1), Timestamp(i64::MAX)));
    let Ok(Decision::Hold(hold)) = person.decide(moment("07-31T23:59:59"), &ask) else {
        panic!("nothing stands against it")
    };
    assert_eq!(hold.month.to_string(), "2022-07");
    person.hold(hold);
    person.apply(&issued("first", "k", 202_207, 400_000, 400_000, 1));
    let august = person.limits(&program().id, &rules(), moment("08-01T00:00:01"));
    assert_eq!((august.used, august.allowance), (Won::ZERO, Won(400_000)));
}

#[test]
fn nobody_holds_more_than_the_holding_limit_over_the_months() {
    check(
        "
        when         round  key amount pass | answer                 used allowance room
        07-01T10:00  first  a   400k   1    | issued                 400k 0         600k
        08-01T10:00  first  b   400k   2    | issued                 400k 0         200k
        rules holding 900k
        08-02T10:00  first  c   10k    3    | monthly-limit-exceeded 400k 0         100k
        rules monthly 800k
        08-02T10:00  first  d   200k   3    | holding-limit-exceeded 400k 400k      100k
        08-02T10:00  first  e   100k   3    | issued                 500k 300k      0
        08-02T10:00  first  f   10k    4    | holding-limit-exceeded 500k 300k      0
    ",
    );
}

#[test]
fn a_lower_limit_counts_what_was_bought_under_the_higher_one() {
    check(
        "
        when         round  key amount pass | answer                 used allowance room
        07-14T10:00  first  a   200k   1    | issued                 200k 200k      800k
        rules monthly 300k
        07-14T10:01  first  b   200k   2    | monthly-limit-exceeded 200k 100k      800k
        07-14T10:01  first  c   400k   2    | invalid-amount         200k 100k      800k
        07-14T10:02  first  d   100k   2    | issued                 300k 0         700k
        rules monthly 100k
        07-14T10:03  first  e   10k    3    | monthly-limit-exceeded 300k 0         700k
        08-01T00:00  first  f   100k   4    | issued                 100k 0         600k
    ",
    );
}

/// F7.
#[test]
fn a_key_gets_the_same_answer_for_ever_and_no_other_request() {
    check(
        "
        when         round  key amount pass | answer                       used allowance room
        07-14T10:00  first  a   300k   1    | issued                       300k 100k      700k
        07-14T10:00  first  a   300k   1    | again-issued                 300k 100k      700k
        07-14T10:00  first  a   200k   1    | idempotency-key-reused       300k 100k      700k
        07-14T10:00  second a   300k   1    | idempotency-key-reused       300k 100k      700k
        07-14T10:01  first  b   200k   2    | monthly-limit-exceeded       300k 100k      700k
        07-14T10:02  empty  c   100k   2    | sold-out                     300k 100k      700k
        07-14T10:03  empty  c   100k   2    | again-sold-out               300k 100k      700k
        07-14T10:04  first  d   100k   1    | pass-used                    300k 100k      700k
        07-14T10:05  first  d   100k   2    | issued                       400k 0         600k
        08-01T00:00  first  a   300k   none | again-issued                 0    400k      600k
        08-01T00:00  first  b   200k   none | again-monthly-limit-exceeded 0    400k      600k
        08-01T00:00  first  b   400k   none | idempotency-key-reused       0    400k      600k
    ",
    );
}

#[test]
fn a_pass_is_good_for_one_purchase_in_its_own_round() {
    check(
        "
        when         round  key amount pass   | answer        used allowance room
        07-14T10:00  first  a   10k    none   | pass-required 0    400k      1000k
        07-14T10:00  first  a   10k    forged | pass-invalid  0    400k      1000k
        07-14T10:00  first  a   10k    late   | pass-expired  0    400k      1000k
        07-14T10:00  first  a   10k    1      | issued        10k  390k      990k
        07-14T10:00  first  b   10k    1      | pass-used     10k  390k      990k
        07-14T10:00  second b   10k    1      | issued        20k  380k      980k
        07-14T10:00  first  c   10k    2      | issued        30k  370k      970k
    ",
    );
}

#[test]
fn each_refusal_that_is_remembered_is_replayed_and_no_other_can_be() {
    for refusal in Refusal::one_of_each() {
        let mut person = Person::default();
        let asked = ask("first", "k", Won(10_000), ShownPass::Valid(pass(1), Timestamp(i64::MAX)));
        if refusal.is_remembered() {
            let digest = asked.digest;
            let refused = Event::Refused {
                person: crate::tests::samples::person(1),
                key: asked.key.clone(),
                digest,
                refusal: refusal.clone(),
            };
            person.apply(&refused);
            let again = person.decide(moment("08-09T00:00"), &asked);
            assert_eq!(again, Ok(Decision::Replay(Answer::Refused(refusal))));
            continue;
        }
        assert!(matches!(person.decide(at("10:00"), &asked), Ok(Decision::Hold(_))));
    }
}

#[test]
fn what_is_held_counts_until_the_round_has_decided() {
    let mut person = Person::default();
    let asked = ask("first", "k", Won(300_000), ShownPass::Valid(pass(1), Timestamp(i64::MAX)));
    let limits = |person: &Person| person.limits(&program().id, &rules(), at("10:00"));
    let free = limits(&person);
    let Ok(Decision::Hold(hold)) = person.decide(at("10:00"), &asked) else { panic!("free") };
    person.hold(hold);
    let held = limits(&person);
    assert_eq!((held.held, held.allowance, held.room), (won("300k"), won("100k"), won("700k")));
    person.release();
    assert_eq!(limits(&person), free);
}

#[test]
#[should_panic(expected = "OR-2: two purchases of one person at once")]
fn two_purchases_at_once_are_a_defect() {
    let mut person = Person::default();
    let asked = ask("first", "k", Won(10_000), ShownPass::Valid(pass(1), Timestamp(i64::MAX)));
    let Ok(Decision::Hold(hold)) = person.decide(at("10:00"), &asked) else { panic!("free") };
    person.hold(hold);
    let _ = person.decide(at("10:00"), &asked);
}

#[test]
#[should_panic(expected = "OR-2: issued what was not held")]
fn a_purchase_that_was_not_held_is_a_defect() {
    let mut person = Person::default();
    let asked = ask("first", "k", Won(10_000), ShownPass::Valid(pass(1), Timestamp(i64::MAX)));
    let Ok(Decision::Hold(hold)) = person.decide(at("10:00"), &asked) else { panic!("free") };
    person.hold(hold);
    person.apply(&issued("first", "k", 202_207, 20_000, 20_000, 1));
}

#[test]
#[should_panic(expected = "OR-4: a key was answered twice")]
fn a_key_with_two_effects_is_a_defect() {
    let mut person = Person::default();
    person.apply(&issued("first", "k", 202_207, 20_000, 20_000, 1));
    person.apply(&issued("first", "k", 202_207, 20_000, 40_000, 2));
}

#[test]
#[should_panic(expected = "OR-9: a pass was used twice")]
fn a_pass_with_two_purchases_is_a_defect() {
    let mut person = Person::default();
    person.apply(&issued("first", "a", 202_207, 20_000, 20_000, 1));
    person.apply(&issued("first", "b", 202_207, 20_000, 40_000, 1));
}

/// A person who was refused so often.
fn refused(times: usize) -> Person {
    let mut person = Person::default();
    for number in 0..times {
        let (key, digest, refusal) = (key(&number.to_string()), [0; 32], Refusal::SoldOut);
        let of = crate::tests::samples::person(1);
        person.apply(&Event::Refused { person: of, key, digest, refusal });
    }
    person
}

/// And nobody is kept from buying by what was refused before.
#[test]
fn remembered_refusals_come_to_an_end_and_purchases_do_not_with_them() {
    assert_eq!(refused(REFUSALS_MAX - 1).check_refusals(), Ok(()));
    let person = refused(REFUSALS_MAX);
    assert_eq!(person.check_refusals(), Err(Refusal::Overloaded));
    let asked = ask("first", "fresh", Won(10_000), ShownPass::Valid(pass(1), Timestamp(i64::MAX)));
    let decided = person.decide(at("10:00"), &asked);
    assert!(matches!(decided, Ok(Decision::Hold(_))), "{decided:?}");
}

#[test]
fn remembered_purchases_come_to_an_end() {
    let mut person = Person::default();
    for number in 0..KEYS_MAX {
        let answer = Kept::Purchase(Answer::Refused(Refusal::PaymentDeclined));
        person.remember(&key(&number.to_string()), [0; 32], answer);
    }
    let asked = ask("first", "fresh", Won(10_000), ShownPass::Valid(pass(1), Timestamp(i64::MAX)));
    assert_eq!(person.decide(at("10:00"), &asked), Err(Refusal::Overloaded));
    assert_eq!(person.check_refusals(), Ok(()), "why not can still be said");
}

/// One line an attempt: when, what is asked, what is answered, the limits after it. `rules` changes
/// them between. The round `empty` has nothing left; `other` is of another program. A replay from
/// the events must agree.
fn check(table: &str) {
    let (mut person, mut journal) = (Person::default(), Vec::new());
    let mut rules = rules();
    for line in rows(table).skip(1) {
        let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "|").collect();
        if words[0] == "rules" {
            match words[1] {
                "monthly" => rules.monthly_limit_won = won(words[2]),
                _ => rules.holding_limit_won = won(words[2]),
            }
            continue;
        }
        let (now, round) = (moment(words[0]), words[1]);
        let mut ask = ask(round, words[2], won(words[3]), shown_pass(words[4]));
        ask.round.as_mut().unwrap().rules = rules.clone().into();
        let answer = attempt(&mut person, &mut journal, now, &ask);
        let limits = person.limits(&program().id, &rules, now);
        let is = [answer, format!("{:?}", [limits.used, limits.allowance, limits.room])];
        let expected = format!("{:?}", [won(words[6]), won(words[7]), won(words[8])]);
        assert_eq!(is, [words[5].to_owned(), expected], "after: {line}");
        let replayed = Person::replay(&journal).limits(&program().id, &rules, now);
        assert_eq!(replayed, limits, "replayed after: {line}");
    }
}

fn attempt(
    person: &mut Person,
    journal: &mut Vec<StoredEvent>,
    now: Timestamp,
    ask: &Ask,
) -> String {
    let facts = ask.round.clone().unwrap();
    let decided = person.decide(now, ask);
    let refused = |refusal: Refusal| Event::Refused {
        person: crate::tests::samples::person(1),
        key: ask.key.clone(),
        digest: ask.digest,
        refusal,
    };
    let (answer, event) = match decided {
        Ok(Decision::Replay(Answer::Issued(_))) => ("again-issued".to_owned(), None),
        Ok(Decision::Replay(Answer::Pending(_))) => ("again-pending".to_owned(), None),
        Ok(Decision::Replay(Answer::Refused(refusal))) => {
            (format!("again-{}", refusal.code()), None)
        }
        Ok(Decision::Hold(hold)) => {
            person.hold(hold.clone());
            if facts.round.as_str() == "empty" {
                person.release();
                (Refusal::SoldOut.code().to_owned(), Some(refused(Refusal::SoldOut)))
            } else {
                ("issued".to_owned(), Some(issue(ask, &facts, &hold, now)))
            }
        }
        Err(refusal) => {
            let event = refusal.is_remembered().then(|| refused(refusal.clone()));
            (refusal.code().to_owned(), event)
        }
    };
    if let Some(event) = event {
        person.apply(&event);
        let seq = journal.len() as u64 + 1;
        journal.push(StoredEvent { seq, at: now, event });
    }
    answer
}

fn issue(ask: &Ask, facts: &RoundFacts, hold: &LimitHold, now: Timestamp) -> Event {
    let (price, subsidy) = facts.rules.price_and_subsidy(ask.amount);
    let purchase = Purchase {
        // As many as there are keys: a pass number is good in each round.
        id: PurchaseId(u128::from_be_bytes(PersonKey::of_subject(ask.key.as_str()).0)),
        round: facts.round.clone(),
        window: window_id("everyone"),
        program: facts.program.clone(),
        person: crate::tests::samples::person(1),
        channel: channel(),
        amount: ask.amount,
        price,
        subsidy,
        month: hold.month,
        pass: hold.pass,
        key: ask.key.clone(),
        digest: ask.digest,
        at: now,
        left_after: Won::ZERO,
        used_after: hold.used_after,
        monthly_limit: facts.rules.monthly_limit_won,
        state: PurchaseState::Issued,
    };
    assert!(crate::invariants::purchase_is_within_limit(&purchase), "OR-2: {purchase:?}");
    Event::Issued { purchase }
}

fn issued(round: &str, name: &str, month: i32, amount: i64, used_after: i64, number: u64) -> Event {
    let asked = ask(round, name, Won(amount), ShownPass::Valid(pass(number), Timestamp(i64::MAX)));
    let facts = asked.round.clone().unwrap();
    let hold = LimitHold {
        program: facts.program.clone(),
        month: Month::from_number(month),
        amount: Won(amount),
        pass: pass(number),
        pass_expires_at: Timestamp(i64::MAX),
        used_after: Won(used_after),
    };
    issue(&asked, &facts, &hold, at("10:00"))
}

fn ask(round: &str, name: &str, amount: Won, pass: ShownPass) -> Ask {
    let program = match round {
        "other" => ProgramId::new("seoul-districts").unwrap(),
        _ => program().id,
    };
    let half = crate::PersonKey::of_subject(&format!("{round} {amount}")).0;
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(&half);
    Ask {
        key: key(name),
        digest,
        amount,
        is_registered: true,
        round: Some(RoundFacts {
            round: round_id(round),
            program,
            rules: rules().into(),
            closed: None,
            channel_allowed: true,
            at_counter: None,
        }),
        pass,
        is_cash: false,
    }
}

fn pass(number: u64) -> PassId {
    PassId { line: LineId(0), number }
}

fn shown_pass(word: &str) -> ShownPass {
    match word {
        "none" => ShownPass::Missing,
        "forged" => ShownPass::Invalid,
        "late" => ShownPass::Expired(pass(77)),
        number => ShownPass::Valid(pass(number.parse().expect("a number")), Timestamp(i64::MAX)),
    }
}
