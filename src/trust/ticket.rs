//! Tickets: the proof of a place in line, sealed with HMAC-SHA-256 and checked only by us.
//!
//! `or1.<kid>.<payload>.<tag>`, both in base64url without padding. The tag covers a domain string
//! and the payload, whose fields stand in fixed order with their lengths, so no two tickets have
//! the same signed bytes and no other thing of ours has those of a ticket. The newest key seals,
//! every key opens. Knows nothing about whether the place still counts.

use super::KeyDescription;
use super::jwt::decode;
use super::mac::{MacKey, TAG_BYTES};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use openrun_core::ids::SLUG_MAX;
use openrun_core::round_spec::LineId;
use openrun_core::{PersonKey, RoundId, Timestamp};

/// The form of the text, and its version.
const FORM: &str = "or1";
/// What is signed begins with this and its length, so that it is a ticket and nothing else.
const DOMAIN: &[u8] = b"\x11openrun/ticket/v1";
/// Length of a slug, line, number, person, time.
const FIXED_BYTES: usize = 1 + 1 + 8 + 16 + 8;
/// Longest payload.
const PAYLOAD_BYTES_MAX: usize = FIXED_BYTES + SLUG_MAX;

/// A place in line, as its person carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Of which round.
    pub round: RoundId,
    /// In which line.
    pub line: LineId,
    /// The number in that line.
    pub number: u64,
    /// Whose.
    pub person: PersonKey,
    /// When it was given.
    pub at: Timestamp,
}

/// The keys of tickets, newest first.
pub(super) struct Tickets(Vec<(String, MacKey)>);

impl Tickets {
    pub(super) fn new(keys: Vec<(String, MacKey)>) -> Tickets {
        assert!(!keys.is_empty(), "a directory without a ticket key is refused when it is read");
        Tickets(keys)
    }

    pub(super) fn seal(&self, ticket: &Ticket) -> String {
        let (kid, mac) = &self.0[0];
        let mut bytes = [0; PAYLOAD_BYTES_MAX];
        let payload = write(ticket, &mut bytes);
        let mut text = String::with_capacity(256);
        text.push_str(FORM);
        text.push('.');
        text.push_str(kid);
        text.push('.');
        BASE64.encode_string(payload, &mut text);
        text.push('.');
        BASE64.encode_string(mac.tag(DOMAIN, payload), &mut text);
        text
    }

    pub(super) fn open(&self, text: &str) -> Option<Ticket> {
        let (kid, rest) = text.strip_prefix(FORM)?.strip_prefix('.')?.split_once('.')?;
        let (payload, tag) = rest.split_once('.')?;
        let (_, mac) = self.0.iter().find(|(own, _)| own == kid)?;
        let (mut payload_bytes, mut tag_bytes) = ([0; PAYLOAD_BYTES_MAX], [0; TAG_BYTES]);
        let payload = decode(payload, &mut payload_bytes)?;
        if !mac.is_tag(DOMAIN, payload, decode(tag, &mut tag_bytes)?) {
            return None;
        }
        read(payload)
    }

    pub(super) fn is_by_newest(&self, text: &str) -> bool {
        let kid = text.strip_prefix(FORM).and_then(|rest| rest.strip_prefix('.')?.split_once('.'));
        kid.is_some_and(|(kid, _)| kid == self.0[0].0)
    }

    pub(super) fn describe(&self) -> Vec<KeyDescription> {
        let one = |(kid, _): &(String, MacKey)| KeyDescription {
            what: "ticket".to_owned(),
            kid: kid.clone(),
            algorithm: "HS256",
            signs: true,
        };
        self.0.iter().map(one).collect()
    }
}

/// The payload of a ticket.
fn write<'b>(ticket: &Ticket, bytes: &'b mut [u8; PAYLOAD_BYTES_MAX]) -> &'b [u8] {
    let slug = ticket.round.as_str().as_bytes();
    let length = u8::try_from(slug.len()).expect("a slug has at most 64 bytes");
    let mut end = 0;
    let mut put = |field: &[u8]| {
        bytes[end..end + field.len()].copy_from_slice(field);
        end += field.len();
    };
    put(&[length]);
    put(slug);
    put(&[ticket.line.0]);
    put(&ticket.number.to_be_bytes());
    put(&ticket.person.0);
    put(&ticket.at.0.to_be_bytes());
    assert_eq!(end, FIXED_BYTES + slug.len(), "the length of a payload follows from its slug");
    &bytes[..end]
}

