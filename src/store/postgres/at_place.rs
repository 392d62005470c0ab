//! What one person's place came to: one question to one snapshot, each part by an index.

use super::decode::{CLAIM, HOLD, JOURNAL, PAYMENT_STEP, PLACE_END, PURCHASE, TICKET};
use super::point::{placed, select};
use super::reader::{Parameter, Query, Reader, hidden, plain};
use openrun_actors::store::StoreError;
use openrun_core::purchase::PassId;
use openrun_core::{PersonKey, RoundId, StoredEvent};

/// The round by its name.
const ROUND: &str = "(select id from name where text = $1)";

pub(super) async fn place_events(
    reader: &Reader,
    round: &RoundId,
    place: PassId,
    person: PersonKey,
) -> Result<Vec<StoredEvent>, StoreError> {
    let number = i64::try_from(place.number).unwrap_or(i64::MAX);
    let line = i64::from(place.line.0);
    let of_round = || -> Vec<Parameter> { vec![plain(round.to_string())] };
    let of_place =
        || -> Vec<Parameter> { vec![plain(round.to_string()), plain(line), plain(number)] };
    let whole = || {
        let mut all = of_place();
        all.push(hidden(person.0));
        all
    };
    let here = format!("where round_id = {ROUND} and line = $2::bigint and number = $3::bigint");
    let theirs = format!("{here} and person = $4");
    let life = format!("where kind = 'round_moved' and round_id = {ROUND}");
    let steps = format!(
        "where kind in ('payment_sent', 'voided') and id in (select id from hold {theirs})"
    );
    let back = format!(
        "where kind = 'came_back' and round_id = {ROUND}
             and (body ->> 'line')::bigint = $2::bigint
             and (body ->> 'number')::bigint = $3::bigint"
    );
    let again = format!(
        "where kind = 'turn_given' and round_id = {ROUND}
             and (body ->> 'line')::bigint = $2::bigint
             and exists (select 1 from json_array_elements_text(body -> 'numbers') as given (number)
                 where given.number::bigint = $3::bigint)"
    );
    let asked = [
        (&TICKET, here.clone(), of_place()),
        (&PLACE_END, here.clone(), of_place()),
        (&CLAIM, here, of_place()),
        (&HOLD, theirs.clone(), whole()),
        (&PAYMENT_STEP, steps, whole()),
        (&PURCHASE, theirs, whole()),
        (&JOURNAL, life, of_round()),
        (&JOURNAL, back, of_place()),
        (&JOURNAL, again, of_place()),
    ];
    let tables = asked.each_ref().map(|(table, ..)| *table);
    let queries =
        asked.map(|(table, which, parameters)| Query { sql: select(table, &which), parameters });
    let mut events = Vec::new();
    for (table, found) in tables.iter().zip(reader.ask(&queries).await?) {
        events.extend(reader.decode(&found, placed(table)).await?);
    }
    events.sort_unstable_by_key(|(place, _)| place.seq);
    Ok(events.into_iter().map(|(_, stored)| stored).collect())
}
