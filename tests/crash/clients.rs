//! The sample clients of `docs/clients`, in a rush, behind a proxy that drops answers: they are
//! killed, the server is killed, and each buys exactly once. Needs node and Python.

use crate::chance::Chance;
use crate::house::{House, PATIENT_FINALITY, ROUND, Server};
use crate::kill::sale_in;
use crate::people::World;
use crate::support::proxy::{Direction, FaultProxy, When};
use crate::support::{Buyer, TestRail, Web, eventually, join_all};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command as Program, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/clients");
/// What each person runs, in turn. `-S` hides what is installed beside Python: the client without a
/// library that verifies.
const KINDS: [&[&str]; 3] = [
    &["node", "--no-warnings", "typescript/buy.js"],
    &["python3", "-B", "python/buy.py"],
    &["python3", "-B", "-S", "python/buy.py"],
];
/// People who use a sample client: four of each kind.
const PEOPLE: usize = 12;
/// People who are there besides them.
const OTHERS: usize = 40;
/// How often each client is killed, and how long it lives until then, in milliseconds: from before
/// its first request until somewhere between joining and the answer to its purchase.
const KILLS: u32 = 3;
const LIVES_MILLIS: (u64, u64) = (150, 2_500);
/// How often the server is killed, and after how long.
const SERVER_KILLS: u32 = 3;
const SERVER_LIVES_MILLIS: (u64, u64) = (500, 2_000);
/// From the start of a client to its purchase, at the slowest.
const LIMIT: Duration = Duration::from_secs(120);
const AMOUNT_WON: i64 = 100_000;
/// Calls whose answers are dropped, each as often as it stands here.
const DROPPED: [&str; 8] =
    ["tickets", "tickets", "passes", "passes", "purchases", "purchases", "purchases", "purchases"];

/// Somebody with a sample client, behind the proxy.
#[derive(Clone)]
struct User {
    words: &'static [&'static str],
    person: String,
    token: String,
    base: String,
    state: PathBuf,
}

impl User {
    fn new(house: &House, index: usize, kind: &'static [&'static str], base: &str) -> User {
        let person = format!("user-{index}");
        let token = house.person_token(&person, "seoul-pay");
        let state = house.path(&format!("{person}.json"));
        User { words: kind, person, token, base: base.to_owned(), state }
    }

    async fn start(&self) -> Child {
        let (script, program) = self.words.split_last().expect("each kind has a script");
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).arg(format!("{CLIENTS}/{script}"));
        command.args([&self.base, ROUND, &AMOUNT_WON.to_string()]).arg(&self.state);
        command.arg("110-000-000000").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let missing = "it is missing: tests/run installs it";
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{}: {error}; {missing}", program[0]));
        let mut input = child.stdin.take().expect("it is piped");
        input.write_all(self.token.as_bytes()).await.expect("it reads");
        child
    }

    /// Runs the client and kills it, if it has not come to its end before.
    async fn run_and_kill(&self, after: Duration) -> bool {
        let mut child = self.start().await;
        let is_killed = timeout(after, child.wait()).await.is_err();
        if is_killed {
            child.kill().await.expect("a child can be killed");
        }
        is_killed
    }

    /// Runs the client to its end; answers with the purchase that it tells.
    async fn run(&self) -> Value {
        let ended = timeout(LIMIT, self.start().await.wait_with_output()).await;
        let output = ended.unwrap_or_else(|_| panic!("{} never bought", self.person));
        let Output { status, stdout, stderr } = output.expect("a child can be waited for");
        let (said, noted) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{}: {status}\n{said}\n{noted}", self.person);
        let said: Value = serde_json::from_str(&said).expect("it writes JSON");
        assert_eq!(said["state"], "bought", "{said}");
        said["purchase"].clone()
    }

    /// The whole path, killed on the way; answers with the purchase and how often it was killed.
    async fn live(self, mut chance: Chance) -> (Value, u32) {
        let mut killed = 0;
        for _ in 0..KILLS {
            let (least, most) = LIVES_MILLIS;
            let after = Duration::from_millis(chance.within(least, most));
            killed += u32::from(self.run_and_kill(after).await);
        }
        (self.run().await, killed)
    }

    /// What the server says that this person bought.
    async fn purchases(&self, house: &House) -> Vec<Value> {
        let buyer = Buyer::new(Web::new(house.public), &self.person, self.token.clone());
        buyer.purchases().await
    }
}

/// A purchase each, and the one that the client told.
fn assert_bought_once(user: &User, told: &Value, purchases: &[Value]) {
    let ids: Vec<&Value> = purchases.iter().map(|purchase| &purchase["id"]).collect();
    assert_eq!(ids, [&told["id"]], "{}: {purchases:?}", user.person);
    assert_eq!(purchases[0]["state"], "issued", "{}: {purchases:?}", user.person);
    assert_eq!(purchases[0]["amount_won"], AMOUNT_WON, "{}: {purchases:?}", user.person);
}

