//! Reads a round back from the store: the same `apply` as live, event by event in the order in
//! which they happened.
//!
//! Decides nothing. What the store does not hold is marked as vacant: its ticket, if there is one,
//! is the proof.

use crate::draw_secrets::{DrawSecrets, Secret};
use crate::failpoints;
use crate::lobby::{Entry, LobbyList};
use crate::people::People;
use crate::shared::{LineShared, QUEUE_SHARDS};
use crate::store::{Chunks, Store, StoreError};
use openrun_core::draw::DrawnOrder;
use openrun_core::places::Phase;
use openrun_core::queue::{DrawnLine, Queue};
use openrun_core::round::Round;
use openrun_core::round_spec::LineId;
use openrun_core::stops::Pauses;
use openrun_core::{Event, Purchase, RoundId, StoredEvent, Timestamp};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A round as the store knows it.
pub(crate) struct Loaded {
    pub round: Round,
    pub queues: Vec<Queue>,
    /// For each shard who is in the lobbies that still take people.
    pub entries: Vec<Entries>,
    pub lines: Vec<Arc<LineShared>>,
    /// For each line the numbers that were reserved and, as far as the store knows, never given.
    pub vacant: Vec<Vec<(u64, u64)>>,
    /// How long it was paused.
    pub pauses: Pauses,
}

/// Who is in which lobby.
pub(crate) type Entries = BTreeMap<LineId, Vec<Entry>>;

struct Replay<'s> {
    round: Option<Round>,
    queues: Vec<Queue>,
    entries: Vec<Entries>,
    lines: Vec<Arc<LineShared>>,
    pauses: Pauses,
    secrets: &'s dyn DrawSecrets,
    fault: Option<DrawFault>,
}

/// Why the draw of a round cannot be carried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DrawFault {
    /// The keys directory is another one, or a key of it was taken away.
    #[error("no key of the keys directory is the one that its draw was committed to")]
    NoSecret,
    /// An entry came or went in the store after the lobby had closed, or the keys are others.
    #[error("the entries in the store are not those of the list that was published")]
    OtherList,
}

