//! Tests of what a person does with vouchers: the ladders, what each step leaves, and replay.

use super::*;
use crate::purchase::PassId;
use crate::round_spec::LineId;
use crate::tests::samples::*;
use crate::voucher::AfterSale;
use crate::voucher::VoucherMove;
use crate::{ChannelId, MerchantId, Purchase};

mod ladders;

const ME: u64 = 1;

fn threshold_of(bps: u32) -> Program {
    with_rules(Rules { refund_threshold_bps: bps, ..rules() })
}

fn with_after_sale(after_sale: AfterSale) -> Program {
    with_rules(Rules { after_sale, ..rules() })
}

fn with_rules(rules: Rules) -> Program {
    Program { versions: vec![rules.into()], ..program() }
}

#[test]
fn a_voucher_is_spent_to_the_won_and_not_beyond() {
    check(
        &program(),
        "
        07-28T10:00 | buy a 100k     | done                       | a=100k      | 100k 100k
        07-28T10:01 | spend a 1      | done                       | a=99999     | 99999 100k
        07-28T10:02 | spend a 100k   | insufficient-balance 99999 | a=99999     | 99999 100k
        07-28T10:03 | spend a 99_999 | done                       | a=used_up:0 | 0 100k
        07-28T10:04 | spend a 1      | insufficient-balance 0     | a=used_up:0 | 0 100k
        07-28T10:05 | refund a       | insufficient-balance 0     | a=used_up:0 | 0 100k
    ",
    );
}

#[test]
fn a_key_gets_its_answer_for_ever() {
    check(
        &program(),
        "
        07-28T10:00 | buy a 100k        | done                       | a=100k       | 100k 100k
        07-28T10:01 | spend a 90k key=x | done                       | a=10k        | 10k 100k
        07-28T10:02 | spend a 90k key=x | again                      | a=10k        | 10k 100k
        07-28T10:03 | spend a 20k key=y | insufficient-balance 10000 | a=10k        | 10k 100k
        07-28T10:04 | buy b 100k        | done                       | a=10k b=100k | 110k 200k
        07-28T10:05 | spend a 20k key=y | again                      | a=10k b=100k | 110k 200k
        07-28T10:06 | refund a key=x    | idempotency-key-reused     | a=10k b=100k | 110k 200k
        07-28T10:07 | spend a 10k key=y | idempotency-key-reused     | a=10k b=100k | 110k 200k
    ",
    );
}

#[test]
fn a_cancel_gives_all_back_and_the_months_allowance_with_it() {
    check(
        &program(),
        "
        07-31T10:00 | buy a 400k | done               | a=400k                 | 400k 400k
        07-31T10:01 | cancel a   | done 372000 28000  | a=paying_back:400k     | 400k 400k
        07-31T10:02 | spend a 1  | voucher-not-active | a=paying_back:400k     | 400k 400k
        07-31T10:03 | refund a   | voucher-not-active | a=paying_back:400k     | 400k 400k
        07-31T10:04 | give a 10k | voucher-not-active | a=paying_back:400k     | 400k 400k
        07-31T10:05 | paid a     | done               | a=cancelled:0          | 0 0
        07-31T10:06 | paid a     | nothing            | a=cancelled:0          | 0 0
        07-31T10:07 | cancel a   | voucher-not-active | a=cancelled:0          | 0 0
        07-31T10:08 | buy b 400k | done               | a=cancelled:0 b=400k   | 400k 400k
        07-31T10:09 | spend b 1  | done               | a=cancelled:0 b=399999 | 399999 400k
        07-31T10:10 | cancel b   | already-spent      | a=cancelled:0 b=399999 | 399999 400k
        07-31T10:11 | cancel c   | purchase-not-found | a=cancelled:0 b=399999 | 399999 400k
    ",
    );
}

