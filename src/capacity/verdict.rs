//! Yes, yes with conditions, or no: what a sale asks against what was measured.
//!
//! Pure. Each need is held against what is there with a margin of its own: within the margin it
//! fits, above it is tight, and what is not there at all is short. What settings or a cache put
//! right is never a no.

use super::demand::{Demand, Sale};
use serde::Serialize;

/// By how much the sale of 14 July 2022 was larger than planned for: what the machine does in the
/// measurement, divided by this, is what a sale may ask.
const WORK_MARGIN: f64 = 4.0;
/// Memory and disk run out at once, and what was measured was measured for seconds.
const ROOM_MARGIN: f64 = 2.0;
/// What is agreed with a bank, or set, holds as it is.
const AGREED: f64 = 1.0;
/// A waiting person takes at least this in the server, in bytes: measured with a million of them
/// (benches/RESULTS.md). A few thousand of them drown in what a server takes anyway.
const WAITING_BYTES_LEAST: f64 = 202.0;
/// A connection takes this, in bytes, before its first request.
const CONNECTION_BYTES: f64 = 12_000.0;
/// A payment that a bank decides is held, sent and issued: three events where a payment that is
/// answered at once, as in the measurement, is one.
const EVENTS_WITH_RAIL: f64 = 3.0;
/// Below this share of the processors in use purchases wait for the store, and not for the
/// processor.
const BUSY_LEAST: f64 = 0.75;
/// The store is what the whole waits for when purchases are at least this share of it.
const PURCHASES_LEAST: f64 = 0.5;

/// What a purchase is called among the loads.
const PURCHASE: &str = "purchase";

/// One kind of call, as measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Rate {
    /// Good answers a second, from as many callers as there were connections.
    pub per_s: f64,
    /// Good answers in all.
    pub calls: u64,
    /// Calls that were refused or lost.
    pub refused: u64,
    /// 99 of 100 answers came within this, in milliseconds.
    pub ms_p99: f64,
    /// The share of all processors that was in use, 0 to 1.
    pub busy: f64,
    /// The share of this that the virtual people used, 0 to 1.
    pub people_share: f64,
}

/// Everything that was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[allow(missing_docs, reason = "named after the calls")]
pub struct Measured {
    pub joins: Rate,
    pub looks: Rate,
    pub documents: Rate,
    pub sign_ups: Rate,
    pub claims: Rate,
    pub purchases: Rate,
    /// Memory of the server with nobody there, in bytes.
    pub idle_bytes: f64,
    /// Memory for one more who waits, in bytes.
    pub waiting_bytes: f64,
    /// Memory for one more who has signed up and bought, in bytes.
    pub buyer_bytes: f64,
    /// What a join takes in the store, in bytes.
    pub join_disk_bytes: f64,
    /// What one who signs up, joins, claims and buys takes in the store, in bytes.
    pub buyer_disk_bytes: f64,
    /// One small write made durable, in milliseconds: the middle of many.
    pub flush_ms_p50: f64,
    /// The same, 99 of 100.
    pub flush_ms_p99: f64,
}

/// What the machine has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Machine {
    /// Processors.
    pub cores: usize,
    /// Memory that can be had, in bytes, where the system says so.
    pub memory_bytes: Option<f64>,
    /// Room where the store is, in bytes, where the system says so.
    pub disk_bytes: Option<f64>,
    /// Connections that a server with the usual settings takes here.
    pub connections: f64,
}

/// What can be the narrowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// All calls together, and the processors are what they wait for.
    Processor,
    /// All calls together, and the store is what purchases wait for.
    Store,
    /// The last looks before the stock ends.
    LastLooks,
    /// The bank.
    Rail,
    /// Memory.
    Memory,
    /// Room for the store.
    Disk,
    /// Connections at once.
    Connections,
}

impl What {
    /// Whether settings, or a cache in front, put it right: then it is a condition, never a no.
    fn is_of_settings(self) -> bool {
        matches!(self, What::LastLooks | What::Connections)
    }
}

/// How a need stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// With its margin.
    Fits,
    /// Without.
    Tight,
    /// Not at all.
    Short,
    /// Nobody knows what is there.
    Unknown,
}

/// One need against what is there, both in the unit of its kind: shares of the machine, calls a
/// second, bytes, connections.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Need {
    /// Of what.
    pub what: What,
    /// How much is needed.
    pub need: f64,
    /// How much is there.
    pub have: Option<f64>,
    /// How many times the need has to be there to fit.
    pub margin: f64,
    /// How it stands.
    pub standing: Standing,
}

/// A kind of call: how often it comes at the busiest, and what the machine can do of it alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Load {
    /// Which call.
    pub call: &'static str,
    /// Calls a second at the busiest.
    pub need_per_s: f64,
    /// Calls a second that the machine did, doing nothing else.
    pub measured_per_s: f64,
    /// The share of the machine that the first takes: of all its time, for what it costs.
    pub share: f64,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It carries the sale with all margins.
    Yes,
    /// It does on conditions.
    YesBut,
    /// It does not.
    No,
}