/// The ticket in a payload whose tag was good; `None` unless every byte of it is accounted for.
fn read(payload: &[u8]) -> Option<Ticket> {
    let (length, rest) = payload.split_first()?;
    let (slug, rest) = rest.split_at_checked(usize::from(*length))?;
    let (line, rest) = rest.split_first()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let (person, rest) = rest.split_first_chunk::<16>()?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    if !rest.is_empty() {
        return None;
    }
    Some(Ticket {
        round: RoundId::new(std::str::from_utf8(slug).ok()?)?,
        line: LineId(*line),
        number: u64::from_be_bytes(*number),
        person: PersonKey(*person),
        at: Timestamp(i64::from_be_bytes(*at)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// S2.
    #[test]
    fn two_different_tickets_never_have_the_same_signed_bytes() {
        let mut seen: HashMap<Vec<u8>, Ticket> = HashMap::new();
        let slugs = ["a", "aa", "a1", "a-", "1", "11", "a\u{2d}1", "0"];
        let numbers = [0, 1, 0x61, 0x6161, 0x0161_0000_0000_0001, u64::MAX];
        for round in slugs.map(|slug| RoundId::new(slug).unwrap()) {
            for (line, number) in [0, 1, 0x61, 255].into_iter().zip(numbers.iter().cycle()) {
                for (fill, at) in [(0, 0), (0x61, 0), (0, 0x61), (0, -1), (255, i64::MIN)] {
                    for number in [*number, number.rotate_left(8)] {
                        let person = PersonKey([fill; 16]);
                        let (line, at) = (LineId(line), Timestamp(at));
                        let ticket = Ticket { round: round.clone(), line, number, person, at };
                        let mut bytes = [0; PAYLOAD_BYTES_MAX];
                        let payload = write(&ticket, &mut bytes).to_vec();
                        assert_eq!(read(&payload).as_ref(), Some(&ticket));
                        if let Some(other) = seen.insert(payload, ticket.clone()) {
                            assert_eq!(other, ticket);
                        }
                    }
                }
            }
        }
        assert!(seen.len() > 200);
    }

    #[test]
    fn a_ticket_of_an_older_key_is_good_and_known_as_such() {
        let key = |kid: &str, fill| (kid.to_owned(), MacKey::new(&[fill; 32]));
        let (old, new) =
            (Tickets::new(vec![key("a", 1)]), Tickets::new(vec![key("b", 2), key("a", 1)]));
        let round = RoundId::new("seoul").unwrap();
        let (line, person, at) = (LineId(0), PersonKey([7; 16]), Timestamp(9));
        let ticket = Ticket { round, line, number: 3, person, at };
        for (text, is_newest) in [(old.seal(&ticket), false), (new.seal(&ticket), true)] {
            assert_eq!(new.open(&text).as_ref(), Some(&ticket), "{text}");
            assert_eq!(new.is_by_newest(&text), is_newest, "{text}");
        }
        for text in ["", "or1", "or1.", "or1.b", "or2.b.x.y", "or1.bb.x.y", "b.x.y"] {
            assert!(!new.is_by_newest(text), "{text}");
        }
    }

    #[test]
    fn a_payload_is_read_whole_or_not_at_all() {
        let round = RoundId::new("seoul").unwrap();
        let (line, person, at) = (LineId(1), PersonKey([7; 16]), Timestamp(9));
        let ticket = Ticket { round, line, number: 3, person, at };
        let mut bytes = [0; PAYLOAD_BYTES_MAX];
        let payload = write(&ticket, &mut bytes).to_vec();
        for length in 0..payload.len() {
            assert_eq!(read(&payload[..length]), None, "{length}");
        }
        assert_eq!(read(&[payload.as_slice(), b"x"].concat()), None);
        assert_eq!(DOMAIN.len(), 1 + usize::from(DOMAIN[0]));
    }
}
