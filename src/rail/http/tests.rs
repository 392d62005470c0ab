//! What of an answer is believed: F2, F12, S27 on bytes.

use super::*;
use reqwest::header::HeaderMap;

const ORDER: PurchaseId = PurchaseId(42);

fn read(status: u16, body: &str) -> Result<RailAnswer, Lost> {
    let id = "0000000000000000000000000000002a";
    let body = body.replace("ID", &format!("\"order_id\":\"{id}\"")).into_bytes();
    read_order(&Answer { status, headers: HeaderMap::new(), body }, ORDER)
}

#[test]
fn only_the_contracts_own_answers_say_anything() {
    let check = |status: u16, body: &str, want: Result<RailAnswer, Lost>| {
        assert_eq!(read(status, body), want, "{status} {body}");
    };
    let approved = |amount| Ok(RailAnswer::Approved { amount: Won(amount) });
    check(200, r#"{ID,"status":"approved","amount_won":93000,"refunded_won":0}"#, approved(93_000));
    check(
        200,
        r#"{ID,"status":"approved","amount_won":93000,"refunded_won":93}"#,
        approved(93_000),
    );
    check(
        402,
        r#"{ID,"status":"declined","amount_won":0,"refunded_won":0}"#,
        Ok(RailAnswer::Declined),
    );
    check(
        200,
        r#"{ID,"status":"cancelled","amount_won":0,"refunded_won":0}"#,
        Ok(RailAnswer::Cancelled),
    );
    check(
        200,
        r#"{ID,"status":"pending","amount_won":0,"refunded_won":0}"#,
        Ok(RailAnswer::Pending),
    );
    check(404, r#"{ID,"code":"no-such-order"}"#, Ok(RailAnswer::NotFound));
    check(409, r#"{ID,"code":"refund-refused"}"#, Ok(RailAnswer::Declined));
    // Two places that do not agree.
    check(200, r#"{ID,"status":"declined","amount_won":0,"refunded_won":0}"#, Err(Lost::Garbled));
    check(402, r#"{ID,"status":"approved","amount_won":1,"refunded_won":0}"#, Err(Lost::Garbled));
    check(200, r#"{ID,"status":"approved","amount_won":1,"refunded_won":2}"#, Err(Lost::Garbled));
    check(200, r#"{ID,"status":"approved","amount_won":-1,"refunded_won":0}"#, Err(Lost::Garbled));
    // Fields too few, too many, of another kind, or not an object.
    check(200, r#"{ID,"status":"approved","amount_won":1}"#, Err(Lost::Garbled));
    check(
        200,
        r#"{ID,"status":"approved","amount_won":1,"refunded_won":0,"x":1}"#,
        Err(Lost::Garbled),
    );
    check(200, r#"{ID,"status":"approved","amount_won":"1","refunded_won":0}"#, Err(Lost::Garbled));
    check(200, r#"{ID,"status":"Approved","amount_won":1,"refunded_won":0}"#, Err(Lost::Garbled));
    check(200, r#"["0000000000000000000000000000002a","approved",1,0]"#, Err(Lost::Garbled));
    check(200, r#"{ID,"status":"approved","amount_w"#, Err(Lost::Garbled));
    check(200, "", Err(Lost::Garbled));
    // Somebody else's order.
    let other = r#""order_id":"0000000000000000000000000000002b""#;
    let body = format!(r#"{{{other},"status":"approved","amount_won":1,"refunded_won":0}}"#);
    check(200, &body, Err(Lost::OtherOrder));
    check(404, &format!(r#"{{{other},"code":"no-such-order"}}"#), Err(Lost::OtherOrder));
    // Codes that are of no use, in places where they have none.
    check(404, r#"{ID,"code":"no-such-page"}"#, Err(Lost::RailError));
    check(404, r#"{ID,"code":"refund-refused"}"#, Err(Lost::RailError));
    check(409, r#"{ID,"code":"order-differs"}"#, Err(Lost::RailError));
    for status in [201, 202, 204, 301, 307, 400, 401, 403, 408, 410, 422, 429, 500, 502, 503, 504] {
        let body = r#"{ID,"status":"approved","amount_won":1,"refunded_won":0}"#;
        check(status, body, Err(Lost::RailError));
    }
}

#[test]
fn an_approval_stands_only_if_the_inquiry_says_the_same() {
    let approved = |amount| RailAnswer::Approved { amount: Won(amount) };
    assert_eq!(confirmed(approved(5), approved(5)), Ok(approved(5)));
    for second in [
        approved(6),
        RailAnswer::NotFound,
        RailAnswer::Pending,
        RailAnswer::Declined,
        RailAnswer::Cancelled,
        RailAnswer::Unknown,
    ] {
        assert_eq!(confirmed(approved(5), second), Err(Lost::NotConfirmed), "{second:?}");
    }
}