/// The answer with everything that it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The answer.
    pub answer: Answer,
    /// Of what there is the least, by its margin.
    pub narrowest: What,
    /// What comes in at the busiest.
    pub loads: Vec<Load>,
    /// Everything that was held against what is there.
    pub needs: Vec<Need>,
    /// The shortest time in which the bank takes all payments, in seconds, if it was asked.
    pub rail_seconds: Option<f64>,
}

impl Need {
    fn new(what: What, need: f64, have: Option<f64>, margin: f64) -> Need {
        let standing = match have {
            None => Standing::Unknown,
            Some(have) if need * margin <= have => Standing::Fits,
            Some(have) if need <= have || what.is_of_settings() => Standing::Tight,
            Some(_) => Standing::Short,
        };
        Need { what, need, have, margin, standing }
    }

    /// How many times over what fits this is; 1 fits exactly.
    fn pressure(&self) -> f64 {
        self.have.map_or(0.0, |have| self.need * self.margin / have.max(f64::MIN_POSITIVE))
    }
}

impl Verdict {
    /// Whether `machine` carries `sale`, by what was measured on it.
    #[must_use]
    pub fn of(sale: &Sale, measured: &Measured, machine: &Machine) -> Verdict {
        let demand = Demand::of(sale);
        let loads = loads(sale, &demand, measured);
        let work: f64 = loads.iter().map(|load| load.share).sum();
        let of_purchases = loads.iter().filter(|load| load.call == PURCHASE).map(|load| load.share);
        let is_of_purchases = of_purchases.sum::<f64>() >= work * PURCHASES_LEAST;
        let waits_for_store = measured.purchases.busy < BUSY_LEAST && is_of_purchases;
        let mut needs = vec![
            Need::new(
                if waits_for_store { What::Store } else { What::Processor },
                work,
                Some(1.0),
                WORK_MARGIN,
            ),
            Need::new(
                What::LastLooks,
                demand.last_looks_per_s,
                Some(measured.documents.per_s),
                AGREED,
            ),
        ];
        if let Some(rail_per_s) = sale.rail_per_s {
            needs.push(Need::new(What::Rail, demand.purchases_per_s, Some(rail_per_s), AGREED));
        }
        let memory = memory_bytes(&demand, measured, machine);
        needs.push(Need::new(What::Memory, memory, machine.memory_bytes, ROOM_MARGIN));
        let disk = disk_bytes(&demand, measured);
        needs.push(Need::new(What::Disk, disk, machine.disk_bytes, ROOM_MARGIN));
        let connections = Some(machine.connections);
        needs.push(Need::new(What::Connections, demand.waiting, connections, AGREED));
        let is_any = |standing| needs.iter().any(|need| need.standing == standing);
        let answer = if is_any(Standing::Short) {
            Answer::No
        } else if is_any(Standing::Tight) {
            Answer::YesBut
        } else {
            Answer::Yes
        };
        // What stands in the way goes before what is a condition, however large that is.
        let rank = |need: &Need| (need.standing == Standing::Short, need.pressure());
        let narrowest = needs.iter().max_by(|one, other| {
            let ((short, one), (other_short, other)) = (rank(one), rank(other));
            short.cmp(&other_short).then(one.total_cmp(&other))
        });
        let narrowest = narrowest.expect("there is always work to do").what;
        let rail_seconds = sale.rail_per_s.map(|rail_per_s| demand.purchases / rail_per_s);
        Verdict { answer, narrowest, loads, needs, rail_seconds }
    }
}

/// What comes in at the busiest, all of it in the same second: joins of the rush, turns, purchases
/// and everybody's looks.
fn loads(sale: &Sale, demand: &Demand, measured: &Measured) -> Vec<Load> {
    let events = if sale.rail_per_s.is_some() { EVENTS_WITH_RAIL } else { 1.0 };
    let load = |call, need_per_s: f64, measured: &Rate, times: f64| {
        let share = need_per_s * times / measured.per_s.max(f64::MIN_POSITIVE);
        Load { call, need_per_s, measured_per_s: measured.per_s, share }
    };
    vec![
        load("join", demand.joins_per_s, &measured.joins, 1.0),
        load("claim", demand.claims_per_s, &measured.claims, 1.0),
        load(PURCHASE, demand.purchases_per_s, &measured.purchases, events),
        load("look", demand.looks_per_s, &measured.looks, 1.0),
    ]
}

fn memory_bytes(demand: &Demand, measured: &Measured, machine: &Machine) -> f64 {
    let waiting = measured.waiting_bytes.max(WAITING_BYTES_LEAST) * demand.waiting;
    let buyers = measured.buyer_bytes.max(0.0) * demand.purchases;
    let connections = demand.waiting.min(machine.connections) * CONNECTION_BYTES;
    measured.idle_bytes + waiting + buyers + connections
}

fn disk_bytes(demand: &Demand, measured: &Measured) -> f64 {
    let others = (demand.waiting - demand.purchases).max(0.0);
    measured.buyer_disk_bytes * demand.purchases + measured.join_disk_bytes * others
}

#[cfg(test)]
mod tests;
