//! A rail in the test's own process that must be waited for, with a ledger of its own: it does with
//! each order what the script says, and never forgets what it took.

use openrun_actors::rail::{Charge, RailTerms};
use openrun_actors::{PayBy, Rail};
use openrun_core::payment::RailAnswer;
use openrun_core::{PurchaseId, Won};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an order may still be approved that this rail does not know. A payment that was not
/// sent within half of it never is: longer than a commit takes on a machine that is busy.
pub const FINALITY: Duration = Duration::from_secs(3);

/// What becomes of the next order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// Approved, and said so.
    Approve,
    /// Declined, and said so.
    Decline,
    /// Approved, and the answer is lost.
    LoseAnswer,
    /// The request is lost: the rail never hears of it.
    LoseRequest,
    /// The request arrives this long after the caller gave up.
    ArriveLate(Duration),
    /// Approved for a won less than asked for.
    WrongAmount,
    /// Nothing is answered until the script goes on.
    Hang,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Approved(i64),
    Declined,
    Cancelled,
}

#[derive(Debug, Default)]
struct Ledger {
    script: VecDeque<Play>,
    orders: HashMap<String, Order>,
    /// Calls by order and kind.
    calls: HashMap<(String, &'static str), u32>,
    /// What becomes of the next refunds.
    refund_script: VecDeque<Play>,
    /// Refunds that were made, by their ids.
    refunds: HashMap<u128, i64>,
    /// What was given back of each order in parts.
    given_back_of: HashMap<String, i64>,
    taken: i64,
    given_back: i64,
    is_down: bool,
    barred: u32,
}

/// The rail. Clones share the ledger.
#[derive(Debug, Clone, Default)]
pub struct ScriptedRail {
    ledger: Arc<Mutex<Ledger>>,
    goes_on: Arc<tokio::sync::Notify>,
}

impl ScriptedRail {
    /// As the server takes it.
    pub fn port(&self) -> PayBy {
        PayBy::Waiting(Arc::new(self.clone()))
    }

    /// What becomes of the next orders; approved when the script is at its end.
    pub fn plays(&self, plays: impl IntoIterator<Item = Play>) {
        self.lock().script.extend(plays);
    }

    /// What becomes of the next refunds; made when the script is at its end.
    pub fn plays_refunds(&self, plays: impl IntoIterator<Item = Play>) {
        self.lock().refund_script.extend(plays);
    }

    /// How many refunds were made, each counted once.
    pub fn refunds(&self) -> usize {
        self.lock().refunds.len()
    }

    /// How often a refund was asked for.
    pub fn refund_calls(&self) -> usize {
        let ledger = self.lock();
        let of_kind = ledger.calls.iter().filter(|((_, kind), _)| *kind == "refund");
        of_kind.map(|(_, count)| *count as usize).sum()
    }

    /// From now on nothing is answered, or everything again.
    pub fn is_down(&self, is_down: bool) {
        self.lock().is_down = is_down;
    }

    /// Lets hanging calls go on.
    pub fn go_on(&self) {
        self.goes_on.notify_waiters();
    }

    /// What the rail took and did not give back.
    pub fn net_won(&self) -> i64 {
        let ledger = self.lock();
        ledger.taken - ledger.given_back
    }

    /// What it gave back.
    pub fn given_back_won(&self) -> i64 {
        self.lock().given_back
    }

    /// How often the rail was asked for the money of one order, at most.
    pub fn most_authorisations_of_one(&self) -> u32 {
        let ledger = self.lock();
        let of_kind = ledger.calls.iter().filter(|((_, kind), _)| *kind == "authorise");
        of_kind.map(|(_, count)| *count).max().unwrap_or(0)
    }

    /// How often the rail was asked for money.
    pub fn authorisations(&self) -> usize {
        let ledger = self.lock();
        let of_kind = ledger.calls.iter().filter(|((_, kind), _)| *kind == "authorise");
        of_kind.map(|(_, count)| *count as usize).sum()
    }

    /// How many orders were barred before they were known.
    pub fn barred(&self) -> u32 {
        self.lock().barred
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, request: &str, kind: &'static str) -> bool {
        let mut ledger = self.lock();
        *ledger.calls.entry((request.to_owned(), kind)).or_default() += 1;
        !ledger.is_down
    }

    /// Approves once, unless it was barred or decided before.
    fn approve(&self, request: &str, amount: i64) -> RailAnswer {
        let mut ledger = self.lock();
        if !ledger.orders.contains_key(request) {
            ledger.orders.insert(request.to_owned(), Order::Approved(amount));
            ledger.taken += amount;
        }
        answer_of(ledger.orders.get(request))
    }

