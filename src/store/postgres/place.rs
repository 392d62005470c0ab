//! Where a PostgreSQL store is: its URL, read once and checked before anything is opened.
//!
//! `postgres://USER@HOST:PORT/DATABASE?sslmode=…&sslrootcert=PATH`, or
//! `postgres:///DATABASE?host=/DIRECTORY` for a Unix socket. A password comes from the URL,
//! `PGPASSWORD` or the password file, and is never shown. Opens no connection.

use super::fault::Fault;
use super::password;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How long one address may take to accept a connection: beyond it a packet was lost twice over.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a connection is silent before the system asks whether the other side is there, how
/// often it asks, and how many times: a machine that vanished is noticed within 20 s even where
/// nobody writes to it.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long what was sent may stay unacknowledged before the system gives the connection up. Longer
/// than any deadline of ours: it only clears away what they left.
const UNACKNOWLEDGED_TIMEOUT: Duration = Duration::from_secs(15);

/// How the way to the server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// In the clear.
    Disable,
    /// Encrypted if the server can.
    Prefer,
    /// Encrypted; whose certificate it is matters only when `sslrootcert` is given.
    Require,
    /// Encrypted, with a certificate for this host by somebody trusted.
    VerifyFull,
}

impl Security {
    fn from_word(word: &str) -> Option<Security> {
        match word {
            "disable" => Some(Security::Disable),
            "prefer" => Some(Security::Prefer),
            "require" => Some(Security::Require),
            "verify-full" => Some(Security::VerifyFull),
            _ => None,
        }
    }

    fn mode(self) -> SslMode {
        match self {
            Security::Disable => SslMode::Disable,
            Security::Prefer => SslMode::Prefer,
            Security::Require | Security::VerifyFull => SslMode::Require,
        }
    }
}

/// Where a store is and how to get there.
#[derive(Clone)]
pub(super) struct Place {
    /// All but `application_name`.
    pub(super) config: Config,
    pub(super) security: Security,
    /// Whose certificates are trusted instead of those that the machine trusts.
    pub(super) root_certificates: Option<PathBuf>,
    shown: String,
}

/// Without the password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Place {
    /// What `url` says, with the defaults of this program.
    pub(super) fn parse(url: &str) -> Result<Place, Fault> {
        let wrong = |cause: String| Fault::BadUrl { cause };
        let (rest, security, root_certificates) = take_tls_settings(url).map_err(wrong)?;
        // Its error may quote a part of the URL, which may be the password.
        let parsed = rest.parse::<Config>();
        let mut config = parsed.map_err(|_| wrong("it cannot be read".to_owned()))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(wrong("it names no host".to_owned()));
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(wrong("it names no database".to_owned()));
        }
        let is_local = is_local(&config);
        let security = match security {
            Some(Security::Prefer) if !is_local => {
                let cause = "sslmode=prefer lets anybody on the way to another machine read along: \
                             say verify-full, or disable where the way is safe";
                return Err(wrong(cause.to_owned()));
            }
            Some(security) => security,
            None if is_local => Security::Prefer,
            None => Security::VerifyFull,
        };
        config.ssl_mode(security.mode());
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES)
            .tcp_user_timeout(UNACKNOWLEDGED_TIMEOUT)
            // Of several hosts the one that writes; one host that does not is an error at once.
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        let shown = shown(&config);
        password::complete(&mut config)?;
        Ok(Place { config, security, root_certificates, shown })
    }
}

/// The URL without what only we know how to read, and that.
fn take_tls_settings(url: &str) -> Result<(String, Option<Security>, Option<PathBuf>), String> {
    let Some((base, query)) = url.split_once('?') else { return Ok((url.to_owned(), None, None)) };
    let (mut kept, mut security, mut roots) = (Vec::new(), None, None);
    let mut base = base.to_owned();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", word)) => {
                let known = Security::from_word(word);
                let unknown = "sslmode is disable, prefer, require or verify-full".to_owned();
                security = Some(known.ok_or(unknown)?);
            }
            Some(("sslrootcert", path)) => {
                let path = percent_decoded(path).ok_or("sslrootcert is not a path".to_owned())?;
                roots = Some(PathBuf::from(path));
            }
            Some(("host", _)) => {
                let (without, port) = without_host(&base);
                base = without;
                kept.extend([pair.to_owned()].into_iter().chain(port));
            }
            _ => kept.push(pair.to_owned()),
        }
    }
    let rest = if kept.is_empty() { base } else { format!("{base}?{}", kept.join("&")) };
    Ok((rest, security, roots))
}

