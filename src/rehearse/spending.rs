//! Paying at merchants while others buy: so many spends a second, each due at its own moment
//! whatever became of those before it.
//!
//! Who spends buys a voucher in a round of its own before anything else begins; then pays for a
//! while without anybody else there, and goes on until the last sale is over. On a thread of its
//! own, with connections of its own: what is measured is the server's, not a crowd's that shares a
//! loop. A spend without a definite answer is sent again with its key; one that is turned away is
//! counted.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::future::join_all;
use hdrhistogram::Histogram;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::spawn_local;

use super::calls::Problem;
use super::chance::Chance;
use super::crowd::Crowd;
use super::door::{Door, Place, list};
use super::engine::Prepared;
use super::figures::record;
use super::outcome::{self, Played};
use super::progress::Screen;
use super::spent::{self, Counted, Spending, SpentReading};
use super::verdict::Verdict;
use super::wire::{Answer, Wire};
use super::{Options, Pace};

/// The scenario of the holders has people for so many spends a second at scale 1.
const HOLDERS_FOR_PER_S: f64 = 200.0;
/// So long they pay before anybody else comes: what the rush is compared with.
const QUIET: Duration = Duration::from_secs(3);
/// Connections that they share: at 200 spends a second the server may stand still for a third of a
/// second before one waits for a free connection, and that wait counts.
const CONNECTIONS: usize = 64;
/// Each pays from so much up to so much, in won: little enough that a voucher lasts for half a day.
const LEAST_WON: u64 = 10;
const MOST_WON: u64 = 200;
/// A spend without an answer is sent again this much later.
const AFTER_LOSS: Duration = Duration::from_millis(50);
/// A spend without a definite answer for so long is given up, and its voucher is not compared.
const GIVE_UP: Duration = Duration::from_secs(60);
/// How long a server may take to know merchants for a program that is new.
const MERCHANTS_WITHIN: Duration = Duration::from_secs(10);
/// How often it is told how it goes, and a reading kept for the plot.
const READ_EVERY: Duration = Duration::from_secs(2);

/// The options of the round in which the holders buy.
pub(super) fn holders_at(rate_per_s: u32, options: &Options) -> Options {
    let scale = f64::from(rate_per_s) / HOLDERS_FOR_PER_S;
    Options { scale, pace: Pace::Max, ..options.clone() }
}

/// Where the run is, for the thread that pays.
#[derive(Default)]
struct Stage {
    rush: AtomicBool,
    over: AtomicBool,
}

/// Payments that go on until they are ended.
pub(super) struct Paying {
    holders: Prepared,
    played: Played,
    stage: Arc<Stage>,
    spent: oneshot::Receiver<anyhow::Result<(Counted, Vec<Purse>)>>,
}

impl Paying {
    /// Has the holders buy, begins to pay, and comes back when the quiet part is over.
    pub async fn begin(
        mut holders: Prepared,
        rate_per_s: u32,
        screen: &Screen,
    ) -> anyhow::Result<Self> {
        let mut public = Door::new(&holders.target, &holders.operator);
        if let Some(region) = region_of_a_merchant(&mut public).await? {
            holders.scenario.programs[0].regions = vec![region];
        }
        let played = outcome::alone(&mut holders, screen).await?;
        let program = holders.ids.on_server(&holders.scenario.programs[0].id);
        let merchants = merchants_of(&mut public, &program).await?;
        let purses = purses_of(&played.0, &holders.target).await?;
        ensure!(!purses.is_empty(), "nobody got a voucher to spend");
        let target = holders.target.clone();
        let run = holders.ids.run.clone();
        let stage = Arc::new(Stage::default());
        let (answer, spent) = oneshot::channel();
        let (shared, screen) = (Arc::clone(&stage), screen.clone());
        std::thread::Builder::new().name("rehearsal-spending".to_owned()).spawn(move || {
            let spender = Spender::new(rate_per_s, run, purses, merchants, shared);
            // Nobody listens any more only if the rehearsal has failed elsewhere.
            let _ = answer.send(spender.pay_until_over(&target, &screen));
        })?;
        tokio::time::sleep(QUIET).await;
        stage.rush.store(true, Ordering::SeqCst);
        Ok(Self { holders, played, stage, spent })
    }

