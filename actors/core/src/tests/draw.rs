//! A drawn round from its lobby to its order: each step in its turn and once, a replay that comes
//! to the same, and what becomes of the people of a lobby.

use super::samples::*;
use crate::draw::{Digest, DrawnOrder, ShareSpec, ShareValue, commitment, share_commitment};
use crate::gate::Gate;
use crate::inlet::Limiter;
use crate::places::{Phase, Places};
use crate::queue::{DrawnLine, JoinDecision, Queue, ShownTicket};
use crate::round::{LifeCycle, NUMBER_BLOCK, Round, Step};
use crate::round_spec::{DrawSpec, LineId, Order, Rejoin, RoundSpec, SpecFault};
use crate::view::{Outlook, PlaceState, RoundView};
use crate::*;
use std::sync::Arc;

const KEY: [u8; 32] = [7; 32];
const LINE: LineId = LineId(0);
const LOBBY: LineId = LineId(1);

fn drawn(windows: &[&str]) -> RoundSpec {
    RoundSpec { order: Order::Draw(DrawSpec::default()), ..round_of(windows) }
}

fn for_all() -> RoundSpec {
    drawn(&["everyone 10:00-14:00 1000k"])
}

fn with_shares(spec: RoundSpec) -> RoundSpec {
    let committed = share_commitment(&spec.id, "council", &[1, 2]);
    let shares = vec![
        ShareSpec::Committed { name: "council".to_owned(), commitment: committed },
        ShareSpec::Beacon { name: "beacon".to_owned(), source: "drand".to_owned() },
    ];
    RoundSpec { order: Order::Draw(DrawSpec { shares, shares_within_s: 60 }), ..spec }
}

fn share(name: &str, value: &str) -> ShareValue {
    ShareValue { name: name.to_owned(), value: value.to_owned() }
}

/// A round that writes down what happens to it.
#[derive(Clone)]
struct Play {
    round: Round,
    journal: Vec<Event>,
}

impl Play {
    fn new(spec: RoundSpec) -> Play {
        let mut play = Play { round: Round::new(spec), journal: Vec::new() };
        let scheduled = play.round.decide_step(Step::Schedule).unwrap();
        play.apply(scheduled);
        play.commit("09:00");
        play
    }

    fn apply(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.round.apply(&event);
            self.journal.push(event);
        }
    }

    fn commit(&mut self, clock: &str) {
        self.apply(self.round.decide_commit(at(clock), |_| commitment(&KEY)));
    }

    fn tick(&mut self, clock: &str) {
        while let Some(event) = self.round.decide_due(at(clock)) {
            self.apply([event]);
        }
    }

    fn close(&mut self, clock: &str, line: LineId, count: u64) {
        let root = Digest([9; 32]);
        self.apply(self.round.decide_close_lobby(at(clock), line, count, root));
    }

    fn draw(&mut self, clock: &str, line: LineId) {
        self.apply([self.round.decide_draw(at(clock), line, KEY)]);
    }

    /// `committed closed drawn awaits` of a line, as letters; `-` for what is not so.
    fn stand(&self, clock: &str, line: LineId) -> String {
        let draw = self.round.draw_of(line).unwrap();
        let flags = [
            ('k', draw.commitment.is_some()),
            ('l', self.round.must_close_lobby(line)),
            ('c', draw.closed.is_some()),
            ('m', self.round.must_draw(at(clock), line)),
            ('d', draw.drawn.is_some()),
        ];
        flags.iter().map(|(letter, is_so)| if *is_so { *letter } else { '-' }).collect()
    }
}

#[test]
fn a_lobby_closes_when_its_window_opens_and_is_drawn_at_once() {
    let mut play = Play::new(for_all());
    for (clock, stand) in [("09:00", "k----"), ("09:30", "k----"), ("10:00", "kl---")] {
        play.tick(clock);
        assert_eq!(play.stand(clock, LINE), stand, "{clock}");
    }
    play.close("10:00", LINE, 5);
    assert_eq!(play.stand("10:00", LINE), "k-cm-");
    play.draw("10:00", LINE);
    assert_eq!(play.stand("10:00", LINE), "k-c-d");
    let mut again = Play { round: Round::new(for_all()), journal: vec![] };
    again.apply(play.journal.clone());
    assert_eq!(again.round.draws(), play.round.draws(), "a replay comes to the same");
    assert_eq!(again.round.lines(), play.round.lines());
}

