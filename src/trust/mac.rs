//! HMAC-SHA-256 under one key: for what this program signs and checks itself.
//!
//! Holds the key only as the two hash states that it begins with. Compares in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Shortest key that is accepted: as long as the hash, as RFC 2104 advises.
pub(crate) const KEY_BYTES_MIN: usize = 32;
/// Length of a tag.
pub(crate) const TAG_BYTES: usize = 32;

/// A key for HMAC-SHA-256.
#[derive(Clone)]
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// The key made of these bytes, at least [`KEY_BYTES_MIN`] of them.
    pub(crate) fn new(bytes: &[u8]) -> MacKey {
        assert!(bytes.len() >= KEY_BYTES_MIN, "keys are measured where they are read");
        MacKey(Hmac::new_from_slice(bytes).expect("HMAC takes a key of any length"))
    }

    /// The tag of two parts, one after the other.
    pub(crate) fn tag(&self, first: &[u8], second: &[u8]) -> [u8; TAG_BYTES] {
        let mut mac = self.0.clone();
        mac.update(first);
        mac.update(second);
        mac.finalize().into_bytes().into()
    }

    /// Whether `shown` is the tag of the two parts; takes as long for every wrong tag.
    pub(crate) fn is_tag(&self, first: &[u8], second: &[u8], shown: &[u8]) -> bool {
        self.tag(first, second).as_slice().ct_eq(shown).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_of_rfc_4231() {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        // Test case 6: a key longer than the block.
        let key = MacKey::new(&[0xaa; 131]);
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let tag = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        for split in [0, 7, text.len()] {
            let (first, second) = text.split_at(split);
            assert_eq!(hex(&key.tag(first, second)), tag, "{split}");
            assert!(key.is_tag(first, second, &key.tag(text, b"")));
        }
        assert!(!key.is_tag(text, b"", b""));
        assert!(!key.is_tag(text, b"x", &key.tag(text, b"")));
    }
}