impl Replay<'_> {
    /// What the draw makes of an event: the salts of the list, the list, the order.
    fn apply_draw(&mut self, event: &Event) {
        let Some(round) = &self.round else { return };
        let id = &round.spec().id;
        match event {
            Event::DrawCommitted { line, commitment, .. } => {
                let Some(draw) = round.draw_of(*line) else { return };
                match Secret::committed(self.secrets, id, &draw.class, *commitment) {
                    Some(secret) => self.lines[draw.lobby.index()].lobby.commit(secret),
                    None => self.fault = self.fault.or(Some(DrawFault::NoSecret)),
                }
            }
            Event::LobbyClosed { line, lobby, count, root, .. } => {
                let theirs = self.entries.iter_mut().filter_map(|shard| shard.remove(lobby));
                let entries: Vec<Entry> = theirs.flatten().collect();
                let (shared, draw) = (&self.lines[lobby.index()].lobby, round.draw_of(*line));
                let (Some(secret), Some(draw)) = (shared.secret(), draw) else { return };
                let list = LobbyList::of(id, &draw.class, *count, &entries, secret);
                let is_beyond = entries.iter().any(|(entry, _)| entry > count);
                if list.root != *root || is_beyond {
                    self.fault = self.fault.or(Some(DrawFault::OtherList));
                }
                shared.close(Arc::new(list));
                self.lines[line.index()].places.skip_to(*count);
            }
            Event::Drawn { line, lobby, count, seed, .. } => {
                let shared = Arc::clone(&self.lines[lobby.index()]);
                if shared.lobby.list().is_none() {
                    return;
                }
                let order = DrawnOrder::shuffle(seed, *count);
                self.lines[line.index()].places.take_in(&shared.places, &order);
                let drawn = DrawnLine { line: *line, lobby: *lobby, order: &order };
                self.queues.iter_mut().for_each(|queue| queue.settle_all(drawn));
                shared.lobby.draw(Arc::new(order), &self.lines[line.index()].places);
            }
            _ => {}
        }
    }

    /// An event of a lobby that is drawn happened to the line behind it.
    fn renewed(&self, event: &Event) -> Option<Event> {
        let (Event::Joined { line: lobby, .. } | Event::Left { line: lobby, .. }) = event else {
            return None;
        };
        let round = self.round.as_ref().filter(|round| round.spec().is_lobby(*lobby))?;
        let order = self.lines[lobby.index()].lobby.drawn()?;
        let line = round.spec().line_behind(*lobby);
        DrawnLine { line, lobby: *lobby, order }.renewed_event(event)
    }

    /// Keeps who is in a lobby that has not closed.
    fn note_entry(&mut self, event: &Event) {
        let Event::Joined { line, number, person, .. } = event else { return };
        let is_lobby = self.round.as_ref().is_some_and(|round| round.spec().is_lobby(*line));
        let lobby = self.lines.get(line.index()).filter(|_| is_lobby).map(|line| &line.lobby);
        if let Some(lobby) = lobby.filter(|lobby| lobby.list().is_none()) {
            lobby.count_entry();
            let shard = &mut self.entries[person.shard(QUEUE_SHARDS)];
            shard.entry(*line).or_default().push((*number, *person));
        }
    }

    fn apply(&mut self, at: Timestamp, event: &Event) {
        if let Some(stops) = self.pauses.see(at, event) {
            self.queues.iter_mut().for_each(|queue| queue.see(stops));
        }
        if let Event::RoundDefined { spec } = event {
            self.lines = spec.lines_with_lobbies().iter().map(|_| Arc::default()).collect();
            // What it was committed to before binds nobody: it commits anew.
            self.fault = None;
            match &mut self.round {
                Some(round) => round.apply(event),
                None => self.round = Some(Round::new(spec.clone())),
            }
            return;
        }
        let Some(round) = &mut self.round else { return };
        let held = match event {
            Event::Issued { purchase } => round.payment(purchase.id),
            Event::Voided { purchase, .. } => round.payment(*purchase),
            _ => None,
        };
        let is_paid_later = held.is_some();
        if let (Event::Voided { .. }, Some(payment)) = (event, held) {
            let pass = payment.purchase.pass;
            let places = &self.lines[pass.line.index()].places;
            let had_bought = places.unbuy(pass.number, at < payment.pass_expires_at);
            assert!(had_bought, "OR-9: a pass that was not used is free again");
        }
        round.apply(event);
        self.apply_draw(event);
        self.note_entry(event);
        let renewed = self.renewed(event);
        match renewed.as_ref().unwrap_or(event) {
            event @ (Event::Joined { line, person, .. }
            | Event::Claimed { line, person, .. }
            | Event::CameBack { line, person, .. }
            | Event::Left { line, person, .. }) => {
                let places = &self.lines[line.index()].places;
                self.queues[person.shard(QUEUE_SHARDS)].apply(event, places);
            }
            Event::TurnGiven { line, numbers, .. } => {
                self.lines[line.index()].places.call_again(numbers);
            }
            // A purchase that was held bought then.
            Event::Issued { .. } if is_paid_later => {}
            // Sold without a place.
            Event::Issued { purchase } if purchase.pass.is_at_counter() => {}
            Event::Issued { purchase } | Event::Held { purchase, .. } => {
                let places = &self.lines[purchase.pass.line.index()].places;
                let former = places.buy(purchase.pass.number);
                assert!(former.is_some(), "OR-9: a pass was used twice in the store");
            }
            _ => {}
        }
    }
}

/// Why a round could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The store did not answer: it may later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it holds cannot be: asking again changes nothing.
    #[error("round {0} contradicts itself in the store; run `openrun audit`")]
    Contradiction(RoundId),
    /// What was published about its draw does not fit what is there: nobody may be let in.
    #[error("round {0} cannot be drawn: {1}")]
    Draw(RoundId, DrawFault),
}

