//! Names, permissions and bytes of key files. Knows nothing about what a key is good for.

use super::directory::Kind;
use super::error::KeysError;
use std::fs::{self, File};
use std::io;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The folder of channel keys within the key directory.
pub(super) const CHANNELS: &str = "channels";
/// The file that marks a directory of development keys.
const MARKER: &str = "DEVELOPMENT";
/// The file whose lock whoever makes keys holds.
const LOCK: &str = ".lock";
/// Permission bits of group and others.
const OTHERS: u32 = 0o077;
/// The one of them that the group may have in a file of the administrator's.
const GROUP_READS: u32 = 0o040;
/// Who can read everything anyway.
const ADMINISTRATOR: u32 = 0;
/// Longest key id.
const KID_MAX: usize = 32;
/// Endings of channel keys.
const CHANNEL_ENDINGS: [&str; 2] = ["hs256", "pub.pem"];

/// A key file.
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// What it is for: a kind or a channel.
    pub(super) owner: String,
    pub(super) kid: String,
    pub(super) ending: &'static str,
}

/// The key files of a kind, newest first.
pub(super) fn entries(dir: &Path, kind: Kind) -> Result<Vec<Entry>, KeysError> {
    let mut entries: Vec<Entry> = all(dir, kind.endings())?;
    entries.retain(|entry| entry.owner == kind.as_str());
    Ok(entries)
}

/// The key files of channels by channel, newest first.
pub(super) fn channel_entries(dir: &Path) -> Result<Vec<Entry>, KeysError> {
    if dir.is_dir() { all(dir, &CHANNEL_ENDINGS) } else { Ok(Vec::new()) }
}

fn all(dir: &Path, endings: &[&'static str]) -> Result<Vec<Entry>, KeysError> {
    let no_access = |cause| KeysError::NoAccess { path: dir.to_owned(), cause };
    let mut entries = Vec::new();
    for found in fs::read_dir(dir).map_err(no_access)? {
        let path = found.map_err(no_access)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        entries.extend(parse(name, endings).map(|(owner, kid, ending)| Entry {
            owner: owner.to_owned(),
            kid: kid.to_owned(),
            ending,
            path: path.clone(),
        }));
    }
    let age = |entry: &Entry| (entry.owner.clone(), entry.kid.len(), entry.kid.clone());
    entries.sort_by(|a, b| a.owner.cmp(&b.owner).then_with(|| age(b).cmp(&age(a))));
    Ok(entries)
}

/// Owner, key id and ending of a file name; a channel's only key needs no id and is its first.
fn parse<'n>(name: &'n str, endings: &[&'static str]) -> Option<(&'n str, &'n str, &'static str)> {
    endings.iter().find_map(|ending| {
        let stem = name.strip_suffix(ending)?.strip_suffix('.')?;
        let (owner, kid) = stem.split_once('.').unwrap_or((stem, "1"));
        let is_kid = (1..=KID_MAX).contains(&kid.len())
            && kid.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        (is_kid && !owner.is_empty()).then_some((owner, kid, *ending))
    })
}

/// Whether the directory was made for development.
pub(super) fn is_development(dir: &Path) -> bool {
    dir.join(MARKER).exists()
}

/// Whether nobody else on this machine can read or change what these facts are about. The
/// administrator can in any case: a file of theirs that a group of ours may read and nobody may
/// write is how containers and service managers hand a secret over, and is private as well. One
/// that some other group may read is not: it was not handed to us.
pub(crate) fn is_private(facts: &fs::Metadata) -> bool {
    let us = fs::read_to_string(OURSELVES).ok().and_then(|status| Us::of(&status));
    is_closed(facts.permissions().mode(), (facts.uid(), facts.gid()), us.as_ref())
}

fn is_closed(mode: u32, (owner, group): (u32, u32), us: Option<&Us>) -> bool {
    let is_to_us = |us: &Us| us.user != ADMINISTRATOR && us.groups.contains(&group);
    let is_handed_over = owner == ADMINISTRATOR && us.is_some_and(is_to_us);
    mode & if is_handed_over { OTHERS & !GROUP_READS } else { OTHERS } == 0
}

/// Where the system shows as a file who this process runs as; where it does not, nothing counts as
/// handed over.
const OURSELVES: &str = "/proc/self/status";

/// The user and the groups whose rights this process has.
#[derive(Debug, PartialEq, Eq)]
struct Us {
    user: u32,
    groups: Vec<u32>,
}

impl Us {
    /// From the system's description: of users and groups the effective one stands second.
    fn of(status: &str) -> Option<Us> {
        let numbers = |name: &str| -> Option<Vec<u32>> {
            let line =
                status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_whitespace().map(|word| word.parse().ok()).collect()
        };
        let (user, group) = (*numbers("Uid")?.get(1)?, *numbers("Gid")?.get(1)?);
        let mut groups = numbers("Groups")?;
        groups.push(group);
        Some(Us { user, groups })
    }
}

/// Refuses what somebody else on this machine can read or change.
pub(super) fn check_private(path: &Path, cure: &'static str) -> Result<(), KeysError> {
    let found = fs::metadata(path);
    let found = found.map_err(|cause| KeysError::NoAccess { path: path.to_owned(), cause })?;
    if is_private(&found) {
        return Ok(());
    }
    let mode = found.permissions().mode() & 0o7777;
    Err(KeysError::OpenToOthers { path: path.to_owned(), mode, cure })
}

pub(super) fn read(path: &Path) -> Result<String, KeysError> {
    fs::read_to_string(path).map_err(|cause| KeysError::NoAccess { path: path.to_owned(), cause })
}

/// The key directory, made if need be, and the lock under which keys are made in it.
pub(super) fn lock(dir: &Path) -> Result<File, KeysError> {
    let channels = dir.join(CHANNELS);
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&channels);
    made.map_err(|cause| KeysError::NoAccess { path: channels, cause })?;
    let path = dir.join(LOCK);
    let open = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let locked = open.and_then(|file| file.lock().map(|()| file));
    locked.map_err(|cause| KeysError::NoAccess { path, cause })
}

