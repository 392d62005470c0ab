//! Tests of a payment: what each answer of the rail comes to in each phase, before and after the
//! finality window.

use super::*;
use crate::tests::samples;

const FINALITY: i64 = 60_000;
const SENT: Timestamp = Timestamp(1_000_000);

#[test]
fn what_an_answer_comes_to() {
    check(
        "
        phase       answer      early            final
        held        approved    ask-again        ask-again
        held        not-found   ask-again        ask-again
        sent        approved    issue            issue
        sent        other       cancel-wrong     cancel-wrong
        sent        declined    void-declined    void-declined
        sent        cancelled   void-unanswered  void-unanswered
        sent        not-found   ask-again        cancel-unanswered
        sent        pending     ask-again        cancel-unanswered
        sent        unknown     ask-again        ask-again
        cancelling  approved    ask-again        ask-again
        cancelling  declined    void-declined    void-declined
        cancelling  cancelled   void-wrong       void-wrong
        cancelling  not-found   ask-again        void-wrong
        cancelling  pending     ask-again        ask-again
        cancelling  unknown     ask-again        ask-again
        voided      approved    return           return
        voided      declined    ask-again        ask-again
        voided      cancelled   ask-again        ask-again
        voided      not-found   ask-again        ask-again
        voided      unknown     ask-again        ask-again
        returning   approved    ask-again        ask-again
        returning   cancelled   returned         returned
        returning   not-found   ask-again        ask-again
        returning   unknown     ask-again        ask-again
    ",
    );
}

/// One line a phase and an answer: what it comes to one millisecond before the finality window is
/// over, and when it is.
fn check(table: &str) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()).skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let payment = Payment {
            purchase: samples::purchase_in_july(),
            pass_expires_at: Timestamp(i64::MAX),
            phase: match words[0] {
                "held" => PaymentPhase::Held,
                "sent" => PaymentPhase::Sent { at: SENT },
                "cancelling" => {
                    let reason = VoidReason::WrongAmount;
                    PaymentPhase::Cancelling { sent_at: SENT, reason }
                }
                "voided" => PaymentPhase::Voided,
                "returning" => PaymentPhase::Returning,
                other => panic!("unknown phase: {other}"),
            },
            request: None,
        };
        let price = payment.purchase.price;
        let answer = match words[1] {
            "approved" => RailAnswer::Approved { amount: price },
            "other" => RailAnswer::Approved { amount: price.plus(Won(1)) },
            "declined" => RailAnswer::Declined,
            "cancelled" => RailAnswer::Cancelled,
            "not-found" => RailAnswer::NotFound,
            "pending" => RailAnswer::Pending,
            "unknown" => RailAnswer::Unknown,
            other => panic!("unknown answer: {other}"),
        };
        for (millis, expected) in [(FINALITY - 1, words[2]), (FINALITY, words[3])] {
            let verdict = payment.judge(SENT.plus_millis(millis), FINALITY, answer);
            assert_eq!(word(verdict), expected, "after {millis} ms: {line}");
        }
        assert_eq!(payment.is_unsent(), words[0] == "held");
        assert_eq!(payment.is_open(), words[0] != "voided");
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Issue => "issue",
        Verdict::Void(VoidReason::Declined) => "void-declined",
        Verdict::Void(VoidReason::Unanswered) => "void-unanswered",
        Verdict::Void(VoidReason::WrongAmount) => "void-wrong",
        Verdict::Void(VoidReason::Expired) => "void-expired",
        Verdict::Cancel(VoidReason::Unanswered) => "cancel-unanswered",
        Verdict::Cancel(VoidReason::WrongAmount) => "cancel-wrong",
        Verdict::Cancel(_) => "cancel",
        Verdict::Return => "return",
        Verdict::Returned => "returned",
        Verdict::AskAgain => "ask-again",
    }
}
