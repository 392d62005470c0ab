//! Tests of the story of a place: from events to one sentence.

use super::*;
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

fn came_back() -> StoredEvent {
    let (line, number, person) = (LineId(0), 88_213, PERSON);
    at(50_000, Event::CameBack { round: round(), line, number, person })
}

fn turn_again() -> StoredEvent {
    at(51_000, Event::TurnGiven { round: round(), line: LineId(0), numbers: vec![88_213] })
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
    let head = "joined 10:00:03.412 as number 88,213; ";
    for (state, events, then) in [
        (Waiting, vec![joined()], "so far the line has reached 61,040"),
        (Lobby, vec![joined()], "so far the line has reached 61,040"),
        (Waiting, vec![joined(), came_back()], "you came back and wait for your turn again"),
        (Admitted, vec![joined(), came_back(), turn_again()], "it is your turn to buy"),
        (Admitted, vec![joined()], "it is your turn to buy"),
        (Lapsed, vec![joined()], "your turn came and was not used in time"),
        (Left, vec![joined(), left()], "you gave the place up at 10:01:00.000"),
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
        let sentence = Story::told(&events, &OwnWindow::default()).sentence(&place(state));
        assert_eq!(sentence.en, format!("{head}{then}"));
        assert!(
            sentence.ko.starts_with("10:00:03.412에 88,213번으로 줄을 섰습니다. "),
            "{sentence:?}"
        );
    }
    let lost = Story::told(&[], &OwnWindow::default()).sentence(&place(Waiting));
    assert_eq!(lost.en, "number 88,213; so far the line has reached 61,040");
}

#[test]
fn the_end_is_that_of_the_own_window() {
    // The round went on for hours after the half of this person.
    let events =
        [joined(), moved(20_000_000, LifeCycle::SoldOut), moved(50_000_000, LifeCycle::Closed)];
    let stock_end = Some(StockEnd { at: Timestamp(TEN + 4_200_500), watermark: 40_000 });
    let closed_at = Some(Timestamp(TEN + 14_400_000));
    for (state, own, then) in [
        (
            PlaceState::SoldOut,
            OwnWindow { stock_end, closed_at },
            "the line reached 40,000 when the stock ended at 11:10:00.500",
        ),
        (
            PlaceState::Closed,
            OwnWindow { stock_end: None, closed_at },
            "the line reached 61,040 when the sale closed at 14:00:00.000",
        ),
    ] {
        let told = Story::told(&events, &own).sentence(&place(state)).en;
        assert_eq!(told, format!("joined 10:00:03.412 as number 88,213; {then}"));
    }
}

#[test]
fn an_entry_of_a_lobby_has_no_number() {
    let entry = Place { is_entry: true, ..place(PlaceState::Lobby) };
    let told = Story::told(&[joined()], &OwnWindow::default()).sentence(&entry);
    assert_eq!(
        told.en,
        "joined 10:00:03.412, in the lobby; the order is drawn when the sale opens"
    );
    assert!(!told.ko.contains("88,213"), "{told:?}");
}
