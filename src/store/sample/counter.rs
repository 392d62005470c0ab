//! A sale over the counter.

use super::{
    issued, person, program as usual_program, purchase_leaving, round, spec as usual_spec,
};
use openrun_core::purchase::PassId;
use openrun_core::round_spec::{RoundSpec, SoldAt};
use openrun_core::{ChannelId, Event, Program, Purchase, Won};
use std::sync::Arc;

fn counter() -> ChannelId {
    ChannelId::new("counter").expect("a slug")
}

fn program() -> Program {
    let mut program = usual_program(100_000);
    Arc::make_mut(&mut program.versions[0]).counters = vec![counter()];
    program
}

fn spec() -> RoundSpec {
    let mut spec = usual_spec(&round(), 1_000_000);
    spec.windows[1].sold_at = SoldAt::Counter;
    spec
}

fn paper(serial: u64, who: u64, left: i64, used: i64) -> Event {
    issued(Purchase {
        window: super::window("second"),
        person: person(who),
        channel: counter(),
        pass: PassId::serial(serial),
        used_after: Won(used),
        ..purchase_leaving(serial, left)
    })
}

/// One person buys paper twice, and has bought more than the program lets anybody hold: nobody
/// holds it.
pub(crate) fn sale() -> Vec<Event> {
    vec![
        Event::ProgramChanged { program: program() },
        Event::RoundDefined { spec: spec() },
        paper(1, 1, 900_000, 100_000),
        paper(2, 1, 800_000, 200_000),
    ]
}
