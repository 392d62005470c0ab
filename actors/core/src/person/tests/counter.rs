//! Tests of somebody who buys paper at a counter: no pass, cash, and the limits of everybody.

use super::*;
use crate::purchase::PassId;

fn at_counter(name: &str, amount: i64) -> Ask {
    let mut ask = ask("r1", name, Won(amount), ShownPass::Missing);
    ask.is_cash = true;
    ask.round.as_mut().expect("a round").at_counter = Some(born_in(1991));
    ask
}

/// Decides and, if it may be, buys: with this serial number when it is paper.
fn buy(person: &mut Person, ask: &Ask, serial: u64) -> String {
    match person.decide(at("10:00"), ask) {
        Err(refusal) => refusal.code().to_owned(),
        Ok(Decision::Replay(_)) => "replay".to_owned(),
        Ok(Decision::Hold(hold)) => {
            let facts = ask.round.clone().expect("a round");
            let mut bought = hold.clone();
            if hold.pass.is_at_counter() {
                bought.pass = PassId::serial(serial);
            }
            person.hold(hold);
            person.apply(&issue(ask, &facts, &bought, at("10:00")));
            "bought".to_owned()
        }
    }
}

#[test]
fn paper_and_app_share_the_month_and_paper_is_held_by_nobody() {
    let mut person = Person::default();
    let app = |name: &str, number, amount| {
        ask("r1", name, Won(amount), ShownPass::Valid(pass(number), Timestamp(i64::MAX)))
    };
    assert_eq!(buy(&mut person, &at_counter("paper", 300_000), 1), "bought");
    assert_eq!(buy(&mut person, &at_counter("paper", 300_000), 2), "replay");
    let limits = person.limits(&program().id, &rules(), at("10:00"));
    assert_eq!((limits.used, limits.allowance), (Won(300_000), Won(100_000)));
    assert_eq!((limits.holding, limits.room), (Won::ZERO, Won(1_000_000)), "it is paper");
    assert!(person.vouchers(at("10:00"), |_| None).is_empty(), "no app holds it");
    assert_eq!(buy(&mut person, &app("app", 1, 200_000), 0), "monthly-limit-exceeded");
    assert_eq!(buy(&mut person, &app("app", 1, 100_000), 0), "bought");
    assert_eq!(buy(&mut person, &at_counter("more", 10_000), 2), "monthly-limit-exceeded");
}

/// S5, the person's part: what stands for a pass at a counter is nothing that anybody can show.
#[test]
fn only_a_counter_needs_no_pass_and_only_a_counter_takes_cash() {
    let mut person = Person::default();
    let asks = |is_counter: bool, is_cash: bool, pass: ShownPass| {
        let mut ask = at_counter("one", 10_000);
        (ask.is_cash, ask.pass) = (is_cash, pass);
        if !is_counter {
            ask.round.as_mut().expect("a round").at_counter = None;
        }
        ask
    };
    for (is_counter, is_cash, pass, answer) in [
        (false, false, ShownPass::Missing, "pass-required"),
        (false, true, ShownPass::Missing, "malformed"),
        (true, false, ShownPass::Missing, "malformed"),
        (true, false, shown_pass("7"), "malformed"),
        (false, true, shown_pass("7"), "malformed"),
        (false, false, ShownPass::Invalid, "pass-invalid"),
        (true, true, ShownPass::Invalid, "bought"),
    ] {
        let ask = asks(is_counter, is_cash, pass);
        assert_eq!(buy(&mut person, &ask, 1), answer, "{is_counter} {is_cash}");
    }
}

#[test]
fn a_full_purse_buys_no_paper_either() {
    let mut person = Person::default();
    for (month, number) in [(202_204, 1), (202_205, 2), (202_206, 3)] {
        let name = format!("app-{number}");
        person.apply(&issued("early", &name, month, 330_000, 330_000, number));
    }
    assert_eq!(buy(&mut person, &at_counter("paper", 20_000), 1), "holding-limit-exceeded");
    assert_eq!(buy(&mut person, &at_counter("less", 10_000), 1), "bought");
}
