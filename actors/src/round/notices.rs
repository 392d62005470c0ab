//! What an operator tells everybody who waits in a round: posted and withdrawn, each written with
//! its line in the log, and shown by the next snapshot.

use super::RoundShell;
use crate::engine::Engine;
use crate::engine::acted;
use crate::handle::{Ctx, Reply, Serve};
use crate::requests::{Acted, Staff};
use openrun_core::program::Name;
use openrun_core::{Event, Notice, NoticeId, Refusal, RoundId, Timestamp};

/// Tell everybody.
pub(crate) struct PostNotice {
    pub notice: Notice,
    pub staff: Acted,
}

/// Take a notice back.
pub(crate) struct WithdrawNotice {
    pub id: NoticeId,
    pub staff: Acted,
}

impl Serve<PostNotice> for RoundShell {
    type Answer = Result<(), Refusal>;

    fn serve(&mut self, ask: PostNotice, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        let allowed = self.check_order(&ask.staff.seen);
        match allowed.and_then(|()| self.round.notices().check_post(&ask.notice)) {
            Err(refusal) => reply.send(Err(refusal)),
            Ok(()) => {
                let round = self.round.spec().id.clone();
                let posted = Event::NoticePosted { round, notice: ask.notice };
                self.carry_out(vec![posted], ask.staff, reply, ctx);
            }
        }
    }
}

impl Serve<WithdrawNotice> for RoundShell {
    type Answer = Result<(), Refusal>;

    fn serve(&mut self, ask: WithdrawNotice, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        let (allowed, now) = (self.check_order(&ask.staff.seen), self.around.clock.now());
        match allowed.and_then(|()| self.round.notices().check_withdraw(now, ask.id)) {
            Err(refusal) => reply.send(Err(refusal)),
            Ok(()) => {
                let round = self.round.spec().id.clone();
                let withdrawn = Event::NoticeWithdrawn { round, id: ask.id };
                self.carry_out(vec![withdrawn], ask.staff, reply, ctx);
            }
        }
    }
}

impl Engine {
    /// Tells everybody in a round something; answers with the notice as it stands.
    ///
    /// # Errors
    /// `RoundNotFound`, `Malformed` when it would be over already, `TooManyNotices`,
    /// `VersionChanged`, `Unavailable`.
    pub async fn post_notice(
        &self,
        staff: &Staff,
        round: &RoundId,
        (id, message, until): (NoticeId, Name, Option<Timestamp>),
        reason: &str,
    ) -> Result<Notice, Refusal> {
        let there = self.round(round).ok_or(Refusal::RoundNotFound)?;
        let staff = acted(staff, "post-notice", round.as_str(), reason);
        let notice = Notice { id, message, at: self.now(), until };
        there.0.round.command(PostNotice { notice: notice.clone(), staff }).await??;
        Ok(notice)
    }

    /// Takes a notice back; answers with those that still stand in its round.
    ///
    /// # Errors
    /// `NoticeNotFound`, `Unavailable`.
    pub async fn withdraw_notice(
        &self,
        staff: &Staff,
        id: NoticeId,
        reason: &str,
    ) -> Result<Vec<std::sync::Arc<Notice>>, Refusal> {
        // A handful of rounds with a handful of notices each: no index is kept for it.
        let is_there =
            |view: &openrun_core::view::RoundView| view.notices.iter().any(|n| n.id == id);
        let round = self.rounds().into_iter().find(|view| is_there(view));
        let round = round.ok_or(Refusal::NoticeNotFound)?.spec.id.clone();
        let there = self.round(&round).ok_or(Refusal::NoticeNotFound)?;
        let staff = acted(staff, "withdraw-notice", round.as_str(), reason);
        there.0.round.command(WithdrawNotice { id, staff }).await??;
        Ok(there.view().notices.clone())
    }
}
