//! Whatever people do to get a better place, none does: from a seed, a few people with several
//! phones each join with and without their tickets, reinstall, hand tickets from phone to phone,
//! leave, claim and buy, while the server dies and forgets joins that it had answered.
//!
//! A model of its own says what each answer may be: never a better place than one answered before,
//! never two places that live, never a lost one (F27, F28). It is shown to see each of the three.

use super::*;
use crate::tests::samples::{Chance, at, person, second_round};
use std::collections::BTreeMap;

const PEOPLE: usize = 6;
/// Apps, each on a phone of its own: what they keep is a ticket or none.
const PHONES: usize = 4;
const ACTIONS: usize = 1_500;
const BLOCK: u64 = 500;

/// What is wrong with the server, for the control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    None,
    /// Joining again always takes a new number and forgets the old one.
    TwoPlaces,
    /// Who joins again without a ticket is let in where somebody left.
    BetterPlace,
    /// Tickets that the store does not know are worth nothing.
    LostPlace,
}

/// What can have happened to a line, in order.
#[derive(Debug, Clone)]
enum Entry {
    Person(Box<Event>),
    Bought(u64),
    Moved(u64),
    /// Somebody who came back has the turn once more.
    Called(u64),
}

/// Whether somebody holds a place in this phase.
fn lives(phase: Phase) -> bool {
    matches!(phase, Phase::Waiting | Phase::Claimed | Phase::Returned | Phase::Called)
}

/// A number that was answered to a person, and where in the journal they gave it up.
#[derive(Debug, Clone, Copy)]
struct Right {
    number: u64,
    given_up: Option<usize>,
}

struct World {
    queue: Queue,
    places: Places,
    rejoin: Rejoin,
    defect: Defect,
    now: Timestamp,
    journal: Vec<Entry>,
    /// Entries up to here survive a crash.
    durable: usize,
    reserved: u64,
    owners: BTreeMap<u64, usize>,
    rights: Vec<Vec<Right>>,
    phones: Vec<[Option<u64>; PHONES]>,
    chance: Chance,
}

impl World {
    fn new(seed: u64, rejoin: Rejoin, defect: Defect) -> World {
        let places = Places::default();
        places.set_reserved(BLOCK);
        World {
            queue: Queue::default(),
            places,
            rejoin,
            defect,
            now: at("10:00"),
            journal: Vec::new(),
            durable: 0,
            reserved: BLOCK,
            owners: BTreeMap::new(),
            rights: vec![Vec::new(); PEOPLE],
            phones: vec![[None; PHONES]; PEOPLE],
            chance: Chance(seed),
        }
    }

    fn any(&mut self, below: usize) -> usize {
        usize::try_from(self.chance.below(below as u64)).expect("small")
    }

    fn key(who: usize) -> PersonKey {
        person(who as u64)
    }

    fn write(&mut self, entry: Entry, is_durable: bool) {
        match &entry {
            Entry::Person(event) => self.queue.apply(event, &self.places),
            Entry::Bought(number) => assert!(self.places.buy(*number).is_some()),
            Entry::Moved(to) => drop(self.places.advance(*to)),
            Entry::Called(number) => {
                assert!(self.places.change(*number, Phase::Returned, Phase::Called));
            }
        }
        self.journal.push(entry);
        if is_durable {
            self.durable = self.journal.len();
        }
    }

    /// The rights that a person has not given up.
    fn alive(&self, who: usize) -> Vec<u64> {
        let alive = self.rights[who].iter().filter(|right| right.given_up.is_none());
        alive.map(|right| right.number).collect()
    }

    /// The person has done what ends every number of theirs that `ends` says, as the last entry of
    /// the journal tells.
    fn give_up(&mut self, who: usize, ends: impl Fn(u64) -> bool) {
        let by = self.journal.len();
        let ended = self.rights[who].iter_mut().filter(|right| ends(right.number));
        ended.for_each(|right| right.given_up = right.given_up.or(Some(by)));
    }

    fn act(&mut self) -> Result<(), String> {
        let (who, phone) = (self.any(PEOPLE), self.any(PHONES));
        match self.any(100) {
            0..40 => self.join(who, phone)?,
            40..50 => self.phones[who][phone] = None,
            50..58 => self.phones[who][phone] = self.phones[who][(phone + 1) % PHONES],
            58..66 => self.leave(who, phone),
            66..78 => self.claim(who, phone),
            78..82 => self.buy(who),
            82..95 => self.tick(),
            _ => self.crash(),
        }
        self.judge()
    }

