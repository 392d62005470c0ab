//! One keep-alive HTTP/1.1 connection, as light as it can be.
//!
//! Contract: one request at a time, written from a buffer that the caller fills, answered from a
//! buffer that is used again; nothing is allocated per call once the buffers have grown.
//! Understands `Content-Length`, chunked bodies and bodies that end with the connection; knows
//! nothing about TLS, redirects or pipelining. Written by hand because the crowd shares two cores
//! with the server it rehearses: what remains is one write and one read per call.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A server that takes longer than this to answer one call is treated as a lost connection.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// After this long unused, a connection is checked for a quiet close by the server before it is
/// used again.
const IDLE_CHECK: Duration = Duration::from_millis(900);
/// No answer of the public API is near this size; a larger one is a fault, not a reason to grow.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// What one call was answered.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
    /// `Retry-After` in seconds.
    pub retry_after_s: Option<u64>,
    /// `Idempotency-Replayed: true`.
    pub replayed: bool,
}

/// A connection that opens itself when it is needed.
pub(crate) struct Wire {
    address: SocketAddr,
    stream: Option<TcpStream>,
    used_at: Instant,
    /// The request to send: the caller clears and fills it.
    pub out: Vec<u8>,
    input: Vec<u8>,
    unchunked: Vec<u8>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Head {
    status: u16,
    body_starts: usize,
    length: Option<usize>,
    chunked: bool,
    close: bool,
    replayed: bool,
    retry_after_s: Option<u64>,
}

impl Wire {
    pub fn new(address: SocketAddr) -> Self {
        let (out, input) = (Vec::with_capacity(2048), Vec::with_capacity(4096));
        Self { address, stream: None, used_at: Instant::now(), out, input, unchunked: Vec::new() }
    }

    /// Sends what is in `out` and reads the answer. Any error leaves the connection closed.
    pub async fn call(&mut self) -> io::Result<Answer<'_>> {
        let mut stream = self.connected().await?;
        stream.write_all(&self.out).await?;
        self.input.clear();
        let head = timeout(ANSWER_LIMIT, read_answer(&mut stream, &mut self.input)).await??;
        if !head.close {
            self.stream = Some(stream);
            self.used_at = Instant::now();
        }
        let body = if head.chunked {
            self.unchunked.clear();
            unchunk(&self.input[head.body_starts..], &mut self.unchunked);
            &self.unchunked[..]
        } else {
            &self.input[head.body_starts..]
        };
        let Head { status, retry_after_s, replayed, .. } = head;
        Ok(Answer { status, body, retry_after_s, replayed })
    }

    /// Sends what is in `out` and drops the connection without waiting for the answer.
    pub async fn send_and_hang_up(&mut self) -> io::Result<()> {
        let mut stream = self.connected().await?;
        stream.write_all(&self.out).await
    }

    /// Takes the open connection out, so that whatever fails from here on closes it.
    async fn connected(&mut self) -> io::Result<TcpStream> {
        if let Some(stream) = self.stream.take()
            && (self.used_at.elapsed() < IDLE_CHECK || still_open(&stream))
        {
            return Ok(stream);
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn still_open(stream: &TcpStream) -> bool {
    let mut byte = [0; 1];
    matches!(stream.try_read(&mut byte), Err(fault) if fault.kind() == io::ErrorKind::WouldBlock)
}

async fn read_answer(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<Head> {
    let mut head = loop {
        read_more(stream, input).await?;
        match parse_head(input)? {
            Some(head) if (100..200).contains(&head.status) => {
                input.drain(..head.body_starts);
            }
            Some(head) => break head,
            None => {}
        }
    };
    if matches!(head.status, 204 | 304) {
        head.length = Some(0);
    }
    loop {
        let body = &input[head.body_starts..];
        match head.length {
            Some(length) if body.len() >= length => return Ok(head),
            None if head.chunked && body.ends_with(b"0\r\n\r\n") => return Ok(head),
            None if !head.chunked => {
                head.close = true;
                while stream.read_buf(input).await? > 0 {}
                return Ok(head);
            }
            _ => read_more(stream, input).await?,
        }
    }
}

async fn read_more(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<()> {
    if input.len() > ANSWER_BYTES {
        return Err(io::Error::other("the answer is too large"));
    }
    if stream.read_buf(input).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Reads status line and headers; `None` until the empty line has come.
fn parse_head(input: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP/1.1 answer");
    let status = input.get(9..12).and_then(number).ok_or_else(bad)?;
    let status = u16::try_from(status).map_err(|_| bad())?;
    let mut head = Head { status, body_starts: end + 4, ..Head::default() };
    for line in input[..end].split(|byte| *byte == b'\n').skip(1) {
        // Only five names matter; their first letters rule out nearly all the others.
        if !matches!(line.first().map(u8::to_ascii_lowercase), Some(b'c' | b't' | b'r' | b'i')) {
            continue;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            head.length = Some(number(value).ok_or_else(bad)? as usize);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            head.chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if name.eq_ignore_ascii_case(b"connection") {
            head.close = value.eq_ignore_ascii_case(b"close");
        } else if name.eq_ignore_ascii_case(b"retry-after") {
            head.retry_after_s = number(value);
        } else if name.eq_ignore_ascii_case(b"idempotency-replayed") {
            head.replayed = value.eq_ignore_ascii_case(b"true");
        }
    }
    Ok(Some(head))
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn unchunk(mut input: &[u8], out: &mut Vec<u8>) {
    while let Some(end) = input.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&input[..end]).ok();
        let size = size.and_then(|text| usize::from_str_radix(text.trim(), 16).ok()).unwrap_or(0);
        let (from, to) = (end + 2, end + 2 + size);
        if size == 0 || to + 2 > input.len() {
            return;
        }
        out.extend_from_slice(&input[from..to]);
        input = &input[to + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_whatever_the_case_of_their_names() {
        type Read = (u16, Option<usize>, bool, bool, Option<u64>, bool);
        let check = |text: &str, want: Option<Read>| {
            let head = parse_head(text.as_bytes()).unwrap();
            let got =
                head.map(|h| (h.status, h.length, h.chunked, h.close, h.retry_after_s, h.replayed));
            assert_eq!(got, want, "{text}");
        };
        check("HTTP/1.1 200 OK\r\nContent-Le", None);
        check(
            "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n",
            Some((200, Some(12), false, false, None, false)),
        );
        check(
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n\r\n",
            Some((503, None, false, true, Some(2), false)),
        );
        check(
            "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\
             idempotency-replayed: true\r\n\r\n",
            Some((201, None, true, false, None, true)),
        );
        assert!(parse_head(b"nonsense of twelve\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_are_put_together() {
        let mut out = Vec::new();
        unchunk(b"4\r\nopen\r\n3\r\nrun\r\n0\r\n\r\n", &mut out);
        assert_eq!(out, b"openrun");
    }
}
