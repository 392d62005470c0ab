//! What people do with answers: a turn is claimed once, and nothing that was acknowledged is lost.

use super::*;
use crate::rehearse::crowd::RoundNow;
use crate::rehearse::people::{Cast, Person, Planned};
use crate::rehearse::scenario::SignUp;
use crate::rehearse::tokens::Wallet;
use jiff::Timestamp;

const ROUND: u16 = 0;
const TIMES: Times = Times { sent: 1, answered: 2 };

/// One person of no habits who wants so much of a round and has just come.
fn one_who_wants(want_won: u64) -> Crowd {
    let plan = Planned {
        person: 0,
        round: ROUND,
        group: 0,
        phone: 0,
        want_won,
        arrives_at: Timestamp::UNIX_EPOCH,
        habits: Habits::default(),
        sign_up: SignUp::Before,
        is_at_counter: false,
    };
    let birthdate = "1991-03-01".to_owned();
    let person = Person { birthdate, odd: true, channels: [0, 0], two_phones: false };
    let cast = Cast { persons: vec![person], visits: vec![plan], channels: Vec::new() };
    let mut crowd = Crowd::new("run", "host", &cast, Wallet::default());
    let round = RoundNow { keeps_places: true, unit_won: 10_000, ..RoundNow::default() };
    crowd.rounds.push(round);
    crowd.begin_act(vec![(0, 0)]);
    crowd
}

fn sends(crowd: &mut Crowd) -> Option<Call> {
    crowd.take(1).and_then(Job::call)
}

fn hears(crowd: &mut Crowd, call: Call, status: u16, body: &str) {
    let job = Job::send(0, call, 0);
    let answer = Answer { status, body: body.as_bytes(), retry_after_s: None, replayed: false };
    crowd.answered(job, call, TIMES, &answer);
}

fn place(state: &str, watermark: u64) -> String {
    format!(
        r#"{{"ticket":"t","state":"{state}","number":5,"class":"everyone","watermark":{watermark}}}"#
    )
}

#[test]
fn a_turn_that_comes_with_the_answer_is_claimed_once() {
    for state in ["waiting", "admitted"] {
        let mut crowd = one_who_wants(400_000);
        assert_eq!(sends(&mut crowd), Some(Call::Join));
        hears(&mut crowd, Call::Join, 201, &place("waiting", 3));
        assert_eq!(sends(&mut crowd), None, "their turn is to come");
        hears(&mut crowd, Call::Ask, 200, &place(state, 7));
        assert_eq!(sends(&mut crowd), Some(Call::Claim));
        assert_eq!(sends(&mut crowd), None, "one turn, one claim");
    }
}

#[test]
fn a_purchase_that_is_acknowledged_to_somebody_who_went_is_told() {
    let mut crowd = one_who_wants(400_000);
    crowd.end(0, Last::SoldOut);
    hears(&mut crowd, Call::Buy, 201, "{}");
    let unexpected: Vec<_> = crowd.figures.unexpected.keys().cloned().collect();
    assert_eq!(unexpected, ["purchase: 201 after the last answer"]);
}
