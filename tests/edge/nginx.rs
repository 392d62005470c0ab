//! The documented configuration, served for a test: `packaging/nginx.conf` with other ports and
//! folders, and nothing else changed unless a test asks for it.

use crate::support::{Web, eventually};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const DOCUMENTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/nginx.conf");
/// Debian keeps it where a plain user's path does not look.
const PLACES: [&str; 2] = ["nginx", "/usr/sbin/nginx"];

/// A cache in front of a server.
pub struct Nginx {
    master: Child,
    pub web: Web,
    _folder: TempDir,
}

impl Nginx {
    /// In front of the server at `upstream`, as documented.
    pub async fn before(upstream: SocketAddr) -> Nginx {
        Nginx::changed(upstream, |documented| documented).await
    }

    /// In front of the server at `upstream`, with what `change` makes of the documented text.
    pub async fn changed(upstream: SocketAddr, change: impl FnOnce(String) -> String) -> Nginx {
        let folder = tempfile::tempdir().expect("tests can write to a folder");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        let here = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|it| format!("    {it}_temp_path {here}/{it};\n")).concat();
        let mut text = fs::read_to_string(DOCUMENTED).expect("it is part of the tree");
        for (documented, ours) in [
            ("listen 8000", format!("listen {address}")),
            ("server 127.0.0.1:8080;", format!("server {upstream};")),
            ("/var/cache/nginx/openrun", format!("{here}/cache")),
            ("/run/nginx-openrun.pid", format!("{here}/pid")),
            ("error_log stderr warn;", "error_log stderr crit;".to_owned()),
            ("worker_processes auto;", "worker_processes 2;".to_owned()),
            ("worker_rlimit_nofile 65536;", "worker_rlimit_nofile 8192;".to_owned()),
            ("worker_connections 16384;", "worker_connections 4096;".to_owned()),
            ("http {\n", format!("http {{\n{temporary}")),
        ] {
            assert_eq!(text.matches(documented).count(), 1, "{documented} stands there once");
            text = text.replace(documented, &ours);
        }
        let config = folder.path().join("nginx.conf");
        fs::write(&config, change(text)).expect("tests can write to a folder");
        // Its workers are of another user when it is started by root.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("the folder is ours");
        let start = |program: &&str| {
            let mut command = Command::new(program);
            command.arg("-c").arg(&config).arg("-p").arg(folder.path());
            command.args(["-e", "stderr", "-g", "daemon off;"]).stdin(Stdio::null());
            command.spawn().ok()
        };
        let missing = "nginx is missing: tests/run installs it, or: sudo apt-get install nginx";
        let master = PLACES.iter().find_map(start).expect(missing);
        let mut nginx = Nginx { master, web: Web::new(address), _folder: folder };
        eventually::so("nginx listens", async || {
            let ended = nginx.master.try_wait().expect("it was started here");
            assert!(ended.is_none(), "nginx does not take its configuration: {ended:?}");
            tokio::net::TcpStream::connect(address).await.is_ok()
        })
        .await;
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers go with it when it is asked; killed, they would stay.
        let id = self.master.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.master.wait();
    }
}
