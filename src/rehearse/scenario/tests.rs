//! What the built-in files say, and what is refused of a file.

use super::*;

#[test]
fn every_built_in_scenario_says_what_the_articles_say() {
    let check = |name: &str, programs: usize, rounds: usize, stock_won: u64, people: u64| {
        let scenario = Scenario::load(name).unwrap();
        assert_eq!(scenario.id, name);
        assert_eq!(scenario.programs.len(), programs, "programs of {name}");
        assert_eq!(scenario.rounds.len(), rounds, "rounds of {name}");
        let windows = scenario.rounds.iter().flat_map(|round| &round.windows);
        assert_eq!(windows.map(|window| window.stock_won).sum::<u64>(), stock_won, "{name}");
        assert_eq!(scenario.people.iter().map(|g| g.count).sum::<u64>(), people, "{name}");
    };
    check("smoke", 1, 1, 50_000_000, 300);
    check("draw", 1, 1, 400_000_000, 5_000);
    check("seoul-2022-07-14", 1, 1, 25_000_000_000, 200_000);
    check("seoul-2022-07-28", 1, 2, 75_000_000_000, 264_850);
    check("seoul-districts", 25, 25, 367_000_000_000, 999_987);
    check("chuncheon-2022-12", 1, 1, 7_800_000_000, 36_000);
    check("gangwon-2022-12", 1, 1, 6_000_000_000, 40_000);
    check("onnuri-2025-03", 1, 1, 8_000_000_000, 40_000);
}

#[test]
fn several_scenarios_are_named_together() {
    let check = |names: &str, want: &[&str]| {
        let loaded = Scenario::load_all(names).unwrap();
        assert_eq!(loaded.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), want, "{names}");
    };
    check("smoke", &["smoke"]);
    check("smoke, draw,smoke", &["smoke", "draw", "smoke"]);
    let published = [
        "seoul-2022-07-14",
        "seoul-2022-07-28",
        "seoul-districts",
        "chuncheon-2022-12",
        "gangwon-2022-12",
        "onnuri-2025-03",
    ];
    check("all", &published);
    assert!(Scenario::load_all("smoke,").is_err());
    let holders = Scenario::holders().unwrap();
    let stock_won = holders.rounds[0].windows[0].stock_won;
    assert_eq!(stock_won, holders.people[0].count * holders.people[0].wants[0].won);
}

#[test]
fn the_fourteenth_of_july_sells_to_64_650_people_on_average() {
    let scenario = Scenario::load("seoul-2022-07-14").unwrap();
    for group in &scenario.people {
        let parts: u64 = group.wants.iter().map(|want| want.parts).sum();
        let won: u64 = group.wants.iter().map(|want| want.parts * want.won).sum();
        let buyers = 25_000_000_000.0 / (won as f64 / parts as f64);
        assert!((buyers - 64_650.0).abs() < 65.0, "{}: {buyers}", group.name);
    }
}

#[test]
fn chuncheon_tells_what_the_apps_sold_from_what_the_counters_sold() {
    let scenario = Scenario::load("chuncheon-2022-12").unwrap();
    let (round, program) = (&scenario.rounds[0], &scenario.programs[0]);
    for (sold_at, stock_won, sold_won) in [
        (SoldAt::Line, 5_900_000_000, 5_600_000_000),
        (SoldAt::Counter, 1_900_000_000, 1_600_000_000),
    ] {
        let windows = round.windows.iter().filter(|window| window.sold_at == sold_at);
        assert_eq!(windows.map(|window| window.stock_won).sum::<u64>(), stock_won);
        let mut expect = scenario.expect.iter().filter(|it| it.sold_at == Some(sold_at));
        let expect = expect.next().expect("each is expected by itself");
        assert_eq!((expect.sold_won, expect.left_won), (Some(sold_won), Some(300_000_000)));
        let groups = scenario.people.iter().filter(|it| it.buys_at(program) == sold_at);
        assert_eq!(expect.buyers, Some(groups.map(|group| group.count).sum()));
    }
    let of_nothing = include_str!("../scenarios/smoke.toml")
        .replace("[[expect]]\n", "[[expect]]\nsold_at = \"counter\"\n");
    let fault = Scenario::parse(&of_nothing).unwrap_err().to_string();
    assert!(fault.contains("what is not sold"), "{fault}");
}

#[test]
fn a_file_that_contradicts_itself_is_refused_with_the_reason() {
    let good = include_str!("../scenarios/smoke.toml");
    for (from, to, reason) in [
        ("program = \"voucher\"", "program = \"another\"", "no program another"),
        ("round = \"sale\"", "round = \"other\"", "no round other"),
        ("{ won = 400000", "{ won = 399999", "want 399999 won"),
    ] {
        let fault = Scenario::parse(&good.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(fault.contains(reason), "{fault}");
    }
}
