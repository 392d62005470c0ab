//! What a person does with a refusal: buys less, comes again later, or takes it as the last answer.
//!
//! The codes are those of the HTTP contract. A code that the contract does not list for what these
//! people do is counted as unexpected.

use jiff::Timestamp;

use super::answers::{MILLISECOND, MOST_TRIES, SOON, Times};
use super::calls::{Call, Problem};
use super::crowd::Crowd;
use super::visit::{Job, Last, Step};

/// So many windows are waited for by somebody whose window is not open yet.
const MOST_WINDOWS: u16 = 8;
/// How often somebody whose payment was declined tries again.
const MOST_DECLINED: u16 = 3;

impl Crowd {
    /// Comes again when the window for this person opens, once.
    pub(super) fn comes_at(&mut self, job: Job, times: Times, opens_at: Option<&str>, code: &str) {
        let id = job.visit as usize;
        let opens_at = opens_at.and_then(|text| text.parse::<Timestamp>().ok());
        let wait = opens_at.map(|at| Timestamp::now().duration_until(at).as_millis());
        self.visits[id].tries += 1;
        match wait.and_then(|ms| u64::try_from(ms).ok()) {
            Some(wait_ms) if self.visits[id].tries < MOST_WINDOWS => {
                self.step(id, Step::Calling);
                self.visits[id].ticket = None;
                let due = times.answered + (wait_ms + 50) * MILLISECOND;
                self.moved = self.moved.max(due);
                let call = self.visits[id].plan.first_call();
                self.later(Job::send(job.visit, call, due));
            }
            _ => {
                let code = self.code(code);
                self.end(id, Last::Refused(code));
            }
        }
    }

    pub(super) fn refused(
        &mut self,
        job: Job,
        call: Call,
        times: Times,
        status: u16,
        problem: &Problem<'_>,
    ) {
        let id = job.visit as usize;
        let code = problem.code.as_ref();
        if call == Call::Ask && self.visits[id].step != Step::Waiting {
            return;
        }
        if let Some(last) = self.visits[id].leaves_with {
            return self.end(id, last);
        }
        if call == Call::Repeat {
            self.figures.broken.repeat_differs += 1;
            return self.end(id, Last::Bought);
        }
        self.figures.refused(if code.is_empty() { "no-code" } else { code });
        let attempt = self.visits[id].attempt;
        let less_won = match code {
            "insufficient-stock" => problem.remaining_won,
            "monthly-limit-exceeded" => problem.allowance_won,
            "holding-limit-exceeded" => problem.room_won,
            _ => None,
        };
        let unit_won = self.rounds[self.visits[id].plan.round as usize].unit_won;
        let less_won = less_won.map_or(0, |won| won.min(self.visits[id].asks_won));
        let less_won = less_won - less_won % unit_won;
        match code {
            _ if less_won > 0 && attempt < MOST_TRIES => self.buys_less(job, times, less_won),
            "payment-declined" if attempt < MOST_DECLINED => {
                self.buys_less(job, times, self.visits[id].asks_won);
            }
            "not-registered" if !self.signed_up.knows(self.visits[id].plan.person) => {
                self.visits[id].attempt += 1;
                self.push(Job::send(job.visit, Call::SignUp, times.answered));
            }
            "sold-out" => self.end(id, Last::SoldOut),
            // Where-am-I says what became of the turn.
            "not-yet" | "turn-passed" if call == Call::Claim => {
                self.step(id, Step::Waiting);
                self.again(job, Call::Ask, times.answered + SOON);
            }
            "monthly-limit-exceeded" | "holding-limit-exceeded" => {
                self.goes(job, times, code);
            }
            "round-not-open" => match problem.state.as_deref() {
                Some("closed") => self.end(id, Last::Closed),
                Some("sold_out") => self.end(id, Last::SoldOut),
                _ => {
                    self.visits[id].attempt += 1;
                    self.again(job, call, times.answered + SOON);
                }
            },
            "not-eligible" => self.comes_at(job, times, problem.opens_at.as_deref(), code),
            _ => {
                if !known(code) || status >= 500 {
                    self.figures.unexpected(call, status, code);
                }
                let code = self.code(code);
                self.end(id, Last::Refused(code));
            }
        }
    }

    /// Nothing more to buy: gives the place back, if there is one.
    fn goes(&mut self, job: Job, times: Times, code: &str) {
        let id = job.visit as usize;
        let last = Last::Refused(self.code(code));
        if self.visits[id].plan.is_at_counter {
            return self.end(id, last);
        }
        self.visits[id].leaves_with = Some(last);
        self.push(Job::send(job.visit, Call::Leave, times.answered));
    }

    fn buys_less(&mut self, job: Job, times: Times, amount_won: u64) {
        let visit = &mut self.visits[job.visit as usize];
        visit.asks_won = amount_won;
        visit.attempt += 1;
        self.push(Job::send(job.visit, Call::Buy, times.answered));
    }
}

/// Refusals that the contract lists for what these people do; anything else is a fault of server or
/// crowd.
fn known(code: &str) -> bool {
    matches!(
        code,
        "not-eligible"
            | "pass-required"
            | "pass-invalid"
            | "pass-expired"
            | "pass-used"
            | "monthly-limit-exceeded"
            | "holding-limit-exceeded"
            | "insufficient-stock"
            | "payment-declined"
            | "suspended"
            | "ticket-invalid"
            | "turn-passed"
    )
}
