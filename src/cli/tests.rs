//! The command line's own rules.

use super::*;
use clap::CommandFactory;
use clap::error::ErrorKind;

/// Every command with its path, as `token person`.
fn commands() -> Vec<(String, clap::Command)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), Arguments::command())];
    while let Some((path, command)) = open.pop() {
        for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
            open.push((format!("{path} {}", child.get_name()).trim().to_owned(), child.clone()));
        }
        found.push((path, command));
    }
    found
}

#[test]
fn the_parser_is_sound_and_every_command_and_flag_is_explained() {
    Arguments::command().debug_assert();
    let commands = commands();
    for name in [
        "serve",
        "demo",
        "rehearse",
        "capacity",
        "audit",
        "token person",
        "token admin",
        "keys init",
    ] {
        assert!(commands.iter().any(|(path, _)| path == name), "{name}");
    }
    for (path, command) in commands {
        assert!(command.get_about().is_some() || path.is_empty(), "{path} says nothing");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{path} {} says nothing", argument.get_id());
        }
    }
}

#[test]
fn every_setting_is_also_a_variable_named_after_it() {
    let (_, serve) = commands().into_iter().find(|(path, _)| path == "serve").unwrap();
    for argument in serve.get_arguments().filter(|argument| argument.get_id() != "help") {
        let name = format!("OPENRUN_{}", argument.get_id().as_str().to_uppercase());
        let variable = argument.get_env().map(|name| name.to_string_lossy().into_owned());
        assert_eq!(variable.as_deref(), Some(name.as_str()));
    }
}

#[test]
fn wrong_usage_is_told_by_the_parser() {
    let check = |words: &str, want: ErrorKind| {
        let words = format!("openrun {words}");
        let fault = Arguments::try_parse_from(words.split(' ')).unwrap_err();
        assert_eq!(fault.kind(), want, "{words}");
        assert_eq!(fault.exit_code(), if want == ErrorKind::DisplayVersion { 0 } else { 2 });
    };
    check("--version", ErrorKind::DisplayVersion);
    check("fly", ErrorKind::InvalidSubcommand);
    check("serve --public here", ErrorKind::ValueValidation);
    check("serve --fast", ErrorKind::UnknownArgument);
    check("token person --person kim", ErrorKind::MissingRequiredArgument);
    check("token admin --role king", ErrorKind::ValueValidation);
    check("token admin --role viewer --ttl 0", ErrorKind::ValueValidation);
    check("rehearse --pace fast", ErrorKind::ValueValidation);
    check("demo --port 0", ErrorKind::ValueValidation);
    check("capacity", ErrorKind::MissingRequiredArgument);
    check("capacity --people 1000", ErrorKind::MissingRequiredArgument);
    check("capacity --people 0 --won 1", ErrorKind::ValueValidation);
    check("capacity --scenario smoke --won 1", ErrorKind::ArgumentConflict);
    check("verify-draw", ErrorKind::MissingRequiredArgument);
    check("verify-draw transcript.json --root 00", ErrorKind::ValueValidation);
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    let all = [
        (Exit::Done, 0),
        (Exit::Failure, 1),
        (Exit::InvariantBroken, 3),
        (Exit::ThresholdMissed, 4),
        (Exit::DependencyDown, 69),
        (Exit::BadConfig, 78),
    ];
    for (exit, code) in all {
        assert_eq!(exit.code(), code);
    }
    for code in [0, 3, 4] {
        assert_eq!(i32::from(Exit::of_rehearsal(code).code()), code);
    }
    assert_eq!(Exit::of_rehearsal(9), Exit::Failure);
}

#[test]
fn the_version_names_the_commit() {
    let version = Arguments::command().render_version();
    assert!(version.starts_with(&format!("openrun {VERSION} (commit ")), "{version}");
}
