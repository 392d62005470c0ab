//! `openrun config`: what the settings come to, and whether they can be served with.

use super::{Exit, Fault, print};
use crate::config::{Config, Layer};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the settings that flags, variables, file and defaults come to; exit code 78 if wrong
    Check(Check),
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// File of settings [default: openrun.toml if it is there]
    #[arg(long, env = "OPENRUN_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    layer: Layer,
}

impl ConfigCommand {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let ConfigCommand::Check(Check { config, layer }) = self;
        let config = Config::load(layer, config.as_deref())?;
        print(&toml::to_string(&config).map_err(Fault::failure)?);
        Ok(Exit::Done)
    }
}
