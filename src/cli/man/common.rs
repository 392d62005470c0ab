//! What holds for many commands: variables, files, exit codes, and which pages belong together.

use super::super::Exit;
use clap::Command;

type Item = (String, String);

fn items<const N: usize>(all: [(&str, &str); N]) -> Vec<Item> {
    all.into_iter().map(|(term, meaning)| (term.to_owned(), meaning.to_owned())).collect()
}

fn takes(command: &Command, argument: &str) -> bool {
    command.get_arguments().any(|known| known.get_id() == argument)
}

/// The page of openrun itself says everything that holds for a part.
fn is_root(command: &Command) -> bool {
    command.get_name() == "openrun"
}

/// Variables that a command reads.
pub(super) fn environment(command: &Command) -> Vec<Item> {
    let mut all: Vec<Item> = Vec::new();
    if is_root(command) {
        all.extend(items([(
            "OPENRUN_*",
            "Every setting of openrun.toml, in capitals: OPENRUN_LOG_FORMAT is log_format, and \
             --log-format. A flag goes before a variable, a variable before the file.",
        )]));
    }
    for argument in command.get_arguments() {
        let (Some(variable), Some(flag)) = (argument.get_env(), argument.get_long()) else {
            continue;
        };
        all.push((variable.to_string_lossy().into_owned(), format!("The same as --{flag}.")));
    }
    if takes(command, "store") || is_root(command) {
        all.extend(items([
            ("PGPASSWORD", "The password of a store in PostgreSQL, unless its URL says it."),
            (
                "PGPASSFILE",
                "A file of such passwords (HOST:PORT:DATABASE:ROLE:PASSWORD), which nobody else can \
                 read. Without it ~/.pgpass.",
            ),
        ]));
    }
    if command.get_name() == "serve" || is_root(command) {
        all.extend(items([
            (
                "NOTIFY_SOCKET",
                "Where a service manager is told that this server is ready, how it is and that it \
                 stops. Set by systemd for Type=notify.",
            ),
            (
                "WATCHDOG_USEC",
                "How long the service manager waits between two signs of life. One is given three \
                 times as often, and only once every thread of the engine has taken a turn.",
            ),
        ]));
    }
    all
}

/// Files that a command reads or writes.
pub(super) fn files(command: &Command) -> Vec<Item> {
    let mut all = Vec::new();
    if takes(command, "config") || is_root(command) {
        all.extend(items([(
            "openrun.toml",
            "Settings, from the directory that the program is started in. openrun.example.toml \
             explains each of them.",
        )]));
    }
    if takes(command, "data") || is_root(command) {
        all.extend(items([
            ("openrun-data/", "The data directory, unless --data names another."),
            (
                "openrun-data/keys/",
                "Keys of tickets, passes, staff, draws and channels, and that of the rail. Readable \
                 by nobody else. Lose them, and what they sealed is worth nothing.",
            ),
            ("openrun-data/openrun.db", "The embedded store, unless --store names another."),
            (
                "openrun-data/witness-*.json",
                "Where each stream of the store was when it was last seen.",
            ),
        ]));
    }
    all
}

/// What the exit codes mean: what the command says of its own, and what holds for all.
pub(super) fn exit_status(own: &Option<String>) -> Vec<Item> {
    let of = |exit: Exit, meaning: &str| (exit.code().to_string(), meaning.to_owned());
    let mut all = vec![
        of(Exit::Done, "Done."),
        of(Exit::Failure, "It could not be done."),
        ("2".to_owned(), "Wrong usage.".to_owned()),
        of(Exit::InvariantBroken, "An invariant is broken."),
        of(Exit::ThresholdMissed, "A rehearsal missed its thresholds, or a machine is not enough."),
        of(Exit::DependencyDown, "Something that it depends on is down: the store, or a server."),
        of(Exit::BadConfig, "The settings or keys are wrong."),
    ];
    if let Some(own) = own.as_ref().filter(|own| !own.starts_with("0 done")) {
        all.insert(0, ("this command".to_owned(), own.clone()));
    }
    all
}

/// Pages beside one: its parents and children, and those of its parent.
pub(super) fn related(name: &str, names: &[String]) -> Vec<String> {
    let parent = |of: &str| of.rsplit_once('-').map(|(parent, _)| parent.to_owned());
    let mut above = parent(name);
    // `verify-draw` is one word of a command and two of a name.
    while above.as_ref().is_some_and(|above| !names.contains(above)) {
        above = above.as_deref().and_then(parent);
    }
    let is_near = |other: &&String| {
        let is_child = other.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'));
        let is_beside = above.as_ref().is_some_and(|above| {
            *other == above || other.strip_prefix(above.as_str()).is_some_and(is_one_step)
        });
        *other != name && (is_child || is_beside || *other == "openrun")
    };
    let mut near: Vec<String> = names.iter().filter(is_near).cloned().collect();
    near.sort();
    near
}

fn is_one_step(rest: &str) -> bool {
    rest.starts_with('-') && !rest[1..].contains('-')
}
