//! A person whose payments take time: what is held counts, in its own month and under its own
//! rules, until it is paid or comes to nothing; keys and passes follow.

use super::samples::*;
use crate::payment::VoidReason;
use crate::person::{Answer, Ask, Decision, LimitHold, Person, RoundFacts, ShownPass};
use crate::purchase::{PassId, PurchaseState};
use crate::round_spec::LineId;
use crate::*;

#[test]
fn what_is_held_counts_until_it_is_paid_or_comes_to_nothing() {
    check(
        "
        when        do               | comes to               | used held allowance room
        07-28T10:00 hold a 1 300k    | held                   | 0    300k 100k      700k
        07-28T10:00 hold b 2 200k    | monthly-limit-exceeded | 0    300k 100k      700k
        07-28T10:01 hold c 2 100k    | held                   | 0    400k 0         600k
        07-28T10:01 hold a 1 300k    | again-pending          | 0    400k 0         600k
        07-28T10:02 issue a          | done                   | 300k 100k 0         600k
        07-28T10:02 issue a          | known                  | 300k 100k 0         600k
        07-28T10:03 void c           | done                   | 300k 0    100k      700k
        07-28T10:03 void c           | done                   | 300k 0    100k      700k
        07-28T10:04 hold a 1 300k    | again-issued           | 300k 0    100k      700k
        07-28T10:04 hold c 2 100k    | again-payment-declined | 300k 0    100k      700k
        07-28T10:05 hold d 1 100k    | pass-used              | 300k 0    100k      700k
        07-28T10:05 hold e 2 100k    | held                   | 300k 100k 0         600k
        07-28T10:06 issue e          | done                   | 400k 0    0         600k
    ",
    );
}

/// F18: the month is that of the hold, whenever it is paid or freed.
#[test]
fn a_hold_over_midnight_counts_in_the_month_in_which_it_was_made() {
    check(
        "
        when           do            | comes to               | used held allowance room
        07-31T23:59:58 hold a 1 400k | held                   | 0    400k 0         600k
        08-01T00:00:00 look          | done                   | 0    0    400k      600k
        08-01T00:00:01 hold b 2 400k | held                   | 0    400k 0         200k
        08-01T00:00:03 issue a       | done                   | 0    400k 0         200k
        07-31T23:59:59 look          | done                   | 400k 0    0         200k
        08-01T00:00:04 void b        | done                   | 0    0    400k      600k
    ",
    );
    check(
        "
        when           do            | comes to               | used held allowance room
        07-31T23:59:58 hold a 1 400k | held                   | 0    400k 0         600k
        08-01T00:00:03 void a        | done                   | 0    0    400k      1000k
        08-01T00:00:04 hold b 1 400k | held                   | 0    400k 0         600k
        08-01T00:00:05 issue b       | done                   | 400k 0    0         600k
        07-31T23:59:59 look          | done                   | 0    0    400k      600k
    ",
    );
}

/// F24: new rules are for new holds; what was held under the old ones stands.
#[test]
fn a_change_of_rules_does_not_touch_a_hold_that_lives() {
    check(
        "
        when        do               | comes to               | used held allowance room
        07-28T10:00 hold a 1 300k    | held                   | 0    300k 100k      700k
        07-28T10:01 limit 200k       | done                   | 0    300k 0         700k
        07-28T10:01 hold b 2 10k     | monthly-limit-exceeded | 0    300k 0         700k
        07-28T10:02 issue a          | done                   | 300k 0    0         700k
        07-28T10:03 limit 500k       | done                   | 300k 0    200k      700k
        07-28T10:03 hold c 2 200k    | held                   | 300k 200k 0         500k
        07-28T10:04 limit 300k       | done                   | 300k 200k 0         500k
        07-28T10:05 void c           | done                   | 300k 0    0         700k
    ",
    );
}

/// The round voids one purchase while it is being asked for another, whose limit was held before.
#[test]
fn a_hold_that_ends_while_the_round_decides_another_purchase_is_no_contradiction() {
    let mut buyer = Buyer::new();
    assert_eq!(buyer.step(at("10:00"), "hold a 1 300k"), "held");
    let asked = buyer.ask("b", 2, won("100k"));
    let Ok(Decision::Hold(hold)) = buyer.person.decide(at("10:00"), &asked) else { panic!("room") };
    assert_eq!(hold.used_after, won("400k"));
    buyer.person.hold(hold.clone());
    assert_eq!(buyer.step(at("10:00"), "void a"), "done");
    let held = buyer.held(&asked, &hold, at("10:00"));
    buyer.write(held);
    for person in [buyer.person.clone(), Person::replay(&buyer.journal)] {
        let limits = person.limits(&program().id, &rules(), at("10:00"));
        let Limits { used, held, allowance } = Limits::of(limits);
        assert_eq!((used, held, allowance), (won("0"), won("100k"), won("300k")));
    }
}

