//! Limits of the system on this process: open files, and what fits under them.

use super::{Exit, Fault};

/// Descriptors kept for the store, the log, listeners, workers and the ops port.
const RESERVE: u64 = 256;
/// Fewer than this make a server that refuses more than it serves.
const CONNECTIONS_MIN: u64 = 64;

/// Raises the limit of open files as far as the system lets it, and answers how many of the
/// connections wanted fit under it.
///
/// # Errors
/// The limit is too low to serve at all.
pub(super) fn fit_connections(wanted: usize) -> Result<usize, Fault> {
    // An unknown limit is no reason not to start.
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
    let fit = limit.saturating_sub(RESERVE);
    if fit < CONNECTIONS_MIN {
        let line = format!(
            "only {limit} files may be open: raise the limit to {} or more (`ulimit -n`, or \
             LimitNOFILE= of a service)",
            RESERVE + wanted as u64
        );
        return Err(Fault::new(Exit::BadConfig, line));
    }
    let connections = usize::try_from(fit).unwrap_or(usize::MAX).min(wanted);
    if connections < wanted {
        tracing::warn!(limit, connections, wanted, "the limit of open files bounds connections");
    }
    Ok(connections)
}
