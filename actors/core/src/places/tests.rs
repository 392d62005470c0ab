//! Tests of the places: numbers, phases, and the count of those who are through.

use super::*;

#[test]
fn numbers_are_given_once_and_only_from_the_reserved_block() {
    let places = Places::default();
    assert_eq!(places.take_number(), None);
    places.set_reserved(2);
    assert_eq!([places.take_number(), places.take_number()], [Some(1), Some(2)]);
    assert_eq!(places.take_number(), None);
    places.set_reserved(3);
    assert_eq!(places.take_number(), Some(3));
}

#[test]
fn those_who_end_are_counted_once_their_turn_has_come() {
    let places = Places::default();
    places.set_reserved(10);
    for _ in 0..6 {
        let number = places.take_number().expect("reserved");
        assert!(places.change(number, Phase::Unknown, Phase::Waiting));
    }
    assert!(places.change(2, Phase::Waiting, Phase::Left));
    assert_eq!(places.ended(), 0);
    places.advance(4);
    assert_eq!((places.ended(), places.active(), places.waiting()), (1, 3, 2));
    assert!(places.change(1, Phase::Waiting, Phase::Claimed));
    assert!(places.change(1, Phase::Claimed, Phase::Bought));
    assert!(!places.change(1, Phase::Claimed, Phase::Lapsed));
    assert_eq!(places.lapse(3), 1);
    assert_eq!((places.ended(), places.active(), places.lapsed_up_to()), (3, 1, 3));
    assert_eq!(places.phase(3), Phase::Lapsed);
}

#[test]
fn numbers_that_nobody_is_known_to_hold_are_vacant_after_a_load() {
    let places = Places::default();
    places.set_reserved(12);
    for number in [2, 3, 8] {
        assert!(places.change(number, Phase::Unknown, Phase::Waiting));
    }
    assert_eq!(places.vacate(10, 2), [(4, 7), (9, 10)]);
    assert_eq!([1, 2, 4, 10, 11].map(|number| places.phase(number)), {
        [Phase::Vacant, Phase::Waiting, Phase::Vacant, Phase::Vacant, Phase::Unknown]
    });
    assert_eq!((places.take_number(), places.ended()), (Some(11), 0));
    places.advance(10);
    assert_eq!((places.ended(), places.active()), (7, 3), "the vacant cost nobody a turn");
    let none = Places::default();
    assert_eq!(none.vacate(0, 1), []);
    assert_eq!(none.vacate(3, 3), [(1, 3)]);
}

#[test]
fn the_last_number_of_all_is_the_last() {
    let places = Places::default();
    places.set_reserved(u64::MAX);
    places.last_number.store(NUMBER_MAX - 1, Ordering::SeqCst);
    assert_eq!([places.take_number(), places.take_number()], [Some(NUMBER_MAX), None]);
    assert!(places.change(NUMBER_MAX, Phase::Unknown, Phase::Waiting));
    assert!(!places.change(NUMBER_MAX + 1, Phase::Unknown, Phase::Waiting));
    assert!(!places.change(0, Phase::Unknown, Phase::Waiting));
}

#[test]
fn a_purchase_takes_a_number_from_wherever_it_stands_and_once() {
    for phase in
        [Phase::Unknown, Phase::Vacant, Phase::Waiting, Phase::Claimed, Phase::Lapsed, Phase::Left]
    {
        let places = Places::default();
        places.set_reserved(3);
        places.skip_to(3);
        places.advance(3);
        if phase != Phase::Unknown {
            assert!(places.change(2, Phase::Unknown, phase));
        }
        assert_eq!(places.buy(2), Some(phase));
        assert_eq!((places.buy(2), places.ended()), (None, 1), "{phase:?}");
    }
}

#[test]
#[should_panic(expected = "OR-6: the watermark moves back")]
fn a_watermark_never_moves_back() {
    let places = Places::default();
    places.advance(5);
    places.advance(4);
}

#[test]
fn the_watermark_passes_over_the_dead_for_nothing() {
    // Numbers 1 to 12: `w` waits, `l` left, `v` was never given; beyond the table nobody has come
    // yet.
    check_reach(
        "
        places        from people up_to | to entering
        wwwwwwwwwwww  0    3      20    | 3  3
        wlvwwwwwwwww  0    2      20    | 4  2
        wwllllllwwww  0    2      20    | 8  2
        vvvvvvvvvvvv  0    2      20    | 14 2
        vvvvvvvvvvvv  0    2      13    | 13 1
        vvvvvvvvvvvv  5    9      3     | 5  0
        wwwwwwwwwwww  12   5      12    | 12 0
    ",
    );
}

fn check_reach(table: &str) {
    for line in crate::tests::samples::rows(table).skip(1) {
        let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "|").collect();
        let places = Places::default();
        places.skip_to(12);
        for (index, letter) in words[0].chars().enumerate() {
            let phase = match letter {
                'w' => Phase::Waiting,
                'l' => Phase::Left,
                _ => Phase::Vacant,
            };
            places.change(index as u64 + 1, Phase::Unknown, phase);
        }
        let number = |index: usize| words[index].parse::<u64>().expect("a number");
        let (to, cost) = places.reach_for(number(1), number(2) * 1_000, 1_000, number(3));
        assert_eq!((to, cost), (number(4), number(5) * 1_000), "{line}");
        assert_eq!(places.entering(number(1), to), number(5), "{line}");
    }
}

