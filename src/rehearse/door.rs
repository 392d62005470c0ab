//! The control calls of a rehearsal: a small JSON client for set-up and for reading figures.
//!
//! Not for the load. Plain HTTP to one address; a busy server is asked again when it says so.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::wire::Wire;

/// A control call is asked again so many times while the server is busy.
const MOST_TRIES: u32 = 60;

/// Where a listener is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub host: String,
    pub address: SocketAddr,
}

impl Place {
    /// Reads `http://host:port`.
    pub async fn find(url: &str) -> anyhow::Result<Self> {
        let Some(rest) = url.strip_prefix("http://") else {
            bail!("{url}: a rehearsal speaks plain http:// only");
        };
        let host = rest.trim_end_matches('/');
        ensure!(!host.contains('/'), "{url}: give scheme, host and port only");
        let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let mut found =
            tokio::net::lookup_host(&with_port).await.with_context(|| url.to_owned())?;
        let address = found.next().with_context(|| format!("{url}: no such host"))?;
        Ok(Self { host: host.to_owned(), address })
    }
}

/// A connection for control calls.
pub(super) struct Door {
    wire: Wire,
    host: String,
    token: String,
}

impl Door {
    pub fn new(place: &Place, token: &str) -> Self {
        let wire = Wire::new(place.address);
        Self { wire, host: place.host.clone(), token: token.to_owned() }
    }

    /// Uses another person's token from here on.
    pub fn become_person(&mut self, token: &str) {
        token.clone_into(&mut self.token);
    }

    /// Any call; the answer is its status and its body as text.
    pub async fn text(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(u16, String)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        for attempt in 1.. {
            let out = &mut self.wire.out;
            out.clear();
            write!(out, "{method} {path} HTTP/1.1\r\nhost: {}\r\naccept: */*\r\n", self.host)?;
            write!(out, "authorization: Bearer {}\r\n", self.token)?;
            if !body.is_empty() {
                write!(out, "content-type: application/json\r\n")?;
            }
            if method != "GET" {
                write!(out, "content-length: {}\r\n", body.len())?;
            }
            write!(out, "\r\n{body}")?;
            let wait = match self.wire.call().await {
                Ok(answer) if !matches!(answer.status, 503 | 429) || attempt >= MOST_TRIES => {
                    let text = String::from_utf8_lossy(answer.body).into_owned();
                    return Ok((answer.status, text));
                }
                Ok(answer) => Duration::from_secs(answer.retry_after_s.unwrap_or(1).min(5)),
                Err(_) if attempt < 4 => Duration::from_millis(100),
                Err(fault) => {
                    return Err(fault).with_context(|| format!("{method} {path} at {}", self.host));
                }
            };
            tokio::time::sleep(wait).await;
        }
        bail!("{method} {path}: no answer")
    }

    /// A call that must succeed, answered with JSON.
    pub async fn json(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let (status, text) = self.text(method, path, body).await?;
        ensure!((200..300).contains(&status), "{method} {path} was answered {status}: {text}");
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("{method} {path}: {text}"))
    }
}

/// The list in an answer, whether it is the answer itself or one of its fields.
pub(super) fn list(answer: &Value) -> &[Value] {
    let fields = || answer.as_object().and_then(|fields| fields.values().find_map(Value::as_array));
    answer.as_array().or_else(fields).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_found_bare_or_in_a_field() {
        for text in [r#"[1,2]"#, r#"{"rounds":[1,2]}"#, r#"{"next":null,"items":[1,2]}"#] {
            assert_eq!(list(&serde_json::from_str(text).unwrap()).len(), 2, "{text}");
        }
        assert!(list(&Value::Null).is_empty());
    }
}
