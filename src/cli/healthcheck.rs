//! `openrun healthcheck`: for containers and service managers that have no HTTP client at hand.

use super::{Exit, Fault, print};
use clap::Args;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long each step of the question may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How much of the answer is read: reasons are a line each.
const ANSWER_BYTES_MAX: u64 = 4_096;

#[derive(Debug, Args)]
#[command(after_help = "Asks GET /readyz of the ops listener.\n\nExample:\n  openrun healthcheck \
                        --ops 127.0.0.1:8081")]
pub(super) struct Healthcheck {
    /// The server's ops listener
    #[arg(
        long,
        env = "OPENRUN_OPS",
        hide_env_values = true,
        value_name = "ADDR",
        default_value = "127.0.0.1:8081"
    )]
    ops: SocketAddr,
}

impl Healthcheck {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let address = reachable(self.ops);
        let down = |what: String| Fault::new(Exit::DependencyDown, format!("{address}: {what}"));
        let answer = ask(address).map_err(|cause| down(format!("no answer ({cause})")))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).unwrap_or("no status");
        if status == "200" {
            print("ready\n");
            return Ok(Exit::Done);
        }
        Err(down(format!("not ready ({status}) {}", body.trim())))
    }
}

/// An address that listens everywhere is asked on loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