#[test]
fn each_end_is_counted_once_however_it_races_with_the_watermark() {
    const PEOPLE: u64 = 20_000;
    let places = Places::default();
    places.set_reserved(PEOPLE);
    for number in 1..=PEOPLE {
        places.take_number();
        places.change(number, Phase::Unknown, Phase::Waiting);
    }
    std::thread::scope(|threads| {
        for thread in 0..2 {
            let places = &places;
            threads.spawn(move || {
                for number in (1..=PEOPLE).filter(|number| number % 3 == thread) {
                    places.change(number, Phase::Waiting, Phase::Left);
                }
            });
        }
        threads.spawn(|| {
            (1..=PEOPLE / 7).for_each(|step| {
                places.advance(step * 7);
            });
        });
    });
    places.advance(PEOPLE);
    let left = (1..=PEOPLE).filter(|number| places.phase(*number) == Phase::Left).count() as u64;
    assert_eq!((places.ended(), places.active()), (left, PEOPLE - left));
}

#[test]
fn turns_lapse_once_and_only_where_the_watermark_has_been() {
    let places = Places::default();
    places.set_reserved(10);
    for number in 1..=10 {
        places.take_number();
        places.change(number, Phase::Unknown, Phase::Waiting);
    }
    places.advance(6);
    places.change(2, Phase::Waiting, Phase::Claimed);
    places.change(3, Phase::Waiting, Phase::Left);
    assert_eq!((places.lapse(10), places.lapse(10), places.lapse(3)), (4, 0, 0));
    assert_eq!((places.lapsed_up_to(), places.ended(), places.active()), (6, 5, 1));
    assert_eq!(places.phase(7), Phase::Waiting);
}

/// What was vacant cell by cell is now vacant in runs: nobody can tell the difference.
#[test]
fn runs_of_vacant_numbers_are_as_good_as_a_cell_for_each() {
    const LAST: u64 = 400;
    for seed in 0..200_u64 {
        let mut state = seed + 1;
        let mut chance = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            (state >> 33) % below
        };
        let (runs, cells) = (Places::default(), Places::default());
        let mut number = 0;
        while number < LAST {
            for _ in 0..chance(12) {
                number += 1;
                for places in [&runs, &cells] {
                    assert!(places.change(number, Phase::Unknown, Phase::Waiting));
                }
            }
            number += chance(60);
        }
        runs.vacate(LAST, 1 + chance(20));
        cells.skip_to(LAST);
        (1..=LAST).for_each(|number| {
            cells.change(number, Phase::Unknown, Phase::Vacant);
        });
        for _ in 0..300 {
            let (number, people) = (1 + chance(LAST + 20), chance(30));
            let places = [&runs, &cells];
            let both = match chance(7) {
                0 => places.map(|it| u64::from(it.change(number, Phase::Vacant, Phase::Waiting))),
                1 => places.map(|it| u64::from(it.change(number, Phase::Waiting, Phase::Claimed))),
                2 => places.map(|it| it.buy(number).map_or(99, |phase| phase as u64)),
                3 => places.map(|it| u64::from(it.change(number, Phase::Unknown, Phase::Waiting))),
                4 => places.map(|it| it.lapse(number)),
                5 => places.map(|it| it.reach(it.watermark(), people, LAST + 20)),
                _ => places.map(|it| {
                    let to = it.watermark() + people.min(LAST - it.watermark());
                    let entering = it.entering(it.watermark(), to);
                    it.advance(to);
                    entering
                }),
            };
            assert_eq!(both[0], both[1], "seed {seed}");
            assert_eq!((runs.ended(), runs.active()), (cells.ended(), cells.active()), "{seed}");
            assert_eq!(runs.phase(number), cells.phase(number), "seed {seed}: {number}");
        }
    }
}

#[test]
fn what_a_thousand_restarts_left_behind_costs_no_cells() {
    let places = Places::default();
    let last = NUMBER_MAX - 70_000;
    assert!(places.change(500, Phase::Unknown, Phase::Waiting));
    assert_eq!(places.vacate(last, 64), [(1, 499), (501, last)]);
    assert_eq!(places.reach(0, 1, last), last, "one person costs one");
    assert_eq!(places.entering(0, last), 1);
    places.advance(last);
    assert_eq!((places.ended(), places.active(), places.lapse(last)), (last - 1, 1, 1));
    assert!(places.change(last - 1, Phase::Vacant, Phase::Waiting), "its ticket is honoured");
    assert_eq!((places.ended(), places.active()), (last - 1, 1));
    let with_cells = places.chunks.iter().filter(|chunk| chunk.get().is_some()).count();
    assert_eq!(with_cells, 2, "only those in which somebody stands");
}

#[test]
fn a_lost_ticket_shown_while_the_watermark_passes_is_counted_once() {
    const LAST: u64 = 30_000;
    let places = Places::default();
    places.vacate(LAST, 64);
    std::thread::scope(|threads| {
        for thread in 0..2 {
            let places = &places;
            threads.spawn(move || {
                for number in (1..=LAST).filter(|number| number % 5 == thread) {
                    assert!(places.change(number, Phase::Vacant, Phase::Waiting));
                }
            });
        }
        threads.spawn(|| {
            (1..=LAST / 7).for_each(|step| {
                places.advance(step * 7);
            });
        });
    });
    places.advance(LAST);
    let waiting = (1..=LAST).filter(|number| places.phase(*number) == Phase::Waiting).count();
    assert_eq!(waiting as u64, LAST / 5 * 2);
    assert_eq!((places.ended(), places.active()), (LAST - LAST / 5 * 2, LAST / 5 * 2));
}