    /// Gives back under an id once, however often it is asked.
    fn give_back(&self, request: &str, refund: PurchaseId, amount: i64) -> RailAnswer {
        let mut ledger = self.lock();
        let Some(Order::Approved(captured)) = ledger.orders.get(request).copied() else {
            return RailAnswer::Declined;
        };
        let before = ledger.given_back_of.get(request).copied().unwrap_or(0);
        if let Some(made) = ledger.refunds.get(&refund.0) {
            let is_same = *made == amount;
            return if is_same { after_refunds(captured - before) } else { RailAnswer::Declined };
        }
        if before + amount > captured {
            return RailAnswer::Declined;
        }
        ledger.refunds.insert(refund.0, amount);
        ledger.given_back_of.insert(request.to_owned(), before + amount);
        ledger.given_back += amount;
        after_refunds(captured - before - amount)
    }
}

fn after_refunds(left: i64) -> RailAnswer {
    match left {
        0 => RailAnswer::Cancelled,
        left => RailAnswer::Approved { amount: Won(left) },
    }
}

fn answer_of(order: Option<&Order>) -> RailAnswer {
    match order {
        None => RailAnswer::NotFound,
        Some(Order::Approved(amount)) => RailAnswer::Approved { amount: Won(*amount) },
        Some(Order::Declined) => RailAnswer::Declined,
        Some(Order::Cancelled) => RailAnswer::Cancelled,
    }
}

fn amount_of(request: &str) -> i64 {
    let (_, amount) = request.split_once(' ').expect("an id and an amount");
    amount.parse().expect("an amount")
}

#[async_trait::async_trait]
impl Rail for ScriptedRail {
    fn terms(&self) -> RailTerms {
        RailTerms {
            concurrency: 64,
            rate_per_s: 10_000,
            daily_limit: Won(1_000_000_000_000),
            finality: FINALITY,
            hold_ttl: Duration::from_secs(600),
            ask_again_after: Duration::from_millis(30),
        }
    }

    fn write_request(&self, charge: &Charge) -> String {
        format!("{} {}", String::from(charge.purchase), charge.price.0)
    }

    async fn authorise(&self, request: &str) -> RailAnswer {
        if !self.begin(request, "authorise") {
            return RailAnswer::Unknown;
        }
        let amount = amount_of(request);
        let play = self.lock().script.pop_front().unwrap_or(Play::Approve);
        match play {
            Play::Approve => self.approve(request, amount),
            Play::Decline => {
                self.lock().orders.insert(request.to_owned(), Order::Declined);
                RailAnswer::Declined
            }
            Play::LoseAnswer => {
                self.approve(request, amount);
                RailAnswer::Unknown
            }
            Play::LoseRequest => RailAnswer::Unknown,
            Play::ArriveLate(after) => {
                let (late, request) = (self.clone(), request.to_owned());
                std::thread::spawn(move || {
                    std::thread::park_timeout(after);
                    late.approve(&request, amount);
                });
                RailAnswer::Unknown
            }
            Play::WrongAmount => self.approve(request, amount - 1),
            Play::Hang => {
                self.goes_on.notified().await;
                self.approve(request, amount)
            }
        }
    }

    async fn inquire(&self, request: &str) -> RailAnswer {
        if !self.begin(request, "inquire") {
            return RailAnswer::Unknown;
        }
        answer_of(self.lock().orders.get(request))
    }

    async fn cancel(&self, request: &str) -> RailAnswer {
        if !self.begin(request, "cancel") {
            return RailAnswer::Unknown;
        }
        let mut ledger = self.lock();
        match ledger.orders.insert(request.to_owned(), Order::Cancelled) {
            Some(Order::Approved(amount)) => ledger.given_back += amount,
            None => ledger.barred += 1,
            Some(Order::Declined | Order::Cancelled) => {}
        }
        RailAnswer::Cancelled
    }

    async fn refund(&self, request: &str, refund: PurchaseId, amount: Won) -> RailAnswer {
        if !self.begin(request, "refund") {
            return RailAnswer::Unknown;
        }
        let play = self.lock().refund_script.pop_front().unwrap_or(Play::Approve);
        match play {
            Play::Decline => RailAnswer::Declined,
            Play::LoseRequest => RailAnswer::Unknown,
            Play::LoseAnswer => {
                self.give_back(request, refund, amount.0);
                RailAnswer::Unknown
            }
            Play::Hang => {
                self.goes_on.notified().await;
                self.give_back(request, refund, amount.0)
            }
            _ => self.give_back(request, refund, amount.0),
        }
    }
}
