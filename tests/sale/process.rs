//! The server as a process among others: who reads its metrics too often, who stops reading its
//! log, who takes its descriptors. Selling goes on. F-numbers: `docs/failure-modes.md`.

use crate::support::app::MORNING;
use crate::support::process::Process;
use crate::support::staff::RoundForm;
use crate::support::{Buyer, Request, TestApp, allowed, checks, eventually, join_all, on_stage};
use serde_json::json;
#[cfg(target_os = "linux")]
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// A round that is on sale today and as long as a test may take.
fn on_sale_now() -> RoundForm {
    let now = jiff::Timestamp::now();
    let hours = |hours: i64| (now + jiff::SignedDuration::from_hours(hours)).to_string();
    RoundForm::for_all(100_000_000).times(&hours(-1), &hours(5))
}

async fn open_now(server: &Process) {
    server.operator.define("r1", &on_sale_now()).await;
    server.operator.open("r1").await;
}

/// F46: Prometheus and reports that ask as fast as they can take their turn behind the sale.
#[test]
fn f46_scrapes_and_reports_without_end_hold_up_no_purchase() {
    on_stage(async {
        let app = TestApp::start_at(MORNING).await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000_000)).await;
        let (is_over, scrapes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let asking = (0..4).map(|asker| {
            let (operator, is_over, scrapes) =
                (app.operator.clone(), Arc::clone(&is_over), Arc::clone(&scrapes));
            tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    match asker {
                        0 | 1 => drop(operator.metrics().await),
                        2 => drop(operator.figures("r1").await),
                        _ => drop(operator.log().await),
                    }
                    scrapes.fetch_add(1, Ordering::SeqCst);
                }
            })
        });
        let asking: Vec<_> = asking.collect();
        let (mut slowest, mut group) = (Vec::new(), 0);
        // Ten groups, and more of them until enough was asked meanwhile.
        while group < 10 || scrapes.load(Ordering::SeqCst) < 50 {
            assert!(group < 100, "too few questions were put");
            let buyers = (0..20).map(|person| {
                let mut buyer = app.buyer(&format!("person-{group}-{person}"));
                async move {
                    allowed(buyer.sign_up().await);
                    buyer.get_pass("r1").await;
                    let began = Instant::now();
                    assert_eq!(buyer.buy("r1", "key", 100_000).await.status, 201);
                    began.elapsed()
                }
            });
            slowest.push(join_all(buyers).await.into_iter().max().unwrap_or_default());
            group += 1;
        }
        is_over.store(true, Ordering::SeqCst);
        join_all(asking.into_iter().map(|asker| async { asker.await.expect("no panic") })).await;
        // Of a group now and then the machine may have been busy with something else.
        slowest.sort_unstable();
        let (usual, most) = (slowest[slowest.len() / 2], slowest[slowest.len() - 1]);
        assert!(usual < Duration::from_secs(2), "{usual:?} for a purchase");
        assert!(most < Duration::from_secs(20), "{most:?} for a purchase");
        checks::stop_clean(app, group * 2_000_000).await;
    });
}

/// F47: nobody reads the log any more. Lines are lost and counted, and purchases are not.
#[test]
fn f47_a_log_that_nobody_reads_costs_lines_and_no_purchase() {
    on_stage(async {
        let server = Process::start_unread("trace").await;
        open_now(&server).await;
        let mut sold = 0;
        let dropped = async || {
            checks::metric(&server.operator.metrics().await, "openrun_log_lines_dropped_total")
        };
        while dropped().await == 0.0 {
            assert!(sold < 2_000, "a pipe and a queue hold less than this");
            let buyers = (0..20).map(|person| {
                let buyer = server.buyer(&format!("person-{sold}-{person}"));
                bought(buyer)
            });
            join_all(buyers).await;
            sold += 20;
        }
        // The queue is full from here on.
        join_all((0..20).map(|person| bought(server.buyer(&format!("late-{person}"))))).await;
        let began = Instant::now();
        let (code, _) = server.terminate();
        assert_eq!(code, Some(0));
        assert!(began.elapsed() < Duration::from_secs(30), "{:?} to end", began.elapsed());
    });
}

async fn bought(mut buyer: Buyer) {
    let began = Instant::now();
    buyer.buy_through("r1", "key", 10_000).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?} for a purchase", began.elapsed());
}

/// F48: somebody takes all the connections that the process has descriptors for. Who is there
/// already buys on, operators get through, and all others come in once the idle ones are gone.
#[test]
fn f48_with_few_descriptors_who_is_in_buys_on_and_others_come_in_later() {
    on_stage(async {
        let server = Process::start_with_files("info", 400).await;
        open_now(&server).await;
        let mut ann = server.buyer("ann");
        ann.buy_through("r1", "key", 10_000).await;
        let address = server.public;
        let mut idle = Vec::new();
        for _ in 0..500 {
            // Those that are not accepted wait in the system's queue, or are refused.
            let connecting = TcpStream::connect(address);
            if let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_secs(1), connecting).await {
                idle.push(stream);
            }
        }
        assert!(idle.len() > 144, "only {} connections were made", idle.len());
        ann.get_pass("r1").await;
        assert_eq!(ann.buy("r1", "while-full", 10_000).await.status, 201);
        server.operator.pause("r1").await;
        server.operator.resume("r1").await;
        drop(idle);
        let newcomer = server.buyer("newcomer");
        let request = Request::new("GET", "/v1/rounds/r1");
        let is_in = async || newcomer.web.try_send(&request).await.is_ok();
        eventually::so("others come in", is_in).await;
        bought(server.buyer("late")).await;
        let (code, log) = server.terminate();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("the limit of open files bounds connections"), "{}", json!(log));
    });
}

/// Rows of a table of sockets in `/proc` that are a process's own: the port and the state of each.
#[cfg(target_os = "linux")]
fn sockets(process: u32, table: &str) -> Vec<(u16, String)> {
    let folder = format!("/proc/{process}");
    let open = std::fs::read_dir(format!("{folder}/fd")).expect("it runs");
    let links = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let own: BTreeSet<String> =
        links.map(|link| link.to_string_lossy().replace(['[', ']'], "")).collect();
    let rows = std::fs::read_to_string(format!("{folder}/net/{table}")).unwrap_or_default();
    let socket = |row: &str| {
        let fields: Vec<&str> = row.split_whitespace().collect();
        let (_, port) = fields.get(1)?.rsplit_once(':')?;
        let is_own = own.contains(&format!("socket:{}", fields.get(9)?));
        let port = u16::from_str_radix(port, 16).ok()?;
        is_own.then(|| (port, fields[3].to_owned()))
    };
    rows.lines().skip(1).filter_map(socket).collect()
}

/// S24: there is no third address at which another server, or anybody, could be heard.
#[test]
#[cfg(target_os = "linux")]
fn s24_a_server_listens_at_two_addresses_and_no_more() {
    const LISTENS: &str = "0A";
    on_stage(async {
        let server = Process::start("warn,openrun=info").await;
        let tcp = ["tcp", "tcp6"].into_iter().flat_map(|table| sockets(server.id(), table));
        let heard = tcp.filter(|(_, state)| state == LISTENS).map(|(port, _)| port);
        let want = BTreeSet::from([server.public.port(), server.ops.port()]);
        assert_eq!(heard.collect::<BTreeSet<u16>>(), want);
        let udp = ["udp", "udp6"].into_iter().flat_map(|table| sockets(server.id(), table));
        assert_eq!(udp.collect::<Vec<_>>(), []);
    });
}
