//! Lists of places in order, and what they have in common.

/// What is left of a list while it is walked along together with others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk<'l>(&'l [u32]);

impl<'l> Walk<'l> {
    /// The list from `place` on.
    pub(super) fn from(list: &'l [u32], place: u32) -> Walk<'l> {
        Walk(&list[list.partition_point(|listed| *listed < place)..])
    }

    /// Whether the list has `place`. Places must be asked for in their order: what is before the
    /// one that is asked for is gone. Goes in steps that double, so that a long list costs little
    /// beside a short one.
    pub(super) fn has(&mut self, place: u32) -> bool {
        let mut reach = 1;
        while reach < self.0.len() && self.0[reach] < place {
            reach *= 2;
        }
        let near = &self.0[..self.0.len().min(reach + 1)];
        self.0 = &self.0[near.partition_point(|listed| *listed < place)..];
        self.0.first() == Some(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_what_is_listed_and_nothing_else() {
        let list: Vec<u32> = (0..1_000).filter(|place| place % 7 == 3 || *place > 900).collect();
        for step in [1, 2, 5, 13, 200] {
            let mut walk = Walk::from(&list, 0);
            for place in (0..1_100).step_by(step) {
                assert_eq!(walk.has(place), list.contains(&place), "{place} by {step}");
            }
        }
        assert!(!Walk::from(&list, 4).has(3), "it begins behind");
        assert!(!Walk::from(&[], 0).has(0));
    }
}