    /// Ends it, and compares what was acknowledged with what the server says. With the verdict of
    /// the round that the holders bought in.
    pub async fn end(mut self) -> anyhow::Result<(Verdict, Spending)> {
        self.stage.over.store(true, Ordering::SeqCst);
        let (counted, purses) = self.spent.await.context("the paying thread ended early")??;
        let differing = differing(&self.holders.target, &purses).await?;
        let verdict = outcome::judged(&self.holders, &mut self.played).await?;
        Ok((verdict, spent::judge(counted, differing)))
    }
}

/// Where somebody takes vouchers, if the server knows anybody.
async fn region_of_a_merchant(public: &mut Door) -> anyhow::Result<Option<String>> {
    let answer = public.json("GET", "/v1/merchants?limit=1", None).await?;
    let region = list(&answer).first().and_then(|it| it.get("region")).and_then(Value::as_str);
    Ok(region.map(str::to_owned))
}

async fn merchants_of(public: &mut Door, program: &str) -> anyhow::Result<Vec<String>> {
    let began = Instant::now();
    let path = format!("/v1/merchants?program={program}&limit=100");
    loop {
        let answer = public.json("GET", &path, None).await?;
        let id = |it: &Value| it.get("id").and_then(Value::as_str).map(str::to_owned);
        let found: Vec<String> = list(&answer).iter().filter_map(id).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let why = "nobody there takes vouchers: import merchants, or serve with --dev";
        ensure!(began.elapsed() < MERCHANTS_WITHIN, "{why}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A voucher, as its holder knows it.
struct Purse {
    token: String,
    voucher: String,
    bought_won: u64,
    balance_won: u64,
    /// A spend had no answer: what is left is not known.
    unclear: bool,
}

async fn purses_of(crowd: &Crowd, target: &Place) -> anyhow::Result<Vec<Purse>> {
    let mut door = Door::new(target, "");
    let mut purses = Vec::with_capacity(crowd.acknowledged.len());
    for told in &crowd.acknowledged {
        let plan = &crowd.visits[told.visit as usize].plan;
        let token = crowd.tokens.of(plan.person, plan.phone);
        door.become_person(token);
        let answer = door.json("GET", "/v1/vouchers?limit=1", None).await?;
        let voucher = list(&answer).first().and_then(|it| it.get("id")).and_then(Value::as_str);
        let voucher = voucher.context("who bought has no voucher")?.to_owned();
        let (token, won) = (token.to_owned(), told.amount_won);
        let (bought_won, balance_won, unclear) = (won, won, false);
        purses.push(Purse { token, voucher, bought_won, balance_won, unclear });
    }
    Ok(purses)
}

/// How many vouchers the server knows otherwise than their holders, of those that are clear.
async fn differing(target: &Place, purses: &[Purse]) -> anyhow::Result<u64> {
    let mut door = Door::new(target, "");
    let mut differing = 0;
    for purse in purses.iter().filter(|purse| !purse.unclear) {
        door.become_person(&purse.token);
        let path = format!("/v1/vouchers/{}?limit=1", purse.voucher);
        let said = door.json("GET", &path, None).await?;
        let won = |key: &str| said.get(key).and_then(Value::as_u64);
        let spent_won = purse.bought_won - purse.balance_won;
        let same =
            (won("balance_won"), won("spent_won")) == (Some(purse.balance_won), Some(spent_won));
        differing += u64::from(!same);
    }
    Ok(differing)
}

/// One payment.
struct Spend {
    number: u64,
    purse: usize,
    merchant: usize,
    amount_won: u64,
    due: Instant,
}

/// What a payment is answered.
#[derive(Deserialize)]
struct SpendAnswer<'a> {
    voucher_id: &'a str,
    merchant_id: &'a str,
    amount_won: u64,
}

/// Everybody who spends, on one thread.
struct Spender {
    run: String,
    began: Instant,
    next: u64,
    purses: Vec<Purse>,
    merchants: Vec<String>,
    chance: Chance,
    stage: Arc<Stage>,
    counted: Counted,
    recent: Histogram<u64>,
}

impl Spender {
    fn new(
        rate_per_s: u32,
        run: String,
        purses: Vec<Purse>,
        merchants: Vec<String>,
        stage: Arc<Stage>,
    ) -> Self {
        let counted = Counted::new(rate_per_s, purses.len() as u64, merchants.len() as u64);
        let recent = Histogram::new(2).expect("two significant digits are allowed");
        let (began, next, chance) = (Instant::now(), 0, Chance::new(u64::from(rate_per_s)));
        Self { run, began, next, purses, merchants, chance, stage, counted, recent }
    }

    fn is_over(&self) -> bool {
        self.stage.over.load(Ordering::SeqCst)
    }

    /// When the next payment is due, and which it is.
    fn next_due(&mut self) -> (u64, Instant) {
        let number = self.next;
        self.next += 1;
        let after_s = number as f64 / f64::from(self.counted.told.rate_per_s);
        (number, self.began + Duration::from_secs_f64(after_s))
    }

    /// Who pays what to whom; nothing if whose turn it is has spent all.
    fn begin(&mut self, number: u64, due: Instant) -> Option<Spend> {
        self.counted.told.due += 1;
        let place = (number % self.purses.len() as u64) as usize;
        let amount_won = LEAST_WON + self.chance.below(MOST_WON - LEAST_WON + 1);
        let merchant = self.chance.below(self.merchants.len() as u64) as usize;
        let purse = &mut self.purses[place];
        if purse.balance_won < amount_won {
            self.counted.dry += 1;
            return None;
        }
        purse.balance_won -= amount_won;
        Some(Spend { number, purse: place, merchant, amount_won, due })
    }

    fn write(&self, spend: &Spend, host: &str, out: &mut Vec<u8>) {
        let Purse { token, voucher, .. } = &self.purses[spend.purse];
        let merchant = &self.merchants[spend.merchant];
        let amount_won = spend.amount_won;
        let body = format!(r#"{{"merchant_id":"{merchant}","amount_won":{amount_won}}}"#);
        out.clear();
        // Writing into a vector cannot fail.
        let _ = write!(
            out,
            "POST /v1/vouchers/{voucher}/spends HTTP/1.1\r\nhost: {host}\r\n\
             authorization: Bearer {token}\r\nidempotency-key: {}-spend-{}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.run,
            spend.number,
            body.len(),
        );
    }

    /// Takes an answer in; how long to wait before the same is asked again, if it must be.
    fn answered(
        &mut self,
        spend: &Spend,
        sent: Instant,
        is_first: bool,
        answer: &Answer<'_>,
    ) -> Option<Duration> {
        if !(200..300).contains(&answer.status) {
            let problem: Problem<'_> = serde_json::from_slice(answer.body).unwrap_or_default();
            self.counted.refused(&format!("{} {}", answer.status, problem.code));
            if matches!(answer.status, 503 | 429) {
                return Some(Duration::from_secs(answer.retry_after_s.unwrap_or(1).clamp(1, 10)));
            }
            self.purses[spend.purse].balance_won += spend.amount_won;
            return None;
        }
        let told: Option<SpendAnswer<'_>> = serde_json::from_slice(answer.body).ok();
        let is_as_asked = told.is_some_and(|told| {
            told.voucher_id == self.purses[spend.purse].voucher
                && told.merchant_id == self.merchants[spend.merchant]
                && told.amount_won == spend.amount_won
        });
        self.counted.otherwise += u64::from(!is_as_asked || (is_first && answer.replayed));
        self.counted.told.paid += 1;
        self.counted.told.paid_won += spend.amount_won;
        let us = |since: Instant| since.elapsed().as_micros() as u64;
        let (from_intended_us, from_sending_us) = (us(spend.due), us(sent));
        let part = match self.stage.rush.load(Ordering::SeqCst) {
            true => &mut self.counted.rush,
            false => &mut self.counted.quiet,
        };
        part.record(from_intended_us, from_sending_us);
        record(&mut self.recent, from_intended_us);
        None
    }

    fn gave_up(&mut self, spend: &Spend) {
        self.counted.unanswered += 1;
        self.purses[spend.purse].unclear = true;
    }

    /// Keeps a reading, and says how it goes.
    fn read(&mut self) -> (f64, String) {
        let at_s = self.began.elapsed().as_secs_f64();
        let quantile = |q| self.recent.value_at_quantile(q);
        let (p50_us, p99_us) = (quantile(0.5), quantile(0.99));
        self.recent.clear();
        self.counted.told.readings.push(SpentReading { at_s, p50_us, p99_us });
        let refused: u64 = self.counted.told.refusals.values().sum();
        let (p50_ms, p99_ms) = (p50_us as f64 / 1000.0, p99_us as f64 / 1000.0);
        let paid = self.counted.told.paid;
        let line = format!(
            "spending: {paid} paid, {refused} refused, p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms"
        );
        (at_s, line)
    }

    /// Pays on this thread until it is over.
    fn pay_until_over(
        self,
        target: &Place,
        screen: &Screen,
    ) -> anyhow::Result<(Counted, Vec<Purse>)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let spender = Rc::new(RefCell::new(self));
        let all = async {
            let teller = spawn_local(tell(spender.clone(), screen.clone()));
            join_all((0..CONNECTIONS).map(|_| spawn_local(pay(spender.clone(), target.clone()))))
                .await
                .into_iter()
                .collect::<Result<(), _>>()?;
            teller.abort();
            // Aborted: the only other one who holds it is gone after this.
            let _ = teller.await;
            anyhow::Ok(())
        };
        tokio::task::LocalSet::new().block_on(&runtime, all)?;
        let spender =
            Rc::try_unwrap(spender).map_err(|_| anyhow::anyhow!("somebody still pays"))?;
        let Spender { mut counted, purses, began, .. } = spender.into_inner();
        counted.told.seconds = began.elapsed().as_secs_f64();
        Ok((counted, purses))
    }
}

/// One connection: waits until a payment is due and makes it, again and again.
async fn pay(spender: Rc<RefCell<Spender>>, target: Place) {
    let mut wire = Wire::new(target.address);
    loop {
        let (number, due) = spender.borrow_mut().next_due();
        tokio::time::sleep_until(due.into()).await;
        if spender.borrow().is_over() {
            return;
        }
        let Some(spend) = spender.borrow_mut().begin(number, due) else { continue };
        pay_one(&spender, &mut wire, &target.host, &spend).await;
    }
}

async fn pay_one(spender: &Rc<RefCell<Spender>>, wire: &mut Wire, host: &str, spend: &Spend) {
    let mut is_first = true;
    while spend.due.elapsed() < GIVE_UP {
        spender.borrow().write(spend, host, &mut wire.out);
        let sent = Instant::now();
        let wait = match wire.call().await {
            Ok(answer) => spender.borrow_mut().answered(spend, sent, is_first, &answer),
            Err(_) => {
                spender.borrow_mut().counted.told.lost_connections += 1;
                Some(AFTER_LOSS)
            }
        };
        let Some(wait) = wait else { return };
        tokio::time::sleep(wait).await;
        is_first = false;
    }
    spender.borrow_mut().gave_up(spend);
}

/// Says every now and then how it goes.
async fn tell(spender: Rc<RefCell<Spender>>, screen: Screen) {
    let bar = screen.bar();
    if let Ok(style) = indicatif::ProgressStyle::with_template("{wide_msg}") {
        bar.set_style(style);
    }
    loop {
        tokio::time::sleep(READ_EVERY).await;
        let (at_s, line) = spender.borrow_mut().read();
        screen.line(&bar, at_s, line);
    }
}