#[test]
fn a_cancel_after_the_month_gives_back_the_month_it_was_bought_in() {
    check(
        &program(),
        "
        07-31T23:59 | buy a 400k | done              | a=400k                    | 400k 400k
        08-01T00:01 | buy b 400k | done              | a=400k b=400k             | 800k 400k
        08-01T00:02 | cancel a   | done 372000 28000 | a=paying_back:400k b=400k | 800k 400k
        08-01T00:03 | paid a     | done              | a=cancelled:0 b=400k      | 400k 400k
    ",
    );
}

#[test]
fn whether_a_cancel_gives_the_allowance_back_is_a_rule() {
    let after_sale = AfterSale { cancel_returns_allowance: false, ..AfterSale::default() };
    check(
        &with_after_sale(after_sale),
        "
        07-28T10:00 | buy a 400k | done              | a=400k             | 400k 400k
        07-28T10:01 | cancel a   | done 372000 28000 | a=paying_back:400k | 400k 400k
        07-28T10:02 | paid a     | done              | a=cancelled:0      | 0 400k
    ",
    );
}

/// F22: at the threshold less one won, and at it; the subsidy of the rest goes to the issuer.
#[test]
fn f22_the_balance_is_refunded_from_the_threshold_on() {
    check(
        &program(),
        "
        07-28T10:00 | buy a 100k    | done                        | a=100k              | 100k 100k
        07-28T10:01 | refund a      | below-refund-threshold 0    | a=100k              | 100k 100k
        07-28T10:02 | spend a 59999 | done                        | a=40001             | 40001 100k
        07-28T10:03 | refund a      | below-refund-threshold 5999 | a=40001             | 40001 100k
        07-28T10:04 | spend a 1     | done                        | a=40k               | 40k 100k
        07-28T10:05 | refund a      | done 37200 2800             | a=paying_back:40k   | 40k 100k
        07-28T10:06 | spend a 1     | voucher-not-active          | a=paying_back:40k   | 40k 100k
        07-28T10:07 | no a          | done                        | a=40k               | 40k 100k
        07-28T10:08 | spend a 1     | done                        | a=39999             | 39999 100k
        07-28T10:09 | refund a      | done 37200 2799             | a=paying_back:39999 | 39999 100k
        07-28T10:10 | paid a        | done                        | a=refunded:0        | 0 100k
    ",
    );
}

#[test]
fn what_was_given_away_is_no_part_of_the_threshold() {
    check(
        &program(),
        "
        07-28T10:00 | buy a 100k    | done                        | a=100k            | 100k 100k
        07-28T10:01 | give a 50k    | done                        | a=50k             | 50k 100k
        07-28T10:02 | cancel a      | already-spent               | a=50k             | 50k 100k
        07-28T10:03 | spend a 29999 | done                        | a=20001           | 20001 100k
        07-28T10:04 | refund a      | below-refund-threshold 5999 | a=20001           | 20001 100k
        07-28T10:05 | spend a 1     | done                        | a=20k             | 20k 100k
        07-28T10:06 | refund a      | done 18600 1400             | a=paying_back:20k | 20k 100k
    ",
    );
}

#[test]
fn a_gift_is_spent_or_given_on_and_never_refunded() {
    check(
        &threshold_of(0),
        "
        07-28T10:00 | get a 30k    | done                   | a=30k       | 30k 0
        07-28T10:01 | refund a     | gift-not-refundable    | a=30k       | 30k 0
        07-28T10:02 | cancel a     | purchase-not-found     | a=30k       | 30k 0
        07-28T10:03 | give a 5_000 | invalid-amount         | a=30k       | 30k 0
        07-28T10:04 | give a 10k   | done                   | a=20k       | 20k 0
        07-28T10:05 | spend a 20k  | done                   | a=used_up:0 | 0 0
        07-28T10:06 | give a 10k   | insufficient-balance 0 | a=used_up:0 | 0 0
    ",
    );
}

