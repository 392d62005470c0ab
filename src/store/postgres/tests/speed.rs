//! How fast one stream is written, as a guard against a row-by-row mistake: far below what it
//! reaches, so that a busy machine does not fail it. Says the figure.

use super::database::Database;
use super::{Owner, all, open};
use crate::store::sample;
use openrun_core::Event;
use std::time::Instant;

/// Rows a second that even a slow machine without optimisation reaches.
const ROWS_PER_SECOND: f64 = 2_000.0;
const BATCH: u64 = 1_000;
const BATCHES: u64 = 20;

#[tokio::test]
async fn a_stream_is_written_and_read_by_the_thousand() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    let batches: Vec<Vec<Event>> = (0..BATCHES)
        .map(|batch| {
            let numbers = batch * BATCH + 1..=(batch + 1) * BATCH;
            numbers.map(|number| sample::issued(sample::purchase(number))).collect()
        })
        .collect();
    let begun = Instant::now();
    for batch in batches {
        owner.write(batch).await.expect("writes");
    }
    let written = (BATCH * BATCHES) as f64 / begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let read = all(owner.store.round_events(&sample::round())).await.len();
    let read_rate = read as f64 / begun.elapsed().as_secs_f64();
    println!("{written:.0} purchases a second written, {read_rate:.0} read");
    assert_eq!(read as u64, BATCH * BATCHES);
    assert!(written > ROWS_PER_SECOND, "{written:.0} purchases a second");
}