struct Limits {
    used: Won,
    held: Won,
    allowance: Won,
}

impl Limits {
    fn of(limits: person::Limits) -> Limits {
        Limits { used: limits.used, held: limits.held, allowance: limits.allowance }
    }
}

/// A person with their journal and the rules of the day.
struct Buyer {
    person: Person,
    journal: Vec<StoredEvent>,
    rules: Rules,
    held: Vec<Purchase>,
}

impl Buyer {
    fn new() -> Buyer {
        Buyer { person: Person::default(), journal: vec![], rules: rules(), held: vec![] }
    }

    fn write(&mut self, event: Event) {
        self.person.apply(&event);
        let seq = self.journal.len() as u64 + 1;
        self.journal.push(StoredEvent { seq, at: at("10:00"), event });
    }

    fn step(&mut self, now: Timestamp, command: &str) -> String {
        let words: Vec<&str> = command.split_whitespace().collect();
        let named = |name: &str| {
            let held = self.held.iter().find(|purchase| purchase.key == key(name));
            held.cloned().expect("it was held")
        };
        match words[0] {
            "look" => {}
            "limit" => self.rules.monthly_limit_won = won(words[1]),
            "hold" => return self.hold(now, words[1], words[2].parse().unwrap(), won(words[3])),
            "issue" => {
                let purchase = Purchase { state: PurchaseState::Issued, ..named(words[1]) };
                // Whoever tells an actor of an end asks first whether it is still pending.
                if self.person.pending(purchase.id).is_none() {
                    return "known".to_owned();
                }
                self.write(Event::Issued { purchase });
            }
            "void" => {
                let purchase = named(words[1]);
                self.write(Event::Voided {
                    round: purchase.round.clone(),
                    purchase: purchase.id,
                    person: purchase.person,
                    window: purchase.window.clone(),
                    back_to: purchase.window.clone(),
                    amount: purchase.amount,
                    reason: VoidReason::Declined,
                });
            }
            other => panic!("unknown: {other}"),
        }
        "done".to_owned()
    }

    fn hold(&mut self, now: Timestamp, name: &str, number: u64, amount: Won) -> String {
        let asked = self.ask(name, number, amount);
        match self.person.decide(now, &asked) {
            Err(refusal) => refusal.code().to_owned(),
            Ok(Decision::Replay(Answer::Pending(_))) => "again-pending".to_owned(),
            Ok(Decision::Replay(Answer::Issued(_))) => "again-issued".to_owned(),
            Ok(Decision::Replay(Answer::Refused(refusal))) => format!("again-{}", refusal.code()),
            Ok(Decision::Hold(hold)) => {
                self.person.hold(hold.clone());
                let held = self.held(&asked, &hold, now);
                self.write(held);
                "held".to_owned()
            }
        }
    }

    fn held(&mut self, asked: &Ask, hold: &LimitHold, now: Timestamp) -> Event {
        let purchase = Purchase {
            id: PurchaseId(self.held.len() as u128),
            amount: hold.amount,
            month: hold.month,
            pass: hold.pass,
            key: asked.key.clone(),
            digest: asked.digest,
            at: now,
            used_after: hold.used_after,
            monthly_limit: self.rules.monthly_limit_won,
            state: PurchaseState::Held,
            ..purchase_in_july()
        };
        self.held.push(purchase.clone());
        Event::Held { purchase, pass_expires_at: hold.pass_expires_at }
    }

    fn ask(&self, name: &str, number: u64, amount: Won) -> Ask {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&amount.0.to_le_bytes());
        let pass = PassId { line: LineId(0), number };
        Ask {
            key: key(name),
            digest,
            amount,
            is_registered: true,
            round: Some(RoundFacts {
                round: purchase_in_july().round,
                program: program().id,
                rules: self.rules.clone().into(),
                closed: None,
                channel_allowed: true,
                at_counter: None,
            }),
            pass: ShownPass::Valid(pass, Timestamp(i64::MAX)),
            is_cash: false,
        }
    }
}

/// One line a step: when, what, what it comes to, and the limits of that month after it. A replay
/// of the events must agree.
fn check(table: &str) {
    let mut buyer = Buyer::new();
    for line in rows(table).skip(1) {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let (when, command) = parts[0].split_once(' ').expect("a time and a command");
        let answer = buyer.step(moment(when), command.trim());
        assert_eq!(answer, parts[1], "{line}");
        let of = |person: &Person| {
            let limits = person.limits(&program().id, &buyer.rules, moment(when));
            [limits.used, limits.held, limits.allowance, limits.room]
        };
        let expected: Vec<Won> = parts[2].split_whitespace().map(won).collect();
        assert_eq!(of(&buyer.person).to_vec(), expected, "{line}");
        assert_eq!(of(&Person::replay(&buyer.journal)).to_vec(), expected, "replayed: {line}");
    }
}
