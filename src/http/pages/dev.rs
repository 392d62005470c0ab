//! `POST /dev/people`: virtual people, on a server that was started with `--dev` alone. Without it
//! the path is not there.
//!
//! Makes a token as a channel's back end would, with the keys of the data directory. Signs nobody
//! up and keeps nothing.

use crate::http::call::{Answer, Call};
use crate::http::edge::Edge;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::time::Moment;
use crate::trust::DEVELOPMENT_CHANNELS;
use actix_web::http::StatusCode;
use openrun_core::{ChannelId, Refusal};
use serde::{Deserialize, Serialize};

/// How long a token is good, in seconds: a working day.
const TTL_S: i64 = 43_200;
/// Years in which somebody who is made up was born: those who come to such sales.
const BIRTH_YEARS: (i64, i64) = (1_950, 2_004);

/// Whom to make; what is missing is made up.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    person: Option<String>,
    birthdate: Option<String>,
    channel: Option<String>,
    district: Option<String>,
}

/// A person who was made up.
#[derive(Serialize)]
pub(super) struct Virtual {
    person: String,
    channel: String,
    birthdate: String,
    district: Option<String>,
    pub(super) token: String,
    expires_at: Moment,
}

/// Makes a virtual person.
pub async fn people(mut call: Call) -> Answer {
    let wanted: Wanted = call.json().await?;
    let made = make(call.edge(), wanted).map_err(Problem::from)?;
    Ok(reply::own(StatusCode::CREATED, &made))
}

/// Somebody with a token of their channel.
///
/// # Errors
/// `Malformed` when a token with these claims cannot be made.
pub(super) fn make(edge: &Edge, wanted: Wanted) -> Result<Virtual, Refusal> {
    let person = wanted.person.unwrap_or_else(|| format!("virtual-{:016x}", rand::random::<u64>()));
    let channel = wanted.channel.unwrap_or_else(|| DEVELOPMENT_CHANNELS[0].to_owned());
    let birthdate = wanted.birthdate.unwrap_or_else(|| {
        let (year, month) = (reply::jitter(BIRTH_YEARS.0, BIRTH_YEARS.1), reply::jitter(1, 12));
        format!("{year:04}-{month:02}-{:02}", reply::jitter(1, 28))
    });
    let malformed = |what: String| Refusal::Malformed { detail: what };
    let id = ChannelId::new(&channel);
    let id = id.ok_or_else(|| malformed("channel is 1 to 64 of a-z, 0-9 and -".to_owned()))?;
    let now = edge.engine.now();
    let district = wanted.district.as_deref();
    let token = edge.keys.make_resident_token(&person, &id, &birthdate, district, now, TTL_S);
    let token = token.map_err(|fault| malformed(fault.to_string()))?;
    let expires_at = Moment(now.plus_millis(TTL_S * 1_000));
    Ok(Virtual { person, channel, birthdate, district: wanted.district, token, expires_at })
}
