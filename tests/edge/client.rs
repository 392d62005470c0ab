//! The documented client, `docs/client.js` and `docs/client.py`, against a real server: it comes to
//! the answers that the server gives, and believes no document that it should not.

use crate::support::staff::RoundForm;
use crate::support::{Buyer, Request, TestApp, allowed, eventually, join_all, on_stage};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
const WATERMARK: &str = "/v1/rounds/r1/watermark";

/// Reads cases from its input: calls the client, and writes what came of each.
const IN_JAVASCRIPT: &str = "
    const { place, read, stray } = await import(process.argv[1] + '/client.js');
    let input = '';
    for await (const chunk of process.stdin) input += chunk;
    const { places, reads } = JSON.parse(input);
    const worked = places.map(([document, name, number]) => place(document, name, number));
    const believed = [];
    for (const { text, round, keys, last, now } of reads) {
      const reading = read(text, round, keys, last, Date.parse(now));
      believed.push(await reading.then(() => '', (error) => error.message || 'no'));
    }
    const all = Array.from({ length: 1000 }, () => stray(1000, { jitter_percent: 20 }));
    const strayed = [Math.min(...all), Math.max(...all)];
    process.stdout.write(JSON.stringify({ worked, believed, strayed }));
";
const IN_PYTHON: &str = "
import datetime, json, sys
sys.path.insert(0, sys.argv[1])
import client
case = json.load(sys.stdin)
worked = [client.place(*it) for it in case['places']]
believed = None
try:
    import cryptography
    believed = []
    for it in case['reads']:
        try:
            now = datetime.datetime.fromisoformat(it['now'])
            client.read(it['text'], it['round'], it['keys'], it['last'], now)
            believed.append('')
        except Exception as error:
            believed.append(str(error) or type(error).__name__)
except ImportError:
    pass
json.dump({'worked': worked, 'believed': believed}, sys.stdout)
";

async fn run(program: &'static str, arguments: Vec<&'static str>, input: &Value) -> Value {
    let text = input.to_string();
    let ran = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(program);
        command.args(arguments).arg(DOCS).env("PYTHONDONTWRITEBYTECODE", "1");
        let missing = "it is missing: tests/run installs it";
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; {missing}"));
        child.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{program}: {:?}", output.status);
        output.stdout
    });
    let said = ran.await.expect("it does not panic");
    serde_json::from_slice(&said).expect("it writes JSON")
}

async fn in_javascript(input: &Value) -> Value {
    run("node", vec!["--no-warnings", "--input-type=module", "-e", IN_JAVASCRIPT], input).await
}

async fn in_python(input: &Value) -> Value {
    run("python3", vec!["-c", IN_PYTHON], input).await
}

/// A document and what the server told people whom it speaks of.
async fn told(app: &TestApp, people: &[Buyer]) -> (Value, Vec<Value>) {
    eventually::some("nothing changes while all are asked", async || {
        let document = allowed(app.web.send(&Request::new("GET", WATERMARK)).await);
        let asked = people.iter().map(|person| {
            let person = person.clone();
            async move { allowed(person.where_am_i("r1").await) }
        });
        let answers = join_all(asked).await;
        let after = allowed(app.web.send(&Request::new("GET", WATERMARK)).await);
        let facts = |document: &Value| {
            let mut facts = document.clone();
            for of_the_moment in ["serial", "at", "signature"] {
                facts[of_the_moment] = Value::Null;
            }
            facts
        };
        (facts(&document) == facts(&after)).then_some((document, answers))
    })
    .await
}

fn check(worked: &Value, answer: &Value) {
    for field in ["state", "ahead", "outlook"] {
        assert_eq!(worked[field], answer[field], "{field}: {worked} for {answer}");
    }
    assert_eq!(worked["eta"].is_null(), answer["eta"].is_null(), "{worked} for {answer}");
    for field in ["p10_s", "p50_s", "p90_s"] {
        let seconds = |value: &Value| value["eta"][field].as_f64().unwrap_or_default();
        let (worked, told) = (seconds(worked), seconds(answer));
        // The server says whole seconds.
        assert!((worked - told).abs() <= 1.0 + told / 1_000.0, "{field}: {worked} for {told}");
    }
    // The server has jittered its own by a fifth.
    let (worked, told) = (&worked["poll_after_ms"], &answer["poll_after_ms"]);
    let (worked, told) = (worked.as_f64().expect("a time"), told.as_f64().expect("a time"));
    assert!((worked * 0.79..=worked * 1.21 + 1.0).contains(&told), "{worked} ms for {told} ms");
}