#[test]
fn pauses_and_early_openings_draw_once() {
    for steps in
        [&[Step::Open][..], &[Step::Open, Step::Pause, Step::Resume], &[Step::Open, Step::Pause]]
    {
        let mut play = Play::new(for_all());
        for step in steps {
            let events = play.round.decide_step(*step).unwrap();
            play.apply(events);
        }
        assert!(play.round.must_close_lobby(LINE), "{steps:?}");
        play.close("09:40", LINE, 1);
        play.draw("09:40", LINE);
        play.tick("10:00");
        assert_eq!(play.stand("10:00", LINE), "k-c-d", "{steps:?}");
    }
    let mut paused = Play::new(for_all());
    paused.tick("09:30");
    paused.apply(paused.round.decide_step(Step::Pause).unwrap());
    assert_eq!(paused.stand("09:59", LINE), "k----", "nothing opens before its time");
    paused.apply(paused.round.decide_step(Step::Close).unwrap());
    paused.tick("10:00");
    assert_eq!(paused.stand("10:00", LINE), "k----", "a round that is over draws nobody");
}

/// Who noted the commitment and the shares of others would find that another seed fits as well.
#[test]
fn what_was_announced_of_a_draw_stands_once_the_round_is_scheduled() {
    let announced = with_shares(for_all());
    let Order::Draw(draw) = &announced.order else { unreachable!() };
    let ordered = |order| RoundSpec { order, ..announced.clone() };
    let with = |shares: &[ShareSpec], shares_within_s| {
        ordered(Order::Draw(DrawSpec { shares: shares.to_vec(), shares_within_s }))
    };
    let other = share_commitment(&announced.id, "council", &[3]);
    let swapped = ShareSpec::Committed { name: "council".to_owned(), commitment: other };
    let mut play = Play::new(announced.clone());
    for (what, spec) in [
        ("by arrival", ordered(Order::Fifo)),
        ("one share less", with(&draw.shares[..1], 60)),
        ("another value", with(&[swapped, draw.shares[1].clone()], 60)),
        ("another order", with(&[draw.shares[1].clone(), draw.shares[0].clone()], 60)),
        ("less time", with(&draw.shares, 1)),
    ] {
        let refused = Err(Refusal::WrongState { state: LifeCycle::Scheduled });
        assert_eq!(play.round.decide_redefine(&spec), refused, "{what}");
        let draft = Round::new(announced.clone());
        assert!(draft.decide_redefine(&spec).is_ok(), "{what}: nothing is announced of a draft");
    }
    // Anything else may change, and what was announced stands through the change.
    let longer = with_shares(drawn(&["everyone 10:00-16:00 2000k"]));
    play.apply(play.round.decide_redefine(&longer));
    let refused = play.round.decide_redefine(&ordered(Order::Fifo));
    assert!(refused.is_err(), "between the change and the next commitment as well");
    play.commit("09:01");
    let (kept, _) = play.round.draw_of(LINE).unwrap().commitment.unwrap();
    assert_eq!(kept, commitment(&KEY));
    // A round by arrival has announced nothing.
    let mut by_arrival = Play::new(RoundSpec { order: Order::Fifo, ..for_all() });
    by_arrival.apply(by_arrival.round.decide_redefine(&announced));
    assert!(by_arrival.round.decide_redefine(&for_all()).is_err(), "now it has");
}

#[test]
fn a_draft_commits_to_nothing_and_a_round_by_arrival_has_no_draw() {
    let draft = Round::new(for_all());
    assert!(draft.decide_commit(at("09:00"), |_| commitment(&KEY)).is_empty());
    let fifo = Play::new(second_round());
    assert!(fifo.round.draws().is_empty() && !fifo.round.awaits_draw(LINE));
    assert_eq!(fifo.journal.len(), 1, "nothing is committed to");
    assert_eq!(fifo.round.lines().len(), 3);
    let halves = Play::new(RoundSpec { order: Order::Draw(DrawSpec::default()), ..second_round() });
    assert_eq!((halves.round.lines().len(), halves.round.draws().len()), (6, 3));
}

