//! Every constraint of the schema has a name: the name is what the program sorts failures by.

use super::{Fault, assert_none, tree};

const CONSTRAINTS: &[&str] = &["primary", "foreign", "unique", "check", "references", "exclude"];

#[test]
fn constraints_have_names() {
    let files = tree::files();
    let schema = files.iter().filter(|file| file.path.ends_with(".sql"));
    assert_none(&schema.flat_map(|file| check(&file.path, &file.text)).collect::<Vec<_>>());
}

/// Looks at `create table` and `alter table` only; comments and quoted text are left out.
fn check(path: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let tokens = tokens(text);
    for statement in tokens.split(|(_, token)| token == ";") {
        let words: Vec<&str> = statement.iter().map(|(_, token)| token.as_str()).collect();
        let is_table = matches!(words.first(), Some(&"create") | Some(&"alter"))
            && words.iter().take(4).any(|word| *word == "table");
        if !is_table {
            continue;
        }
        for (at, word) in words.iter().enumerate().filter(|(_, word)| CONSTRAINTS.contains(word)) {
            let is_named = at >= 2 && words[at - 2] == "constraint";
            // `foreign key (…) references` has its name before `foreign`.
            let is_second_half = *word == "references" && at >= 1 && words[at - 1] == ")";
            let is_column = at + 1 < words.len() && *word == "check" && words[at + 1] != "(";
            if !is_named && !is_second_half && !is_column {
                let what = format!("`{word}` without `constraint NAME` before it");
                faults.push(Fault::new(path, statement[at].0, what));
            }
        }
    }
    faults
}

/// Words and single signs in lower case with their lines.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let mut tokens = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let code = line.split("--").next().unwrap_or_default();
        for (part, piece) in code.split('\'').enumerate() {
            if part % 2 == 1 {
                continue;
            }
            let mut word = String::new();
            for character in piece.chars().chain([' ']) {
                if character.is_alphanumeric() || character == '_' {
                    word.extend(character.to_lowercase());
                    continue;
                }
                if !word.is_empty() {
                    tokens.push((index + 1, std::mem::take(&mut word)));
                }
                if !character.is_whitespace() {
                    tokens.push((index + 1, character.to_string()));
                }
            }
        }
    }
    tokens
}

#[cfg(test)]
mod controls {
    use super::*;
    use crate::lines;

    #[test]
    fn a_constraint_without_a_name_is_a_fault() {
        let text = "create table a (\n  id integer constraint a_key primary key,\n\
                    b integer check (b > 0), -- unique\n\
                    c text constraint c_kind check (c in ('check', 'unique')),\n  unique (b),\n\
                    constraint a_b foreign key (b) references b (id)\n);\n\
                    create unique index a_b on a (b);\n";
        assert_eq!(lines(&check("sql/a.sql", text)), [3, 5]);
    }
}
