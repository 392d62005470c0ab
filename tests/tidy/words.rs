//! One word per idea: banned words with what to write instead, and words that mark unfinished work.

use super::{Fault, assert_none, tree};

/// (banned, instead). Single words match as a whole or as a part of a snake_case or CamelCase name;
/// several words, or anything with punctuation, match as text. Written in pieces so that this file
/// passes itself.
const BANNED: &[(&str, &str)] = &[
    (concat!("a", "mt"), "amount"),
    (concat!("q", "ty"), "quantity, or the thing that is counted"),
    (concat!("cf", "g"), "config"),
    (concat!("ms", "g"), "message, or what it says"),
    (concat!("us", "r"), "person"),
    (concat!("inv", "entory"), "stock"),
    (concat!("cou", "pon"), "voucher"),
    (concat!("camp", "aign"), "program or round"),
    (concat!("wait", "list"), "line or stand-by"),
    (concat!("white", "list"), "the list of what is allowed"),
    (concat!("black", "list"), "the list of what is refused"),
    (concat!("queue", " ticket"), "ticket"),
    (concat!("voucher", " code"), "voucher"),
    (concat!("TO", "DO"), "do it, or open an issue"),
    (concat!("FIX", "ME"), "fix it, or open an issue"),
    (concat!("XX", "X"), "say what is wrong, or open an issue"),
    (concat!("HA", "CK"), "say why it is done this way"),
    (concat!("to", "do!"), "write it"),
    (concat!("unimple", "mented!"), "write it"),
    (concat!("db", "g!"), "tracing"),
    (concat!("#[", "ignore"), "a test that runs, or none (long ones ask for OPENRUN_LONG)"),
];

/// The language's own, a library's template and folders of an operating system: not names that we
/// chose.
const ALLOWED: &[&str] = &[
    "cfg(",
    "cfg!(",
    "cfg_attr(",
    "--cfg",
    "/usr/",
    concat!("{", "ms", "g}"),
    concat!("{wide_", "ms", "g}"),
];

const ENDINGS: &[&str] = &[".rs", ".md", ".toml", ".sql", ".html", ".ts", ".py", ".yml", ".txt"];

#[test]
fn words_are_the_projects_own() {
    let files = tree::files();
    let ours = files.iter().filter(|file| ENDINGS.iter().any(|end| file.path.ends_with(end)));
    assert_none(&ours.flat_map(|file| check(&file.path, &file.text)).collect::<Vec<_>>());
}

#[test]
fn unwrap_stays_in_tests() {
    let files = tree::files();
    let product = files.iter().filter(|file| file.is_product() && !file.is_test());
    assert_none(&product.flat_map(|file| check_unwrap(&file.path, &file.text)).collect::<Vec<_>>());
}

fn check(path: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = ALLOWED.iter().fold(line.to_owned(), |line, allowed| line.replace(allowed, " "));
        let words = words_of(&line);
        for (banned, instead) in BANNED {
            let is_word = banned.chars().all(char::is_alphanumeric);
            let is_mark = is_word && banned.chars().all(char::is_uppercase);
            let found = match (is_word, is_mark) {
                (_, true) => line.split(|c: char| !c.is_alphanumeric()).any(|word| word == *banned),
                (true, _) => words.iter().any(|word| word == banned),
                _ => line.to_lowercase().contains(banned),
            };
            if found {
                faults.push(Fault::new(path, index + 1, format!("`{banned}`: write {instead}")));
            }
        }
    }
    faults
}

fn check_unwrap(path: &str, text: &str) -> Vec<Fault> {
    let call = concat!(".unw", "rap()");
    let tests = tree::test_lines(text);
    let lines = text.lines().enumerate();
    lines
        .filter(|(index, line)| {
            !tests[*index] && line.contains(call) && !line.trim_start().starts_with("//")
        })
        .map(|(index, _)| Fault::new(path, index + 1, "unwrap: use `?`, or `expect` that says why"))
        .collect()
}

/// The words of a line in lower case: `total_amount` and `TotalAmount` are two words each.
fn words_of(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last_lower = false;
    for character in line.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && last_lower) {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            words.last_mut().expect("never empty").extend(character.to_lowercase());
        }
        last_lower = character.is_lowercase();
    }
    words
}

#[cfg(test)]
mod controls {
    use super::*;
    use crate::lines;

    #[test]
    fn banned_words_are_faults_however_they_are_written() {
        let line = |(banned, _): &(&str, &str)| format!("let x = {banned}\n");
        let bad = BANNED.iter().map(line).collect::<String>();
        let all: Vec<usize> = (1..=BANNED.len()).collect();
        assert_eq!(lines(&check("src/a.rs", &bad)), all);
        let short = concat!("a", "mt");
        let snake = format!("let total_{short}_won = 1;");
        let camel = format!("struct Total{}Won;", concat!("A", "mt"));
        assert_eq!(lines(&check("src/a.rs", &format!("{snake}\n{camel}\n"))), [1, 2]);
    }

    #[test]
    fn the_languages_own_words_are_not_faults() {
        let good = "#[cfg(test)]\n#![cfg_attr(test, allow(x))]\nif cfg!(unix) {}\n/usr/lib\n";
        assert_eq!(check("src/a.rs", good), []);
    }

    #[test]
    fn unwrap_outside_tests_is_a_fault() {
        let call = concat!("x.unw", "rap()");
        let text =
            format!("fn a() {{\n    {call};\n}}\n#[cfg(test)]\nmod tests {{\n    {call};\n}}\n");
        assert_eq!(lines(&check_unwrap("src/a.rs", &text)), [2]);
    }
}
