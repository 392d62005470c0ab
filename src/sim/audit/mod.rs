//! The auditor: a small model of its own, fed with what is written, what is answered and what the
//! rail says, that checks what must hold after every step.
//!
//! It shares no code with the machines that it judges: it keeps its own sums by the contract, and
//! never looks into an actor. The first thing that does not hold ends the run.

mod ends;
mod keys;
mod limits;
mod money;
mod moves;
mod places;
mod stock;
mod vouchers;

use super::people::number_of;
use openrun_core::payment::RailAnswer;
use openrun_core::round_spec::RoundSpec;
use openrun_core::{Event, Program, Purchase, StoredEvent, Timestamp};
use std::collections::BTreeMap;

pub(super) use ends::Ends;
use keys::KeyBook;
use limits::{Account, RulesBook};
use money::{Deal, Phase};
use places::LineBook;
use stock::WindowBook;
use vouchers::Wallets;

/// After this long whoever lets vouchers expire has looked twice, in milliseconds.
pub(super) const EXPIRY_SEEN: i64 = 8_000;

/// What does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// By its number in the design, or `liveness`, or `store`.
    pub invariant: String,
    /// In words.
    pub text: String,
}

/// What the auditor knows of a round.
#[derive(Debug)]
struct RoundBook {
    spec: RoundSpec,
    program: usize,
    windows: Vec<WindowBook>,
    lines: Vec<LineBook>,
    /// After how many events how much was left of which window.
    history: Vec<(u64, usize, i64)>,
    is_closed: bool,
    last_serial: u64,
}

/// The auditor.
#[derive(Debug)]
pub(super) struct Auditor {
    now: Timestamp,
    finality: i64,
    /// Whether vouchers are paid through a rail with a ledger of its own.
    is_waiting_rail: bool,
    rounds: Vec<RoundBook>,
    rules: Vec<RulesBook>,
    deals: BTreeMap<u128, Deal>,
    keys: BTreeMap<(u32, u64), KeyBook>,
    accounts: BTreeMap<(u32, usize), Account>,
    /// For each person and line of a round the last number that was answered.
    tickets: BTreeMap<(u32, usize, usize), u64>,
    wallets: Wallets,
    seqs: Vec<u64>,
    pub events: u64,
    pub voided: u64,
    pub returned: u64,
    pub broken: Option<Broken>,
}

impl Auditor {
    pub fn new(programs: &[Program], rounds: &[RoundSpec], finality: Option<i64>) -> Auditor {
        let book = |spec: &RoundSpec| {
            let program = programs.iter().position(|program| program.id == spec.program_id);
            RoundBook {
                spec: spec.clone(),
                program: program.expect("a round is of a program that is there"),
                windows: spec.windows.iter().map(WindowBook::new).collect(),
                lines: spec.lines().iter().map(|_| LineBook::default()).collect(),
                history: Vec::new(),
                is_closed: false,
                last_serial: 0,
            }
        };
        Auditor {
            now: Timestamp(0),
            finality: finality.unwrap_or(0),
            is_waiting_rail: finality.is_some(),
            rounds: rounds.iter().map(book).collect(),
            rules: programs.iter().map(|_| RulesBook::default()).collect(),
            deals: BTreeMap::new(),
            keys: BTreeMap::new(),
            accounts: BTreeMap::new(),
            tickets: BTreeMap::new(),
            wallets: Wallets::default(),
            seqs: vec![0; 1 + 2 * programs.len()],
            events: 0,
            voided: 0,
            returned: 0,
            broken: None,
        }
    }

    /// Something does not hold. The first is kept: the others mostly follow from it.
    fn break_(&mut self, invariant: &str, text: String) {
        if self.broken.is_none() {
            self.broken = Some(Broken { invariant: invariant.to_owned(), text });
        }
    }

    /// Holds, or does not.
    fn must(&mut self, holds: bool, invariant: &str, text: impl FnOnce() -> String) {
        if !holds {
            self.break_(invariant, text());
        }
    }

