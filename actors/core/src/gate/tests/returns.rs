//! Who lapsed and came back, and stand-by: the lowest first.

use super::*;

fn sale(stock: i64) -> Sale {
    let inlet = InletSpec { rate_per_1000_s: 1_000, claim_window_s: 60, ..inlet() };
    let mut sale = Sale::new(1, inlet);
    let mut spec = sale.round.spec().clone();
    spec.windows[0].stock_won = Won(stock);
    sale.round = Round::new(spec);
    let events = sale.round.decide_step(Step::Open).expect("it can be opened");
    events.iter().for_each(|event| sale.round.apply(event));
    sale
}

impl Sale {
    fn until(&mut self, second: i64) -> Vec<Event> {
        let mut all = Vec::new();
        while self.now < second * 1_000 {
            self.now += TICK_MILLIS;
            all.extend(self.drive());
        }
        all
    }

    fn come_back(&self, number: u64) {
        assert!(self.places[0].change(number, Phase::Lapsed, Phase::Returned));
    }
}

fn called(events: &[Event]) -> Vec<u64> {
    let numbers = events.iter().filter_map(|event| match event {
        Event::TurnGiven { numbers, .. } => Some(numbers.clone()),
        _ => None,
    });
    numbers.flatten().collect()
}

#[test]
fn who_came_back_is_let_in_before_the_watermark_moves_on_the_lowest_first() {
    let mut sale = sale(1_000_000_000);
    sale.join(10_000);
    sale.until(65);
    let there = Arc::clone(&sale.places[0]);
    assert!(there.phase(1) == Phase::Lapsed && there.lapsed_up_to() > 2, "nobody claimed");
    [4, 2, 3].into_iter().for_each(|number| sale.come_back(number));
    let watermark = there.watermark();
    assert_eq!((there.returned(), there.returned_before(4)), (3, 2));
    let mut order = Vec::new();
    while there.returned() > 0 {
        assert!(sale.now < 100_000, "{:?}", sale.gate.view(&sale.round, &sale.places));
        let events = sale.until(sale.now / 1_000 + 1);
        order.extend(called(&events));
        let moved = there.watermark() - watermark;
        assert!(there.returned() == 0 || moved == 0, "OR-5: somebody came before them");
    }
    assert_eq!(order, [2, 3, 4]);
    assert_eq!(there.phase(2), Phase::Called);
    assert!(there.change(2, Phase::Called, Phase::Claimed));
    // Not claimed: it is over after the claim window.
    sale.until(sale.now / 1_000 + 61);
    assert_eq!([2, 3].map(|number| there.phase(number)), [Phase::Claimed, Phase::Lapsed]);
}

#[test]
fn who_came_back_waits_for_rate_active_and_stock_as_others_do() {
    for (spec, by) in [
        (InletSpec { max_active: 1, claim_window_s: 5, ..inlet() }, Limiter::Active),
        (InletSpec { mode: InletMode::Shut, ..inlet() }, Limiter::Shut),
    ] {
        let mut sale = sale(1_000_000_000);
        sale.join(3);
        sale.until(62);
        sale.come_back(1);
        let round = sale.round.spec().id.clone();
        assert!(sale.places[0].change(3, Phase::Waiting, Phase::Claimed));
        sale.round.apply(&Event::InletChanged { round, inlet: spec });
        let events = sale.until(90);
        assert_eq!((called(&events), sale.limiter()), (vec![], by));
    }
}

#[test]
fn nothing_lapses_while_the_sale_stands_still_and_all_have_a_claim_window_after_it() {
    for is_pause in [true, false] {
        let mut sale = sale(1_000_000_000);
        sale.join(50);
        sale.until(30);
        let step = |sale: &mut Sale, step| {
            let events = sale.round.decide_step(step).expect("it can");
            events.iter().for_each(|event| sale.round.apply(event));
        };
        match is_pause {
            true => step(&mut sale, Step::Pause),
            false => sale.is_held_up = true,
        }
        sale.until(3_000);
        match is_pause {
            true => step(&mut sale, Step::Resume),
            false => sale.is_held_up = false,
        }
        sale.until(3_059);
        assert_eq!(sale.places[0].phase(1), Phase::Waiting, "pause: {is_pause}");
        sale.until(3_062);
        assert_eq!(sale.places[0].phase(1), Phase::Lapsed, "pause: {is_pause}");
        let stops = sale.gate.view(&sale.round, &sale.places).stops;
        assert!((2_970_000..2_971_000).contains(&stops.total_millis), "{stops:?}");
    }
}

