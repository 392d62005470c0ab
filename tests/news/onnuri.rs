//! Complaints of those whose card and mobile vouchers were merged on one platform.

use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::{Buyer, TestApp, allowed, checks, expect, on_stage};
use serde_json::json;

async fn balance(buyer: &Buyer) -> i64 {
    let vouchers = buyer.vouchers().await;
    vouchers.iter().filter_map(|it| it["balance_won"].as_i64()).sum()
}

/// 004: in March 2025 the card and the mobile voucher became one. Bought with either, it is one
/// balance under one limit: each form shows all of it and spends all of it.
#[test]
fn card_and_mobile_are_one_balance_under_one_limit() {
    on_stage(async {
        let app = TestApp::start().await;
        let mut rules = citywide_rules();
        rules["channels"] = json!(["onnuri", "onnuri-card"]);
        allowed(app.operator.put_program(CITYWIDE, rules).await);
        allowed(app.operator.put_round("r1", &RoundForm::for_all(100_000_000)).await);
        app.operator.open("r1").await;
        let by = |channel: &str| app.buyer_in("ann", channel, "1991-03-01");
        let (mut mobile, mut card) = (by("onnuri"), by("onnuri-card"));
        let first = mobile.get_voucher("r1", "mobile", 300_000).await;
        card.get_pass("r1").await;
        let much = card.buy("r1", "too-much", 200_000).await;
        expect(&much, 409, "monthly-limit-exceeded", &json!({"allowance_won": 100_000}));
        assert_eq!(card.buy("r1", "card", 100_000).await.status, 201);
        for form in [&mobile, &card] {
            assert_eq!(balance(form).await, 400_000, "each shows all of it");
            assert_eq!(form.limits(CITYWIDE).await["allowance_won"], 0);
        }
        // The card pays with what was bought by mobile, and the other way round.
        allowed(card.spend(&first, "by-card", 250_000).await);
        let all = mobile.vouchers().await;
        let second = all.iter().find(|it| it["channel"] == "onnuri-card").expect("it was bought");
        let second = second["id"].as_str().expect("an id").to_owned();
        allowed(mobile.spend(&second, "by-mobile", 100_000).await);
        assert_eq!((balance(&mobile).await, balance(&card).await), (50_000, 50_000));
        checks::stop_clean(app, 400_000).await;
    });
}
