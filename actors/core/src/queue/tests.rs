//! Tests of a queue: joining, claiming, leaving and what a restart loses, one line a step.

use super::*;
use crate::tests::samples::*;
use std::sync::Arc;

mod returns;

#[test]
fn joining_again_gives_the_same_place_back() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        join ann          | held 1
        join bob          | new 2
        join ann shows 1  | held 1
        join ann shows 2  | held 1
        turn 1
        join ann          | held 1
        claim ann 1       | pass 600
        join ann          | held 1
    ",
    );
}

#[test]
fn joining_again_without_the_ticket_goes_to_the_tail() {
    check(
        Rejoin::Tail,
        "
        join ann          | new 1
        join bob          | new 2
        join ann shows 1  | held 1
        join ann          | new 3 dead 1
        claim ann 1       | turn-passed
        join ann shows 1  | new 4 dead 3
        turn 2
        claim ann 4       | not-yet 1
        claim bob 2       | pass 600
        join bob          | held 2
        turn 4
        join ann          | new 5 dead 4
        claim ann 4       | turn-passed
    ",
    );
}

#[test]
fn who_left_joins_at_the_tail() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        join bob          | new 2
        leave ann 1       | left
        leave ann 1       | left already
        claim ann 1       | turn-passed
        join ann shows 1  | new 3 dead 1
        leave ann 1       | turn-passed
        turn 3
        claim ann 1       | turn-passed
        claim ann 3       | pass 600
        leave ann 3       | left
        claim ann 3       | turn-passed
        join ann          | new 4 dead 3
    ",
    );
}

#[test]
fn a_turn_is_claimed_once_when_it_has_come_by_its_own_person() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        join bob          | new 2
        join cid          | new 3
        claim cid 3       | not-yet 2
        turn 1
        claim cid 3       | not-yet 1
        claim bob 1       | turn-passed
        claim ann 1       | pass 600
        wait 599
        claim ann 1       | pass 600
        wait 1
        expire            | 1 lapsed
        leave ann 1       | turn-passed
        claim ann 1       | back
        claim ann 1       | not-yet 0
        wait 600
        expire            | 0 lapsed
    ",
    );
}

#[test]
fn who_bought_joins_at_the_tail() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        turn 1
        claim ann 1       | pass 600
        buy 1
        claim ann 1       | turn-passed
        leave ann 1       | turn-passed
        wait 600
        expire            | 0 lapsed
        join ann shows 1  | new 2 dead 1
        turn 2
        claim ann 2       | pass 1200
    ",
    );
}

#[test]
fn a_turn_that_is_not_claimed_in_time_lapses() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        join bob          | new 2
        turn 2
        claim bob 2       | pass 600
        lapse 2           | 1 lapsed
        claim bob 2       | pass 600
        join ann          | back 1
    ",
    );
}

#[test]
fn who_joins_behind_the_watermark_and_claims_nothing_lapses_too() {
    check(
        Rejoin::Keep,
        "
        turn 5
        lapse 5           | 0 lapsed
        join ann          | new 1
        join bob          | new 2
        claim bob 2       | pass 600
        expire            | 0 lapsed
        wait 299
        expire            | 0 lapsed
        wait 1
        expire            | 1 lapsed
        claim ann 1       | back
        claim bob 2       | pass 600
    ",
    );
}

#[test]
fn a_shorter_life_of_later_passes_ends_them_first() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        join bob          | new 2
        turn 2
        claim ann 1       | pass 600
        ttl 60
        claim bob 2       | pass 60
        wait 60
        expire            | 1 lapsed
        claim bob 2       | back
        claim ann 1       | pass 600
    ",
    );
}

#[test]
fn a_ticket_from_before_a_restart_is_honoured_at_its_number() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        join bob          | new 2
        lose 3 to 10
        adopt cid 7       | adopted
        adopt cid 7       | nothing
        claim cid 7       | not-yet 6
        join cid          | held 7
        adopt dee 7       | nothing
        join dee          | new 11
        adopt dee 5       | adopted
        claim dee 11      | turn-passed
        join dee          | held 5
        adopt ann 8       | adopted
        claim ann 1       | turn-passed
        join ann          | held 8
        leave bob 2       | left
        adopt bob 3       | adopted
    ",
    );
}

