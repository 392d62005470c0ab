//! The stored form: every kind of event is written as JSON and read back as it was.

use super::samples::*;
use crate::purchase::{PassId, Purchase, PurchaseState};
use crate::round::LifeCycle;
use crate::round_spec::LineId;
use crate::*;

#[test]
fn every_event_comes_back_from_its_stored_form() {
    for event in one_of_each() {
        let stored = StoredEvent { seq: u64::MAX, at: at("10:00"), event };
        let text = serde_json::to_string(&stored).expect("serialises");
        let back = serde_json::from_str::<StoredEvent>(&text);
        assert_eq!(back.as_ref().ok(), Some(&stored), "{back:?} from {text}");
    }
}

#[test]
fn an_event_belongs_to_the_round_that_it_names() {
    let without = ["program_changed", "staff_acted", "signed_up", "refused"];
    for event in one_of_each() {
        let value = serde_json::to_value(&event).expect("serialises");
        let kind = value["kind"].as_str().expect("a kind").to_owned();
        let expected = (!without.contains(&kind.as_str())).then(|| second_round().id);
        assert_eq!(event.round(), expected.as_ref(), "{kind}");
    }
}

#[test]
fn what_the_contract_shows_of_eligibility_is_what_is_read() {
    for (text, class) in [
        ("\"all\"", "everyone"),
        ("{\"birth_year\":\"odd\"}", "odd"),
        ("{\"birth_year\":\"even\"}", "even"),
    ] {
        let read: round_spec::Eligibility = serde_json::from_str(text).expect("reads");
        assert_eq!(read.class(), class);
        assert_eq!(serde_json::to_string(&read).expect("serialises"), text);
    }
}

fn one_of_each() -> Vec<Event> {
    let round = second_round().id;
    let (line, number, person) = (LineId(1), 16_385, person(1));
    let (purchase_key, digest) = (key("k-1"), [7; 32]);
    vec![
        Event::ProgramChanged { program: program() },
        Event::RoundDefined { spec: second_round() },
        Event::RoundMoved { round: round.clone(), to: LifeCycle::SoldOut },
        Event::WindowOpened { round: round.clone(), window: window_id("odd") },
        Event::WindowClosed {
            round: round.clone(),
            window: window_id("odd"),
            leftover_to: Some(window_id("everyone")),
            leftover: Won(10_000),
        },
        Event::NumbersReserved { round: round.clone(), line, up_to: 16_384 },
        Event::WatermarkMoved { round: round.clone(), line, to: 9 },
        Event::InletChanged { round: round.clone(), inlet: inlet() },
        Event::StaffActed {
            actor: "op".to_owned(),
            role: "operator".to_owned(),
            action: "open".to_owned(),
            target: round.to_string(),
            reason: "it is time".to_owned(),
        },
        Event::SignedUp { person, channel: channel() },
        Event::Joined { round: round.clone(), line, number, person, dead_up_to: 3 },
        Event::Left { round: round.clone(), line, number, person },
        Event::Claimed { round: round.clone(), line, number, person, expires_at: at("10:10") },
        Event::Issued {
            purchase: Purchase {
                id: PurchaseId(u128::MAX - 1),
                round,
                window: window_id("odd"),
                program: program().id,
                person,
                channel: channel(),
                amount: Won(10_000),
                price: Won(9_300),
                subsidy: Won(700),
                month: Month::of(at("10:00")),
                pass: PassId { line, number },
                key: purchase_key.clone(),
                digest,
                at: at("10:00"),
                left_after: Won(0),
                used_after: Won(10_000),
                monthly_limit: Won(400_000),
                state: PurchaseState::Issued,
            },
        },
        Event::Refused {
            person,
            key: purchase_key,
            digest,
            refusal: Refusal::MonthlyLimitExceeded { allowance_won: Won(1) },
        },
    ]
}
