//! `openrun verify-draw`, as a person runs it: a file, an address, a proof, what was noted before.

use crate::draws::{CHEATS, honest, proof, write};
use crate::run;
use openrun_core::draw::{Proof, verify};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// The exit code and what was said, on either output.
fn command(words: &[&str]) -> (i32, String) {
    let output = run(Command::new(env!("CARGO_BIN_EXE_openrun")).arg("verify-draw").args(words));
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[track_caller]
fn check(words: &[&str], code: i32, parts: &[&str]) {
    let (found, said) = command(words);
    assert_eq!(found, code, "{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
}

#[test]
fn a_file_is_verified_with_what_was_noted_and_a_proof() {
    let folder = tempfile::tempdir().unwrap();
    let transcript = honest(100);
    let file = write(folder.path(), "honest", &transcript);
    let file = text(&file);
    let own = write(folder.path(), "proof", &proof(7));
    let (commitment, root) = (transcript.commitment.to_string(), transcript.root.to_string());
    let number = proof(7).number_in(&transcript).unwrap();
    check(&[file], 0, &["ok    the leaves fit the root", "note  the root was not compared"]);
    check(
        &[file, "--commitment", &commitment, "--root", &root, "--proof", text(&own)],
        0,
        &[
            "ok    round seoul-2022-07-14, class \"everyone\": 100 entries",
            "note  1 entries are held by nobody",
            "note  share press was not given in time",
            "note  share drand: look it up at \"drand quicknet round 12345678\"",
            "ok    the commitment is the one that was noted",
            "ok    the root is the one that was noted",
            &format!("ok    the proof is in the list: entry 7, number {number}\nverified\n"),
        ],
    );
    check(&[file, "--root", &commitment], 1, &["NOT   the root is not the one", "not verified\n"]);
    check(&[file, "--commitment", &root], 1, &["NOT   the commitment is not the one"]);
    let others = write(folder.path(), "others", &Proof { entry: 8, ..proof(7) });
    check(&[file, "--proof", text(&others)], 1, &["NOT   another leaf stands in the list"]);
}

#[test]
fn what_was_tampered_with_is_not_verified_and_the_reason_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (name, change, _) in CHEATS {
        let mut tampered = honest(100);
        change(&mut tampered);
        let why = verify(&tampered).unwrap_err().to_string();
        let file = write(folder.path(), "tampered", &tampered);
        let (code, said) = command(&[text(&file)]);
        assert_eq!(code, 1, "{name}");
        assert!(said.ends_with(&format!("NOT   {why}\nnot verified\n")), "{name}: {said}");
    }
    let mut late = honest(100);
    late.entries_by_number.swap(0, 1);
    let file = write(folder.path(), "late", &late);
    check(&[text(&file)], 1, &["ok    the seed follows", "NOT   the order does not follow"]);
}

#[test]
fn what_is_no_transcript_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "honest", &honest(3));
    let other = write(folder.path(), "other", &serde_json::json!({"a\u{1b}[31m": 1}));
    check(&[text(&other)], 1, &["is not a transcript", "a\\u{1b}[31m"]);
    check(&[text(&file), "--proof", text(&file)], 1, &["is not a proof"]);
    check(&[text(&folder.path().join("absent"))], 1, &["absent"]);
    check(&[], 2, &["<FILE|URL>"]);
    check(&[text(&file), "--root", "12"], 2, &["64 digits of hexadecimal"]);
}

/// A server that gives one answer and is gone.
fn serve(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        assert!(request.starts_with(b"GET /transcript HTTP/1.1\r\n"));
        // The reader may hang up once it has seen enough.
        let _ = stream.write_all(&answer);
    });
    format!("http://{address}/transcript")
}

fn answer(status: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn an_address_is_fetched_once_and_nothing_else_is_followed() {
    let body = serde_json::to_vec(&honest(1_000)).unwrap();
    let address = serve(answer("200 OK", body.len(), &body));
    check(&[&address], 0, &["1000 entries", "verified\n"]);
    // It is gone now.
    check(&[&address], 69, &["transcript"]);
    check(&[&serve(answer("404 Not Found", 2, b"{}"))], 1, &["answered 404"]);
    let elsewhere =
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    check(&[&serve(elsewhere.to_vec())], 1, &["answered 302"]);
    check(&[&serve(answer("200 OK", body.len() + 1, &body))], 69, &["transcript"]);
}
