//! The stored form: every kind of event is written as JSON and read back as it was.

use super::samples::*;
use crate::draw::{Digest, ShareValue};
use crate::payment::VoidReason;
use crate::purchase::{Purchase, PurchaseState};
use crate::round::LifeCycle;
use crate::round_spec::LineId;
use crate::voucher::{Asked, Payback, PaybackCause, VoucherMove};
use crate::*;

#[test]
fn every_event_comes_back_from_its_stored_form() {
    for event in one_of_each().into_iter().chain(of_vouchers()) {
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

/// Rounds are read without them.
#[test]
fn an_event_of_a_voucher_is_of_no_round_and_says_whose_it_is() {
    for event in of_vouchers() {
        assert_eq!(event.round(), None, "{event:?}");
        assert_eq!(event.voucher_move().map(|of| of.person), Some(person(1)), "{event:?}");
    }
    assert!(one_of_each().iter().all(|event| event.voucher_move().is_none()));
}

#[test]
fn what_the_contract_shows_of_eligibility_is_what_is_read() {
    for (text, class) in [
        ("\"all\"", "everyone"),
        ("{\"birth_year\":\"odd\"}", "odd"),
        ("{\"birth_year\":\"even\"}", "even"),
        ("{\"age\":{\"from\":65,\"to\":120}}", "age-65-120"),
        ("{\"district\":[\"jongno\",\"jung\"]}", "district-jongno-jung"),
    ] {
        let read: round_spec::Eligibility = serde_json::from_str(text).expect("reads");
        assert_eq!(&*read.class(), class);
        assert_eq!(serde_json::to_string(&read).expect("serialises"), text);
    }
}

fn one_of_each() -> Vec<Event> {
    let round = second_round().id;
    let (line, number, person) = (LineId(1), 16_385, person(1));
    let (purchase_key, digest) = (key("k-1"), [7; 32]);
    let purchase = purchase_in_july().id;
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
        Event::StockAsked { round: round.clone(), ask: stock_ask() },
        Event::StockChanged {
            round: round.clone(),
            id: stock_ask().id,
            window: window_id("odd"),
            change: Won(-10_000),
        },
        Event::StockKept { round: round.clone(), id: stock_ask().id },
        Event::NumbersReserved { round: round.clone(), line, up_to: 16_384 },
        Event::WatermarkMoved { round: round.clone(), line, to: 9 },
        Event::DrawCommitted {
            round: round.clone(),
            line,
            commitment: Digest([1; 32]),
            at: at("09:00"),
        },
        Event::LobbyClosed {
            round: round.clone(),
            line,
            lobby: LineId(4),
            count: 7,
            root: Digest([2; 32]),
            at: at("10:00"),
        },
        Event::ShareGiven {
            round: round.clone(),
            share: ShareValue { name: "council".to_owned(), value: "00ff".to_owned() },
            at: at("10:00"),
        },
        Event::Drawn {
            round: round.clone(),
            line,
            lobby: LineId(4),
            count: 7,
            key: Digest([3; 32]),
            seed: Digest([4; 32]),
            at: at("10:01"),
        },
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
        Event::Held {
            purchase: Purchase { state: PurchaseState::Held, ..purchase_in_july() },
            pass_expires_at: at("10:10"),
        },
        Event::PaymentSent {
            round: round.clone(),
            purchase,
            person,
            sent_at: at("10:01"),
            request: "{\"a\": 1}".to_owned(),
        },
        Event::CancelSent { round: round.clone(), purchase, reason: VoidReason::WrongAmount },
        Event::Voided {
            round: round.clone(),
            purchase,
            person,
            window: window_id("odd"),
            back_to: window_id("everyone"),
            amount: Won(100_000),
            reason: VoidReason::Declined,
        },
        Event::ReturnSent { round: round.clone(), purchase, amount: Won(93_000) },
        Event::Returned { round: round.clone(), purchase },
        Event::Issued { purchase: purchase_in_july() },
        Event::Refused {
            person,
            key: purchase_key,
            digest,
            refusal: Refusal::MonthlyLimitExceeded { allowance_won: Won(1) },
        },
    ]
}

fn of_vouchers() -> Vec<Event> {
    let purchase = purchase_in_july();
    let asked = Some(Asked { key: key("k-2"), digest: [3; 32] });
    let of = VoucherMove {
        program: program().id,
        voucher: purchase.id.into(),
        person: person(1),
        id: MoveId(u128::MAX - 2),
        number: 1,
        at: at("12:00"),
        asked,
    };
    let ended = VoucherMove { number: 2, asked: None, ..of.clone() };
    let payback = Payback {
        round: purchase.round.clone(),
        channel: channel(),
        cause: PaybackCause::Cancel,
        amount: Won(100_000),
        price: Won(93_000),
        subsidy: Won(7_000),
        month_back: Some(purchase.month),
    };
    let request = Some("{\"a\": 1}".to_owned());
    vec![
        Event::Spent {
            of: of.clone(),
            merchant: MerchantId::new("tea-house").expect("a slug"),
            amount: Won(1),
            balance_after: Won(99_999),
        },
        Event::PaybackSent {
            of: of.clone(),
            payback: payback.clone(),
            purchase_at: at("10:00"),
            request,
        },
        Event::PaidBack { of: ended.clone(), payback: payback.clone() },
        Event::PaybackRefused {
            of: ended.clone(),
            payback: Payback { month_back: None, ..payback },
        },
        Event::Gifted {
            of,
            to: person(2),
            round: purchase.round,
            channel: channel(),
            bought_at: at("10:00"),
            month: purchase.month,
            amount: Won(10_000),
            price: Won(9_300),
            subsidy: Won(700),
            balance_after: Won(90_000),
            expires_at: None,
        },
        Event::Expired { of: ended, amount: Won(90_000) },
    ]
}
