//! What must hold when people act on vouchers at once: money is neither lost nor made, nobody is
//! above a limit, nothing waits for ever. Each race ends in an audit of the whole store.

use crate::support::app::Ending;
use crate::support::checks::{self, eventually};
use crate::support::staff::{CHANNELS, CITYWIDE, RoundForm, citywide_rules};
use crate::support::vouchers::BAKERY;
use crate::support::{Answer, Buyer, TestApp, allowed, join_all, on_stage};
use serde_json::{Value, json};
use std::time::Duration;

/// Longest time for a race: far above what any takes; who is above it waits for somebody who waits.
const NO_DEADLOCK: Duration = Duration::from_secs(60);

/// A server with a round of the city-wide program, whose limits are a million won each.
async fn with_round() -> TestApp {
    let app = TestApp::start().await;
    let mut rules = citywide_rules();
    rules["monthly_limit_won"] = json!(1_000_000);
    allowed(app.operator.put_program(CITYWIDE, rules).await);
    allowed(app.operator.put_round("r1", &RoundForm::for_all(1_000_000_000)).await);
    app.operator.open("r1").await;
    app
}

fn won(answer: &Value, field: &str) -> i64 {
    answer[field].as_i64().unwrap_or_else(|| panic!("{field} of {answer}"))
}

/// One of both, and never both: the codes that the loser may get.
#[track_caller]
fn one_of_two(one: &Answer, other: &Answer, codes: &[&str]) {
    let statuses = [one.status, other.status];
    assert_eq!(statuses.iter().filter(|it| **it == 201).count(), 1, "{one:?} and {other:?}");
    let lost = if one.status == 201 { other } else { one };
    assert!(codes.contains(&lost.code().as_str()), "{lost:?}");
}

async fn ends<T>(race: impl Future<Output = T>) -> T {
    tokio::time::timeout(NO_DEADLOCK, race).await.expect("nobody waits for ever")
}

/// F22: what is spent while a refund is decided is not refunded, and the other way round.
#[test]
fn f22_a_spend_and_a_refund_of_the_same_money_never_both_succeed() {
    on_stage(async {
        let mut app = with_round().await;
        let mut sold = 0;
        for (turn, ending) in [None, Some(Ending::Drop)].into_iter().enumerate() {
            if let Some(ending) = ending {
                app = app.restart(ending).await;
            }
            let people = (0..20).map(|number| {
                let mut buyer = app.buyer(&format!("person-{turn}-{number}"));
                async move {
                    let id = buyer.get_voucher("r1", "buy", 100_000).await;
                    allowed(buyer.spend(&id, "before", 60_000).await);
                    let spends = (0..4).map(|time| {
                        let request =
                            buyer.spend_request(&id, &format!("spend-{time}"), BAKERY, 30_000);
                        let buyer = buyer.clone();
                        async move { buyer.until_answered(&request).await }
                    });
                    let refund = {
                        let (buyer, request) = (buyer.clone(), buyer.refund_request(&id, "refund"));
                        async move { buyer.until_answered(&request).await }
                    };
                    let (spends, refund) = tokio::join!(join_all(spends), tokio::spawn(refund));
                    (buyer, id, spends, refund.expect("no panic"))
                }
            });
            for (buyer, id, spends, refund) in ends(join_all(people)).await {
                let spent = spends.iter().filter(|it| it.status == 201).count() as i64 * 30_000;
                let back = if refund.status == 201 { won(&refund.json(), "amount_won") } else { 0 };
                let voucher = buyer.voucher(&id).await;
                let left = won(&voucher, "balance_won");
                assert_eq!(
                    60_000 + spent + back + left,
                    100_000,
                    "{spends:?} {refund:?} {voucher}"
                );
                let held = won(&buyer.limits(CITYWIDE).await, "holding_won");
                assert_eq!(held, left, "{voucher}");
                for lost in spends.iter().filter(|it| it.status != 201) {
                    let code = lost.code();
                    let known = ["voucher-not-active", "insufficient-balance"];
                    assert!(known.contains(&code.as_str()), "{lost:?}");
                }
                sold += 100_000;
            }
        }
        checks::stop_clean(app, sold).await;
    });
}

