//! The edge: requests that arrive, and answers that leave. Each request is answered once; what an
//! answer says is shown to the auditor at the moment it leaves.

use super::SignUp;
use super::committer::{Append, Done};
use super::person::Purchasing;
use crate::sim::faults::Plant;
use crate::sim::people::{Attempt, Request, Said, Shown, Wish, digest_of, key_of};
use crate::sim::sale::COUNTER;
use crate::sim::world::World;
use openrun_core::person::{Ask, MoveAnswer, RoundFacts, ShownPass};
use openrun_core::round_spec::SoldAt;
use openrun_core::{Event, IdempotencyKey, Purchase, PurchaseId, Refusal, Timestamp, Voucher, Won};
use std::sync::Arc;

impl World {
    /// A request arrives, or finds nobody.
    pub(in crate::sim) fn arrive(&mut self, request: Request) {
        if self.house.is_none() {
            return self.hear_nothing(request);
        }
        let (number, person, round) = (request.number, request.person, request.round);
        let wish = request.wish.clone();
        self.outstanding.insert(number, request);
        match wish {
            Wish::SignUp => self.sign_up(number, person),
            Wish::Join { shown } => {
                let channel = self.channels[(number % 2) as usize].clone();
                let placed = self.join(round, person, &channel, shown);
                self.answer(number, Said::Placed(placed));
            }
            Wish::Claim { shown } => {
                if let Some(claimed) = self.claim(round, person, shown, number).transpose() {
                    self.answer(number, Said::Claimed(claimed));
                }
            }
            Wish::Leave { shown } => self.leave(round, person, shown, number),
            Wish::Buy(attempt) => self.purchase(number, person, round, &attempt),
            Wish::Move(wish) => self.ask_for_move(number, person, wish),
            Wish::Look => self.look(number, person),
        }
    }

    fn sign_up(&mut self, request: u64, person: u32) {
        let Some(house) = &mut self.house else { return };
        let state = &mut house.signed_up[person as usize];
        match state {
            SignUp::Durable => return self.answer_sign_up(request, Ok(())),
            SignUp::Pending | SignUp::Doubtful => {
                return self.answer_sign_up(request, Err(Refusal::Unavailable));
            }
            SignUp::Unknown => *state = SignUp::Pending,
        }
        let channel = self.channels[0].clone();
        let events = vec![Event::SignedUp { person: key_of(person), channel }];
        let done = Done::SignedUp { request, person };
        self.append(0, Append { at: self.now, events, under: None, done });
    }

    /// Whether a sign-up is durable.
    pub(in crate::sim) fn set_signed_up(&mut self, person: u32, state: SignUp) {
        if let Some(house) = &mut self.house {
            house.signed_up[person as usize] = state;
        }
    }

    fn purchase(&mut self, request: u64, person: u32, round: usize, attempt: &Attempt) {
        let now = self.now;
        let is_unlimited = self.plant == Some(Plant::LimitsOff);
        let who = &self.people[person as usize].who;
        let Some(house) = &self.house else { return };
        let view = Arc::clone(&house.rounds[round].view);
        let is_registered = house.signed_up[person as usize] == SignUp::Durable;
        let channel = self.channels[attempt.channel].clone();
        let mut rules = view.program.rules_at(now).clone();
        let is_counter = attempt.channel == COUNTER;
        let channel_allowed = is_counter || rules.channels.contains(&channel);
        let sold_at = if is_counter { SoldAt::Counter } else { SoldAt::Line };
        let at_counter = is_counter.then(|| who.clone());
        if is_unlimited {
            let rules = Arc::make_mut(&mut rules);
            (rules.monthly_limit_won, rules.holding_limit_won) =
                (Won::MAX_REQUEST, Won::MAX_REQUEST);
        }
        let facts = RoundFacts {
            round: view.spec.id.clone(),
            program: view.spec.program_id.clone(),
            rules,
            closed: view.check_selling(who, now, sold_at).err(),
            channel_allowed,
            at_counter: at_counter.clone(),
        };
        let key = IdempotencyKey::new(&attempt.key.to_string()).expect("digits are visible");
        let pass = match attempt.shown {
            Shown::Missing => ShownPass::Missing,
            Shown::Forged => ShownPass::Invalid,
            Shown::Pass(pass, expires_at) if now < expires_at => ShownPass::Valid(pass, expires_at),
            Shown::Pass(pass, _) => ShownPass::Expired(pass),
        };
        let millis = u128::try_from(now.0).expect("a time after 1970");
        let ask = Ask {
            key,
            digest: digest_of(round, attempt.amount),
            amount: attempt.amount,
            is_registered,
            round: Some(facts),
            pass,
            is_cash: is_counter,
        };
        let id = PurchaseId((millis << 64) | u128::from(request));
        let round = Some(round);
        let purchasing = Purchasing { request, id, channel, ask, round, at_counter };
        self.serve_person(person, purchasing);
    }

    /// Answers a request, once.
    fn answer(&mut self, request: u64, said: Said) {
        let Some(request) = self.outstanding.remove(&request) else { return };
        self.note(|| format!("person {} asked {:?}: {said:?}", request.person, request.wish));
        self.audit_answered(&request, &said);
        self.send_reply(request, said);
    }

    pub(in crate::sim) fn answer_sign_up(&mut self, request: u64, answer: Result<(), Refusal>) {
        self.answer(request, Said::SignedUp(answer));
    }

    pub(in crate::sim) fn answer_left(&mut self, request: u64) {
        self.answer(request, Said::Left);
    }

    pub(in crate::sim) fn answer_renewed(
        &mut self,
        request: u64,
        answer: Result<Timestamp, Refusal>,
    ) {
        self.answer(request, Said::Claimed(answer.map(Some)));
    }

    pub(in crate::sim) fn answer_purchase(
        &mut self,
        request: u64,
        answer: Result<Box<Purchase>, Refusal>,
    ) {
        self.answer(request, Said::Bought(answer));
    }

    pub(in crate::sim) fn answer_move(
        &mut self,
        request: u64,
        answer: Result<MoveAnswer, Refusal>,
    ) {
        self.answer(request, Said::Moved(answer));
    }

    pub(in crate::sim) fn answer_vouchers(
        &mut self,
        request: u64,
        answer: Result<Vec<Voucher>, Refusal>,
    ) {
        self.answer(request, Said::Vouchers(answer));
    }
}
