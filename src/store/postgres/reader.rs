//! Short reads: a pool of connections, a time-out on everything, one snapshot per question.
//!
//! A question that fails because its connection was stale (the server restarted, the tables
//! changed) is asked once more on another; nothing else is retried. What must not be answered from
//! a connection that hangs is cut off by a deadline of ours, and the connection thrown away.

use super::composite::Hidden;
use super::connect::{Purpose, READ_TIMEOUT};
use super::doubts::Doubts;
use super::fault::in_words;
use super::names::{self, Names};
use super::place::Place;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
    Timeouts,
};
use futures_util::future::{join_all, join3};
use openrun_actors::store::StoreError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connections for short reads at most: a server has a hundred, the writers need one per program,
/// and eight answer thousands of questions a second.
const CONNECTIONS: usize = 8;
/// How long a question may wait for a connection, and a connection for its server.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a question may take in all: a little longer than the server lets it.
const DEADLINE: Duration = READ_TIMEOUT.saturating_add(Duration::from_secs(2));
/// One snapshot for several queries; read committed would give each its own.
pub(super) const SNAPSHOT: &str = "begin isolation level repeatable read read only";

/// A value that a query is asked with.
pub(super) type Parameter = Box<dyn ToSql + Send + Sync>;

/// A query and what it is asked with.
pub(super) struct Query {
    pub(super) sql: String,
    pub(super) parameters: Vec<Parameter>,
}

impl Query {
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.parameters.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }
}

/// A number, a word or nothing.
pub(super) fn plain(value: impl ToSql + Send + Sync + 'static) -> Parameter {
    Box::new(value)
}

/// The bytes of a person or an id, which no log may show.
pub(super) fn hidden<const N: usize>(bytes: [u8; N]) -> Parameter {
    Box::new(Hidden(bytes))
}

/// The same, or nothing.
pub(super) fn hidden_or_none<const N: usize>(bytes: Option<[u8; N]>) -> Parameter {
    Box::new(bytes.map(Hidden))
}

/// Why a question got no answer.
enum Trouble {
    /// The server, or the way there.
    Database(Error),
    /// The pool.
    Pool(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Database(error)
    }
}

impl From<PoolError> for Trouble {
    fn from(error: PoolError) -> Trouble {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                Trouble::Database(error)
            }
            PoolError::Timeout(_) => Trouble::Pool("no connection to the store is free".to_owned()),
            other => Trouble::Pool(other.to_string()),
        }
    }
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> StoreError {
        match trouble {
            Trouble::Database(error) => StoreError(in_words(&error)),
            Trouble::Pool(cause) => StoreError(cause),
        }
    }
}

impl Trouble {
    /// Whether another connection would know better: this one is lost, its server was stopped, or
    /// the tables are no longer those that its statements were prepared for.
    fn is_stale(&self) -> bool {
        let Trouble::Database(error) = self else { return false };
        let stale = [&SqlState::FEATURE_NOT_SUPPORTED, &SqlState::ADMIN_SHUTDOWN];
        error.code().is_none_or(|code| stale.contains(&code))
    }
}

/// A pool of connections that read, and the names that they have seen.
pub(super) struct Reader {
    pool: Pool,
    names: Mutex<Arc<Names>>,
    doubts: Arc<Doubts>,
}

