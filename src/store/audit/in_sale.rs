//! Which rounds people may be waiting for, asked of a store from outside: nothing that proves a
//! place may be taken out of use meanwhile.
//!
//! Reads what rounds were said to be and how they moved; knows nothing of keys.

use super::{AuditError, Examined};
use crate::store::postgres::{self, PostgresExamined};
use crate::store::sqlite::SqliteExamined;
use crate::store::{OpenError, shown, sqlite_path};
use openrun_core::round::LifeCycle;
use openrun_core::round_spec::RoundSpec;
use openrun_core::{Event, RoundId, Timestamp};
use std::collections::BTreeMap;

/// How long before a window opens people are already there: from then on nobody is logged out.
const LEAD_MILLIS: i64 = 30 * 60 * 1_000;
/// Events of rounds that are read at most: a thousand rounds with a hundred moves each.
const EVENTS_MAX: usize = 100_000;
/// In the order in which they happened within each program.
const MOVES: &str = "select body from journal where kind in ('round_defined', 'round_moved')
                     order by stream_id, seq";
const MOVES_IN_POSTGRES: &str = "select body::text from journal
                                 where kind in ('round_defined', 'round_moved')
                                 order by stream_id, seq";

/// The rounds of the store that `url` names which are, at `now`, between half an hour before their
/// opening (or that of their lobby) and their closing. `None` for an embedded store that is not
/// there: nobody knows. Blocks.
///
/// # Errors
/// The store could not be read.
pub fn rounds_in_sale(url: &str, now: Timestamp) -> Result<Option<Vec<RoundId>>, AuditError> {
    let place = shown(url);
    if postgres::is_url(url) {
        let mut examined = PostgresExamined::open(url).map_err(OpenError::from)?;
        return in_sale(&mut examined, MOVES_IN_POSTGRES, &place, now).map(Some);
    }
    let path = sqlite_path(url)?;
    if !path.exists() {
        return Ok(None);
    }
    let unreadable = |cause| AuditError::Unreadable { place: place.clone(), cause };
    let mut examined = SqliteExamined::open(&path).map_err(unreadable)?;
    in_sale(&mut examined, MOVES, &place, now).map(Some)
}

fn in_sale(
    examined: &mut dyn Examined,
    sql: &str,
    place: &str,
    now: Timestamp,
) -> Result<Vec<RoundId>, AuditError> {
    let unreadable = |cause| AuditError::Unreadable { place: place.to_owned(), cause };
    let found = examined.ask(sql, EVENTS_MAX).map_err(unreadable)?;
    let mut rounds: BTreeMap<RoundId, (RoundSpec, LifeCycle)> = BTreeMap::new();
    for row in &found.first {
        let body = row.first().and_then(|(_, body)| body.as_deref()).unwrap_or_default();
        let event = serde_json::from_str::<Event>(body);
        match event.map_err(|cause| unreadable(cause.to_string()))? {
            Event::RoundDefined { spec } => {
                let state = rounds.get(&spec.id).map_or(LifeCycle::Draft, |(_, state)| *state);
                rounds.insert(spec.id.clone(), (spec, state));
            }
            Event::RoundMoved { round, to } => {
                rounds.entry(round).and_modify(|(_, state)| *state = to);
            }
            _ => {}
        }
    }
    let waited_for =
        rounds.into_iter().filter(|(_, (spec, state))| is_waited_for(spec, *state, now));
    Ok(waited_for.map(|(id, _)| id).collect())
}

fn is_waited_for(spec: &RoundSpec, state: LifeCycle, now: Timestamp) -> bool {
    let opens_at = spec.windows.iter().map(|window| window.opens_at).min();
    let begins = opens_at.map_or(spec.lobby_opens_at, |opens_at| {
        opens_at.plus_millis(-LEAD_MILLIS).min(spec.lobby_opens_at)
    });
    match state {
        LifeCycle::Draft | LifeCycle::Closed => false,
        LifeCycle::Scheduled => now >= begins,
        // Opened by hand or by the clock: people are there until it is closed.
        LifeCycle::Lobby | LifeCycle::Open | LifeCycle::Paused | LifeCycle::SoldOut => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample::{OPENING, round, spec};

    #[test]
    fn a_round_is_waited_for_from_half_an_hour_before_its_opening_until_it_is_closed() {
        let spec = spec(&round(), 1_000_000);
        let half_an_hour = OPENING.plus_millis(-LEAD_MILLIS);
        for (state, at, expected) in [
            (LifeCycle::Draft, OPENING, false),
            (LifeCycle::Scheduled, half_an_hour.plus_millis(-1), false),
            (LifeCycle::Scheduled, half_an_hour, true),
            (LifeCycle::Open, Timestamp(0), true),
            (LifeCycle::SoldOut, OPENING, true),
            (LifeCycle::Paused, OPENING, true),
            (LifeCycle::Closed, OPENING, false),
        ] {
            assert_eq!(is_waited_for(&spec, state, at), expected, "{state:?}");
        }
    }
}
