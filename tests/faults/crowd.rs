//! A rush that goes on while the world breaks: people who sign up, join, wait, buy and leave, ask
//! again with the same key for as long as the answer is "not now", and write down what they were
//! promised.
//!
//! [`Sale::ends_clean`] holds every promise against the server and the store.

use crate::support::app::MORNING;
use crate::support::wire::{Answer, Request};
use crate::support::{Buyer, RoundForm, TestApp, TestStore, allowed, eventually};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The round on sale.
pub const ROUND: &str = "r1";
/// What everybody buys.
pub const AMOUNT_WON: i64 = 10_000;
/// Longest time until a question gets another answer than "not now": far above every fault here.
const PATIENCE: Duration = Duration::from_secs(90);
/// Longest time from the return of the store to the next purchases: half of the 30 s after which
/// what was asked of an actor is given up, for nothing must wait for that.
const RESUMED: Duration = Duration::from_secs(15);
/// Longest time of one call of somebody who waits, whatever the store does: below the 5 s after
/// which what waits for the store is given up.
const AT_ONCE: Duration = Duration::from_secs(3);
/// Greatest age of the document that they read, for the same reason.
const YOUNG_MILLIS: i64 = 3_000;
/// Longest time until a round that is being rebuilt takes newcomers again.
const PUT_RIGHT: Duration = Duration::from_secs(15);
/// So often nobody had an answer, with a pause between: what was on its way has arrived.
pub const SILENT_LOOKS: u32 = 100;
/// Between two questions of one person.
const PAUSE: Duration = Duration::from_millis(25);
/// Purchases after which a sale is said to go on.
const FLOWS: usize = 5;

/// A purchase that was answered.
struct Promise {
    buyer: Buyer,
    key: String,
    answer: Answer,
}

/// All that was answered so far.
#[derive(Default)]
struct Ledger {
    promises: Mutex<Vec<Promise>>,
    count: AtomicUsize,
}

impl Ledger {
    fn promised(&self, buyer: Buyer, key: String, answer: Answer) {
        let mut promises = self.promises.lock().unwrap_or_else(PoisonError::into_inner);
        promises.push(Promise { buyer, key, answer });
        self.count.store(promises.len(), Ordering::SeqCst);
    }
}

/// A round on sale and the people around it.
pub struct Sale {
    pub app: Arc<TestApp>,
    ledger: Arc<Ledger>,
    is_over: Arc<AtomicBool>,
    people: JoinSet<()>,
    turned_away: AtomicUsize,
}

impl Sale {
    /// On a store of the test's own; so many people at once.
    pub async fn on(store: TestStore, people: usize) -> Sale {
        Sale::in_app(TestApp::start_on(store, MORNING).await, people).await
    }

    /// In a server that has no round yet.
    pub async fn in_app(app: TestApp, people: usize) -> Sale {
        app.operator.define_open(ROUND, &RoundForm::for_all(100_000_000_000)).await;
        Sale::going_on(app, "person", people)
    }

    /// In a server whose round is open; people with other names than those of another crowd.
    pub fn going_on(app: TestApp, name: &str, people: usize) -> Sale {
        let app = Arc::new(app);
        let (ledger, is_over, turned_away) = Default::default();
        let mut sale = Sale { app, ledger, is_over, people: JoinSet::new(), turned_away };
        for slot in 0..people {
            let (app, ledger) = (Arc::clone(&sale.app), Arc::clone(&sale.ledger));
            let name = format!("{name}-{slot}");
            sale.people.spawn(live(name, app, ledger, Arc::clone(&sale.is_over)));
        }
        sale
    }

    /// How many purchases were answered.
    pub fn bought(&self) -> usize {
        self.ledger.count.load(Ordering::SeqCst)
    }

    /// How often a newcomer was told "not now".
    pub fn turned_away(&self) -> usize {
        self.turned_away.load(Ordering::SeqCst)
    }

