//! The draw of a round, for everybody: what it was committed to, who was in the lobby, what it was
//! drawn with, and the transcript from which anybody can recompute it.
//!
//! Says nothing about anybody: leaves are salted. The key is shown once it was used.

use super::call::{Answer, Call};
use super::reply::{self, FOR_EVER};
use super::time::Moment;
use super::words::{Slug, moment};
use openrun_core::draw::{ALGORITHM, Digest, ShareSpec};
use openrun_core::view::{LobbyView, RoundView};
use openrun_core::{Refusal, RoundId};
use serde::Serialize;
use utoipa::ToSchema;

/// How far a draw has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrawState {
    /// The round is a draft: nothing is fixed yet.
    Draft,
    /// The key is fixed; people join the lobby.
    Committed,
    /// The list of who is in the lobby is fixed.
    Closed,
    /// The order is fixed.
    Drawn,
}

impl DrawState {
    /// Of one lobby.
    #[must_use]
    pub fn of(lobby: &LobbyView) -> DrawState {
        let draw = &lobby.draw;
        match (draw.commitment, draw.closed, draw.drawn) {
            (_, _, Some(_)) => DrawState::Drawn,
            (_, Some(_), _) => DrawState::Closed,
            (Some(_), _, _) => DrawState::Committed,
            _ => DrawState::Draft,
        }
    }
}

/// The draw of a round.
#[derive(Serialize, ToSchema)]
#[schema(as = Draw)]
pub struct DrawAnswer<'a> {
    /// Which round.
    #[schema(value_type = Slug)]
    round_id: &'a RoundId,
    /// How it is computed: `docs/draw.md`.
    #[schema(example = "openrun/draw/v1")]
    algorithm: &'static str,
    /// How far it has come: that of the class that has come least far.
    state: DrawState,
    /// One draw for each class of eligibility.
    pub(super) classes: Vec<ClassAnswer<'a>>,
    /// What others add to the seed once the lobby has closed.
    shares: Vec<ShareAnswer<'a>>,
    /// How long they are waited for, in seconds.
    shares_within_s: u32,
}

/// The draw of one class.
#[derive(Serialize, ToSchema)]
#[schema(as = DrawOfClass)]
pub(super) struct ClassAnswer<'a> {
    /// Who is drawn.
    #[schema(example = "everyone")]
    pub(super) class: &'a str,
    /// How far it has come.
    pub(super) state: DrawState,
    /// Of the key.
    #[schema(value_type = Option<Hex>)]
    pub(super) commitment: Option<Digest>,
    /// Since when it stands.
    committed_at: Option<Moment>,
    /// How many entries the lobby has, those of people who left and those that nobody is known to
    /// hold (set aside before a restart) included.
    entries: u64,
    /// How many of them somebody is known to have been given.
    pub(super) people: u64,
    /// The Merkle root over the list of entries, once the lobby has closed.
    #[schema(value_type = Option<Hex>)]
    root: Option<Digest>,
    /// When it closed.
    closed_at: Option<Moment>,
    /// The key, once it was drawn with.
    #[schema(value_type = Option<Hex>)]
    key: Option<Digest>,
    /// What the order follows from.
    #[schema(value_type = Option<Hex>)]
    seed: Option<Digest>,
    /// When it was drawn.
    drawn_at: Option<Moment>,
    /// Where the transcript is, once it was drawn.
    pub(super) transcript: Option<String>,
}

/// 32 bytes in hexadecimal.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
struct Hex(#[allow(dead_code, reason = "stands in the document only")] String);

/// A share of a draw.
#[derive(Serialize, ToSchema)]
#[schema(as = DrawShare)]
struct ShareAnswer<'a> {
    /// What it is called.
    name: &'a str,
    /// Of its value, when its holder made it.
    #[schema(value_type = Option<Hex>)]
    commitment: Option<&'a Digest>,
    /// Where anybody finds the value, when it is a public beacon.
    source: Option<&'a str>,
    /// Its value in hexadecimal, once it was given. Null after the draw: it was missing.
    value: Option<&'a str>,
}

