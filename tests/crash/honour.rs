//! What was answered, asked for again of a server that was started since: every ticket stands at
//! its number, every key gets its answer.

use crate::house::ROUND;
use crate::ledger::{Kept, Standing, Ticket};
use crate::people::World;
use crate::wire::{Request, Wire};
use std::collections::HashMap;
use std::io;

/// Where-am-I of each ticket: its number, and nothing else than what its person was answered.
pub async fn where_they_are(world: &World, tickets: &[Ticket]) -> io::Result<Vec<String>> {
    let mut wire = Wire::new(world.house.public);
    let mut faults = Vec::new();
    for ticket in tickets {
        let path = format!("/v1/rounds/{ROUND}/tickets/me");
        let request = Request::new("GET", &path).header("openrun-ticket", &ticket.text);
        let answer = wire.call(&request).await?;
        let told = answer.json();
        let state = told["state"].as_str().unwrap_or_default();
        let is_right = match ticket.standing {
            Standing::Live => matches!(state, "waiting" | "admitted"),
            Standing::Left => state == "left",
            Standing::Bought => state == "bought",
            Standing::Asked => matches!(state, "waiting" | "admitted" | "left" | "bought"),
        };
        if answer.status != 200 || told["number"].as_u64() != Some(ticket.number) || !is_right {
            faults.push(format!("OR-6: {ticket:?} is told {}", answer.text()));
        }
    }
    Ok(faults)
}

/// Joining again with the ticket of a live place gives that place.
pub async fn joining_again(world: &World, tickets: &[Ticket]) -> io::Result<Vec<String>> {
    let mut wire = Wire::new(world.house.public);
    let mut faults = Vec::new();
    for ticket in tickets.iter().filter(|ticket| ticket.standing == Standing::Live) {
        let token = world.house.person_token(&ticket.subject, "seoul-pay");
        let path = format!("/v1/rounds/{ROUND}/tickets");
        let request = Request::new("POST", &path).bearer(&token);
        let answer = wire.call(&request.header("openrun-ticket", &ticket.text)).await?;
        let number = answer.json()["number"].as_u64();
        if answer.status != 200 || number != Some(ticket.number) {
            faults.push(format!("OR-6: {ticket:?} joins again and gets {}", answer.text()));
        }
    }
    Ok(faults)
}

/// The same key gets the same answer, byte for byte, and is said to.
pub async fn keys_keep_their_answers(world: &World, all: &[Kept]) -> io::Result<Vec<String>> {
    let mut wire = Wire::new(world.house.public);
    let mut faults = Vec::new();
    for Kept { request, answer: known } in all {
        let answer = wire.call(request).await?;
        let is_same = (answer.status, &answer.body) == (known.status, &known.body);
        if !is_same || !answer.is_replay {
            let (known, now) = (known.text(), answer.text());
            faults.push(format!("OR-4: {known} is now {now}, replay: {}", answer.is_replay));
        }
    }
    Ok(faults)
}

/// Each voucher stands for its person where the rows of the store leave it.
pub async fn vouchers_have_left(
    world: &World,
    all: &[(String, String)],
    left: &HashMap<&str, i64>,
) -> io::Result<Vec<String>> {
    let mut wire = Wire::new(world.house.public);
    let mut faults = Vec::new();
    for (voucher, subject) in all {
        let token = world.house.person_token(subject, "seoul-pay");
        let path = format!("/v1/vouchers/{voucher}");
        let answer = wire.call(&Request::new("GET", &path).bearer(&token)).await?;
        let told = answer.json();
        let told_won = told["balance_won"].as_i64();
        let left_won = left.get(voucher.as_str()).copied();
        if answer.status != 200 || told_won != left_won {
            faults.push(format!("OR-7: {left_won:?} is left, told is {}", answer.text()));
        }
    }
    Ok(faults)
}
