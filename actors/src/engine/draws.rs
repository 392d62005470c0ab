//! What the edge may ask about draws: shares, transcripts, and a person's own proof.

use super::{Engine, acted};
use crate::requests::Staff;
use crate::round::GiveShare;
use crate::shared::RoundRef;
use bytes::Bytes;
use openrun_core::draw::{Proof, ShareValue, Transcript};
use openrun_core::round_spec::LineId;
use openrun_core::view::RoundView;
use openrun_core::{PersonKey, Refusal, RoundId};
use std::sync::Arc;

impl Engine {
    /// Takes somebody's share of a draw. The same one again changes nothing.
    ///
    /// # Errors
    /// `RoundNotFound`; `Malformed` when it is no share of the round or not what was committed to;
    /// `WrongState` before the lobby has closed and after the draw; `Unavailable`.
    pub async fn give_share(
        &self,
        staff: &Staff,
        id: &RoundId,
        share: ShareValue,
        reason: &str,
    ) -> Result<Arc<RoundView>, Refusal> {
        let round = self.round(id).ok_or(Refusal::RoundNotFound)?;
        let staff = acted(staff, "give-share", id.as_str(), reason);
        round.0.round.command(GiveShare { share, staff }).await??;
        Ok(round.view())
    }
}

impl RoundRef {
    /// The transcript of the draw of a class as bytes, made by `write` for whoever asks first. None
    /// before the draw. To be called where waiting harms nobody: it takes a while then.
    pub fn transcript(
        &self,
        class: &str,
        write: impl FnOnce(&Transcript) -> Bytes,
    ) -> Option<Bytes> {
        let view = self.view();
        let draw = &view.lobbies.iter().find(|lobby| *lobby.draw.class == *class)?.draw;
        self.0.line(draw.lobby)?.lobby.transcript(&view, draw, write)
    }

    /// What a person needs to find their own entry in the list of a draw: by the ticket of the
    /// lobby or by the number that was drawn for it. None for whoever came later.
    #[must_use]
    pub fn draw_proof(&self, line: LineId, number: u64, person: PersonKey) -> Option<Proof> {
        let view = self.view();
        let draw = &view.lobby(line)?.draw;
        let shared = self.0.line(draw.lobby)?;
        let entry = match line == draw.lobby {
            true => number,
            false => shared.lobby.drawn()?.entry_at(number)?,
        };
        shared.lobby.proof(&self.0.id, &draw.class, (entry, person))
    }
}