#[test]
fn the_documented_client_comes_to_the_answers_of_the_server() {
    on_stage(async {
        let app = TestApp::start_at("2022-07-14T09:40:00+09:00").await;
        // 40 purchases for 300 people, of whom 60 have their turn.
        let form = RoundForm::for_all(16_000_000).inlet("rate_per_s", 0.001);
        app.operator.define("r1", &form.inlet("max_active", 1_000)).await;
        allowed(app.operator.step("r1", "schedule").await);
        let in_lobby = async || {
            let round = app.web.send(&Request::new("GET", "/v1/rounds/r1")).await;
            allowed(round)["state"] == "lobby"
        };
        eventually::so("people can join", in_lobby).await;
        let people: Vec<Buyer> = (0..300).map(|it| app.buyer(&format!("person-{it}"))).collect();
        let joining = people.into_iter().map(|mut person| async move {
            allowed(person.join("r1").await);
            person
        });
        let people = join_all(joining).await;
        let mut cases = Vec::new();
        cases.push(told(&app, &people).await);
        app.operator.open("r1").await;
        let patches = [
            json!({"rate_per_s": 60}),
            json!({"rate_per_s": 0.2}),
            json!({"mode": "shut"}),
            json!({"mode": "auto", "rate_per_s": 0.001}),
        ];
        for patch in patches {
            app.operator.set_inlet("r1", patch.clone()).await;
            if patch["rate_per_s"] == 60 {
                eventually::so("some have their turn", async || {
                    app.operator.figures("r1").await["watermark"].as_u64() >= Some(60)
                })
                .await;
                continue;
            }
            cases.push(told(&app, &people).await);
        }
        app.operator.pause("r1").await;
        cases.push(told(&app, &people).await);
        app.operator.close("r1").await;
        cases.push(told(&app, &people).await);
        let mut places = Vec::new();
        for (document, answers) in &cases {
            let all = answers.iter();
            places.extend(all.map(|it| json!([document, it["class"], it["number"]])));
        }
        let input = json!({"places": places, "reads": []});
        for said in [in_javascript(&input).await, in_python(&input).await] {
            let worked = said["worked"].as_array().expect("a list");
            let answers = cases.iter().flat_map(|(_, answers)| answers);
            let mut states = std::collections::BTreeSet::new();
            for (worked, answer) in worked.iter().zip(answers) {
                check(worked, answer);
                let word = |field: &str| answer[field].as_str().expect("a word").to_owned();
                states.insert((word("state"), word("outlook"), answer["eta"].is_null()));
            }
            assert_eq!(worked.len(), 300 * cases.len());
            assert!(states.len() >= 6, "the cases differ: {states:?}");
        }
    });
}

