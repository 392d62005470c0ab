//! `openrun verify-draw`: recomputes a draw from its transcript, as anybody can (`docs/draw.md`).
//!
//! Needs no server, no keys and no settings. Says what holds, line by line, and stops at the first
//! thing that does not. Cannot tell when commitment and root were published: whoever noted them at
//! the time gives them along. Looks up no beacon.

use super::{Exit, Fault, print};
use clap::Args;
use openrun_core::draw::{self, ALGORITHM, Digest, Proof, ShareSpec, Transcript, Verified};
use reqwest::{Client, Url, redirect, retry};
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest transcript: that of seven million entries, seven times all who were registered at the
/// largest platform known. A longer one is not read to its end.
const TRANSCRIPT_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Longest proof: an honest one has 250 bytes.
const PROOF_BYTES_MAX: usize = 16 * 1024;
/// How long a server may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a transcript may take to arrive: one of 200,000 entries on a line of 1 Mbit/s.
const TIMEOUT: Duration = Duration::from_secs(180);

#[derive(Debug, Args)]
#[command(after_help = "\
A draw is verified in three steps:
  1. when the round is scheduled, note the commitment and the shares that are announced;
  2. when the lobby closes, note the root;
  3. after the draw, give both along with the transcript.
Then nobody can have changed key, list or order in between. With your own proof you also see that
you were in the list, and your number. docs/draw.md says how everything is computed.

Exit codes: 0 verified, 1 not verified, 69 the address cannot be reached.

Examples:
  openrun verify-draw https://sale.example/v1/rounds/seoul-2022-07-14/draw/everyone/transcript \\
      --commitment 6510…7944 --root 4bd2…1019
  openrun verify-draw transcript.json --proof my-proof.json")]
pub(super) struct VerifyDraw {
    /// The transcript: a file, or its address (http:// or https://)
    #[arg(value_name = "FILE|URL")]
    transcript: String,
    /// Your own proof (the draw_proof that came with your ticket), to find yourself in the list
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// The commitment as you noted it when the round was scheduled
    #[arg(long, value_name = "DIGITS", value_parser = digest)]
    commitment: Option<Digest>,
    /// The root as you noted it when the lobby closed
    #[arg(long, value_name = "DIGITS", value_parser = digest)]
    root: Option<Digest>,
}

impl VerifyDraw {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let proof = match &self.proof {
            Some(path) => {
                let text = read_file(path, PROOF_BYTES_MAX)?;
                Some(parse::<Proof>(&path.display(), "a proof", &text)?)
            }
            None => None,
        };
        let text = match Url::parse(&self.transcript) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                actix_web::rt::System::new().block_on(fetch(&url))?
            }
            _ => read_file(Path::new(&self.transcript), TRANSCRIPT_BYTES_MAX)?,
        };
        let transcript = parse::<Transcript>(&self.transcript, "a transcript", &text)?;
        let mut report = Report::default();
        let holds = self.check(&transcript, proof.as_ref(), &mut report);
        report.text += if holds { "verified\n" } else { "not verified\n" };
        print(&report.text);
        Ok(if holds { Exit::Done } else { Exit::Failure })
    }

    /// Checks everything there is, up to the first thing that does not hold.
    fn check(&self, of: &Transcript, proof: Option<&Proof>, report: &mut Report) -> bool {
        let held = in_words(of);
        let verified = match draw::verify(of) {
            Ok(verified) => verified,
            Err(fault) => {
                held[..stage(&fault)].iter().for_each(|line| report.good(line));
                return report.bad(fault);
            }
        };
        held.iter().for_each(|line| report.good(line));
        report.of_entries_and_shares(of, &verified);
        for (name, noted, stated) in
            [("commitment", self.commitment, of.commitment), ("root", self.root, of.root)]
        {
            match noted {
                Some(noted) if noted != stated => {
                    return report.bad(format!("the {name} is not the one that was noted"));
                }
                Some(_) => report.good(&format!("the {name} is the one that was noted")),
                None => report.note(&format!("the {name} was not compared with one noted before")),
            }
        }
        match proof.map(|proof| (proof.entry, proof.number_in(of))) {
            None => {}
            Some((_, Err(fault))) => return report.bad(fault),
            Some((entry, Ok(number))) => {
                report.good(&format!("the proof is in the list: entry {entry}, number {number}"));
            }
        }
        true
    }
}

/// What is printed: a line for each thing that was checked.
#[derive(Default)]
struct Report {
    text: String,
}

