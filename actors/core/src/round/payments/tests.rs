//! Tests of the payments of a round: what each step takes and frees, one line a step; races between
//! the clock, the rail and a cancel; and stock that comes back after its window.

use super::*;
use crate::Won;
use crate::purchase::PassId;
use crate::round::{LifeCycle, Step};
use crate::round_spec::{LineId, RoundSpec};
use crate::tests::samples::*;
use crate::{Month, stock::Stock};

/// In the tables the rail's finality window is a minute.
const FINALITY: i64 = 60_000;

#[test]
fn a_hold_counts_from_the_first_moment_and_is_sold_or_freed_once() {
    check(
        second_round(),
        "
        when     do                 | comes to               | odd            even      everyone
        09:45    schedule           | done                   | 250k           250k      0
        10:00    tick               | done                   | 250k           250k      0
        10:00:01 hold a odd 100k    | held                   | 150k+100k      250k      0
        10:00:02 hold b odd 150k    | held                   | 0+250k         250k      0
        10:00:03 hold c odd 10k     | sold-out               | 0+250k         250k      0
        10:00:04 send a             | sent                   | 0+250k         250k      0
        10:00:04 send a             | nothing                | 0+250k         250k      0
        10:00:05 rail a unknown     | nothing                | 0+250k         250k      0
        10:00:05 rail a pending     | nothing                | 0+250k         250k      0
        10:00:06 rail a approved    | issued                 | 0+150k/100k    250k      0
        10:00:06 rail a approved    | nothing                | 0+150k/100k    250k      0
        10:00:07 expire a           | nothing                | 0+150k/100k    250k      0
        10:00:08 send b             | sent                   | 0+150k/100k    250k      0
        10:00:09 rail b declined    | voided-declined-odd    | 150k/100k      250k      0
        10:00:09 rail b declined    | nothing                | 150k/100k      250k      0
        10:00:10 hold c odd 150k    | held                   | 0+150k/100k    250k      0
    ",
    );
}

#[test]
fn an_order_that_the_rail_does_not_know_is_given_up_only_when_it_is_barred_or_final() {
    check(
        second_round(),
        "
        when     do                 | comes to               | odd            even      everyone
        09:45    schedule           | done                   | 250k           250k      0
        10:00    hold a odd 100k    | held                   | 150k+100k      250k      0
        10:00:01 send a             | sent                   | 150k+100k      250k      0
        10:00:59 rail a not-found   | nothing                | 150k+100k      250k      0
        10:01:01 rail a not-found   | cancel-sent-unanswered | 150k+100k      250k      0
        10:01:02 rail a approved    | nothing                | 150k+100k      250k      0
        10:01:03 expire a           | nothing                | 150k+100k      250k      0
        10:01:04 send a             | nothing                | 150k+100k      250k      0
        10:01:05 rail a unknown     | nothing                | 150k+100k      250k      0
        10:01:06 rail a cancelled   | voided-unanswered-odd  | 250k           250k      0
        10:02    hold b odd 50k     | held                   | 200k+50k       250k      0
        10:02:01 send b             | sent                   | 200k+50k       250k      0
        10:02:02 rail b wrong       | cancel-sent-wrong_amount | 200k+50k     250k      0
        10:02:03 rail b not-found   | nothing                | 200k+50k       250k      0
        10:03:01 rail b not-found   | voided-wrong_amount-odd | 250k          250k      0
    ",
    );
}

