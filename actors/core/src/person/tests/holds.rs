//! Tests of what a person holds until the rail has answered: its month, and rules that change
//! meanwhile.

use super::*;
use crate::payment::VoidReason;

/// F18: the month is that of the hold, whatever the clock says when the payment ends.
#[test]
fn f18_a_payment_that_ends_after_midnight_counts_for_the_month_of_its_hold() {
    let (before, after) = (moment("07-31T23:59:58"), moment("08-01T00:00:03"));
    for (is_paid, july) in [(true, Won::ZERO), (false, Won(400_000))] {
        let mut person = Person::default();
        let ask = ask("first", "k", Won(400_000), ShownPass::Valid(pass(1), Timestamp(i64::MAX)));
        let Ok(Decision::Hold(hold)) = person.decide(before, &ask) else {
            panic!("nothing stands against it")
        };
        person.hold(hold);
        let held = held("first", "k", 400_000, 400_000, 1);
        person.apply(&held);
        let of = |person: &Person, now| person.limits(&program().id, &rules(), now);
        assert_eq!(of(&person, before).allowance, Won::ZERO);
        assert_eq!((of(&person, after).held, of(&person, after).allowance), (Won(0), Won(400_000)));
        person.apply(&match is_paid {
            true => issued("first", "k", 202_207, 400_000, 400_000, 1),
            false => voided(&held, VoidReason::Declined),
        });
        assert_eq!(of(&person, before).allowance, july, "of July");
        let august = of(&person, after);
        assert_eq!((august.used, august.allowance), (Won::ZERO, Won(400_000)), "of August");
    }
}

/// F24: what is held under the old rules is issued under them; new rules are for new holds.
#[test]
fn f24_a_hold_of_before_a_lower_limit_is_issued_and_counts_under_it() {
    let mut person = Person::default();
    let lower = Rules { monthly_limit_won: Won(300_000), ..rules() };
    person.apply(&held("first", "k", 400_000, 400_000, 1));
    let limits = person.limits(&program().id, &lower, at("10:00"));
    assert_eq!((limits.held, limits.allowance), (Won(400_000), Won::ZERO));
    person.apply(&issued("first", "k", 202_207, 400_000, 400_000, 1));
    let limits = person.limits(&program().id, &lower, at("10:00"));
    assert_eq!((limits.used, limits.held, limits.allowance), (Won(400_000), Won(0), Won(0)));
}

fn held(round: &str, name: &str, amount: i64, used_after: i64, number: u64) -> Event {
    let Event::Issued { purchase } = issued(round, name, 202_207, amount, used_after, number)
    else {
        panic!("an issue")
    };
    // Ids of purchases are unique over the rounds.
    let id = PurchaseId(purchase.id.0 + if round == "first" { 0 } else { 1_000 });
    let purchase = Purchase { id, state: PurchaseState::Held, ..purchase };
    Event::Held { purchase, pass_expires_at: Timestamp(i64::MAX) }
}

fn voided(held: &Event, reason: VoidReason) -> Event {
    let Event::Held { purchase, .. } = held else { panic!("a hold") };
    Event::Voided {
        round: purchase.round.clone(),
        purchase: purchase.id,
        person: purchase.person,
        window: purchase.window.clone(),
        back_to: purchase.window.clone(),
        amount: purchase.amount,
        reason,
    }
}
