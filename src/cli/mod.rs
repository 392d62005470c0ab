//! The command line: what can be asked of this program, and with which exit code it answers.
//!
//! Each command has a file; this one names them all, so that `--help` and this page read alike.
//! Commands that print something to be used (a token, a document) print it alone on standard
//! output; everything else goes to standard error. Nothing here asks a question back.

mod audit;
mod bar;
mod capacity;
mod completions;
mod config;
mod data;
mod demo;
mod demo_round;
mod demo_text;
mod exit;
mod healthcheck;
mod keys;
mod limits;
mod man;
mod merchants;
mod openapi;
mod rail;
mod rehearse;
mod serve;
mod service_manager;
mod signals;
mod sim;
mod staff;
mod token;
mod verify_draw;

#[cfg(test)]
mod tests;

pub use exit::{Exit, Fault};

use crate::telemetry::{COMMIT, VERSION};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;
use std::sync::LazyLock;

static VERSION_LINE: LazyLock<String> = LazyLock::new(|| format!("{VERSION} (commit {COMMIT})"));

const EXAMPLES: &str = "\
Examples:
  openrun demo                             the sale of 14 July 2022, then a server to play with
  openrun serve --dev                      a server on 127.0.0.1:8080 and :8081, development keys
  openrun token person --person kim --channel seoul-pay --birthdate 1990-12-31
  openrun keys init --channel seoul-pay && openrun serve
  openrun round list                       every sale of the server on this machine
  openrun rail --mode mixed                a bank with faults, to try payments with
  openrun sim --runs 10000                 ten thousand simulated sales with every fault
  openrun capacity --people 300000 --won 50000000000        is this machine enough
  openrun verify-draw transcript.json      was the line drawn as it was announced
  openrun merchants import list.csv        who takes vouchers, from a file
  openrun audit                            every rule of the store, exit code 3 if one is broken

Settings: flags, then OPENRUN_* variables, then openrun.toml (see openrun.example.toml), then
defaults.

Exit codes: 0 done, 1 failure, 2 usage, 3 an invariant is broken, 4 a rehearsal missed its
thresholds or a machine is not enough, 69 a dependency is down, 78 bad configuration.";

/// A sale engine: limited stock, a rush of people, a provable order, nothing lost.
#[derive(Debug, Parser)]
#[command(name = "openrun", version = VERSION_LINE.as_str(), after_help = EXAMPLES,
          arg_required_else_help = true, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve sales: people on one port, operators on another
    Serve(serve::Serve),
    /// Rehearse a whole real sale on a fresh embedded store, then keep serving
    Demo(demo::Demo),
    /// Send a scenario's people to a server and judge how it went
    Rehearse(rehearse::Rehearse),
    /// Define, steer, watch and settle rounds: the admin API from a shell
    Round(staff::Round),
    /// Define vouchers and their rules: the admin API from a shell
    Program(staff::Program),
    /// Sign up people who signed up elsewhere, from a file
    People(staff::People),
    /// Be a bank to try payments with: a sandbox rail with a ledger of its own and faults on demand
    Rail(rail::Rail),
    /// Play whole sales from seeds, with every fault that is known, and judge each step
    Sim(sim::Sim),
    /// Measure this machine for half a minute: will it carry that sale?
    Capacity(capacity::Capacity),
    /// Ask every rule of a store, also while a server writes to it
    Audit(audit::Audit),
    /// Bring the tables of a store up to date, as serving does when it starts
    Migrate(audit::Migrate),
    /// Bring the list of merchants up to date, also while a server runs
    #[command(subcommand)]
    Merchants(merchants::Merchants),
    /// Make a token for trying things out or for staff; prints the token alone
    #[command(subcommand)]
    Token(token::Token),
    /// Make, rotate and list the keys of a data directory
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Look at the settings
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Recompute a draw from its transcript, and find yourself in it
    VerifyDraw(verify_draw::VerifyDraw),
    /// Print the OpenAPI document of the HTTP API
    Openapi(openapi::Openapi),
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Print the manual page, or write those of all commands
    Man(man::Man),
    /// Ask a server on this machine whether it is ready: exit code 0 or 69
    Healthcheck(healthcheck::Healthcheck),
}

/// Runs the command line of this process and says with which code it ends.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Rehearse(command) => command.run(),
        Command::Round(command) => command.run(),
        Command::Program(command) => command.run(),
        Command::People(command) => command.run(),
        Command::Rail(command) => command.run(),
        Command::Sim(command) => command.run(),
        Command::Capacity(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Merchants(command) => command.run(),
        Command::Token(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Config(command) => command.run(),
        Command::VerifyDraw(command) => command.run(),
        Command::Openapi(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
        Command::Healthcheck(command) => command.run(),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(fault) => {
            eprintln!("openrun: {fault}");
            fault.exit.into()
        }
    }
}

/// Prints what a command is asked for. A reader that has seen enough (`| head`) is no fault.
fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