/// F5: the hold expires, its stock is sold to another, and then the approval arrives.
#[test]
fn no_clock_ends_what_was_sent_and_money_that_turns_up_late_goes_back() {
    check(
        second_round(),
        "
        when     do                 | comes to               | odd            even      everyone
        09:45    schedule           | done                   | 250k           250k      0
        10:00    hold a odd 250k    | held                   | 0+250k         250k      0
        10:00:10 expire a           | voided-expired-odd     | 250k           250k      0
        10:00:10 send a             | nothing                | 250k           250k      0
        10:00:10 expire a           | nothing                | 250k           250k      0
        10:00:11 hold b odd 250k    | held                   | 0+250k         250k      0
        10:00:12 send b             | sent                   | 0+250k         250k      0
        13:00    expire b           | nothing                | 0+250k         250k      0
        13:00    rail b not-found   | cancel-sent-unanswered | 0+250k         250k      0
        13:00:01 rail b cancelled   | voided-unanswered-odd  | 250k           250k      0
        13:00:02 hold c odd 250k    | held                   | 0+250k         250k      0
        13:00:03 rail b not-found   | nothing                | 0+250k         250k      0
        13:00:04 rail b approved    | return-sent            | 0+250k         250k      0
        13:00:05 rail b approved    | nothing                | 0+250k         250k      0
        13:00:06 rail b cancelled   | returned               | 0+250k         250k      0
        13:00:07 rail b approved    | return-sent            | 0+250k         250k      0
        13:00:08 rail b cancelled   | returned               | 0+250k         250k      0
        13:00:09 send c             | sent                   | 0+250k         250k      0
        13:00:10 rail c approved    | issued                 | 0/250k         250k      0
    ",
    );
}

/// F25: the leftover has moved on when the holds come back; they follow it.
#[test]
fn what_comes_back_after_its_window_goes_where_the_leftover_went() {
    check(
        second_round(),
        "
        when     do                 | comes to               | odd            even      everyone
        09:45    schedule           | done                   | 250k           250k      0
        10:00    hold a odd 100k    | held                   | 150k+100k      250k      0
        10:00    hold b odd 50k     | held                   | 100k+150k      250k      0
        13:59    send a             | sent                   | 100k+150k      250k      0
        13:59    send b             | sent                   | 100k+150k      250k      0
        14:00    tick               | done                   | 0+150k         250k      100k
        14:00:01 rail a declined    | voided-declined-everyone | 0+50k        250k      200k
        14:00:02 rail b approved    | issued                 | 0/50k          250k      200k
        17:59    hold c even 200k   | held                   | 0/50k          50k+200k  200k
        18:00    tick               | done                   | 0/50k          0+200k    250k
        18:00:10 expire c           | voided-expired-everyone | 0/50k         0         450k
        18:01    hold d everyone 450k | held                 | 0/50k          0         0+450k
        18:01    send d             | sent                   | 0/50k          0         0+450k
        23:59:59 tick               | done                   | 0/50k          0         0+450k
        23:59:59 rail d declined    | voided-declined-everyone | 0/50k        0         450k
    ",
    );
}

#[test]
fn a_round_whose_stock_is_held_is_not_sold_out_and_one_that_is_closed_still_pays() {
    let mut payments = Payments::new(round_of(&["everyone 10:00-14:00 100k"]));
    for (now, command) in [("09:59", "schedule"), ("10:00", "hold a everyone 100k")] {
        payments.step(at(now), command);
    }
    assert_eq!(payments.round.state(), LifeCycle::Open, "what is held may come back");
    payments.step(at("10:01"), "send a");
    payments.step(at("14:00"), "tick");
    assert_eq!(payments.round.state(), LifeCycle::Closed);
    assert_eq!(payments.step(at("14:01"), "rail a approved"), "issued");
    assert_eq!(payments.round.windows()[0].stock.sold, won("100k"));
}

