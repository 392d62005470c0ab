//! The admin API from a shell: `openrun round` and `openrun program` against a server of its own,
//! in both languages, with the exit codes of the contract.

use crate::support::process::Process;
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::{eventually, on_stage};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output};

/// A shell beside a server.
struct Shell<'s> {
    server: &'s Process,
    name: &'static str,
    language: &'static str,
}

impl Shell<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openrun"));
        command.args(words).args(["--ops", &format!("http://{}", self.server.ops)]);
        command.arg("--data").arg(self.server.data.path()).args(["--name", self.name]);
        command.env_remove("OPENRUN_STAFF_TOKEN").env_remove("LC_ALL");
        command.env_remove("LC_MESSAGES").env("LANG", self.language);
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program was built")
    }

    /// What a command prints that must do.
    #[track_caller]
    fn does(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).expect("it prints text")
    }

    /// The exit code of a command that must not, and what it says.
    #[track_caller]
    fn fails(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.run(words);
        assert!(!output.status.success() && output.stdout.is_empty(), "{words:?}: {output:?}");
        (output.status.code(), String::from_utf8(output.stderr).expect("it says why in text"))
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        let text = self.does(&[words, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }

    fn file(&self, name: &str, body: &Value) -> String {
        let path: PathBuf = self.server.data.path().join(name);
        std::fs::write(&path, body.to_string()).expect("the folder takes files");
        path.to_str().expect("it is text").to_owned()
    }
}

const WHY: [&str; 2] = ["--reason", "a test"];

fn with_reason<'w>(words: &[&'w str]) -> Vec<&'w str> {
    [words, &WHY].concat()
}

fn long_sale() -> Value {
    let form = RoundForm::for_all(1_000_000);
    form.times("2022-07-14T10:00:00+09:00", "2099-01-01T00:00:00+09:00").0
}

#[test]
fn a_round_goes_through_its_life_by_commands_alone() {
    on_stage(async {
        let server = Process::start("info").await;
        let kim = Shell { server: &server, name: "kim", language: "en_US.UTF-8" };
        let lee = Shell { server: &server, name: "lee", language: "ko_KR.UTF-8" };
        let name = json!({"ko": "서울사랑상품권", "en": "Seoul Love voucher"});
        let program = json!({"name": name, "issuer": "seoul", "rules": citywide_rules()});
        let program = kim.file("program.json", &program);
        let put = kim.does(&with_reason(&["program", "put", CITYWIDE, &program]));
        assert!(put.contains("issuer") && put.contains("400,000"), "{put}");
        assert!(lee.does(&["program", "list"]).contains(CITYWIDE));
        assert_eq!(kim.json(&["program", "show", CITYWIDE])["version"], 1);
        let form = kim.file("round.json", &long_sale());
        let put = kim.does(&with_reason(&["round", "put", "r1", &form]));
        assert!(put.contains("state") && put.contains("draft"), "{put}");

        // Tried, then done, held to what was looked at.
        let open = ["round", "open", "r1", "--reason", "a test"];
        let tried = kim.does(&[&open[..], &["--dry-run"]].concat());
        assert!(tried.contains("draft → open") && tried.contains("nothing was done"), "{tried}");
        assert!(lee.does(&["round", "show", "r1"]).contains("준비 중"));
        let version = kim.json(&["round", "show", "r1"])["version"].to_string();
        let (code, said) = kim.fails(&[&open[..], &["--if-version", "77"]].concat());
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("version-changed") && said.contains("look again"), "{said}");
        kim.does(&[&open[..], &["--if-version", &version]].concat());
        let mut buyer = server.buyer("ann");
        buyer.buy_through("r1", "ann-1", 300_000).await;
        let inlet = ["round", "inlet", "r1", "--rate-per-s", "14.6", "--mode", "manual"];
        let inlet = kim.does(&with_reason(&inlet));
        assert!(inlet.contains("14.6") && inlet.contains("manual"), "{inlet}");
        kim.does(&with_reason(&["round", "let-in", "r1", "10"]));

        // Stock takes two.
        let ask = ["round", "stock", "ask", "r1", "--change-won", "-100000"];
        let asked = kim.does(&with_reason(&ask));
        assert!(asked.contains("second person") && asked.contains("-100,000"), "{asked}");
        let confirm = with_reason(&["round", "stock", "confirm", "r1"]);
        let (code, said) = kim.fails(&confirm);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("second-person-required"), "{said}");
        assert!(lee.does(&confirm).contains("900,000"));
        let (code, said) = lee.fails(&confirm);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("대기 중인 요청이 없습니다"), "{said}");

        let post = ["round", "notice", "post", "r1", "--ko", "잠시만요", "--en", "one moment"];
        let posted = kim.json(&with_reason(&post));
        assert!(lee.does(&["round", "show", "r1"]).contains("잠시만요"));
        let id = posted["id"].as_str().expect("an id");
        assert!(kim.does(&["round", "notice", "withdraw", id]).contains("no notices"));
        for step in ["pause", "resume", "close"] {
            kim.does(&with_reason(&["round", step, "r1"]));
        }
        assert!(lee.does(&["round", "list"]).contains("종료"));
        let (code, said) = lee.fails(&with_reason(&["round", "open", "r1"]));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("wrong-state") && said.contains("종료"), "{said}");
        let log = kim.does(&["round", "log", "--limit", "50"]);
        for action in ["put-round", "open", "set-inlet", "ask-stock", "confirm-stock", "close"] {
            assert!(log.contains(action), "{action}: {log}");
        }
        assert!(log.contains("kim") && log.contains("lee") && log.contains("approver"), "{log}");
    });
}