/// F20, F23: the room under a holding limit is taken once, by a gift or by a purchase.
#[test]
fn f20_a_gift_and_a_purchase_at_the_holding_limit_never_both_fit() {
    on_stage(async {
        let app = with_round().await;
        let pairs = (0..16).map(|number| {
            let mut giver = app.buyer(&format!("giver-{number}"));
            let mut receiver = app.buyer(&format!("receiver-{number}"));
            async move {
                let id = giver.get_voucher("r1", "buy", 200_000).await;
                receiver.get_voucher("r1", "first", 800_000).await;
                receiver.get_pass("r1").await;
                let gift = {
                    let request = giver.gift_request(&id, "gift", &receiver.person, 200_000);
                    let giver = giver.clone();
                    tokio::spawn(async move { giver.until_answered(&request).await })
                };
                let bought = receiver.buy_until_answered("r1", "second", 200_000).await;
                let gift = gift.await.expect("no panic");
                let limits = receiver.limits(CITYWIDE).await;
                (gift, bought, limits)
            }
        });
        let mut sold = 0;
        for (gift, bought, limits) in ends(join_all(pairs)).await {
            one_of_two(&gift, &bought, &["receiver-limit-exceeded", "holding-limit-exceeded"]);
            assert_eq!((won(&limits, "holding_won"), won(&limits, "room_won")), (1_000_000, 0));
            sold += 1_000_000 + if bought.status == 201 { 200_000 } else { 0 };
        }
        checks::stop_clean(app, sold).await;
    });
}

/// F21: two people give to each other, 64 times at once: nobody waits for the other, and every won
/// is with one of the two.
#[test]
fn f21_two_gifts_that_cross_wait_for_nobody_and_lose_nothing() {
    on_stage(async {
        let mut app = with_round().await;
        let (mut ann, mut ben) = (app.buyer("ann"), app.buyer("ben"));
        let of_ann = ann.get_voucher("r1", "buy", 400_000).await;
        let of_ben = ben.get_voucher("r1", "buy", 400_000).await;
        for turn in 0..2 {
            if turn == 1 {
                app = app.restart(Ending::Drop).await;
                (ann.web, ben.web) = (app.web.clone(), app.web.clone());
            }
            let gifts = (0..64).map(|number| {
                let (giver, voucher, to) = match number % 2 {
                    0 => (ann.clone(), &of_ann, "ben"),
                    _ => (ben.clone(), &of_ben, "ann"),
                };
                let key = format!("gift-{turn}-{number}");
                let request = giver.gift_request(voucher, &key, to, 10_000);
                async move { giver.until_answered(&request).await }
            });
            let answers = ends(join_all(gifts)).await;
            for answer in &answers {
                let known = ["", "insufficient-balance", "receiver-limit-exceeded"];
                assert!(known.contains(&answer.code().as_str()), "{answer:?}");
            }
            let given = answers.iter().filter(|answer| answer.status == 201).count();
            assert!(given > 0, "somebody gives: {answers:?}");
            let mut total = 0;
            for person in [&ann, &ben] {
                let held = won(&person.limits(CITYWIDE).await, "holding_won");
                let left: i64 =
                    person.vouchers().await.iter().map(|it| won(it, "balance_won")).sum();
                assert_eq!(held, left, "{}", person.person);
                total += left;
            }
            assert_eq!(total, 800_000, "every won is with one of the two");
        }
        checks::stop_clean(app, 800_000).await;
    });
}

