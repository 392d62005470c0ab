//! The program: the command line of the library, on an allocator that many threads can share.

use std::process::ExitCode;

/// Requests allocate on one thread and are freed on another: measured to matter under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    openrun::cli::main()
}
