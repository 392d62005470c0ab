//! The way to the ops listener: where it is, who asks, and what came of it.
//!
//! One call a time, and never twice on its own: whether to repeat is said by whoever reads the
//! fault. Decides nothing; a token is made in the least role that the call needs.

use super::words::{Here, Language, cure};
use crate::cli::{Exit, Fault};
use crate::trust::{Keys, Role};
use clap::Args;
use openrun_actors::{Clock, SystemClock};
use reqwest::{Client, Method, Url, redirect, retry};
use serde_json::Value;
use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

/// How long a server may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take: a settlement of a million purchases, twice.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Longest answer: a settlement of a year through every channel is a hundredth of it.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a token that is made on the spot is good, in seconds.
const TOKEN_TTL_S: i64 = 300;
/// Where a token of staff may stand: never on the command line, which others can read.
const TOKEN_VARIABLE: &str = "OPENRUN_STAFF_TOKEN";

/// Where to ask, and as whom.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Desk {
    /// The server's ops listener
    #[arg(
        long,
        global = true,
        env = "OPENRUN_OPS",
        hide_env_values = true,
        value_name = "URL",
        default_value = "http://127.0.0.1:8081"
    )]
    ops: String,
    /// File of a staff token [default: OPENRUN_STAFF_TOKEN, or made with the keys in --data]
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Directory of the keys to make a token with
    #[arg(
        long,
        global = true,
        env = "OPENRUN_DATA",
        hide_env_values = true,
        value_name = "DIR",
        default_value = "./openrun-data"
    )]
    data: PathBuf,
    /// Who you are, as it will stand in the log, when the token is made here
    #[arg(
        long,
        global = true,
        env = "USER",
        hide_env = true,
        value_name = "NAME",
        default_value = "admin"
    )]
    name: String,
    /// Print the server's answer as JSON
    #[arg(long, global = true)]
    json: bool,
}

/// What is asked of the server.
#[derive(Debug)]
pub(super) struct Call {
    /// How.
    pub(super) method: Method,
    /// Of what: a path of the ops listener.
    pub(super) path: String,
    /// With these parameters.
    pub(super) query: Vec<(&'static str, String)>,
    /// With this.
    pub(super) body: Option<Value>,
    /// In which role.
    pub(super) role: Role,
    /// Only if it is still this version.
    pub(super) seen: Option<u64>,
}

impl Call {
    /// A look at something.
    pub(super) fn get(path: impl Into<String>) -> Call {
        Call {
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            body: None,
            role: Role::Viewer,
            seen: None,
        }
    }

    /// Something to be done by an operator.
    pub(super) fn change(method: Method, path: impl Into<String>, body: Value) -> Call {
        Call { method, body: Some(body), role: Role::Operator, ..Call::get(path) }
    }

    /// Something to be done, or only tried.
    pub(super) fn wish(method: Method, path: impl Into<String>, body: Value, tries: bool) -> Call {
        let query = tries.then(|| ("dry_run", "true".to_owned()));
        Call { query: query.into_iter().collect(), ..Call::change(method, path, body) }
    }

    /// The same in another role.
    pub(super) fn by(self, role: Role) -> Call {
        Call { role, ..self }
    }

    /// The same, only if it is still this version.
    pub(super) fn if_still(self, seen: Option<u64>) -> Call {
        Call { seen, ..self }
    }
}

impl Desk {
    /// Whether the server's own words are wanted.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// A call that is answered with JSON.
    pub(super) async fn ask(&self, call: Call) -> Result<Value, Fault> {
        let bytes = self.fetch(call).await?;
        serde_json::from_slice(&bytes).map_err(|_| {
            let cure = "no openrun answers there: give its ops listener with --ops";
            Fault::failure(format!("{}: {cure}", self.ops))
        })
    }

