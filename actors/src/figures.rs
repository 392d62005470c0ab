//! The metrics of one round, kept as handles: no label is built on the hot path of a sale.
//! What became of vouchers is counted by program.

use metrics::{Counter, Gauge};
use openrun_core::honesty::Honesty;
use openrun_core::inlet::Limiter;
use openrun_core::life::LifeCycle;
use openrun_core::round::{Round, WindowPhase};
use openrun_core::view::{Interruption, Missing, RoundView};
use openrun_core::voucher::PaybackCause;
use openrun_core::{Event, RoundId, Won};

/// Gauges of a window: left, held, sold.
struct WindowGauges([Gauge; 3]);
/// Gauges of a line: waiting, watermark, last number, speed.
struct LineGauges([Gauge; 4]);
/// Gauges of honesty: two quantiles of the error, the Brier score, two quantiles of the time to a
/// right answer.
struct HonestyGauges([Gauge; 5]);

/// Gauges of a line's inlet: one for each policy, and the share that comes.
struct InletGauges([Gauge; Limiter::ALL.len()], Gauge);

/// Gauges of a round's life: one for each state, one for each cause that can hold it up, its
/// notices, and its draws that are due.
struct LifeGauges {
    states: [Gauge; LifeCycle::ALL.len()],
    causes: [Gauge; Missing::ALL.len()],
    notices: Gauge,
    draws_due: Gauge,
}

/// Says that nobody is served by a round, because its history contradicts itself. It is in service
/// again once its [`Figures`] are made.
pub(crate) fn note_out_of_service(round: &RoundId) {
    out_of_service(round).set(1.0);
}

/// Says that somebody was not told why not, because too many refusals are remembered of them.
pub(crate) fn note_unremembered() {
    metrics::counter!("openrun_refusals_unremembered_total").increment(1);
}

fn out_of_service(round: &RoundId) -> Gauge {
    metrics::gauge!("openrun_round_out_of_service", "round" => round.to_string())
}

/// The metrics of one round.
pub(crate) struct Figures {
    life: LifeGauges,
    windows: Vec<WindowGauges>,
    lines: Vec<LineGauges>,
    inlets: Vec<InletGauges>,
    latency: Gauge,
    honesty: HonestyGauges,
    active: Gauge,
    purchases: Counter,
    sold: Counter,
}

impl Figures {
    pub fn new(round: &Round) -> Figures {
        let program = round.spec().program_id.to_string();
        let id = round.spec().id.to_string();
        let of_round = || [("program", program.clone()), ("round", id.clone())];
        let window = |window: &str| {
            let [program, round] = of_round();
            let labels = [program, round, ("window", window.to_owned())];
            WindowGauges([
                metrics::gauge!("openrun_stock_left_won", &labels),
                metrics::gauge!("openrun_stock_held_won", &labels),
                metrics::gauge!("openrun_stock_sold_won", &labels),
            ])
        };
        let line = |line: &str| {
            let [program, round] = of_round();
            let labels = [program, round, ("line", line.to_owned())];
            LineGauges([
                metrics::gauge!("openrun_line_waiting", &labels),
                metrics::gauge!("openrun_line_watermark", &labels),
                metrics::gauge!("openrun_line_last_number", &labels),
                metrics::gauge!("openrun_line_watermark_per_second", &labels),
            ])
        };
        let inlet = |line: &str| {
            let labels = |policy: Limiter| {
                let [program, round] = of_round();
                let (line, policy) = (("line", line.to_owned()), policy.word().to_owned());
                [program, round, line, ("policy", policy)]
            };
            let binds =
                Limiter::ALL.map(|it| metrics::gauge!("openrun_inlet_policy_binds", &labels(it)));
            let [program, round] = of_round();
            let labels = [program, round, ("line", line.to_owned())];
            InletGauges(binds, metrics::gauge!("openrun_inlet_share_that_comes", &labels))
        };
        out_of_service(&round.spec().id).set(0.0);
        Figures {
            life: LifeGauges::new(&of_round()),
            inlets: round.spec().lines().iter().map(|class| inlet(&class.class())).collect(),
            latency: metrics::gauge!("openrun_purchase_latency_p90_seconds", &of_round()),
            windows: round.windows().iter().map(|w| window(w.spec.id.as_str())).collect(),
            lines: round.spec().lines().iter().map(|class| line(&class.class())).collect(),
            honesty: HonestyGauges::new(&of_round()),
            active: metrics::gauge!("openrun_round_active", &of_round()),
            purchases: metrics::counter!("openrun_purchases_total", &of_round()),
            sold: metrics::counter!("openrun_sold_won_total", &of_round()),
        }
    }

    /// One more purchase.
    pub fn bought(&self, amount: Won) {
        self.purchases.increment(1);
        self.sold.increment(u64::try_from(amount.0).unwrap_or(0));
    }

