//! Tests of the story of a place: from events to one sentence.

use super::*;
use openrun_core::round_spec::LineId;
use openrun_core::view::{Outlook, PlaceView};
use openrun_core::{PersonKey, Won};

/// 10:00 in Seoul on 14 July 2022.
const TEN: i64 = 1_657_760_400_000;
const PERSON: PersonKey = PersonKey([7; 16]);

fn round() -> RoundId {
    RoundId::new("seoul").unwrap()
}

fn place(state: PlaceState) -> Place {
    let view = PlaceView {
        state,
        watermark: 61_040,
        ahead: 27_172,
        eta: None,
        outlook: Outlook::Unlikely,
        poll_after_millis: 1_000,
    };
    let (line, class) = (LineId(0), "everyone");
    let class = class.into();
    Place { line, class, number: 88_213, is_entry: false, view, pass_expires_at: None }
}

fn at(millis: i64, event: Event) -> StoredEvent {
    StoredEvent { seq: 1, at: Timestamp(TEN + millis), event }
}

fn joined() -> StoredEvent {
    let (line, number, person) = (LineId(0), 88_213, PERSON);
    at(3_412, Event::Joined { round: round(), line, number, person, dead_up_to: 0 })
}

fn moved(millis: i64, to: LifeCycle) -> StoredEvent {
    at(millis, Event::RoundMoved { round: round(), to })
}

fn reached(millis: i64, to: u64) -> StoredEvent {
    at(millis, Event::WatermarkMoved { round: round(), line: LineId(0), to })
}

fn left() -> StoredEvent {
    let (line, number, person) = (LineId(0), 88_213, PERSON);
    at(60_000, Event::Left { round: round(), line, number, person })
}

fn voided() -> StoredEvent {
    let window = openrun_core::WindowId::new("w").unwrap();
    let event = Event::Voided {
        round: round(),
        purchase: PurchaseId(1),
        person: PERSON,
        window: window.clone(),
        back_to: window,
        amount: Won(300_000),
        reason: openrun_core::payment::VoidReason::Declined,
    };
    at(61_001, event)
}

#[test]
fn a_place_is_told_in_one_sentence() {
    use PlaceState::{Admitted, Closed, Lapsed, Left, Lobby, SoldOut, Waiting};
    let stock_ended = || vec![joined(), reached(1, 61_040), moved(4_200_500, LifeCycle::SoldOut)];
    let came_back = || [stock_ended(), vec![moved(4_201_000, LifeCycle::Open)]].concat();
    let head = "joined 10:00:03.412 as number 88,213; ";
    for (state, events, then) in [
        (Waiting, vec![joined()], "so far the line has reached 61,040"),
        (Lobby, vec![joined()], "so far the line has reached 61,040"),
        (Waiting, came_back(), "so far the line has reached 61,040"),
        (Admitted, vec![joined()], "it is your turn to buy"),
        (Lapsed, vec![joined()], "your turn came and was not used in time"),
        (Left, vec![joined(), left()], "you gave the place up at 10:01:00.000"),
        (SoldOut, stock_ended(), "the line reached 61,040 when the stock ended at 11:10:00.500"),
        (SoldOut, vec![joined()], "the line reached 61,040 when your window ended"),
        (
            Closed,
            vec![joined(), moved(5_000, LifeCycle::Closed)],
            "the line reached 61,040 when the sale closed at 10:00:05.000",
        ),
        (
            Admitted,
            vec![joined(), voided()],
            "the payment of 300,000 won did not go through at 10:01:01.001",
        ),
    ] {
        let sentence = Story::told(&events).sentence(&place(state));
        assert_eq!(sentence.en, format!("{head}{then}"));
        assert!(
            sentence.ko.starts_with("10:00:03.412에 88,213번으로 줄을 섰습니다. "),
            "{sentence:?}"
        );
    }
    let lost = Story::told(&[]).sentence(&place(Waiting));
    assert_eq!(lost.en, "number 88,213; so far the line has reached 61,040");
}