    /// Waits until people buy; answers after how long.
    pub async fn flows(&mut self) -> Duration {
        let (before, began) = (self.bought(), Instant::now());
        while self.bought() < before + FLOWS {
            if let Some(ended) = self.people.try_join_next() {
                panic!("a person of the test stopped: {ended:?}");
            }
            assert!(began.elapsed() < PATIENCE, "nobody buys any more");
            sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }

    /// Waits until nobody was answered for so many looks, 20 ms apart; answers with how many
    /// purchases that were.
    pub async fn falls_silent(&self, silent_looks: u32) -> usize {
        let (began, mut last, mut looks) = (Instant::now(), self.bought(), 0);
        // Looks and not a time: a process that stood still has read none of its answers.
        while looks < silent_looks {
            assert!(began.elapsed() < PATIENCE, "purchases go on being answered");
            eventually::pause().await;
            let bought = self.bought();
            looks = if bought == last { looks + 1 } else { 0 };
            last = bought;
        }
        last
    }

    /// Somebody who does nothing yet; the same token each time.
    pub fn buyer(&self, person: &str) -> Buyer {
        self.app.buyer(person)
    }

    /// A purchase outside of the crowd; it counts with the others.
    pub async fn buys(&self, buyer: &Buyer, key: &str) {
        buy(buyer.clone(), key.to_owned(), &self.ledger).await;
    }

    /// Somebody new joins and reads the document while nothing can be written: each call is
    /// answered at once, though the first answers may be "not now" where something is just put
    /// right; and the document is young.
    pub async fn waiting_goes_on(&self, newcomer: &str) {
        let asked = Instant::now();
        let mut newcomer = self.buyer(newcomer);
        let mut joined = at_once(newcomer.join(ROUND)).await;
        while joined.status == 503 && asked.elapsed() < PUT_RIGHT {
            self.turned_away.fetch_add(1, Ordering::SeqCst);
            sleep(PAUSE).await;
            joined = at_once(newcomer.join(ROUND)).await;
        }
        let joined = allowed(joined);
        assert!(joined["number"].as_u64() > Some(0), "{joined}");
        let place = allowed(at_once(newcomer.where_am_i(ROUND)).await);
        assert_eq!(place["number"], joined["number"]);
        // When it was asked for: how long this thread takes to read it says nothing of its age.
        let now = self.app.now().0;
        let document = at_once(self.document()).await;
        let age = now - millis(&document["at"]);
        assert!(age < YOUNG_MILLIS, "the document is {age} ms old: {document}");
    }

    pub async fn document(&self) -> serde_json::Value {
        let request = Request::new("GET", format!("/v1/rounds/{ROUND}/watermark"));
        allowed(self.app.web.send(&request).await)
    }

    /// Ends the rush; whoever is in the middle of something comes to its end first.
    pub async fn is_over(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        while let Some(ended) = self.people.join_next().await {
            ended.expect("a person of the test is answered");
        }
    }

    /// Everything that was promised is so; answers with how many purchases that was.
    pub async fn ends_clean(self) -> usize {
        let (promised, mut faults) = self.ends().await;
        let count = faults.len();
        faults.truncate(10);
        assert!(count == 0, "{count} faults:\n{}", faults.join("\n"));
        promised
    }

    /// Ends the sale and holds what was promised against it: each key has its answer, each person
    /// their purchase, the store the sum of all of it, once, and every rule holds. Answers with how
    /// many purchases were promised, and what is not so.
    pub async fn ends(mut self) -> (usize, Vec<String>) {
        self.is_over().await;
        let promises = std::mem::take(
            &mut *self.ledger.promises.lock().unwrap_or_else(PoisonError::into_inner),
        );
        let mut faults = Vec::new();
        for Promise { buyer, key, answer } in &promises {
            let again = buyer.buy(ROUND, key, AMOUNT_WON).await;
            if (again.status, &again.body) != (201, &answer.body) || !again.is_replay() {
                faults.push(format!("OR-4: {key} was answered {answer:?} and is {again:?}"));
            }
        }
        let told_won = self.app.operator.figures(ROUND).await["sold_won"].as_i64().unwrap_or(-1);
        let app = Arc::into_inner(self.app).expect("nobody else is there");
        let audited = app.stop().await;
        faults.extend(audited.findings.iter().map(|finding| format!("audit: {finding}")));
        let promised = promises.len();
        let promised_won = AMOUNT_WON * i64::try_from(promised).expect("a count");
        let stored = (audited.purchases, audited.sold_won);
        if stored != (promised as u64, promised_won) {
            let promised = (promised, promised_won);
            faults.push(format!("OR-3: {promised:?} was promised and {stored:?} is stored"));
        }
        if told_won != audited.sold_won {
            faults.push(format!("OR-1: {told_won} was told as sold and {stored:?} is stored"));
        }
        (promised, faults)
    }
}

/// What somebody is answered who waits for nothing but the program.
async fn at_once<T>(answering: impl Future<Output = T>) -> T {
    let asked = Instant::now();
    let answer = answering.await;
    assert!(asked.elapsed() < AT_ONCE, "it took {:?}", asked.elapsed());
    answer
}

fn millis(moment: &serde_json::Value) -> i64 {
    let moment: jiff::Timestamp = moment.as_str().unwrap_or_default().parse().expect("a moment");
    moment.as_millisecond()
}

/// One after the other, until it is over.
async fn live(name: String, app: Arc<TestApp>, ledger: Arc<Ledger>, is_over: Arc<AtomicBool>) {
    for life in 0.. {
        if is_over.load(Ordering::SeqCst) {
            return;
        }
        let name = format!("{name}-{life}");
        let buyer = gets_pass(app.buyer(&name)).await;
        buy(buyer, format!("{name}-key"), &ledger).await;
    }
}

/// Signs up, joins and claims, whatever happens meanwhile.
pub async fn gets_pass(mut buyer: Buyer) -> Buyer {
    let sign_up = buyer.sign_up_request("110-000-000000");
    let signed_up = until_answered(&buyer, &sign_up).await;
    assert!(signed_up.status < 300, "{signed_up:?}");
    let began = Instant::now();
    while buyer.pass.is_none() {
        assert!(began.elapsed() < PATIENCE, "{} never had a turn", buyer.person);
        let answer = match &buyer.ticket {
            None => buyer.join(ROUND).await,
            Some(_) => buyer.claim(ROUND).await,
        };
        let is_not_yet = matches!(answer.status, 409 | 425 | 503);
        assert!(answer.status < 300 || is_not_yet, "{}: {answer:?}", buyer.person);
        if buyer.pass.is_none() {
            sleep(PAUSE).await;
        }
    }
    buyer
}

async fn buy(buyer: Buyer, key: String, ledger: &Ledger) {
    let request = buyer.buy_request(ROUND, &key, AMOUNT_WON);
    let answer = until_answered(&buyer, &request).await;
    assert_eq!(answer.status, 201, "{key}: {answer:?}");
    assert_eq!(answer.json()["state"], "issued", "{key}: {answer:?}");
    ledger.promised(buyer, key, answer);
}

/// Asks until the answer is another than "not now".
async fn until_answered(buyer: &Buyer, request: &Request) -> Answer {
    let began = Instant::now();
    loop {
        let answer = buyer.web.send(request).await;
        if answer.status != 503 {
            return answer;
        }
        assert!(["unavailable", "overloaded"].contains(&answer.code().as_str()), "{answer:?}");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        assert!(began.elapsed() < PATIENCE, "{} never had an answer: {answer:?}", buyer.person);
        sleep(PAUSE).await;
    }
}

/// The store is back: selling goes on by itself and soon, and people are told so.
pub async fn comes_back(sale: &mut Sale) {
    let after = sale.flows().await;
    assert!(after < RESUMED, "selling went on {after:?} after the store did");
    let is_over = async || sale.document().await["interruption"].is_null();
    eventually::so("the end of the interruption", is_over).await;
}

mod controls {
    use super::*;
    use crate::support::on_stage;

