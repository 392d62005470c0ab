//! Where keys and the embedded store are: for the commands that need nothing else.

use crate::config::store_in;
use crate::trust::{Keys, KeysError};
use clap::Args;
use std::path::PathBuf;

/// The data directory.
#[derive(Debug, Clone, Args)]
pub(super) struct Data {
    /// Directory of keys and of the embedded store
    #[arg(
        long,
        env = "OPENRUN_DATA",
        hide_env_values = true,
        value_name = "DIR",
        default_value = "./openrun-data"
    )]
    pub(super) data: PathBuf,
}

impl Data {
    /// The keys to sign with.
    pub(super) fn keys(&self) -> Result<Keys, KeysError> {
        Keys::open_existing(&self.data)
    }
}

/// A store, by its name or in a data directory.
#[derive(Debug, Clone, Args)]
pub(super) struct Stored {
    /// The store, as sqlite:PATH or postgres://… [default: openrun.db in the data directory]
    #[arg(long, env = "OPENRUN_STORE", hide_env_values = true, value_name = "URL")]
    store: Option<String>,
    #[command(flatten)]
    data: Data,
}

impl Stored {
    pub(super) fn url(&self) -> String {
        self.store.clone().unwrap_or_else(|| store_in(&self.data.data))
    }
}
