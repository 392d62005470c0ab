//! HTTP/1.1 as the sandbox speaks it: written by hand, because a rail that misbehaves must be able
//! to close in the middle of an answer, and to answer what is no HTTP at all.
//!
//! Requests have a `Content-Length` or no body; everything else is refused. No TLS.

use super::Rail;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

/// Largest head and largest body of a request; an honest one has 600 bytes of both.
const HEAD_MAX: usize = 8 * 1024;
const BODY_MAX: usize = 16 * 1024;
/// How long a connection may be idle: longer than a client keeps it.
const IDLE: Duration = Duration::from_secs(60);
/// How long the rest of a request may take once it began.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// A request.
pub(super) struct Request {
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What goes back.
pub(super) enum Reply {
    /// An answer.
    Answer { status: u16, kind: &'static str, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// These bytes, and the connection is closed.
    Raw(Vec<u8>),
    /// The connection is closed.
    Close,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The path, and the query behind it.
    pub fn path(&self) -> (&str, &str) {
        self.target.split_once('?').unwrap_or((&self.target, ""))
    }
}

impl Reply {
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        let (kind, headers) = ("application/json", Vec::new());
        Reply::Answer { status, kind, headers, body: body.into() }
    }

    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        let (kind, headers) = ("text/plain; charset=utf-8", Vec::new());
        Reply::Answer { status, kind, headers, body: body.into() }
    }

    /// The bytes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Reply::Answer { status, kind, headers, body } => {
                let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(*status));
                head.push_str(&format!("content-type: {kind}\r\n"));
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
                [head.as_bytes(), body].concat()
            }
            Reply::Raw(bytes) => bytes.clone(),
            Reply::Close => Vec::new(),
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        422 => "Unprocessable Content",
        500 => "Internal Server Error",
        _ => "Service Unavailable",
    }
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(
    mut stream: TcpStream,
    rail: Arc<Rail>,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let mut input = Vec::with_capacity(2_048);
    loop {
        if input.is_empty() {
            let begun = tokio::select! {
                begun = timeout(IDLE, stream.read_buf(&mut input)) => begun,
                _ = stopped.wait_for(|stopped| *stopped) => return,
            };
            if !matches!(begun, Ok(Ok(1..))) {
                return;
            }
        }
        let request = match timeout(REQUEST_TIMEOUT, read(&mut stream, &mut input)).await {
            Ok(Ok(request)) => request,
            Ok(Err(fault)) if fault.kind() == io::ErrorKind::InvalidData => {
                let _ =
                    stream.write_all(&Reply::json(400, "{\"code\":\"malformed\"}").bytes()).await;
                return;
            }
            _ => return,
        };
        let reply = rail.answer(&request).await;
        let is_kept = matches!(reply, Reply::Answer { .. })
            && request.header("connection").is_none_or(|it| !it.eq_ignore_ascii_case("close"));
        if stream.write_all(&reply.bytes()).await.is_err() || !is_kept {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<Request> {
    let head_end = loop {
        if let Some(at) = input.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if input.len() > HEAD_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        more(stream, input).await?;
    };
    let mut request = head(&input[..head_end]).ok_or(io::ErrorKind::InvalidData)?;
    let length = match request.header("content-length") {
        Some(length) => length.parse().ok().filter(|length| *length <= BODY_MAX),
        None => request.header("transfer-encoding").is_none().then_some(0),
    };
    let body_end = head_end + 4 + length.ok_or(io::ErrorKind::InvalidData)?;
    while input.len() < body_end {
        more(stream, input).await?;
    }
    request.body = input[head_end + 4..body_end].to_vec();
    input.drain(..body_end);
    Ok(request)
}

async fn more(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(input).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn head(bytes: &[u8]) -> Option<Request> {
    let mut lines = std::str::from_utf8(bytes).ok()?.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let is_http = first.next() == Some("HTTP/1.1") && first.next().is_none();
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    let headers = lines.map(header).collect::<Option<Vec<_>>>()?;
    let fits = is_http && target.starts_with('/');
    fits.then_some(Request { method, target, headers, body: Vec::new() })
}
