//! What tests ask of answers and of a whole sale.

use super::app::TestApp;
use super::wire::{Answer, Request};
use serde_json::Value;
use std::future::Future;

/// The body of an answer that must say yes.
#[track_caller]
pub fn allowed(answer: Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{} {}", answer.status, answer.text());
    answer.json()
}

/// A problem must have this status and code, the form of RFC 9457, and at least these facts.
#[track_caller]
pub fn expect(answer: &Answer, status: u16, code: &str, facts: &Value) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text());
    let body = answer.json();
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{body}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{body}");
    assert_eq!(body["type"], format!("urn:openrun:problem:{code}"), "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
    for (name, value) in facts.as_object().into_iter().flatten() {
        assert_eq!(&body[name], value, "{name} of {body}");
    }
}

/// Everybody at once; answers in the order of the list.
pub async fn join_all<T: Send + 'static>(
    all: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = all.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        match task.await {
            Ok(answer) => answers.push(answer),
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
    answers
}

/// Waiting for what must come, and not for a time.
pub mod eventually {
    use std::time::Duration;

    /// Between two looks.
    const PAUSE: Duration = Duration::from_millis(20);
    /// Looks before giving up: 30 s, far above what anything takes, also on a machine that does
    /// something else for seconds.
    pub const LOOKS: u32 = 1_500;

    /// Gives others a turn before the next look.
    pub async fn pause() {
        tokio::time::sleep(PAUSE).await;
    }

    /// Looks until something is there.
    pub async fn some<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        for _ in 0..LOOKS {
            if let Some(found) = look().await {
                return found;
            }
            pause().await;
        }
        panic!("never came: {what}");
    }

    /// Looks until something is so.
    pub async fn so(what: &str, mut look: impl AsyncFnMut() -> bool) {
        some(what, async || look().await.then_some(())).await;
    }
}

/// The money of a round as the operator sees it: sold, held, left and how many purchases. What is
/// sold, held and left comes to the stock, always.
pub async fn money(app: &TestApp, round: &str) -> (i64, i64, i64, u64) {
    let figures = app.operator.figures(round).await;
    let won = |field: &str| figures[field].as_i64().expect("a figure in won");
    let (sold, held, left) = (won("sold_won"), won("held_won"), won("left_won"));
    assert_eq!(sold + held + left, won("stock_won"), "OR-1: {figures}");
    assert!(sold >= 0 && held >= 0 && left >= 0, "OR-1: {figures}");
    (sold, held, left, figures["purchases"].as_u64().expect("a count"))
}

/// Waits for two ticks of a round that nothing holds up: from then on its clocks run. What time
/// passes while the store owes an answer lets no turn lapse.
pub async fn clocks_run(app: &TestApp, round: &str) {
    let path = format!("/v1/rounds/{round}/watermark");
    let document = async || allowed(app.web.send(&Request::new("GET", path.as_str())).await);
    let begun = document().await["serial"].as_u64().expect("a number");
    eventually::so("two ticks of a round that goes on", async || {
        let now = document().await;
        now["interruption"].is_null() && now["serial"].as_u64() > Some(begun + 1)
    })
    .await;
}

/// Waits until the published figures say that so much is sold.
pub async fn sold_is(app: &TestApp, round: &str, want: i64) {
    let mut last = (0, 0, 0, 0);
    for _ in 0..eventually::LOOKS {
        last = money(app, round).await;
        if last.0 == want {
            return;
        }
        eventually::pause().await;
    }
    panic!("{round}: {want} won were bought, and the figures say {last:?}");
}

/// Stops the server; every rule of the store must hold, and so much must be sold.
pub async fn stop_clean(app: TestApp, sold_won: i64) {
    let audited = app.stop().await;
    audited.assert_clean();
    assert_eq!(audited.sold_won, sold_won, "what was answered is what is stored");
}

/// The sum over all series of a metric whose line begins so.
pub fn metric(text: &str, start: &str) -> f64 {
    let lines = text.lines().filter(|line| line.starts_with(start));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}