#[test]
fn a_better_ticket_from_before_a_restart_is_nothing_to_who_has_used_or_given_up_a_later_one() {
    check(
        Rejoin::Keep,
        "
        lose 1 to 10
        join ann          | new 11
        join bob          | new 12
        join cid          | new 13
        turn 13
        claim ann 11      | pass 600
        adopt ann 1       | nothing
        claim bob 12      | pass 600
        buy 12
        adopt bob 2       | nothing
        leave cid 13      | left
        adopt cid 3       | nothing
        join dee          | new 14
        leave dee 14      | left
        join dee          | new 15 dead 14
        adopt dee 4       | nothing
        join eve          | new 16
        adopt eve 5       | adopted
        claim eve 5       | pass 600
    ",
    );
}

#[test]
fn an_old_ticket_of_an_earlier_line_does_not_cost_the_place_in_the_later_one() {
    let mut queue = Queue::default();
    let round = second_round().id;
    let lines: Vec<Places> = (0..2).map(|_| Places::default()).collect();
    lines.iter().for_each(|places| places.skip_to(10));
    lines.iter().for_each(|places| assert!(places.change(3, Phase::Unknown, Phase::Vacant)));
    let ticket = |line: u8| ShownTicket { line: LineId(line), number: 3 };
    let joined = queue.decide_adopt(&round, person(1), ticket(0), &lines[0]).expect("nothing held");
    queue.apply(&joined, &lines[0]);
    let moved = queue.decide_adopt(&round, person(1), ticket(1), &lines[1]).expect("a later line");
    queue.apply(&moved, &lines[1]);
    assert!(lines[0].change(4, Phase::Unknown, Phase::Vacant));
    let old = ShownTicket { line: LineId(0), number: 4 };
    assert_eq!(queue.decide_adopt(&round, person(1), old, &lines[0]), None);
    assert_eq!(queue.place(person(1)).map(|place| place.line), Some(LineId(1)));
}

#[test]
fn a_ticket_of_another_line_with_the_same_number_is_not_this_one() {
    let mut queue = Queue::default();
    let places = Places::default();
    places.skip_to(1);
    let (round, line) = (second_round().id, LineId(1));
    let joined = Event::Joined { round, line, number: 1, person: person(1), dead_up_to: 0 };
    queue.apply(&joined, &places);
    let shown = |line: u8| Some(ShownTicket { line: LineId(line), number: 1 });
    let join = |shown| queue.decide_join(person(1), line, shown, Rejoin::Tail, &places);
    assert_eq!(join(shown(0)), JoinDecision::New { dead_up_to: 1 });
    assert!(matches!(join(shown(1)), JoinDecision::Held(_)));
    let first = queue.decide_join(person(1), LineId(0), shown(1), Rejoin::Keep, &places);
    assert_eq!(first, JoinDecision::New { dead_up_to: 0 }, "another line, another place");
}

#[test]
fn an_end_on_another_thread_between_a_decision_and_its_event_is_no_defect() {
    for (before, end) in [
        (Phase::Waiting, Phase::Lapsed),
        (Phase::Claimed, Phase::Lapsed),
        (Phase::Claimed, Phase::Bought),
    ] {
        let mut world = World::new(Rejoin::Keep);
        world.step("join ann");
        world.step("turn 1");
        if before == Phase::Claimed {
            world.step("claim ann 1");
        }
        let shown = ShownTicket { line: LineId(0), number: 1 };
        let person = world.person("ann");
        let left = world.queue.decide_leave(&world.round, person, shown, &world.places);
        assert!(world.places.change(1, before, end));
        world.queue.apply(&left.expect("held").expect("live"), &world.places);
        assert!(world.places.phase(1).is_ended());
        assert_eq!((world.places.ended(), world.places.active()), (1, 0));
    }
}

