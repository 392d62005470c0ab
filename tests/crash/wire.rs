//! One keep-alive HTTP/1.1 connection, for bodies with a length. An answer counts when its last
//! byte has been read; whatever went wrong before leaves the outcome open and the connection
//! closed.

use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest wait for one answer; the machine may be busy with other things.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// A request as it will be written.
#[derive(Debug, Clone)]
pub struct Request {
    head: String,
    body: String,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub is_replay: bool,
    pub body: Vec<u8>,
}

/// The connection; opens itself when it is needed.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Request {
    pub fn new(method: &str, path: &str) -> Request {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: openrun\r\n");
        Request { head, body: String::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    pub fn bearer(self, token: &str) -> Request {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(mut self, body: &Value) -> Request {
        self.body = body.to_string();
        self.header("content-type", "application/json")
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The code of a problem; nothing for any other answer.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

impl Wire {
    pub fn new(address: SocketAddr) -> Wire {
        Wire { address, stream: None }
    }

    /// Asks and waits for the whole answer.
    pub async fn call(&mut self, request: &Request) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        let Request { head, body } = request;
        let text = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).await?;
        let (answer, is_open) = timeout(ANSWER_LIMIT, read(&mut stream)).await??;
        if is_open {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<(Answer, bool)> {
    let mut input = Vec::with_capacity(2_048);
    let end = loop {
        more(stream, &mut input).await?;
        if let Some(at) = input.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
    };
    let head = String::from_utf8_lossy(&input[..end]).to_ascii_lowercase();
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "not an answer with a length");
    let header = |name: &str| {
        let value = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(|value| value.trim().to_owned())
    };
    let status = head.get(9..12).and_then(|text| text.parse().ok()).ok_or_else(bad)?;
    let length: usize =
        header("content-length").and_then(|text| text.parse().ok()).ok_or_else(bad)?;
    let is_replay = header("idempotency-replayed").as_deref() == Some("true");
    let is_open = header("connection").as_deref() != Some("close");
    let mut body = input.split_off(end + 4);
    while body.len() < length {
        more(stream, &mut body).await?;
    }
    Ok((Answer { status, is_replay, body }, is_open))
}

async fn more(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(input).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
