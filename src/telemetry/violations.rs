//! Broken invariants and other panics, counted and logged where they happen.
//!
//! The core asserts each invariant by its number ("OR-1: …"), and an assert that fails costs one
//! actor. This hook is how the number gets out. It logs where, never what: a panic's words may hold
//! somebody's data.

use openrun_core::invariants;
use std::io::Write as _;
use std::panic::{self, PanicHookInfo};

/// Counts what the core asserts from now on, for the rest of the process.
pub(super) fn count() {
    panic::set_hook(Box::new(|info| {
        if let Some(number) = invariant_of(&words(info)) {
            metrics::counter!("openrun_invariant_violations_total", "invariant" => number)
                .increment(1);
        }
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let invariant = invariant_of(&words(info)).unwrap_or("none");
        tracing::error!(place, invariant, "a panic");
        if cfg!(debug_assertions) {
            // Standard error may be full or gone: a hook that panics would end the process.
            let _ = writeln!(std::io::stderr(), "panic at {place}: {}", words(info));
        }
    }));
}

fn words(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or_default().to_owned()
}

/// The invariant that a panic's words begin with, or hold before the first colon of an `assert_eq`.
fn invariant_of(words: &str) -> Option<&'static str> {
    let at = words.find("OR-")?;
    let number = words[at..].split(':').next()?;
    invariants::NUMBERS.into_iter().find(|known| *known == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_invariant_is_found_in_the_words_of_an_assert() {
        for (words, number) in [
            ("OR-1: Stock { left: 3 }", Some("OR-1")),
            ("assertion `left == right` failed: OR-10: another stock\n left: 1", Some("OR-10")),
            ("OR-11: no such invariant", None),
            ("index out of bounds", None),
        ] {
            assert_eq!(invariant_of(words), number, "{words}");
        }
    }
}