/// Reads a round, and has `people` know who bought in it. `former`: the lines of a round that lived
/// in this process, whose numbers count as given. On a thread of its own: millions of events are
/// seconds of work, during which others on the caller's thread go on, and rounds and people can be
/// read at once.
pub(crate) async fn load_round(
    store: &dyn Store,
    id: &RoundId,
    former: &[Arc<LineShared>],
    secrets: &Arc<dyn DrawSecrets>,
    people: &Arc<People>,
) -> Result<Loaded, LoadError> {
    let (secrets, people) = (Arc::clone(secrets), Arc::clone(people));
    let (chunks, of_round, former) = (store.round_events(id), id.clone(), former.to_vec());
    let read = move || read_round(chunks, &of_round, &former, &*secrets, &people);
    let reading = tokio::task::spawn_blocking(read);
    reading.await.unwrap_or_else(|_| Err(LoadError::Contradiction(id.clone())))
}

fn read_round(
    mut chunks: Chunks<StoredEvent>,
    id: &RoundId,
    former: &[Arc<LineShared>],
    secrets: &dyn DrawSecrets,
    people: &People,
) -> Result<Loaded, LoadError> {
    let mut replay = Replay {
        round: None,
        queues: (0..QUEUE_SHARDS).map(|_| Queue::default()).collect(),
        entries: (0..QUEUE_SHARDS).map(|_| Entries::default()).collect(),
        lines: Vec::new(),
        secrets,
        pauses: Pauses::default(),
        fault: None,
    };
    let mut contradiction = None;
    while let Some(chunk) = chunks.blocking_recv() {
        let chunk = chunk?;
        // Also of a round that cannot be: what somebody bought in it counts in their limits.
        let purchases = chunk.iter().filter_map(|stored| Purchase::in_event(&stored.event));
        if failpoints::learns_buyers() {
            purchases.for_each(|purchase| people.know_buyer(purchase.person));
        }
        if contradiction.is_some() {
            continue;
        }
        let applied = catch_unwind(AssertUnwindSafe(|| {
            chunk.iter().for_each(|stored| replay.apply(stored.at, &stored.event));
        }));
        contradiction = applied.err().map(|_| LoadError::Contradiction(id.clone()));
    }
    if let Some(contradiction) = contradiction {
        return Err(contradiction);
    }
    let Replay { round, mut queues, entries, lines, fault, pauses, .. } = replay;
    if let Some(fault) = fault {
        return Err(LoadError::Draw(id.clone(), fault));
    }
    let round = round.ok_or_else(|| LoadError::Contradiction(id.clone()))?;
    // What had run out when the last event was written is over; everything else has a whole claim
    // window from the start on.
    let over_at = pauses.over_at(round.spec().inlet.claim_window_s);
    let places: Vec<_> = lines.iter().map(|line| Arc::clone(&line.places)).collect();
    for queue in &mut queues {
        queue.expire(over_at, &places);
    }
    let mut vacant = Vec::new();
    for (index, line) in round.lines().iter().enumerate() {
        let places = &lines[index].places;
        let given = former.get(index).map(|line| line.places.last_number());
        let line_id = LineId(u8::try_from(index).unwrap_or(u8::MAX));
        if let Some(draw) = round.draw_of(line_id).filter(|draw| draw.drawn.is_none()) {
            // These are for the lobby: who stands there is not drawn yet.
            let head = draw.closed.map_or(0, |closed| closed.count);
            for number in 1..=head {
                places.change(number, Phase::Unknown, Phase::Vacant);
            }
        }
        vacant.push(places.vacate(given.unwrap_or(line.reserved), VACANT_RUN));
        places.set_reserved(line.reserved);
        if line.watermark > 0 {
            places.advance(line.watermark);
        }
    }
    Ok(Loaded { round, queues, entries, lines, vacant, pauses })
}

/// Shortest run of vacant numbers that is published: single ones are joins that were lost, not
/// gaps, and would not change what anybody is told.
const VACANT_RUN: u64 = 64;
