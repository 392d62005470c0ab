//! What people do with vouchers: look, spend in several apps at once, cancel, have refunded, give
//! to each other at the same moment, and try what they may not.

use super::{Client, Visit, Wish};
use crate::sim::agenda::Task;
use crate::sim::world::World;
use openrun_core::person::MoveAnswer;
use openrun_core::voucher::VoucherState;
use openrun_core::{Purchase, PurchaseId, Refusal, Voucher, VoucherId, Won};

/// A move as asked for, under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) struct MoveWish {
    pub key: u64,
    pub what: What,
}

/// What is to be done with a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum What {
    /// `merchant`: an index into all of them; beyond, nobody.
    Spend {
        voucher: VoucherId,
        merchant: usize,
        amount: Won,
    },
    Cancel {
        purchase: PurchaseId,
    },
    Refund {
        voucher: VoucherId,
    },
    Give {
        voucher: VoucherId,
        to: u32,
        amount: Won,
    },
}

/// A voucher as its person knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownVoucher {
    id: VoucherId,
    balance: Won,
}

/// What the body of a move comes to.
pub(in crate::sim) fn digest_of_move(what: &What) -> [u8; 32] {
    let (kind, voucher, whom, amount) = match *what {
        What::Spend { voucher, merchant, amount } => (1, voucher.0, merchant as u64, amount.0),
        What::Cancel { purchase } => (2, purchase.0, 0, 0),
        What::Refund { voucher } => (3, voucher.0, 0, 0),
        What::Give { voucher, to, amount } => (4, voucher.0, u64::from(to), amount.0),
    };
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&amount.to_le_bytes());
    digest[8..15].copy_from_slice(&whom.to_le_bytes()[..7]);
    digest[15] = kind;
    digest[16..].copy_from_slice(&voucher.to_le_bytes());
    digest
}

impl Client {
    /// A purchase is a voucher; on paper it is nothing that an app knows.
    pub(super) fn receive(&mut self, purchase: &Purchase) {
        let (id, balance) = (VoucherId::from(purchase.id), purchase.amount);
        let is_new = self.wallet.iter().all(|known| known.id != id);
        if is_new && purchase.serial_number().is_none() {
            self.wallet.push(KnownVoucher { id, balance });
            // Whoever has got something stays a little longer.
            self.patience += 3;
        }
    }

    pub(super) fn see(&mut self, vouchers: &[Voucher]) {
        let is_good = |it: &&Voucher| it.state == VoucherState::Active && it.balance > Won::ZERO;
        let known = |it: &Voucher| KnownVoucher { id: it.id, balance: it.balance };
        self.wallet = vouchers.iter().filter(is_good).map(known).collect();
    }

    pub(super) fn hear_of_move(
        &mut self,
        wish: MoveWish,
        answer: Result<MoveAnswer, Refusal>,
        is_stubborn: bool,
    ) {
        let is_end = match &answer {
            Ok(MoveAnswer::PaidBack(payback)) => payback.is_done,
            Ok(_) => true,
            Err(Refusal::Unavailable | Refusal::Overloaded) => false,
            Err(refusal) => refusal.is_remembered() || !is_stubborn,
        };
        if is_end && self.moving.is_some_and(|open| open.key == wish.key) {
            self.moving = None;
        }
        let (id, left) = match answer {
            Ok(MoveAnswer::Spent(spend)) => (spend.voucher, spend.balance_after),
            Ok(MoveAnswer::Gifted(gift)) => (gift.voucher, gift.balance_after),
            Ok(MoveAnswer::PaidBack(payback)) if payback.is_done => (payback.voucher, Won::ZERO),
            _ => return,
        };
        for known in self.wallet.iter_mut().filter(|known| known.id == id) {
            known.balance = known.balance.min(left);
        }
        self.wallet.retain(|known| known.balance > Won::ZERO);
    }
}

impl World {
    /// A person does something with what they have got.
    pub(super) fn use_vouchers(&mut self, person: u32) {
        let (client, chance) = (&self.people[person as usize], &mut self.chances.people);
        if let Some(open) = client.moving.filter(|_| chance.per_mille(500)) {
            return self.send(person, 0, Wish::Move(open));
        }
        let dice = chance.below(100);
        if client.wallet.is_empty() || dice < 12 {
            return self.send(person, 0, Wish::Look);
        }
        let known = *chance.one_of(&client.wallet);
        match dice {
            12..46 => self.spend(person, known),
            46..70 => self.give_some(person, known),
            70..82 => self.want_back(person, known, true),
            82..94 => self.want_back(person, known, false),
            _ => self.try_what_they_may_not(person, known),
        }
    }