async fn killed_and_started_again(world: &World, mut server: Server, mut chance: Chance) -> Server {
    let (least, most) = SERVER_LIVES_MILLIS;
    for _ in 0..SERVER_KILLS {
        sleep(Duration::from_millis(chance.within(least, most))).await;
        server.kill().await;
        server = world.house.serve().await;
    }
    server
}

/// F1, F2, F6, F27, F37, as a channel's app meets them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sample_clients_buy_once_through_kills_cuts_and_restarts() {
    let (mut chance, seed) = Chance::of_run();
    println!("OPENRUN_SEED={seed}");
    let rail = TestRail::start("slow=10,drop_answer=10,latency=50");
    let house = House::new().await.paying_by(&rail, PATIENT_FINALITY);
    let (world, server, mut crowd) = sale_in(house, OTHERS, &mut chance).await;
    // So slow that there is a line, and time to be killed in it.
    let slow = json!({"rate_per_s": 15, "reason": "a line is wanted"});
    let path = format!("/v1/admin/rounds/{ROUND}/inlet");
    assert_eq!(world.house.ask_ops("PATCH", &path, Some(slow)).await.status, 200);
    let proxy = FaultProxy::start(world.house.public).await;
    for what in DROPPED {
        let request = format!("POST /v1/rounds/{ROUND}/{what} ");
        proxy.cut_at(request.as_bytes(), Direction::ToServer, When::AfterForwardingBeforeReply);
    }
    let base = format!("http://{}", proxy.address);
    let kinds = KINDS.iter().cycle().take(PEOPLE).enumerate();
    let users: Vec<User> =
        kinds.map(|(index, kind)| User::new(&world.house, index, kind, &base)).collect();
    let lives = users.iter().map(|user| user.clone().live(Chance::new(chance.next())));
    let lives = tokio::spawn(join_all(lives.collect::<Vec<_>>()));
    let server = killed_and_started_again(&world, server, chance.clone()).await;
    let told = lives.await.expect("every client buys");
    crowd.shutdown().await;
    for (user, (told, _)) in users.iter().zip(&told) {
        assert_bought_once(user, told, &user.purchases(&world.house).await);
    }
    // It was no walk in the park.
    let killed: u32 = told.iter().map(|(_, killed)| killed).sum();
    let dropped = proxy.counts().sprung;
    println!("{killed} clients killed, {SERVER_KILLS} servers, {dropped} answers dropped");
    assert_eq!(dropped, DROPPED.len() as u64, "answers were dropped");
    assert!(killed >= 6, "clients were killed: {killed}");
    eventually::so("nothing is under way", async || world.house.round().await["held_won"] == 0)
        .await;
    server.terminate(LIMIT).await;
    world.house.assert_audit_is_clean().await;
}

/// The negative control: a client that forgets what it had buys again, and that is seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_loses_its_file_buys_twice_and_is_found_out() {
    let (house, mut found) = (Arc::new(House::new().await), 0);
    let _server = house.serve().await;
    house.open_round().await;
    let base = format!("http://{}", house.public);
    for (index, kind) in KINDS.iter().enumerate() {
        let user = User::new(&house, index, kind, &base);
        let first = user.run().await;
        assert_bought_once(&user, &first, &user.purchases(&house).await);
        assert_eq!(user.run().await["id"], first["id"], "whoever keeps the file buys once");
        std::fs::remove_file(&user.state).expect("it kept something");
        assert_ne!(user.run().await["id"], first["id"]);
        found += usize::from(user.purchases(&house).await.len() == 2);
    }
    assert_eq!(found, KINDS.len());
}

/// The committed JavaScript is what the compiler makes of the TypeScript; where it is installed
/// (`npm ci` in `web/`).
#[test]
fn the_client_in_javascript_is_the_one_in_typescript() {
    let compiler = concat!(env!("CARGO_MANIFEST_DIR"), "/web/node_modules/.bin/tsc");
    if !PathBuf::from(compiler).exists() {
        println!("SKIPPED: no compiler of TypeScript in web/node_modules");
        return;
    }
    let folder = tempfile::tempdir().expect("tests can write to a folder");
    let project = format!("{CLIENTS}/typescript");
    let mut program = Program::new(compiler);
    let ran = program.args(["--project", &project, "--outDir"]).arg(folder.path()).output();
    let ran = ran.expect("it starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("it is there");
    let made = read(folder.path().join("openrun-client.js"));
    assert_eq!(made, read(PathBuf::from(project).join("openrun-client.js")), "npm run build");
}
