//! Who waits at which number, as the clients know it.
//!
//! One shared reader of the watermark document serves everybody, as a cache in front of the server
//! would: when the watermark of a line moves, whoever stands at or under it is due. Several visits
//! may stand at one number: a person with two phones.

/// No sale gives numbers beyond this; a larger one is a fault and is not stored.
const LARGEST_NUMBER: u64 = 20_000_000;

/// One line of one round.
#[derive(Debug)]
pub(super) struct Line {
    pub round: u16,
    pub class: String,
    /// Visit plus one, by number; zero is nobody.
    waiting: Vec<u32>,
    watermark: u64,
}

/// Every line that an answer or a document has named.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub all: Vec<Line>,
    /// By visit: the next one at the same number.
    chained: Vec<u32>,
}

impl Lines {
    pub fn new(visits: usize) -> Self {
        Self { all: Vec::new(), chained: vec![0; visits] }
    }

    pub fn find(&mut self, round: u16, class: &str) -> usize {
        let known = self.all.iter().position(|line| line.round == round && line.class == class);
        known.unwrap_or_else(|| {
            let class = class.to_owned();
            self.all.push(Line { round, class, waiting: Vec::new(), watermark: 0 });
            self.all.len() - 1
        })
    }

    pub fn watermark(&self, line: usize) -> u64 {
        self.all[line].watermark
    }

    /// Puts a visit at its number. False if its turn has come already.
    pub fn wait(&mut self, line: usize, number: u64, visit: u32) -> bool {
        let line = &mut self.all[line];
        if number <= line.watermark || number > LARGEST_NUMBER {
            return false;
        }
        let place = number as usize;
        if line.waiting.len() <= place {
            line.waiting.resize(place + 1, 0);
        }
        let mut there = line.waiting[place];
        while there != 0 {
            if there == visit + 1 {
                return true;
            }
            there = self.chained[there as usize - 1];
        }
        self.chained[visit as usize] = std::mem::replace(&mut line.waiting[place], visit + 1);
        true
    }

    /// Takes a visit away from a number at which it no longer stands.
    pub fn forget(&mut self, line: usize, number: u64, visit: u32) {
        let next = std::mem::take(&mut self.chained[visit as usize]);
        let Some(place) = self.all[line].waiting.get_mut(number as usize) else { return };
        if *place == visit + 1 {
            *place = next;
            return;
        }
        let mut there = *place;
        while there != 0 {
            let link = &mut self.chained[there as usize - 1];
            if *link == visit + 1 {
                *link = next;
                return;
            }
            there = *link;
        }
    }

    /// Moves the watermark and calls for each visit whose turn has come. Never moves it back.
    pub fn advance(&mut self, line: usize, watermark: u64, mut due: impl FnMut(u32)) {
        let line = &mut self.all[line];
        if watermark <= line.watermark {
            return;
        }
        let from = (line.watermark as usize + 1).min(line.waiting.len());
        let to = (watermark.min(LARGEST_NUMBER) as usize + 1).min(line.waiting.len());
        for place in from..to {
            let mut there = std::mem::take(&mut line.waiting[place]);
            while there != 0 {
                due(there - 1);
                there = std::mem::take(&mut self.chained[there as usize - 1]);
            }
        }
        line.watermark = watermark;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_stands_at_or_under_the_watermark_is_due_once() {
        let mut lines = Lines::new(10);
        let line = lines.find(0, "everyone");
        for (number, visit) in [(1, 0), (2, 1), (2, 2), (5, 3), (5, 3), (9, 4)] {
            assert!(lines.wait(line, number, visit));
        }
        let mut check = |watermark: u64, want: &[u32]| {
            let mut due = Vec::new();
            lines.advance(line, watermark, |visit| due.push(visit));
            due.sort_unstable();
            assert_eq!(due, want, "watermark {watermark}");
        };
        check(1, &[0]);
        check(5, &[1, 2, 3]);
        check(3, &[]);
        check(100, &[4]);
        assert!(!lines.wait(line, 50, 5), "the turn has come already");
        assert!(lines.wait(line, 101, 5));
    }

    #[test]
    fn who_goes_to_the_tail_leaves_the_others_where_they_are() {
        let mut lines = Lines::new(4);
        let line = lines.find(0, "everyone");
        for visit in 0..3 {
            assert!(lines.wait(line, 7, visit));
        }
        for visit in [1, 2] {
            lines.forget(line, 7, visit);
            assert!(lines.wait(line, 8, visit));
        }
        let mut due = Vec::new();
        lines.advance(line, 7, |visit| due.push(visit));
        assert_eq!(due, [0]);
        lines.advance(line, 8, |visit| due.push(visit));
        assert_eq!(due.len(), 3);
    }
}
