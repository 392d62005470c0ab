//! The port to the secrets of draws: the key that a line is drawn with and the salts of its leaves.
//! The edge keeps what they follow from, beside its other keys; nothing here stores any.

use openrun_core::draw::{Digest, commitment};
use openrun_core::{PersonKey, RoundId};
use std::fmt;
use std::sync::Arc;

/// What the lines of one round are drawn with.
pub trait RoundSecret: Send + Sync {
    /// The key of a line, by its class. Not to be shown to anybody before the draw.
    fn key(&self, class: &str) -> [u8; 32];

    /// The salt of one person's leaf: for that person only.
    fn salt(&self, class: &str, entry: u64, person: PersonKey) -> [u8; 32];
}

/// Where the secrets of rounds come from. The same round has the same ones for ever.
pub trait DrawSecrets: Send + Sync + 'static {
    /// Those that a round may have been committed to: the newest first, at least one.
    fn of_round(&self, round: &RoundId) -> Vec<Arc<dyn RoundSecret>>;
}

/// The secret of a round, kept where its lobby is.
#[derive(Clone)]
pub(crate) struct Secret(pub Arc<dyn RoundSecret>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// The one that a round is committed to from now on.
    pub fn newest(of: &dyn DrawSecrets, round: &RoundId) -> Option<Secret> {
        of.of_round(round).into_iter().next().map(Secret)
    }

    /// The one that a line was committed to; none if its key is not there any more.
    pub fn committed(
        of: &dyn DrawSecrets,
        round: &RoundId,
        class: &str,
        committed: Digest,
    ) -> Option<Secret> {
        let mut secrets = of.of_round(round).into_iter();
        secrets.find(|secret| commitment(&secret.key(class)) == committed).map(Secret)
    }
}
