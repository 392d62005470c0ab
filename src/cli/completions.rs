//! `openrun completions`: for bash, zsh, fish, elvish and PowerShell.

use super::{Arguments, Exit, Fault};
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
        clap_complete::generate(self.shell, &mut command, "openrun", &mut std::io::stdout());
        Ok(Exit::Done)
    }
}
