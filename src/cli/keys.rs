//! `openrun keys`: the keys of a data directory. Never prints one.

use super::data::Data;
use super::{Exit, Fault, print};
use crate::trust::{self, Kind};
use clap::{Args, Subcommand};
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
    #[command(flatten)]
    data: Data,
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
            Keys::Rotate(Rotate { kind, data }) => {
                let (made, retired) = trust::rotate(&data.data, kind)?;
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