#[test]
fn each_class_is_drawn_when_its_own_window_opens() {
    let order = Order::Draw(DrawSpec::default());
    let mut play = Play::new(RoundSpec { order, ..second_round() });
    let stands = |play: &Play, clock: &str| {
        (0..3).map(|line| play.stand(clock, LineId(line))).collect::<Vec<_>>().join(" ")
    };
    play.tick("10:00");
    assert_eq!(stands(&play, "10:00"), "kl--- k---- k----");
    play.close("10:00", LineId(0), 3);
    play.draw("10:00", LineId(0));
    play.tick("14:00");
    assert_eq!(stands(&play, "14:00"), "k-c-d kl--- k----");
    play.tick("18:00");
    assert_eq!(stands(&play, "18:00"), "k-c-d k---- kl---", "even was never closed: it is over");
}

#[test]
fn shares_are_taken_between_closing_and_draw() {
    let mut play = Play::new(with_shares(for_all()));
    let ask = |play: &Play, name: &str, value: &str| match play
        .round
        .decide_share(at("10:00"), &share(name, value))
    {
        Ok(Some(_)) => "taken",
        Ok(None) => "known",
        Err(refusal) => refusal.code(),
    };
    play.tick("09:30");
    assert_eq!(ask(&play, "council", "0102"), "wrong-state");
    play.tick("10:00");
    play.close("10:00", LINE, 2);
    for (name, value, answer) in [
        ("mayor", "0102", "malformed"),
        ("council", "0103", "malformed"),
        ("council", "01 2", "malformed"),
        ("council", "", "malformed"),
        ("council", "0102", "taken"),
        ("beacon", "ff", "taken"),
    ] {
        assert_eq!(ask(&play, name, value), answer, "{name} {value}");
    }
    assert_eq!(play.stand("10:00:59", LINE), "k-c--", "waited for");
    assert_eq!(play.stand("10:01", LINE), "k-cm-", "waited for long enough");
    let missing = play.clone();
    for (name, value) in [("beacon", "ff"), ("council", "0102")] {
        let event = play.round.decide_share(at("10:00"), &share(name, value)).unwrap();
        play.apply(event);
        assert_eq!(ask(&play, name, value), "known");
    }
    assert_eq!(ask(&play, "beacon", "fe"), "malformed", "it was given otherwise");
    assert_eq!(play.stand("10:00:01", LINE), "k-cm-", "all are there");
    play.draw("10:00", LINE);
    let seed = |play: &Play| play.round.draw_of(LINE).unwrap().drawn.unwrap().seed;
    let mut late = missing;
    late.draw("10:01", LINE);
    assert_ne!(seed(&play), seed(&late), "the hash says which are missing");
    assert_eq!(ask(&late, "beacon", "ff"), "wrong-state");
}

#[test]
fn a_draw_that_cannot_stand_is_refused() {
    let check = |spec: RoundSpec| spec.check(Won(10_000));
    assert_eq!(check(for_all()), Ok(()));
    assert_eq!(check(with_shares(for_all())), Ok(()));
    let several = with_shares(second_round());
    assert_eq!(check(several), Err(SpecFault::SharesOfSeveralClasses));
    let of = |shares, shares_within_s| {
        check(RoundSpec { order: Order::Draw(DrawSpec { shares, shares_within_s }), ..for_all() })
    };
    let beacon =
        |name: &str| ShareSpec::Beacon { name: name.to_owned(), source: "drand".to_owned() };
    assert_eq!(of(vec![beacon("a"), beacon("a")], 60), Err(SpecFault::SharesNotSound));
    assert_eq!(of(vec![beacon("A")], 60), Err(SpecFault::SharesNotSound));
    for seconds in [0, 86_401] {
        assert_eq!(of(vec![beacon("a")], seconds), Err(SpecFault::SharesWithinOutOfBounds));
    }
}

