//! `openrun man`: a manual page a command, made of what `--help` says and of what holds for all.
//!
//! Nothing is said here that `--help` could say: a command's help is split at its empty lines into
//! notes, examples and exit codes. Pages bear no date, so that the same program writes the same.

mod common;
mod text;

use super::{Arguments, Exit, Fault, print};
use crate::telemetry::VERSION;
use clap::{Args, Command, CommandFactory};
use std::io::Write;
use std::path::{Path, PathBuf};
use text::Page;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  openrun man | man -l -
  openrun man --dir /usr/local/share/man/man1")]
pub(super) struct Man {
    /// Write a page for every command there, instead of printing that of openrun
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let pages = pages().map_err(Fault::failure)?;
        match self.dir {
            None => print(&pages.first().expect("openrun has a page of its own").1),
            Some(dir) => write(&dir, &pages)?,
        }
        Ok(Exit::Done)
    }
}

fn write(dir: &Path, pages: &[(String, String)]) -> Result<(), Fault> {
    let failed = |path: &Path, cause| Fault::failure(format!("{}: {cause}", path.display()));
    std::fs::create_dir_all(dir).map_err(|cause| failed(dir, cause))?;
    for (name, page) in pages {
        let path = dir.join(format!("{name}.1"));
        std::fs::write(&path, page).map_err(|cause| failed(&path, cause))?;
    }
    Ok(())
}

/// Every page with its name, that of openrun first.
fn pages() -> std::io::Result<Vec<(String, String)>> {
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    let mut open = vec![root];
    let mut commands = Vec::new();
    while let Some(command) = open.pop() {
        open.extend(command.get_subcommands().filter(|child| !child.is_hide_set()).cloned());
        commands.push(command);
    }
    let names: Vec<String> = commands.iter().map(name).collect();
    let made = commands.iter().map(|command| Ok((name(command), page(command, &names)?)));
    made.collect()
}

/// The name of a command's page, as `openrun-token-person`.
fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &Command, names: &[String]) -> std::io::Result<String> {
    let made = clap_mangen::Man::new(command.clone()).section("1");
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let help = text::split(&help);
    let mut parsed = Vec::new();
    made.render_name_section(&mut parsed)?;
    made.render_synopsis_section(&mut parsed)?;
    made.render_description_section(&mut parsed)?;
    parsed.write_all(Page::notes(&help.notes).as_bytes())?;
    made.render_options_section(&mut parsed)?;
    if command.has_subcommands() {
        made.render_subcommands_section(&mut parsed)?;
    }
    let mut rest = Page::default();
    rest.examples(&help.examples);
    rest.list("ENVIRONMENT", &common::environment(command));
    rest.list("FILES", &common::files(command));
    rest.list("EXIT STATUS", &common::exit_status(&help.exit_codes));
    rest.see_also(&common::related(&name(command), names));
    let parsed = String::from_utf8(parsed).map_err(std::io::Error::other)?;
    // Each section comes with the head of a page of its own.
    let parsed = parsed.replace(text::PREAMBLE, "");
    Ok(text::head(&name(command), VERSION) + &parsed + &rest.into_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(name: &str) -> String {
        let found = pages().unwrap().into_iter().find(|(of, _)| of == name);
        found.unwrap_or_else(|| panic!("{name} has no page")).1
    }

    #[test]
    fn every_command_has_a_page_that_names_each_of_its_flags() {
        let pages = pages().unwrap();
        assert_eq!(pages.first().unwrap().0, "openrun");
        for name in ["openrun-serve", "openrun-token-person", "openrun-keys-init", "openrun-man"] {
            assert!(pages.iter().any(|(of, _)| of == name), "{name}");
        }
        for argument in super::super::serve::Serve::augment_args(Command::new("x")).get_arguments()
        {
            let flag = argument.get_long().unwrap().replace('-', "\\-");
            assert!(page_of("openrun-serve").contains(&format!("\\-\\-{flag}")), "{flag}");
        }
    }

    #[test]
    fn sections_stand_in_the_order_of_the_manual() {
        let order = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SUBCOMMANDS", "EXAMPLES"];
        let order = [&order[..], &["ENVIRONMENT", "FILES", "EXIT STATUS", "SEE ALSO"]].concat();
        let places = |page: &str| -> Vec<usize> {
            let heads = page.lines().filter_map(|line| line.strip_prefix(".SH "));
            let heads: Vec<&str> = heads.map(|head| head.trim_matches('"')).collect();
            let place = |head: &&str| order.iter().position(|known| known == head);
            heads.iter().map(|head| place(head).unwrap_or_else(|| panic!("{head}"))).collect()
        };
        for (name, page) in pages().unwrap() {
            assert!(places(&page).is_sorted(), "{name}");
        }
        assert_eq!(places(&page_of("openrun")).len(), order.len(), "the first page has them all");
    }

    #[test]
    fn exit_codes_examples_and_variables_of_a_command_are_on_its_page() {
        let audit = page_of("openrun-audit");
        assert!(audit.contains("openrun audit \\-\\-json"), "{audit}");
        assert!(audit.contains("0 every rule holds"), "{audit}");
        assert!(audit.contains("OPENRUN_STORE") && audit.contains("PGPASSFILE"), "{audit}");
        assert!(!page_of("openrun-sim").contains("PGPASSFILE"));
        assert!(page_of("openrun-token-person").contains("openrun\\-token"), "its parent");
    }
}