#[test]
fn an_event_that_a_purchase_wrote_as_well_is_taken_in_once() {
    let mut world = World::new(Rejoin::Keep);
    world.step("join ann");
    world.step("turn 1");
    world.step("claim ann 1");
    let journal = world.journal.clone();
    journal.iter().for_each(|event| world.queue.apply(event, &world.places));
    assert_eq!(world.places.phase(1), Phase::Claimed);
    world.step("buy 1");
    journal.iter().for_each(|event| world.queue.apply(event, &world.places));
    assert_eq!((world.places.phase(1), world.places.ended()), (Phase::Bought, 1));
}

/// Lapsing is no event. Ann's claim of 1 is lost with a batch, her turn lapses, she joins again at
/// the tail, and then buys with the pass that she still has.
#[test]
fn a_claim_after_joining_again_is_no_contradiction_in_a_replay() {
    let (round, line, person) = (second_round().id, LineId(0), person(1));
    let joined = |number, dead_up_to| {
        let round = round.clone();
        Event::Joined { round, line, number, person, dead_up_to }
    };
    let expires_at = at("10:10");
    let claimed = Event::Claimed { round: round.clone(), line, number: 1, person, expires_at };
    for was_seen_to_lapse in [true, false] {
        let (mut queue, places) = (Queue::default(), Places::default());
        queue.apply(&joined(1, 0), &places);
        places.advance(1);
        if was_seen_to_lapse {
            assert_eq!(places.lapse(1), 1);
        }
        queue.apply(&joined(2, 1), &places);
        queue.apply(&claimed, &places);
        assert_eq!(places.phase(1), Phase::Claimed);
        assert_eq!(queue.place(person).map(|place| place.number), Some(2));
    }
}

#[test]
#[should_panic(expected = "OR-6: number 1 was given twice")]
fn a_number_given_to_two_people_is_a_defect() {
    let mut world = World::new(Rejoin::Keep);
    world.step("join ann");
    let (round, line, person) = (second_round().id, LineId(0), person(2));
    let twice = Event::Joined { round, line, number: 1, person, dead_up_to: 0 };
    world.queue.apply(&twice, &world.places);
}

#[test]
#[should_panic(expected = "OR-9: number 7 was claimed out of turn")]
fn a_claim_of_nobodys_number_is_a_defect() {
    let mut world = World::new(Rejoin::Keep);
    let (round, line, person) = (second_round().id, LineId(0), person(2));
    let claimed = Event::Claimed { round, line, number: 7, person, expires_at: at("10:00") };
    world.queue.apply(&claimed, &world.places);
}

fn check(rejoin: Rejoin, table: &str) {
    let mut world = World::new(rejoin);
    for line in rows(table) {
        let (step, expected) = line.split_once('|').unwrap_or((line, ""));
        assert_eq!(world.step(step.trim()), expected.trim(), "after: {line}");
    }
}

/// One shard and one line, driven as its actor does.
struct World {
    queue: Queue,
    places: Arc<Places>,
    round: RoundId,
    rejoin: Rejoin,
    now: Timestamp,
    ttl_s: i64,
    journal: Vec<Event>,
}

impl World {
    fn new(rejoin: Rejoin) -> World {
        let places = Arc::new(Places::default());
        places.set_reserved(100);
        World {
            queue: Queue::default(),
            places,
            round: second_round().id,
            rejoin,
            now: at("10:00"),
            ttl_s: 600,
            journal: vec![],
        }
    }

    fn see(&mut self, total_millis: i64, is_stopped: bool) {
        let floor = self.now.plus_millis(if is_stopped { 0 } else { 300_000 });
        self.queue.see(Stops { total_millis, is_stopped, floor });
    }

    fn person(&self, name: &str) -> PersonKey {
        PersonKey::of_subject(name)
    }

    fn apply(&mut self, event: Event) {
        self.queue.apply(&event, &self.places);
        self.journal.push(event);
    }

