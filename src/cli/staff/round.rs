//! `openrun round`: sales from a shell.

use super::desk::{Call, Desk};
use super::stock::Stock;
use super::{block_on, body_in, show};
use crate::cli::{Exit, Fault, print};
use crate::trust::Role;
use clap::{Args, Subcommand};
use openrun_core::RoundId;
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use uuid::Uuid;

const HELP: &str = "\
The token is that of --token-file, else of OPENRUN_STAFF_TOKEN, else it is made with the keys in
--data, in the least role that the command needs. Output is Korean where the shell is (LC_ALL,
LC_MESSAGES, LANG).

Exit codes: 0 done, 1 refused by the server, 2 usage, 69 the server is away or busy, 78 no token or
not a good one.

Examples:
  openrun round put seoul-2022-07-28 round.json --reason 'as announced'
  openrun round schedule seoul-2022-07-28 --reason 'as announced'
  openrun round inlet seoul-2022-07-28 --rate-per-s 500 --reason 'slower' --dry-run
  openrun round settlement seoul-2022-07-28 --output settlement.csv";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(in crate::cli) struct Round {
    #[command(flatten)]
    desk: Desk,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// List every round with its figures
    List,
    /// Show one round: its figures, windows, notices, and what waits for a second person
    Show(Which),
    /// Create a round from a file, or change it while it is not yet open
    Put(Put),
    /// Let a round open by itself at its first window's time; where that takes two, ask or confirm
    Schedule(Opening),
    /// Open a round now; where that takes two persons, ask or confirm
    Open(Opening),
    /// Stop selling; everybody keeps their place
    Pause(Step),
    /// Sell again
    Resume(Step),
    /// End a round, for ever
    Close(Step),
    /// Change how fast people are let in
    Inlet(Inlet),
    /// Let so many people in by hand, while the inlet's mode is manual
    LetIn(LetIn),
    /// More or less stock: one asks, another person confirms or refuses
    #[command(subcommand)]
    Stock(Stock),
    /// Tell everybody who waits in a round something, or take it back
    #[command(subcommand)]
    Notice(Notice),
    /// Give a share of a round's draw for whoever holds it
    Share(Share),
    /// Show what is switched off for the whole house, or replace that list
    Suspensions(Suspensions),
    /// Show who did what, when and why, newest first
    Log(Log),
    /// Print what a round came to, as CSV
    Settlement(Settlement),
    /// Look a purchase up; that you looked, and why, stands in the log
    Purchase(Purchase),
}

#[derive(Debug, Args)]
struct Which {
    /// The round
    #[arg(value_name = "ROUND", value_parser = round)]
    round: RoundId,
}

