//! A server of a test's own: a real one on free ports, in an actix system on a thread of its own,
//! with its keys in a folder that goes when the test does.
//!
//! On which store is said by the run ([`TestStore::fresh`]) or by the test. The store outlives the
//! server: [`TestApp::restart`] starts another one on it.

use super::checks::eventually;
use super::people::Buyer;
use super::ports::{DecliningRail, TestClock, folder};
use super::scripted_rail::ScriptedRail;
use super::staff::Operator;
use super::store::{Audited, TestStore};
use super::vouchers::TestMerchants;
use super::wire::Web;
use openrun::app::{Ports, Running, StartFault, start_with};
use openrun::config::Config;
use openrun::store::MerchantRows;
use openrun::store::OpenError;
use openrun::trust::{Keys, Role};
use openrun_actors::{Clock, Engine, PayBy, Store};
use openrun_core::{ChannelId, Timestamp};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// When tests begin if they say nothing: the morning of the first round.
pub const MORNING: &str = "2022-07-14T10:00:00+09:00";

/// How a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As asked by a signal: everything answered and durable.
    Stop,
    /// At once, whatever is under way.
    Drop,
}

/// What a server stands on; stays when it is restarted.
#[derive(Clone)]
struct Ground {
    data: Arc<TempDir>,
    store: TestStore,
    clock: TestClock,
    rail: DecliningRail,
    /// Stands in for the declining rail when there is one.
    waiting: Option<PayBy>,
    /// Stands between the server and its store when there is one.
    port: Option<Arc<dyn Store>>,
    /// Whether it is a server for development.
    is_dev: bool,
}

