//! What a person does with an answer: the next call, a wait, or the end of the visit.
//!
//! Follows the HTTP contract word by word. Whatever the contract does not know is counted as
//! unexpected and ends the visit, so that nobody asks for ever.

use serde::Deserialize;

use super::calls::{Call, Problem, PurchaseAnswer, TicketAnswer};
use super::crowd::{Acknowledged, Crowd};
use super::figures::record;
use super::order::Given;
use super::people::Habits;
use super::visit::{Job, Kind, Last, Step};
use super::wire::Answer;

pub(super) const MILLISECOND: u64 = 1_000_000;
/// After a lost connection the same call is sent again this much later.
const AFTER_LOSS: u64 = 50 * MILLISECOND;
/// Between two looks of somebody in a lobby who was told no number: the shared document cannot say
/// when their turn is.
const IN_LOBBY: u64 = 1_000 * MILLISECOND;
/// Between two questions about something that is about to change.
pub(super) const SOON: u64 = 300 * MILLISECOND;
/// After so many tries for one purpose a visit ends: it would ask for ever.
pub(super) const MOST_TRIES: u16 = 400;

/// When a call was sent and answered, in nanoseconds of this run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub sent: u64,
    pub answered: u64,
}

impl Crowd {
    /// A call was answered.
    pub fn answered(&mut self, job: Job, call: Call, times: Times, answer: &Answer<'_>) {
        let id = job.visit as usize;
        if matches!(answer.status, 503 | 429) {
            self.figures.requests += 1;
            self.figures.asked_to_retry += 1;
            if call == Call::Join {
                self.visits[id].join_sent = 0;
            }
            let wait = answer.retry_after_s.unwrap_or(1).clamp(1, 60) * 1000 * MILLISECOND;
            return self.again(job, call, times.answered + wait);
        }
        self.figures.answered(call, job.due, times.sent, times.answered);
        if self.visits[id].last.is_some() {
            if call == Call::Buy && (200..300).contains(&answer.status) {
                self.figures.unexpected(call, answer.status, "after the last answer");
            }
            return;
        }
        if !(200..300).contains(&answer.status) {
            let problem: Problem<'_> = serde_json::from_slice(answer.body).unwrap_or_default();
            return self.refused(job, call, times, answer.status, &problem);
        }
        match call {
            Call::SignUp => self.after_sign_up(job, times),
            Call::Leave => self.end(id, self.visits[id].leaves_with.unwrap_or(Last::Left)),
            Call::Join | Call::Ask | Call::Claim => match parse::<TicketAnswer<'_>>(answer.body) {
                Some(ticket) => self.placed(job, call, times, answer.status, &ticket),
                None => self.unreadable(id, call, answer.status),
            },
            Call::Buy | Call::Settle | Call::Repeat => {
                match parse::<PurchaseAnswer<'_>>(answer.body) {
                    Some(purchase) if call == Call::Repeat => {
                        self.repeated(id, answer, &purchase);
                    }
                    Some(purchase) => self.purchased(job, times, answer, &purchase),
                    None => self.unreadable(id, call, answer.status),
                }
            }
        }
    }

    /// The connection was lost before an answer: the same call is sent again.
    pub fn lost(&mut self, job: Job, call: Call) {
        self.figures.lost_connections += 1;
        self.again(job, call, self.now() + AFTER_LOSS);
    }

    /// A call was sent and the connection dropped on purpose.
    pub fn hung_up(&mut self, job: Job, call: Call) {
        self.figures.requests += 1;
        self.figures.hung_up += 1;
        let due = self.now() + AFTER_LOSS;
        // Where-am-I is hung up by whoever toggles airplane mode: back without the ticket.
        let next = if call == Call::Ask { Call::Join } else { call };
        self.visits[job.visit as usize].join_sent = 0;
        self.later(Job::send(job.visit, next, due));
    }

    pub(super) fn again(&mut self, job: Job, call: Call, at: u64) {
        let visit = &mut self.visits[job.visit as usize];
        visit.tries += 1;
        if visit.tries > MOST_TRIES {
            let code = self.code("no-answer");
            return self.end(job.visit as usize, Last::Refused(code));
        }
        self.later(Job::send(job.visit, call, at));
    }

    fn unreadable(&mut self, id: usize, call: Call, status: u16) {
        self.figures.unexpected(call, status, "unreadable");
        let code = self.code("unreadable");
        self.end(id, Last::Refused(code));
    }

    fn after_sign_up(&mut self, job: Job, times: Times) {
        let visit = &self.visits[job.visit as usize];
        let next = if visit.pass.is_some() { Call::Buy } else { visit.plan.first_call() };
        self.signed_up.learn(visit.plan.person);
        self.push(Job::send(job.visit, next, times.answered));
    }

    /// Join, where-am-I and claim were answered with a place.
    fn placed(
        &mut self,
        job: Job,
        call: Call,
        times: Times,
        status: u16,
        answer: &TicketAnswer<'_>,
    ) {
        let id = job.visit as usize;
        let class = answer.class.as_deref().unwrap_or("everyone");
        let line = self.lines.find(self.visits[id].plan.round, class);
        match call {
            Call::Join => self.given(id, line, times, status, answer),
            Call::Ask => {
                let visit = &self.visits[id];
                let same = answer.number.is_none_or(|n| visit.number == 0 || n == visit.number);
                let back = answer.watermark.is_some_and(|w| w < visit.known_watermark);
                let keeps = self.rounds[visit.plan.round as usize].keeps_places;
                let same_line = visit.line as usize == line;
                self.figures.broken.number_changed += u64::from(keeps && same_line && !same);
                self.figures.broken.watermark_back += u64::from(same_line && back);
                if visit.step != Step::Waiting {
                    // The turn came, or something else happened, while the question was under way.
                    return;
                }
            }
            _ => {}
        }
        let visit = &mut self.visits[id];
        if let (0, Some(number)) = (visit.number, answer.number) {
            // A lobby was drawn: the place has a number now.
            (visit.line, visit.number) = (line as u32, number);
        }
        if let Some(ticket) = &answer.ticket {
            self.visits[id].ticket = Some(ticket.as_ref().into());
        }
        if let Some(watermark) = answer.watermark {
            self.advance(line, watermark);
        }
        if call == Call::Ask && self.visits[id].step != Step::Waiting {
            // The watermark of this very answer called them: they claim already. Claimed twice a
            // turn would be used by two purchases, and the refusal of one could hide the other.
            return;
        }
        self.stands(job, call, times, line, answer);
    }

    /// A join was answered: the place is new, or the one that was held before.
    fn given(
        &mut self,
        id: usize,
        line: usize,
        times: Times,
        status: u16,
        answer: &TicketAnswer<'_>,
    ) {
        self.moved = times.answered;
        let Some(number) = answer.number else {
            // In a lobby that will be drawn: a place without a number.
            let visit = &mut self.visits[id];
            self.figures.now.places += u64::from(visit.placed == 0 && visit.plan.phone == 0);
            visit.placed = times.answered;
            visit.join_sent = 0;
            return;
        };
        let visit = &mut self.visits[id];
        let (before, before_line) = (visit.number, visit.line as usize);
        let keeps = self.rounds[visit.plan.round as usize].keeps_places;
        if before != 0 && (before, before_line) != (number, line) {
            self.lines.forget(before_line, before, id as u32);
        }
        if before == 0 && visit.placed == 0 {
            self.figures.now.places += u64::from(visit.plan.phone == 0);
            visit.placed = times.answered;
        } else if before != 0 && before_line == line {
            // A place that the other phone has bought with is used up: joining gives a new one.
            let held = visit.ticket.is_some() && !visit.plan.habits.has(Habits::TWO_PHONES);
            self.figures.broken.place_not_kept += u64::from(keeps && held && number != before);
            self.figures.broken.place_gained += u64::from(number < before);
        }
        if status == 201 && (before != number || before_line != line) {
            let (person, sent) = (visit.plan.person, visit.join_sent);
            let answered = times.answered;
            self.given.push(Given { line: line as u32, number, person, sent, answered });
        }
        visit.join_sent = 0;
        visit.number = number;
        visit.line = line as u32;
    }

    /// Acts on the state of a place.
    fn stands(
        &mut self,
        job: Job,
        call: Call,
        times: Times,
        line: usize,
        answer: &TicketAnswer<'_>,
    ) {
        let id = job.visit as usize;
        match answer.state.as_ref() {
            "admitted" => match &answer.pass {
                Some(pass) => self.admitted(job, times, pass),
                None if call == Call::Claim => self.again(job, call, times.answered + SOON),
                None => self.claim(job.visit, times.answered),
            },
            "lobby" | "waiting" | "standby" if call == Call::Claim => {
                self.step(id, Step::Waiting);
                self.again(job, Call::Ask, times.answered + SOON);
            }
            "lobby" | "waiting" | "standby" => {
                let number = answer.number.unwrap_or(u64::MAX);
                let visit = &self.visits[id];
                let knows = visit.line as usize == line && number == visit.number;
                if number != u64::MAX && !knows {
                    (self.visits[id].line, self.visits[id].number) = (line as u32, number);
                }
                let waits = number == u64::MAX || self.lines.wait(line, number, job.visit);
                if !waits && answer.state != "standby" {
                    return self.claim(job.visit, times.answered);
                }
                self.step(id, Step::Waiting);
                self.begin_habits(job.visit);
                if answer.number.is_none() {
                    self.later(Job::send(job.visit, Call::Ask, times.answered + IN_LOBBY));
                }
            }
            "lapsed" => self.lapsed(job, times),
            "left" => self.end(id, Last::Left),
            // A purchase of one's own is under way, or is about to be sent again after hanging up:
            // its answer has the last word.
            "bought" if self.visits[id].pass.is_some() => self.step(id, Step::Calling),
            "bought" => {
                let code = self.code("bought on the other phone");
                self.end(id, Last::Refused(code));
            }
            "sold_out" => self.end(id, Last::SoldOut),
            "closed" => self.end(id, Last::Closed),
            "ineligible_now" => {
                self.comes_at(job, times, answer.opens_at.as_deref(), "ineligible-now");
            }
            other => {
                let state = format!("state {other}");
                self.figures.unexpected(call, 200, &state);
                let code = self.code(&state);
                self.end(id, Last::Refused(code));
            }
        }
    }

    /// The turn was missed: whoever was silent for a while joins again, once.
    pub(super) fn lapsed(&mut self, job: Job, times: Times) {
        let id = job.visit as usize;
        if !self.visits[id].plan.habits.take(Habits::COME_BACK) {
            return self.end(id, Last::Lapsed);
        }
        self.step(id, Step::Calling);
        (self.visits[id].ticket, self.visits[id].pass) = (None, None);
        self.push(Job::send(job.visit, Call::Join, times.answered));
    }

    fn admitted(&mut self, job: Job, times: Times, pass: &str) {
        let id = job.visit as usize;
        if self.visits[id].habits.take(Habits::VANISH) {
            return self.end(id, Last::Left);
        }
        self.step(id, Step::Calling);
        let visit = &mut self.visits[id];
        visit.pass = Some(pass.into());
        let waited_ms = times.answered.saturating_sub(visit.placed) / MILLISECOND;
        let hang_up = visit.habits.take(Habits::HANG_UP);
        record(&mut self.figures.waited_ms, waited_ms);
        self.moved = times.answered;
        self.push(Job { hang_up, ..Job::send(job.visit, Call::Buy, times.answered) });
    }

    /// Whoever has begun to wait may do something else than wait.
    fn begin_habits(&mut self, id: u32) {
        let habits = &mut self.visits[id as usize].habits;
        let kind = if habits.take(Habits::VANISH) {
            return self.end(id as usize, Last::Left);
        } else if habits.take(Habits::LEAVE) {
            Kind::Leave
        } else if habits.take(Habits::AIRPLANE) {
            Kind::Airplane
        } else if habits.take(Habits::COME_BACK) {
            self.step(id as usize, Step::Silent);
            Kind::Return
        } else {
            return;
        };
        let due = self.after_a_while();
        self.later(Job { due, visit: id, kind, hang_up: false });
    }

    fn purchased(
        &mut self,
        job: Job,
        times: Times,
        answer: &Answer<'_>,
        purchase: &PurchaseAnswer<'_>,
    ) {
        let id = job.visit as usize;
        let visit = &self.visits[id];
        // Who is swept while asking again is told of their place, and buys with the same key.
        if visit.bought_won > 0 && visit.purchase.as_deref() == Some(purchase.id.as_ref()) {
            return self.repeated(id, answer, purchase);
        }
        self.figures.replayed += u64::from(answer.replayed);
        match purchase.state.as_ref() {
            "issued" => {}
            "held" | "paying" => {
                self.visits[id].purchase = Some(purchase.id.as_ref().into());
                return self.again(job, Call::Settle, times.answered + SOON);
            }
            _ => {
                let code = self.code("voided");
                return self.end(id, Last::Refused(code));
            }
        }
        let visit = &mut self.visits[id];
        visit.bought_won = purchase.amount_won;
        visit.purchase = Some(purchase.id.as_ref().into());
        let differs = purchase.amount_won != visit.asks_won;
        let felt_ms = times.answered.saturating_sub(visit.came) / MILLISECOND;
        let repeats = visit.habits.take(Habits::REPEAT);
        self.acknowledged.push(Acknowledged {
            visit: job.visit,
            id: purchase.id.as_ref().into(),
            amount_won: purchase.amount_won,
            at: times.answered,
        });
        self.moved = times.answered;
        self.figures.broken.amount_differs += u64::from(differs);
        record(&mut self.figures.to_purchase_ms, felt_ms);
        self.figures.now.purchases += 1;
        self.figures.now.bought_won += purchase.amount_won;
        if repeats {
            return self.push(Job::send(job.visit, Call::Repeat, times.answered));
        }
        self.end(id, Last::Bought);
    }

    fn repeated(&mut self, id: usize, answer: &Answer<'_>, purchase: &PurchaseAnswer<'_>) {
        let visit = &self.visits[id];
        let same = visit.purchase.as_deref() == Some(purchase.id.as_ref())
            && visit.bought_won == purchase.amount_won
            && answer.replayed;
        self.figures.replayed += u64::from(answer.replayed);
        self.figures.broken.repeat_differs += u64::from(!same);
        self.end(id, Last::Bought);
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests;