/// F20: holds and gifts on their way count, for each month as for the holding.
#[test]
fn f20_room_for_gifts_is_what_the_holding_limit_leaves() {
    check(
        &program(),
        "
        07-28T10:00 | buy a 400k  | done                    | a=400k              | 400k 400k
        07-28T10:01 | get b 600k  | done                    | a=400k b=600k       | 1000k 400k
        07-28T10:02 | get c 10k   | receiver-limit-exceeded | a=400k b=600k       | 1000k 400k
        07-28T10:03 | spend b 10k | done                    | a=400k b=590k       | 990k 400k
        07-28T10:04 | get c 10k   | done                    | a=400k b=590k c=10k | 1000k 400k
    ",
    );
}

#[test]
fn who_may_be_given_how_much_in_a_month_is_a_rule() {
    let gift_limit_won = Some(Won(50_000));
    check(
        &with_after_sale(AfterSale { gift_limit_won, ..AfterSale::default() }),
        "
        07-31T10:00 | get a 40k | done                    | a=40k             | 40k 0
        07-31T10:01 | get b 20k | receiver-limit-exceeded | a=40k             | 40k 0
        07-31T10:02 | get b 10k | done                    | a=40k b=10k       | 50k 0
        08-01T00:00 | get c 50k | done                    | a=40k b=10k c=50k | 100k 0
    ",
    );
}

#[test]
fn what_is_left_falls_to_the_issuer_when_its_time_is_over() {
    let valid_days = Some(3);
    check(
        &with_after_sale(AfterSale { valid_days, ..AfterSale::default() }),
        "
        07-28T10:00    | buy a 100k  | done               | a=100k        | 100k 100k
        07-28T10:01    | over a      | nothing            | a=100k        | 100k 100k
        07-31T23:59:59 | spend a 10k | done               | a=90k         | 90k 100k
        08-01T00:00    | spend a 10k | voucher-not-active | a=expired:90k | 90k 0
        08-01T00:01    | refund a    | voucher-not-active | a=expired:90k | 90k 0
        08-01T00:02    | over a      | done               | a=expired:0   | 0 0
        08-01T00:03    | over a      | nothing            | a=expired:0   | 0 0
    ",
    );
}

/// One line a step: when, what, what it came to, what there is then, held and used of the month.
/// After each step a replay of the journal says the same.
fn check(program: &Program, table: &str) {
    let (me, mut person) = (crate::tests::samples::person(ME), Person::default());
    let (mut sales, mut moves) = (Vec::new(), Vec::new());
    for (index, line) in rows(table).enumerate() {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [when, what, answer, state, sums] = columns[..] else { panic!("five columns: {line}") };
        let now = moment(when);
        let (said, event) = step(&mut person, program, now, (index, what));
        assert_eq!(said, answer, "{line}");
        if let Some(event) = event {
            let stream =
                if matches!(event, Event::Issued { .. }) { &mut sales } else { &mut moves };
            let seq = stream.len() as u64 + 1;
            stream.push(StoredEvent { seq, at: now, event });
        }
        let replayed = Person::replay_with_moves(me, &sales, &moves);
        for (person, which) in [(&person, "live"), (&replayed, "replayed")] {
            let vouchers = person.vouchers(now, |_| Some(program));
            let shown: Vec<String> = vouchers.iter().rev().map(show).collect();
            let limits = person.limits(&program.id, program.rules_at(now), now);
            assert_eq!(shown.join(" "), state, "{which}: {line}");
            assert_eq!(
                format!("{} {}", k(limits.holding), k(limits.used)),
                sums,
                "{which}: {line}"
            );
        }
    }
}

fn k(won: Won) -> String {
    match won.0 {
        0 => "0".to_owned(),
        amount if amount % 1_000 == 0 => format!("{}k", amount / 1_000),
        amount => amount.to_string(),
    }
}

fn show(voucher: &Voucher) -> String {
    let letter = u8::try_from(voucher.id.0).map(char::from).expect("a letter");
    match voucher.state {
        VoucherState::Active => format!("{letter}={}", k(voucher.balance)),
        state => format!("{letter}={}:{}", state.word(), k(voucher.balance)),
    }
}