impl Reader {
    /// Opens no connection yet.
    pub(super) fn new(place: &Place, tls: &MakeRustlsConnect, doubts: Arc<Doubts>) -> Reader {
        let mut config = place.config.clone();
        config.application_name("openrun reader");
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, tls.clone(), recycling);
        let patience = Some(PATIENCE);
        let timeouts = Timeouts { wait: patience, create: patience, recycle: patience };
        let become_reader = Hook::async_fn(|client, _| {
            Box::pin(async move {
                let session = Purpose::Read.session();
                client.batch_execute(&session).await.map_err(HookError::Backend)
            })
        });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .post_create(become_reader)
            .build()
            .expect("the time-outs have their runtime");
        Reader { pool, names: Mutex::default(), doubts }
    }

    /// The rows of one query.
    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<Row>, StoreError> {
        let queries = [Query { sql: sql.to_owned(), parameters }];
        let mut answers = self.ask(&queries).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// The same with what is not known to be durable among it, and without waiting until it is: for
    /// whoever leaves that out (`is_durable`), so that no stream in doubt keeps the others back.
    pub(super) async fn seen(
        &self,
        sql: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<Row>, StoreError> {
        let queries = [Query { sql: sql.to_owned(), parameters }];
        let mut answers = self.ask_unsettled(&queries).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Whether a row of [`Reader::seen`] is known to be durable.
    pub(super) fn is_durable(&self, row: &Row) -> bool {
        place_of(row).is_none_or(|(stream, seq)| self.doubts.is_settled(stream, seq))
    }

    /// The rows of each query, of one snapshot. All of them are known to be durable.
    pub(super) async fn ask(&self, queries: &[Query]) -> Result<Vec<Vec<Row>>, StoreError> {
        let answers = self.ask_unsettled(queries).await?;
        for row in answers.iter().flatten() {
            if let Some((stream, seq)) = place_of(row) {
                self.doubts.settled(stream, seq).await?;
            }
        }
        Ok(answers)
    }

    /// On another connection if the first was stale.
    async fn ask_unsettled(&self, queries: &[Query]) -> Result<Vec<Vec<Row>>, StoreError> {
        Ok(match self.ask_once(queries).await {
            Err(trouble) if trouble.is_stale() => {
                // What other connections have prepared is as old as what this one has.
                self.pool.manager().statement_caches.clear();
                self.ask_once(queries).await?
            }
            answer => answer?,
        })
    }

    async fn ask_once(&self, queries: &[Query]) -> Result<Vec<Vec<Row>>, Trouble> {
        let client = self.pool.get().await?;
        if let Ok(answer) = tokio::time::timeout(DEADLINE, answer(&client, queries)).await {
            return Ok(answer?);
        }
        // Its server does not answer: nobody shall wait for it again.
        drop(Object::take(client));
        Err(Trouble::Pool("the store did not answer in time".to_owned()))
    }

    /// Names may have been given anew: after a take-over, which follows every lost connection.
    pub(super) fn forget_names(&self) {
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// Decodes rows, with the names known or, if that fails, with those that the store has now.
    pub(super) async fn decode<T>(
        &self,
        rows: &[Row],
        decode: impl Fn(&Row, &Names) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let known = Arc::clone(&self.names.lock().unwrap_or_else(PoisonError::into_inner));
        let decoded: Result<Vec<T>, _> = rows.iter().map(|row| decode(row, &known)).collect();
        if let Ok(decoded) = decoded {
            return Ok(decoded);
        }
        let fresh = Arc::new(Names::of(&self.rows(names::ALL, Vec::new()).await?));
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        rows.iter().map(|row| decode(row, &fresh)).collect()
    }
}

/// The columns behind all others of a row that is, or depends on, what was written: its stream and
/// the last place there that it depends on.
pub(super) const PLACE: &str = "stream_id, seq as last_seq";

fn place_of(row: &Row) -> Option<(i64, u64)> {
    let last = row.columns().last().filter(|column| column.name() == "last_seq");
    last.map(|_| (row.get(row.len() - 2), row.get::<_, i64>(row.len() - 1).unsigned_abs()))
}

async fn answer(client: &Object, queries: &[Query]) -> Result<Vec<Vec<Row>>, Error> {
    let mut statements: Vec<Statement> = Vec::with_capacity(queries.len());
    for query in queries {
        statements.push(client.prepare_cached(&query.sql).await?);
    }
    let values: Vec<_> = queries.iter().map(Query::values).collect();
    if let ([statement], [values]) = (&*statements, &*values) {
        return Ok(vec![client.query(statement, values).await?]);
    }
    let asked = statements.iter().zip(&values);
    let asked = asked.map(|(statement, values)| client.query(statement, values));
    // All are sent at once: each when it is polled first, which is in this order. A query that
    // fails leaves nothing behind, because the commit then ends the transaction all the same.
    let (begun, answers, ended) =
        join3(client.batch_execute(SNAPSHOT), join_all(asked), client.batch_execute("commit"))
            .await;
    begun?;
    ended?;
    answers.into_iter().collect()
}
