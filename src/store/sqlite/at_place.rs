//! What one person's place came to: one question to one snapshot, each part by an index.

use super::decode::{CLAIM, HOLD, JOURNAL, PAYMENT_STEP, PLACE_END, PURCHASE, TICKET, Table};
use super::point::{placed, select};
use super::reader::Reader;
use openrun_actors::store::StoreError;
use openrun_core::purchase::PassId;
use openrun_core::{PersonKey, RoundId, StoredEvent};
use rusqlite::ToSql;

/// The round by its name, and the line and number within it.
const HERE: &str = "round_id = (select id from name where text = ?1) and line = ?2 and number = ?3";

/// Which rows of which tables, each with the parameters that it takes of round, line, number and
/// person. A plus keeps the planner from an index that would read the whole round.
fn parts() -> [(&'static Table, String, &'static [usize]); 9] {
    let of_round = "(select id from name where text = ?1)";
    let theirs = format!("where person = ?4 and +{HERE}");
    let life = format!("where kind = 'round_moved' and +round_id = {of_round}");
    let steps = format!(
        "where kind in ('payment_sent', 'voided') and id in (select id from hold {theirs})"
    );
    let back = format!(
        "where kind = 'came_back' and +round_id = {of_round}
             and body ->> 'line' = ?2 and body ->> 'number' = ?3"
    );
    let again = format!(
        "where kind = 'turn_given' and +round_id = {of_round} and body ->> 'line' = ?2
             and exists (select 1 from json_each(body, '$.numbers') where value = ?3)"
    );
    let (place, whole): (&[usize], &[usize]) = (&[0, 1, 2], &[0, 1, 2, 3]);
    [
        (&TICKET, format!("where {HERE}"), place),
        (&PLACE_END, format!("where {HERE}"), place),
        (&CLAIM, format!("where {HERE}"), place),
        (&HOLD, theirs.clone(), whole),
        (&PAYMENT_STEP, steps, whole),
        (&PURCHASE, theirs, whole),
        (&JOURNAL, life, &[0]),
        (&JOURNAL, back, place),
        (&JOURNAL, again, place),
    ]
}

pub(super) fn place_events(
    reader: &mut Reader,
    round: &RoundId,
    place: PassId,
    person: PersonKey,
) -> Result<Vec<StoredEvent>, StoreError> {
    let number = i64::try_from(place.number).unwrap_or(i64::MAX);
    let line = i64::from(place.line.0);
    let all: [&dyn ToSql; 4] = [&round.as_str(), &line, &number, &person.0];
    reader.snapshot(|connection, names| {
        let mut events = Vec::new();
        for (table, which, takes) in parts() {
            let parameters: Vec<&dyn ToSql> = takes.iter().map(|index| all[*index]).collect();
            let sql = select(table, &which);
            events.extend(placed(connection, names, table, &sql, parameters.as_slice())?);
        }
        events.sort_unstable_by_key(|(place, _)| place.seq);
        Ok(events.into_iter().map(|(_, stored)| stored).collect())
    })
}