    fn round_of(&self, event: &Event) -> Option<usize> {
        let id = event.round()?;
        self.rounds.iter().position(|book| book.spec.id == *id)
    }

    /// An event is in the store.
    pub fn written(&mut self, now: Timestamp, stream: usize, stored: &StoredEvent) {
        self.now = now;
        self.events += 1;
        self.seqs[stream] += 1;
        let expected = self.seqs[stream];
        self.must(stored.seq == expected, "store", || {
            format!("stream {stream} goes on with {}, not {expected}", stored.seq)
        });
        if let Event::ProgramChanged { program } = &stored.event {
            self.rules[stream - 1].change(now, program);
            return;
        }
        if let Event::Refused { person, key, digest, refusal } = &stored.event {
            return self.key_refused(number_of(*person), key, *digest, refusal);
        }
        if let Some(of) = stored.event.voucher_move() {
            let program = stream.checked_sub(1 + self.rules.len());
            let program = program.expect("vouchers move in streams of their own");
            return self.voucher_written(program, &stored.event, of);
        }
        if let Some(round) = self.round_of(&stored.event) {
            self.written_of_round(round, &stored.event);
        }
    }

    fn written_of_round(&mut self, round: usize, event: &Event) {
        match event {
            Event::RoundMoved { to, .. } => self.moved(round, *to),
            Event::WindowOpened { window, .. } => self.window_opened(round, window),
            Event::WindowClosed { window, leftover_to, leftover, .. } => {
                self.window_closed(round, window, leftover_to.as_ref(), *leftover);
            }
            Event::StockChanged { window, change, .. } => self.granted(round, window, *change),
            Event::NumbersReserved { line, up_to, .. } => self.reserved(round, *line, *up_to),
            Event::WatermarkMoved { line, to, .. } => self.advanced(round, *line, *to),
            Event::Joined { line, number, person, .. } => {
                self.joined(round, *line, *number, number_of(*person));
            }
            Event::Left { line, number, .. } => self.left(round, *line, *number),
            Event::CameBack { line, number, person, .. } => {
                self.came_back(round, *line, *number, number_of(*person));
            }
            Event::TurnGiven { line, numbers, .. } => self.called(round, *line, numbers),
            Event::Claimed { line, number, person, expires_at, .. } => {
                self.claimed(round, *line, *number, number_of(*person), *expires_at);
            }
            Event::Held { purchase, .. } => self.bought(round, purchase, Phase::Held),
            Event::Issued { purchase } => match self.deals.contains_key(&purchase.id.0) {
                true => self.paid(round, purchase),
                false => self.bought(round, purchase, Phase::Issued),
            },
            Event::PaymentSent { purchase, sent_at, request, .. } => {
                self.sent(purchase.0, *sent_at, request);
            }
            Event::CancelSent { purchase, .. } => self.cancelling(purchase.0),
            Event::Voided { purchase, window, back_to, amount, reason, .. } => {
                self.voided(round, purchase.0, window, back_to, *amount, *reason);
            }
            Event::ReturnSent { purchase, .. } => self.returning(purchase.0),
            Event::Returned { purchase, .. } => self.returned(purchase.0),
            _ => {}
        }
    }

    /// A purchase begins to count: held, or issued at once.
    fn bought(&mut self, round: usize, purchase: &Purchase, phase: Phase) {
        self.take_stock(round, purchase, phase);
        self.take_limit(round, purchase, phase);
        self.take_pass(round, purchase);
        self.take_key(purchase);
        self.check_price(round, purchase);
        if phase == Phase::Issued {
            self.issued(self.rounds[round].program, purchase);
        }
        let is_new = self.deals.insert(purchase.id.0, Deal::new(round, purchase, phase)).is_none();
        self.must(is_new, "OR-3", || format!("purchase {:x} was made twice", purchase.id.0));
    }

    /// The rail has said something of an order, that it was asked at this time.
    pub fn rail_said(&mut self, asked_at: Timestamp, id: u128, said: RailAnswer) {
        let finality = self.finality;
        if let Some(deal) = self.deals.get_mut(&id) {
            deal.hear(asked_at, finality, said);
        }
    }
}