/// F17: the clock, a decline and a cancel try to release one hold, in every order, from every
/// phase, each of them twice.
#[test]
fn three_releases_in_every_order_release_once() {
    let releases = ["expire a", "rail a declined", "rail a cancelled"];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for before in ["", "send a", "send a, rail a wrong", "send a, rail a approved"] {
        for order in orders {
            let mut payments = Payments::new(second_round());
            payments.step(at("09:45"), "schedule");
            payments.step(at("10:00"), "hold a odd 100k");
            for command in before.split(", ").filter(|command| !command.is_empty()) {
                payments.step(at("10:00"), command);
            }
            let named = format!("after `{before}`: {order:?}");
            for index in order.into_iter().flat_map(|index| [index, index]) {
                payments.step(at("10:00"), releases[index]);
            }
            let is_voided = |event: &&Event| matches!(event, Event::Voided { .. });
            let voids = payments.journal.iter().filter(is_voided).count();
            let is_issued = before.ends_with("approved");
            assert_eq!(voids, usize::from(!is_issued), "{named}");
            let stock = payments.round.windows()[0].stock;
            let (left, sold) = if is_issued { ("150k", "100k") } else { ("250k", "0") };
            assert_eq!((stock.left, stock.held, stock.sold), (won(left), Won(0), won(sold)));
            payments.assert_replayed(&named);
        }
    }
}

#[test]
#[should_panic(expected = "OR-3: a step of a payment that was never held")]
fn a_hold_that_is_released_twice_is_a_defect() {
    let mut payments = Payments::new(second_round());
    payments.step(at("09:45"), "schedule");
    for command in ["hold a odd 100k", "send a", "rail a declined"] {
        payments.step(at("10:00"), command);
    }
    let voided = payments.journal.last().cloned().expect("it was voided");
    payments.round.apply(&voided);
}

#[test]
#[should_panic(expected = "OR-7: issued in")]
fn an_issue_of_what_is_being_cancelled_is_a_defect() {
    let mut payments = Payments::new(second_round());
    payments.step(at("09:45"), "schedule");
    for command in ["hold a odd 100k", "send a", "rail a wrong"] {
        payments.step(at("10:00"), command);
    }
    let payment = payments.round.payments.values().next().expect("it is held");
    let purchase = Purchase { state: PurchaseState::Issued, ..payment.purchase.clone() };
    payments.round.apply(&Event::Issued { purchase });
}

/// A round and its journal, driven by words.
struct Payments {
    spec: RoundSpec,
    round: Round,
    journal: Vec<Event>,
    names: Vec<String>,
}

impl Payments {
    fn new(spec: RoundSpec) -> Payments {
        let round = Round::new(spec.clone());
        let (journal, names) = (Vec::new(), Vec::new());
        Payments { spec, round, journal, names }
    }

    fn write(&mut self, event: Event) {
        self.round.apply(&event);
        self.journal.push(event);
    }

    /// Takes one step, with all that the clock says before and after it; answers what it came to.
    fn step(&mut self, now: Timestamp, command: &str) -> String {
        self.settle(now);
        let words: Vec<&str> = command.split_whitespace().collect();
        let id = |names: &[String], name| {
            let known = names.iter().position(|known| known == name);
            PurchaseId(known.expect("it was held") as u128)
        };
        let event = match words[0] {
            "tick" => return "done".to_owned(),
            "schedule" => {
                let events = self.round.decide_step(Step::Schedule).unwrap();
                events.into_iter().for_each(|event| self.write(event));
                self.settle(now);
                return "done".to_owned();
            }
            "hold" => match self.hold(now, words[1], words[2], won(words[3])) {
                Ok(event) => Some(event),
                Err(refusal) => return refusal.code().to_owned(),
            },
            "send" => self.round.decide_send(now, id(&self.names, words[1]), "pay".to_owned()),
            "expire" => self.round.decide_expire(id(&self.names, words[1])),
            "rail" => {
                let id = id(&self.names, words[1]);
                let answer = self.answer(id, words[2]);
                self.round.decide_answer(now, id, FINALITY, answer)
            }
            other => panic!("unknown: {other}"),
        };
        let Some(event) = event else { return "nothing".to_owned() };
        let word = word(&event);
        self.write(event);
        self.settle(now);
        word
    }

    fn settle(&mut self, now: Timestamp) {
        while let Some(event) = self.round.decide_due(now) {
            self.write(event);
        }
    }

