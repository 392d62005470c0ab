//! Virtual people and their tokens, made from the channels' development keys.
//!
//! A key folder holds `<channel>.hs256`: 32 bytes as base64url without padding. Person `n` always
//! uses the same channel and has the same birth date, so that two programs agree about them without
//! talking.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub const CHANNELS: [&str; 4] = ["seoul-pay", "tmoney-pay", "shinhan-sol", "moneytree"];

/// Longer than any run.
const TOKEN_LIFE_S: u64 = 6 * 3600;

pub struct Keys {
    secrets: Vec<Vec<u8>>,
    issued_at: u64,
}

impl Keys {
    /// Reads the key of every channel from the folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut secrets = Vec::new();
        for channel in CHANNELS {
            let path = folder.join(format!("{channel}.hs256"));
            let text =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let secret = URL_SAFE_NO_PAD.decode(text.trim())?;
            ensure!(secret.len() == 32, "{} holds {} bytes, not 32", path.display(), secret.len());
            secrets.push(secret);
        }
        let issued_at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        Ok(Self { secrets, issued_at })
    }

    pub fn secret(&self, channel: usize) -> &[u8] {
        &self.secrets[channel]
    }

    /// The token of person `n`, as the back end of that person's channel app would make it.
    pub fn token(&self, n: usize) -> String {
        let channel = n % CHANNELS.len();
        let name = CHANNELS[channel];
        let header = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{name}-1"}}"#);
        let claims = format!(
            r#"{{"iss":"{name}","sub":"{}","birthdate":"{}-03-04","iat":{},"exp":{}}}"#,
            person(n),
            1950 + n % 50,
            self.issued_at,
            self.issued_at + TOKEN_LIFE_S,
        );
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secrets[channel])
            .expect("HMAC takes a key of any length");
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    pub fn tokens(&self, people: usize) -> Vec<String> {
        (0..people).map(|n| self.token(n)).collect()
    }
}

/// The id of person `n`: as long as a salted hash in base64url would be.
pub fn person(n: usize) -> String {
    format!("bench-person-of-the-closed-loop-{n:011}")
}
