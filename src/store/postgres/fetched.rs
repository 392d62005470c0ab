//! Tables of a round, whose rows are fetched by the chunk, from one snapshot.
//!
//! One chunk is asked for ahead of need, so that the server works while what it sent before is
//! decoded. Never more than one: answers come in the order of the questions, and one that nobody
//! takes would stand before the one that is waited for.

use super::decode::{Source, Table};
use super::names::Names;
use super::packed::{Packed, Packing};
use super::stream::{CHUNK, Stop};
use futures_util::TryStreamExt;
use openrun_core::StoredEvent;
use std::collections::VecDeque;
use std::pin::Pin;
use tokio_postgres::{Error, Portal, Row, RowStream, Transaction};

/// All of them.
pub(super) struct Fetched<'s> {
    snapshot: &'s Transaction<'s>,
    feeds: Vec<Feed>,
    asked: Option<(usize, Pin<Box<RowStream>>)>,
}

/// One table.
struct Feed {
    table: Table,
    way: Way,
    is_last: bool,
}

/// How its rows come.
enum Way {
    /// Each by itself, from where the portal stands.
    Each { portal: Portal, rows: VecDeque<Row> },
    /// In chunks, each beginning after the last place of the one before.
    Packed { packing: Packing, round: i64, after: i64, chunks: VecDeque<Packed>, taken: usize },
}

impl Way {
    /// How many rows were fetched and not taken.
    fn left(&self) -> usize {
        match self {
            Way::Each { rows, .. } => rows.len(),
            Way::Packed { chunks, taken, .. } => {
                chunks.iter().map(|chunk| chunk.count).sum::<usize>() - taken
            }
        }
    }
}

impl<'s> Fetched<'s> {
    pub(super) fn new(snapshot: &'s Transaction<'s>) -> Fetched<'s> {
        Fetched { snapshot, feeds: Vec::new(), asked: None }
    }

    /// Another table, of which there may be millions of rows of the round of this number.
    pub(super) async fn add_packed(&mut self, table: Table, round: i64) -> Result<(), Error> {
        let packing = Packing::prepare(self.snapshot, &table, CHUNK).await?;
        let way = Way::Packed { packing, round, after: 0, chunks: VecDeque::new(), taken: 0 };
        self.feeds.push(Feed { table, way, is_last: false });
        Ok(())
    }

    /// Another table, row by row: those of the round of this number that `which` says, in that
    /// order.
    pub(super) async fn add_rows(
        &mut self,
        table: Table,
        round: i64,
        which: &str,
    ) -> Result<(), Error> {
        let Table { columns, name, .. } = table;
        let sql =
            format!("select {columns}, stream_id from {name} where round_id = $1 and {which}");
        let statement = self.snapshot.prepare(&sql).await?;
        let portal = self.snapshot.bind(&statement, &[&round]).await?;
        let way = Way::Each { portal, rows: VecDeque::new() };
        self.feeds.push(Feed { table, way, is_last: false });
        Ok(())
    }

    /// The next event of a table, and its stream.
    pub(super) async fn next(
        &mut self,
        index: usize,
        names: &Names,
    ) -> Result<Option<(i64, StoredEvent)>, Stop> {
        let Feed { way, is_last, .. } = &self.feeds[index];
        if way.left() == CHUNK / 2 && !is_last && self.asked.is_none() {
            self.ask(index).await?;
        }
        while self.feeds[index].way.left() == 0 && !self.feeds[index].is_last {
            if self.asked.is_none() {
                self.ask(index).await?;
            }
            self.receive().await?;
        }
        let Feed { table, way, .. } = &mut self.feeds[index];
        match way {
            Way::Each { rows, .. } => {
                let Some(row) = rows.pop_front() else { return Ok(None) };
                let stream = row.get(row.len() - 1);
                Ok(Some((stream, table.event(Source::Row(&row), names)?)))
            }
            Way::Packed { chunks, taken, .. } => {
                let Some(chunk) = chunks.front() else { return Ok(None) };
                let found = (chunk.stream, table.event(Source::Packed(chunk, *taken), names)?);
                *taken += 1;
                if *taken == chunk.count {
                    chunks.pop_front();
                    *taken = 0;
                }
                Ok(Some(found))
            }
        }
    }

    /// Sends the question and waits for nothing.
    async fn ask(&mut self, index: usize) -> Result<(), Error> {
        let answer = match &self.feeds[index].way {
            Way::Each { portal, .. } => {
                let most = i32::try_from(CHUNK).expect("a chunk is small");
                self.snapshot.query_portal_raw(portal, most).await?
            }
            Way::Packed { packing, round, after, .. } => {
                self.snapshot.query_raw(&packing.statement, [*round, *after]).await?
            }
        };
        self.asked = Some((index, Box::pin(answer)));
        Ok(())
    }

    /// Takes the whole answer to what was asked.
    async fn receive(&mut self) -> Result<(), Stop> {
        let Some((index, mut answer)) = self.asked.take() else { return Ok(()) };
        let Feed { way, is_last, .. } = &mut self.feeds[index];
        let mut count = 0;
        while let Some(row) = answer.try_next().await? {
            match way {
                Way::Each { rows, .. } => {
                    rows.push_back(row);
                    count += 1;
                }
                Way::Packed { packing, after, chunks, .. } => {
                    let chunk = packing.unpack(&row)?;
                    count = chunk.count;
                    if count > 0 {
                        *after = chunk.check_order(*after)?;
                        chunks.push_back(chunk);
                    }
                }
            }
        }
        *is_last = count < CHUNK;
        Ok(())
    }
}
