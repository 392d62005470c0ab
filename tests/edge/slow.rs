//! Callers who are slow on purpose, by the tool that others test with (slowhttptest): heads that
//! never end, bodies that never end, ranges, answers that nobody reads. They are cut off, and
//! honest callers notice nothing.
//!
//! Short unless OPENRUN_LONG is set; prints what honest callers waited, quiet and under attack.

use crate::support::process::Process;
use crate::support::staff::RoundForm;
use crate::support::{Request, Web, allowed, alone};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longest that an honest caller may wait.
const NOTICED: Duration = Duration::from_secs(2);
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

/// How many connections each attack makes, at each listener, and for how long: longer than a head
/// (5 s) or a body (5 s) may take. The ops listener takes 256 in all, from inside alone.
struct Size {
    public: u32,
    ops: u32,
    seconds: u64,
}

fn size() -> Size {
    match std::env::var_os("OPENRUN_LONG") {
        Some(_) => Size { public: 2_000, ops: 50, seconds: 45 },
        None => Size { public: 200, ops: 50, seconds: 10 },
    }
}

/// F43, S12.
#[test]
fn f43_slow_callers_are_cut_off_and_honest_ones_notice_nothing() {
    alone(async {
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
        let Size { public, ops, .. } = size();
        let doors = [
            ("public", server.public, server.web.clone(), place, "/v1/people", public),
            ("ops", server.ops, server.operator.web.clone(), ready, "/v1/admin/notices", ops),
        ];
        for (listener, address, web, look, path, connections) in doors {
            attack(listener, (address, path, connections), &web, &look).await;
        }
        assert_eq!(ann.buy("r1", "key", 10_000).await.status, 201);
        let (code, log) = server.terminate();
        assert_eq!((code, log.contains("a panic")), (Some(0), false), "{log}");
    });
}

/// All attacks on one listener at once, while honest callers look.
async fn attack(listener: &str, at: (SocketAddr, &'static str, u32), web: &Web, look: &Request) {
    let quiet = waits(web, look, Duration::from_secs(2)).await;
    let attacking: Vec<_> =
        ATTACKS.iter().map(|it| tokio::task::spawn_blocking(move || run(it, at))).collect();
    let attacked = waits(web, look, Duration::from_secs(size().seconds)).await;
    let ratio = attacked.p99.as_secs_f64() / quiet.p99.as_secs_f64();
    let (before, under) = (quiet.p99, attacked.p99);
    println!("{listener}: p99 {before:?} quiet, {under:?} under attack, ratio {ratio:.2}");
    assert!(attacked.count > 50, "honest callers were answered {} times", attacked.count);
    assert!(attacked.p99 < NOTICED, "{listener}: {:?} for a look", attacked.p99);
    for (attack, attacking) in ATTACKS.iter().zip(attacking) {
        let said = attacking.await.expect("no panic");
        assert!(said.contains("Test ended"), "{}: {said}", attack.name);
        let is_cut_off = said.contains(ALL_CLOSED);
        assert!(is_cut_off || !attack.is_cut_off, "{listener}, slow {}: {said}", attack.name);
    }
}

/// Attacks until the time is over; answers with what the tool said.
fn run(attack: &Attack, (address, path, connections): (SocketAddr, &str, u32)) -> String {
    let mut command = Command::new("slowhttptest");
    command.args(attack.flags).args(["-c", &connections.to_string()]);
    command.args(["-r", &connections.to_string(), "-l", &size().seconds.to_string()]);
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
    let p99 = all.get(all.len() * 99 / 100).copied().unwrap_or_default();
    Waits { count: all.len(), p99 }
}