#[test]
fn a_cancel_and_a_spend_of_the_same_voucher_never_both_succeed() {
    on_stage(async {
        let app = with_round().await;
        let people = (0..24).map(|number| {
            let mut buyer = app.buyer(&format!("person-{number}"));
            async move {
                let id = buyer.get_voucher("r1", "buy", 100_000).await;
                let cancel = {
                    let (buyer, request) = (buyer.clone(), buyer.cancel_request(&id, "cancel"));
                    tokio::spawn(async move { buyer.until_answered(&request).await })
                };
                let spend = buyer.spend_request(&id, "spend", BAKERY, 1);
                let spend = buyer.until_answered(&spend).await;
                let cancel = cancel.await.expect("no panic");
                let limits = buyer.limits(CITYWIDE).await;
                (cancel, spend, limits)
            }
        });
        for (cancel, spend, limits) in ends(join_all(people)).await {
            one_of_two(&cancel, &spend, &["already-spent", "voucher-not-active"]);
            let left = if cancel.status == 201 { (1_000_000, 0) } else { (900_000, 99_999) };
            let told = (won(&limits, "allowance_won"), won(&limits, "holding_won"));
            assert_eq!(told, left, "{cancel:?} {spend:?}");
        }
        checks::stop_clean(app, 24 * 100_000).await;
    });
}

/// 000: one person, four apps, one balance.
#[test]
fn four_channels_at_once_spend_what_is_there_and_not_a_won_more() {
    on_stage(async {
        let app = with_round().await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 100_000).await;
        let spends = (0..80).map(|number| {
            let channel = CHANNELS[number % CHANNELS.len()];
            let ann = app.buyer_in("ann", channel, "1991-03-01");
            let request = ann.spend_request(&id, &format!("spend-{number}"), BAKERY, 3_000);
            async move { ann.until_answered(&request).await }
        });
        let answers = ends(join_all(spends)).await;
        let paid: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(paid.len(), 33, "33 times 3,000 of 100,000");
        let mut balances: Vec<i64> =
            paid.iter().map(|answer| won(&answer.json(), "balance_won")).collect();
        balances.sort_unstable();
        let each: Vec<i64> = (0..33).map(|number| 1_000 + 3_000 * number).collect();
        assert_eq!(balances, each, "each payment saw what the one before it left");
        for lost in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!(lost.code(), "insufficient-balance", "{lost:?}");
        }
        checks::stop_clean(app, 100_000).await;
    });
}

/// The same key from many devices at once: one payment.
#[test]
fn copies_of_one_spend_pay_once() {
    on_stage(async {
        let app = with_round().await;
        let mut ann = app.buyer("ann");
        let id = ann.get_voucher("r1", "buy", 100_000).await;
        let copies = (0..50).map(|_| {
            let (ann, request) = (ann.clone(), ann.spend_request(&id, "once", BAKERY, 7_000));
            async move { ann.until_answered(&request).await }
        });
        let answers = ends(join_all(copies)).await;
        assert!(answers.iter().all(|it| it.status == 201 && it.body == answers[0].body));
        assert_eq!(answers.iter().filter(|answer| !answer.is_replay()).count(), 1);
        assert_eq!(won(&ann.voucher(&id).await, "balance_won"), 93_000);
        checks::stop_clean(app, 100_000).await;
    });
}

