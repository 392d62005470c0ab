//! The Python of the document: it made the vectors, and it verifies.

use crate::draws::{CHEATS, honest, write};
use crate::{between, document, run};
use std::process::Command;

#[test]
fn the_documents_python_verifies_and_rejects_what_was_tampered_with() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("draw.py");
    std::fs::write(&program, between(&document(), "```python\n", "\n```")).unwrap();
    let verify = |name: &str, transcript: &_| {
        let path = write(folder.path(), name, transcript);
        run(Command::new("python3").arg(&program).arg(path))
    };
    let transcript = honest(1_000);
    let output = verify("honest", &transcript);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, b"the draw holds: 1000 entries\n");
    for (name, change, _) in CHEATS.iter().filter(|(name, ..)| !is_of_form(name)) {
        let mut tampered = transcript.clone();
        change(&mut tampered);
        assert_eq!(verify("tampered", &tampered).status.code(), Some(1), "{name}");
    }
}

/// What the short program leaves to the others: in which form a share may be listed.
fn is_of_form(name: &str) -> bool {
    ["a share in capitals", "a share twice"].contains(&name)
}