fn id_of(letter: &str) -> u128 {
    u128::from(letter.as_bytes()[0])
}

fn step(
    person: &mut Person,
    program: &Program,
    now: Timestamp,
    (index, what): (usize, &str),
) -> (String, Option<Event>) {
    let (what, name) = what.split_once(" key=").unwrap_or((what, ""));
    let words: Vec<&str> = what.split_whitespace().collect();
    let (id, me) = (id_of(words[1]), crate::tests::samples::person(ME));
    let amount = words.get(2).map_or(Won::ZERO, |text| won(text));
    let name = if name.is_empty() { format!("line-{index}") } else { name.to_owned() };
    let digest = crate::PersonKey::of_subject(what).0.repeat(2).try_into().expect("32 bytes");
    let asked = Asked { key: key(&name), digest };
    let (voucher, move_id) = (VoucherId(id), MoveId(1_000 + index as u128));
    let program_of = Some(program);
    let decided = match words[0] {
        "buy" => return (String::from("done"), Some(buy(person, program, now, (id, amount)))),
        "get" => return get(person, program, now, (id, amount)),
        "over" => {
            let event = person.decide_expire(now, voucher, MoveId::of_expiry(voucher), program);
            return end(person, me, event);
        }
        "paid" | "no" => {
            let held = person.wallet.vouchers[&voucher].open.clone();
            let open = held.map_or(move_id, |open| open.0.id);
            let event = person.decide_payback_end(now, voucher, open, words[0] == "paid");
            return end(person, me, event);
        }
        "spend" => {
            let merchant = Some(merchant("seoul", true));
            let ask = SpendAsk { id: move_id, voucher, merchant, amount, asked: asked.clone() };
            person.decide_spend(now, &ask, program_of)
        }
        "cancel" | "refund" => {
            let of = match words[0] {
                "cancel" => PaybackOf::Purchase(PurchaseId(id)),
                _ => PaybackOf::Voucher(voucher),
            };
            let ask = PaybackAsk { id: move_id, of, asked: asked.clone() };
            person.decide_payback(now, &ask, program_of)
        }
        "give" => {
            let to = crate::tests::samples::person(2);
            let ask = gift(move_id, voucher, to, amount, asked.clone());
            person.decide_gift(now, &ask, program_of, Month::of(now))
        }
        other => panic!("nothing is known of {other}"),
    };
    take(person, me, decided, asked)
}

/// What a decision came to in words; what is to be written is taken in.
fn take(
    person: &mut Person,
    me: PersonKey,
    decided: Result<MoveDecision, Refusal>,
    asked: Asked,
) -> (String, Option<Event>) {
    let event = match decided {
        Ok(MoveDecision::Replay(_)) => return ("again".to_owned(), None),
        Ok(MoveDecision::Do(event)) => *event,
        Err(refusal) => {
            let facts = match &refusal {
                Refusal::InsufficientBalance { balance_won } => format!(" {balance_won}"),
                Refusal::BelowRefundThreshold { spent_bps, .. } => format!(" {spent_bps}"),
                _ => String::new(),
            };
            let said = format!("{}{facts}", refusal.code());
            if !refusal.is_remembered() {
                return (said, None);
            }
            let Asked { key, digest } = asked;
            let event = Event::Refused { person: me, key, digest, refusal };
            person.apply_move(me, &event);
            return (said, Some(event));
        }
    };
    let said = match &event {
        Event::PaybackSent { payback, .. } => format!("done {} {}", payback.price, payback.subsidy),
        _ => "done".to_owned(),
    };
    person.begin_move(me, &event);
    person.settle_move(me, &event);
    (said, Some(event))
}

fn end(person: &mut Person, me: PersonKey, event: Option<Event>) -> (String, Option<Event>) {
    let Some(event) = event else { return ("nothing".to_owned(), None) };
    person.apply_move(me, &event);
    ("done".to_owned(), Some(event))
}

