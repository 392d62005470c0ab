//! `openrun token`: tokens as a channel's back end or the staff's sign-on would make them.

use super::data::Data;
use super::{Exit, Fault, print};
use crate::trust::{KeysError, Role};
use clap::{Args, Subcommand};
use openrun_actors::{Clock, SystemClock};
use openrun_core::ChannelId;

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// A token of a person, as the channel's app would send it
    #[command(after_help = "Example:\n  openrun token person --person kim --channel seoul-pay \
                            --birthdate 1990-12-31 --data ./openrun-data")]
    Person(Person),
    /// A token of staff, for the ops listener
    #[command(after_help = "Example:\n  openrun token admin --role operator --data ./openrun-data")]
    Admin(Admin),
}

#[derive(Debug, Args)]
pub(super) struct Person {
    /// Who: 1 to 64 of A-Z, a-z, 0-9, _ and -
    #[arg(long, value_name = "NAME")]
    person: String,
    /// Through which channel, as seoul-pay
    #[arg(long, value_name = "CHANNEL", value_parser = channel)]
    channel: ChannelId,
    /// When they were born, as 1990-12-31
    #[arg(long, value_name = "DATE")]
    birthdate: String,
    /// Where they live, as jongno: for rounds that sell by district
    #[arg(long, value_name = "DISTRICT")]
    district: Option<String>,
    /// How long the token is good, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 43_200, value_parser = ttl())]
    ttl: i64,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct Admin {
    /// What they may do: viewer, operator or approver
    #[arg(long, value_name = "ROLE", value_parser = str::parse::<Role>)]
    role: Role,
    /// Who, as it will stand in the log
    #[arg(long, value_name = "NAME", default_value = "admin")]
    name: String,
    /// How long the token is good, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 43_200, value_parser = ttl())]
    ttl: i64,
    #[command(flatten)]
    data: Data,
}

impl Token {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let now = SystemClock::default().now();
        let made = match &self {
            Token::Person(asked) => {
                let Person { person, channel, birthdate, district, ttl, data } = asked;
                let (keys, district) = (data.keys()?, district.as_deref());
                keys.make_resident_token(person, channel, birthdate, district, now, *ttl)
            }
            Token::Admin(Admin { role, name, ttl, data }) => {
                data.keys()?.make_staff_token(name, *role, now, *ttl)
            }
        };
        print(&format!("{}\n", made.map_err(as_fault)?));
        Ok(Exit::Done)
    }
}

fn as_fault(error: KeysError) -> Fault {
    match error {
        KeysError::MalformedClaim { .. } | KeysError::UnknownChannel { .. } => {
            Fault::failure(error)
        }
        other => other.into(),
    }
}

fn channel(text: &str) -> Result<ChannelId, &'static str> {
    ChannelId::new(text).ok_or("a channel is 1 to 64 of a-z, 0-9 and -")
}

fn ttl() -> clap::builder::RangedI64ValueParser<i64> {
    clap::value_parser!(i64).range(1..=31_536_000)
}
