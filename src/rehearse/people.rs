//! Makes the people of a scenario: who they are, which round they come to, when, and what they do
//! there.
//!
//! Deterministic: the same scenario, scale and seed give the same people. Wants are dealt from
//! shuffled decks in the order of arrival, so that any long run of arrivals holds the mix that the
//! scenario asks for. A visit is one person in one round on one phone; a second phone is a second
//! visit of the same person.

use jiff::Timestamp;

use super::calls::Call;
use super::chance::Chance;
use super::scenario::{Arrive, BirthYear, Group, Scenario, Shape, SignUp};

/// What somebody does beside buying, each on or off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Habits(u16);

impl Habits {
    pub const LEAVE: Self = Self(1);
    pub const COME_BACK: Self = Self(2);
    pub const AIRPLANE: Self = Self(4);
    pub const TWO_PHONES: Self = Self(8);
    pub const REPEAT: Self = Self(16);
    pub const HANG_UP: Self = Self(32);
    pub const VANISH: Self = Self(64);

    /// Whether the habit is there; it is taken away, so that it is acted on once.
    pub fn take(&mut self, habit: Self) -> bool {
        let there = self.0 & habit.0 != 0;
        self.0 &= !habit.0;
        there
    }

    pub fn has(self, habit: Self) -> bool {
        self.0 & habit.0 != 0
    }

    fn drawn(group: &Group, chance: &mut Chance) -> Self {
        let share = &group.behave;
        let shares = [
            (share.leave, Self::LEAVE),
            (share.come_back, Self::COME_BACK),
            (share.airplane, Self::AIRPLANE),
            (share.two_phones, Self::TWO_PHONES),
            (share.repeat, Self::REPEAT),
            (share.hang_up, Self::HANG_UP),
            (share.vanish, Self::VANISH),
        ];
        Self(shares.iter().fold(
            0,
            |bits, (share, habit)| {
                if chance.happens(*share) { bits | habit.0 } else { bits }
            },
        ))
    }
}

#[derive(Debug, Clone)]
pub(super) struct Person {
    pub birthdate: String,
    pub odd: bool,
    /// Channels by phone, as places in `Cast::channels`; the second one is used by who has two
    /// phones.
    pub channels: [u16; 2],
    pub two_phones: bool,
}

/// One person in one round on one phone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    pub person: u32,
    pub round: u16,
    pub group: u16,
    pub phone: u8,
    pub want_won: u64,
    pub arrives_at: Timestamp,
    pub habits: Habits,
    pub sign_up: SignUp,
    /// Buys at a counter: without a line, for cash.
    pub is_at_counter: bool,
}

impl Planned {
    /// What somebody does who has signed up: joins the line, or buys at the counter.
    pub fn first_call(&self) -> Call {
        if self.is_at_counter { Call::Buy } else { Call::Join }
    }
}

/// Everybody, with visits in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Cast {
    pub persons: Vec<Person>,
    pub visits: Vec<Planned>,
    pub channels: Vec<String>,
}

/// Who has signed up, by person.
#[derive(Debug, Default)]
pub(super) struct SignUpKnown(Vec<bool>);

impl SignUpKnown {
    pub fn new(persons: usize) -> Self {
        Self(vec![false; persons])
    }

    pub fn knows(&self, person: u32) -> bool {
        self.0[person as usize]
    }

    pub fn learn(&mut self, person: u32) {
        self.0[person as usize] = true;
    }
}

/// So many of them at this scale.
pub(super) fn scaled(count: u64, scale: f64) -> u64 {
    (count as f64 * scale).round() as u64
}

impl Cast {
    pub fn new(scenario: &Scenario, scale: f64, seed: u64) -> Self {
        let mut cast = Self::default();
        let mut chance = Chance::new(seed);
        let mut members: Vec<Vec<u32>> = Vec::new();
        for (place, group) in scenario.people.iter().enumerate() {
            let count = scaled(group.count, scale) as usize;
            let earlier = group.again.as_ref().and_then(|name| scenario.group(name));
            let people: Vec<u32> = match earlier {
                Some(earlier) => members[earlier]
                    .extract_if(.., |id| fits(&cast.persons[*id as usize], group.birth_year))
                    .take(count)
                    .collect(),
                None => (0..count).map(|_| cast.newcomer(group, &mut chance)).collect(),
            };
            let round = scenario.round(&group.round).unwrap_or_default();
            cast.come(scenario, place, round, &people, &mut chance);
            members.push(people);
        }
        cast.visits.sort_by_key(|visit| visit.arrives_at);
        cast
    }

    fn come(
        &mut self,
        scenario: &Scenario,
        group_place: usize,
        round: usize,
        people: &[u32],
        chance: &mut Chance,
    ) {
        let group = &scenario.people[group_place];
        let mut deck = Vec::new();
        let program = scenario.rounds.get(round).and_then(|round| scenario.program_of(round));
        let is_at_counter = program.is_some_and(|program| group.is_at_counter(program));
        for (place, person) in people.iter().enumerate() {
            if deck.is_empty() {
                let parts = group.wants.iter();
                deck.extend(parts.flat_map(|w| (0..w.parts).map(|_| w.won)));
                chance.shuffle(&mut deck);
            }
            let share = (place as f64 + chance.unit()) / people.len() as f64;
            let visit = Planned {
                person: *person,
                round: round as u16,
                group: group_place as u16,
                phone: 0,
                want_won: deck.pop().unwrap_or_default(),
                arrives_at: arrival(&group.arrive, share),
                habits: Habits::drawn(group, chance),
                sign_up: group.sign_up,
                is_at_counter,
            };
            self.visits.push(visit);
            if visit.habits.has(Habits::TWO_PHONES) {
                self.persons[*person as usize].two_phones = true;
                // The second phone does nothing else that is special: its owner's habits are the
                // first one's.
                self.visits.push(Planned { phone: 1, habits: Habits::default(), ..visit });
            }
        }
    }

