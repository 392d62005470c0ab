//! A page that stands in English and in Korean says the same in both, as far as text can tell: the
//! same headings, code and tables, the same links, and a way to the other. Whether the sentences
//! mean the same is for people to say.

use super::tree::{self, File};
use super::{Fault, assert_none};

const KOREAN: &str = ".ko.md";

#[test]
fn pages_in_two_languages_have_the_same_headings_code_and_links() {
    let files = tree::files();
    let korean: Vec<&File> = files.iter().filter(|file| file.path.ends_with(KOREAN)).collect();
    assert!(korean.iter().any(|file| file.path == "README.ko.md"), "the README is in Korean too");
    let check_one = |korean: &File| {
        let path = korean.path.replace(KOREAN, ".md");
        let english = files.iter().find(|file| file.path == path);
        let english = english.unwrap_or_else(|| panic!("{} has no {path}", korean.path));
        check(english, korean)
    };
    assert_none(&korean.into_iter().flat_map(check_one).collect::<Vec<_>>());
}

/// What must be the same, each with the line on which it stands.
#[derive(Debug, Default, PartialEq)]
struct Shape {
    headings: Vec<(usize, String)>,
    code: Vec<(usize, String)>,
    rows: Vec<(usize, String)>,
    links: Vec<(usize, String)>,
}

impl Shape {
    fn of(text: &str) -> Shape {
        let mut shape = Shape::default();
        let mut block: Option<(usize, String)> = None;
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if line.starts_with("```") {
                match block.take() {
                    Some(whole) => shape.code.push(whole),
                    None => block = Some((number, format!("{line}\n"))),
                }
            } else if let Some((_, code)) = &mut block {
                code.push_str(&format!("{line}\n"));
            } else {
                if line.starts_with('#') {
                    let level = line.chars().take_while(|c| *c == '#').count();
                    shape.headings.push((number, format!("level {level}")));
                }
                if line.starts_with('|') {
                    let cells = line.matches('|').count() - line.matches("\\|").count();
                    shape.rows.push((number, format!("{cells} cells")));
                }
                shape.links.extend(links(line).map(|link| (number, link)));
            }
        }
        // A sentence may name them in another order.
        shape.links.sort_by(|a, b| a.1.cmp(&b.1));
        shape
    }
}

/// Where the links of a line lead, whichever language of a page they name; places within a page
/// have the names of its headings, and are left out.
fn links(line: &str) -> impl Iterator<Item = String> + '_ {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let targets = targets.filter(|target| !target.starts_with('#'));
    targets.map(|target| target.split('#').next().unwrap_or_default().replace(KOREAN, ".md"))
}

fn check(english: &File, korean: &File) -> Vec<Fault> {
    let (one, other) = (Shape::of(&english.text), Shape::of(&korean.text));
    let mut faults = Vec::new();
    for (what, one, other) in [
        ("heading", &one.headings, &other.headings),
        ("block of code", &one.code, &other.code),
        ("row of a table", &one.rows, &other.rows),
        ("link", &one.links, &other.links),
    ] {
        let differs = |at: &usize| one.get(*at).map(|it| &it.1) != other.get(*at).map(|it| &it.1);
        let Some(at) = (0..one.len().max(other.len())).find(differs) else { continue };
        let line = |list: &[(usize, String)]| list.get(at).map_or(0, |it| it.0);
        let says = |list: &[(usize, String)]| list.get(at).map_or("", |it| &it.1).to_owned();
        let there = format!("{}:{}", english.path, line(one));
        let what = format!("{what} {}: {:?}, and {there} has {:?}", at + 1, says(other), says(one));
        faults.push(Fault::new(&korean.path, line(other), what));
    }
    for (from, to) in [(english, korean), (korean, english)] {
        let name = to.path.rsplit('/').next().unwrap_or_default();
        if !from.text.contains(&format!("]({name})")) {
            faults.push(Fault::new(&from.path, 1, format!("no way to {name}")));
        }
    }
    let is_korean = |c: char| ('가'..='힣').contains(&c);
    let lines: Vec<&str> = korean.text.lines().collect();
    for (number, _) in other.headings.iter().skip(1) {
        if !lines[number - 1].chars().any(is_korean) {
            faults.push(Fault::new(&korean.path, *number, "a heading that is not Korean"));
        }
    }
    faults
}

#[cfg(test)]
mod controls {
    use super::*;

    const ENGLISH: &str = "# a\n[한국어](a.ko.md)\n## b\n```sh\nx\n```\n| c | d |\n[e](f.md)\n";
    const KOREAN_TEXT: &str =
        "# a\n[English](a.md)\n## 나\n```sh\nx\n```\n| 다 | 라 |\n[마](f.ko.md)\n";

    fn faults(change: impl Fn(&str) -> String) -> usize {
        let file = |path: &str, text: String| File { path: path.to_owned(), text };
        let english = file("docs/a.md", ENGLISH.to_owned());
        check(&english, &file("docs/a.ko.md", change(KOREAN_TEXT))).len()
    }

    #[test]
    fn what_only_one_of_two_languages_has_is_a_fault() {
        // The two ways to each other are links of the same page.
        assert_eq!(faults(|text| text.replace("(a.md)", "(a.ko.md)")), 1);
        assert_eq!(faults(str::to_owned), 0);
        for (from, to) in [
            ("## 나\n", ""),
            ("## 나", "### 나"),
            ("## 나", "## b"),
            ("\nx\n", "\ny\n"),
            ("| 다 | 라 |", "| 다 |"),
            ("(f.ko.md)", "(g.md)"),
        ] {
            assert_eq!(faults(|text| text.replace(from, to)), 1, "{from:?} → {to:?}");
        }
    }
}
