//! The log: lines of text on a terminal, JSON otherwise, to standard output.
//!
//! No line for each request at info, none with a name, an account, a token or a person's key.

use super::writer::{self, Lines};
use crate::config::LogFormat;
use std::io::IsTerminal;
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// How long a process that ends waits for its last lines to be taken.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Writes out what is still queued when it is dropped.
pub struct LogGuard(Option<SyncSender<writer::Message>>);

/// Starts the log of this process. Does nothing when there is one already.
///
/// # Panics
/// If the system cannot start a thread.
#[must_use]
pub fn start_log(directives: &str, format: LogFormat) -> LogGuard {
    let is_terminal = std::io::stdout().is_terminal();
    let json = match format {
        LogFormat::Auto => !is_terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let filter = EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = Lines::start(std::io::stdout());
    let sender = lines.sender();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines);
    let has_colour = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let started = match json {
        true => builder.json().flatten_event(true).finish().try_init(),
        false => builder.with_ansi(has_colour).finish().try_init(),
    };
    LogGuard(started.is_ok().then_some(sender))
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            writer::flush(&sender, FLUSH_TIMEOUT);
        }
    }
}
