//! What becomes of the vouchers of [`super::one_of_each`] after their sale.

use super::{OPENING, channel, key, person, program_id, purchase, refused, round};
use openrun_core::voucher::{Asked, Payback, PaybackCause, VoucherMove};
use openrun_core::{
    Event, MerchantId, Month, MoveId, PersonKey, Purchase, StreamId, Timestamp, VoucherId, Won,
};

/// When the first of these moves was decided: an hour after the opening.
pub(crate) const LATER: Timestamp = Timestamp(OPENING.0 + 3_600_000);

/// The stream that all of this belongs to.
pub(crate) fn voucher_stream() -> StreamId {
    StreamId::Vouchers(program_id())
}

/// The voucher that was bought with this purchase.
pub(crate) fn voucher(number: u64) -> VoucherId {
    VoucherId::from(purchase(number).id)
}

/// A move of its own id.
pub(crate) fn move_id(number: u64) -> MoveId {
    MoveId((0x0181_f9e6_0000_7000_u128 << 64) + u128::from(number))
}

/// The head of a move that its person asked for. Its key, `move-…`, and its time follow from the
/// number in its id.
pub(crate) fn of(voucher: VoucherId, person: PersonKey, id: u64, number: u32) -> VoucherMove {
    let asked = Some(Asked { key: key(&format!("move-{id}")), digest: [5; 32] });
    let at = LATER.plus_millis(i64::try_from(id).expect("small"));
    VoucherMove { program: program_id(), voucher, person, id: move_id(id), number, at, asked }
}

/// The same for a move that nobody asked for.
pub(crate) fn of_itself(
    voucher: VoucherId,
    person: PersonKey,
    id: u64,
    number: u32,
) -> VoucherMove {
    VoucherMove { asked: None, ..of(voucher, person, id, number) }
}

pub(crate) fn spent(of: VoucherMove, amount: i64, left: i64) -> Event {
    let merchant = MerchantId::new("cafe-1").expect("a slug");
    Event::Spent { of, merchant, amount: Won(amount), balance_after: Won(left) }
}

/// All of a voucher that cost 93 of 100, or what is left of it.
pub(crate) fn payback(cause: PaybackCause, amount: i64) -> Payback {
    Payback {
        round: round(),
        channel: channel(),
        cause,
        amount: Won(amount),
        price: Won(amount / 100 * 93),
        subsidy: Won(amount / 100 * 7),
        month_back: (cause == PaybackCause::Cancel).then(|| Month::of(OPENING)),
    }
}

pub(crate) fn payback_sent(of: VoucherMove, payback: Payback) -> Event {
    let request = Some("{\"order\":\"상품권\"}".to_owned());
    Event::PaybackSent { of, payback, purchase_at: OPENING, request }
}

pub(crate) fn gifted(of: VoucherMove, to: PersonKey, amount: i64, left: i64) -> Event {
    Event::Gifted {
        of,
        to,
        round: round(),
        channel: channel(),
        bought_at: OPENING,
        month: Month::of(OPENING),
        amount: Won(amount),
        price: Won(amount / 100 * 93),
        subsidy: Won(amount / 100 * 7),
        balance_after: Won(left),
        expires_at: Some(LATER.plus_millis(86_400_000)),
    }
}

pub(crate) fn expired(of: VoucherMove, amount: i64) -> Event {
    Event::Expired { of, amount: Won(amount) }
}

/// A purchase of a person's choice.
pub(crate) fn bought_by(person: PersonKey, number: u64) -> Purchase {
    Purchase { person, ..purchase(number) }
}

/// One event of every kind that only the vouchers of a program have, as it could go on from
/// [`super::one_of_each`]: person 1 spends, gives to 2, who bought nothing, is refused a refund by
/// the rail and then gets it; 4 cancels; what 2 was given is spent in part and expires.
pub(crate) fn of_vouchers() -> Vec<Event> {
    let (first, fourth) = (voucher(1), voucher(4));
    let (one, two, four) = (person(1), person(2), person(4));
    let refund = || payback(PaybackCause::Refund, 30_000);
    let cancel = || payback(PaybackCause::Cancel, 100_000);
    let given = VoucherId::from(move_id(2));
    vec![
        spent(of(first, one, 1, 1), 30_000, 70_000),
        gifted(of(first, one, 2, 2), two, 20_000, 50_000),
        spent(of(first, one, 3, 3), 20_000, 30_000),
        payback_sent(of(first, one, 4, 4), refund()),
        refused(1, "spend-while-paying-back"),
        Event::PaybackRefused { of: of_itself(first, one, 4, 5), payback: refund() },
        payback_sent(of(first, one, 5, 6), refund()),
        Event::PaidBack { of: of_itself(first, one, 5, 7), payback: refund() },
        payback_sent(of(fourth, four, 6, 1), cancel()),
        Event::PaidBack { of: of_itself(fourth, four, 6, 2), payback: cancel() },
        spent(of(given, two, 7, 1), 5_000, 15_000),
        expired(of_itself(given, two, 8, 2), 15_000),
    ]
}
