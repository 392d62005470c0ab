//! What tokens say of people and staff. Read only after the signature was found good.

use super::error::KeysError;
use openrun_core::time::Date;
use openrun_core::{ChannelId, DistrictId, PersonKey, Timestamp, Who};
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How far a channel's clock may run ahead of ours, in seconds: a token from further in the
/// future is refused.
const AHEAD_SECONDS_MAX: i64 = 30;
/// Longest name of a person or of a member of the staff, from the HTTP contract.
const NAME_MAX: usize = 64;
/// Length of a date, as `2022-07-14`.
const DATE_BYTES: usize = 10;

/// Who a token of a channel is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonClaims {
    /// The person, the same in every channel.
    pub person: PersonKey,
    /// The channel that vouches for them.
    pub channel: ChannelId,
    /// When they were born, and where they live if the channel says so.
    pub who: Who,
}

/// What a member of the staff may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look.
    Viewer,
    /// Look, set up and run sales.
    Operator,
    /// Look, and confirm what an operator asked for.
    Approver,
}

/// Who a token of staff is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffClaims {
    /// Their name, as it stands in the log.
    pub actor: String,
    /// What they may do.
    pub role: Role,
}

impl Role {
    /// The role as it stands in a token.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Approver => "approver",
        }
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Role, Self::Err> {
        let all = [Role::Viewer, Role::Operator, Role::Approver];
        let role = all.into_iter().find(|role| role.as_str() == text);
        role.ok_or("a role is viewer, operator or approver")
    }
}

/// The claims of a person's token.
#[derive(Serialize, Deserialize)]
pub(super) struct Person<'a> {
    iss: &'a str,
    sub: &'a str,
    birthdate: &'a str,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    district: Option<&'a str>,
    iat: Seconds,
    exp: Seconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<Seconds>,
}

/// The claims of a staff token.
#[derive(Serialize, Deserialize)]
pub(super) struct Staff<'a> {
    iss: &'a str,
    sub: &'a str,
    role: Role,
    iat: Seconds,
    exp: Seconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<Seconds>,
}

/// Who a verified token of `issuer` is about; `None` for any fault in its claims.
pub(super) fn read_person(
    issuer: &ChannelId,
    payload: &[u8],
    now: Timestamp,
) -> Option<PersonClaims> {
    let claims: Person<'_> = serde_json::from_slice(payload).ok()?;
    if claims.iss != issuer.as_str() || !is_name(claims.sub) {
        return None;
    }
    if !is_in_time(claims.iat, claims.nbf, claims.exp, now) {
        return None;
    }
    let birthdate = date_of(claims.birthdate)?;
    // Named and no slug, it is a fault; not named, the person lives in no district.
    let district = match claims.district {
        Some(name) => Some(DistrictId::new(name)?),
        None => None,
    };
    let person = PersonKey::of_subject(claims.sub);
    let who = Who { birthdate, district };
    Some(PersonClaims { person, channel: issuer.clone(), who })
}

/// The key of the person whose tokens say `sub`; `None` for what no token may say.
#[must_use]
pub fn subject_key(sub: &str) -> Option<PersonKey> {
    is_name(sub).then(|| PersonKey::of_subject(sub))
}

/// Who a verified staff token is about; `None` for any fault in its claims.
pub(super) fn read_staff(payload: &[u8], now: Timestamp) -> Option<StaffClaims> {
    let claims: Staff<'_> = serde_json::from_slice(payload).ok()?;
    let is_sound = claims.iss == super::STAFF_ISSUER && is_name(claims.sub);
    let is_in_time = is_in_time(claims.iat, claims.nbf, claims.exp, now);
    (is_sound && is_in_time)
        .then(|| StaffClaims { actor: claims.sub.to_owned(), role: claims.role })
}

impl<'a> Person<'a> {
    pub(super) fn new(
        sub: &'a str,
        iss: &'a str,
        birthdate: &'a str,
        district: Option<&'a str>,
        now: Timestamp,
        ttl_s: i64,
    ) -> Result<Person<'a>, KeysError> {
        check_name("person", sub)?;
        if date_of(birthdate).is_none() {
            let rule = "is a date as 1990-12-31";
            return Err(KeysError::MalformedClaim { claim: "birthdate", rule });
        }
        if district.is_some_and(|name| DistrictId::new(name).is_none()) {
            let rule = "is 1 to 64 of a-z, 0-9 and -";
            return Err(KeysError::MalformedClaim { claim: "district", rule });
        }
        let (iat, exp) = span(now, ttl_s);
        Ok(Person { iss, sub, birthdate, district, iat, exp, nbf: None })
    }
}

impl<'a> Staff<'a> {
    pub(super) fn new(
        sub: &'a str,
        role: Role,
        now: Timestamp,
        ttl_s: i64,
    ) -> Result<Staff<'a>, KeysError> {
        check_name("actor", sub)?;
        let (iat, exp) = span(now, ttl_s);
        Ok(Staff { iss: super::STAFF_ISSUER, sub, role, iat, exp, nbf: None })
    }
}

fn span(now: Timestamp, ttl_s: i64) -> (Seconds, Seconds) {
    let iat = now.0.div_euclid(1_000);
    (Seconds(iat), Seconds(iat.saturating_add(ttl_s)))
}

fn is_in_time(iat: Seconds, nbf: Option<Seconds>, exp: Seconds, now: Timestamp) -> bool {
    let latest = now.plus_millis(AHEAD_SECONDS_MAX * 1_000);
    let has_begun = |seconds: Seconds| seconds.millis() <= latest.0;
    has_begun(iat) && nbf.is_none_or(has_begun) && exp.millis() > now.0
}

fn check_name(claim: &'static str, name: &str) -> Result<(), KeysError> {
    let rule = "is 1 to 64 of A-Z, a-z, 0-9, _ and -";
    if is_name(name) { Ok(()) } else { Err(KeysError::MalformedClaim { claim, rule }) }
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A date that exists; `None` for anything else.
fn date_of(date: &str) -> Option<Date> {
    let bytes = date.as_bytes();
    let is_digit = |at: usize| bytes[at].is_ascii_digit();
    let has_form = bytes.len() == DATE_BYTES
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && [0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(is_digit);
    if !has_form {
        return None;
    }
    let (year, month, day) =
        (date[..4].parse().ok()?, date[5..7].parse().ok()?, date[8..].parse().ok()?);
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    let narrow = |part: i8| u8::try_from(part).ok();
    Some(Date { year: date.year(), month: narrow(date.month())?, day: narrow(date.day())? })
}

/// A moment in whole seconds since 1970. RFC 7519 allows a fraction, so one is read and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seconds(i64);

impl Seconds {
    fn millis(self) -> i64 {
        self.0.saturating_mul(1_000)
    }
}

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seconds, D::Error> {
        deserializer.deserialize_any(SecondsVisitor)
    }
}

struct SecondsVisitor;

impl Visitor<'_> for SecondsVisitor {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970")
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Seconds, E> {
        Ok(Seconds(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Seconds, E> {
        i64::try_from(value).map(Seconds).map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Seconds, E> {
        // Casting saturates, and what is not a number becomes 1970: expired.
        Ok(Seconds(value.floor() as i64))
    }
}
