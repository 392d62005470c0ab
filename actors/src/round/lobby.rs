//! How a drawn round takes its lobbies through their draws: commit, close, wait for shares, draw.
//!
//! Each step is decided by the core, durable before the next one, and taken up where it stood after
//! a restart. Hashing and shuffling are done off the actor's thread. Meanwhile nobody new gets a
//! number: shards keep who comes waiting for the moment that it takes.

use super::RoundShell;
use crate::committer::{CommitFailed, IntoActorFuture};
use crate::draw_secrets::Secret;
use crate::handle::{Ctx, Reply, Serve};
use crate::lobby::{Entry, LobbyList};
use crate::queue::{CloseLobby, LobbyClosed};
use crate::requests::Acted;
use crate::shared::{LineShared, RoundShared};
use actix::AsyncContext;
use openrun_core::draw::{DrawnOrder, ShareValue, commitment};
use openrun_core::round::ClassDraw;
use openrun_core::round_spec::LineId;
use openrun_core::view::RoundView;
use openrun_core::{Event, Refusal, RoundId, Timestamp};
use std::sync::Arc;

/// Somebody's share of the draw, through an operator.
pub(crate) struct GiveShare {
    pub share: ShareValue,
    pub staff: Acted,
}

/// A list that was made of a lobby, with its length.
type Listed = (u64, LobbyList);

impl RoundShell {
    /// Commits the round to the keys of its draws, if it has not done so. Applied at once; to be
    /// written with what made it more than a draft.
    pub(super) fn commit_to_draws(&mut self) -> Vec<Event> {
        let id = self.round.spec().id.clone();
        let Some(secret) = Secret::newest(&*self.around.draw_secrets, &id) else {
            return Vec::new();
        };
        let now = self.around.clock.now();
        let events = self.round.decide_commit(now, |class| commitment(&secret.0.key(class)));
        events.iter().for_each(|event| self.round.apply(event));
        let shared = self.shared.upgrade().filter(|_| !events.is_empty());
        for draw in shared.iter().flat_map(|_| self.round.draws()) {
            let lobby = shared.as_ref().and_then(|shared| shared.line(draw.lobby));
            if let Some(lobby) = lobby {
                lobby.lobby.commit(secret.clone());
            }
        }
        events
    }

    /// Whether a draw of this line is on its way, so that nobody has a turn.
    pub(super) fn is_being_drawn(&self, line: LineId) -> bool {
        self.drawing.contains(&line)
    }

    /// The next step of each line's draw, if one is due.
    pub(super) fn drive_draws(
        &mut self,
        shared: &Arc<RoundShared>,
        now: Timestamp,
        ctx: &mut Ctx<Self>,
    ) {
        let draws: Vec<ClassDraw> = self.round.draws().to_vec();
        for draw in draws.into_iter().filter(|draw| draw.drawn.is_none()) {
            if self.drawing.contains(&draw.line) {
                continue;
            }
            if self.round.must_close_lobby(draw.line) {
                self.drawing.insert(draw.line);
                self.list_lobby(shared, draw, ctx);
            } else if self.round.must_draw(now, draw.line) {
                self.drawing.insert(draw.line);
                self.draw_line(shared, &draw, now, ctx);
            }
        }
    }

    /// What the draws add to a snapshot.
    pub(super) fn show_draws(&self, shared: &RoundShared, view: &mut RoundView) {
        for draw in self.round.draws() {
            let Some(lobby) = shared.line(draw.lobby) else { continue };
            view.set_lobby_people(draw.line, lobby.lobby.people());
            view.set_vacant_head(draw.line, lobby.lobby.vacant());
        }
    }

    /// Closes the lobby to newcomers and makes the list of who is in it.
    fn list_lobby(&mut self, shared: &Arc<RoundShared>, draw: ClassDraw, ctx: &mut Ctx<Self>) {
        let Some(line) = shared.line(draw.lobby) else { return };
        line.lobby.begin_closing();
        let asked: Vec<_> =
            shared.queues.iter().map(|queue| queue.command(CloseLobby(draw.lobby))).collect();
        let (id, class) = (shared.id.clone(), Arc::clone(&draw.class));
        let listing = async move {
            let mut entries: Vec<Entry> = Vec::new();
            for answer in asked {
                entries.extend(answer.await.ok()?);
            }
            // Every shard has seen that the lobby is closing: no number is given any more.
            let count = line.places.last_number();
            let secret = line.lobby.secret()?.clone();
            let make = move || list(&id, &class, count, &entries, &secret);
            tokio::task::spawn_blocking(make).await.ok()
        };
        ctx.spawn(listing.into_actor_future(move |shell: &mut Self, listed, ctx| match listed {
            Some(listed) => shell.close_lobby(&draw, listed, ctx),
            // A shard has died: the lobby is closed again at the next tick, or once rebuilt.
            None => {
                tracing::warn!(round = %shell.round.spec().id, "a lobby could not be listed");
                shell.drawing.remove(&draw.line);
            }
        }));
    }