    fn newcomer(&mut self, group: &Group, chance: &mut Chance) -> u32 {
        let odd = match group.birth_year {
            BirthYear::Any => chance.below(2) == 1,
            BirthYear::Odd => true,
            BirthYear::Even => false,
        };
        let year = 1950 + 2 * chance.below(27) + u64::from(odd);
        let (month, day) = (1 + chance.below(12), 1 + chance.below(28));
        let first = self.channel(group, chance.below(group.channels.values().sum::<u32>().into()));
        let second = self.channel(group, chance.below(group.channels.values().sum::<u32>().into()));
        self.persons.push(Person {
            birthdate: format!("{year:04}-{month:02}-{day:02}"),
            odd,
            channels: [first, second],
            two_phones: false,
        });
        self.persons.len() as u32 - 1
    }

    fn channel(&mut self, group: &Group, mut part: u64) -> u16 {
        let mut parts = group.channels.iter();
        let name = loop {
            match parts.next() {
                Some((name, parts)) if part < u64::from(*parts) => break name.as_str(),
                Some((_, parts)) => part -= u64::from(*parts),
                None => break "",
            }
        };
        let known = self.channels.iter().position(|channel| channel == name);
        known.unwrap_or_else(|| {
            self.channels.push(name.to_owned());
            self.channels.len() - 1
        }) as u16
    }
}

fn fits(person: &Person, birth_year: BirthYear) -> bool {
    match birth_year {
        BirthYear::Any => true,
        BirthYear::Odd => person.odd,
        BirthYear::Even => !person.odd,
    }
}

/// When the person arrives who has this share of the group (0 to 1) before them.
fn arrival(arrive: &Arrive, share: f64) -> Timestamp {
    let (from, to) = (arrive.from.as_millisecond(), arrive.to.as_millisecond());
    let span = (to - from) as f64;
    let half = arrive.half_s.unwrap_or(span / 4000.0) * 1000.0;
    // An exponential cut off at the end of the span: its quantile in closed form.
    let rush = |share: f64| {
        let rate = std::f64::consts::LN_2 / half;
        let all = 1.0 - (-rate * span).exp();
        -(1.0 - share * all).ln() / rate
    };
    let offset = match arrive.shape {
        Shape::Even => span * share,
        Shape::Rush => rush(share),
        Shape::BuildUp => span - rush(1.0 - share),
    };
    let offset = offset.clamp(0.0, span) as i64;
    Timestamp::from_millisecond(from + offset).unwrap_or(arrive.from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_follow_their_shape() {
        let check = |shape: Shape, half_s: Option<f64>, share: f64, want_s: i64| {
            let from: Timestamp = "2022-07-14T10:00:00+09:00".parse().unwrap();
            let to: Timestamp = "2022-07-14T11:00:00+09:00".parse().unwrap();
            let at = arrival(&Arrive { from, to, shape, half_s }, share);
            let got_s = (at.as_millisecond() - from.as_millisecond()) / 1000;
            assert!((got_s - want_s).abs() <= 1, "{shape:?} at {share}: {got_s} s, not {want_s} s");
        };
        check(Shape::Even, None, 0.0, 0);
        check(Shape::Even, None, 0.25, 900);
        check(Shape::Even, None, 1.0, 3600);
        check(Shape::Rush, Some(240.0), 0.0, 0);
        check(Shape::Rush, Some(240.0), 0.5, 240);
        check(Shape::Rush, Some(240.0), 0.75, 480);
        check(Shape::Rush, Some(240.0), 1.0, 3600);
        check(Shape::BuildUp, Some(90.0), 0.5, 3510);
        check(Shape::BuildUp, Some(90.0), 1.0, 3600);
    }

    #[test]
    fn the_same_seed_makes_the_same_people() {
        let scenario = Scenario::load("smoke").unwrap();
        let said = |seed| format!("{:?}", Cast::new(&scenario, 1.0, seed).visits);
        assert_eq!(said(1), said(1));
        assert_ne!(said(1), said(2));
    }

    #[test]
    fn who_comes_again_is_the_same_person_of_the_right_birth_year() {
        let scenario = Scenario::load("seoul-2022-07-28").unwrap();
        let cast = Cast::new(&scenario, 0.1, 1);
        let earlier = scenario.group("bought 300,000 on the 14th").unwrap();
        let again = scenario.group("bought 300,000 on the 14th, comes again, odd").unwrap();
        let of = |group: usize| cast.visits.iter().filter(move |v| v.group as usize == group);
        let firsts: Vec<u32> = of(earlier).map(|visit| visit.person).collect();
        assert_eq!(of(again).count(), 300);
        for visit in of(again) {
            assert!(firsts.contains(&visit.person));
            assert!(cast.persons[visit.person as usize].odd);
        }
    }

    #[test]
    fn any_long_run_of_arrivals_holds_the_mix() {
        let scenario = Scenario::load("seoul-2022-07-14").unwrap();
        for seed in 1..4 {
            let cast = Cast::new(&scenario, 1.0, seed);
            let (mut left, mut buyers) = (25_000_000_000_u64, 0);
            for visit in cast.visits.iter().filter(|visit| visit.phone == 0) {
                if left == 0 {
                    break;
                }
                left -= visit.want_won.min(left);
                buyers += 1;
            }
            assert!((64_004..=65_296).contains(&buyers), "{buyers} buyers with seed {seed}");
        }
    }
}
