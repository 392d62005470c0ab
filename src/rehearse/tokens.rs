//! Everybody's tokens, made before the doors open and kept in one string.

use anyhow::ensure;

use super::Tokens;
use super::people::Cast;

/// So many tokens are made before other tasks get a turn.
const SLICE: usize = 512;

/// Tokens by person and phone.
#[derive(Debug, Default)]
pub(super) struct Wallet {
    text: String,
    at: Vec<[(u32, u32); 2]>,
}

impl Wallet {
    /// Makes a token for each phone of each person.
    ///
    /// # Errors
    /// When a token cannot be made, for whatever reason: nobody could come in then.
    pub async fn fill(cast: &Cast, run: &str, tokens: &dyn Tokens) -> anyhow::Result<Self> {
        let mut wallet = Self::default();
        wallet.at.reserve(cast.persons.len());
        for (place, person) in cast.persons.iter().enumerate() {
            let name = person_name(run, place as u32);
            let mut at = [(0, 0); 2];
            for (phone, range) in at.iter_mut().enumerate() {
                if phone == 1 && !person.two_phones {
                    break;
                }
                let channel = &cast.channels[person.channels[phone] as usize];
                let token = tokens.person(&name, channel, &person.birthdate);
                ensure!(!token.is_empty(), "no token can be made for the channel {channel}");
                let from = wallet.text.len() as u32;
                wallet.text.push_str(&token);
                *range = (from, wallet.text.len() as u32);
            }
            wallet.at.push(at);
            if place % SLICE == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(wallet)
    }

    pub fn of(&self, person: u32, phone: u8) -> &str {
        let (from, to) = self.at[person as usize][phone as usize];
        &self.text[from as usize..to as usize]
    }
}

/// How a person of this run is called in tokens.
pub(super) fn person_name(run: &str, person: u32) -> String {
    format!("rehearsal-{run}-{person}")
}
