//! The file of the witness: where each stream was when it was last seen. It appears whole or not at
//! all, and is on the disk when writing it is answered.
//!
//! It holds no secret and no person, and nothing but numbers of streams and hashes.

use crate::store::chain::stream_name;
use openrun_actors::store::Standing;
use openrun_core::StreamId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Tells this file, and how it is written, from any other.
const FORMAT: &str = "openrun witness 1";

/// Where a stream was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) epoch: u64,
    pub(super) next_seq: u64,
    pub(super) hash: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    format: String,
    streams: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    stream: StreamId,
    epoch: u64,
    next_seq: u64,
    hash: String,
}

/// The file of the witness of the store that `url` names, in the data directory `data`. Each store
/// has its own, so that going from one to another is not taken for a step back; credentials and
/// options in `url` make no difference.
#[must_use]
pub fn path_in(data: &Path, url: &str) -> PathBuf {
    let place = url.split('?').next().unwrap_or_default();
    let place = match place.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://{host}"),
            None => place.to_owned(),
        },
        None => place.to_owned(),
    };
    let digest = Sha256::digest(place.as_bytes());
    data.join(format!("witness-{}.json", hex(&digest[..4])))
}

/// The file, which need not be there.
#[derive(Debug, Clone)]
pub(super) struct Book {
    path: PathBuf,
}

impl Book {
    pub(super) fn at(path: &Path) -> Book {
        Book { path: path.to_path_buf() }
    }

    /// What was written last; nothing if nothing ever was.
    pub(super) fn read(&self) -> Result<BTreeMap<StreamId, Mark>, String> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(cause) => return Err(cause.to_string()),
        };
        let page: Page = serde_json::from_str(&text).map_err(|cause| cause.to_string())?;
        if page.format != FORMAT {
            return Err(format!("it is not \"{FORMAT}\""));
        }
        let mut marks = BTreeMap::new();
        for Line { stream, epoch, next_seq, hash } in page.streams {
            let hash = unhex(&hash).ok_or("a hash is 64 digits of hexadecimal")?;
            let name = stream_name(&stream);
            if marks.insert(stream, Mark { epoch, next_seq, hash }).is_some() {
                return Err(format!("stream {name} is there twice"));
            }
        }
        Ok(marks)
    }

    pub(super) async fn write(&self, marks: &BTreeMap<StreamId, Mark>) -> Result<(), String> {
        let line = |(stream, mark): (&StreamId, &Mark)| {
            let Mark { epoch, next_seq, hash } = *mark;
            Line { stream: stream.clone(), epoch, next_seq, hash: hex(&hash) }
        };
        let streams = marks.iter().map(line).collect();
        let page = Page { format: FORMAT.to_owned(), streams };
        let text = serde_json::to_string_pretty(&page).map_err(|cause| cause.to_string())?;
        let path = self.path.clone();
        // Not on a thread that serves people: a disk may take its time.
        let written = tokio::task::spawn_blocking(move || replace(&path, &text)).await;
        let written = written.map_err(|stopped| stopped.to_string())?;
        written.map_err(|cause| format!("{}: {cause}", self.path.display()))
    }
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or(Path::new("."));
    // Dropped before it has its name, it is removed.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    File::open(directory)?.sync_all()
}

/// Where a stream stood and where it stands, in words that no other loss has.
pub(super) fn in_words(stream: &StreamId, stood: &Mark, stands: Option<&Standing>) -> String {
    let Mark { epoch, next_seq, hash } = stood;
    let stood = format!("{} {epoch} {next_seq} {}", stream_name(stream), hex(hash));
    let at = |it: &Standing| format!("{} {} {}", it.epoch, it.next_seq, hex(&it.hash));
    format!("{stood} {}\n", stands.map_or("nothing".to_owned(), at))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}
