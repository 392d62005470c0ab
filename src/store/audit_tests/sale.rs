//! A sale with a holding limit of 400,000 won, in which one person has all the turns but the last,
//! written batch by batch by one server, another, or two at once.

use crate::store::audit::audit_url;
use crate::store::conformance::Owner;
use crate::store::sample;
use crate::store::sample::vouchers::{
    gifted, of, of_itself, payback, payback_sent, spent, voucher, voucher_stream,
};
use futures_util::future::BoxFuture;
use openrun_actors::store::Store;
use openrun_core::round_spec::LineId;
use openrun_core::voucher::PaybackCause;
use openrun_core::{Event, PersonKey, Purchase, Timestamp, Won};
use std::any::Any;
use std::path::Path;
use std::sync::Arc;

/// The one turn of another person.
pub(crate) const LAST_TURN: u64 = 4;

/// The URL of a store that is not there yet, and what keeps its place.
pub(crate) type Fresh = (String, Box<dyn Any + Send>);

/// Where stores can be made for tests that every store must pass.
#[derive(Clone, Copy)]
pub(crate) struct Ground {
    pub(crate) fresh: fn() -> BoxFuture<'static, Fresh>,
    /// Opens it: each time as another server.
    pub(crate) open: fn(String) -> BoxFuture<'static, Arc<dyn Store>>,
    /// Whether two servers may have it open. What the second would have written is planted where
    /// they may not.
    pub(crate) is_for_two: bool,
}

/// An embedded store.
pub(crate) const EMBEDDED: Ground = Ground {
    fresh: || {
        Box::pin(async {
            let directory = tempfile::tempdir().expect("a directory");
            let url = format!("sqlite:{}", directory.path().join("openrun.db").display());
            let place: Box<dyn Any + Send> = Box::new(directory);
            (url, place)
        })
    },
    open: |url| Box::pin(async move { crate::store::open(&url).await.expect("opens") }),
    is_for_two: false,
};

pub(crate) struct Sale {
    ground: Ground,
    url: String,
    sale: Owner,
    vouchers: Owner,
    /// Under which epoch of the sale another server is said to have written.
    planted: Option<u64>,
    _place: Box<dyn Any + Send>,
}

impl Sale {
    pub(crate) async fn open(ground: Ground) -> Sale {
        let (url, place) = (ground.fresh)().await;
        let store = (ground.open)(url.clone()).await;
        let mut sale = Owner::of(Arc::clone(&store)).await;
        let mut events = vec![Event::ProgramChanged { program: sample::program(400_000) }];
        events.extend(sample::opening_of(&sample::round(), 10));
        let (round, line) = (sample::round(), LineId(0));
        for number in 1..=LAST_TURN {
            let person = owner_of(number);
            let (here, there) = (round.clone(), round.clone());
            events.push(Event::Joined { round: here, line, number, person, dead_up_to: 0 });
            let expires_at = time(9);
            events.push(Event::Claimed { round: there, line, number, person, expires_at });
        }
        sale.write(events).await.expect("writes");
        let vouchers = Owner::of_stream(store, voucher_stream()).await;
        Sale { ground, url, sale, vouchers, planted: None, _place: place }
    }

    /// The data file of an embedded store.
    pub(crate) fn path(&self) -> &Path {
        Path::new(self.url.strip_prefix("sqlite:").expect("an embedded store"))
    }

    pub(crate) async fn buys(
        &mut self,
        number: u64,
        amount: i64,
        [left, used]: [i64; 2],
        at: Timestamp,
    ) {
        let purchase = Purchase {
            person: owner_of(number),
            amount: Won(amount),
            price: Won(amount / 100 * 93),
            subsidy: Won(amount / 100 * 7),
            left_after: Won(left),
            used_after: Won(used),
            monthly_limit: Won(500_000),
            at,
            ..sample::purchase(number)
        };
        let mut batch = self.sale.batch(vec![sample::issued(purchase)]);
        batch.events[0].0 = at;
        self.sale.store.commit(batch).await.expect("writes");
        self.sale.ownership.next_seq += 1;
    }

