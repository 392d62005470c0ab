//! The one shared reader of the rounds' watermark documents.
//!
//! It stands for every waiting client behind a cache: what it reads, all of them know. Reads what
//! it needs and no more, and checks that no watermark moves back between two readings.

use std::cell::RefCell;
use std::io::Write;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::client::{Document, Line};
use super::crowd::Crowd;
use super::wire::Wire;

/// What a document says, as far as the crowd needs it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    state: String,
    left_won: Option<u64>,
    /// Class and watermark of each line.
    lines: Vec<(String, u64)>,
}

/// Reads the documents of these rounds again and again, until the crowd is over.
pub(super) async fn read_for_all(
    crowd: Rc<RefCell<Crowd>>,
    rounds: Vec<usize>,
    address: SocketAddr,
    every: Duration,
) {
    let mut wire = Wire::new(address);
    loop {
        for round in &rounds {
            wire.out.clear();
            {
                let crowd = crowd.borrow();
                let (id, host) = (&crowd.rounds[*round].id, &crowd.host);
                // Writing into a vector cannot fail.
                let _ = write!(
                    wire.out,
                    "GET /v1/rounds/{id}/watermark HTTP/1.1\r\nhost: {host}\r\n\r\n"
                );
            }
            if let Ok(answer) = wire.call().await
                && let Ok(document) = serde_json::from_slice(answer.body)
            {
                let mut crowd = crowd.borrow_mut();
                tell(&mut crowd, *round, answer.body);
                learn(&mut crowd, *round, &understand(&document));
            }
        }
        if crowd.borrow().over {
            return;
        }
        tokio::time::sleep(every).await;
    }
}

fn understand(document: &Value) -> Seen {
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64);
    let word = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut seen = Seen {
        state: word(document, "state").unwrap_or_default(),
        left_won: number(document, "left_won"),
        lines: Vec::new(),
    };
    match document.get("lines") {
        Some(Value::Array(lines)) => {
            for line in lines {
                let class = word(line, "class").or_else(|| word(line, "line"));
                let class = class.or_else(|| word(line, "id"));
                if let (Some(class), Some(watermark)) = (class, number(line, "watermark")) {
                    seen.lines.push((class, watermark));
                }
            }
        }
        Some(Value::Object(lines)) => {
            let all = lines.iter();
            seen.lines.extend(all.filter_map(|(class, line)| {
                Some((class.clone(), line.as_u64().or_else(|| number(line, "watermark"))?))
            }));
        }
        _ => {
            let watermark = number(document, "watermark");
            seen.lines.extend(watermark.map(|watermark| ("everyone".to_owned(), watermark)));
        }
    }
    seen
}

/// Everybody who waits and looks now is told what the document says.
fn tell(crowd: &mut Crowd, round: usize, body: &[u8]) {
    if !crowd.told.is_kept() {
        return;
    }
    let Ok(document) = serde_json::from_slice::<Document>(body) else { return };
    let all = &crowd.lines.all;
    let of_class = |line: &Line| {
        all.iter().position(|known| known.round as usize == round && known.class == line.class)
    };
    let lines: Vec<Option<usize>> = document.lines.iter().map(of_class).collect();
    let now = (crowd.now(), jiff::Timestamp::now());
    let Crowd { told, visits, chance, .. } = crowd;
    told.read(now, (round, &lines), &document, visits, chance);
}

fn learn(crowd: &mut Crowd, round: usize, seen: &Seen) {
    let known = &mut crowd.rounds[round];
    known.state.clone_from(&seen.state);
    known.left_won = seen.left_won.unwrap_or(known.left_won);
    for (class, watermark) in &seen.lines {
        let line = crowd.lines.find(round as u16, class);
        let read = &mut crowd.rounds[round].watermark_seen;
        match read.iter_mut().find(|(known, _)| *known == line) {
            Some((_, before)) => {
                crowd.figures.broken.watermark_back += u64::from(*watermark < *before);
                *before = *watermark;
            }
            None => read.push((line, *watermark)),
        }
        crowd.advance(line, *watermark);
    }
    let all = crowd.rounds.iter().flat_map(|round| &round.watermark_seen);
    crowd.figures.now.watermark = all.map(|(_, watermark)| watermark).sum();
    crowd.figures.now.left_won = crowd.rounds.iter().map(|round| round.left_won).sum();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_understood_with_lines_in_a_list_or_by_class() {
        let check = |text: &str, lines: &[(&str, u64)]| {
            let seen = understand(&serde_json::from_str(text).unwrap());
            let want = lines.iter().map(|(class, w)| ((*class).to_owned(), *w)).collect();
            let state = "open".to_owned();
            assert_eq!(seen, Seen { state, left_won: Some(7), lines: want }, "{text}");
        };
        check(
            r#"{"state":"open","left_won":7,"lines":[{"class":"odd","watermark":5}]}"#,
            &[("odd", 5)],
        );
        check(
            r#"{"state":"open","left_won":7,"lines":{"even":{"watermark":4},"odd":5}}"#,
            &[("even", 4), ("odd", 5)],
        );
        check(r#"{"state":"open","left_won":7,"watermark":3}"#, &[("everyone", 3)]);
    }
}
