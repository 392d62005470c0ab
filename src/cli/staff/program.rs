//! `openrun program`: vouchers and their rules from a shell.

use super::desk::{Call, Desk};
use super::{block_on, body_in, show};
use crate::cli::{Exit, Fault, print};
use clap::{Args, Subcommand};
use openrun_core::ProgramId;
use reqwest::Method;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
Tokens, language and exit codes are as for `openrun round`.

Examples:
  openrun program put seoul-citywide program.json --reason 'the rules of July'
  openrun program show seoul-citywide")]
pub(in crate::cli) struct Program {
    #[command(flatten)]
    desk: Desk,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// List every program with the rules of today
    List,
    /// Show one program with all versions of its rules
    Show(Which),
    /// Create a program from a file, or add a dated version of its rules
    Put(Put),
}

#[derive(Debug, Args)]
struct Which {
    /// The program
    #[arg(value_name = "PROGRAM", value_parser = program)]
    program: ProgramId,
}

#[derive(Debug, Args)]
struct Put {
    #[command(flatten)]
    which: Which,
    /// A file of JSON as the API takes it, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Why; stands in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only if it is still this version, as `show` says it
    #[arg(long, value_name = "N")]
    if_version: Option<u64>,
}

impl Program {
    pub(in crate::cli) fn run(self) -> Result<Exit, Fault> {
        const ALL: &str = "/v1/admin/programs";
        let (call, shown) = match self.act {
            Act::List => (Call::get(ALL), show::As::Programs),
            Act::Show(Which { program }) => {
                (Call::get(format!("{ALL}/{program}")), show::As::Program)
            }
            Act::Put(Put { which, file, reason, if_version }) => {
                let body = body_in(&file, reason.as_ref())?;
                let call = Call::change(Method::PUT, format!("{ALL}/{}", which.program), body);
                (call.if_still(if_version), show::As::Program)
            }
        };
        let answer = block_on(self.desk.ask(call))?;
        print(&show::answer(&self.desk, shown, &answer));
        Ok(Exit::Done)
    }
}

fn program(text: &str) -> Result<ProgramId, &'static str> {
    ProgramId::new(text).ok_or("a program is 1 to 64 of a-z, 0-9 and -")
}
