//! Making keys: for a server to be, for a developer, and the next one of a rotation.
//!
//! Whoever makes keys holds the directory's lock; whoever reads them sees whole files only. Makes
//! nothing that is there already and deletes nothing.

use super::directory::{DEVELOPMENT_CHANNELS, Kind, keys_dir};
use super::error::KeysError;
use super::files;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use openrun_core::ChannelId;
use rand::TryRng;
use rand::rngs::SysRng;
use std::path::{Path, PathBuf};

/// Makes what a server without `--dev` needs and does not have: ticket, pass, staff and draw keys,
/// and a shared secret for each of `channels`. Answers with the files made.
///
/// # Errors
/// The directory cannot be written, or holds development keys.
pub fn init(data: &Path, channels: &[ChannelId]) -> Result<Vec<PathBuf>, KeysError> {
    let dir = keys_dir(data);
    let _lock = files::lock(&dir)?;
    if files::is_development(&dir) {
        return Err(KeysError::Development { dir });
    }
    make_missing(&dir, channels.iter().map(ChannelId::as_str))
}

/// Makes the next key of a kind, which signs from the next start on. The one before it still opens
/// what it signed; older ones are retired, but those of draws never. Answers with the file made and
/// those retired.
///
/// # Errors
/// There is no key directory yet, it cannot be written, or it holds as many draw keys as it may.
pub fn rotate(data: &Path, kind: Kind) -> Result<(PathBuf, Vec<PathBuf>), KeysError> {
    let dir = keys_dir(data);
    if !dir.is_dir() {
        return Err(KeysError::NoDirectory { dir });
    }
    let _lock = files::lock(&dir)?;
    let found = files::entries(&dir, kind)?.len();
    if !kind.retires() && found >= kind.keys_max() {
        let most = kind.keys_max();
        return Err(KeysError::TooMany { kind: kind.as_str(), found, most, dir });
    }
    let made = make_one(&dir, kind)?;
    let old = files::entries(&dir, kind)?.into_iter().skip(kind.keys_max());
    let retired = old.map(|entry| files::retire(&entry.path)).collect::<Result<_, _>>()?;
    Ok((made, retired))
}

/// Whether the next rotation of this kind retires a key.
///
/// # Errors
/// There is no key directory yet, or it cannot be read.
pub fn would_retire(data: &Path, kind: Kind) -> Result<bool, KeysError> {
    let dir = keys_dir(data);
    if !dir.is_dir() {
        return Err(KeysError::NoDirectory { dir });
    }
    Ok(kind.retires() && files::entries(&dir, kind)?.len() >= kind.keys_max())
}

/// Makes what a development server needs and does not have.
pub(super) fn for_development(data: &Path) -> Result<(), KeysError> {
    let dir = keys_dir(data);
    let _lock = files::lock(&dir)?;
    if !files::is_development(&dir) {
        let mut has_own = !files::channel_entries(&dir.join(files::CHANNELS))?.is_empty();
        for kind in Kind::ALL {
            has_own |= !files::entries(&dir, kind)?.is_empty();
        }
        if has_own {
            return Err(KeysError::NotDevelopment { dir });
        }
        // Before the first key, so that no key made here ever stands without it.
        files::mark_development(&dir)?;
    }
    make_missing(&dir, DEVELOPMENT_CHANNELS.into_iter()).map(drop)
}

fn make_missing<'c>(
    dir: &Path,
    channels: impl Iterator<Item = &'c str>,
) -> Result<Vec<PathBuf>, KeysError> {
    let mut made = Vec::new();
    for kind in Kind::ALL {
        if files::entries(dir, kind)?.is_empty() {
            made.push(make_one(dir, kind)?);
        }
    }
    let folder = dir.join(files::CHANNELS);
    let present = files::channel_entries(&folder)?;
    for channel in channels.filter(|channel| !present.iter().any(|e| e.owner == *channel)) {
        let path = folder.join(format!("{channel}.hs256"));
        files::make(&path, &secret())?;
        made.push(path);
    }
    Ok(made)
}

fn make_one(dir: &Path, kind: Kind) -> Result<PathBuf, KeysError> {
    let newest = files::entries(dir, kind)?.into_iter().next().map(|entry| entry.kid);
    let path = dir.join(format!("{}.{}.{}", kind.as_str(), next_kid(newest), kind.endings()[0]));
    let text = if kind == Kind::Pass { private_key() } else { secret() };
    files::make(&path, &text)?;
    Ok(path)
}

/// The second of making in hex, and after the newest id even when two are made in one second.
fn next_kid(newest: Option<String>) -> String {
    let newest = newest.and_then(|kid| i64::from_str_radix(&kid, 16).ok()).unwrap_or(0);
    format!("{:08x}", jiff::Timestamp::now().as_second().max(newest.saturating_add(1)))
}

pub(super) fn secret() -> String {
    let mut text = BASE64.encode(random());
    text.push('\n');
    text
}

fn private_key() -> String {
    let pem = SigningKey::from_bytes(&random()).to_pkcs8_pem(LineEnding::LF);
    pem.expect("an Ed25519 key fits PKCS#8").as_str().to_owned()
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).expect("every system that runs a server gives random bytes");
    bytes
}