#[test]
fn numbers_of_the_line_begin_behind_the_lobby() {
    let mut play = Play::new(for_all());
    let asks = |play: &Play, line, last| {
        let event = play.round.decide_reserve(line, last);
        event.map(|event| match event {
            Event::NumbersReserved { up_to, .. } => up_to,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(asks(&play, LOBBY, 0), Some(NUMBER_BLOCK));
    assert_eq!(asks(&play, LINE, 0), None, "nobody knows yet how many stand before them");
    play.tick("10:00");
    play.close("10:00", LINE, 100_000);
    assert_eq!(asks(&play, LOBBY, 100_000), None, "nobody is taken any more");
    assert_eq!(play.round.lines()[0].reserved, 100_000 + NUMBER_BLOCK);
    assert_eq!(asks(&play, LINE, 100_000), None, "a block is there");
}

#[test]
fn nobody_has_a_turn_before_the_draw() {
    let mut play = Play::new(for_all());
    play.tick("10:00");
    let places = lobby_of(3).1;
    let lines = [Arc::new(places), Arc::new(lobby_of(3).0)];
    let limiter = |play: &Play| {
        let now = at("10:00");
        let mut gate = Gate::new(now, &play.round, 0);
        gate.tick(now, &play.round, &lines, Won(400_000), (None, false));
        gate.decide(LINE, &play.round, &lines, Won(400_000));
        gate.limiter(LINE)
    };
    assert_eq!(limiter(&play), Limiter::Shut);
    play.close("10:00", LINE, 3);
    assert_eq!(limiter(&play), Limiter::Shut);
    play.draw("10:00", LINE);
    assert_ne!(limiter(&play), Limiter::Shut);
    assert!(play.round.open_window_of(LOBBY).is_none(), "nothing is sold to a lobby");
}

/// A lobby in which `count` people wait, and its line.
fn lobby_of(count: u64) -> (Places, Places) {
    let (lobby, line) = (Places::default(), Places::default());
    lobby.set_reserved(count);
    for _ in 0..count {
        let entry = lobby.take_number().unwrap();
        lobby.change(entry, Phase::Unknown, Phase::Waiting);
    }
    line.skip_to(count);
    (lobby, line)
}

#[test]
fn what_an_entry_was_its_number_is() {
    let (lobby, line) = lobby_of(5);
    lobby.change(2, Phase::Waiting, Phase::Left);
    let lost = Places::default();
    lost.skip_to(5);
    lost.change(1, Phase::Unknown, Phase::Waiting);
    let order = DrawnOrder::shuffle(&Digest([3; 32]), 5);
    let number = |entry| order.number_of(entry).unwrap();
    let phases =
        |line: &Places| -> Vec<Phase> { (1..=5).map(|entry| line.phase(number(entry))).collect() };
    line.take_in(&lobby, &order);
    use Phase::{Left, Vacant, Waiting};
    assert_eq!(phases(&line), [Waiting, Left, Waiting, Waiting, Waiting]);
    // What happened while the order was made is taken in once more.
    lobby.change(4, Phase::Waiting, Phase::Left);
    line.take_in(&lobby, &order);
    assert_eq!(phases(&line), [Waiting, Left, Waiting, Left, Waiting]);
    let line = Places::default();
    line.skip_to(5);
    line.take_in(&lost, &order);
    assert_eq!(phases(&line), [Waiting, Vacant, Vacant, Vacant, Vacant], "tickets are the proof");
    lost.change(3, Phase::Unknown, Phase::Waiting);
    line.take_in(&lost, &order);
    assert_eq!(phases(&line), [Waiting, Vacant, Waiting, Vacant, Vacant], "one was shown");
}

#[test]
fn a_place_in_the_lobby_becomes_the_one_that_was_drawn_for_it() {
    let (lobby, line) = lobby_of(0);
    lobby.set_reserved(10);
    let round = for_all().id;
    let mut queue = Queue::default();
    for entry in 1..=4 {
        lobby.take_number().unwrap();
        let round = round.clone();
        let joined = Event::Joined {
            round,
            line: LOBBY,
            number: entry,
            person: person(entry),
            dead_up_to: 0,
        };
        queue.apply(&joined, &lobby);
    }
    let order = DrawnOrder::shuffle(&Digest([3; 32]), 5);
    line.skip_to(5);
    line.take_in(&lobby, &order);
    let drawn = DrawnLine { line: LINE, lobby: LOBBY, order: &order };
    queue.settle(person(1), drawn);
    queue.settle_all(drawn);
    for entry in 1..=4 {
        let place = queue.place(person(entry)).unwrap();
        assert_eq!((place.line, Some(place.number)), (LINE, order.number_of(entry)));
        let shown = drawn.renewed(ShownTicket { line: LOBBY, number: entry });
        assert_eq!(shown.number, place.number);
        let joined = queue.decide_join(person(entry), LINE, Some(shown), Rejoin::Tail, &line);
        assert_eq!(joined, JoinDecision::Held(place));
    }
    // The fifth entry was lost: its ticket is honoured, for whoever holds nothing better.
    let lost = drawn.renewed(ShownTicket { line: LOBBY, number: 5 });
    let adopt =
        |queue: &Queue, who| queue.decide_adopt_drawn(&round, person(who), lost, drawn, &line);
    assert!(adopt(&queue, 9).is_some());
    assert!(adopt(&queue, 1).is_some(), "a later entry of the same person is the one that counts");
    let event = adopt(&queue, 9).unwrap();
    queue.apply(&event, &line);
    assert_eq!(line.phase(lost.number), Phase::Waiting);
    assert!(adopt(&queue, 1).is_none(), "it is somebody's");
}

#[test]
fn an_earlier_entry_that_was_lost_gives_no_second_chance() {
    let (lobby, line) = lobby_of(0);
    lobby.set_reserved(5);
    (0..3).for_each(|_| assert!(lobby.take_number().is_some()));
    let mut queue = Queue::default();
    let round = for_all().id;
    let joined = Event::Joined {
        round: round.clone(),
        line: LOBBY,
        number: 3,
        person: person(1),
        dead_up_to: 2,
    };
    queue.apply(&joined, &lobby);
    let order = DrawnOrder::shuffle(&Digest([4; 32]), 3);
    line.skip_to(3);
    line.take_in(&lobby, &order);
    let drawn = DrawnLine { line: LINE, lobby: LOBBY, order: &order };
    queue.settle(person(1), drawn);
    for entry in [1, 2] {
        let shown = drawn.renewed(ShownTicket { line: LOBBY, number: entry });
        assert_eq!(queue.decide_adopt_drawn(&round, person(1), shown, drawn, &line), None);
    }
}

#[test]
fn in_the_lobby_everybody_has_the_same_chances_and_no_number() {
    for (entries, outlook) in [
        (2, Outlook::Likely),
        (3, Outlook::Possible),
        (6, Outlook::Possible),
        (7, Outlook::Unlikely),
    ] {
        let mut play = Play::new(for_all());
        play.tick("09:30");
        let (lobby, line) = lobby_of(entries);
        let places = [Arc::new(line), Arc::new(lobby)];
        let view = |play: &Play| {
            let parts = |index: usize| (Arc::clone(&places[index]), Default::default());
            RoundView::of(&play.round, Arc::new(program()), 1, 1, at("09:30"), parts)
        };
        let seen = view(&play);
        assert_eq!((seen.lines.len(), seen.lobbies.len()), (1, 1), "a lobby is no line");
        assert_eq!(seen.lobby(LINE).unwrap().entries, entries);
        for entry in 1..=entries {
            let place = seen.place(LOBBY, entry, &places[1]);
            assert_eq!((place.state, place.ahead, place.eta), (PlaceState::Lobby, 0, None));
            assert_eq!(place.outlook, outlook, "{entries}");
        }
        play.tick("10:00");
        let opened = view(&play).place(LOBBY, 1, &places[1]);
        assert_eq!(opened.state, PlaceState::Lobby, "until the draw");
        play.apply(play.round.decide_step(Step::Close).unwrap());
        assert_eq!(play.round.state(), LifeCycle::Closed);
        assert_eq!(view(&play).place(LOBBY, 1, &places[1]).state, PlaceState::Closed);
    }
}

#[test]
fn who_is_in_a_lobby_waits() {
    let mut play = Play::new(for_all());
    let (lobby, line) = (Arc::new(Places::default()), Arc::new(Places::default()));
    lobby.set_reserved(10);
    (0..5).for_each(|_| assert!(lobby.take_number().is_some()));
    let parts = |index| (Arc::clone(if index == 0 { &line } else { &lobby }), Default::default());
    let view = |play: &Play, people| {
        let program = Arc::new(program());
        let mut view = RoundView::of(&play.round, program, 1, 1, at("09:40"), parts);
        view.set_lobby_people(LINE, people);
        view
    };
    assert_eq!(view(&play, 4).waiting(), 4, "an entry that nobody holds is nobody");
    play.tick("10:00");
    play.close("10:00", LINE, 5);
    line.skip_to(5);
    assert_eq!(view(&play, 4).waiting(), 4, "nobody is counted twice");
    play.draw("10:00", LINE);
    let mut drawn = view(&play, 4);
    drawn.set_vacant_head(LINE, Arc::from([3]));
    assert_eq!(drawn.waiting(), 4);
}