    /// Makes the list durable, and lets people in who came meanwhile.
    fn close_lobby(&mut self, draw: &ClassDraw, (count, list): Listed, ctx: &mut Ctx<Self>) {
        let (line, lobby, now) = (draw.line, draw.lobby, self.around.clock.now());
        // Once the list is begun nobody is taken any more, whatever became of the window meanwhile.
        if self.is_retired || !self.round.may_close_lobby(line) {
            self.drawing.remove(&line);
            return;
        }
        let events = self.round.decide_close_lobby(now, line, count, list.root);
        let written = self.around.journal.append(now, events.clone());
        ctx.spawn(written.into_actor_future(move |shell: &mut Self, outcome, ctx| {
            let shared = shell.shared.upgrade().filter(|_| !shell.is_retired && outcome.is_ok());
            let Some(shared) = shared else { return };
            events.iter().for_each(|event| shell.round.apply(event));
            let (Some(behind), Some(line_of_lobby)) = (shared.line(line), shared.line(lobby))
            else {
                return;
            };
            behind.places.skip_to(count);
            behind.places.set_reserved(shell.round.lines()[line.index()].reserved);
            line_of_lobby.lobby.close(Arc::new(list));
            for queue in &shared.queues {
                queue.tell(LobbyClosed);
            }
            shell.drawing.remove(&line);
            shell.tick(ctx);
        }));
    }

    /// Draws: the seed is durable before anybody hears of it, the order before anybody has a turn.
    fn draw_line(
        &mut self,
        shared: &RoundShared,
        draw: &ClassDraw,
        now: Timestamp,
        ctx: &mut Ctx<Self>,
    ) {
        let (Some(behind), Some(lobby)) = (shared.line(draw.line), shared.line(draw.lobby)) else {
            return;
        };
        let Some(secret) = lobby.lobby.secret() else { return };
        let drawn = self.round.decide_draw(now, draw.line, secret.0.key(&draw.class));
        let Event::Drawn { line, count, seed, .. } = drawn else { return };
        let written = self.around.journal.append(now, vec![drawn.clone()]);
        let working = async move {
            written.await?;
            let (places, entries) = (Arc::clone(&behind.places), Arc::clone(&lobby.places));
            let shuffling = tokio::task::spawn_blocking(move || {
                let order = DrawnOrder::shuffle(&seed, count);
                places.take_in(&entries, &order);
                order
            });
            // Whoever cannot make the order of a draw that is durable dies, and is rebuilt from it.
            let order = shuffling.await.expect("making an order needs nothing but memory");
            Ok((order, behind, lobby))
        };
        ctx.spawn(working.into_actor_future(
            move |shell: &mut Self, outcome: Result<_, CommitFailed>, ctx| {
                let Ok((order, behind, lobby)) = outcome else { return };
                if shell.is_retired {
                    return;
                }
                shell.round.apply(&drawn);
                show(&behind, &lobby, order);
                shell.drawing.remove(&line);
                tracing::info!(round = %shell.round.spec().id, entries = count, "a lobby was drawn");
                shell.tick(ctx);
            },
        ));
    }
}

fn list(id: &RoundId, class: &str, count: u64, entries: &[Entry], secret: &Secret) -> Listed {
    (count, LobbyList::of(id, class, count, entries, secret))
}

/// From here everybody reads the places of the lobby as those of the line.
fn show(behind: &LineShared, lobby: &LineShared, order: DrawnOrder) {
    let order = Arc::new(order);
    lobby.lobby.draw(Arc::clone(&order), &behind.places);
    // Once more: who left the lobby, or was found to be in it, while the order was made.
    behind.places.take_in(&lobby.places, &order);
}

impl Serve<GiveShare> for RoundShell {
    type Answer = Result<(), Refusal>;

    fn serve(&mut self, ask: GiveShare, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        let (allowed, now) = (self.check_order(&ask.staff.seen), self.around.clock.now());
        match allowed.and_then(|()| self.round.decide_share(now, &ask.share)) {
            Err(refusal) => reply.send(Err(refusal)),
            // The seed of a draw that is on its way is made; who gave it before hears so again.
            Ok(Some(_)) if !self.drawing.is_empty() => {
                reply.send(Err(Refusal::WrongState { state: self.round.state() }));
            }
            Ok(event) => {
                self.carry_out(event.into_iter().collect(), ask.staff, reply, ctx);
            }
        }
    }
}
