//! A small HTTP/1.1 client that keeps its connections and can also be rude: send bytes that are no
//! request, or hang up without reading.
//!
//! Follows no redirect and retries once, when a kept connection turns out to be closed.

use serde_json::Value;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Connections of one client at once: both ends are of this process, which has 20,000 descriptors
/// in a usual setting and several tests running.
const CONNECTIONS: usize = 2_000;
/// Longest wait for an answer: more than any bound of the server.
const PATIENCE: Duration = Duration::from_secs(40);

/// A request as it will be sent.
#[derive(Debug, Clone)]
pub struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub fn new(method: &'static str, path: impl Into<String>) -> Request {
        Request { method, path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a header, or without one that was there.
    pub fn replaced(mut self, name: &str, value: Option<&str>) -> Request {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    pub fn bearer(self, token: &str) -> Request {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Request {
        self.body("application/json", body.to_string())
    }

    pub fn body(self, kind: &str, body: impl Into<Vec<u8>>) -> Request {
        let mut with = self.replaced("content-type", Some(kind));
        with.body = body.into();
        with
    }

    /// The bytes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: openrun\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.method != "GET" || !self.body.is_empty() {
            text.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        [text.as_bytes(), &self.body].concat()
    }
}

/// An answer as it came.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The code of a problem; empty for an answer that says yes.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn is_replay(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let replay = if self.is_replay() { " (replayed)" } else { "" };
        write!(f, "{}{replay} {}", self.status, self.text())
    }
}

/// A client of one listener. Clones share their connections.
#[derive(Clone)]
pub struct Web {
    address: SocketAddr,
    idle: Arc<Mutex<Vec<TcpStream>>>,
    permits: Arc<Semaphore>,
}

impl Web {
    pub fn new(address: SocketAddr) -> Web {
        Web { address, idle: Arc::default(), permits: Arc::new(Semaphore::new(CONNECTIONS)) }
    }

    /// Where it calls.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request and reads its answer.
    pub async fn send(&self, request: &Request) -> Answer {
        let sent = self.try_send(request).await;
        sent.unwrap_or_else(|error| panic!("{} {}: {error}", request.method, request.path))
    }

    /// As `send`, for a server that may be away.
    pub async fn try_send(&self, request: &Request) -> Result<Answer> {
        self.send_bytes(&request.bytes()).await
    }

    /// Sends bytes, whatever they are, and reads one answer.
    pub async fn send_bytes(&self, bytes: &[u8]) -> Result<Answer> {
        let _permit = self.permits.acquire().await.expect("nobody closes it");
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(stream) = kept
            && let Ok(answer) = self.exchange(stream, bytes).await
        {
            return Ok(answer);
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.exchange(stream, bytes).await
    }

    /// Sends a request and hangs up without reading, after a moment: with a reset, or by closing.
    pub async fn hang_up(&self, request: &Request, with_reset: bool, after: Duration) {
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        if with_reset {
            stream.set_zero_linger().expect("a socket can be told to reset");
        }
        stream.write_all(&request.bytes()).await.expect("the server reads");
        tokio::time::sleep(after).await;
    }

    async fn exchange(&self, mut stream: TcpStream, bytes: &[u8]) -> Result<Answer> {
        let exchanged = async {
            stream.write_all(bytes).await?;
            read_answer(&mut stream).await
        };
        let patience = |_| Error::new(ErrorKind::TimedOut, "no answer");
        let answer = tokio::time::timeout(PATIENCE, exchanged).await.map_err(patience)??;
        let is_kept = answer.header("connection").is_none_or(|it| it != "close");
        if is_kept {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
        }
        Ok(answer)
    }
}

async fn read_answer(stream: &mut TcpStream) -> Result<Answer> {
    let mut bytes = Vec::with_capacity(2_048);
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "closed before an answer"));
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or_else(|| Error::other(format!("no status in {head:?}")))?;
    let pair = |line: &str| line.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned()));
    let headers: Vec<_> = lines.filter_map(pair).collect();
    let mut answer = Answer { status, headers, body: bytes.split_off(head_end + 4) };
    if status != 304 && status != 204 {
        let chunked = answer.header("transfer-encoding").is_some();
        let length = answer.header("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
        if chunked {
            read_chunks(stream, &mut answer.body).await?;
        } else {
            fill(stream, &mut answer.body, length).await?;
        }
    }
    Ok(answer)
}

async fn fill(stream: &mut TcpStream, body: &mut Vec<u8>, length: usize) -> Result<()> {
    while body.len() < length {
        if stream.read_buf(body).await? == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "closed inside a body"));
        }
    }
    Ok(())
}

async fn read_chunks(stream: &mut TcpStream, body: &mut Vec<u8>) -> Result<()> {
    let mut raw = std::mem::take(body);
    let mut at = 0;
    loop {
        let Some(line) = raw[at..].windows(2).position(|two| two == b"\r\n") else {
            let more = raw.len() + 1;
            fill(stream, &mut raw, more).await?;
            continue;
        };
        let size = std::str::from_utf8(&raw[at..at + line]).unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(Error::other)?;
        let start = at + line + 2;
        fill(stream, &mut raw, start + size + 2).await?;
        body.extend_from_slice(&raw[start..start + size]);
        at = start + size + 2;
        if size == 0 {
            return Ok(());
        }
    }
}
