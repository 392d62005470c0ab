//! Joining again over HTTP, from a seed: people with a phone in each of the four apps join with and
//! without their tickets, reinstall, hand tickets on, leave and look, while the server dies without
//! a word and comes back. Nobody gets a better place, two places, or none (F28, S34).
//!
//! The same in the core, with a server that forgets what it answered and with a control that it is
//! seen: `queue/rejoin_tests`. `OPENRUN_SEED=N`: another sequence.

use crate::support::app::Ending;
use crate::support::staff::{CHANNELS, RoundForm};
use crate::support::{Answer, Buyer, TestApp, on_stage};
use serde_json::json;
use std::collections::BTreeMap;

const PEOPLE: usize = 5;
const ACTIONS: usize = 250;
/// Actions between two deaths of the server.
const LIFE: usize = 60;

/// Numbers from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        let (times, plus) = (6_364_136_223_846_793_005, 1_442_695_040_888_963_407);
        self.0 = self.0.wrapping_mul(times).wrapping_add(plus);
        usize::try_from((self.0 >> 33) % bound as u64).expect("small")
    }
}

/// What is known of a line from its answers alone.
#[derive(Default)]
struct Book {
    /// Whose each number is.
    owners: BTreeMap<u64, usize>,
    /// The place that each person holds.
    holds: BTreeMap<usize, u64>,
}

impl Book {
    /// Takes an answer to a join in; says what is wrong with it.
    fn joined(
        &mut self,
        who: usize,
        is_tail: bool,
        shown: Option<u64>,
        (status, number): (u16, u64),
    ) -> Result<(), String> {
        let told =
            format!("{who} shows {shown:?}, holds {:?}: {status} {number}", self.holds.get(&who));
        let highest = self.owners.keys().next_back().copied().unwrap_or(0);
        let held = self.holds.get(&who).copied();
        let keeps = held.filter(|held| !is_tail || shown == Some(*held));
        match keeps {
            Some(held) if number != held => return Err(format!("a lost place: {told}")),
            Some(_) if status != 200 => return Err(format!("an old place called new: {told}")),
            None if number <= highest => return Err(format!("a better place: {told}")),
            None if status != 201 => return Err(format!("a new place called old: {told}")),
            _ => {}
        }
        if self.owners.insert(number, who).is_some_and(|owner| owner != who) {
            return Err(format!("given twice: {told}"));
        }
        self.holds.insert(who, number);
        Ok(())
    }
}

fn number_of(answer: &Answer) -> u64 {
    answer.json()["number"].as_u64().unwrap_or_else(|| panic!("no number: {answer:?}"))
}

/// The four phones of each person, with the number of the ticket that each keeps.
type Phones = Vec<Vec<(Buyer, Option<u64>)>>;

fn phones(app: &TestApp) -> Phones {
    let of_person = |who: usize| {
        let name = format!("person-{who}");
        let phone = |channel: &&str| (app.buyer_in(&name, channel, "1991-03-01"), None);
        CHANNELS.iter().map(phone).collect()
    };
    (0..PEOPLE).map(of_person).collect()
}

/// Whatever is looked at: the place that is held waits, every other one that was is over.
async fn judge(book: &Book, phones: &Phones) -> Result<(), String> {
    for (who, of_person) in phones.iter().enumerate() {
        for (buyer, ticket) in of_person.iter().filter(|(_, ticket)| ticket.is_some()) {
            let answer = buyer.where_am_i("r1").await;
            let state = answer.json()["state"].as_str().unwrap_or_default().to_owned();
            let is_held = *ticket == book.holds.get(&who).copied();
            if (state == "waiting") != is_held || answer.status != 200 {
                return Err(format!("{who} holds {:?}: {answer:?}", book.holds.get(&who)));
            }
        }
    }
    Ok(())
}

async fn act(
    chance: &mut Chance,
    is_tail: bool,
    book: &mut Book,
    phones: &mut Phones,
) -> Result<(), String> {
    let (who, phone) = (chance.below(PEOPLE), chance.below(CHANNELS.len()));
    let other = phones[who][chance.below(CHANNELS.len())].clone();
    let (buyer, ticket) = &mut phones[who][phone];
    match chance.below(100) {
        0..55 => {
            let shown = *ticket;
            let answer = buyer.join_until_answered("r1").await;
            *ticket = Some(number_of(&answer));
            book.joined(who, is_tail, shown, (answer.status, number_of(&answer)))?;
        }
        // Deleted and installed again, or flown through airplane mode: the ticket is gone.
        55..70 => (buyer.ticket, *ticket) = (None, None),
        70..80 => (buyer.ticket, *ticket) = (other.0.ticket, other.1),
        80..88 if ticket.is_some() => {
            let status = buyer.leave("r1").await.status;
            if status == 200 && book.holds.get(&who) == ticket.as_ref() {
                book.holds.remove(&who);
            }
        }
        _ => judge(book, phones).await?,
    }
    Ok(())
}

