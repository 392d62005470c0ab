//! What this machine has and what this process uses: memory, room, processor time, flushes.
//!
//! Reads what the system says and decides nothing. What a system does not say is absent.

use rustix::time::{ClockId, clock_gettime};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How many flushes are timed: a second of them on the slowest disk that can carry a sale.
const FLUSHES: usize = 100;
/// And for how long at most.
const FLUSHING: Duration = Duration::from_secs(3);
/// As much as the smallest batch of a store.
const PAGE_BYTES: usize = 4_096;

/// Memory that this process holds, in bytes.
#[must_use]
pub fn resident_bytes() -> Option<f64> {
    kilobytes_in(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

/// Memory that can still be had, in bytes: of the machine, or of what this process may have of it.
#[must_use]
pub fn available_bytes() -> Option<f64> {
    let of_machine = kilobytes_in(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
    let group = |name: &str| fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok();
    let number = |name: &str| group(name)?.trim().parse::<f64>().ok();
    let of_group = number("memory.max").zip(number("memory.current"));
    let of_group = of_group.map(|(most, used)| (most - used).max(0.0));
    Some(of_group.map_or(of_machine, |bytes| bytes.min(of_machine)))
}

fn kilobytes_in(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024.0)
}

/// Room on the disk of a directory, in bytes.
#[must_use]
pub fn free_bytes(directory: &Path) -> Option<f64> {
    let said = rustix::fs::statvfs(directory).ok()?;
    Some(said.f_bavail as f64 * said.f_frsize as f64)
}

/// What the files of a directory take, in bytes.
#[must_use]
pub fn used_bytes(directory: &Path) -> f64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|file| file.len() as f64).sum()
}

/// Processor time of this process so far.
#[must_use]
pub fn process_time() -> Duration {
    time_of(ClockId::ProcessCPUTime)
}

/// Processor time of this thread so far.
#[must_use]
pub fn thread_time() -> Duration {
    time_of(ClockId::ThreadCPUTime)
}

fn time_of(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// How long one small write to a directory takes to be durable, in milliseconds, each of many.
///
/// # Errors
/// What the system says.
pub fn flushes_ms(directory: &Path) -> io::Result<Vec<f64>> {
    let path = directory.join("flush");
    let mut file = File::create(&path)?;
    let began = Instant::now();
    let mut times = Vec::with_capacity(FLUSHES);
    while times.len() < FLUSHES && (times.is_empty() || began.elapsed() < FLUSHING) {
        file.write_all(&[0; PAGE_BYTES])?;
        let flushed = Instant::now();
        file.sync_data()?;
        times.push(flushed.elapsed().as_secs_f64() * 1e3);
    }
    fs::remove_file(path)?;
    Ok(times)
}

/// The middle of some times and what 99 of 100 stay within.
///
/// # Panics
/// Without any.
#[must_use]
pub fn middle_and_p99(mut times: Vec<f64>) -> (f64, f64) {
    assert!(!times.is_empty(), "something was timed");
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    (at(0.5), at(0.99))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_writes_in_kilobytes_is_read_in_bytes() {
        let status = "Name:\topenrun\nVmRSS:\t   1234 kB\nThreads:\t3\n";
        assert_eq!(kilobytes_in(status, "VmRSS:"), Some(1_263_616.0));
        assert_eq!(kilobytes_in(status, "MemAvailable:"), None);
        assert_eq!(kilobytes_in("VmRSS: many\n", "VmRSS:"), None);
    }

    #[test]
    fn times_have_a_middle_and_an_end() {
        assert_eq!(middle_and_p99(vec![3.0]), (3.0, 3.0));
        let times = (1..=101).rev().map(f64::from).collect();
        assert_eq!(middle_and_p99(times), (51.0, 100.0));
    }

    #[test]
    fn a_directory_says_what_it_takes_and_how_long_a_flush_does() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), [0; 1_000]).unwrap();
        assert_eq!(used_bytes(folder.path()), 1_000.0);
        let times = flushes_ms(folder.path()).unwrap();
        assert!(!times.is_empty() && times.iter().all(|time| *time >= 0.0));
        assert_eq!(used_bytes(folder.path()), 1_000.0, "nothing is left behind");
        assert!(free_bytes(folder.path()).is_none_or(|bytes| bytes > 0.0));
    }

    #[test]
    fn processor_time_goes_by_while_something_is_worked_out() {
        let (process, thread) = (process_time(), thread_time());
        let mut sum = 0_u64;
        while thread_time() == thread {
            sum = std::hint::black_box(sum.wrapping_mul(31) + 1);
        }
        assert!(process_time() > process);
    }
}
