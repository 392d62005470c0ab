//! `openrun keys`: the keys of a data directory. Never prints one.

use super::data::Data;
use super::{Exit, Fault, print};
use crate::config::{Config, Layer};
use crate::store::audit::rounds_in_sale;
use crate::store::shown;
use crate::trust::{self, Kind};
use clap::{Args, Subcommand};
use openrun_actors::{Clock, SystemClock};
use openrun_core::ChannelId;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make what a server needs and does not have
    #[command(
        after_help = "A channel that signs with EdDSA hands over its public key instead: put \
                            it in DIR/keys/channels/CHANNEL.pub.pem.\n\nExample:\n  openrun keys \
                            init --channel seoul-pay --channel counter --data ./openrun-data"
    )]
    Init(Init),
    /// Make the next key of a kind; the one before it stays good for what it signed
    ///
    /// Of three keys the oldest is retired, which is refused while people may be waiting with what
    /// it sealed: from half an hour before a round opens until it is closed. A key of draws is
    /// never retired: rounds stay committed to it.
    #[command(after_help = "Restart the server to sign with the new key.\n\nExample:\n  openrun \
                            keys rotate pass --data ./openrun-data")]
    Rotate(Rotate),
    /// List keys by id, never by value
    List(Data),
}

#[derive(Debug, Args)]
pub(super) struct Init {
    /// Also make a shared secret (HS256) with this channel
    #[arg(long, value_name = "CHANNEL")]
    channel: Vec<String>,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// Which: ticket, pass, staff or draw
    #[arg(value_name = "KIND", value_parser = kind)]
    kind: Kind,
    /// Retire a key that was stolen, though people lose what it sealed
    #[arg(long)]
    even_in_sale: bool,
    /// File of the server's settings, for its store and data directory
    /// [default: openrun.toml if it is there]
    #[arg(long, env = "OPENRUN_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The store, as sqlite:PATH or postgres://… [default: openrun.db in the data directory]
    #[arg(long, env = "OPENRUN_STORE", hide_env_values = true, value_name = "URL")]
    store: Option<String>,
    /// Directory of keys and of the embedded store [default: ./openrun-data]
    #[arg(long, env = "OPENRUN_DATA", hide_env_values = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Rotate {
    fn run(self) -> Result<Exit, Fault> {
        let flags = Layer { store: self.store, data: self.data, ..Layer::default() };
        let config = Config::unchecked(flags, self.config.as_deref())?;
        if !self.even_in_sale && trust::would_retire(&config.data, self.kind)? {
            check_nobody_waits(&config.store, self.kind)?;
        }
        let (made, retired) = trust::rotate(&config.data, self.kind)?;
        print(&format!("made {}\n", made.display()));
        for path in retired {
            print(&format!("retired {}\n", path.display()));
        }
        Ok(Exit::Done)
    }
}

/// A key that sealed what people hold is not taken out of use while they wait, nor when nobody can
/// say whether they do.
fn check_nobody_waits(store: &str, kind: Kind) -> Result<(), Fault> {
    let now = SystemClock::default().now();
    let kind = kind.as_str();
    let Some(rounds) = rounds_in_sale(store, now).map_err(Fault::failure)? else {
        return Err(Fault::failure(format!(
            "the oldest {kind} key would be retired, and {} is not there to say whether people \
             wait: name the server's --store or --config, or say --even-in-sale",
            shown(store)
        )));
    };
    let names: Vec<&str> = rounds.iter().map(|round| round.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Fault::failure(format!(
        "people may hold what the oldest {kind} key sealed, for {}: wait until it is closed, or \
         say --even-in-sale if the key was stolen",
        names.join(", ")
    )))
}

impl Keys {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        match self {
            Keys::Init(Init { channel, data }) => {
                let slug = |name: &String| {
                    let rule = || Fault::failure("a channel is 1 to 64 of a-z, 0-9 and -");
                    ChannelId::new(name).ok_or_else(rule)
                };
                let channels = channel.iter().map(slug).collect::<Result<Vec<_>, _>>()?;
                let made = trust::init(&data.data, &channels)?;
                for path in &made {
                    print(&format!("made {}\n", path.display()));
                }
                if made.is_empty() {
                    eprintln!("nothing is missing in {}", data.data.join("keys").display());
                }
            }
            Keys::Rotate(asked) => return asked.run(),
            Keys::List(data) => {
                for key in data.keys()?.describe() {
                    let use_of = if key.signs { "signs and checks" } else { "checks" };
                    let (what, kid) = (key.what, key.kid);
                    print(&format!("{what:<16} {kid:<24} {:<6} {use_of}\n", key.algorithm));
                }
            }
        }
        Ok(Exit::Done)
    }
}

fn kind(text: &str) -> Result<Kind, &'static str> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    kind.ok_or("a kind is ticket, pass, staff or draw")
}
