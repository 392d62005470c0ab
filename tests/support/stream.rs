//! A stream of server-sent events, read as it comes.

use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any pause between two events.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that is being read.
pub struct Stream {
    socket: TcpStream,
    pub head: String,
    /// What came and was not read yet, without the marks of chunks.
    text: String,
    raw: Vec<u8>,
    has_ended: bool,
}

/// An event as it was sent.
#[derive(Debug)]
pub struct Sent {
    pub event: String,
    /// Empty when it has none.
    pub id: String,
    pub data: String,
}

impl Sent {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("a document is JSON")
    }
}

impl Stream {
    pub async fn open(address: SocketAddr, path: &str, headers: &str) -> Stream {
        let mut socket = TcpStream::connect(address).await.expect("the server listens");
        let request = format!("GET {path} HTTP/1.1\r\nhost: openrun\r\n{headers}\r\n");
        socket.write_all(request.as_bytes()).await.expect("the server reads");
        let mut raw = Vec::new();
        let end = loop {
            if let Some(at) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            let read = tokio::time::timeout(PATIENCE, socket.read_buf(&mut raw)).await;
            assert!(read.expect("in time").expect("an answer") > 0, "closed before an answer");
        };
        let head = String::from_utf8_lossy(&raw[..end]).to_lowercase();
        let raw = raw.split_off(end + 4);
        Stream { socket, head, text: String::new(), raw, has_ended: false }
    }

    /// Moves whole chunks from what came to the text.
    fn unchunk(&mut self) {
        while let Some(line) = self.raw.windows(2).position(|two| two == b"\r\n") {
            let size = String::from_utf8_lossy(&self.raw[..line]).into_owned();
            let size = usize::from_str_radix(&size, 16).expect("a size of a chunk");
            if self.raw.len() < line + 4 + size {
                return;
            }
            self.text.push_str(&String::from_utf8_lossy(&self.raw[line + 2..line + 2 + size]));
            self.raw.drain(..line + 4 + size);
            self.has_ended |= size == 0;
        }
    }

    /// The next block of lines; nothing when the stream has ended in good order.
    pub async fn block(&mut self) -> Option<String> {
        loop {
            self.unchunk();
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            if self.has_ended {
                return None;
            }
            let read = tokio::time::timeout(PATIENCE, self.socket.read_buf(&mut self.raw)).await;
            let read = read.expect("an event in time").expect("the stream is read");
            assert!(read > 0, "the stream was cut");
        }
    }

    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let found = block.lines().find_map(|line| line.strip_prefix(name));
                found.map(str::to_owned)
            };
            if let Some(data) = field("data: ") {
                let event = field("event: ").expect("a name");
                return Some(Sent { event, id: field("id: ").unwrap_or_default(), data });
            }
            assert!(block.starts_with("retry: "), "{block}");
        }
    }
}
