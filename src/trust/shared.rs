//! A secret shared with one counterpart of this server (a payment rail), in a file of its own.
//!
//! Read once at start, refused when anybody else on the machine can read it, and never printed. It
//! is text: what signs takes its bytes from base64url, what logs in shows the text itself.

use super::error::KeysError;
use super::mac::{KEY_BYTES_MIN, MacKey};
use super::{files, making};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A key with fewer different byte values was typed, not drawn: 32 random bytes have about 30.
const DISTINCT_BYTES_MIN: usize = 8;

/// A secret and where it stands. Debugging output holds the place only.
pub struct SharedSecret {
    path: PathBuf,
    text: String,
}

impl SharedSecret {
    /// Reads a secret: one line of visible ASCII.
    ///
    /// # Errors
    /// The file is not there, others can read it, or it holds no such line.
    pub fn read(path: &Path) -> Result<SharedSecret, KeysError> {
        files::check_private(path, "600")?;
        let text = files::read(path)?.trim().to_owned();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let expected = "a shared secret: one line of visible ASCII";
            return Err(KeysError::NotAKey { path: path.to_owned(), expected });
        }
        Ok(SharedSecret { path: path.to_owned(), text })
    }

    /// Reads a secret, drawing it first if there is none.
    ///
    /// # Errors
    /// It cannot be made, or as for [`SharedSecret::read`].
    pub fn read_or_make(path: &Path) -> Result<SharedSecret, KeysError> {
        let no_access = |cause| KeysError::NoAccess { path: path.to_owned(), cause };
        let path = std::path::absolute(path).map_err(no_access)?;
        if !path.exists() {
            files::make(&path, &making::secret())?;
        }
        SharedSecret::read(&path)
    }

    /// The secret itself, for a counterpart that wants to be shown it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The secret as a key that signs.
    ///
    /// # Errors
    /// It is not in base64url, or too weak.
    pub(crate) fn mac_key(&self) -> Result<MacKey, KeysError> {
        let expected = "a secret in base64url without padding";
        let not_a_key = |_| KeysError::NotAKey { path: self.path.clone(), expected };
        let bytes = BASE64.decode(&self.text).map_err(not_a_key)?;
        let distinct = bytes.iter().collect::<HashSet<_>>().len();
        if bytes.len() < KEY_BYTES_MIN || distinct < DISTINCT_BYTES_MIN {
            return Err(KeysError::Weak { path: self.path.clone(), bytes: bytes.len() });
        }
        Ok(MacKey::new(&bytes))
    }
}

impl std::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SharedSecret({})", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// S17.
    #[test]
    fn a_secret_is_made_once_private_and_never_printed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rail.key");
        assert!(matches!(SharedSecret::read(&path), Err(KeysError::NoAccess { .. })));
        let made = SharedSecret::read_or_make(&path).unwrap();
        assert_eq!(SharedSecret::read_or_make(&path).unwrap().text(), made.text());
        assert!(made.mac_key().is_ok());
        assert!(!format!("{made:?}").contains(made.text()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let open = SharedSecret::read(&path).unwrap_err();
        assert!(matches!(open, KeysError::OpenToOthers { mode: 0o644, .. }), "{open}");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rail.key");
        for (text, line, signs) in [
            ("", false, false),
            ("two words", false, false),
            ("test_sk_zXLkKEypNArWmo50nX3lmeaxYG5R", true, false),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", true, false),
            ("c2hvcnQ", true, false),
        ] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            let read = SharedSecret::read(&path);
            assert_eq!(read.is_ok(), line, "{text}");
            assert_eq!(read.is_ok_and(|secret| secret.mac_key().is_ok()), signs, "{text}");
        }
    }
}
