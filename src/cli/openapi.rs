//! `openrun openapi`: the contract, made from the code.

use super::{Exit, Fault, print};
use crate::http;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Openapi {
    /// The document of the ops listener instead of the public one
    #[arg(long)]
    ops: bool,
}

impl Openapi {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        print(&format!("{}\n", if self.ops { http::ops_openapi() } else { http::openapi() }));
        Ok(Exit::Done)
    }
}
