//! Who lapsed comes back once, and passes do not age while the sale stands still.

use super::*;

#[test]
fn who_lapsed_comes_back_once_to_the_head_of_the_line() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        join bob          | new 2
        join cid          | new 3
        turn 2
        lapse 2           | 2 lapsed
        join bob          | back 2
        claim ann 1       | back
        join bob          | held 2
        claim bob 2       | not-yet 1
        claim cid 3       | not-yet 2
        call 1 2
        claim bob 2       | pass 600
        claim ann 1       | pass 600
        wait 600
        expire            | 2 lapsed
        claim ann 1       | turn-passed
        join ann          | new 4 dead 1
        join bob shows 2  | new 5 dead 2
    ",
    );
}

#[test]
fn a_pass_that_just_ran_out_brings_its_place_back_before_it_is_seen_to_lapse() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        turn 1
        claim ann 1       | pass 600
        wait 600
        claim ann 1       | back
        expire            | 0 lapsed
        leave ann 1       | left
        claim ann 1       | turn-passed
    ",
    );
}

#[test]
fn with_rejoin_tail_a_lapsed_place_comes_back_to_who_shows_its_ticket() {
    check(
        Rejoin::Tail,
        "
        join ann          | new 1
        join bob          | new 2
        turn 2
        lapse 2           | 2 lapsed
        join ann          | new 3 dead 1
        join bob shows 2  | back 2
        join bob shows 2  | held 2
    ",
    );
}

#[test]
fn a_pass_does_not_age_while_the_sale_stands_still() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        join bob          | new 2
        turn 2
        claim ann 1       | pass 600
        wait 100
        stop 0
        wait 3000
        stop 3000
        expire            | 0 lapsed
        claim ann 1       | pass 600
        claim bob 2       | pass 3700
        go 3000
        expire            | 0 lapsed
        claim ann 1       | pass 3600
        claim ann 1       | pass 3600
        claim bob 2       | pass 3700
        wait 499
        expire            | 0 lapsed
        wait 1
        expire            | 1 lapsed
        claim ann 1       | back
        claim bob 2       | pass 3700
    ",
    );
}

#[test]
fn after_a_stop_every_pass_is_good_for_a_whole_claim_window() {
    check(
        Rejoin::Keep,
        "
        join ann          | new 1
        turn 1
        claim ann 1       | pass 600
        wait 599
        stop 0
        wait 10
        go 10
        claim ann 1       | pass 909
        wait 299
        expire            | 0 lapsed
        wait 1
        expire            | 1 lapsed
    ",
    );
}

/// A replay knows of no lapse: the place comes back from wherever it stands.
#[test]
fn a_return_is_replayed_whatever_was_not_seen_to_lapse() {
    for was_claimed in [true, false] {
        let mut world = World::new(Rejoin::Keep);
        world.step("join ann");
        world.step("turn 1");
        if was_claimed {
            world.step("claim ann 1");
            world.step("wait 600");
            world.step("expire");
        } else {
            world.step("lapse 1");
        }
        assert_eq!(world.step("join ann"), "back 1");
        let (mut queue, places) = (Queue::default(), Arc::new(Places::default()));
        world.journal.iter().for_each(|event| queue.apply(event, &places));
        assert_eq!((places.phase(1), places.returned()), (Phase::Returned, 1));
        assert!(queue.place(world.person("ann")).expect("held").has_returned);
        places.call_again(&[1]);
        assert_eq!((places.phase(1), places.returned()), (Phase::Waiting, 0));
    }
}
