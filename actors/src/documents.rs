//! The watermark document of a round as it was made last: made by one at a time, and never older
//! than one that was given before.
//!
//! Knows neither the round nor what stands in the document: both come from whoever asks.

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use openrun_core::round::LifeCycle;
use openrun_core::round_spec::LineId;
use openrun_core::view::{Interruption, PlaceState, RoundView};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The watermark document is remade at most this often, however many ask.
const REMAKE_AFTER: Duration = Duration::from_millis(200);

/// What everybody has to know at once when it turns: what is done next depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turning {
    state: LifeCycle,
    interruption: Option<Interruption>,
    /// Where those stand whose turn has not come, by line.
    lines: Vec<PlaceState>,
    /// Which lobbies are drawn.
    drawn: Vec<bool>,
}

impl Turning {
    /// Of a snapshot.
    #[must_use]
    pub fn of(view: &RoundView) -> Turning {
        let lines = 0..u8::try_from(view.lines.len()).unwrap_or(u8::MAX);
        Turning {
            state: view.state,
            interruption: view.interruption,
            lines: lines.map(|line| view.state_of_line(LineId(line))).collect(),
            drawn: view.lobbies.iter().map(|lobby| lobby.draw.drawn.is_some()).collect(),
        }
    }
}

/// A document as bytes, shared by everybody.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The document.
    pub bytes: Bytes,
    /// Its entity tag, quoted.
    pub etag: Arc<str>,
    /// What it says that everybody has to know at once.
    pub turning: Turning,
    /// Epoch and serial.
    version: (u64, u64),
    made: Instant,
}

/// What documents are made of.
pub(crate) trait Source {
    /// Epoch and serial: grows.
    fn version(&self) -> (u64, u64);
    /// Where the round is in its life.
    fn state(&self) -> LifeCycle;
    /// What everybody has to know at once.
    fn turning(&self) -> Turning;
}

impl Source for RoundView {
    fn version(&self) -> (u64, u64) {
        (self.epoch, self.serial)
    }

    fn state(&self) -> LifeCycle {
        self.state
    }

    fn turning(&self) -> Turning {
        Turning::of(self)
    }
}

/// The turn to make the document; given back also when making it panics.
struct Turn<'a>(&'a AtomicBool);

impl Turn<'_> {
    fn take(taken: &AtomicBool) -> Option<Turn<'_>> {
        (!taken.swap(true, Ordering::AcqRel)).then_some(Turn(taken))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The newest document of a round.
#[derive(Default)]
pub(crate) struct Documents {
    newest: ArcSwapOption<Rendered>,
    /// Whether somebody is making the next one.
    is_making: AtomicBool,
}

impl Documents {
    /// The newest document; made anew when it is of an older snapshot than the newest, by one at a
    /// time, and not more often than every 200 ms unless the state of the round has changed.
    pub fn newest<S: Source>(
        &self,
        load: impl Fn() -> Arc<S>,
        render: impl FnOnce(&S) -> Bytes,
    ) -> Rendered {
        let source = load();
        let is_fresh = |rendered: &Rendered| {
            rendered.version >= source.version()
                || (rendered.turning.state == source.state()
                    && rendered.made.elapsed() < REMAKE_AFTER)
        };
        let former = self.newest.load();
        if let Some(rendered) = former.as_deref().filter(|former| is_fresh(former)) {
            return rendered.clone();
        }
        let turn = Turn::take(&self.is_making);
        if let (None, Some(rendered)) = (&turn, former.as_deref()) {
            return rendered.clone();
        }
        // Only now: while this one came here, others may have made later ones.
        let source = load();
        let made = Arc::new(Rendered {
            bytes: render(&source),
            etag: format!("\"{}-{}\"", source.version().0, source.version().1).into(),
            turning: source.turning(),
            version: source.version(),
            made: Instant::now(),
        });
        self.keep(made)
    }

