//! `openrun people`: those who signed up elsewhere, brought from a file to a running server.

use super::block_on;
use super::desk::{Call, Desk};
use crate::cli::bar::bar;
use crate::cli::{Exit, Fault, print};
use crate::http::admin::people::PEOPLE_MAX;
use crate::people::{self, Sheet, Why};
use clap::{Args, Subcommand};
use openrun_core::ChannelId;
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

/// Bytes of a file at most: ten million people.
const FILE_MAX: u64 = 1 << 30;
/// How often a part is sent again that a busy server did not take, and how long after.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(in crate::cli) struct People {
    #[command(flatten)]
    desk: Desk,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Sign up everybody whom a file names and who has not signed up
    Import(Import),
}

#[derive(Debug, Args)]
#[command(after_help = "The file is UTF-8 with commas and begins with the line

  person,channel

A person is the `sub` of their tokens, the channel the one that signed them up, which the server
knows: one whose tokens it trusts. Importing a file again changes nothing, so an import that was
interrupted is begun again. Goes through the running server, which alone writes who signed up;
tokens and language are as for `openrun round`.

Each line that is not taken is printed on standard output with its number and what is wrong with
it, and nothing of what it says.

Exit codes: 0 every line was taken, 1 some were not, 69 the server is away or busy.

Examples:
  openrun people import people.csv --reason 'accounts of the old platform'
  openrun people import --strict --ops https://ops.example:8081 people.csv --reason 'as agreed'")]
struct Import {
    /// The file
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Why; stands in the log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Take nothing at all if any line is wrong
    #[arg(long)]
    strict: bool,
}

impl People {
    pub(in crate::cli) fn run(self) -> Result<Exit, Fault> {
        let Act::Import(import) = self.act;
        let bytes = import.bytes()?;
        let channels = block_on(known(&self.desk))?;
        let read = people::read(&bytes, &channels);
        let Sheet { people, bad } = read.map_err(|cause| import.unusable(&cause))?;
        let told = bad.iter().map(|bad| format!("line {} {}\n", bad.line, bad.why));
        print(&told.collect::<String>());
        if bad.iter().any(|bad| bad.why == Why::UnknownChannel) {
            let names: Vec<&str> = channels.iter().map(ChannelId::as_str).collect();
            eprintln!("the server knows these channels: {}", names.join(", "));
        }
        let (good, wrong) = (people.iter().map(|(_, people)| people.len()).sum(), bad.len());
        if import.strict && wrong > 0 {
            let line = format!("{wrong} of {} lines are wrong: nothing was taken", good + wrong);
            return Err(Fault::failure(line));
        }
        let new = block_on(send(&self.desk, &people, good, &import.reason))?;
        if self.desk.is_json() {
            let answer = json!({"signed_up": good, "new": new, "wrong_lines": wrong});
            print(&format!("{answer}\n"));
        } else {
            eprintln!(
                "{good} people are signed up, {new} of them are new; {wrong} lines were not taken"
            );
        }
        Ok(if wrong == 0 { Exit::Done } else { Exit::Failure })
    }
}

impl Import {
    fn bytes(&self) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&self.file).map_err(|cause| self.unusable(&cause))?;
        file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(|cause| self.unusable(&cause))?;
        if bytes.len() as u64 > FILE_MAX {
            return Err(self.unusable(&format!("it is larger than {} MiB", FILE_MAX >> 20)));
        }
        Ok(bytes)
    }

    fn unusable(&self, cause: &dyn Display) -> Fault {
        Fault::failure(format!("{} cannot be imported: {cause}", self.file.display()))
    }
}

/// The channels that the server knows: it signs up nobody through another.
async fn known(desk: &Desk) -> Result<Vec<ChannelId>, Fault> {
    let answer = desk.ask(Call::get("/v1/admin/channels")).await?;
    let names = answer["channels"].as_array().into_iter().flatten();
    Ok(names.filter_map(|name| ChannelId::new(name.as_str()?)).collect())
}

/// Sends everybody, one part after the other; answers how many were new.
async fn send(
    desk: &Desk,
    people: &[(ChannelId, Vec<String>)],
    count: usize,
    reason: &str,
) -> Result<u64, Fault> {
    let bar = bar(count, "people");
    let (mut new, mut sent) = (0, 0);
    for (channel, people) in people {
        for part in people.chunks(PEOPLE_MAX) {
            let body = json!({"channel": channel, "people": part, "reason": reason});
            new += send_part(desk, &body).await.map_err(|fault| {
                let line = format!("{sent} people were taken, then: {fault}; import it again");
                Fault::new(fault.exit, line)
            })?;
            sent += part.len();
            bar.set_position(sent as u64);
        }
    }
    bar.finish_and_clear();
    Ok(new)
}

/// A part is named whole or not at all, and doing it twice does no harm: so it is sent again.
async fn send_part(desk: &Desk, body: &Value) -> Result<u64, Fault> {
    let mut tries = 0;
    loop {
        let call = Call::change(Method::POST, "/v1/admin/people", body.clone());
        match desk.ask(call).await {
            Ok(answer) => return Ok(answer["new"].as_u64().unwrap_or(0)),
            Err(fault) if fault.exit == Exit::DependencyDown && tries < TRIES => tries += 1,
            Err(fault) => return Err(fault),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
