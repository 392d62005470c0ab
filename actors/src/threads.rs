//! Threads that actors live on, each named after what lives there: what `top -H` or a profile says
//! of a thread is of use then.

use actix::{Arbiter, ArbiterHandle};

/// Starts a thread for actors.
pub(crate) fn arbiter(name: &str) -> ArbiterHandle {
    let handle = Arbiter::new().handle();
    let name = name.to_owned();
    handle.spawn_fn(move || name_this(&name));
    handle
}

/// Names the calling thread, as far as the system keeps a name: Linux its first 15 bytes.
pub fn name_this(name: &str) {
    #[cfg(target_os = "linux")]
    if let Ok(name) = std::ffi::CString::new(name) {
        // A thread without a name works all the same.
        let _ = rustix::thread::set_name(&name);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = name;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use actix::System;

    #[test]
    fn a_thread_bears_the_beginning_of_its_name() {
        System::new().block_on(async {
            let (say, said) = tokio::sync::oneshot::channel();
            arbiter("sale:seoul-citywide").spawn_fn(move || {
                let _ = say.send(std::fs::read_to_string("/proc/thread-self/comm"));
            });
            let name = said.await.expect("it answers").expect("a file");
            assert_eq!(name.trim_end(), "sale:seoul-city");
        });
    }
}
