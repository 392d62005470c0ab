//! Callers who are slow on purpose, by the tool that others test with (slowhttptest): heads that
//! never end, bodies that never end, ranges, answers that nobody reads. They are cut off, and
//! honest callers notice nothing.
//!
//! Short unless OPENRUN_LONG is set; prints what honest callers waited, quiet and under attack.

use crate::support::process::Process;
use crate::support::staff::RoundForm;
use crate::support::{Request, Web, allowed, on_stage};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the tool says of its own success: nobody is kept any more.
const ALL_CLOSED: &str = "No open connections left";

/// One attack: its name, what the tool is told, and whether all of it must be cut off by the end.
struct Attack {
    name: &'static str,
    flags: &'static [&'static str],
    is_cut_off: bool,
}

/// Each of the tool's modes. A slow reader of a short answer holds an idle connection, no more: it
/// goes with the others after `keep_alive`.
const ATTACKS: [Attack; 4] = [
    Attack { name: "heads", flags: &["-H", "-i", "1", "-x", "24"], is_cut_off: true },
    Attack { name: "bodies", flags: &["-B", "-i", "1", "-s", "8192"], is_cut_off: true },
    Attack { name: "ranges", flags: &["-R", "-a", "10", "-b", "3000"], is_cut_off: false },
    Attack { name: "reads", flags: &["-X", "-w", "1", "-y", "8", "-n", "5"], is_cut_off: false },
];

/// How many, and for how long; longer than a head (5 s) or a body (5 s) may take.
struct Size {
    connections: u32,
    seconds: u64,
}

fn size() -> Size {
    match std::env::var_os("OPENRUN_LONG") {
        Some(_) => Size { connections: 2_000, seconds: 45 },
        None => Size { connections: 300, seconds: 8 },
    }
}

/// F43, S12.
#[test]
fn f43_slow_callers_are_cut_off_and_honest_ones_notice_nothing() {
    on_stage(async {
        let server = Process::start("info").await;
        let now = jiff::Timestamp::now();
        let hours = |hours: i64| (now + jiff::SignedDuration::from_hours(hours)).to_string();
        let form = RoundForm::for_all(100_000_000).times(&hours(-1), &hours(5));
        server.operator.define("r1", &form).await;
        server.operator.open("r1").await;
        let mut ann = server.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        let place = ann.where_am_i_request("r1");
        let ready = Request::new("GET", "/readyz");
        let doors = [
            ("public", server.public, server.web.clone(), place, "/v1/people"),
            ("ops", server.ops, server.operator.web.clone(), ready, "/v1/admin/notices"),
        ];
        for (listener, address, web, look, path) in doors {
            let quiet = waits(&web, &look, Duration::from_secs(2)).await;
            for attack in &ATTACKS {
                let began = Instant::now();
                let attacking = tokio::task::spawn_blocking(move || run(attack, address, path));
                let attacked = waits(&web, &look, Duration::from_secs(size().seconds)).await;
                let said = attacking.await.expect("no panic");
                println!(
                    "{listener}, slow {}: p99 {:?} quiet, {:?} under attack (ratio {:.2}), {:?}",
                    attack.name,
                    quiet.p99,
                    attacked.p99,
                    attacked.p99.as_secs_f64() / quiet.p99.as_secs_f64(),
                    began.elapsed(),
                );
                assert!(attacked.count > 50, "honest callers were answered {}", attacked.count);
                assert!(attacked.most < Duration::from_secs(2), "{:?} for a look", attacked.most);
                let is_cut_off = said.contains(ALL_CLOSED);
                assert!(is_cut_off || !attack.is_cut_off, "{listener}, {}: {said}", attack.name);
            }
        }
        assert_eq!(ann.buy("r1", "key", 10_000).await.status, 201);
        let (code, log) = server.terminate();
        assert_eq!((code, log.contains("a panic")), (Some(0), false), "{log}");
    });
}

/// Attacks until the time is over; answers with what the tool said.
fn run(attack: &Attack, address: SocketAddr, path: &str) -> String {
    let Size { connections, seconds } = size();
    let mut command = Command::new("slowhttptest");
    command.args(attack.flags).args(["-c", &connections.to_string()]);
    command.args(["-r", &(connections / 2).to_string(), "-l", &seconds.to_string()]);
    command.args(["-p", "2", "-u", &format!("http://{address}{path}")]);
    let output = command.stdin(Stdio::null()).output();
    let missing = "slowhttptest is missing: tests/run installs it, or: sudo apt-get install it";
    let output = output.expect(missing);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What honest callers waited.
struct Waits {
    count: usize,
    p99: Duration,
    most: Duration,
}

/// Four of them look again and again; each look must be answered with a yes.
async fn waits(web: &Web, look: &Request, during: Duration) -> Waits {
    let until = Instant::now() + during;
    let callers = (0..4).map(|_| {
        let (web, look) = (web.clone(), look.clone());
        tokio::spawn(async move {
            let mut all = Vec::new();
            while Instant::now() < until {
                let began = Instant::now();
                let answer = web.send(&look).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                all.push(began.elapsed());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            all
        })
    });
    let callers: Vec<_> = callers.collect();
    let mut all = Vec::new();
    for caller in callers {
        all.extend(caller.await.expect("an honest caller is answered"));
    }
    all.sort_unstable();
    let most = all.last().copied().unwrap_or_default();
    let p99 = all.get(all.len() * 99 / 100).copied().unwrap_or_default();
    Waits { count: all.len(), p99, most }
}
