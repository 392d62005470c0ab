//! Connections that end at the worst moment.

use crate::crowd::{Sale, gets_pass};
use crate::support::postgres::TestDatabase;
use crate::support::proxy::{Direction, FaultProxy, When};
use crate::support::{TestStore, eventually, join_all, on_stage};
use std::time::{Duration, Instant};

/// Cuts in continuous integration, and when there is time.
const CUTS: (usize, usize) = (100, 1_000);
/// Of those who are cut off, how many get their passes together.
const AT_ONCE: usize = 50;

/// F50: with the purchase on its way to the store, the connection that carries it is cut. Whether
/// it was written is known to the store alone.
#[test]
fn a_connection_that_is_cut_at_its_commit_loses_and_doubles_nothing() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let proxy = FaultProxy::start(database.address()).await;
        let store = TestStore::At(database.url_through(proxy.address));
        let mut sale = Sale::on(store, 4).await;
        let is_long = std::env::var_os("OPENRUN_LONG").is_some();
        let cuts = if is_long { CUTS.1 } else { CUTS.0 };
        let (began, mut slowest) = (Instant::now(), Duration::ZERO);
        for first in (0..cuts).step_by(AT_ONCE) {
            let names = (first..cuts.min(first + AT_ONCE)).map(|cut| format!("cut-{cut}"));
            let buyers: Vec<_> = names.map(|name| sale.buyer(&name)).collect();
            let buyers = join_all(buyers.into_iter().map(gets_pass)).await;
            for (cut, buyer) in (first..).zip(buyers) {
                let key = format!("{}-key", buyer.person);
                // The key stands in the batch, and nowhere else.
                let when = match cut % 3 {
                    0 => When::BeforeForwarding,
                    _ => When::AfterForwardingBeforeReply,
                };
                proxy.cut_at(key.as_bytes(), Direction::ToServer, when);
                let asked = Instant::now();
                sale.buys(&buyer, &key).await;
                slowest = slowest.max(asked.elapsed());
                assert_eq!(proxy.counts().sprung, cut as u64 + 1, "{key} was cut off, once");
            }
        }
        sale.flows().await;
        let took = began.elapsed().as_secs_f64();
        let all = sale.ends_clean().await;
        println!(
            "cuts: {cuts} in {took:.1} s, {all} purchases kept, bought after {slowest:.0?} at worst"
        );
    });
}

/// F50, wherever the bytes happen to be: in the middle of a message, of an answer, of a hello.
#[test]
fn connections_that_are_cut_anywhere_lose_and_double_nothing() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let proxy = FaultProxy::start(database.address()).await;
        let store = TestStore::At(database.url_through(proxy.address));
        let mut sale = Sale::on(store, 20).await;
        for cut in 1..=40_u64 {
            sale.flows().await;
            // Prime numbers: a different place each time.
            match cut % 4 {
                0 => proxy.reset(),
                1 => proxy.cut(),
                2 => proxy.cut_after_bytes(Direction::ToServer, cut * 37 % 5_003),
                _ => proxy.cut_after_bytes(Direction::ToClient, cut * 41 % 1_009),
            }
            let sprung = cut.div_ceil(4) * 2;
            let is_trap = cut % 4 > 1;
            let has_sprung = async || !is_trap || proxy.counts().sprung + 2 > sprung;
            eventually::so("the cut", has_sprung).await;
        }
        sale.flows().await;
        sale.ends_clean().await;
    });
}
