//! Trust: the keys of a data directory, and everything that is signed or checked with them.
//!
//! People and staff show JSON web tokens ([`claims`], [`jwt`]), a place in line is a ticket
//! ([`ticket`]), the right to buy is a pass ([`pass`]). The algorithm, the issuer and the key id
//! of whatever is shown are pinned by the key that stands in the directory ([`directory`]),
//! never by its header; signatures are compared in constant time before a claim is read.
//!
//! Knows nothing about stock or lines, keeps no session, asks nobody over the network, and never
//! prints a key. Keys are read once at start: a rotated key is taken up by the next start.

mod bounded;
mod claims;
mod directory;
mod draw;
mod error;
mod files;
mod jwt;
mod mac;
mod making;
mod pass;
mod shared;
mod ticket;

#[cfg(test)]
mod directory_tests;
#[cfg(test)]
mod tests;

pub use claims::{PersonClaims, Role, StaffClaims, subject_key};
pub use directory::{DEVELOPMENT_CHANNELS, Kind};
pub use error::KeysError;
pub(crate) use files::is_private;
pub(crate) use mac::MacKey;
pub use making::{init, rotate, would_retire};
pub use pass::{DocumentSignature, Pass};
pub use shared::SharedSecret;
pub use ticket::Ticket;

use claims::Person;
use directory::{Access, Found};
use draw::Draws;
use jwt::Jwts;
use openrun_actors::DrawSecrets;
use openrun_core::person::ShownPass;
use openrun_core::{ChannelId, PersonKey, Refusal, RoundId, Timestamp};
use pass::Passes;
use std::path::Path;
use std::sync::Arc;
use ticket::Tickets;

/// The issuer of staff tokens.
pub const STAFF_ISSUER: &str = "openrun-admin";

/// All keys of a data directory. Debugging output holds none of them.
pub struct Keys {
    tickets: Tickets,
    passes: Passes,
    staff: Jwts,
    people: Jwts,
    draws: Arc<Draws>,
}

/// A key as `openrun keys list` shows it: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDescription {
    /// What it is for: `ticket`, `pass`, `staff`, `draw`, or the channel.
    pub what: String,
    /// Its id.
    pub kid: String,
    /// How it signs.
    pub algorithm: &'static str,
    /// Whether this program signs with it, or only checks.
    pub signs: bool,
}

impl Keys {
    /// Opens the keys of a server. With `dev`, makes what is missing, for development only.
    ///
    /// # Errors
    /// What is missing, unsafe or unreadable, with the cure. Without `dev` that is also any key
    /// made for development, any key readable by others, and any key that is too short.
    pub fn open(dir: &Path, dev: bool) -> Result<Keys, KeysError> {
        if dev {
            making::for_development(dir)?;
        }
        let access = if dev { Access::Development } else { Access::Production };
        Ok(Keys::of(directory::read(dir, access)?))
    }

    /// Opens the keys of a data directory for a tool that signs tokens: whatever is there,
    /// development keys too. Makes nothing.
    ///
    /// # Errors
    /// What is missing, unsafe or unreadable, with the cure.
    pub fn open_existing(dir: &Path) -> Result<Keys, KeysError> {
        Ok(Keys::of(directory::read(dir, Access::Tool)?))
    }

    fn of(found: Found) -> Keys {
        Keys {
            tickets: Tickets::new(found.ticket),
            passes: Passes::new(found.pass),
            staff: Jwts::new(found.staff),
            people: Jwts::new(found.channels),
            draws: Arc::new(Draws::new(found.draw)),
        }
    }

    /// Who shows this token of a channel.
    ///
    /// # Errors
    /// `Unauthenticated` for any fault.
    pub fn verify_person(&self, bearer: &str, now: Timestamp) -> Result<PersonClaims, Refusal> {
        let person =
            self.people.open(bearer, |issuer, payload| claims::read_person(issuer, payload, now));
        person.ok_or(Refusal::Unauthenticated)
    }