    /// What the actor does with a join.
    fn take_place(&mut self, who: usize, shown: Option<ShownTicket>) -> (u64, bool) {
        let (round, line, key) = (second_round().id, LineId(0), World::key(who));
        if let Some(shown) = shown.filter(|_| self.defect != Defect::LostPlace) {
            let joined = self.queue.decide_adopt(&round, key, shown, &self.places);
            joined.into_iter().for_each(|event| self.write(Entry::Person(Box::new(event)), false));
        }
        let decided = self.queue.decide_join(key, line, shown, self.rejoin, &self.places);
        let decided = match (decided, self.defect) {
            (JoinDecision::Held(_), Defect::TwoPlaces) => {
                self.queue.places.remove(&key);
                JoinDecision::New { dead_up_to: 0 }
            }
            (decided, _) => decided,
        };
        match decided {
            JoinDecision::Held(place) => (place.number, false),
            JoinDecision::Back(place) => {
                self.come_back(who, place.number);
                (place.number, false)
            }
            JoinDecision::New { dead_up_to } => {
                let number = self.places.take_number().expect("a block is never used up here");
                let joined = Event::Joined { round, line, number, person: key, dead_up_to };
                self.write(Entry::Person(Box::new(joined)), false);
                let left = (1..number).find(|it| self.places.phase(*it) == Phase::Left);
                let better = left.filter(|_| self.defect == Defect::BetterPlace);
                (better.unwrap_or(number), better.is_none())
            }
        }
    }

    fn join(&mut self, who: usize, phone: usize) -> Result<(), String> {
        let ticket = self.phones[who][phone];
        let shown = ticket.map(|number| ShownTicket { line: LineId(0), number });
        let (alive, held) = (self.alive(who), self.queue.place(World::key(who)));
        let known = held.map(|place| (place.number, self.places.phase(place.number)));
        let is_living = |(_, phase): &(u64, Phase)| lives(*phase);
        let before = ticket.map(|number| self.places.phase(number));
        let highest = self.owners.keys().next_back().copied().unwrap_or(0);
        let (answer, is_new) = self.take_place(who, shown);
        let told = format!(
            "{who} shows {ticket:?} ({before:?}), holds {known:?}, may have {alive:?}: {answer}"
        );
        if !alive.contains(&answer) && answer <= highest {
            return Err(format!("a better place: {told}"));
        }
        let is_good = |number: &u64| alive.contains(number);
        let is_open = matches!(before, Some(Phase::Waiting | Phase::Claimed | Phase::Vacant));
        let rightful = ticket.filter(|number| is_good(number) && is_open);
        let ended = known.filter(|it| !is_living(it)).map(|(number, _)| number);
        // Who ended a later place, or stands before the till with another, has let this one go.
        let rightful = rightful.filter(|number| ended.is_none_or(|ended| ended < *number));
        let is_busy =
            known.is_some_and(|(it, phase)| phase == Phase::Claimed && Some(it) != ticket);
        match (rightful.filter(|_| !is_busy), known.filter(is_living)) {
            (Some(number), _) if answer != number => return Err(format!("a lost place: {told}")),
            (None, Some((number, phase))) => {
                let is_kept = self.rejoin == Rejoin::Keep || phase == Phase::Claimed;
                if is_kept && answer != number {
                    return Err(format!("another place: {told}"));
                }
                if !is_kept && answer <= highest {
                    return Err(format!("the same place without the ticket: {told}"));
                }
            }
            _ => {}
        }
        if answer > highest {
            self.owners.insert(answer, who);
            self.rights[who].push(Right { number: answer, given_up: None });
        }
        let was_adopted = before == Some(Phase::Vacant) && Some(answer) == ticket;
        if let Some((number, _)) = known.filter(|_| is_new || was_adopted) {
            let is_later = answer > number;
            self.give_up(who, |it| if is_later { it <= number } else { it == number });
        }
        self.phones[who][phone] = Some(answer);
        Ok(())
    }

    fn leave(&mut self, who: usize, phone: usize) {
        let Some(number) = self.phones[who][phone] else { return };
        let shown = ShownTicket { line: LineId(0), number };
        let (round, key) = (second_round().id, World::key(who));
        let left = self.queue.decide_leave(&round, key, shown, &self.places);
        if let Ok(Some(left)) = left {
            self.write(Entry::Person(Box::new(left)), true);
            self.give_up(who, |it| it <= number);
        }
    }

    fn claim(&mut self, who: usize, phone: usize) {
        let Some(number) = self.phones[who][phone] else { return };
        let (round, line, key) = (second_round().id, LineId(0), World::key(who));
        let shown = ShownTicket { line, number };
        match self.queue.decide_claim(self.now, key, shown, &self.places) {
            Ok(ClaimDecision::New) => {
                let expires_at = self.now.plus_millis(600_000);
                let claimed = Event::Claimed { round, line, number, person: key, expires_at };
                self.write(Entry::Person(Box::new(claimed)), false);
            }
            Ok(ClaimDecision::Back) => self.come_back(who, number),
            _ => {}
        }
    }

