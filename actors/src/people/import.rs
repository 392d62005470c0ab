//! Many sign-ups at once, for staff who bring a list: each as if it came by itself, and what staff
//! did stands in the log before the first of them.
//!
//! Goes through the people's journal as every sign-up does: the stream has one writer, and that is
//! this process. A list is written in parts, one after the other, so that whoever signs up
//! meanwhile waits behind one part at most.

use super::{People, Settling};
use crate::engine::{Engine, acted};
use crate::requests::Staff;
use openrun_core::{ChannelId, Event, PersonKey, Refusal};
use std::sync::Arc;

/// Sign-ups written together: half of what a batch takes, so that others find room in it.
const PART: usize = 500;

impl People {
    /// Signs up whoever of these has not; answers how many that were. Stops after the part that
    /// could not be written: asking again goes on where it stopped.
    async fn import(
        people: &Arc<People>,
        persons: &[PersonKey],
        channel: &ChannelId,
        log: Event,
    ) -> Result<usize, Refusal> {
        let (mut count, mut log) = (0, Some(log));
        for part in persons.chunks(PART) {
            let fresh: Vec<PersonKey> =
                part.iter().copied().filter(|person| people.begins(*person)).collect();
            if fresh.is_empty() {
                continue;
            }
            let of = |person| Event::SignedUp { person, channel: channel.clone() };
            let events = log.take().into_iter().chain(fresh.iter().copied().map(of)).collect();
            let mut settling: Vec<Settling> = fresh.iter().map(|it| people.settling(*it)).collect();
            let (sender, receiver) = tokio::sync::oneshot::channel();
            people.journal.append_then(people.around.clock.now(), events, move |outcome| {
                let is_durable = outcome.is_ok();
                settling.iter_mut().for_each(|one| one.is_durable = is_durable);
                drop(settling);
                let _ = sender.send(is_durable);
            });
            if receiver.await != Ok(true) {
                return Err(Refusal::Unavailable);
            }
            count += fresh.len();
        }
        // Some may be signing up by themselves at this moment.
        if !persons.iter().all(|person| people.is_signed_up(*person)) {
            let _ = people.journal.barrier().await;
        }
        let all = persons.iter().all(|person| people.is_signed_up(*person));
        if all { Ok(count) } else { Err(Refusal::Unavailable) }
    }
}

impl Engine {
    /// Signs up whoever of these has not signed up; answers how many that were. All of them are
    /// signed up when it comes, and what was done stands in the log, unless it changed nothing.
    ///
    /// # Errors
    /// `Unavailable` when the store is away: perhaps some were signed up. Asking again does no
    /// harm.
    pub async fn import_people(
        &self,
        staff: &Staff,
        persons: &[PersonKey],
        channel: &ChannelId,
        reason: &str,
    ) -> Result<usize, Refusal> {
        // How many were named, and nobody of them.
        let target = format!("{channel}: {}", persons.len());
        let log = acted(staff, "import-people", &target, reason).event;
        People::import(&self.0.people, persons, channel, log).await
    }
}
