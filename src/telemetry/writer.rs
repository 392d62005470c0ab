//! A bounded queue between whoever logs and the output, so that a stopped reader or a full disk
//! costs lines and never a purchase. What is lost is counted.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Most lines that wait for the output: at 200 bytes each under 1 MB, and seconds of a busy log.
/// When it is hit new lines are dropped and counted.
const LINES_MAX: usize = 4_096;

/// What goes through the queue.
pub(super) enum Message {
    /// A line with its end.
    Line(Vec<u8>),
    /// Answer when everything before it is written.
    Flush(SyncSender<()>),
}

/// Hands lines to the thread that writes them.
#[derive(Clone)]
pub(super) struct Lines(SyncSender<Message>);

impl Lines {
    /// Starts the thread that writes to `output`.
    pub(super) fn start(output: impl Write + Send + 'static) -> Lines {
        let (sender, receiver) = sync_channel(LINES_MAX);
        let write = move || write_all(&receiver, output);
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(write);
        thread.expect("a process that starts a server can start a thread");
        Lines(sender)
    }

    pub(super) fn sender(&self) -> SyncSender<Message> {
        self.0.clone()
    }
}

fn write_all(receiver: &Receiver<Message>, mut output: impl Write) {
    // A reader that is gone takes nothing any more; there is nobody left to tell.
    for message in receiver {
        match message {
            Message::Line(line) => drop(output.write_all(&line)),
            Message::Flush(done) => {
                let _ = output.flush();
                let _ = done.send(());
            }
        }
    }
}

/// Waits until everything queued so far is written, at most `timeout`.
pub(super) fn flush(sender: &SyncSender<Message>, timeout: Duration) {
    let (done, is_done) = sync_channel(1);
    if sender.try_send(Message::Flush(done)).is_ok() {
        let _ = is_done.recv_timeout(timeout);
    }
}

/// `tracing-subscriber` writes each line with one call.
impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.try_send(Message::Line(line.to_vec())).is_err() {
            metrics::counter!("openrun_log_lines_dropped_total").increment(1);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex};

    /// An output that takes nothing until it is let go.
    struct Stopped(Arc<Mutex<Vec<u8>>>, Receiver<()>);

    impl Write for Stopped {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.1.recv();
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// F47.
    #[test]
    fn an_output_that_takes_nothing_costs_lines_and_no_time() {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let (go, stopped) = channel();
        let mut lines = Lines::start(Stopped(taken.clone(), stopped));
        for _ in 0..LINES_MAX * 2 {
            lines.write_all(b"line\n").unwrap();
        }
        drop(go);
        // The queue may be full still, and a full queue takes no wish to be flushed either.
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while taken.lock().unwrap().len() < LINES_MAX * 5 {
            assert!(std::time::Instant::now() < deadline, "the writer has stopped");
            flush(&lines.sender(), Duration::from_secs(1));
        }
        let count = taken.lock().unwrap().len() / 5;
        assert!((LINES_MAX..=LINES_MAX + 1).contains(&count), "{count} lines were written");
    }
}
