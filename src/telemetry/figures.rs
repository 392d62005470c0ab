//! Every metric: its name, its help text, and the labels under which it reads zero from the start.
//!
//! The actors and the HTTP edge count under exactly these names. Series of a program, a round or a
//! route appear with it.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use openrun_core::Refusal;

/// Actors, as they stand in the label `actor`.
const ACTORS: &[&str] = &["round", "queue", "person", "committer", "guardian", "till", "paybacks"];
/// Invariants, as they stand in the label `invariant`.
const INVARIANTS: &[&str] =
    &["OR-1", "OR-2", "OR-3", "OR-4", "OR-5", "OR-6", "OR-7", "OR-8", "OR-9", "OR-10"];
/// How a commit can fail.
const COMMIT_FAILURES: &[&str] = &["not_written", "unknown", "deposed"];

/// From a message between two actors on one thread to a mailbox that should have refused.
const MAILBOX_SECONDS: &[f64] =
    &[1e-6, 5e-6, 2e-5, 1e-4, 5e-4, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0];
/// From a write to memory-backed storage to a disk that hangs.
const COMMIT_SECONDS: &[f64] =
    &[1e-4, 2.5e-4, 5e-4, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// From a lone event to the committer's bound.
const BATCH_EVENTS: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1_600.0, 3_200.0];
/// From a rail next door to the longest call that the till allows.
const RAIL_SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// From a shared document to the five seconds after which a purchase is answered with 202.
const HTTP_SECONDS: &[f64] = &[
    1e-4, 2.5e-4, 5e-4, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5,
    5.0, 10.0,
];

/// Upper bounds of the buckets of each histogram: without them it would become a summary, which
/// cannot be added up over servers.
pub(super) const BUCKETS: &[(&str, &[f64])] = &[
    ("openrun_mailbox_wait_seconds", MAILBOX_SECONDS),
    ("openrun_commit_seconds", COMMIT_SECONDS),
    ("openrun_commit_batch_events", BATCH_EVENTS),
    ("openrun_http_request_seconds", HTTP_SECONDS),
    ("openrun_rail_call_seconds", RAIL_SECONDS),
];

const GAUGES: &[(&str, &str)] = &[
    ("openrun_stock_left_won", "Stock of a window that can still be bought, in won."),
    ("openrun_stock_held_won", "Stock of a window held for purchases under way, in won."),
    ("openrun_stock_sold_won", "Stock of a window sold, in won."),
    ("openrun_line_waiting", "People who wait in a line."),
    ("openrun_line_watermark", "Numbers of a line up to this one have their turn."),
    ("openrun_line_last_number", "The last number that a line gave."),
    ("openrun_line_watermark_per_second", "People that a line lets in, a second."),
    ("openrun_estimate_error_ratio", "Error of the estimates of a round, as a share of the wait."),
    ("openrun_outlook_brier_score", "Brier score of the outlooks of a round: 0 is perfect."),
    ("openrun_right_answer_seconds", "Time until people had the outlook that came true."),
    ("openrun_round_active", "People of a round with a pass, or expected to claim one."),
    ("openrun_round_state", "1 for the state that a round is in."),
    ("openrun_round_interrupted", "1 for what holds a round's selling up, though it is open."),
    ("openrun_round_notices", "Notices that people of a round read."),
    ("openrun_round_draws_due", "Lobbies of a round that should be drawn by now and are not."),
    (
        "openrun_round_out_of_service",
        "1 while a round is not served: its history contradicts itself.",
    ),
    ("openrun_inlet_policy_binds", "1 for the policy that holds the watermark of a line."),
    ("openrun_inlet_share_that_comes", "Share of those let in who claim, by line."),
    ("openrun_purchase_latency_p90_seconds", "Nine in ten purchases of a round took no longer."),
    ("openrun_permits_in_use", "Permits of an actor's mailbox in use."),
    ("openrun_permits_bound", "Permits of an actor's mailbox: its bound."),
    ("openrun_stream_callers", "Callers who wait for what is written to a stream."),
    ("openrun_stream_callers_bound", "Callers who may wait for a stream: its bound."),
    ("openrun_committer_queue_events", "Events of a stream decided and not yet durable."),
    ("openrun_people_actors", "People who have an actor: those who bought lately."),
    ("openrun_store_up", "1 while the last write of a stream to the store succeeded, else 0."),
    ("openrun_till_waiting", "Holds that wait to be sent to the payment rail."),
    ("openrun_till_calls_in_flight", "Calls to the payment rail under way."),
    ("openrun_till_asks_scheduled", "Payments that the rail is asked about again later."),
    ("openrun_paybacks_open", "Paybacks whose end the payment rail has not said yet."),
    ("openrun_rail_up", "1 while the payment rail answers, 0 while it is given a rest."),
    ("openrun_event_streams", "Streams of server-sent events that are open."),
    ("openrun_console_streams", "Streams of live figures to consoles that are open."),
    ("openrun_suspensions_in_force", "1 while a feature is switched off anywhere, else 0."),
    ("openrun_merchants", "Merchants that take vouchers, as read from the store last."),
    ("openrun_build_info", "Always 1; version and commit of the program are its labels."),
];