async fn people_toggle(rejoin: &str, seed: u64) {
    let mut app = TestApp::start().await;
    let form = RoundForm::for_all(1_000_000).inlet("mode", "shut").with("rejoin", json!(rejoin));
    app.operator.define_open("r1", &form).await;
    let (mut chance, mut book, mut phones) = (Chance(seed), Book::default(), phones(&app));
    for action in 0..ACTIONS {
        let done = act(&mut chance, rejoin == "tail", &mut book, &mut phones).await;
        let done = match done {
            Ok(()) if action % LIFE == LIFE - 1 => {
                // What was answered is in the store before somebody leaves: all joins are known.
                app = app
                    .restart(if chance.below(2) == 0 { Ending::Drop } else { Ending::Stop })
                    .await;
                for (buyer, _) in phones.iter_mut().flatten() {
                    buyer.web = app.web.clone();
                }
                with_tickets(&mut book, &mut phones, rejoin == "tail").await
            }
            done => done,
        };
        done.unwrap_or_else(|fault| panic!("OPENRUN_SEED={seed} {rejoin}, {action}: {fault}"));
    }
    assert!(book.owners.len() > PEOPLE, "too little happened");
    assert_eq!(app.operator.figures("r1").await["inversions"], 0);
}

/// After a death everybody who has their ticket shows it: a join that was answered may have been
/// lost, its place never is.
async fn with_tickets(book: &mut Book, phones: &mut Phones, is_tail: bool) -> Result<(), String> {
    for (who, of_person) in phones.iter_mut().enumerate() {
        let held = book.holds.get(&who).copied();
        match of_person.iter_mut().find(|(_, ticket)| held.is_some() && *ticket == held) {
            Some((buyer, _)) => {
                let answer = buyer.join_until_answered("r1").await;
                book.joined(who, is_tail, held, (answer.status, number_of(&answer)))?;
            }
            // Nobody can prove it: what became of it is the store's to say.
            None => drop(book.holds.remove(&who)),
        }
    }
    for (who, of_person) in phones.iter_mut().enumerate() {
        for (buyer, ticket) in of_person.iter_mut() {
            // Of those that were given up before, what the server says now is not asked.
            if *ticket != book.holds.get(&who).copied() {
                (buyer.ticket, *ticket) = (None, None);
            }
        }
        if !book.holds.contains_key(&who) {
            let (buyer, ticket) = &mut of_person[0];
            let number = number_of(&buyer.join_until_answered("r1").await);
            *ticket = Some(number);
            if book.owners.insert(number, who).is_some_and(|owner| owner != who) {
                return Err(format!("given twice: {number}"));
            }
            book.holds.insert(who, number);
        }
    }
    Ok(())
}

fn seed() -> u64 {
    std::env::var("OPENRUN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_220_714)
}

/// S11.
#[test]
fn toggling_gains_nothing_where_places_are_kept() {
    on_stage(people_toggle("keep", seed()));
}

#[test]
fn toggling_costs_the_place_where_the_tail_is_the_rule() {
    on_stage(people_toggle("tail", seed()));
}

#[test]
fn the_book_sees_a_better_place_two_and_none() {
    let mut book = Book::default();
    assert_eq!(book.joined(0, false, None, (201, 1)), Ok(()));
    assert_eq!(book.joined(1, false, None, (201, 2)), Ok(()));
    assert_eq!(book.joined(1, false, None, (200, 2)), Ok(()));
    for (who, is_tail, shown, answer, word) in [
        (1, false, None, (201, 3), "lost"),
        (1, false, Some(2), (200, 1), "lost"),
        (1, true, None, (200, 2), "better"),
        (2, false, None, (201, 1), "better"),
        (1, true, Some(2), (201, 3), "lost"),
        (1, false, None, (201, 2), "called new"),
    ] {
        let fault = book.joined(who, is_tail, shown, answer).expect_err("is seen");
        assert!(fault.contains(word), "{fault}");
    }
}