    /// A lapsed place waits once more, at the head of the line.
    fn come_back(&mut self, who: usize, number: u64) {
        let shown = ShownTicket { line: LineId(0), number };
        let back = Queue::came_back(&second_round().id, &shown, World::key(who));
        self.write(Entry::Person(Box::new(back)), false);
    }

    fn buy(&mut self, who: usize) {
        let Some(place) = self.queue.place(World::key(who)) else { return };
        if self.places.phase(place.number) == Phase::Claimed {
            self.write(Entry::Bought(place.number), true);
            self.give_up(who, |it| it <= place.number);
        }
    }

    fn tick(&mut self) {
        self.now = self.now.plus_millis(20_000);
        let room = self.places.last_number() - self.places.watermark();
        if room > 4 {
            let to = self.places.watermark() + self.chance.below(2);
            if to > self.places.watermark() {
                self.write(Entry::Moved(to), true);
            }
        }
        if let Some(number) = self.places.lowest_returned(1).first().copied() {
            self.write(Entry::Called(number), true);
        }
        if self.chance.below(8) == 0 {
            self.places.lapse(self.places.watermark().saturating_sub(3));
        }
        if self.reserved - self.places.last_number() < BLOCK / 2 {
            self.reserved += BLOCK;
            self.places.set_reserved(self.reserved);
        }
    }

    /// The process dies; what was answered and not durable is gone, all or the last part of it.
    fn crash(&mut self) {
        let losable = self.journal.len() - self.durable;
        let kept = self.journal.len() - self.any(losable + 1);
        self.journal.truncate(kept);
        self.durable = kept;
        for right in self.rights.iter_mut().flatten() {
            right.given_up = right.given_up.filter(|by| *by <= kept);
        }
        (self.queue, self.places) = (Queue::default(), Places::default());
        let journal = std::mem::take(&mut self.journal);
        let moved = journal.iter().filter_map(|entry| match entry {
            Entry::Moved(to) => Some(*to),
            _ => None,
        });
        let watermark = moved.max().unwrap_or(0);
        for entry in &journal {
            match entry {
                Entry::Person(event) => self.queue.apply(event, &self.places),
                Entry::Bought(number) => assert!(self.places.buy(*number).is_some()),
                Entry::Called(number) => self.places.call_again(&[*number]),
                Entry::Moved(_) => {}
            }
        }
        self.journal = journal;
        self.places.vacate(self.reserved, 1 + self.chance.below(9));
        self.places.advance(watermark);
        self.reserved += BLOCK;
        self.places.set_reserved(self.reserved);
    }

    fn judge(&self) -> Result<(), String> {
        for who in 0..PEOPLE {
            let theirs = self.owners.iter().filter(|(_, owner)| **owner == who);
            let is_living = |number: &u64| lives(self.places.phase(*number));
            let living: Vec<u64> = theirs.map(|(number, _)| *number).filter(is_living).collect();
            if living.len() > 1 {
                return Err(format!("two places: {who} holds {living:?}"));
            }
        }
        Ok(())
    }
}

fn run(seed: u64, rejoin: Rejoin, defect: Defect) -> Result<usize, String> {
    let mut world = World::new(seed, rejoin, defect);
    for action in 0..ACTIONS {
        world
            .act()
            .map_err(|fault| format!("seed {seed}, {rejoin:?}, action {action}: {fault}"))?;
    }
    Ok(world.owners.len())
}

#[test]
fn nothing_that_somebody_does_gets_them_a_better_place_or_two_or_none() {
    for rejoin in [Rejoin::Keep, Rejoin::Tail] {
        for seed in 1..=60 {
            let given = run(seed, rejoin, Defect::None).unwrap_or_else(|fault| panic!("{fault}"));
            assert!(given > PEOPLE, "seed {seed}: too little happened");
        }
    }
}

#[test]
fn the_model_sees_each_of_the_three() {
    let first_fault = |rejoin, defect| {
        (1..=20).find_map(|seed| run(seed, rejoin, defect).err()).unwrap_or_default()
    };
    for (rejoin, defect, word) in [
        (Rejoin::Keep, Defect::TwoPlaces, "place"),
        (Rejoin::Tail, Defect::TwoPlaces, "place"),
        (Rejoin::Keep, Defect::BetterPlace, "better place"),
        (Rejoin::Tail, Defect::BetterPlace, "place"),
        (Rejoin::Keep, Defect::LostPlace, "lost place"),
        (Rejoin::Tail, Defect::LostPlace, "lost place"),
    ] {
        let fault = first_fault(rejoin, defect);
        assert!(fault.contains(word), "{rejoin:?} {defect:?}: {fault}");
    }
}