/// What goes along with everything that is done.
#[derive(Debug, Args)]
pub(super) struct Order {
    /// Why; stands in the log
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    /// Say what would happen, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Only if it is still this version, as `show` says it
    #[arg(long, value_name = "N")]
    pub(super) if_version: Option<u64>,
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

#[derive(Debug, Args)]
struct Step {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    order: Order,
}

#[derive(Debug, Args)]
struct Opening {
    /// Confirm what somebody else asked for, as an approver
    #[arg(long)]
    confirm: bool,
    #[command(flatten)]
    step: Step,
}

#[derive(Debug, Args)]
struct Inlet {
    #[command(flatten)]
    which: Which,
    /// People a second, up to three digits behind the point
    #[arg(long, value_name = "N")]
    rate_per_s: Option<f64>,
    /// People between their turn and its end at once
    #[arg(long, value_name = "N")]
    max_active: Option<u64>,
    /// How long a turn waits to be claimed, in seconds
    #[arg(long, value_name = "SECONDS")]
    claim_window_s: Option<u32>,
    /// How long a pass lives, in seconds
    #[arg(long, value_name = "SECONDS")]
    pass_ttl_s: Option<u32>,
    /// Steered by its figures, by hand, or shut
    #[arg(long, value_parser = ["auto", "manual", "shut"])]
    mode: Option<String>,
    #[command(flatten)]
    order: Order,
}

#[derive(Debug, Args)]
struct LetIn {
    #[command(flatten)]
    which: Which,
    /// How many
    #[arg(value_name = "PEOPLE")]
    people: u64,
    #[command(flatten)]
    order: Order,
}

#[derive(Debug, Subcommand)]
enum Notice {
    /// Post a notice
    Post(PostNotice),
    /// Take a notice back
    Withdraw {
        /// Its id, as `show` names it
        #[arg(value_name = "ID")]
        id: Uuid,
    },
}

#[derive(Debug, Args)]
struct PostNotice {
    #[command(flatten)]
    which: Which,
    /// In Korean
    #[arg(long, value_name = "TEXT")]
    ko: String,
    /// In English
    #[arg(long, value_name = "TEXT")]
    en: String,
    /// Until when, as 2022-07-28T18:00:00+09:00; until it is withdrawn when absent
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Why; stands in the log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
struct Share {
    #[command(flatten)]
    which: Which,
    /// Whose, as the round names it
    #[arg(value_name = "NAME")]
    share: String,
    /// Its value, in hexadecimal
    #[arg(value_name = "DIGITS")]
    value: String,
    /// Why; stands in the log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
struct Suspensions {
    /// Replace the list by that in a file: {"suspensions": [...]}, or - for standard input
    #[arg(long, value_name = "FILE", requires = "reason")]
    set: Option<PathBuf>,
    /// Why; stands in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only if the list is still this version, as it is shown
    #[arg(long, value_name = "N", requires = "set")]
    if_version: Option<u64>,
}

#[derive(Debug, Args)]
struct Log {
    /// How many entries, 1 to 100
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Where the page begins, as the one before says at its end
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

#[derive(Debug, Args)]
struct Settlement {
    #[command(flatten)]
    which: Which,
    /// Write it there instead of printing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Purchase {
    /// Its id
    #[arg(value_name = "ID")]
    id: Uuid,
    /// Why you look; stands in the log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Round {
    pub(in crate::cli) fn run(self) -> Result<Exit, Fault> {
        let Round { desk, act } = self;
        block_on(async {
            match act {
                Act::Stock(stock) => stock.run(&desk).await,
                Act::Settlement(asked) => settle(&desk, &asked).await,
                act => {
                    let (call, shown) = act.call()?;
                    let answer = desk.ask(call).await?;
                    print(&show::answer(&desk, shown, &answer));
                    Ok(())
                }
            }
        })?;
        Ok(Exit::Done)
    }
}

impl Act {
    /// What is asked of the server, and how its answer is shown.
    fn call(self) -> Result<(Call, show::As), Fault> {
        use show::As;
        let (log, rounds) = ("/v1/admin/log", "/v1/admin/rounds");
        Ok(match self {
            Act::List => (Call::get(rounds), As::Rounds),
            Act::Show(Which { round }) => (Call::get(path(&round)), As::Round),
            Act::Put(put) => (put.call()?, As::Round),
            Act::Schedule(opening) => (opening.call("schedule"), As::Round),
            Act::Open(opening) => (opening.call("open"), As::Round),
            Act::Pause(step) => (step.call("pause"), As::Round),
            Act::Resume(step) => (step.call("resume"), As::Round),
            Act::Close(step) => (step.call("close"), As::Round),
            Act::Inlet(inlet) => (inlet.call(), As::Round),
            Act::LetIn(LetIn { which: Which { round }, people, order }) => {
                let body = json!({"people": people, "reason": order.reason});
                (wish(Method::POST, &path(&round), "inlet/steps", body, &order), As::Round)
            }
            Act::Notice(Notice::Post(post)) => (post.call(), As::Notice),
            Act::Notice(Notice::Withdraw { id }) => {
                let call =
                    Call::change(Method::DELETE, format!("/v1/admin/notices/{id}"), json!({}));
                (Call { body: None, ..call }, As::Notices)
            }
            Act::Share(Share { which: Which { round }, share, value, reason }) => {
                let body = json!({"name": share, "value": value, "reason": reason});
                let place = format!("{}/draw/shares", path(&round));
                (Call::change(Method::POST, place, body), As::Draw)
            }
            Act::Suspensions(asked) => (asked.call()?, As::Suspensions),
            Act::Log(Log { limit, cursor }) => {
                let mut query = vec![("limit", limit.to_string())];
                query.extend(cursor.map(|cursor| ("cursor", cursor)));
                (Call { query, ..Call::get(log) }, As::Log)
            }
            Act::Purchase(Purchase { id, reason }) => {
                let query = vec![("reason", reason)];
                (Call { query, ..Call::get(format!("/v1/admin/purchases/{id}")) }, As::Purchase)
            }
            Act::Stock(_) | Act::Settlement(_) => unreachable!("they have ways of their own"),
        })
    }
}

impl Put {
    fn call(self) -> Result<Call, Fault> {
        let body = body_in(&self.file, self.reason.as_ref())?;
        let call = Call::change(Method::PUT, path(&self.which.round), body);
        Ok(call.if_still(self.if_version))
    }
}

impl Step {
    fn call(self, step: &str) -> Call {
        let body = json!({"reason": self.order.reason});
        wish(Method::POST, &path(&self.which.round), step, body, &self.order)
    }
}

impl Opening {
    fn call(self, step: &str) -> Call {
        let role = if self.confirm { Role::Approver } else { Role::Operator };
        self.step.call(step).by(role)
    }
}

impl Inlet {
    fn call(self) -> Call {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            body.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("rate_per_s", self.rate_per_s.map(Value::from));
        put("max_active", self.max_active.map(Value::from));
        put("claim_window_s", self.claim_window_s.map(Value::from));
        put("pass_ttl_s", self.pass_ttl_s.map(Value::from));
        put("mode", self.mode.map(Value::from));
        put("reason", Some(Value::from(self.order.reason.clone())));
        wish(Method::PATCH, &path(&self.which.round), "inlet", Value::Object(body), &self.order)
    }
}

impl PostNotice {
    fn call(self) -> Call {
        let PostNotice { which: Which { round }, ko, en, until, reason } = self;
        let message = json!({"ko": ko, "en": en});
        let mut body = json!({"round_id": round, "message": message, "reason": reason});
        if let Some(until) = until {
            body["until"] = Value::from(until);
        }
        Call::change(Method::POST, "/v1/admin/notices", body)
    }
}

impl Suspensions {
    fn call(self) -> Result<Call, Fault> {
        const PATH: &str = "/v1/admin/suspensions";
        match self.set {
            None => Ok(Call::get(PATH)),
            Some(file) => {
                let body = body_in(&file, self.reason.as_ref())?;
                Ok(Call::change(Method::PUT, PATH, body).if_still(self.if_version))
            }
        }
    }
}

/// What can be tried before.
pub(super) fn wish(method: Method, of: &str, what: &str, body: Value, order: &Order) -> Call {
    let call = Call::wish(method, format!("{of}/{what}"), body, order.dry_run);
    call.if_still(order.if_version)
}

/// Where a round stands in the API.
pub(super) fn path(round: &RoundId) -> String {
    format!("/v1/admin/rounds/{round}")
}

pub(super) fn round(text: &str) -> Result<RoundId, &'static str> {
    RoundId::new(text).ok_or("a round is 1 to 64 of a-z, 0-9 and -")
}

async fn settle(desk: &Desk, asked: &Settlement) -> Result<(), Fault> {
    let table = desk.fetch(Call::get(format!("{}/settlement", path(&asked.which.round)))).await?;
    match &asked.output {
        Some(file) => write(file, &table),
        None => {
            print(&String::from_utf8_lossy(&table));
            Ok(())
        }
    }
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Fault> {
    std::fs::write(file, bytes)
        .map_err(|cause| Fault::failure(format!("{}: {cause}", file.display())))
}