/// Marks a directory as made for development.
pub(super) fn mark_development(dir: &Path) -> Result<(), KeysError> {
    let text = "Keys made by `--dev`, for trying things out. Not for a sale: a server without \
                --dev refuses this directory.\n";
    make(&dir.join(MARKER), text)
}

/// Writes a file that did not exist, readable by its owner only: whole and flushed, or not at all.
pub(super) fn make(path: &Path, text: &str) -> Result<(), KeysError> {
    let write = || -> io::Result<()> {
        let dir = path.parent().expect("a key file stands in a directory");
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|failed| failed.error)?;
        File::open(dir)?.sync_all()
    };
    write().map_err(|cause| KeysError::NoAccess { path: path.to_owned(), cause })
}

/// Takes a key out of use without losing it.
pub(super) fn retire(path: &Path) -> Result<PathBuf, KeysError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".retired");
    let retired = PathBuf::from(name);
    let renamed = fs::rename(path, &retired);
    renamed.map_err(|cause| KeysError::NoAccess { path: path.to_owned(), cause })?;
    Ok(retired)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S17.
    #[test]
    fn a_secret_of_the_administrators_may_be_read_by_our_group_and_no_other_by_anybody() {
        // Files of the group 70; the user 7 is in it, the user 8 is not.
        let check = |mode: u32, owner: u32, us: Option<u32>, want: bool| {
            let groups = if us == Some(8) { vec![80] } else { vec![60, 70] };
            let us = us.map(|user| Us { user, groups });
            let is_closed = is_closed(mode, (owner, 70), us.as_ref());
            assert_eq!(is_closed, want, "{mode:o} of {owner}, read by {us:?}");
        };
        for (owner, us) in [(0, Some(0)), (0, Some(7)), (7, Some(7)), (7, None)] {
            check(0o100_600, owner, us, true);
            check(0o100_400, owner, us, true);
            check(0o100_604, owner, us, false);
            check(0o100_620, owner, us, false);
            check(0o100_660, owner, us, false);
        }
        check(0o100_440, 0, Some(7), true);
        check(0o100_440, 0, Some(8), false);
        check(0o100_400, 0, Some(8), true);
        check(0o100_444, 0, Some(7), false);
        check(0o100_440, 0, Some(0), false);
        check(0o100_440, 0, None, false);
        check(0o100_440, 7, Some(7), false);
        check(0o100_440, 7, Some(8), false);
    }

    #[test]
    fn who_we_are_is_read_from_what_the_system_says() {
        let status = "Name:\topenrun\nUid:\t1000\t1001\t1000\t1001\nGid:\t50\t51\t50\t51\n\
                      FDSize:\t64\nGroups:\t4 70 \n";
        let us = Us { user: 1_001, groups: vec![4, 70, 51] };
        assert_eq!(Us::of(status), Some(us));
        assert_eq!(Us::of(&status.replace("4 70 ", "")).map(|us| us.groups), Some(vec![51]));
        assert_eq!(Us::of(&status.replace("Gid", "Git")), None);
        let here = fs::read_to_string(OURSELVES).ok();
        assert!(here.is_none_or(|status| Us::of(&status).is_some()));
    }

    #[test]
    fn file_names_say_owner_and_key_id() {
        let check = |name: &str, want: Option<(&str, &str, &str)>| {
            let endings = ["hs256", "pem", "pub.pem"];
            assert_eq!(parse(name, &endings), want, "{name}");
        };
        check("staff.6921a3f0.hs256", Some(("staff", "6921a3f0", "hs256")));
        check("seoul-pay.hs256", Some(("seoul-pay", "1", "hs256")));
        check("seoul-pay.2.hs256", Some(("seoul-pay", "2", "hs256")));
        check("staff.1.pub.pem", Some(("staff", "1", "pub.pem")));
        check("staff.1.pem", Some(("staff", "1", "pem")));
        check("staff.1.hs256.retired", None);
        check("staff.A.hs256", None);
        check(".hs256", None);
        check("hs256", None);
        check("README", None);
    }
}