    /// Most of it, some of it, all of it, or more than there is.
    fn some_of(&mut self, balance: Won) -> Won {
        let chance = &mut self.chances.people;
        match chance.below(20) {
            0..8 => balance,
            8..14 => Won(chance.between(balance.0 * 6 / 10, balance.0)),
            14..19 => Won(chance.between(1, balance.0)),
            _ => balance.plus(Won(10_000)),
        }
    }

    /// In one app, or in up to four at the same moment; now and then while it is to be paid
    /// back, or while they buy more.
    fn spend(&mut self, person: u32, known: KnownVoucher) {
        let voucher = known.id;
        let amount = self.some_of(known.balance);
        let chance = &mut self.chances.people;
        let merchant = match chance.below(20) {
            0..14 => 0,
            14..18 => 1,
            18 => 2,
            _ => 3,
        };
        let apps = if chance.per_mille(250) { chance.between(2, 4) } else { 1 };
        let (is_back, is_cancel) = (chance.per_mille(150), chance.per_mille(500));
        let is_buying = chance.per_mille(400);
        for _ in 0..apps {
            self.ask(person, What::Spend { voucher, merchant, amount });
        }
        if is_back {
            self.want_back(person, known, is_cancel);
        }
        if is_buying {
            self.buy_meanwhile(person);
        }
    }

    /// Whoever has a pass uses it at the same moment.
    fn buy_meanwhile(&mut self, person: u32) {
        let now = self.now;
        let is_good = |visit: &Visit| visit.passes.last().is_some_and(|(_, until)| now < *until);
        let round = self.people[person as usize].visits.iter().position(is_good);
        if let Some(round) = round {
            self.buy_something(person, round, false);
        }
    }

    fn want_back(&mut self, person: u32, known: KnownVoucher, is_cancel: bool) {
        let (voucher, purchase) = (known.id, PurchaseId(known.id.0));
        self.ask(
            person,
            match is_cancel {
                true => What::Cancel { purchase },
                false => What::Refund { voucher },
            },
        );
    }

    /// Somebody else gets some of it; perhaps gives something at the same moment, or buys.
    fn give_some(&mut self, person: u32, known: KnownVoucher) {
        let units = known.balance.0 / 10_000;
        let chance = &mut self.chances.people;
        let amount = match chance.below(20) {
            0..6 => units * 10_000,
            6..18 => chance.between(1, units.max(1)) * 10_000,
            18 => known.balance.0 + 10_000,
            _ => 5_000,
        };
        let to = u32::try_from(chance.below(u64::from(self.plan.people))).expect("a person");
        let (is_crossing, is_buying) = (chance.per_mille(250), chance.per_mille(150));
        let theirs = self.people[to as usize].wallet.first().copied();
        self.ask(person, What::Give { voucher: known.id, to, amount: Won(amount) });
        if to == person || !(is_crossing || is_buying) {
            return;
        }
        if let Some(theirs) = theirs.filter(|_| is_crossing) {
            let amount = Won((theirs.balance.0 / 10_000).max(1) * 10_000);
            self.ask(to, What::Give { voucher: theirs.id, to: person, amount });
        }
        if is_buying {
            self.buy_meanwhile(to);
        }
        // They may have had enough before: somebody must ask what became of it.
        self.agenda.plan(self.now.plus_millis(self.plan.pause), Task::Act { person: to });
    }

    /// Another's voucher, an amount that is none, a key that was used for something else.
    fn try_what_they_may_not(&mut self, person: u32, known: KnownVoucher) {
        let chance = &mut self.chances.people;
        let other = usize::try_from(chance.below(self.people.len() as u64)).expect("an index");
        let theirs = self.people[other].wallet.first().map_or(known.id, |known| known.id);
        let amount = Won(*chance.one_of(&[0, -10_000, i64::MAX, i64::MIN, 10_000]));
        let what = match chance.below(4) {
            0 => What::Spend { voucher: theirs, merchant: 0, amount },
            1 => What::Give { voucher: known.id, to: person, amount },
            2 => What::Cancel { purchase: PurchaseId(theirs.0) },
            _ => What::Refund { voucher: theirs },
        };
        let keys = self.people[person as usize].keys;
        let key = 1 + self.chances.people.below(keys.max(1));
        match self.chances.people.per_mille(500) {
            true => self.send(person, 0, Wish::Move(MoveWish { key, what })),
            false => self.ask(person, what),
        }
    }

    /// Under a key of its own; now and then twice at once, as by a device that lost patience.
    fn ask(&mut self, person: u32, what: What) {
        let is_twice = self.chances.people.per_mille(150);
        let client = &mut self.people[person as usize];
        client.keys += 1;
        let wish = MoveWish { key: client.keys, what };
        client.moving.get_or_insert(wish);
        self.send(person, 0, Wish::Move(wish));
        if is_twice {
            self.send(person, 0, Wish::Move(wish));
        }
    }
}