    #[test]
    fn an_untroubled_sale_keeps_its_promises() {
        on_stage(async {
            let mut sale = Sale::on(TestStore::File, 10).await;
            sale.flows().await;
            sale.waiting_goes_on("newcomer").await;
            comes_back(&mut sale).await;
            assert!(sale.ends_clean().await >= FLOWS);
        });
    }

    #[test]
    fn a_promise_that_is_not_kept_is_found_and_so_is_a_purchase_without_one() {
        on_stage(async {
            let mut sale = Sale::on(TestStore::File, 2).await;
            sale.flows().await;
            let buyer = gets_pass(sale.buyer("ann")).await;
            let known = Answer { status: 201, headers: Vec::new(), body: Vec::new() };
            sale.ledger.promised(buyer, "never-sent".to_owned(), known);
            let (_, faults) = sale.ends().await;
            assert!(faults.iter().any(|fault| fault.starts_with("OR-4: never-sent")), "{faults:?}");
            let mut sale = Sale::on(TestStore::File, 2).await;
            sale.flows().await;
            let buyer = gets_pass(sale.buyer("ann")).await;
            assert_eq!(buyer.buy(ROUND, "not-written-down", AMOUNT_WON).await.status, 201);
            let (_, faults) = sale.ends().await;
            assert!(faults.iter().any(|fault| fault.starts_with("OR-3: ")), "{faults:?}");
        });
    }
}
