//! What is switched off for a time: one list for the whole house, read by every request that it
//! concerns, without a mailbox.
//!
//! Written by the guardian as a job of the people's stream, together with its line in the log. A
//! level is looked at once a second. Which entry is in force is the core's to say.

use crate::engine::{Engine, Inner, acted};
use crate::guardian::Guardian;
use crate::handle::{Ctx, Reply, Serve};
use crate::requests::{Acted, Staff};
use crate::store::StoreError;
use arc_swap::ArcSwap;
use metrics::Gauge;
use openrun_core::suspension::{SUSPENSIONS_MAX, Suspensions};
use openrun_core::{Event, Feature, ProgramId, Refusal, StreamId, Suspension, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// How often levels are looked at: a crowd takes seconds to come, and nobody feels one.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Replace the list.
pub(crate) struct SetSuspensions {
    pub list: Vec<Suspension>,
    pub staff: Acted,
}

/// The list, shared with everybody who reads.
pub(crate) struct SuspensionList {
    list: ArcSwap<Suspensions>,
    in_force: [Gauge; Feature::ALL.len()],
}

impl SuspensionList {
    pub fn new() -> SuspensionList {
        let gauge = |feature: Feature| metrics::gauge!("openrun_suspensions_in_force", "feature" => feature.word());
        SuspensionList { list: ArcSwap::default(), in_force: Feature::ALL.map(gauge) }
    }

    fn replace(&self, list: Vec<Suspension>) {
        let next = self.list.load().replaced_by(list);
        self.list.store(Arc::new(next));
    }
}

impl Serve<SetSuspensions> for Guardian {
    type Answer = Result<(), Refusal>;

    fn serve(&mut self, ask: SetSuspensions, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        self.work(StreamId::People, reply, ctx, |inner| async move {
            let SetSuspensions { list, staff } = ask;
            staff.seen.check(Some(inner.suspensions.list.load().version()))?;
            let changed = Event::SuspensionsChanged { suspensions: list.clone() };
            let written = inner.journal.append(inner.clock.now(), vec![changed, staff.event]).await;
            written.map_err(|_| Refusal::Unavailable)?;
            inner.suspensions.replace(list);
            inner.look_at_levels();
            Ok(())
        });
    }
}

impl Inner {
    /// Takes the list from the store.
    pub(crate) async fn read_suspensions(&self) -> Result<(), StoreError> {
        self.suspensions.replace(self.store.suspensions().await?);
        self.look_at_levels();
        Ok(())
    }

    /// Compares how many wait with the levels, and shows what is in force.
    pub(crate) fn look_at_levels(&self) {
        let shared = &self.suspensions;
        let list = shared.list.load();
        if let Some(measured) = list.measured(|program| self.waiting(program)) {
            tracing::warn!(waiting = self.waiting(None), "the level of a suspension was crossed");
            // A list that was replaced meanwhile is looked at a second later.
            shared.list.compare_and_swap(&list, Arc::new(measured));
        }
        let (list, now) = (shared.list.load(), self.clock.now());
        for (feature, gauge) in Feature::ALL.into_iter().zip(&shared.in_force) {
            let is_off =
                self.programs.iter().any(|it| list.of(feature, now, Some(it.key())).is_some())
                    || list.of(feature, now, None).is_some();
            gauge.set(f64::from(u8::from(is_off)));
        }
    }

    /// How many wait, in all rounds or in those of one program.
    fn waiting(&self, program: Option<&ProgramId>) -> u64 {
        let views = self.rounds.iter().map(|round| round.view());
        let theirs = views.filter(|view| program.is_none_or(|id| *id == view.spec.program_id));
        theirs.map(|view| view.waiting()).sum()
    }
}

impl Engine {
    /// Everything that is or will be switched off, as the operator said it.
    #[must_use]
    pub fn suspensions(&self) -> Vec<Suspension> {
        self.0.suspensions.list.load().all().cloned().collect()
    }

    /// What staff have seen of the list before they replace it.
    #[must_use]
    pub fn suspensions_version(&self) -> u64 {
        self.0.suspensions.list.load().version()
    }

    /// What is switched off now for everything, and for this program if one is named.
    #[must_use]
    pub fn suspensions_in_force(
        &self,
        now: Timestamp,
        program: Option<&ProgramId>,
    ) -> Vec<Suspension> {
        self.0.suspensions.list.load().in_force(now, program).cloned().collect()
    }

    /// Whether a feature can be used now, for this program if one is named.
    ///
    /// # Errors
    /// `Suspended`.
    pub fn check_feature(
        &self,
        feature: Feature,
        program: Option<&ProgramId>,
    ) -> Result<(), Refusal> {
        let list = self.0.suspensions.list.load();
        let Some(off) = list.of(feature, self.now(), program) else { return Ok(()) };
        let (until, message) = (off.until, off.message.clone());
        let by_load = off.when_waiting_over.is_some();
        Err(Refusal::Suspended { feature, until, message, by_load })
    }

    /// Replaces the list.
    ///
    /// # Errors
    /// `Malformed` for an entry that can never hold or a list that is too long, `ProgramNotFound`,
    /// `VersionChanged`, `Unavailable`.
    pub async fn set_suspensions(
        &self,
        staff: &Staff,
        list: Vec<Suspension>,
        reason: &str,
    ) -> Result<(), Refusal> {
        let malformed = |detail: String| Refusal::Malformed { detail };
        if list.len() > SUSPENSIONS_MAX {
            return Err(malformed(format!("there are at most {SUSPENSIONS_MAX} suspensions")));
        }
        for one in &list {
            one.check(self.now()).map_err(|words| malformed(words.to_owned()))?;
            let is_known = |id: &ProgramId| self.0.programs.contains_key(id);
            if !one.program.as_ref().is_none_or(is_known) {
                return Err(Refusal::ProgramNotFound);
            }
        }
        let staff = acted(staff, "set-suspensions", "suspensions", reason);
        self.guardian()?.call(SetSuspensions { list, staff }).await?
    }
}
