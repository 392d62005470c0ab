//! What a replay of the journal must know of what the crowd did.

use super::*;

impl Crowd {
    /// A replay knows the same, but for turns that lapsed: those come again, for a restart is not
    /// their fault.
    pub(super) fn assert_replayed(&self, when: &str) {
        let again = Machines::replay(&self.spec, &self.journal);
        let figures = |round: &Round| {
            let windows = round.windows().iter().map(|w| (w.phase, w.stock, w.purchases));
            let state = (round.state(), round.version());
            (state, windows.collect::<Vec<_>>(), round.lines().to_vec())
        };
        assert_eq!(figures(&again.round), figures(&self.machines.round), "{when}");
        for (line, places) in again.places.iter().enumerate() {
            let live = &self.machines.places[line];
            for number in 1..=live.last_number() {
                let (was, is) = (live.phase(number), places.phase(number));
                let is_again = was == Phase::Lapsed
                    && matches!(is, Phase::Waiting | Phase::Left | Phase::Claimed);
                let is_lost = was == Phase::Unknown && is == Phase::Vacant;
                // Live, a stretch of ticks in which the sale stood still for a part counts whole.
                let is_longer = was == Phase::Claimed && is == Phase::Lapsed;
                // A start gives who was called a whole claim window, as everybody.
                let is_called = was == Phase::Called && is == Phase::Waiting;
                let is_same = is == was || is_again || is_lost || is_longer || is_called;
                assert!(is_same, "{when}: {number} in line {line} was {was:?}, is {is:?}");
            }
        }
        for who in 0..PEOPLE {
            let limits = |people: &HashMap<PersonKey, Person>| {
                let person = people.get(&person(who)).cloned().unwrap_or_default();
                person.limits(&program().id, &rules(), self.now)
            };
            assert_eq!(limits(&again.people), limits(&self.machines.people), "{when}: {who}");
            let place = |queues: &[Queue]| {
                let place = queues[person(who).shard(SHARDS)].place(person(who));
                place.map(|place| Place {
                    stopped_at: 0,
                    is_renewed: false,
                    is_late: false,
                    ..place
                })
            };
            assert_eq!(place(&again.queues), place(&self.machines.queues), "{when}: {who}");
        }
    }
}
