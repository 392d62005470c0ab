//! The program as a service of systemd, which is played here by a real socket: it says when it is
//! ready, how it is and when it stops, and gives signs of life only while its engine lives.

use std::io::Read;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const OPENRUN: &str = env!("CARGO_BIN_EXE_openrun");
/// How long something that is waited for may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the service manager says that it waits for a sign of life.
const WATCHDOG: Duration = Duration::from_millis(1_500);

/// A service manager and what it started.
struct Service {
    socket: UnixDatagram,
    child: Child,
    folder: TempDir,
}

/// How the socket is named.
enum Name {
    Path,
    Abstract,
}

impl Service {
    fn start(name: &Name, settings: &[(&str, &str)]) -> Service {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let (socket, name) = match name {
            Name::Path => (UnixDatagram::bind(&path), path.display().to_string()),
            #[cfg(target_os = "linux")]
            Name::Abstract => {
                use std::os::linux::net::SocketAddrExt;
                use std::os::unix::net::SocketAddr;
                let word = format!("openrun-test-{}", std::process::id());
                let address = SocketAddr::from_abstract_name(&word).expect("it is short");
                (UnixDatagram::bind_addr(&address), format!("@{word}"))
            }
            #[cfg(not(target_os = "linux"))]
            Name::Abstract => unreachable!("only Linux has them"),
        };
        let socket = socket.expect("a socket");
        let any = "127.0.0.1:0";
        let mut command = Command::new(OPENRUN);
        command.args(["serve", "--dev", "--public", any, "--ops", any, "--log-format", "json"]);
        command.arg("--data").arg(folder.path().join("data")).env("NOTIFY_SOCKET", name);
        command.envs(settings.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.spawn().expect("the program was built");
        Service { socket, child, folder }
    }

    /// The next datagram, if one comes in time.
    fn hear(&self, within: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(within)).expect("a time-out");
        let mut words = [0; 4_096];
        let length = self.socket.recv(&mut words).ok()?;
        Some(String::from_utf8_lossy(&words[..length]).into_owned())
    }

    /// Everything that is said until a datagram has this line.
    fn hear_until(&self, line: &str) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut said = Vec::new();
        while !said.last().is_some_and(|words: &String| words.lines().any(|it| it == line)) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never said {line}: {said:?}");
            said.extend(self.hear(left));
        }
        said
    }

    /// What was said and not heard yet.
    fn unheard(&self) -> Vec<String> {
        std::iter::from_fn(|| self.hear(Duration::from_millis(1))).collect()
    }

    /// How many signs of life are given in a time.
    fn signs_of_life(&self, within: Duration) -> usize {
        let deadline = Instant::now() + within;
        let mut count = 0;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            let words = self.hear(left.max(Duration::from_millis(1)));
            count += usize::from(words.as_deref() == Some("WATCHDOG=1"));
        }
        count
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let done = Command::new("kill").args([name, &id]).status().expect("kill is there");
        assert!(done.success(), "it runs");
    }

    /// Waits for its end; answers with its exit code and its log.
    fn ended(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        let mut output = self.child.stdout.take().expect("it is piped");
        output.read_to_string(&mut log).expect("a log is text");
        (self.child.wait().expect("it was started here").code(), log)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn has(said: &[String], start: &str) -> bool {
    said.iter().flat_map(|words| words.lines()).any(|line| line.starts_with(start))
}

#[test]
fn a_service_manager_hears_of_the_start_the_readiness_and_the_end() {
    let service = Service::start(&Name::Path, &[]);
    let said = service.hear_until("READY=1");
    assert_eq!(said.first().map(String::as_str), Some("STATUS=reading the store"), "{said:?}");
    assert_eq!(said.last().map(String::as_str), Some("READY=1\nSTATUS=serving, 0 rounds"));
    assert!(service.folder.path().join("data/openrun.db").exists(), "ready comes after the store");
    service.signal("-TERM");
    let said = service.hear_until("STOPPING=1");
    assert!(has(&said, "STATUS=answering"), "{said:?}");
    assert!(!has(&said, "WATCHDOG"), "nobody asked for signs of life");
    assert_eq!(service.ended().0, Some(0));
}

#[test]
#[cfg(target_os = "linux")]
fn a_socket_without_a_file_is_spoken_to_as_well() {
    let service = Service::start(&Name::Abstract, &[]);
    service.hear_until("READY=1");
    service.signal("-TERM");
    service.hear_until("STOPPING=1");
    assert_eq!(service.ended().0, Some(0));
}

#[test]
fn what_is_not_ready_is_not_called_ready() {
    let mut service =
        Service::start(&Name::Path, &[("OPENRUN_STORE", "postgres://nobody@127.0.0.1:1/none")]);
    let mut said = service.hear_until("STATUS=reading the store");
    while service.child.try_wait().expect("it was started here").is_none() {
        said.extend(service.hear(Duration::from_millis(100)));
    }
    said.extend(service.unheard());
    assert!(!has(&said, "READY"), "{said:?}");
    assert_eq!(service.ended().0, Some(69));
}

#[test]
fn signs_of_life_come_while_the_process_takes_its_turns_and_end_while_it_stands_still() {
    let micros = WATCHDOG.as_micros().to_string();
    let service = Service::start(&Name::Path, &[("WATCHDOG_USEC", &micros)]);
    service.hear_until("READY=1");
    service.hear_until("WATCHDOG=1");
    // One in each time that is waited for, unless the machine does something else for seconds.
    let signs: Vec<usize> = (0..5).map(|_| service.signs_of_life(WATCHDOG * 4)).collect();
    assert!(signs.iter().any(|signs| *signs >= 4), "{signs:?} signs in four times each");
    service.signal("-STOP");
    service.signs_of_life(Duration::from_millis(200));
    service.unheard();
    assert_eq!(service.signs_of_life(WATCHDOG), 0, "nothing speaks for what stands still");
    service.signal("-CONT");
    service.hear_until("WATCHDOG=1");
}

/// Signs of life that are for another process are not given by this one.
#[test]
fn only_the_process_that_is_watched_gives_signs_of_life() {
    let micros = WATCHDOG.as_micros().to_string();
    let settings = [("WATCHDOG_USEC", micros.as_str()), ("WATCHDOG_PID", "1")];
    let service = Service::start(&Name::Path, &settings);
    service.hear_until("READY=1");
    assert_eq!(service.signs_of_life(WATCHDOG * 2), 0);
}

/// The negative control: listeners, timers and the process go on, one thread of actors does not.
#[test]
#[cfg(feature = "failpoints")]
fn a_thread_of_the_engine_that_stands_still_is_not_called_alive() {
    let micros = WATCHDOG.as_micros().to_string();
    let settings = [("WATCHDOG_USEC", micros.as_str()), ("OPENRUN_FAILPOINTS", "stand-still")];
    let mut service = Service::start(&Name::Path, &settings);
    service.hear_until("READY=1");
    assert_eq!(service.signs_of_life(WATCHDOG * 3), 0);
    assert!(service.child.try_wait().expect("it was started here").is_none(), "it runs");
    service.signal("-KILL");
    let (_, log) = service.ended();
    assert!(log.contains("stands still") && log.contains("committer"), "{log}");
}
