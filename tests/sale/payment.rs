//! A payment that is declined costs nothing but the attempt.

use crate::support::staff::{CITYWIDE, RoundForm};
use crate::support::{TestApp, allowed, checks, expect, on_stage};
use serde_json::Value;

#[test]
fn a_declined_payment_frees_stock_and_limit_and_leaves_the_pass_valid() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        app.rail.decline(true);
        let declined = ann.buy("r1", "ann-1", 400_000).await;
        expect(&declined, 402, "payment-declined", &Value::Null);
        assert_eq!(checks::money(&app, "r1").await, (0, 0, 400_000, 0));
        let limits = ann.limits(CITYWIDE).await;
        assert_eq!(limits["allowance_won"], 400_000, "{limits}");
        assert_eq!(limits["held_won"], 0, "{limits}");
        app.rail.decline(false);
        let again = ann.buy("r1", "ann-1", 400_000).await;
        assert!(again.is_replay(), "the key keeps its answer");
        assert_eq!((again.status, &again.body), (402, &declined.body));
        let bought = ann.buy("r1", "ann-2", 400_000).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        assert_eq!(app.rail.paid_won(), 372_000, "7 percent less than the face value");
        checks::stop_clean(app, 400_000).await;
    });
}
