//! The refusals of a spend and of a gift, in the order of their declaration.

use super::*;

/// The refusals of one ask whose faults are mended one by one: in order of declaration.
fn check_order(codes: &[&str], refusals: Vec<Refusal>) {
    assert_eq!(refusals.iter().map(Refusal::code).collect::<Vec<_>>(), codes);
    for pair in refusals.windows(2) {
        assert!(pair[0] < pair[1], "{:?} is declared before {:?}", pair[0], pair[1]);
    }
}

#[test]
fn the_first_declared_refusal_of_a_spend_wins_however_much_is_wrong() {
    let (of, now) = (program(), at("10:00"));
    let mut person = Person::default();
    buy(&mut person, &of, now, (id_of("a"), Won(10_000)));
    buy(&mut person, &of, now, (id_of("b"), Won(10_000)));
    step(&mut person, &of, now, (0, "cancel b key=used"));
    let mut ask = SpendAsk {
        id: MoveId(9),
        voucher: VoucherId(99),
        merchant: None,
        amount: Won::ZERO,
        asked: asked("used"),
    };
    let mut refusals = Vec::new();
    let mend: [fn(&mut SpendAsk); 7] = [
        |ask| ask.asked = asked("fresh"),
        |ask| ask.amount = Won(10_001),
        |ask| ask.voucher = VoucherId(id_of("b")),
        |ask| ask.merchant = Some(merchant("busan", true)),
        |ask| ask.voucher = VoucherId(id_of("a")),
        |ask| ask.merchant = Some(merchant("seoul", true)),
        |ask| ask.amount = Won(10_000),
    ];
    for mend in mend {
        refusals.extend(person.decide_spend(now, &ask, Some(&of)).err());
        mend(&mut ask);
    }
    let codes = [
        "idempotency-key-reused",
        "invalid-amount",
        "voucher-not-found",
        "merchant-not-found",
        "voucher-not-active",
        "wrong-region",
        "insufficient-balance",
    ];
    check_order(&codes, refusals);
    assert!(person.decide_spend(now, &ask, Some(&of)).is_ok());
    ask.merchant = Some(merchant("seoul", false));
    assert_eq!(person.decide_spend(now, &ask, Some(&of)), Err(Refusal::WrongRegion));
}

#[test]
fn the_first_declared_refusal_of_a_gift_wins_however_much_is_wrong() {
    let (of, now) = (program(), at("10:00"));
    let mut person = Person::default();
    buy(&mut person, &of, now, (id_of("a"), Won(20_000)));
    buy(&mut person, &of, now, (id_of("b"), Won(10_000)));
    step(&mut person, &of, now, (0, "cancel b key=used"));
    let to = crate::tests::samples::person(2);
    let mut ask = gift(MoveId(9), VoucherId(99), to, Won::ZERO, asked("used"));
    ask.is_receiver_registered = false;
    let mut refusals = Vec::new();
    let mend: [fn(&mut GiftAsk); 6] = [
        |ask| ask.asked = asked("fresh"),
        |ask| ask.amount = Won(30_000),
        |ask| ask.voucher = VoucherId(id_of("b")),
        |ask| ask.is_receiver_registered = true,
        |ask| ask.voucher = VoucherId(id_of("a")),
        |ask| ask.amount = Won(20_000),
    ];
    let decide = |ask: &GiftAsk| person.decide_gift(now, ask, Some(&of), Month::of(now));
    for mend in mend {
        refusals.extend(decide(&ask).err());
        mend(&mut ask);
    }
    let codes = [
        "idempotency-key-reused",
        "invalid-amount",
        "voucher-not-found",
        "receiver-not-found",
        "voucher-not-active",
        "insufficient-balance",
    ];
    check_order(&codes, refusals);
    assert!(decide(&ask).is_ok());
}