    /// The bytes of an answer that says yes.
    pub(super) async fn fetch(&self, call: Call) -> Result<Vec<u8>, Fault> {
        let down = |cause: &dyn Display| {
            let cure = "is the server running there? --ops says where";
            Fault::new(Exit::DependencyDown, format!("{}: {cause}; {cure}", self.ops))
        };
        let token = self.token(call.role)?;
        let mut url = Url::parse(&format!("{}{}", base(&self.ops), call.path))
            .map_err(|cause| Fault::new(Exit::BadConfig, format!("--ops: {cause}")))?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = client()?.request(call.method, url);
        request = request.bearer_auth(token).header("accept-language", Language::here().tag());
        if let Some(seen) = call.seen {
            request = request.header("if-match", format!("\"{seen}\""));
        }
        if let Some(body) = &call.body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let mut answer = request.send().await.map_err(|cause| down(&plain(&cause)))?;
        let (status, retry) = (answer.status().as_u16(), retry_after(&answer));
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|cause| down(&plain(&cause)))? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(down(&format!("an answer of more than {ANSWER_BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        if (200..300).contains(&status) {
            return Ok(bytes);
        }
        let problem = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Err(refused(&problem, (status, retry), call.role))
    }

    /// The token that was given, or one made in this role.
    fn token(&self, role: Role) -> Result<String, Fault> {
        let wrong = |line: String| Fault::new(Exit::BadConfig, line);
        if let Some(path) = &self.token_file {
            let read = std::fs::read_to_string(path);
            let text = read.map_err(|cause| wrong(format!("{}: {cause}", path.display())))?;
            return Ok(text.trim().to_owned());
        }
        if let Ok(text) = std::env::var(TOKEN_VARIABLE) {
            return Ok(text.trim().to_owned());
        }
        let keys = Keys::open_existing(&self.data).map_err(|error| {
            wrong(format!("no token: {error}; or give one with --token-file or {TOKEN_VARIABLE}"))
        })?;
        let now = SystemClock::default().now();
        keys.make_staff_token(&self.name, role, now, TOKEN_TTL_S).map_err(Fault::from)
    }
}

/// The listener as a URL without an end: an address is one too.
fn base(ops: &str) -> String {
    let url = if ops.contains("://") { ops.to_owned() } else { format!("http://{ops}") };
    // Where a server listens everywhere it can be asked here.
    let url = url.replace("://0.0.0.0:", "://127.0.0.1:").replace("://[::]:", "://[::1]:");
    url.trim_end_matches('/').to_owned()
}

fn client() -> Result<Client, Fault> {
    // Whoever was first in this process has installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .user_agent(concat!("openrun/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|cause| Fault::failure(format!("no HTTP client: {cause}")))
}

/// The innermost cause: the others only say that a request failed, and name the URL again.
fn plain(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn retry_after(answer: &reqwest::Response) -> Option<u64> {
    answer.headers().get("retry-after")?.to_str().ok()?.parse().ok()
}

/// What the server says against it, and what to do.
fn refused(problem: &Value, (status, retry): (u16, Option<u64>), role: Role) -> Fault {
    let text = |field: &str| problem[field].as_str().unwrap_or_default();
    let code = text("code");
    let exit = match (code, status) {
        ("unauthenticated", _) => Exit::BadConfig,
        (_, 500..) => Exit::DependencyDown,
        _ => Exit::Failure,
    };
    if code.is_empty() {
        let what = "something before it answered; --ops is the listener itself";
        return Fault::new(exit, format!("the server did not answer ({status}): {what}"));
    }
    let cure = cure(Language::here(), problem, retry, role.as_str());
    let said = format!("{}: {} ({code})", text("title"), text("detail"));
    Fault::new(exit, if cure.is_empty() { said } else { format!("{said}; {cure}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_listener_is_named_by_its_url_or_its_address() {
        for (ops, url) in [
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("https://ops.example/sale/", "https://ops.example/sale"),
            ("127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("0.0.0.0:9000", "http://127.0.0.1:9000"),
            ("[::]:9000", "http://[::1]:9000"),
        ] {
            assert_eq!(base(ops), url, "{ops}");
        }
    }

    #[test]
    fn a_refusal_has_the_exit_code_of_its_kind_and_says_what_the_server_said() {
        let problem = |code: &str| json!({"code": code, "title": "T", "detail": "d"});
        for (code, status, exit) in [
            ("wrong-state", 409, Exit::Failure),
            ("unauthenticated", 401, Exit::BadConfig),
            ("unavailable", 503, Exit::DependencyDown),
        ] {
            let fault = refused(&problem(code), (status, None), Role::Viewer);
            assert_eq!(fault.exit, exit, "{code}");
            assert!(fault.to_string().starts_with(&format!("T: d ({code})")), "{fault}");
        }
        let nobody = refused(&Value::Null, (502, None), Role::Viewer);
        assert_eq!(nobody.exit, Exit::DependencyDown);
        assert!(nobody.to_string().contains("502"), "{nobody}");
    }
}