#[test]
fn what_was_sold_is_settled_and_looked_up_from_a_shell() {
    on_stage(async {
        let server = Process::start("info").await;
        server.operator.define_open("r1", &RoundForm(long_sale())).await;
        let bought = server.buyer("ann").buy_through("r1", "ann-1", 300_000).await.json();
        let kim = Shell { server: &server, name: "kim", language: "C" };
        let printed = kim.does(&["round", "settlement", "r1"]);
        assert!(
            printed.ends_with("total,,,1,300000,279000,21000,0,0,0,0,0,0,0,0\r\n"),
            "{printed}"
        );
        let file = kim.file("settlement.csv", &Value::Null);
        assert_eq!(kim.does(&["round", "settlement", "r1", "--output", &file]), "");
        assert_eq!(std::fs::read_to_string(&file).expect("it was written"), printed);
        let id = bought["id"].as_str().expect("an id");
        let found = kim.does(&["round", "purchase", id, "--reason", "the buyer called"]);
        assert!(found.contains("300,000") && found.contains("seoul-pay"), "{found}");
        let log = kim.json(&["round", "log", "--limit", "1"]);
        assert_eq!(log["entries"][0]["action"], "look-up-purchase");
        assert_eq!(log["entries"][0]["reason"], "the buyer called");
        // The least role that does.
        assert_eq!(log["entries"][0]["role"], "viewer");
        let until = "2099-01-01T00:00:00+09:00";
        let message = json!({"ko": "중단", "en": "off"});
        let one = json!({"feature": "gifts", "until": until, "message": message});
        let list = kim.file("off.json", &json!({"suspensions": [one]}));
        let set = kim.does(&with_reason(&["round", "suspensions", "--set", &list]));
        assert!(set.contains("gifts") && set.contains("2099-01-01"), "{set}");
        assert_eq!(kim.does(&["round", "suspensions"]), set);
        let version = kim.json(&["round", "suspensions"])["version"].to_string();
        let again = ["round", "suspensions", "--set", &list, "--if-version", &version];
        kim.does(&with_reason(&again));
        let (code, said) = kim.fails(&with_reason(&again));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("version-changed"), "{said}");
    });
}

#[test]
fn what_goes_wrong_is_told_with_its_exit_code_and_what_to_do() {
    on_stage(async {
        let server = Process::start("info").await;
        let kim = Shell { server: &server, name: "kim", language: "C" };
        let (code, said) = kim.fails(&["round", "show", "nowhere"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("round-not-found") && said.contains("round list"), "{said}");
        for (words, word) in [
            (&["round", "show", "No Slug"][..], "a-z"),
            (&["round", "open", "r1"], "--reason"),
            (&["round", "inlet", "r1", "--mode", "fast", "--reason", "x"], "manual"),
            (&["round", "fly"], "fly"),
        ] {
            let (code, said) = kim.fails(words);
            assert_eq!(code, Some(2), "{said}");
            assert!(said.contains(word), "{said}");
        }
        let missing = kim.fails(&["round", "put", "r1", "/nowhere/round.json"]);
        assert_eq!(missing.0, Some(1), "{missing:?}");
        let list = kim.file("list.json", &json!([1]));
        let (code, said) = kim.fails(&["round", "put", "r1", &list]);
        assert_eq!((code, said.contains("a JSON object")), (Some(1), true), "{said}");
        let mut with_token = kim.command(&["round", "list"]);
        let output = with_token.env("OPENRUN_STAFF_TOKEN", "x.y.z").output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(said.contains("unauthenticated") && said.contains("--token-file"), "{said}");
        assert!(!said.contains("x.y.z"), "a token is never said back: {said}");
        let file = kim.file("token", &Value::Null);
        std::fs::write(&file, format!("{}\n", server.operator.token)).expect("it is written");
        let rounds = kim.does(&["round", "list", "--token-file", &file]);
        assert!(rounds.contains("state"), "{rounds}");
        let mut keyless = kim.command(&["round", "list", "--data", "/nowhere"]);
        let output = keyless.output().expect("it runs");
        // A flag that is given twice is wrong usage; so the other form.
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let ops = server.ops;
        drop(server);
        let gone = async || {
            let mut list = Command::new(env!("CARGO_BIN_EXE_openrun"));
            list.args(["round", "list", "--ops", &ops.to_string()]);
            list.env("OPENRUN_STAFF_TOKEN", "x").output().expect("it runs").status.code()
        };
        eventually::so("nobody answers there", async || gone().await == Some(69)).await;
        let keyless = Command::new(env!("CARGO_BIN_EXE_openrun"))
            .args(["round", "list", "--data", "/nowhere"])
            .env_remove("OPENRUN_STAFF_TOKEN")
            .output();
        assert_eq!(keyless.expect("it runs").status.code(), Some(78));
    });
}