/// A server that runs.
pub struct TestApp {
    pub public: SocketAddr,
    pub ops: SocketAddr,
    pub engine: Engine,
    pub keys: Arc<Keys>,
    pub clock: TestClock,
    pub rail: DecliningRail,
    pub web: Web,
    pub operator: Operator,
    ground: Ground,
    end: Option<oneshot::Sender<Ending>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl TestApp {
    /// A server on an empty store, on the morning of 14 July 2022.
    pub async fn start() -> TestApp {
        TestApp::start_at(MORNING).await
    }

    /// A server on an empty store, at this moment.
    pub async fn start_at(moment: &str) -> TestApp {
        TestApp::start_on(TestStore::fresh().await, moment).await
    }

    /// A server on this store, at this moment.
    pub async fn start_on(store: TestStore, moment: &str) -> TestApp {
        let (data, clock, rail) = (folder(), TestClock::at(moment), DecliningRail::default());
        TestApp::on(Ground { data, store, clock, rail, waiting: None, port: None, is_dev: true })
            .await
    }

    /// A server that asks this port, behind which is the store that is audited.
    pub async fn start_with_port(port: Arc<dyn Store>, store: TestStore, moment: &str) -> TestApp {
        let (data, clock, rail) = (folder(), TestClock::at(moment), DecliningRail::default());
        TestApp::on(Ground {
            data,
            store,
            clock,
            rail,
            waiting: None,
            port: Some(port),
            is_dev: true,
        })
        .await
    }

    /// The same, and its payments must be waited for.
    pub async fn start_with_port_paying_by(
        port: Arc<dyn Store>,
        store: TestStore,
        waiting: &ScriptedRail,
    ) -> TestApp {
        let (data, clock, rail) = (folder(), TestClock::at(MORNING), DecliningRail::default());
        let (waiting, port) = (Some(waiting.port()), Some(port));
        TestApp::on(Ground { data, store, clock, rail, waiting, port, is_dev: true }).await
    }

    /// A server whose payments must be waited for.
    pub async fn start_paying_by(waiting: &ScriptedRail) -> TestApp {
        TestApp::start_with_rail(waiting.port()).await
    }

    /// A server that pays so.
    pub async fn start_with_rail(pay_by: PayBy) -> TestApp {
        let (data, clock) = (folder(), TestClock::at(MORNING));
        let store = TestStore::fresh().await;
        let (rail, waiting) = (DecliningRail::default(), Some(pay_by));
        TestApp::on(Ground { data, store, clock, rail, waiting, port: None, is_dev: true }).await
    }

    /// A server with keys of its own, as it is served in earnest.
    pub async fn start_in_earnest() -> TestApp {
        let (data, clock, rail) = (folder(), TestClock::at(MORNING), DecliningRail::default());
        let channel = ChannelId::new("seoul-pay").expect("a channel is a slug");
        openrun::trust::init(data.path(), &[channel]).expect("the folder takes keys");
        let store = TestStore::fresh().await;
        let ground = Ground { data, store, clock, rail, waiting: None, port: None, is_dev: false };
        TestApp::on(ground).await
    }

    async fn on(ground: Ground) -> TestApp {
        let (ready, is_ready) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let here = ground.clone();
        let thread = std::thread::spawn(move || serve(&here, ready, ended));
        let (public, ops, engine, keys) = is_ready.await.expect("the server starts");
        let (web, ops_web) = (Web::new(public), Web::new(ops));
        let operator = Operator::new(ops_web, staff_token(&keys, Role::Operator, &ground.clock));
        let (clock, rail) = (ground.clock.clone(), ground.rail.clone());
        let (end, thread) = (Some(end), Some(thread));
        TestApp { public, ops, engine, keys, clock, rail, web, operator, ground, end, thread }
    }

    /// Ends this server and starts another one on the same store.
    pub async fn restart(self, ending: Ending) -> TestApp {
        let waiting = self.ground.waiting.clone();
        self.restart_paying_by(ending, waiting).await
    }

    /// The same, and the other one pays so: at once where nothing is said.
    pub async fn restart_paying_by(mut self, ending: Ending, waiting: Option<PayBy>) -> TestApp {
        let ground = Ground { waiting, ..self.ground.clone() };
        self.end_with(ending).await;
        drop(self);
        TestApp::on(ground).await
    }

    /// Stops, and answers with what an audit of the store finds.
    pub async fn stop(mut self) -> Audited {
        self.end_with(Ending::Stop).await;
        self.ground.store.audit(self.ground.data.path()).await
    }

    async fn end_with(&mut self, ending: Ending) {
        if let (Some(end), Some(thread)) = (self.end.take(), self.thread.take()) {
            let _ = end.send(ending);
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            joined.expect("joining does not panic").expect("the server does not panic");
        }
    }

    /// The time by this server's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The folder of keys and store.
    pub fn data(&self) -> PathBuf {
        self.ground.data.path().to_owned()
    }

    /// Somebody who uses Seoul Pay+, born in an odd year.
    pub fn buyer(&self, person: &str) -> Buyer {
        self.buyer_in(person, "seoul-pay", "1991-03-01")
    }

    /// Somebody in a channel's app.
    pub fn buyer_in(&self, person: &str, channel: &str, birthdate: &str) -> Buyer {
        Buyer::new(self.web.clone(), person, self.token(person, channel, birthdate))
    }

    /// A token as the back end of a channel makes it, good for a day.
    pub fn token(&self, person: &str, channel: &str, birthdate: &str) -> String {
        let channel = ChannelId::new(channel).expect("a channel is a slug");
        let now = self.clock.now();
        let made = self.keys.make_person_token(person, &channel, birthdate, now, 86_400);
        made.expect("a test knows the development channels")
    }

    /// A member of the staff in another role.
    pub fn staff(&self, role: Role) -> Operator {
        self.staff_named("tester", role)
    }

    /// Another member of the staff.
    pub fn staff_named(&self, name: &str, role: Role) -> Operator {
        let token = named_token(&self.keys, name, role, &self.clock);
        Operator::new(self.operator.web.clone(), token)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The thread ends by itself; a test that is over has nothing to wait for.
        if let Some(end) = self.end.take() {
            let _ = end.send(Ending::Drop);
        }
    }
}

fn staff_token(keys: &Keys, role: Role, clock: &TestClock) -> String {
    named_token(keys, "tester", role, clock)
}

fn named_token(keys: &Keys, name: &str, role: Role, clock: &TestClock) -> String {
    let made = keys.make_staff_token(name, role, clock.now(), 40 * 86_400);
    made.expect("development keys can sign for staff")
}

type Ready = (SocketAddr, SocketAddr, Engine, Arc<Keys>);

fn serve(ground: &Ground, ready: oneshot::Sender<Ready>, ended: oneshot::Receiver<Ending>) {
    let runner = actix_web::rt::System::new();
    let config = config_in(ground);
    let clock: Arc<dyn Clock> = Arc::new(ground.clock.clone());
    let rail = match &ground.waiting {
        Some(waiting) => waiting.clone(),
        None => PayBy::AtOnce(Arc::new(ground.rail.clone())),
    };
    runner.block_on(async {
        let running = start_when_free(ground, &config, &clock, &rail).await;
        let keys = Arc::clone(&running.keys);
        let told = (running.public, running.ops, running.engine.clone(), keys);
        if ready.send(told).is_ok() && ended.await == Ok(Ending::Stop) {
            running.stop().await;
        }
        // Ends every actor with its thread; what they own goes with them.
        actix_web::rt::System::current().stop();
    });
    runner.run().expect("the system ends");
}

/// Starts once the server before has let go of the store: its threads end one after the other.
async fn start_when_free(
    ground: &Ground,
    config: &Config,
    clock: &Arc<dyn Clock>,
    rail: &PayBy,
) -> Running {
    for _ in 0..eventually::LOOKS {
        let (rail, store) = (Some(rail.clone()), ground.port.clone());
        let merchants: Option<Arc<dyn MerchantRows>> = Some(Arc::new(TestMerchants));
        let ports = Ports { clock: Arc::clone(clock), rail, store, merchants };
        match start_with(config, ports).await {
            Ok(running) => return running,
            Err(StartFault::Store(OpenError::InUse { .. })) => eventually::pause().await,
            Err(fault) => panic!("{fault}"),
        }
    }
    panic!("the server before never let go of its store");
}

fn config_in(ground: &Ground) -> Config {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let data = ground.data.path().to_owned();
    let store = ground.store.url(&data);
    Config {
        public: any_port,
        ops: any_port,
        store,
        data,
        dev: ground.is_dev,
        workers: 1,
        stop_timeout_s: 5,
        ..Config::default()
    }
}
