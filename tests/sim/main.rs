//! The simulator, tried: the same seed is the same sale, honest code passes, every fault really
//! happens, and each bug that is put in on purpose is found within a stated number of seeds.

use openrun::sim::{FAULTS, Figures, Many, Settings, Tally, run, run_many};

/// Seeds that honest code must pass here; a night's run takes a hundred thousand.
const SEEDS: u64 = 300;

fn many(seed: u64, runs: u64, settings: Settings) -> Tally {
    run_many(&Many { seed, runs, jobs: 2, settings }, |_| {})
}

fn assert_held(tally: &Tally) {
    if let Some(failed) = &tally.failed {
        let settings = Settings::default();
        panic!("{:?}\n{}", failed.violation, settings.command(failed.seed));
    }
}

#[test]
fn hundreds_of_sales_with_every_fault_break_nothing() {
    let tally = many(1, SEEDS, Settings::default());
    assert_held(&tally);
    assert_eq!(tally.runs, SEEDS);
    // What never happens proves nothing.
    let Figures { purchases, issued, voided, crashes, doubts, rebuilds, late, .. } = tally.figures;
    let Figures { papers, spends, gifts, paybacks, expired, .. } = tally.figures;
    for (figure, name) in [
        (purchases, "purchases"),
        (issued, "vouchers"),
        (voided, "voids"),
        (crashes, "crashes"),
        (doubts, "doubts"),
        (rebuilds, "rebuilds"),
        (late, "late approvals"),
        (papers, "vouchers on paper"),
        (spends, "spends"),
        (gifts, "gifts"),
        (paybacks, "paybacks"),
        (expired, "expired vouchers"),
    ] {
        assert!(figure > SEEDS / 10, "only {figure} {name} in {SEEDS} sales");
    }
    assert!(issued < purchases && issued > purchases / 2, "{issued} of {purchases}");
}

#[test]
fn money_that_a_rail_takes_against_its_word_goes_back() {
    let mut returned = 0;
    for first in (1_000..9_000).step_by(500) {
        let tally = many(first, 500, Settings { people: Some(12), ..Settings::default() });
        assert_held(&tally);
        returned += tally.figures.returned;
        if returned >= 3 {
            return;
        }
    }
    panic!("money went back {returned} times in 8,000 sales: the path is not walked");
}

#[test]
fn a_calm_sale_issues_what_it_holds() {
    let without = FAULTS.to_vec();
    let tally = many(1, 100, Settings { without, ..Settings::default() });
    assert_held(&tally);
    let Figures { crashes, doubts, lies, returned, .. } = tally.figures;
    assert_eq!((crashes, doubts, lies, returned), (0, 0, 0, 0));
    assert!(tally.figures.issued > 100, "{:?}", tally.figures);
}

#[test]
fn the_same_seed_is_the_same_sale() {
    for seed in [1, 7, 23, 4_711] {
        let (once, again) = (run(seed, &Settings::default()), run(seed, &Settings::default()));
        assert_eq!((once.hash, once.figures), (again.hash, again.figures), "seed {seed}");
        // Telling the story changes nothing of it.
        let told = run(seed, &Settings { story: 10, ..Settings::default() });
        assert_eq!((once.hash, once.figures), (told.hash, told.figures), "seed {seed}");
        assert_ne!(once.hash, run(seed + 1, &Settings::default()).hash);
    }
    let (alone, together) = (many(5, 40, Settings::default()), many(5, 40, Settings::default()));
    assert_eq!((alone.hash, alone.figures), (together.hash, together.figures));
}

#[cfg(feature = "failpoints")]
mod planted {
    use super::*;
    use openrun::sim::{PLANTS, Plant, shrink};

    /// Which invariants show it, and within how many seeds it must be found.
    fn expected(plant: Plant) -> (&'static [&'static str], u64) {
        match plant {
            Plant::FenceOff => (&["OR-1", "OR-2", "OR-3", "OR-4", "OR-6", "OR-9"], 100),
            Plant::ReplyBeforeCommit => (&["OR-3"], 20),
            Plant::ReleaseOnTimeout => (&["OR-7"], 100),
            Plant::LimitsOff => (&["OR-2"], 20),
            Plant::DoubleRelease => (&["OR-1"], 100),
            Plant::ForgetKey => (&["OR-4"], 100),
            Plant::ReplayFromBareSelect => (&["OR-3", "OR-4", "OR-5", "OR-6"], 5_000),
            Plant::NumberTwice => (&["OR-5", "OR-6"], 100),
            Plant::GiftRoomOff => (&["OR-2"], 100),
            Plant::AllowanceTwice => (&["OR-2"], 1_000),
            Plant::MoveLate => (&["OR-7"], 100),
            Plant::FreedEarly => (&["OR-2"], 5_000),
            Plant::MoveBeforeCommit => (&["OR-3"], 20),
            Plant::PaybackTwice => (&["OR-7", "liveness"], 100),
            Plant::ForgetMoves => (&["OR-4"], 100),
        }
    }

    #[test]
    fn every_planted_bug_is_found() {
        for plant in PLANTS {
            let (invariants, seeds) = expected(plant);
            let settings = Settings { plant: Some(plant), ..Settings::default() };
            let tally = many(1, seeds, settings.clone());
            let word = plant.word();
            let Some(failed) = tally.failed else { panic!("{word}: not found in {seeds} seeds") };
            let broken = failed.violation.expect("a failed run says what").broken;
            let is_expected = invariants.contains(&broken.invariant.as_str());
            assert!(is_expected, "{word}: found as {broken:?} by seed {}", failed.seed);
            println!("{word}: seed {} of {seeds}, {}", failed.seed, broken.invariant);
            let honest = run(failed.seed, &Settings::default());
            assert!(honest.violation.is_none(), "{word}: seed {} fails anyway", failed.seed);
        }
    }

    #[test]
    fn a_failing_sale_is_shrunk_to_one_that_fails_alike() {
        let settings = Settings { plant: Some(Plant::ReplyBeforeCommit), ..Settings::default() };
        let failed = many(1, 100, settings.clone()).failed.expect("it is found");
        let invariant = failed.violation.expect("a failed run says what").broken.invariant;
        let (smaller, outcome) = shrink(failed.seed, &settings);
        let violation = outcome.violation.expect("the smaller one fails too");
        assert_eq!(violation.broken.invariant, invariant);
        assert!(outcome.people <= failed.people && outcome.figures.steps <= failed.figures.steps);
        assert!(!violation.story.is_empty());
        let again = run(failed.seed, &Settings { story: 0, ..smaller.clone() });
        assert_eq!(again.hash, outcome.hash, "{}", smaller.command(failed.seed));
    }
}
