//! `openrun rehearse`: a scenario's people against any openrun server.

use super::data::Data;
use super::{Exit, Fault};
use crate::rehearse::{self, Options, Pace, Tokens};
use crate::trust::{Keys, KeysError};
use clap::Args;
use openrun_actors::{Clock, SystemClock};
use openrun_core::ChannelId;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// How long the tokens of virtual people are good, in seconds: longer than the longest sale that
/// is rehearsed at its own pace.
const TOKEN_TTL_S: i64 = 7 * 86_400;

#[derive(Debug, Args)]
#[command(after_help = "The keys must be those of the target: its people are signed in, and its \
rounds set up, with them. Refused against a server that holds real sales.

Exit codes: 0 as it should be, 3 an invariant is broken, 4 a threshold is missed.

Examples:
  openrun serve --dev &
  openrun rehearse --scenario seoul-2022-07-14 --scale 0.1 --pace max
  openrun rehearse --scenario all --scale 0.1 --spending 200      every sale at once, and shops")]
pub(super) struct Rehearse {
    /// A built-in scenario or a file; `all` published sales at once, or several with commas
    #[arg(long, value_name = "NAME", default_value = "seoul-2022-07-14")]
    scenario: String,
    /// The public listener of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    target: String,
    /// The ops listener of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081")]
    ops: String,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    play: Play,
    /// Where to write the report, one HTML file
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    report: PathBuf,
    /// Print the verdict as JSON
    #[arg(long)]
    json: bool,
}

/// How a scenario is played.
#[derive(Debug, Clone, Args)]
pub(super) struct Play {
    /// Scales people, stock and inlet alike; 1 is the real sale
    #[arg(long, default_value_t = 1.0)]
    pub(super) scale: f64,
    /// `max`, or how many times faster than the scenario's own clock
    #[arg(long, default_value = "max")]
    pub(super) pace: Pace,
    /// The same seed makes the same people
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Connections that all virtual people share
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(super) connections: usize,
    /// So many payments a second at merchants while it goes on, by people who bought before
    #[arg(long, value_name = "PER_S", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) spending: Option<u32>,
}

impl Rehearse {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let tokens = KeyTokens::new(Arc::new(self.data.keys()?));
        let Play { scale, pace, seed, connections, spending } = self.play;
        let options = Options {
            scenario: self.scenario,
            target: self.target,
            ops: self.ops,
            scale,
            pace,
            seed,
            report: Some(self.report),
            connections,
            json: self.json,
            spending,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Fault::failure)?;
        let outcome = runtime.block_on(rehearse::run(&options, &tokens));
        tokens.check()?;
        Ok(Exit::of_rehearsal(outcome.map_err(failure)?.exit_code))
    }
}

/// A rehearsal that could not be run, with every cause on one line.
pub(super) fn failure(error: anyhow::Error) -> Fault {
    Fault::failure(format!("{error:#}"))
}

/// Signs for a rehearsal with the keys of the target.
pub(super) struct KeyTokens {
    keys: Arc<Keys>,
    clock: SystemClock,
    fault: OnceLock<KeysError>,
}

impl KeyTokens {
    pub(super) fn new(keys: Arc<Keys>) -> KeyTokens {
        KeyTokens { keys, clock: SystemClock::default(), fault: OnceLock::new() }
    }

    /// Whether every token could be made. A rehearsal goes on without those that could not, and
    /// says what became of them: this says why.
    pub(super) fn check(self) -> Result<(), Fault> {
        self.fault.into_inner().map_or(Ok(()), |fault| Err(fault.into()))
    }

    fn or_none(&self, made: Result<String, KeysError>) -> String {
        made.unwrap_or_else(|fault| {
            // The first is told; the others are most likely the same.
            let _ = self.fault.set(fault);
            String::new()
        })
    }
}

impl Tokens for KeyTokens {
    fn person(&self, person: &str, channel: &str, birthdate: &str) -> String {
        let unknown = || KeysError::UnknownChannel {
            channel: channel.to_owned(),
            known: self.keys.channels().join(", "),
        };
        let channel = ChannelId::new(channel).ok_or_else(unknown);
        self.or_none(channel.and_then(|channel| {
            let now = self.clock.now();
            self.keys.make_person_token(person, &channel, birthdate, now, TOKEN_TTL_S)
        }))
    }

    fn admin(&self, role: &str) -> String {
        let rule = "is viewer, operator or approver";
        let role = role.parse().map_err(|_| KeysError::MalformedClaim { claim: "role", rule });
        self.or_none(role.and_then(|role| {
            self.keys.make_staff_token("rehearsal", role, self.clock.now(), TOKEN_TTL_S)
        }))
    }
}