    /// Which member of the staff shows this token.
    ///
    /// # Errors
    /// `Unauthenticated` for any fault.
    pub fn verify_staff(&self, bearer: &str, now: Timestamp) -> Result<StaffClaims, Refusal> {
        let staff = self.staff.open(bearer, |_, payload| claims::read_staff(payload, now));
        staff.ok_or(Refusal::Unauthenticated)
    }

    /// A token as the back end of `channel` would make it, good for `ttl_s` seconds from `now`.
    ///
    /// # Errors
    /// The channel is unknown or has only a public key here, or a claim is malformed.
    pub fn make_person_token(
        &self,
        person: &str,
        channel: &ChannelId,
        birthdate: &str,
        now: Timestamp,
        ttl_s: i64,
    ) -> Result<String, KeysError> {
        self.make_resident_token(person, channel, birthdate, None, now, ttl_s)
    }

    /// As [`Keys::make_person_token`], of somebody who lives in `district`.
    ///
    /// # Errors
    /// As there.
    pub fn make_resident_token(
        &self,
        person: &str,
        channel: &ChannelId,
        birthdate: &str,
        district: Option<&str>,
        now: Timestamp,
        ttl_s: i64,
    ) -> Result<String, KeysError> {
        let claims = Person::new(person, channel.as_str(), birthdate, district, now, ttl_s)?;
        self.people.seal(channel.as_str(), &claims)
    }

    /// A token of staff, good for `ttl_s` seconds from `now`.
    ///
    /// # Errors
    /// `actor` is malformed, or the staff key here can only check.
    pub fn make_staff_token(
        &self,
        actor: &str,
        role: Role,
        now: Timestamp,
        ttl_s: i64,
    ) -> Result<String, KeysError> {
        let claims = claims::Staff::new(actor, role, now, ttl_s)?;
        self.staff.seal(STAFF_ISSUER, &claims)
    }

    /// The text of a ticket.
    #[must_use]
    pub fn seal_ticket(&self, ticket: &Ticket) -> String {
        self.tickets.seal(ticket)
    }

    /// The ticket in a text, if one of our keys signed it.
    #[must_use]
    pub fn open_ticket(&self, text: &str) -> Option<Ticket> {
        self.tickets.open(text)
    }

    /// Whether a ticket that one of our keys signed was signed by the one that signs now.
    #[must_use]
    pub fn is_sealed_by_newest(&self, text: &str) -> bool {
        self.tickets.is_by_newest(text)
    }

    /// The text of a pass: the same pass, the same text.
    #[must_use]
    pub fn seal_pass(&self, pass: &Pass) -> String {
        self.passes.seal(pass)
    }

    /// What a text shown as a pass is worth to this person in this round.
    #[must_use]
    pub fn open_pass(
        &self,
        text: &str,
        round: &RoundId,
        person: PersonKey,
        now: Timestamp,
    ) -> ShownPass {
        self.passes.open(text, round, person, now)
    }

    /// Signs a JSON document that everybody reads, with the newest of the keys that sign passes.
    ///
    /// # Panics
    /// When it does not begin with `{`.
    #[must_use]
    pub fn sign_document(&self, text: &[u8]) -> DocumentSignature<'_> {
        self.passes.sign_document(text)
    }

    /// The public keys of passes, for other back ends (RFC 7517), newest first.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.passes.jwks()
    }

    /// What rounds are drawn with.
    #[must_use]
    pub fn draw_secrets(&self) -> Arc<dyn DrawSecrets> {
        self.draws.clone()
    }

    /// The channels whose tokens are trusted, in alphabetical order.
    #[must_use]
    pub fn channels(&self) -> Vec<String> {
        self.people.issuers()
    }

    /// Every key, newest first within its kind.
    #[must_use]
    pub fn describe(&self) -> Vec<KeyDescription> {
        let mut all = self.tickets.describe();
        all.extend(self.passes.describe());
        all.extend(self.staff.describe());
        all.extend(self.draws.describe());
        all.extend(self.people.describe());
        all
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}
