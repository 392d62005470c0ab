//! `openrun completions`: for bash, zsh, fish, elvish and PowerShell.

use super::{Arguments, Exit, Fault, print};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  openrun completions bash > \
                        ~/.local/share/bash-completion/completions/openrun")]
pub(super) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let mut command = Arguments::command();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "openrun", &mut script);
        print(&String::from_utf8_lossy(&script));
        Ok(Exit::Done)
    }
}