fn buy(person: &mut Person, of: &Program, now: Timestamp, (id, amount): (u128, Won)) -> Event {
    let limits = person.limits(&of.id, of.rules_at(now), now);
    assert!(amount <= limits.allowance && amount <= limits.room, "the table buys too much");
    let (price, subsidy) = of.rules_at(now).price_and_subsidy(amount);
    let purchase = Purchase {
        id: PurchaseId(id),
        amount,
        price,
        subsidy,
        month: limits.month,
        pass: PassId { line: LineId(0), number: u64::try_from(id).expect("a letter") },
        key: key(&format!("buy-{id}")),
        at: now,
        used_after: limits.used.plus(amount),
        ..purchase_in_july()
    };
    let event = Event::Issued { purchase };
    person.apply(&event);
    event
}

/// Another person gives: room first, then the gift.
fn get(
    person: &mut Person,
    program: &Program,
    now: Timestamp,
    (id, amount): (u128, Won),
) -> (String, Option<Event>) {
    let (me, giver) = (crate::tests::samples::person(ME), crate::tests::samples::person(2));
    let rules = program.rules_at(now);
    let month = match person.expect_gift(now, MoveId(id), (&program.id, rules), amount) {
        Ok(month) => month,
        Err(refusal) => return (refusal.code().to_owned(), None),
    };
    let before = person.limits(&program.id, rules, now).room;
    let event = Event::Gifted {
        of: VoucherMove {
            program: program.id.clone(),
            voucher: VoucherId(7_000 + id),
            person: giver,
            id: MoveId(id),
            number: 1,
            at: now,
            asked: None,
        },
        to: me,
        round: round_id("seoul-2022-07-28"),
        channel: ChannelId::new("seoul-pay").expect("a slug"),
        bought_at: now,
        month,
        amount,
        price: amount,
        subsidy: Won::ZERO,
        balance_after: Won::ZERO,
        expires_at: None,
    };
    person.apply_move(me, &event);
    let after = person.limits(&program.id, rules, now).room;
    assert_eq!(before, after, "room that was set aside is what the gift takes");
    ("done".to_owned(), Some(event))
}

fn asked(name: &str) -> Asked {
    Asked { key: key(name), digest: [9; 32] }
}

/// One that takes the program of these tests, or only others.
fn merchant(region: &str, is_ours: bool) -> MerchantFacts {
    let id = MerchantId::new("tea-house").expect("a slug");
    let others = vec![ProgramId::new("another").expect("a slug")];
    let programs = if is_ours { Vec::new() } else { others };
    MerchantFacts { id, region: region.to_owned(), programs }
}

fn gift(id: MoveId, voucher: VoucherId, to: PersonKey, amount: Won, asked: Asked) -> GiftAsk {
    GiftAsk { id, voucher, to, is_receiver_registered: true, amount, asked }
}

/// What is spent and not durable yet leaves no room for a purchase: the two lie in two streams.
#[test]
fn what_is_not_durable_yet_counts_as_held() {
    let (of, now, me) = (program(), at("10:00"), crate::tests::samples::person(ME));
    let mut person = Person::default();
    buy(&mut person, &of, now, (id_of("a"), Won(400_000)));
    let merchant = Some(merchant("seoul", true));
    let (voucher, amount) = (VoucherId(id_of("a")), Won(400_000));
    let ask = SpendAsk { id: MoveId(9), voucher, merchant, amount, asked: asked("x") };
    let Ok(MoveDecision::Do(event)) = person.decide_spend(now, &ask, Some(&of)) else {
        panic!("it can be spent")
    };
    let held = |person: &Person| person.limits(&of.id, of.rules_at(now), now).holding;
    person.begin_move(me, &event);
    assert_eq!(held(&person), Won(400_000), "it may still come to nothing");
    person.settle_move(me, &event);
    assert_eq!(held(&person), Won::ZERO);
}