    /// Keeps a document unless a newer one stands, and answers the newer: who saw that one must
    /// not be shown the past.
    fn keep(&self, made: Arc<Rendered>) -> Rendered {
        let is_newer = |stands: &Arc<Rendered>| stands.version > made.version;
        let former = self.newest.rcu(|stands| {
            let newer = stands.as_ref().filter(|stands| is_newer(stands));
            Some(Arc::clone(newer.unwrap_or(&made)))
        });
        let newest = former.filter(is_newer);
        Rendered::clone(&newest.unwrap_or(made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    struct Snapshot(u64, u64, LifeCycle);

    impl Source for Snapshot {
        fn version(&self) -> (u64, u64) {
            (self.0, self.1)
        }

        fn state(&self) -> LifeCycle {
            self.2
        }

        fn turning(&self) -> Turning {
            Turning { state: self.2, interruption: None, lines: Vec::new(), drawn: Vec::new() }
        }
    }

    fn text(it: &Snapshot) -> Bytes {
        Bytes::from(format!("{}-{}", it.0, it.1))
    }

    fn ask(documents: &Documents, epoch: u64, serial: u64, state: LifeCycle) -> String {
        let load = || Arc::new(Snapshot(epoch, serial, state));
        let rendered = documents.newest(load, text);
        assert_eq!(*rendered.etag, *format!("{:?}", String::from_utf8_lossy(&rendered.bytes)));
        String::from_utf8_lossy(&rendered.bytes).into_owned()
    }

    #[test]
    fn a_document_is_remade_when_the_state_turns_and_never_goes_back() {
        use LifeCycle::{Open, Paused};
        let documents = Documents::default();
        for (epoch, serial, state, shown) in [
            (1, 5, Open, "1-5"),
            (1, 6, Open, "1-5"),
            (1, 7, Paused, "1-7"),
            (1, 6, Open, "1-7"),
            (2, 1, Open, "2-1"),
            (1, 9, Paused, "2-1"),
        ] {
            assert_eq!(ask(&documents, epoch, serial, state), shown, "{epoch}-{serial}");
        }
    }

    /// Somebody took a snapshot, and was held up on the way to the turn while others made the
    /// documents of later ones.
    #[test]
    fn who_was_held_up_makes_the_document_of_the_newest_snapshot() {
        let documents = Documents::default();
        assert_eq!(ask(&documents, 1, 1, LifeCycle::Open), "1-1");
        let asked = Cell::new(0);
        let load = || {
            asked.set(asked.get() + 1);
            if asked.get() == 1 {
                // Meanwhile.
                assert_eq!(ask(&documents, 1, 3, LifeCycle::Closed), "1-3");
                return Arc::new(Snapshot(1, 2, LifeCycle::Paused));
            }
            Arc::new(Snapshot(1, 3, LifeCycle::Closed))
        };
        assert_eq!(documents.newest(load, text).bytes, "1-3");
        assert_eq!(ask(&documents, 1, 3, LifeCycle::Closed), "1-3");
    }

    /// While one makes the first of all, another has none that it could be given.
    #[test]
    fn one_that_was_overtaken_while_it_was_made_is_not_shown() {
        let documents = Documents::default();
        let slow = |it: &Snapshot| {
            assert_eq!(ask(&documents, 1, 2, LifeCycle::Open), "1-2");
            text(it)
        };
        let load = || Arc::new(Snapshot(1, 1, LifeCycle::Open));
        assert_eq!(documents.newest(load, slow).bytes, "1-2");
        assert_eq!(ask(&documents, 1, 2, LifeCycle::Open), "1-2");
    }

    #[test]
    fn a_turn_is_given_back() {
        let documents = Documents::default();
        let panicking = std::panic::AssertUnwindSafe(|| {
            let load = || Arc::new(Snapshot(1, 1, LifeCycle::Open));
            documents.newest(load, |_| panic!("while it is made"))
        });
        assert!(std::panic::catch_unwind(panicking).is_err());
        assert_eq!(ask(&documents, 1, 1, LifeCycle::Open), "1-1");
        assert_eq!(ask(&documents, 1, 2, LifeCycle::Paused), "1-2");
    }
}
