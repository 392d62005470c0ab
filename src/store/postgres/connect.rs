//! A connection, and driving it by hand: whoever waits for an answer also sees what the server says
//! unasked meanwhile, and knows whether a failure came before or after the question was sent.
//!
//! Sets what every session of a kind needs. Retries nothing.

use super::fault::in_words;
use super::place::Place;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_postgres::error::DbError;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connection that nobody drives yet.
type Raw = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// How long the server lets a statement of ours wait for a lock: less than any deadline, so that
/// what waits ends with a plain "not written" instead of a doubt. It never touches a commit.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(4);
/// How often a server looks whether we are still there while it works for us: what we gave up does
/// not hold its locks for long.
const PRESENCE_CHECK: Duration = Duration::from_secs(1);
/// How long a short read may take: none takes a tenth of it on a healthy server.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one chunk of a long read may take: the first may have to sort a round.
pub(super) const STREAM_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a long read may wait for whoever takes it, before it stops holding back the server's
/// clearing up.
const STREAM_IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// What a session is for. The setting of the same name wins over those of the role, the database
/// and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Commits: never cancelled, durable, and nothing that the server warns of is kept from us.
    Write,
    /// Short reads.
    Read,
    /// Reads that go on for as long as somebody takes them.
    Stream,
    /// One read of everything, however long it takes.
    Audit,
    /// Migrations and questions about the store as a whole.
    Manage,
}

impl Purpose {
    /// All that makes a session one of this kind, as one message.
    pub(super) fn session(self) -> String {
        match self.role() {
            Some(role) => format!("{}; set role {role}", self.settings()),
            None => self.settings(),
        }
    }

    /// Only settings that the server has: not every version knows all of them.
    fn settings(self) -> String {
        let millis = |time: Duration| time.as_millis().to_string();
        let mut settings = vec![
            ("client_min_messages", "warning".to_owned()),
            ("search_path", "openrun, pg_temp".to_owned()),
            ("default_transaction_isolation", "read committed".to_owned()),
            ("idle_session_timeout", "0".to_owned()),
            ("transaction_timeout", "0".to_owned()),
            ("client_connection_check_interval", millis(PRESENCE_CHECK)),
            // Dates and numbers are ours, whatever the locale; intervals are never used.
            ("bytea_output", "hex".to_owned()),
        ];
        let of_purpose = match self {
            Purpose::Write => vec![
                ("statement_timeout", "0".to_owned()),
                ("lock_timeout", millis(LOCK_TIMEOUT)),
                ("default_transaction_read_only", "off".to_owned()),
            ],
            Purpose::Read => vec![
                ("statement_timeout", millis(READ_TIMEOUT)),
                ("default_transaction_read_only", "on".to_owned()),
            ],
            Purpose::Stream => vec![
                ("statement_timeout", millis(STREAM_TIMEOUT)),
                ("idle_in_transaction_session_timeout", millis(STREAM_IDLE_TIMEOUT)),
                // The index has the order; a server without statistics would sort a whole round.
                ("enable_sort", "off".to_owned()),
                ("enable_bitmapscan", "off".to_owned()),
                ("default_transaction_read_only", "on".to_owned()),
            ],
            Purpose::Audit => vec![
                ("statement_timeout", "0".to_owned()),
                ("idle_in_transaction_session_timeout", "0".to_owned()),
                ("default_transaction_read_only", "on".to_owned()),
            ],
            Purpose::Manage => vec![
                ("statement_timeout", "0".to_owned()),
                ("lock_timeout", millis(LOCK_TIMEOUT)),
                ("default_transaction_read_only", "off".to_owned()),
            ],
        };
        settings.extend(of_purpose);
        let rows = settings.iter().map(|(name, value)| format!("('{name}', '{value}')"));
        let rows = rows.collect::<Vec<_>>().join(", ");
        // A commit that is stronger than asked for (remote_apply) stays so; a weaker one does not.
        format!(
            "select set_config(wanted.name, wanted.value, false)
             from (values {rows}) as wanted (name, value)
             join pg_catalog.pg_settings as known on known.name = wanted.name;
             select set_config('synchronous_commit', 'on', false)
             where current_setting('synchronous_commit') not in ('on', 'remote_apply')"
        )
    }

    /// Who a session becomes.
    pub(super) fn role(self) -> Option<&'static str> {
        match self {
            Purpose::Write => Some("openrun_writer"),
            Purpose::Read | Purpose::Stream | Purpose::Audit => Some("openrun_reader"),
            Purpose::Manage => None,
        }
    }
}

/// Why an answer did not come.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection was lost before the question was handed over.
    NotSent(String),
    /// The connection was lost with the question under way.
    Lost(String),
    /// The server, or the client library, said no.
    Said(Error),
}

impl Failure {
    pub(super) fn in_words(&self) -> String {
        match self {
            Failure::NotSent(cause) | Failure::Lost(cause) => cause.clone(),
            Failure::Said(error) => in_words(error),
        }
    }
}

/// The other half of a client: the socket, and what came through it unasked.
pub(super) struct Wire {
    raw: Raw,
    lost: Option<String>,
    /// What the server warned of since it was last looked at.
    pub(super) warnings: Vec<DbError>,
}

/// Connects. The session has the server's settings.
pub(super) async fn connect(
    place: &Place,
    tls: &MakeRustlsConnect,
    application: &str,
) -> Result<(Client, Wire), Error> {
    let mut config = place.config.clone();
    config.application_name(application);
    let (client, raw) = config.connect(tls.clone()).await?;
    Ok((client, Wire { raw, lost: None, warnings: Vec::new() }))
}

impl Wire {
    /// What the server said of itself at the start.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.raw.parameter(name)
    }

    /// Drives the connection until `work` is done or cannot be done any more. `work` is polled for
    /// the first time only on a connection that is there.
    pub(super) async fn drive<T>(
        &mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        let mut work = pin!(work);
        let mut is_sent = false;
        poll_fn(|cx| {
            // Before `work`, so that a warning is here before the answer that it came with.
            self.poll(cx);
            if !is_sent && let Some(cause) = &self.lost {
                return Poll::Ready(Err(Failure::NotSent(cause.clone())));
            }
            is_sent = true;
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(done.map_err(Failure::Said));
            }
            // What `work` has just handed over goes out, and an answer may be here already.
            self.poll(cx);
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(done.map_err(Failure::Said));
            }
            match &self.lost {
                Some(cause) => Poll::Ready(Err(Failure::Lost(cause.clone()))),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Waits until the connection is lost, and says why.
    pub(super) async fn until_lost(&mut self) -> String {
        poll_fn(|cx| {
            self.poll(cx);
            self.lost.clone().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        while self.lost.is_none() {
            match self.raw.poll_message(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(AsyncMessage::Notice(said)))) => self.warnings.push(said),
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(error))) => self.lost = Some(in_words(&error)),
                Poll::Ready(None) => self.lost = Some("the connection is closed".to_owned()),
            }
        }
    }
}
