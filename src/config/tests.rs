//! Where settings come from, and which are refused.

use super::*;
use clap::Parser;

const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openrun.example.toml"));

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    layer: Layer,
}

fn flags(words: &[&str]) -> Layer {
    Flags::try_parse_from([&["openrun"], words].concat()).unwrap().layer
}

/// The example with every setting's comment mark taken away.
fn uncommented() -> String {
    let is_setting = |line: &str| {
        let name = line.split(" = ").next().unwrap_or_default();
        line.contains(" = ") && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    };
    let line = |line: &str| match line.strip_prefix("# ") {
        Some(setting) if is_setting(setting) => setting.to_owned(),
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_names_every_setting_with_its_default() {
    assert_eq!(Layer::parse(EXAMPLE), Ok(Layer::default()), "as it is it changes nothing");
    let layer = Layer::parse(&uncommented()).unwrap();
    assert_eq!(Config::merged(layer), Config::default());
    let values: toml::Table = toml::from_str(&uncommented()).unwrap();
    let settings = toml::Table::try_from(Config::default()).unwrap();
    let names = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&values), names(&settings));
}

#[test]
fn every_setting_in_the_example_is_explained_above_it() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if line.contains(" = ") && line.starts_with("# ") && !lines[index - 1].is_empty() {
            assert!(lines[index - 1].starts_with("# "), "line {}: {line}", index + 1);
        }
    }
    Config::default().check().unwrap();
}

#[test]
fn flags_go_before_the_file_and_the_file_before_defaults() {
    let file = Layer::parse("public = \"127.0.0.1:1\"\nworkers = 3\ndata = \"x\"").unwrap();
    let config = Config::merged(flags(&["--workers", "5", "--dev"]).over(file));
    assert_eq!(config.public.port(), 1);
    assert_eq!((config.workers, config.worker_count(), config.dev), (5, 5, true));
    assert_eq!(config.store, "sqlite:x/openrun.db", "the store follows the data directory");
    assert_eq!(config.rail_key_file, Path::new("x/keys/rail.key"), "and the rail's key");
    assert_eq!(config.ops, Config::default().ops);
    assert!(Config::default().worker_count() >= 1);
}

#[test]
fn a_fault_in_the_file_is_named_with_its_line() {
    let check = |text: &str, line: usize, word: &str| {
        let (found, fault) = Layer::parse(text).unwrap_err();
        assert!(found == line && fault.contains(word), "{text}: {found}: {fault}");
    };
    check("workers = 1\n\npubic = \"127.0.0.1:1\"\n", 3, "pubic");
    check("workers = \"many\"", 1, "invalid type");
    check("dev = true\nlog_format = \"xml\"\n", 2, "xml");
    check("dev = true\ndev = false\n", 2, "duplicate");
    check("\n[server]\nworkers = 1", 2, "server");
    let missing = Config::load(Layer::default(), Some(Path::new("no-such.toml"))).unwrap_err();
    assert!(missing.to_string().starts_with("no-such.toml: "), "{missing}");
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let check = |words: &[&str], want: Option<&str>| {
        let fault = Config::merged(flags(words)).check().err().map(|fault| fault.to_string());
        match want {
            None => assert_eq!(fault, None, "{words:?}"),
            Some(want) => assert!(fault.is_some_and(|fault| fault.contains(want)), "{words:?}"),
        }
    };
    check(&[], None);
    check(&["--ops", "0.0.0.0:8081"], Some("ops_allow_remote"));
    check(&["--ops", "0.0.0.0:8081", "--ops-allow-remote"], None);
    check(&["--ops", "0.0.0.0:8081", "--ops-allow-remote=no"], Some("ops_allow_remote"));
    check(&["--ops", "0.0.0.0:8081", "--dev"], None);
    check(&["--ops", "[::1]:8081"], None);
    check(&["--public", "0.0.0.0:8080"], None);
    check(&["--public", "127.0.0.1:9", "--ops", "127.0.0.1:9"], Some("port of its own"));
    check(&["--public", "127.0.0.1:0", "--ops", "127.0.0.1:0"], None);
    check(&["--log", "loud=very"], Some("log: "));
    check(&["--log", "warn,openrun=debug"], None);
    check(&["--workers", "2000"], Some("workers is 0 to 1024"));
    check(&["--max-connections", "0"], Some("max_connections"));
    check(&["--head-timeout-s", "0"], Some("head_timeout_s"));
    check(&["--store", "mysql://u:secret@h/d"], Some("mysql://…"));
    check(&["--rail", "http:https://rail.example"], None);
    check(&["--rail", "http:http://rail.example"], Some("plain http://"));
    check(&["--rail", "http:http://rail.example", "--dev"], None);
    check(&["--rail", "kakao"], Some("rail is \"instant\""));
    check(&["--rail-finality-s", "2"], Some("rail_finality_s"));
    check(&["--rail-daily-limit-won=-1"], Some("rail_daily_limit_won"));
    check(&["--rail-confirm=no", "--rail-concurrency", "0"], Some("rail_concurrency"));
}