impl Report {
    fn good(&mut self, line: &str) {
        self.text += &format!("ok    {line}\n");
    }

    /// Something that the reader has to know or to do.
    fn note(&mut self, line: &str) {
        self.text += &format!("note  {line}\n");
    }

    fn bad(&mut self, why: impl Display) -> bool {
        self.text += &format!("NOT   {why}\n");
        false
    }

    fn of_entries_and_shares(&mut self, of: &Transcript, verified: &Verified) {
        if verified.empty > 0 {
            self.note(&format!("{} entries are held by nobody", verified.empty));
        }
        if of.shares.is_empty() {
            self.note("no shares: an operator could have tried lists before closing");
        }
        for name in &verified.missing_shares {
            self.note(&format!("share {name} was not given in time, and the seed says so"));
        }
        for share in of
            .shares
            .iter()
            .filter(|share| verified.beacons.iter().any(|name| name == share.spec.name()))
        {
            if let (ShareSpec::Beacon { name, source }, Some(value)) = (&share.spec, &share.value) {
                self.note(&format!("share {name}: look it up at {source:?}; it must say {value}"));
            }
        }
    }
}

/// What each step of the check says when it holds, in the order of the steps.
fn in_words(of: &Transcript) -> [String; 6] {
    [
        format!(
            "round {}, class {:?}: {} entries, drawn by {ALGORITHM}",
            of.round_id, of.class, of.count
        ),
        format!("the key fits the commitment {}", of.commitment),
        format!("the leaves fit the root {}", of.root),
        "no share that was given differs from its commitment".to_owned(),
        format!("the seed follows from root, key and shares: {}", of.seed),
        "every number follows from the seed".to_owned(),
    ]
}

/// How many steps held before this fault.
fn stage(fault: &draw::Fault) -> usize {
    match fault {
        draw::Fault::AlgorithmIsNotKnown
        | draw::Fault::ThereAreTooManyEntries
        | draw::Fault::LeavesAreNotAsManyAsCounted { .. }
        | draw::Fault::TimesAreNotInOrder => 0,
        draw::Fault::KeyDoesNotFitCommitment => 1,
        draw::Fault::LeavesDoNotFitRoot => 2,
        draw::Fault::SharesAreNotSound(_) | draw::Fault::ShareDoesNotFit { .. } => 3,
        draw::Fault::SeedDoesNotFollow => 4,
        draw::Fault::OrderIsNotAsLongAsCounted { .. } | draw::Fault::OrderDoesNotFollow { .. } => 5,
    }
}

fn digest(text: &str) -> Result<Digest, String> {
    Digest::parse(&text.to_lowercase()).ok_or_else(|| "64 digits of hexadecimal".to_owned())
}

fn parse<T: DeserializeOwned>(from: &dyn Display, what: &str, text: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(text).map_err(|cause| {
        // The cause may quote the text, which may hold anything.
        let cause = cause.to_string();
        Fault::failure(format!("{from} is not {what}: {}", cause.escape_debug()))
    })
}

fn read_file(path: &Path, most: usize) -> Result<Vec<u8>, Fault> {
    let fault = |cause: &dyn Display| Fault::failure(format!("{}: {cause}", path.display()));
    let file = std::fs::File::open(path).map_err(|cause| fault(&cause))?;
    let mut text = Vec::new();
    let read = file.take(most as u64 + 1).read_to_end(&mut text);
    read.map_err(|cause| fault(&cause))?;
    if text.len() > most {
        return Err(fault(&format!("longer than {most} bytes")));
    }
    Ok(text)
}

/// Follows no redirect and asks no proxy: the answer is that of the address.
async fn fetch(url: &Url) -> Result<Vec<u8>, Fault> {
    let down = |cause: &dyn Display| Fault::new(Exit::DependencyDown, format!("{url}: {cause}"));
    // Whoever was first in this process has installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .user_agent(concat!("openrun/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|cause| Fault::failure(format!("no HTTP client: {cause}")))?;
    let mut answer = client.get(url.clone()).send().await.map_err(|cause| down(&cause))?;
    if !answer.status().is_success() {
        return Err(Fault::failure(format!("{url}: answered {}", answer.status())));
    }
    let mut text = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|cause| down(&cause))? {
        if text.len() + chunk.len() > TRANSCRIPT_BYTES_MAX {
            let cause = format!("longer than {TRANSCRIPT_BYTES_MAX} bytes");
            return Err(Fault::failure(format!("{url}: {cause}")));
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}