    fn step(&mut self, step: &str) -> String {
        let words: Vec<&str> = step.split_whitespace().collect();
        let number = |index: usize| words[index].parse::<u64>().expect("a number");
        let shown = |index| ShownTicket { line: LineId(0), number: number(index) };
        match words[0] {
            "join" => return self.join(words[1], (words.len() > 2).then(|| shown(3))),
            "claim" => return self.claim(words[1], shown(2)),
            "leave" => return self.leave(words[1], shown(2)),
            "adopt" => {
                let person = self.person(words[1]);
                let joined = self.queue.decide_adopt(&self.round, person, shown(2), &self.places);
                return joined.map_or("nothing".to_owned(), |joined| {
                    self.apply(joined);
                    "adopted".to_owned()
                });
            }
            "lapse" => return format!("{} lapsed", self.places.lapse(number(1))),
            "expire" => {
                let lapsed = self.queue.expire(self.now, &[Arc::clone(&self.places)]);
                return format!("{lapsed} lapsed");
            }
            "lose" => {
                self.places.skip_to(number(3));
                for lost in number(1)..=number(3) {
                    assert!(self.places.change(lost, Phase::Unknown, Phase::Vacant));
                }
            }
            "turn" => drop(self.places.advance(number(1))),
            "call" => {
                let numbers: Vec<u64> = (1..words.len()).map(number).collect();
                self.places.call_again(&numbers);
            }
            // The sale stands still, and goes on after so many seconds.
            "stop" => self.see(i64::try_from(number(1)).unwrap() * 1_000, true),
            "go" => self.see(i64::try_from(number(1)).unwrap() * 1_000, false),
            "wait" => self.now = self.now.plus_millis(1_000 * i64::try_from(number(1)).unwrap()),
            "ttl" => self.ttl_s = i64::try_from(number(1)).unwrap(),
            "buy" => assert_eq!(self.places.buy(number(1)), Some(Phase::Claimed)),
            other => panic!("unknown step: {other}"),
        }
        String::new()
    }

    fn join(&mut self, name: &str, shown: Option<ShownTicket>) -> String {
        let (person, line, round) = (self.person(name), LineId(0), self.round.clone());
        match self.queue.decide_join(person, line, shown, self.rejoin, &self.places) {
            JoinDecision::Held(place) => format!("held {}", place.number),
            JoinDecision::Back(place) => {
                let shown = ShownTicket { line, number: place.number };
                self.apply(Queue::came_back(&round, &shown, person));
                format!("back {}", place.number)
            }
            JoinDecision::New { dead_up_to } => {
                let number = self.places.take_number().expect("reserved");
                self.apply(Event::Joined { round, line, number, person, dead_up_to });
                let dead =
                    if dead_up_to > 0 { format!(" dead {dead_up_to}") } else { String::new() };
                format!("new {number}{dead}")
            }
        }
    }

    fn claim(&mut self, name: &str, shown: ShownTicket) -> String {
        let (person, round) = (self.person(name), self.round.clone());
        let seconds = |until: Timestamp| until.millis_since(at("10:00")) / 1_000;
        match self.queue.decide_claim(self.now, person, shown, &self.places) {
            Ok(ClaimDecision::Again { expires_at }) => format!("pass {}", seconds(expires_at)),
            Ok(ClaimDecision::Back) => {
                self.apply(Queue::came_back(&round, &shown, person));
                "back".to_owned()
            }
            Ok(decision) => {
                let expires_at = match decision {
                    ClaimDecision::Renewed { expires_at } => expires_at,
                    _ => self.now.plus_millis(self.ttl_s * 1_000),
                };
                let ShownTicket { line, number } = shown;
                self.apply(Event::Claimed { round, line, number, person, expires_at });
                format!("pass {}", seconds(expires_at))
            }
            Err(Refusal::NotYet { ahead }) => format!("not-yet {ahead}"),
            Err(refusal) => refusal.code().to_owned(),
        }
    }

    fn leave(&mut self, name: &str, shown: ShownTicket) -> String {
        let person = self.person(name);
        match self.queue.decide_leave(&self.round, person, shown, &self.places) {
            Ok(Some(left)) => {
                self.apply(left);
                "left".to_owned()
            }
            Ok(None) => "left already".to_owned(),
            Err(refusal) => refusal.code().to_owned(),
        }
    }
}