impl<'a> ClassAnswer<'a> {
    fn new(view: &RoundView, lobby: &'a LobbyView) -> ClassAnswer<'a> {
        let draw = &lobby.draw;
        let state = DrawState::of(lobby);
        let path = || format!("/v1/rounds/{}/draw/{}/transcript", view.spec.id, draw.class);
        ClassAnswer {
            class: &draw.class,
            state,
            commitment: draw.commitment.map(|(commitment, _)| commitment),
            committed_at: moment(draw.commitment.map(|(_, at)| at)),
            entries: lobby.entries,
            people: lobby.people,
            root: draw.closed.map(|closed| closed.root),
            closed_at: moment(draw.closed.map(|closed| closed.at)),
            key: draw.drawn.map(|drawn| drawn.key),
            seed: draw.drawn.map(|drawn| drawn.seed),
            drawn_at: moment(draw.drawn.map(|drawn| drawn.at)),
            transcript: (state == DrawState::Drawn).then(path),
        }
    }
}

impl<'a> DrawAnswer<'a> {
    /// The draw of a round; none for a round that is not drawn.
    #[must_use]
    pub fn new(view: &'a RoundView) -> Option<DrawAnswer<'a>> {
        let spec = view.spec.draw()?;
        let share = |spec: &'a ShareSpec| {
            let (commitment, source) = match spec {
                ShareSpec::Committed { commitment, .. } => (Some(commitment), None),
                ShareSpec::Beacon { source, .. } => (None, Some(source.as_str())),
            };
            let given = view.shares.iter().find(|given| given.name == spec.name());
            let value = given.map(|given| given.value.as_str());
            ShareAnswer { name: spec.name(), commitment, source, value }
        };
        Some(DrawAnswer {
            round_id: &view.spec.id,
            algorithm: ALGORITHM,
            state: view.lobbies.iter().map(DrawState::of).min().unwrap_or(DrawState::Draft),
            classes: view.lobbies.iter().map(|lobby| ClassAnswer::new(view, lobby)).collect(),
            shares: spec.shares.iter().map(share).collect(),
            shares_within_s: spec.shares_within_s,
        })
    }
}

/// The draw of a round
///
/// What it was committed to, the lobby's list as a root, and what it was drawn with. Rounds by
/// arrival have none.
#[utoipa::path(get, path = "/v1/rounds/{round}/draw", operation_id = "get_draw", tag = "draw",
    responses((status = 200, description = "the draw as it stands", body = DrawAnswer)))]
pub async fn show(call: Call) -> Answer {
    let (_, round) = call.round()?;
    let view = round.view();
    let draw = DrawAnswer::new(&view).ok_or(Refusal::NotFound)?;
    Ok(reply::shared(&draw))
}

/// The transcript of a draw
///
/// All that a stranger needs to recompute it, with `openrun verify-draw` or by `docs/draw.md`. Not
/// found before the draw. A large document: a line of hexadecimal for each entry.
#[utoipa::path(get, path = "/v1/rounds/{round}/draw/{class}/transcript",
    operation_id = "get_draw_transcript", tag = "draw",
    responses((status = 200, description = "the transcript", body = Object,
        content_type = "application/json", headers(("Cache-Control" = String)))))]
pub async fn transcript(call: Call) -> Answer {
    let (_, round) = call.round()?;
    let class = call.segment("class").to_owned();
    // The first time it is made: that takes a while.
    let making = tokio::task::spawn_blocking(move || round.transcript(&class, reply::written));
    let bytes = making.await.map_err(|_| Refusal::Unavailable)?.ok_or(Refusal::NotFound)?;
    Ok(reply::shared_bytes(bytes, FOR_EVER))
}
