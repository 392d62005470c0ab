//! A list of people brought by staff: everybody signed up once, told by counts alone, whatever is
//! switched off and whoever signs up meanwhile; over HTTP and from a shell.

use crate::support::app::Ending;
use crate::support::process::Process;
use crate::support::staff::RoundForm;
use crate::support::{TestApp, allowed, checks, expect, join_all, on_stage};
use openrun::trust::Role;
use serde_json::{Value, json};
use std::process::{Command, Output};

const PATH: &str = "/v1/admin/people";
const NOTHING: Value = Value::Null;

fn list(people: &[String]) -> Value {
    json!({"channel": "seoul-pay", "people": people, "reason": "accounts of before"})
}

#[test]
fn everybody_of_a_list_is_signed_up_once_and_named_nowhere() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
        allowed(app.buyer("person-7").sign_up().await);
        let people: Vec<String> = (0..1_200).map(|number| format!("person-{number}")).collect();
        let import =
            async |people: &[String]| app.operator.call("POST", PATH, Some(list(people))).await;
        let told = allowed(import(&people).await);
        assert_eq!(told, json!({"signed_up": 1_200, "new": 1_199}));
        assert_eq!(allowed(import(&people).await), json!({"signed_up": 1_200, "new": 0}));
        let log = app.operator.log().await;
        let imports: Vec<&Value> =
            log.iter().filter(|entry| entry["action"] == "import-people").collect();
        assert_eq!(imports.len(), 1, "what changed nothing is not in the log: {log:?}");
        assert_eq!(imports[0]["target"], "seoul-pay: 1200", "{imports:?}");
        assert!(!json!(log).to_string().contains("person-1199"), "{log:?}");
        let mut last = app.buyer("person-1199");
        assert_eq!(allowed(last.get("/v1/people/me").await)["signed_up"], true);
        assert_eq!(last.sign_up().await.status, 200, "as if they had come by themselves");
        last.get_pass("r1").await;
        assert_eq!(last.buy("r1", "key", 10_000).await.status, 201);
        let app = app.restart(Ending::Drop).await;
        let last = app.buyer("person-1198");
        assert_eq!(allowed(last.get("/v1/people/me").await)["signed_up"], true);
        checks::stop_clean(app, 10_000).await;
    });
}

#[test]
fn a_list_with_a_fault_in_it_signs_nobody_up() {
    on_stage(async {
        let app = TestApp::start().await;
        let mut people: Vec<String> = (0..10).map(|number| format!("person-{number}")).collect();
        let viewer = app.staff(Role::Viewer).call("POST", PATH, Some(list(&people))).await;
        expect(&viewer, 403, "forbidden", &NOTHING);
        people.push("two words".to_owned());
        let wrong = app.operator.call("POST", PATH, Some(list(&people))).await;
        expect(&wrong, 400, "malformed", &NOTHING);
        assert!(!wrong.text().contains("two words"), "{}", wrong.text());
        people.pop();
        let mut elsewhere = list(&people);
        elsewhere["channel"] = json!("old-platform");
        let elsewhere = app.operator.call("POST", PATH, Some(elsewhere)).await;
        expect(&elsewhere, 400, "malformed", &NOTHING);
        let told = allowed(app.operator.call("GET", "/v1/admin/channels", None).await);
        let known: Vec<&str> =
            told["channels"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        assert!(known.contains(&"seoul-pay") && !known.contains(&"old-platform"), "{told}");
        assert!(elsewhere.text().contains(&known.join(", ")), "{}", elsewhere.text());
        let none = app.operator.call("POST", PATH, Some(list(&[]))).await;
        expect(&none, 400, "malformed", &NOTHING);
        let many: Vec<String> = (0..5_001).map(|number| format!("p{number}")).collect();
        let many = app.operator.call("POST", PATH, Some(list(&many))).await;
        expect(&many, 400, "malformed", &NOTHING);
        let huge = list(&["x".repeat(600 * 1_024)]);
        let huge = app.operator.call("POST", PATH, Some(huge)).await;
        expect(&huge, 413, "body-too-large", &NOTHING);
        let me = app.buyer("person-0").get("/v1/people/me").await;
        expect(&me, 403, "not-registered", &NOTHING);
        checks::stop_clean(app, 0).await;
    });
}

/// Two lists that overlap, and those whom they name, all at once: everybody once.
#[test]
fn lists_and_those_they_name_may_come_at_once() {
    on_stage(async {
        let app = TestApp::start().await;
        let names = |from: u32, to: u32| (from..to).map(|n| format!("p{n}")).collect::<Vec<_>>();
        let import = |people: Vec<String>| {
            let operator = app.operator.clone();
            tokio::spawn(async move {
                let told = allowed(operator.call("POST", PATH, Some(list(&people))).await);
                told["new"].as_u64().expect("a count")
            })
        };
        let lists = [import(names(0, 1_500)), import(names(500, 2_000))];
        let themselves = (900..1_000).map(|number| {
            let buyer = app.buyer(&format!("p{number}"));
            async move { u64::from(buyer.sign_up().await.status == 201) }
        });
        let mut new: u64 = join_all(themselves).await.into_iter().sum();
        for list in lists {
            new += list.await.expect("it ends");
        }
        assert_eq!(new, 2_000, "each is new to one of them");
        // The store refuses a person twice: it would have failed.
        checks::stop_clean(app, 0).await;
    });
}

fn shell(server: &Process, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openrun"));
    command.args(["people", "import"]).args(words);
    command.args(["--ops", &format!("http://{}", server.ops), "--name", "kim"]);
    command.arg("--data").arg(server.data.path()).env_remove("OPENRUN_STAFF_TOKEN");
    command.output().expect("the program was built")
}

#[test]
fn a_file_is_imported_from_a_shell_and_its_bad_lines_are_told_by_number() {
    on_stage(async {
        let server = Process::start("info").await;
        let path = server.data.path().join("people.csv");
        let good: String = (0..6_000).map(|number| format!("p{number},seoul-pay\n")).collect();
        let file =
            format!("person,channel\n{good}not a name,seoul-pay\np7,moneytree\nq1,old-platform\n");
        std::fs::write(&path, file).expect("the folder takes files");
        let file = path.to_str().expect("it is text");
        let strict = shell(&server, &[file, "--strict", "--reason", "a test"]);
        assert_eq!(strict.status.code(), Some(1), "{strict:?}");
        let done = shell(&server, &[file, "--reason", "a test", "--json"]);
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        let text = String::from_utf8(done.stdout).expect("it prints text");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("line 6002 has a person that is not"), "{text}");
        assert_eq!(lines[1], "line 6003 has the person of line 9 again");
        assert_eq!(lines[2], "line 6004 has a channel that the server does not know");
        assert!(!text.contains("not a name") && !text.contains("old-platform"), "{text}");
        let said = String::from_utf8(done.stderr).expect("it says text");
        assert!(said.contains("the server knows these channels: ") && said.contains("seoul-pay"));
        let told: Value = serde_json::from_str(lines[3]).expect("JSON");
        assert_eq!(told, json!({"signed_up": 6_000, "new": 6_000, "wrong_lines": 3}));
        std::fs::write(&path, format!("person,channel\n{good}")).expect("again");
        let again = shell(&server, &[file, "--reason", "a test", "--json"]);
        assert_eq!(again.status.code(), Some(0), "{again:?}");
        let told: Value = serde_json::from_slice(&again.stdout).expect("JSON");
        assert_eq!(told, json!({"signed_up": 6_000, "new": 0, "wrong_lines": 0}));
    });
}