    async fn moves(&mut self, events: Vec<Event>, at: Timestamp) {
        let count = events.len() as u64;
        let mut batch = self.vouchers.batch(events.into_iter().map(|one| moved(one, at)).collect());
        batch.events.iter_mut().for_each(|(written, _)| *written = at);
        self.vouchers.store.commit(batch).await.expect("writes");
        self.vouchers.ownership.next_seq += count;
    }

    /// Somebody cancels all that they bought for 400,000 won.
    pub(crate) async fn cancels(&mut self, number: u64, at: Timestamp) {
        let one = owner_of(number);
        let whole = || payback(PaybackCause::Cancel, 400_000);
        let both = vec![
            payback_sent(of(voucher(number), one, number, 1), whole()),
            Event::PaidBack { of: of_itself(voucher(number), one, number, 2), payback: whole() },
        ];
        self.moves(both, at).await;
    }

    /// Somebody spends of what they bought, and so much is left.
    pub(crate) async fn spends(&mut self, number: u64, [amount, left]: [i64; 2], at: Timestamp) {
        let of = of(voucher(number), owner_of(number), number, 1);
        self.moves(vec![spent(of, amount, left)], at).await;
    }

    /// The one with the last turn gives of what they bought to the other, and so much is left.
    pub(crate) async fn gives(&mut self, [amount, left]: [i64; 2], at: Timestamp) {
        let of = of(voucher(LAST_TURN), owner_of(LAST_TURN), LAST_TURN, 1);
        self.moves(vec![gifted(of, owner_of(1), amount, left)], at).await;
    }

    /// The server ends, and another takes both streams over.
    pub(crate) async fn taken_over(self) -> Sale {
        let Sale { ground, url, sale, vouchers, planted, _place } = self;
        drop((sale, vouchers));
        let store = (ground.open)(url.clone()).await;
        let sale = Owner::of(Arc::clone(&store)).await;
        let vouchers = Owner::of_stream(store, voucher_stream()).await;
        Sale { ground, url, sale, vouchers, planted, _place }
    }

    /// The server takes both streams anew, as after commits that failed.
    pub(crate) async fn taken_anew(mut self) -> Sale {
        self.sale = Owner::of(Arc::clone(&self.sale.store)).await;
        self.is_in_doubt_of_vouchers().await;
        self
    }

    /// The right to write to the one stream is taken anew, as after a commit that failed.
    pub(crate) async fn is_in_doubt_of_vouchers(&mut self) {
        self.vouchers = Owner::of_stream(Arc::clone(&self.vouchers.store), voucher_stream()).await;
    }

    /// Another server takes the sale over, and the first keeps the vouchers.
    pub(crate) async fn is_shared(&mut self) {
        let store = match self.ground.is_for_two {
            true => (self.ground.open)(self.url.clone()).await,
            false => Arc::clone(&self.sale.store),
        };
        self.sale = Owner::of(store).await;
        self.planted = (!self.ground.is_for_two).then_some(self.sale.ownership.epoch);
    }

    /// The names of the rules that do not hold.
    pub(crate) async fn broken(&self) -> Vec<&'static str> {
        if let Some(epoch) = self.planted {
            let other = format!("update ownership set server = zeroblob(16) where epoch = {epoch}");
            super::plant_in(self.path(), &["ownership"], &other);
        }
        let url = self.url.clone();
        // It blocks, as the command does.
        let asked = tokio::task::spawn_blocking(move || audit_url(&url)).await;
        let report = asked.expect("ends").expect("is asked");
        report.findings.iter().map(|finding| finding.rule).collect()
    }
}

pub(crate) fn time(hours: i64) -> Timestamp {
    sample::OPENING.plus_millis(hours * 3_600_000)
}

/// Whose turn a number is.
fn owner_of(number: u64) -> PersonKey {
    sample::person(if number == LAST_TURN { 2 } else { 1 })
}

/// The same, decided at another time.
fn moved(event: Event, at: Timestamp) -> Event {
    let mut event = event;
    match &mut event {
        Event::Spent { of, .. }
        | Event::Gifted { of, .. }
        | Event::PaybackSent { of, .. }
        | Event::PaidBack { of, .. } => of.at = at,
        other => panic!("{other:?}"),
    }
    event
}
