//! Key directories that are refused, made and rotated.

use super::*;
use openrun_core::round_spec::LineId;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const NOW: Timestamp = Timestamp(1_657_760_400_000);

/// A directory as `openrun keys init --channel seoul-pay` makes it.
fn production() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let made = init(dir.path(), &[ChannelId::new("seoul-pay").unwrap()]).unwrap();
    assert_eq!(made.len(), 5);
    dir
}

fn file_of(dir: &Path, kind: &str) -> PathBuf {
    let mut files = fs::read_dir(dir.join("keys")).unwrap().flatten().map(|entry| entry.path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    files.find(|path| name(path).starts_with(kind) && !name(path).ends_with("retired")).unwrap()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn refusal(dir: &Path) -> String {
    Keys::open(dir, false).unwrap_err().to_string()
}

#[test]
fn what_init_makes_is_private_and_enough() {
    let dir = production();
    let keys = Keys::open(dir.path(), false).unwrap();
    assert_eq!(keys.channels(), ["seoul-pay"]);
    assert_eq!(keys.describe().len(), 5);
    for kind in ["ticket", "pass", "staff", "draw", "channels/seoul-pay.hs256"] {
        let path = match kind {
            "ticket" | "pass" | "staff" | "draw" => file_of(dir.path(), kind),
            path => dir.path().join("keys").join(path),
        };
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{kind}");
    }
    assert_eq!(init(dir.path(), &[]).unwrap(), Vec::<PathBuf>::new(), "nothing is made twice");
}

/// S6, S17.
#[test]
fn a_server_refuses_a_directory_that_is_missing_unsafe_or_made_for_development() {
    let empty = tempfile::tempdir().unwrap();
    assert!(refusal(empty.path()).contains("openrun keys init"));
    assert!(Keys::open_existing(empty.path()).is_err());

    let development = tempfile::tempdir().unwrap();
    Keys::open(development.path(), true).unwrap();
    assert!(refusal(development.path()).contains("made for development"));
    assert!(init(development.path(), &[]).is_err());
    assert!(Keys::open_existing(development.path()).is_ok(), "a tool may sign with them");

    let dir = production();
    let keys = dir.path().join("keys");
    mode(&keys, 0o750);
    assert!(refusal(dir.path()).contains("chmod 700"));
    mode(&keys, 0o700);
    for kind in ["ticket", "pass", "staff", "draw"] {
        let path = file_of(dir.path(), kind);
        mode(&path, 0o644);
        assert!(refusal(dir.path()).contains("chmod 600"), "{kind}");
        mode(&path, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(refusal(dir.path()).contains(&format!("no {kind} key")));
        fs::write(&path, "???").unwrap();
        mode(&path, 0o600);
        assert!(refusal(dir.path()).contains("is not"), "{kind}");
        fs::write(&path, text).unwrap();
    }
    let ticket = file_of(dir.path(), "ticket");
    for (secret, why) in [("c2hvcnQ", "too weak"), (&"QUFB".repeat(16), "too weak")] {
        fs::write(&ticket, secret).unwrap();
        assert!(refusal(dir.path()).contains(why), "{secret}");
    }
    fs::copy(keys.join("channels/seoul-pay.hs256"), &ticket).unwrap();
    assert!(refusal(dir.path()).contains("another file"));
    let open = Keys::open(dir.path(), true).unwrap_err().to_string();
    assert!(open.contains("not development keys"), "{open}");
}

#[test]
fn a_channel_is_named_by_its_file() {
    let dir = production();
    let channels = dir.path().join("keys/channels");
    for name in ["openrun-admin.hs256", "Seoul.hs256", "seoul-pay.a.hs256"] {
        let path = channels.join(name);
        fs::write(&path, "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY").unwrap();
        mode(&path, 0o600);
        assert!(refusal(dir.path()).contains("named after a channel"), "{name}");
        fs::remove_file(&path).unwrap();
    }
    let second = channels.join("seoul-pay.2.hs256");
    fs::write(&second, "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY").unwrap();
    mode(&second, 0o600);
    let old = Keys::open_existing(dir.path()).unwrap();
    let kids: Vec<String> = old.describe().into_iter().map(|key| key.kid).collect();
    assert_eq!(&kids[4..], ["seoul-pay-2", "seoul-pay-1"]);
}

#[test]
fn what_was_signed_before_a_rotation_is_honoured_after_it() {
    let dir = production();
    let (round, line) = (RoundId::new("seoul").unwrap(), LineId(0));
    let person = PersonKey([1; 16]);
    let ticket = Ticket { round: round.clone(), line, number: 1, person, at: NOW };
    let pass = Pass { round, line, number: 1, person, expires_at: NOW.plus_millis(1) };
    let signed = |keys: &Keys| {
        let staff = keys.make_staff_token("lee", Role::Viewer, NOW, 60).unwrap();
        [keys.seal_ticket(&ticket), keys.seal_pass(&pass), staff]
    };
    let good = |keys: &Keys, texts: &[String; 3]| {
        let shown = keys.open_pass(&texts[1], &pass.round, person, NOW);
        let staff = keys.verify_staff(&texts[2], NOW).is_ok();
        [keys.open_ticket(&texts[0]).is_some(), matches!(shown, ShownPass::Valid(..)), staff]
    };
    let mut texts = Vec::new();
    for round in 0..3 {
        let keys = Keys::open(dir.path(), false).unwrap();
        texts.push(signed(&keys));
        for (age, texts) in texts.iter().rev().enumerate() {
            assert_eq!(good(&keys, texts), [age < 2; 3], "age {age} in round {round}");
        }
        for kind in Kind::ALL {
            let (_, retired) = rotate(dir.path(), kind).unwrap();
            let is_retired = round > 0 && kind != Kind::Draw;
            assert_eq!(retired.len(), usize::from(is_retired), "{kind:?}");
        }
    }
    assert_eq!(Keys::open(dir.path(), false).unwrap().jwks()["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn a_draw_key_is_never_retired() {
    let dir = production();
    let round = RoundId::new("seoul").unwrap();
    let keys_of = || {
        let secrets = Keys::open(dir.path(), false).unwrap().draw_secrets().of_round(&round);
        secrets.iter().map(|secret| secret.key("everyone")).collect::<Vec<_>>()
    };
    let first = keys_of();
    for made in 1..5 {
        assert!(!would_retire(dir.path(), Kind::Draw).unwrap());
        let (_, retired) = rotate(dir.path(), Kind::Draw).unwrap();
        assert_eq!(retired, Vec::<PathBuf>::new());
        let now = keys_of();
        assert_eq!((now.len(), now.last()), (made + 1, first.last()), "newest first, none is gone");
    }
    assert!(!would_retire(dir.path(), Kind::Pass).unwrap(), "one is no more than may be");
    rotate(dir.path(), Kind::Pass).unwrap();
    assert!(would_retire(dir.path(), Kind::Pass).unwrap());
}
