//! What rounds are drawn with: for each line a key, for each person in a lobby a salt. All follow
//! from one secret of the directory, so that none is ever stored, and from the names of round and
//! class, so that none is used twice.
//!
//! HMAC-SHA-256 over a domain string and fields behind their lengths. Commits to nothing and shows
//! nothing: when a key may be seen is the engine's to say.

use super::KeyDescription;
use super::mac::MacKey;
use openrun_actors::{DrawSecrets, RoundSecret};
use openrun_core::{PersonKey, RoundId};
use std::sync::Arc;

/// What a key is made of begins with this and its length, so that it is a key and nothing else.
const KEY: &[u8] = b"\x13openrun/draw/key/v1";
/// The same for what the salts of a round are made with.
const SALT_KEY: &[u8] = b"\x18openrun/draw/salt-key/v1";
/// The same for a salt.
const SALT: &[u8] = b"\x14openrun/draw/salt/v1";

/// The secrets of draws, newest first.
pub(super) struct Draws(Vec<(String, MacKey)>);

/// What follows from one of them for one round.
struct OfRound {
    mac: MacKey,
    salts: MacKey,
    round: RoundId,
}

impl Draws {
    pub(super) fn new(keys: Vec<(String, MacKey)>) -> Draws {
        assert!(!keys.is_empty(), "a directory without a draw key is refused when it is read");
        Draws(keys)
    }

    pub(super) fn describe(&self) -> Vec<KeyDescription> {
        let one = |(kid, _): &(String, MacKey)| KeyDescription {
            what: "draw".to_owned(),
            kid: kid.clone(),
            algorithm: "HMAC",
            signs: true,
        };
        self.0.iter().map(one).collect()
    }
}

impl DrawSecrets for Draws {
    fn of_round(&self, round: &RoundId) -> Vec<Arc<dyn RoundSecret>> {
        let of = |(_, mac): &(String, MacKey)| -> Arc<dyn RoundSecret> {
            let salts = MacKey::new(&mac.tag(SALT_KEY, &fields(&[round.as_str().as_bytes()])));
            Arc::new(OfRound { mac: mac.clone(), salts, round: round.clone() })
        };
        self.0.iter().map(of).collect()
    }
}

impl RoundSecret for OfRound {
    fn key(&self, class: &str) -> [u8; 32] {
        self.mac.tag(KEY, &fields(&[self.round.as_str().as_bytes(), class.as_bytes()]))
    }

    fn salt(&self, class: &str, entry: u64, person: PersonKey) -> [u8; 32] {
        self.salts.tag(SALT, &fields(&[class.as_bytes(), &entry.to_be_bytes(), &person.0]))
    }
}

/// Fields of at most 255 bytes, each behind its length.
fn fields(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    for part in parts {
        bytes.push(u8::try_from(part.len()).expect("names have at most 64 bytes"));
        bytes.extend_from_slice(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn secrets(seed: u8) -> Draws {
        let bytes: Vec<u8> = (seed..seed + 32).collect();
        Draws::new(vec![("1".to_owned(), MacKey::new(&bytes))])
    }

    #[test]
    fn every_line_has_a_key_of_its_own_and_every_entry_a_salt() {
        let mut seen = HashSet::new();
        for seed in [1, 101] {
            for round in ["a", "aa", "a-odd"] {
                let round = RoundId::new(round).unwrap();
                let secret = secrets(seed).of_round(&round).remove(0);
                let again = secrets(seed).of_round(&round).remove(0);
                for class in ["odd", "even", "everyone"] {
                    assert_eq!(secret.key(class), again.key(class), "the same for ever");
                    assert!(seen.insert(secret.key(class)));
                    for (entry, person) in [(1, 1), (1, 2), (2, 1)] {
                        let person = PersonKey([person; 16]);
                        assert!(seen.insert(secret.salt(class, entry, person)));
                    }
                }
            }
        }
    }

    #[test]
    fn domains_stand_behind_their_lengths() {
        for domain in [KEY, SALT_KEY, SALT] {
            assert_eq!(domain.len(), 1 + usize::from(domain[0]));
        }
    }
}