/// Who is in a lobby that is drawn has no number: the client says what the server says.
#[test]
fn the_documented_client_answers_who_is_in_a_lobby_without_a_number() {
    on_stage(async {
        let app = TestApp::start_at("2022-07-14T09:40:00+09:00").await;
        // 2 purchases: likely for one, not for ten.
        let form = RoundForm::for_all(800_000).with("order", json!("draw"));
        app.operator.define("r1", &form.inlet("mode", "shut")).await;
        allowed(app.operator.step("r1", "schedule").await);
        let (mut people, mut places, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for count in [1, 10] {
            while people.len() < count {
                let mut person = app.buyer(&format!("person-{}", people.len()));
                allowed(person.join("r1").await);
                people.push(person);
            }
            let (document, said) = eventually::some("all are counted", async || {
                let told = told(&app, &people).await;
                (told.0["lobbies"][0]["people"] == count).then_some(told)
            })
            .await;
            places.extend(said.iter().map(|it| json!([document, it["class"], it["number"]])));
            answers.extend(said);
        }
        assert!(answers.iter().all(|it| it["number"].is_null() && it["state"] == "lobby"));
        assert_ne!(answers[0]["outlook"], answers[10]["outlook"], "the cases differ");
        let input = json!({"places": places, "reads": []});
        for said in [in_javascript(&input).await, in_python(&input).await] {
            let worked = said["worked"].as_array().expect("a list");
            assert_eq!(worked.len(), answers.len());
            worked.iter().zip(&answers).for_each(|(worked, answer)| check(worked, answer));
        }
    });
}

/// S33: what was changed on the way, what is old, and what stood before is not believed.
#[test]
fn s33_a_document_that_was_changed_is_old_or_rolled_back_is_refused() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        allowed(app.operator.put_round("r2", &RoundForm::for_all(1_000_000)).await);
        let text = async |round: &str| {
            let path = format!("/v1/rounds/{round}/watermark");
            app.web.send(&Request::new("GET", path)).await.text()
        };
        let keys = allowed(app.web.send(&Request::new("GET", "/.well-known/jwks.json")).await);
        let good = text("r1").await;
        let document: Value = serde_json::from_str(&good).expect("it is JSON");
        let later = eventually::some("the next one", async || {
            let later = text("r1").await;
            let serial = serde_json::from_str::<Value>(&later).expect("JSON")["serial"].clone();
            (serial != document["serial"]).then_some(later)
        })
        .await;
        let last: Value = serde_json::from_str(&later).expect("it is JSON");
        let mut older_epoch = document.clone();
        older_epoch["epoch"] = json!(document["epoch"].as_u64().expect("a number") + 1);
        // When it was made, and so many seconds after.
        let made = document["at"].as_str().expect("a time");
        let moment: jiff::Timestamp = made.parse().expect("a time");
        let after = |seconds| {
            let moment = moment + jiff::SignedDuration::from_secs(seconds);
            let there = moment.to_zoned(jiff::tz::Offset::constant(9).to_time_zone());
            there.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
        };
        let (now, in_time, too_late) = (after(30), after(599), after(601));
        let now = now.as_str();
        let case = |text: &str, round: &str, last: &Value, now: &str| {
            reading(&keys, text, round, last, now)
        };
        let (none, forged) = (Value::Null, good.replacen("\"left_won\":1", "\"left_won\":9", 1));
        assert_ne!(forged, good);
        let other = TestApp::start().await;
        let strangers = Request::new("GET", "/.well-known/jwks.json");
        let strangers = allowed(other.web.send(&strangers).await);
        let mut of_a_stranger = case(&good, "r1", &none, now);
        of_a_stranger["keys"] = strangers;
        let cases = [
            (case(&good, "r1", &none, now), true),
            (case(&good, "r1", &document, now), true),
            (case(&later, "r1", &document, now), true),
            (case(&good, "r1", &none, &in_time), true),
            (case(&good, "r1", &none, &too_late), false),
            (case(&good, "r1", &last, now), false),
            (case(&good, "r1", &older_epoch, now), false),
            (case(&forged, "r1", &none, now), false),
            (case(&good.replacen(made, now, 1), "r1", &none, now), false),
            (case(&text("r2").await, "r1", &none, now), false),
            (of_a_stranger, false),
        ];
        let reads: Vec<_> = cases.iter().map(|(case, _)| case.clone()).collect();
        let input = json!({"places": [], "reads": reads});
        let said = in_javascript(&input).await;
        let strayed = said["strayed"].as_array().expect("two").iter().map(|it| it.as_f64());
        let strayed: Vec<f64> = strayed.map(|it| it.expect("a time")).collect();
        assert!(strayed[0] >= 800.0 && strayed[0] < 850.0, "{strayed:?}");
        assert!(strayed[1] <= 1_200.0 && strayed[1] > 1_150.0, "{strayed:?}");
        judge(&said["believed"], &cases);
        let said = in_python(&input).await;
        match said["believed"].is_null() {
            true => println!("python3 has no `cryptography` here: its `read` was not tried"),
            false => judge(&said["believed"], &cases),
        }
    });
}

fn reading(keys: &Value, text: &str, round: &str, last: &Value, now: &str) -> Value {
    json!({"text": text, "round": round, "keys": keys, "last": last, "now": now})
}

fn judge(believed: &Value, cases: &[(Value, bool)]) {
    let believed = believed.as_array().expect("a list");
    assert_eq!(believed.len(), cases.len());
    for (index, (said, (_, is_good))) in believed.iter().zip(cases).enumerate() {
        assert_eq!(said == "", *is_good, "case {index}: {said}");
    }
}