    fn hold(
        &mut self,
        now: Timestamp,
        name: &str,
        class: &str,
        amount: Won,
    ) -> Result<Event, Refusal> {
        let lines = self.round.lines();
        let line = lines.iter().position(|line| &*line.eligibility.class() == class).unwrap();
        let line = LineId(u8::try_from(line).unwrap());
        let number = self.names.len() as u64 + 1;
        let order = PurchaseOrder {
            id: PurchaseId(self.names.len() as u128),
            person: person(number),
            channel: channel(),
            amount,
            pass: PassId { line, number },
            key: key(name),
            digest: [0; 32],
            month: Month::of(now),
            used_after: amount,
            rules: rules().into(),
            at_counter: None,
        };
        if self.round.lines()[line.index()].watermark < 99 {
            let round = self.spec.id.clone();
            self.write(Event::WatermarkMoved { round, line, to: 99 });
        }
        let purchase = self.round.decide_hold(now, &order)?;
        assert_eq!(purchase.state, PurchaseState::Held);
        self.names.push(name.to_owned());
        Ok(Event::Held { purchase, pass_expires_at: Timestamp(i64::MAX) })
    }

    fn answer(&self, id: PurchaseId, word: &str) -> RailAnswer {
        let price = self.round.payment(id).map_or(Won::ZERO, |payment| payment.purchase.price);
        match word {
            "approved" => RailAnswer::Approved { amount: price },
            "wrong" => RailAnswer::Approved { amount: price.plus(Won(1)) },
            "declined" => RailAnswer::Declined,
            "cancelled" => RailAnswer::Cancelled,
            "not-found" => RailAnswer::NotFound,
            "pending" => RailAnswer::Pending,
            "unknown" => RailAnswer::Unknown,
            other => panic!("unknown: {other}"),
        }
    }

    fn assert_replayed(&self, named: &str) {
        let mut again = Round::new(self.spec.clone());
        self.journal.iter().for_each(|event| again.apply(event));
        let stocks = |round: &Round| -> Vec<(Stock, WindowPhase)> {
            round.windows().iter().map(|window| (window.stock, window.phase)).collect()
        };
        assert_eq!(stocks(&again), stocks(&self.round), "{named}");
        assert_eq!(again.payments, self.round.payments, "{named}");
    }
}

fn word(event: &Event) -> String {
    match event {
        Event::Held { .. } => "held".to_owned(),
        Event::PaymentSent { .. } => "sent".to_owned(),
        Event::Issued { .. } => "issued".to_owned(),
        Event::CancelSent { reason, .. } => format!("cancel-sent-{}", reason.word()),
        Event::Voided { reason, back_to, .. } => format!("voided-{}-{back_to}", reason.word()),
        Event::ReturnSent { .. } => "return-sent".to_owned(),
        Event::Returned { .. } => "returned".to_owned(),
        other => panic!("not a step of a payment: {other:?}"),
    }
}

/// One line a step: when, what, what it comes to, and then what each window has: left, `+` held,
/// `/` sold. A replay of all must agree.
fn check(spec: RoundSpec, table: &str) {
    let mut payments = Payments::new(spec);
    for line in rows(table).skip(1) {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let (now, command) = parts[0].split_once(' ').expect("a time and a command");
        let answer = payments.step(at(now), command.trim());
        assert_eq!(answer, parts[1], "{line}");
        let windows: Vec<String> = payments.round.windows().iter().map(shown).collect();
        assert_eq!(windows, parts[2].split_whitespace().collect::<Vec<_>>(), "{line}");
        payments.assert_replayed(line);
    }
}

fn shown(window: &crate::round::Window) -> String {
    let thousands = |won: Won| match won.0 {
        0 => "0".to_owned(),
        won => format!("{}k", won / 1_000),
    };
    let Stock { left, held, sold, .. } = window.stock;
    let part = |mark: &str, won| match won {
        Won::ZERO => String::new(),
        won => format!("{mark}{}", thousands(won)),
    };
    format!("{}{}{}", thousands(left), part("+", held), part("/", sold))
}
