//! The password of the database, where the URL does not say it: `PGPASSWORD`, then the password
//! file (`PGPASSFILE`, or `.pgpass` at home), as every client of PostgreSQL takes it.
//!
//! A file that others may read is refused rather than used. Nothing here is ever printed.

use super::fault::Fault;
use std::path::{Path, PathBuf};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Adds the password to `config` unless it has one.
pub(super) fn complete(config: &mut Config) -> Result<(), Fault> {
    if config.get_password().is_some() {
        return Ok(());
    }
    if let Ok(password) = std::env::var("PGPASSWORD") {
        config.password(password);
        return Ok(());
    }
    let at_home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".pgpass"));
    let named = std::env::var_os("PGPASSFILE").map(PathBuf::from);
    let Some(path) = named.or_else(at_home).filter(|path| path.is_file()) else { return Ok(()) };
    let text = read_private(&path)?;
    if let Some(password) = find(&text, config) {
        config.password(password);
    }
    Ok(())
}

fn read_private(path: &Path) -> Result<String, Fault> {
    let unsafe_file = |cause: String| Fault::PasswordFile { path: path.to_owned(), cause };
    let facts = path.metadata().map_err(|cause| unsafe_file(cause.to_string()))?;
    if !crate::trust::is_private(&facts) {
        return Err(unsafe_file("others may read it".to_owned()));
    }
    std::fs::read_to_string(path).map_err(|cause| unsafe_file(cause.to_string()))
}

/// The first line `host:port:database:user:password` that fits; `*` fits everything.
fn find(text: &str, config: &Config) -> Option<String> {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        // What every client calls a Unix socket here.
        Some(Host::Unix(_)) | None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let wanted =
        [&host, &port, config.get_dbname().unwrap_or_default(), config.get_user().unwrap_or("*")];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = fields(line).into_iter();
        let fits = wanted
            .iter()
            .all(|wanted| fields.next().is_some_and(|field| field == "*" || field == **wanted));
        fits.then(|| fields.next()).flatten()
    })
}

/// Split at colons; a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let last = fields.last_mut().expect("begins with one and never shrinks");
        match character {
            ':' => fields.push(String::new()),
            '\\' => last.extend(characters.next()),
            _ => last.push(character),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_first_line_that_fits_is_taken() {
        let text = "# kim's\ndb:5432:other:kim:no\n*:5432:sale:kim:p\\:w\\\\d\n*:*:*:*:last\n";
        let find = |url: &str| find(text, &url.parse().expect("a URL"));
        assert_eq!(find("postgres://kim@db/sale").as_deref(), Some("p:w\\d"));
        assert_eq!(find("postgres://lee@db:6000/sale").as_deref(), Some("last"));
        assert_eq!(super::find("db:1:a:b", &"postgres://b@db:1/a".parse().expect("ok")), None);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("passwords");
        std::fs::write(&path, "*:*:*:*:secret").expect("written");
        for (mode, is_good) in [(0o600, true), (0o640, false), (0o604, false)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, permissions).expect("set");
            assert_eq!(read_private(&path).is_ok(), is_good, "{mode:o}");
        }
    }
}