/// A host behind the question mark stands for the one before it, as every client understands it; a
/// port stays, behind the question mark too.
fn without_host(base: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = base.split_once("://") else { return (base.to_owned(), None) };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), authority),
    };
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let port = port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    (format!("{scheme}://{user}{path}"), port.map(|port| format!("port={port}")))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

/// Whether nothing that is sent leaves this machine.
fn is_local(config: &Config) -> bool {
    let by_name = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    };
    match config.get_hostaddrs() {
        [] => config.get_hosts().iter().all(by_name),
        addresses => addresses.iter().all(IpAddr::is_loopback),
    }
}

fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
    let names = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let named: Vec<String> = match config.get_hosts() {
        [] => config.get_hostaddrs().iter().map(ToString::to_string).collect(),
        _ => names.collect(),
    };
    let hosts = named.iter().enumerate().map(|(index, name)| format!("{name}:{}", port(index)));
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    format!("postgres://{user}{hosts}/{}", config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a URL comes to, in words; `-` before what it is refused with.
    fn read(url: &str) -> String {
        match Place::parse(url) {
            Ok(place) => {
                let roots = place.root_certificates.map(|path| format!(" {}", path.display()));
                format!("{} {:?}{}", place.shown, place.security, roots.unwrap_or_default())
            }
            Err(fault) => format!("- {fault}"),
        }
    }

    /// S23: TLS with a proved name, unless it is on this machine or somebody says otherwise.
    #[test]
    fn urls_are_read_with_safe_defaults() {
        let table = "
            postgres://kim@db/sale                        => postgres://kim@db:5432/sale VerifyFull
            postgresql://kim:secret@db:6000/sale          => postgres://kim@db:6000/sale VerifyFull
            postgres://kim@db/sale?sslmode=disable        => postgres://kim@db:5432/sale Disable
            postgres://kim@db/sale?sslmode=require        => postgres://kim@db:5432/sale Require
            postgres://kim@localhost/sale                 => postgres://kim@localhost:5432/sale Prefer
            postgres://kim@127.0.0.1/sale                 => postgres://kim@127.0.0.1:5432/sale Prefer
            postgres://kim@localhost,db/sale              => postgres://kim@localhost:5432,db:5432/sale VerifyFull
            postgres:///sale?host=/run/pg                 => postgres:///run/pg:5432/sale Prefer
            postgres://kim@localhost/sale?host=/run/pg    => postgres://kim@/run/pg:5432/sale Prefer
            postgres://kim@db:7/sale?host=10.0.0.9        => postgres://kim@10.0.0.9:7/sale VerifyFull
            postgres://db/s?sslrootcert=/a%20b            => postgres://db:5432/s VerifyFull /a b
        ";
        for line in table.lines().filter(|line| !line.trim().is_empty()) {
            let (url, expected) = line.split_once("=>").expect("a row");
            assert_eq!(read(url.trim()), expected.trim(), "{url}");
        }
    }

    /// S23: `prefer` is TLS that anybody on the way switches off.
    #[test]
    fn what_is_wrong_with_a_url_is_said_without_the_password() {
        let table = "
            postgres://kim:secret@db/sale?sslmode=prefer  => sslmode=prefer lets anybody
            postgres://kim:secret@db/sale?sslmode=yes     => sslmode is disable, prefer, require
            postgres://kim:secret@db/sale?colour=secret   => it cannot be read
            postgres://kim:secret@db:secret/sale          => it cannot be read
            postgres:///sale                              => it names no host
            postgres://kim:secret@db                      => it names no database
            postgres://db/sale?sslrootcert=%zz            => sslrootcert is not a path
        ";
        for line in table.lines().filter(|line| !line.trim().is_empty()) {
            let (url, expected) = line.split_once("=>").expect("a row");
            let said = read(url.trim());
            assert!(said.starts_with('-') && said.contains(expected.trim()), "{url}: {said}");
            assert!(!said.contains("secret"), "{said}");
            assert!(said.contains("postgres://USER@HOST/DATABASE"), "the cure: {said}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let place = Place::parse("postgres://kim:secret@db/sale").expect("is read");
        assert!(!format!("{place} {place:?}").contains("secret"));
    }
}
