//! Work whose instructions are counted: what one request costs, piece by piece, and whole where a
//! request stays on one thread.
//!
//! By itself it only does the work, which shows that it can be done. `benches/instructions` runs it
//! under callgrind, which counts inside [`counted_work`] alone and notes a figure at its end: a
//! batch of calls. Nothing here reads a clock or draws by chance; the program's own hash
//! maps and jitter do, which is why the middle of the batches is taken.

mod edge;
mod machines;

use std::hint::black_box;

/// Batches of each case: an odd number has a middle.
const BATCHES: usize = 9;

/// One thing to be counted.
pub struct Case {
    /// What it is called in benches/instructions.toml.
    pub name: &'static str,
    /// Calls in a batch.
    pub calls: usize,
    /// Does the call of this number; numbers are not used twice.
    pub call: Box<dyn FnMut(usize)>,
}

impl Case {
    /// A call whose result is looked at by nobody, but made.
    pub fn new<T>(
        name: &'static str,
        calls: usize,
        mut call: impl FnMut(usize) -> T + 'static,
    ) -> Case {
        let call = move |number| {
            black_box(call(black_box(number)));
        };
        Case { name, calls, call: Box::new(call) }
    }

    /// How many calls there will be.
    pub const fn all(calls: usize) -> usize {
        calls * BATCHES
    }
}

/// A batch. Callgrind knows it by this name, and counts what this thread does in it.
#[inline(never)]
fn counted_work(case: &mut Case, first: usize) {
    for number in first..first + case.calls {
        (case.call)(number);
    }
    batch_is_over(first);
}

/// Callgrind knows this name too: it writes down what was counted, for which it has to be counting.
#[inline(never)]
fn batch_is_over(first: usize) {
    black_box(first);
}

fn main() {
    let folder = tempfile::tempdir().expect("a directory for keys and a store");
    actix_web::rt::System::new().block_on(async {
        for mut case in machines::cases() {
            count(&mut case);
        }
        edge::count_all(folder.path()).await;
    });
}

/// Does every batch of a case, and says so.
pub fn count(case: &mut Case) {
    for batch in 0..BATCHES {
        counted_work(case, batch * case.calls);
    }
    println!("{}\t{}\t{BATCHES}", case.name, case.calls);
}
