//! `openrun keys`: the keys of a data directory. Never prints one.

use super::data::{Data, Stored};
use super::{Exit, Fault, print};
use crate::store::audit::rounds_in_sale;
use crate::trust::{self, Kind};
use clap::{Args, Subcommand};
use openrun_actors::{Clock, SystemClock};
use openrun_core::ChannelId;

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
    /// it sealed: from half an hour before a round opens until it is closed.
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
    #[command(flatten)]
    stored: Stored,
}

impl Rotate {
    /// A key that sealed what people hold is not taken out of use while they wait.
    fn check_nobody_waits(&self) -> Result<(), Fault> {
        if self.even_in_sale || !trust::would_retire(&self.stored.data.data, self.kind)? {
            return Ok(());
        }
        let now = SystemClock::default().now();
        let rounds = rounds_in_sale(&self.stored.url(), now).map_err(Fault::failure)?;
        let names: Vec<&str> = rounds.iter().map(|round| round.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(Fault::failure(format!(
            "people may hold what the oldest {} key sealed, for {}: wait until it is closed, or \
             say --even-in-sale if the key was stolen",
            self.kind.as_str(),
            names.join(", ")
        )))
    }
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
            Keys::Rotate(asked) => {
                asked.check_nobody_waits()?;
                let (made, retired) = trust::rotate(&asked.stored.data.data, asked.kind)?;
                print(&format!("made {}\n", made.display()));
                for path in retired {
                    print(&format!("retired {}\n", path.display()));
                }
            }
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
