//! Nothing in the tree says on which machine it was written or from where its packages came.

use std::path::Path;

use super::{Fault, assert_none, tree};

/// Files that tools write and that name their registry by its public address.
const WRITTEN_BY_TOOLS: &[&str] = &["Cargo.lock", "package-lock.json"];

/// Written in pieces so that this file passes itself.
const HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("files.python", "hosted.org"),
    concat!("py", "pi.org"),
    concat!("registry.npm", "js.org"),
    concat!("deb.debian", ".org"),
    concat!("proxy.go", "lang.org"),
];

const HOMES: &[&str] = &[concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/")];

#[test]
fn no_path_of_one_machine_and_no_registry_host_is_in_the_tree() {
    let here = places(&tree::root());
    let files = tree::files();
    let ours =
        files.iter().filter(|file| !WRITTEN_BY_TOOLS.iter().any(|name| file.path.ends_with(name)));
    assert_none(&ours.flat_map(|file| check(&file.path, &file.text, &here)).collect::<Vec<_>>());
}

/// This checkout and what lies beside it, unless that is too general to look for.
fn places(root: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let Some(parent) = root.parent().filter(|parent| parent.components().count() > 1) else {
        return Vec::new();
    };
    if parent == Path::new("/tmp") || parent == Path::new("/var/tmp") {
        return vec![text(root)];
    }
    let beside = std::fs::read_dir(parent).into_iter().flatten().flatten();
    beside.map(|entry| text(&entry.path())).chain([text(root)]).collect()
}

fn check(path: &str, text: &str, here: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for place in here.iter().map(String::as_str).chain(HOMES.iter().copied()) {
            if is_path(line, place) {
                let what = format!("`{place}` is a path of one machine");
                faults.push(Fault::new(path, index + 1, what));
            }
        }
        for host in HOSTS.iter().filter(|host| line.contains(**host)) {
            faults.push(Fault::new(path, index + 1, format!("`{host}` is a registry's host")));
        }
    }
    faults
}

/// Whether an absolute path begins in the line with the place: not the tail of a longer path or of
/// a URL.
fn is_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-/}$)".contains(c))
    })
}

#[cfg(test)]
mod controls {
    use super::*;
    use crate::lines;

    #[test]
    fn paths_and_hosts_are_faults() {
        let text = format!(
            "see {}me/kim/x\nsrc{}me/page\nfetch {}js.org\n\
             (/builds/openrun/src)\nhttps://a/builds/openrun\n",
            "/ho", "/ho", "https://registry.npm"
        );
        assert_eq!(lines(&check("a.md", &text, &["/builds/openrun".to_owned()])), [1, 3, 4]);
    }
}
