//! What a batch must be so that its rows say all of it: for both stores, before either writes.
//!
//! Rows leave out what follows from where they lie (the stream of a sign-up, the state of a
//! purchase). A batch that says otherwise would come back as something else, and its hash could not
//! be made again. Knows no rule of a sale: those are the constraints of the tables.

use openrun_actors::store::Batch;
use openrun_core::purchase::PurchaseState;
use openrun_core::{Event, ProgramId, Purchase, StreamId};

/// Why the rows of a batch would not say what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Sign-ups and suspensions are the people's, what staff did lies with its effect, all else is
    /// of a program.
    #[error("an event of another stream: {0}")]
    OtherStream(&'static str),
    /// A hold that is not held, or a voucher that is not issued.
    #[error("a purchase in another state than its event says: {0}")]
    OtherState(&'static str),
    /// The store has no room for it: counts are below 2^63.
    #[error("{0} is 2^63 or more")]
    TooLarge(&'static str),
}

/// Whether each event of `batch` belongs there, and its row can say all of it.
///
/// # Errors
/// The first that does not fit.
pub fn check(batch: &Batch) -> Result<(), Misfit> {
    batch.events.iter().try_for_each(|(_, event)| check_event(&batch.stream, event))
}

fn check_event(stream: &StreamId, event: &Event) -> Result<(), Misfit> {
    let kind = kind_of(event);
    let program = match (stream, event) {
        (
            StreamId::People,
            Event::SignedUp { .. } | Event::SuspensionsChanged { .. } | Event::StaffActed { .. },
        ) => return Ok(()),
        (StreamId::People, _) | (_, Event::SignedUp { .. } | Event::SuspensionsChanged { .. }) => {
            return Err(Misfit::OtherStream(kind));
        }
        (StreamId::Program(program), _) => program,
    };
    match event {
        Event::ProgramChanged { program: changed } => is_of(program, &changed.id, kind),
        Event::RoundDefined { spec } => is_of(program, &spec.program_id, kind),
        Event::Issued { purchase } => check_state(program, purchase, PurchaseState::Issued, kind),
        Event::Held { purchase, .. } => check_state(program, purchase, PurchaseState::Held, kind),
        _ => Ok(()),
    }
}

fn check_state(
    program: &ProgramId,
    purchase: &Purchase,
    state: PurchaseState,
    kind: &'static str,
) -> Result<(), Misfit> {
    is_of(program, &purchase.program, kind)?;
    if purchase.state == state { Ok(()) } else { Err(Misfit::OtherState(kind)) }
}

fn is_of(program: &ProgramId, said: &ProgramId, kind: &'static str) -> Result<(), Misfit> {
    if program == said { Ok(()) } else { Err(Misfit::OtherStream(kind)) }
}

/// A count as both stores keep it.
///
/// # Errors
/// It is 2^63 or more.
pub fn whole(count: u64, what: &'static str) -> Result<i64, Misfit> {
    i64::try_from(count).map_err(|_| Misfit::TooLarge(what))
}

/// The word of an event: the tag of its JSON, which a test holds it against.
#[must_use]
pub fn kind_of(event: &Event) -> &'static str {
    match event {
        Event::ProgramChanged { .. } => "program_changed",
        Event::RoundDefined { .. } => "round_defined",
        Event::RoundMoved { .. } => "round_moved",
        Event::WindowOpened { .. } => "window_opened",
        Event::WindowClosed { .. } => "window_closed",
        Event::NumbersReserved { .. } => "numbers_reserved",
        Event::WatermarkMoved { .. } => "watermark_moved",
        Event::DrawCommitted { .. } => "draw_committed",
        Event::LobbyClosed { .. } => "lobby_closed",
        Event::ShareGiven { .. } => "share_given",
        Event::Drawn { .. } => "drawn",
        Event::InletChanged { .. } => "inlet_changed",
        Event::InletStepped { .. } => "inlet_stepped",
        Event::CameBack { .. } => "came_back",
        Event::TurnGiven { .. } => "turn_given",
        Event::NoticePosted { .. } => "notice_posted",
        Event::NoticeWithdrawn { .. } => "notice_withdrawn",
        Event::OpeningAsked { .. } => "opening_asked",
        Event::StockAsked { .. } => "stock_asked",
        Event::StockChanged { .. } => "stock_changed",
        Event::StockKept { .. } => "stock_kept",
        Event::SuspensionsChanged { .. } => "suspensions_changed",
        Event::StaffActed { .. } => "staff_acted",
        Event::SignedUp { .. } => "signed_up",
        Event::Joined { .. } => "joined",
        Event::Left { .. } => "left",
        Event::Claimed { .. } => "claimed",
        Event::Issued { .. } => "issued",
        Event::Refused { .. } => "refused",
        Event::Held { .. } => "held",
        Event::PaymentSent { .. } => "payment_sent",
        Event::CancelSent { .. } => "cancel_sent",
        Event::Voided { .. } => "voided",
        Event::ReturnSent { .. } => "return_sent",
        Event::Returned { .. } => "returned",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;

    #[test]
    fn the_kind_of_an_event_is_the_tag_of_its_json() {
        for event in sample::one_of_each().into_iter().chain(sample::of_the_people()) {
            let body = serde_json::to_value(&event).expect("serialises");
            assert_eq!(body["kind"], kind_of(&event));
        }
    }

    #[test]
    fn events_lie_in_their_own_stream_and_state() {
        let (program, other) = (sample::stream(), sample::stream_of("busan"));
        let held = |state| {
            let purchase = Purchase { state, ..sample::purchase(1) };
            Event::Held { purchase, pass_expires_at: sample::OPENING }
        };
        let issued = |state| sample::issued(Purchase { state, ..sample::purchase(1) });
        let changed = || Event::ProgramChanged { program: sample::program(1) };
        let defined = || Event::RoundDefined { spec: sample::spec(&sample::round(), 1) };
        let there = |kind| Err(Misfit::OtherStream(kind));
        let state = |kind| Err(Misfit::OtherState(kind));
        for (stream, event, expected) in [
            (&StreamId::People, sample::signed_up(1), Ok(())),
            (&program, sample::signed_up(1), there("signed_up")),
            (&StreamId::People, sample::suspensions(1), Ok(())),
            (&program, sample::suspensions(1), there("suspensions_changed")),
            (&StreamId::People, sample::staff_acted("set-suspensions"), Ok(())),
            (&StreamId::People, sample::notice_posted(1), there("notice_posted")),
            (&StreamId::People, sample::refused(1, "a"), there("refused")),
            (&program, sample::refused(1, "a"), Ok(())),
            (&program, changed(), Ok(())),
            (&other, changed(), there("program_changed")),
            (&program, defined(), Ok(())),
            (&other, defined(), there("round_defined")),
            (&program, held(PurchaseState::Held), Ok(())),
            (&program, held(PurchaseState::Issued), state("held")),
            (&program, issued(PurchaseState::Issued), Ok(())),
            (&program, issued(PurchaseState::Held), state("issued")),
            (&other, issued(PurchaseState::Issued), there("issued")),
        ] {
            assert_eq!(check_event(stream, &event), expected, "{stream:?} {event:?}");
        }
    }
}