/// A purchase of the whole stock is held; everybody stands by. What comes back is offered to one
/// person for each purchase, the lowest number first.
#[test]
fn what_comes_back_is_offered_to_the_lowest_number_that_stands_by() {
    let mut sale = sale(400_000);
    sale.join(1);
    sale.until(1);
    assert!(sale.places[0].change(1, Phase::Waiting, Phase::Claimed));
    sale.places[0].buy(1).expect("it had a pass");
    let (held, voided) = payment_of(400_000);
    sale.round.apply(&held);
    sale.until(2);
    // Let in before nothing was left, by the room that a quiet line has.
    let watermark = sale.places[0].watermark();
    sale.join(20 + watermark - 1);
    sale.until(30);
    assert_eq!(sale.places[0].watermark(), watermark, "there is nothing to be let in for");
    sale.round.apply(&voided);
    sale.until(31);
    let offered = sale.places[0].watermark() - watermark;
    assert_eq!((offered, sale.limiter()), (1, Limiter::Stock), "one purchase, one person");
    // They never come: the next one has their chance when they are not expected any more.
    sale.until(60);
    assert!(sale.places[0].watermark() > watermark + 1, "the next in line");
    assert!(sale.places[0].watermark() <= watermark + 4, "but not many at once");
}

fn payment_of(amount: i64) -> (Event, Event) {
    use crate::Purchase;
    use crate::payment::VoidReason;
    use crate::purchase::PurchaseState;
    let spec = round_of(&["everyone 10:00-14:00 0"]);
    let (round, window) = (spec.id.clone(), spec.windows[0].id.clone());
    let purchase = Purchase {
        round: round.clone(),
        window,
        amount: Won(amount),
        state: PurchaseState::Held,
        left_after: Won::ZERO,
        ..purchase_in_july()
    };
    let voided = Event::Voided {
        round: round.clone(),
        purchase: purchase.id,
        person: purchase.person,
        window: purchase.window.clone(),
        back_to: purchase.window.clone(),
        amount: purchase.amount,
        reason: VoidReason::Expired,
    };
    (Event::Held { purchase, pass_expires_at: at("10:10") }, voided)
}

#[test]
fn who_joins_where_there_is_room_claims_after_those_who_came_back() {
    use crate::queue::{ClaimDecision, Queue, ShownTicket};
    let (places, mut queue, line) = (Places::default(), Queue::default(), LineId(0));
    places.set_reserved(10);
    let round = crate::tests::samples::second_round().id;
    let join = |queue: &mut Queue, number| {
        assert_eq!(places.take_number(), Some(number));
        let (round, person) = (round.clone(), crate::tests::samples::person(number));
        queue.apply(&Event::Joined { round, line, number, person, dead_up_to: 0 }, &places);
    };
    let claim = |queue: &Queue, number| {
        let person = crate::tests::samples::person(number);
        queue.decide_claim(Timestamp(0), person, ShownTicket { line, number }, &places)
    };
    join(&mut queue, 1);
    places.advance(5);
    assert!(places.change(1, Phase::Waiting, Phase::Lapsed));
    assert!(places.change(1, Phase::Lapsed, Phase::Returned));
    join(&mut queue, 2);
    assert_eq!(claim(&queue, 2), Err(crate::Refusal::NotYet { ahead: 1 }), "OR-5");
    assert!(places.change(1, Phase::Returned, Phase::Called));
    assert_eq!(claim(&queue, 2), Ok(ClaimDecision::New));
}

/// Before any turn has lapsed nobody knows whether the silent come late or never: the stock is not
/// promised to others meanwhile, though they cost no rate.
#[test]
fn the_silent_keep_the_stock_until_it_is_known_that_they_do_not_come() {
    // A hundred purchases of 400,000 won.
    let mut sale = sale(40_000_000);
    sale.join(10_000);
    sale.until(59);
    // What the stock serves with its margin is 126; the last of it is let in at the price of those
    // who do not come.
    let most = 2 * 126;
    let there = Arc::clone(&sale.places[0]);
    assert!(there.watermark() <= most, "{} were let in for 100", there.watermark());
    sale.until(200);
    assert!(there.watermark() > most, "their turns are over: others come");
}
