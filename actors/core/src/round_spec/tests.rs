//! Tests of what a round may be said to be.

use super::*;
use crate::DistrictId;
use crate::tests::samples::*;

#[test]
fn a_round_that_makes_no_sense_is_refused_with_the_first_fault() {
    check(
        "
        odd 10:00-14:00 10k > everyone / everyone 14:00-18:00 0       | stands
        everyone 10:00-12:00 10k / everyone-late 12:00-18:00 10k      | stands
        odd 10:00-14:00 10k / even 10:00-14:00 10k                    | stands
        everyone 10:00-18:00 10k > odd / odd 12:00-20:00 0            | stands
        nothing                                                       | WindowCount
        odd 10:00-14:00 10k / odd 14:00-18:00 10k                     | WindowIdTwice
        odd 14:00-10:00 10k                                           | WindowClosesFirst
        odd 14:00-14:00 10k                                           | WindowClosesFirst
        odd 14:00-18:00 10k / even 10:00-14:00 10k                    | WindowsOutOfOrder
        everyone 10:00-14:00 10k / everyone-late 13:00-18:00 10k      | WindowsOverlap
        odd 10:00-14:00 10_001                                        | StockNotMultipleOfUnit
        odd 10:00-14:00 -10k                                          | StockNotMultipleOfUnit
        odd 10:00-14:00 1_000_000_000_000_010_000                     | StockNotMultipleOfUnit
        odd 10:00-14:00 10k > nowhere                                 | LeftoverNowhere
        odd 10:00-14:00 10k > odd                                     | LeftoverNowhere
        odd 10:00-14:00 10k / even 14:00-18:00 10k > odd              | LeftoverNowhere
        odd 10:00-14:00 10k > even / even 10:00-14:00 10k             | LeftoverNowhere
    ",
    );
}

/// Windows between `/`, and what is wrong with a round of them.
fn check(table: &str) {
    for line in rows(table) {
        let (windows, expected) = line.split_once('|').expect("windows | fault");
        let mut spec = second_round();
        spec.lobby_opens_at = at("09:00");
        spec.windows = match windows.trim() {
            "nothing" => vec![],
            windows => windows.split('/').map(window).collect(),
        };
        let fault = spec.check(Won(10_000));
        let answer = fault.map_or_else(|fault| format!("{fault:?}"), |()| "stands".to_owned());
        assert_eq!(answer, expected.trim(), "{line}");
    }
}

#[test]
fn the_lobby_opens_before_the_first_window_and_the_inlet_is_within_bounds() {
    let mut spec = second_round();
    spec.lobby_opens_at = spec.windows[0].opens_at;
    assert_eq!(spec.check(Won(10_000)), Ok(()));
    spec.lobby_opens_at = spec.windows[0].opens_at.plus_millis(1);
    assert_eq!(spec.check(Won(10_000)), Err(SpecFault::LobbyAfterOpening));
    for change in [
        |inlet: &mut InletSpec| inlet.rate_per_1000_s = 0,
        |inlet: &mut InletSpec| inlet.rate_per_1000_s = ACTIVE_MAX * 1_000 + 1,
        |inlet: &mut InletSpec| inlet.max_active = 0,
        |inlet: &mut InletSpec| inlet.max_active = ACTIVE_MAX + 1,
        |inlet: &mut InletSpec| inlet.claim_window_s = 0,
        |inlet: &mut InletSpec| inlet.claim_window_s = SECONDS_MAX + 1,
        |inlet: &mut InletSpec| inlet.pass_ttl_s = 0,
        |inlet: &mut InletSpec| inlet.pass_ttl_s = SECONDS_MAX + 1,
    ] {
        let mut spec = second_round();
        change(&mut spec.inlet);
        assert_eq!(spec.check(Won(10_000)), Err(SpecFault::InletOutOfBounds), "{:?}", spec.inlet);
    }
}

#[test]
fn each_eligibility_is_one_line_in_the_order_of_its_first_window() {
    let spec = round_of(&[
        "odd 10:00-12:00 0",
        "everyone 12:00-14:00 0",
        "odd-again 14:00-16:00 0",
        "even 16:00-18:00 0",
    ]);
    let classes: Vec<_> = spec.lines().iter().map(Eligibility::class).collect();
    assert_eq!(
        classes.iter().map(|class| &**class).collect::<Vec<_>>(),
        ["odd", "everyone", "even"]
    );
}

#[test]
fn the_parity_of_a_birth_year_is_that_of_its_last_digit() {
    for year in 1900..=2022 {
        let (who, opens_at) = (born_in(year), at("10:00"));
        let is_odd = ["1", "3", "5", "7", "9"].iter().any(|d| year.to_string().ends_with(d));
        assert_eq!(Eligibility::BirthYear(Parity::Odd).admits(&who, opens_at), is_odd, "{year}");
        assert_eq!(Eligibility::BirthYear(Parity::Even).admits(&who, opens_at), !is_odd, "{year}");
        assert!(Eligibility::All.admits(&who, opens_at));
    }
}

#[test]
fn lines_that_nobody_could_stand_in_or_tell_apart_are_refused() {
    let district = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| DistrictId::new(name).unwrap()).collect();
        Eligibility::District(names.into())
    };
    let age = |from, to| Eligibility::Age(AgeSpan { from, to });
    for (first, second, expected) in [
        (age(65, 120), age(0, 64), Ok(())),
        (district(&["jung"]), district(&["jongno"]), Ok(())),
        (district(&["jung", "jongno"]), district(&["jongno-jung"]), Err(SpecFault::ClassTwice)),
        (age(65, 64), Eligibility::All, Err(SpecFault::EligibilityOutOfBounds)),
        (Eligibility::All, age(65, 151), Err(SpecFault::EligibilityOutOfBounds)),
        (Eligibility::All, district(&[]), Err(SpecFault::EligibilityOutOfBounds)),
    ] {
        let mut spec = round_of(&["odd 10:00-14:00 10k", "even 14:00-18:00 10k"]);
        (spec.windows[0].eligibility, spec.windows[1].eligibility) = (first, second);
        assert_eq!(spec.check(Won(10_000)), expected, "{:?}", spec.lines());
    }
}