const COUNTERS: &[(&str, &str)] = &[
    ("openrun_refusals_total", "Answers that said no, by the code of the refusal."),
    ("openrun_joins_total", "Places given."),
    ("openrun_claims_total", "Passes given."),
    ("openrun_returns_total", "Places whose turn had lapsed and that came back."),
    ("openrun_purchases_total", "Purchases made durable."),
    ("openrun_sold_won_total", "Face value of purchases made durable, in won."),
    ("openrun_spends_total", "Payments to merchants made durable."),
    ("openrun_spent_won_total", "What merchants were paid, in won."),
    ("openrun_gifts_total", "Gifts made durable."),
    ("openrun_paybacks_total", "Cancels and refunds by cause: sent, paid, refused by the rail."),
    ("openrun_expired_won_total", "What fell to issuers because its time was over, in won."),
    ("openrun_order_inversions_total", "People admitted before a smaller live number."),
    ("openrun_watermark_renders_total", "Watermark documents made and signed."),
    ("openrun_event_frames_total", "Documents sent to all streams of a round."),
    ("openrun_invariant_violations_total", "Times that an invariant was found broken."),
    ("openrun_actor_rebuilds_total", "Actors that were rebuilt from the store."),
    ("openrun_commit_failures_total", "Batches that did not get a plain yes, by kind."),
    ("openrun_rail_answers_total", "Answers of the payment rail, by call and by what it said."),
    ("openrun_voids_total", "Holds that came to nothing, by the reason."),
    ("openrun_late_money_total", "Payments that turned up for what was voided, and went back."),
    ("openrun_permits_refused_total", "Messages refused because a mailbox was at its bound."),
    (
        "openrun_stream_callers_refused_total",
        "Callers refused because a stream was at its bound, or too much waited to be written.",
    ),
    (
        "openrun_refusals_unremembered_total",
        "Refusals withheld because their person has as many as are remembered.",
    ),
    ("openrun_log_lines_dropped_total", "Log lines lost because the output did not take them."),
];

const HISTOGRAMS: &[(&str, Unit, &str)] = &[
    ("openrun_mailbox_wait_seconds", Unit::Seconds, "Time of a message in an actor's mailbox."),
    ("openrun_commit_seconds", Unit::Seconds, "Time of writing a batch to the store."),
    ("openrun_commit_batch_events", Unit::Count, "Events in a batch."),
    ("openrun_http_request_seconds", Unit::Seconds, "Time of a request, by route and status."),
    ("openrun_rail_call_seconds", Unit::Seconds, "Time of a call to the payment rail, by call."),
];

/// Counters that read zero from the start, under each value of one label.
const TOUCHED: &[(&str, &str, &[&str])] = &[
    ("openrun_invariant_violations_total", "invariant", INVARIANTS),
    ("openrun_actor_rebuilds_total", "actor", ACTORS),
    ("openrun_commit_failures_total", "kind", COMMIT_FAILURES),
    ("openrun_permits_refused_total", "actor", ACTORS),
];

/// Describes every metric, and touches those whose labels are known before a sale.
pub(super) fn describe() {
    for (name, help) in GAUGES {
        describe_gauge!(*name, *help);
    }
    for (name, help) in COUNTERS {
        describe_counter!(*name, *help);
    }
    for (name, unit, help) in HISTOGRAMS {
        describe_histogram!(*name, *unit, *help);
    }
    for (name, label, values) in TOUCHED {
        for value in *values {
            counter!(*name, *label => *value).increment(0);
        }
    }
    for refusal in Refusal::one_of_each() {
        counter!("openrun_refusals_total", "code" => refusal.code()).increment(0);
    }
    counter!("openrun_order_inversions_total").increment(0);
    counter!("openrun_log_lines_dropped_total").increment(0);
    counter!("openrun_watermark_renders_total").increment(0);
    counter!("openrun_event_frames_total").increment(0);
    gauge!("openrun_event_streams").increment(0.0);
    gauge!("openrun_console_streams").increment(0.0);
    for actor in ACTORS {
        gauge!("openrun_permits_in_use", "actor" => *actor).increment(0.0);
        let _ = metrics::histogram!("openrun_mailbox_wait_seconds", "actor" => *actor);
    }
    gauge!("openrun_paybacks_open").increment(0.0);
    gauge!("openrun_people_actors").increment(0.0);
    gauge!("openrun_merchants").increment(0.0);
    counter!("openrun_late_money_total").increment(0);
    counter!("openrun_refusals_unremembered_total").increment(0);
    for name in ["openrun_commit_seconds", "openrun_commit_batch_events"] {
        let _ = metrics::histogram!(name);
    }
    let labels = [("version", super::VERSION), ("commit", super::COMMIT)];
    gauge!("openrun_build_info", &labels).set(1.0);
}
