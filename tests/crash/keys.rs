//! Waiting never logs anybody out: a ticket renews itself whenever its person looks, and the key
//! that sealed it cannot be taken out of use while people wait (S36).

use crate::house::{House, ROUND};
use crate::wire::{Answer, Request, Wire};
use serde_json::Value;

async fn where_am_i(house: &House, ticket: &str) -> Answer {
    let request = Request::new("GET", &format!("/v1/rounds/{ROUND}/tickets/me"));
    let request = request.header("openrun-ticket", ticket);
    Wire::new(house.public).call(&request).await.expect("an answer")
}

fn ticket_of(answer: &Answer) -> String {
    let text = answer.json()["ticket"].as_str().map(str::to_owned);
    text.unwrap_or_else(|| panic!("no ticket: {}", answer.text()))
}

/// The id of the key that sealed a ticket.
fn kid(ticket: &str) -> &str {
    ticket.split('.').nth(1).expect("a ticket says its key")
}

/// As an operator does whose server has its store named in its file of settings only.
async fn rotate_by(house: &House, store: &str, words: &[&str]) -> (i32, String) {
    let data = house.directory.path().display().to_string();
    let settings = house.path("openrun.toml");
    let text = format!("data = {data:?}\nstore = {store:?}\n");
    std::fs::write(&settings, text).expect("tests can write to a folder");
    let settings = settings.display().to_string();
    let base = ["keys", "rotate", "ticket", "--config", &settings];
    let (code, output) = house.run(&[&base[..], words].concat()).await;
    let told = [output.stdout, output.stderr].concat();
    (code, String::from_utf8_lossy(&told).into_owned())
}

async fn rotate(house: &House, words: &[&str]) -> (i32, String) {
    rotate_by(house, &house.store(), words).await
}

#[tokio::test]
async fn a_ticket_renews_itself_and_its_key_stays_while_people_wait() {
    let house = House::new().await;
    let server = house.serve().await;
    house.open_round().await;
    let first = ticket_of(&house.join(&house.person_token("kim", "seoul-pay")).await);
    // A next key beside the first is no harm: both open.
    let (code, told) = rotate(&house, &[]).await;
    assert!(code == 0 && !told.contains("retired"), "{code}: {told}");
    server.kill().await;
    let server = house.serve().await;
    let answer = where_am_i(&house, &first).await;
    assert_eq!((answer.status, answer.json()["number"].as_u64()), (200, Some(1)));
    let renewed = ticket_of(&answer);
    assert_ne!(kid(&renewed), kid(&first), "the newest key seals what is shown");
    // A third would retire the first, which sealed tickets of people who have not looked since.
    let (code, told) = rotate(&house, &[]).await;
    assert!(code == 1 && told.contains(ROUND) && told.contains("--even-in-sale"), "{code}: {told}");
    // Where there is no store, nobody can say that nobody waits.
    let nowhere = format!("sqlite:{}", house.path("nowhere.db").display());
    let (code, told) = rotate_by(&house, &nowhere, &[]).await;
    assert!(code == 1 && told.contains("nowhere.db is not there"), "{code}: {told}");
    server.kill().await;
    let server = house.serve().await;
    for ticket in [&first, &renewed] {
        assert_eq!(where_am_i(&house, ticket).await.status, 200, "nobody was logged out");
    }
    // Once the round is closed nobody waits, and a stolen key can be retired at any time.
    let reason = serde_json::json!({"reason": "test"});
    let closing = format!("/v1/admin/rounds/{ROUND}/close");
    let closed = house.ask_ops("POST", &closing, Some(reason)).await;
    assert_eq!(closed.json()["state"], Value::from("closed"), "{}", closed.text());
    let (code, told) = rotate(&house, &[]).await;
    assert!(code == 0 && told.contains("retired"), "{code}: {told}");
    let (code, told) = rotate(&house, &["--even-in-sale"]).await;
    assert!(code == 0 && told.contains("retired"), "{code}: {told}");
    server.kill().await;
}