    /// Shows a snapshot.
    pub fn show(&self, view: &RoundView) {
        for (gauges, window) in self.windows.iter().zip(&view.windows) {
            let [left, held, sold] = &gauges.0;
            left.set(window.stock.left.0 as f64);
            held.set(window.stock.held.0 as f64);
            sold.set(window.stock.sold.0 as f64);
        }
        for (gauges, line) in self.lines.iter().zip(&view.lines) {
            let [waiting, watermark, last_number, speed] = &gauges.0;
            waiting.set(view.waiting_in(line) as f64);
            watermark.set(line.watermark as f64);
            last_number.set(line.last_number as f64);
            speed.set(line.speed.map_or(0.0, |speed| speed.p50_milli as f64 / 1_000.0));
        }
        for (gauges, line) in self.inlets.iter().zip(&view.gate.lines) {
            for (gauge, policy) in gauges.0.iter().zip(Limiter::ALL) {
                gauge.set(f64::from(u8::from(policy == line.limiter)));
            }
            gauges.1.set(line.figures.share as f64 / 1_000.0);
        }
        self.latency.set(view.gate.p90_millis.unwrap_or(0) as f64 / 1_000.0);
        self.life.show(view);
        self.honesty.show(&view.honesty);
        self.active.set(view.lines.iter().map(|line| line.active).sum::<u64>() as f64);
    }
}

impl LifeGauges {
    fn new([program, round]: &[(&'static str, String); 2]) -> LifeGauges {
        let of_round = || [program.clone(), round.clone()];
        let of = |name: &'static str, label: &'static str, word: &'static str| {
            metrics::gauge!(name, &[program.clone(), round.clone(), (label, word.to_owned())])
        };
        let state = |state: LifeCycle| of("openrun_round_state", "state", state.word());
        let cause = |cause: Missing| of("openrun_round_interrupted", "cause", cause.word());
        LifeGauges {
            states: LifeCycle::ALL.map(state),
            causes: Missing::ALL.map(cause),
            notices: metrics::gauge!("openrun_round_notices", &of_round()),
            draws_due: metrics::gauge!("openrun_round_draws_due", &of_round()),
        }
    }

    fn show(&self, view: &RoundView) {
        for (gauge, state) in self.states.iter().zip(LifeCycle::ALL) {
            gauge.set(f64::from(u8::from(state == view.state)));
        }
        let missing = view.interruption.map(|Interruption { cause, .. }| cause);
        for (gauge, cause) in self.causes.iter().zip(Missing::ALL) {
            gauge.set(f64::from(u8::from(missing == Some(cause))));
        }
        self.notices.set(view.notices.len() as f64);
        let draws = view.lobbies.iter().map(|lobby| &lobby.draw);
        let due = draws
            .filter(|draw| draw.drawn.is_none())
            .filter(|draw| view.window_of(draw.line).phase == WindowPhase::Open);
        self.draws_due.set(due.count() as f64);
    }
}

impl HonestyGauges {
    fn new([program, round]: &[(&'static str, String); 2]) -> HonestyGauges {
        let of = |name: &'static str, quantile: &'static str| {
            let quantile = ("quantile", quantile.to_owned());
            metrics::gauge!(name, &[program.clone(), round.clone(), quantile])
        };
        HonestyGauges([
            of("openrun_estimate_error_ratio", "0.5"),
            of("openrun_estimate_error_ratio", "0.9"),
            metrics::gauge!("openrun_outlook_brier_score", &[program.clone(), round.clone()]),
            of("openrun_right_answer_seconds", "0.5"),
            of("openrun_right_answer_seconds", "0.95"),
        ])
    }

    /// What was not measured yet stays away: a zero would say that all was right.
    fn show(&self, honesty: &Honesty) {
        let [error_p50, error_p90, brier, right_p50, right_p95] = &self.0;
        for (gauge, thousandths) in [
            (error_p50, honesty.error_p50_permille),
            (error_p90, honesty.error_p90_permille),
            (brier, honesty.brier_permille),
            (right_p50, honesty.right_after_p50_millis),
            (right_p95, honesty.right_after_p95_millis),
        ] {
            gauge.set(thousandths.map_or(f64::NAN, |thousandths| thousandths as f64 / 1_000.0));
        }
    }
}

/// Counts what became of a voucher, once it is durable.
pub(crate) fn note_move(event: &Event) {
    let Some(of) = event.voucher_move() else { return };
    let program = ("program", of.program.to_string());
    let count = |name: &'static str, amount: Won| {
        let labels = [program.clone()];
        metrics::counter!(name, &labels).increment(u64::try_from(amount.0).unwrap_or(0));
    };
    let paid_back = |cause: PaybackCause, end: &'static str| {
        let labels = [program.clone(), ("cause", cause.word().to_owned()), ("end", end.to_owned())];
        metrics::counter!("openrun_paybacks_total", &labels).increment(1);
    };
    match event {
        Event::Spent { amount, .. } => {
            count("openrun_spends_total", Won(1));
            count("openrun_spent_won_total", *amount);
        }
        Event::Gifted { .. } => count("openrun_gifts_total", Won(1)),
        Event::Expired { amount, .. } => count("openrun_expired_won_total", *amount),
        Event::PaybackSent { payback, .. } => paid_back(payback.cause, "sent"),
        Event::PaidBack { payback, .. } => paid_back(payback.cause, "paid"),
        Event::PaybackRefused { payback, .. } => paid_back(payback.cause, "refused"),
        _ => {}
    }
}
