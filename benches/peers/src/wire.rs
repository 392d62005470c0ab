//! As much of HTTP/1.1 as a closed loop needs: requests as bytes, answers with a known length.
//!
//! Does not read chunked bodies: a peer or a server that sends them in a measured call is an error.

use anyhow::{Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Larger than any answer that is measured.
const BUFFER_BYTES: usize = 64 * 1024;
/// Larger than the answer to a purchase, for those who keep thousands of connections.
const SMALL_BUFFER_BYTES: usize = 8 * 1024;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
    /// After how many seconds to come again, if that was said.
    pub retry_after_s: Option<u64>,
    /// Whether the server closes the connection now.
    pub closes: bool,
}

/// What a head says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Head {
    status: u16,
    length: usize,
    retry_after_s: Option<u64>,
    closes: bool,
}

impl Connection {
    pub async fn open(address: &str) -> Result<Self> {
        Self::open_with(address, BUFFER_BYTES).await
    }

    /// One of thousands.
    pub async fn open_small(address: &str) -> Result<Self> {
        Self::open_with(address, SMALL_BUFFER_BYTES).await
    }

    async fn open_with(address: &str, bytes: usize) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; bytes], filled: 0 })
    }

    /// One request, one answer; the connection stays open.
    pub async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.filled = 0;
        let head = loop {
            self.fill().await?;
            if let Some(end) = find(&self.buffer[..self.filled], b"\r\n\r\n") {
                break end + 4;
            }
        };
        let Head { status, length, retry_after_s, closes } = parse_head(&self.buffer[..head])?;
        ensure!(head + length <= self.buffer.len(), "an answer of {length} bytes");
        while self.filled < head + length {
            self.fill().await?;
        }
        ensure!(self.filled == head + length, "more bytes than one answer");
        let body = &self.buffer[head..head + length];
        Ok(Answer { status, body, retry_after_s, closes })
    }

    async fn fill(&mut self) -> Result<()> {
        let read = self.stream.read(&mut self.buffer[self.filled..]).await?;
        ensure!(read > 0, "the server closed the connection");
        self.filled += read;
        Ok(())
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn parse_head(head: &[u8]) -> Result<Head> {
    let text = std::str::from_utf8(head)?;
    let status = text.get(9..12).unwrap_or_default().parse()?;
    let mut parsed = Head { status, ..Head::default() };
    for line in text.split("\r\n").skip(1) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            parsed.length = value.parse()?;
        } else if name.eq_ignore_ascii_case("retry-after") {
            parsed.retry_after_s = value.parse().ok();
        } else if name.eq_ignore_ascii_case("connection") {
            parsed.closes = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("a chunked answer, status {status}");
        }
    }
    Ok(parsed)
}

/// A GET without a body.
pub fn get(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request("GET", path, headers, None)
}

/// A POST with a JSON body.
pub fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    request("POST", path, headers, Some(body))
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        let length = body.len();
        text.push_str("Content-Type: application/json\r\n");
        text.push_str(&format!("Content-Length: {length}\r\n\r\n{body}"));
    } else {
        text.push_str("\r\n");
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_gives_status_and_length() {
        let head = b"HTTP/1.1 201 Created\r\ncontent-length: 17\r\ndate: x\r\n\r\n";
        let want = Head { status: 201, length: 17, ..Head::default() };
        assert_eq!(parse_head(head).unwrap(), want);
        let head = b"HTTP/1.1 503 x\r\nRetry-After: 3\r\nconnection: close\r\n\r\n";
        let want = Head { status: 503, length: 0, retry_after_s: Some(3), closes: true };
        assert_eq!(parse_head(head).unwrap(), want);
        assert!(parse_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn a_request_states_the_length_of_its_body() {
        let bytes = post("/a", &[("X", "y")], "{}");
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("POST /a HTTP/1.1\r\n"));
        assert!(text.contains("X: y\r\n") && text.ends_with("Content-Length: 2\r\n\r\n{}"));
    }
}