/// F18: cancelled after midnight, the month that comes back is the month of the purchase.
#[test]
fn f18_a_cancel_after_the_end_of_the_month_gives_that_month_back() {
    on_stage(async {
        let app = TestApp::start().await;
        let (opens, closes) = ("2022-07-31T20:00:00+09:00", "2022-08-01T20:00:00+09:00");
        let form = RoundForm::for_all(10_000_000).times(opens, closes);
        app.operator.define("r1", &form).await;
        allowed(app.operator.step("r1", "schedule").await);
        app.clock.go_to("2022-07-31T23:50:00+09:00");
        let is_open = async || app.operator.figures("r1").await["state"] == "open";
        eventually::so("the round opens by itself", is_open).await;
        let mut ann = app.buyer("ann");
        let july = ann.get_voucher("r1", "july", 400_000).await;
        app.clock.go_to("2022-08-01T00:00:03+09:00");
        let mut ann = app.buyer("ann");
        let august = ann.get_voucher("r1", "august", 300_000).await;
        let cancelled = allowed(ann.cancel(&july, "cancel").await);
        assert_eq!(cancelled["month_back"], "2022-07", "{cancelled}");
        let limits = ann.limits(CITYWIDE).await;
        assert_eq!((&limits["month"], won(&limits, "used_won")), (&json!("2022-08"), 300_000));
        assert_eq!(won(&limits, "allowance_won"), 100_000, "July's came back, not August's");
        let cancelled = allowed(ann.cancel(&august, "cancel-2").await);
        assert_eq!(cancelled["month_back"], "2022-08", "{cancelled}");
        assert_eq!(won(&ann.limits(CITYWIDE).await, "allowance_won"), 400_000);
        checks::stop_clean(app, 700_000).await;
    });
}

/// Everything at once, with the server cut off in the middle: every key ends with one answer, and
/// every won is somewhere.
#[test]
fn a_server_that_is_cut_off_in_the_middle_of_it_all_loses_and_doubles_nothing() {
    on_stage(async {
        let mut app = with_round().await;
        let mut people = Vec::new();
        for number in 0..8 {
            let mut buyer = app.buyer(&format!("person-{number}"));
            let id = buyer.get_voucher("r1", "buy", 100_000).await;
            people.push((buyer, id));
        }
        let mut requests = Vec::new();
        for (number, (buyer, id)) in people.iter().enumerate() {
            let next = format!("person-{}", (number + 1) % people.len());
            for time in 0..6 {
                let key = format!("spend-{time}");
                requests.push((number, buyer.spend_request(id, &key, BAKERY, 9_000)));
            }
            requests.push((number, buyer.gift_request(id, "gift", &next, 20_000)));
            requests.push((number, buyer.refund_request(id, "refund")));
        }
        let sent = requests.iter().map(|(number, request)| {
            let (buyer, request) = (people[*number].0.clone(), request.clone());
            async move { buyer.web.try_send(&request).await.ok() }
        });
        let sending: Vec<_> = sent.map(tokio::spawn).collect();
        tokio::time::sleep(Duration::from_millis(15)).await;
        app = app.restart(Ending::Drop).await;
        let mut first = Vec::new();
        for task in sending {
            first.push(task.await.expect("no panic"));
        }
        let mut moved = vec![(0, 0, 0); people.len()];
        for ((number, request), first) in requests.iter().zip(first) {
            let buyer = Buyer { web: app.web.clone(), ..people[*number].0.clone() };
            let answer = buyer.until_answered(request).await;
            // What was answered before the end still is.
            if let Some(first) = first.filter(|first| first.status == 201) {
                assert_eq!((answer.status, &answer.body), (201, &first.body), "OR-3");
            }
            if answer.status == 201 {
                let body = answer.json();
                match (body["merchant_id"].is_string(), body["cause"].is_string()) {
                    (true, _) => moved[*number].0 += won(&body, "amount_won"),
                    (_, true) => moved[*number].1 += won(&body, "amount_won"),
                    _ => moved[*number].2 += won(&body, "amount_won"),
                }
            }
        }
        for (number, (buyer, id)) in people.iter().enumerate() {
            let buyer = Buyer { web: app.web.clone(), ..buyer.clone() };
            let voucher = buyer.voucher(id).await;
            let (spent, back, given) = moved[number];
            let left = won(&voucher, "balance_won");
            assert_eq!(spent + back + given + left, 100_000, "{voucher}");
            let before = (number + people.len() - 1) % people.len();
            let held = won(&buyer.limits(CITYWIDE).await, "holding_won");
            assert_eq!(held, left + moved[before].2, "{voucher}");
        }
        checks::stop_clean(app, 800_000).await;
    });
}
