//! Settings: one struct, merged from flags, `OPENRUN_*`, `openrun.toml` and defaults, in this
//! order.
//!
//! Every setting has one name in four spellings: `--log-format`, `OPENRUN_LOG_FORMAT`, `log_format`
//! in the file and here. Merging opens no port and touches no data: [`Config::check`] says what is
//! wrong before anything has begun. Holds no secret: keys live in files of the data directory.

mod error;
mod layer;

#[cfg(test)]
mod tests;

pub use error::ConfigError;
pub use layer::Layer;

use crate::rail::RailSettings;
use openrun_core::Won;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file that is read when it is there and no other is named.
pub const DEFAULT_FILE: &str = "openrun.toml";
/// Most worker threads that make sense on one machine; a larger figure is a slip.
const WORKERS_MAX: usize = 1_024;
/// Longest time-out, in seconds: a day.
const SECONDS_MAX: u64 = 86_400;

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// Everything that can be set. What each setting is for stands in `openrun.example.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Config {
    /// Where people and channel apps call.
    pub public: SocketAddr,
    /// Where operators and Prometheus call.
    pub ops: SocketAddr,
    /// Whether the ops listener may be reached from other machines.
    pub ops_allow_remote: bool,
    /// Where sales are kept: `sqlite:PATH` or `postgres://…`. Shown without its password.
    #[serde(serialize_with = "shown")]
    pub store: String,
    /// What a store that was set back has lost, as the refusal names it, for it to be sold from;
    /// empty for none.
    pub accept_rewound_store: String,
    /// Where keys are.
    pub data: PathBuf,
    /// Keys made on the spot and every development channel trusted.
    pub dev: bool,
    /// Threads of the public listener; 0 stands for one a processor.
    pub workers: usize,
    /// What is logged, as directives of `tracing`.
    pub log: String,
    /// How it is written.
    pub log_format: LogFormat,
    /// Most connections of the public listener at once.
    pub max_connections: usize,
    /// How long a connection may stay idle, in seconds.
    pub keep_alive_s: u64,
    /// How long the head of a request may take, in seconds.
    pub head_timeout_s: u64,
    /// How long the body of a request may take, in seconds.
    pub body_timeout_s: u64,
    /// How long a stopping server answers what is in flight, in seconds.
    pub stop_timeout_s: u64,
    /// Who takes the money: `instant`, `http:URL` or `toss:URL`.
    pub rail: String,
    /// The file of the secret shared with the rail.
    pub rail_key_file: PathBuf,
    /// Most calls of the rail in flight.
    pub rail_concurrency: usize,
    /// Most payments begun in a second.
    pub rail_rate_per_s: u32,
    /// Most won asked of the rail in a day; 0 for no limit.
    pub rail_daily_limit_won: i64,
    /// How long one call of the rail may take, in milliseconds.
    pub rail_timeout_ms: u64,
    /// How long after it was sent a payment may still arrive, in seconds.
    pub rail_finality_s: u64,
    /// How long a hold may wait to be sent to the rail, in seconds.
    pub rail_hold_ttl_s: u64,
    /// Whether an approval is believed only once an inquiry says the same.
    pub rail_confirm: bool,
}

fn shown<S: serde::Serializer>(store: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::store::shown(store))
}

impl Default for Config {
    fn default() -> Config {
        let data = PathBuf::from("./openrun-data");
        let rail = RailSettings::default();
        Config {
            public: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            ops: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            ops_allow_remote: false,
            store: store_in(&data),
            accept_rewound_store: String::new(),
            rail_key_file: rail_key_in(&data),
            data,
            dev: false,
            workers: 0,
            log: "info,actix_server=warn,actix_http=off".to_owned(),
            log_format: LogFormat::Auto,
            max_connections: 19_000,
            keep_alive_s: 75,
            head_timeout_s: 5,
            body_timeout_s: 5,
            stop_timeout_s: 10,
            rail: rail.rail,
            rail_concurrency: rail.concurrency,
            rail_rate_per_s: rail.rate_per_s,
            rail_daily_limit_won: rail.daily_limit.0,
            rail_timeout_ms: rail.timeout_ms,
            rail_finality_s: rail.finality_s,
            rail_hold_ttl_s: rail.hold_ttl_s,
            rail_confirm: rail.confirm,
        }
    }
}

/// The embedded store of a data directory.
#[must_use]
pub fn store_in(data: &Path) -> String {
    format!("sqlite:{}", data.join("openrun.db").display())
}

/// The secret shared with a rail, beside the keys of a data directory.
#[must_use]
pub fn rail_key_in(data: &Path) -> PathBuf {
    data.join("keys").join("rail.key")
}

impl Config {
    /// The settings that `flags` (with what the environment says) and the file come to. Without a
    /// named file `openrun.toml` is read if it is there.
    ///
    /// # Errors
    /// The file cannot be read or has a fault, or the settings do not go together.
    pub fn load(flags: Layer, file: Option<&Path>) -> Result<Config, ConfigError> {
        let config = Config::unchecked(flags, file)?;
        config.check()?;
        Ok(config)
    }

    /// The same for whoever does not serve: whether the settings can be served with is not asked.
    ///
    /// # Errors
    /// The file cannot be read or has a fault.
    pub fn unchecked(flags: Layer, file: Option<&Path>) -> Result<Config, ConfigError> {
        let is_there = Path::new(DEFAULT_FILE).is_file();
        let file = file.or_else(|| is_there.then(|| Path::new(DEFAULT_FILE)));
        let from_file = file.map(Layer::read).transpose()?.unwrap_or_default();
        Ok(Config::merged(flags.over(from_file)))
    }

    /// The defaults, with what is said in `layer` instead.
    #[must_use]
    pub fn merged(layer: Layer) -> Config {
        let default = Config::default();
        let data = layer.data.unwrap_or(default.data);
        Config {
            public: layer.public.unwrap_or(default.public),
            ops: layer.ops.unwrap_or(default.ops),
            ops_allow_remote: layer.ops_allow_remote.unwrap_or(default.ops_allow_remote),
            store: layer.store.unwrap_or_else(|| store_in(&data)),
            accept_rewound_store: layer.accept_rewound_store.unwrap_or_default(),
            rail_key_file: layer.rail_key_file.unwrap_or_else(|| rail_key_in(&data)),
            data,
            dev: layer.dev.unwrap_or(default.dev),
            workers: layer.workers.unwrap_or(default.workers),
            log: layer.log.unwrap_or(default.log),
            log_format: layer.log_format.unwrap_or(default.log_format),
            max_connections: layer.max_connections.unwrap_or(default.max_connections),
            keep_alive_s: layer.keep_alive_s.unwrap_or(default.keep_alive_s),
            head_timeout_s: layer.head_timeout_s.unwrap_or(default.head_timeout_s),
            body_timeout_s: layer.body_timeout_s.unwrap_or(default.body_timeout_s),
            stop_timeout_s: layer.stop_timeout_s.unwrap_or(default.stop_timeout_s),
            rail: layer.rail.unwrap_or(default.rail),
            rail_concurrency: layer.rail_concurrency.unwrap_or(default.rail_concurrency),
            rail_rate_per_s: layer.rail_rate_per_s.unwrap_or(default.rail_rate_per_s),
            rail_daily_limit_won: layer
                .rail_daily_limit_won
                .unwrap_or(default.rail_daily_limit_won),
            rail_timeout_ms: layer.rail_timeout_ms.unwrap_or(default.rail_timeout_ms),
            rail_finality_s: layer.rail_finality_s.unwrap_or(default.rail_finality_s),
            rail_hold_ttl_s: layer.rail_hold_ttl_s.unwrap_or(default.rail_hold_ttl_s),
            rail_confirm: layer.rail_confirm.unwrap_or(default.rail_confirm),
        }
    }

    /// Whether these settings can be served with, as far as they can tell by themselves.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), ConfigError> {
        let seconds = 1..=SECONDS_MAX;
        let spans = [
            ("keep_alive_s", self.keep_alive_s),
            ("head_timeout_s", self.head_timeout_s),
            ("body_timeout_s", self.body_timeout_s),
            ("stop_timeout_s", self.stop_timeout_s),
        ];
        if let Some((name, _)) = spans.into_iter().find(|(_, value)| !seconds.contains(value)) {
            return Err(ConfigError::OutOfBounds { name, bounds: "1 to 86400 seconds" });
        }
        if self.workers > WORKERS_MAX {
            return Err(ConfigError::OutOfBounds { name: "workers", bounds: "0 to 1024" });
        }
        if self.max_connections == 0 {
            return Err(ConfigError::OutOfBounds { name: "max_connections", bounds: "at least 1" });
        }
        if self.public == self.ops && self.public.port() != 0 {
            return Err(ConfigError::SameAddress { address: self.public });
        }
        if !self.ops.ip().is_loopback() && !self.ops_allow_remote && !self.dev {
            return Err(ConfigError::OpsRemote { address: self.ops });
        }
        let directives = tracing_subscriber::EnvFilter::try_new(&self.log);
        if let Err(fault) = directives {
            return Err(ConfigError::Log { fault: fault.to_string() });
        }
        crate::store::check_url(&self.store)?;
        self.rail_settings().check()?;
        Ok(())
    }

    /// What is set about the payment rail.
    #[must_use]
    pub fn rail_settings(&self) -> RailSettings {
        RailSettings {
            rail: self.rail.clone(),
            key_file: self.rail_key_file.clone(),
            concurrency: self.rail_concurrency,
            rate_per_s: self.rail_rate_per_s,
            daily_limit: Won(self.rail_daily_limit_won),
            timeout_ms: self.rail_timeout_ms,
            finality_s: self.rail_finality_s,
            hold_ttl_s: self.rail_hold_ttl_s,
            confirm: self.rail_confirm,
            dev: self.dev,
        }
    }

    /// In development, where scripts and sheets of the pages are read from at each request, if the
    /// environment says so: for work on the front end.
    #[must_use]
    pub fn web_folder(&self) -> Option<PathBuf> {
        let folder = || std::env::var_os("OPENRUN_WEB_DIR").filter(|folder| !folder.is_empty());
        self.dev.then(folder).flatten().map(PathBuf::from)
    }

    /// How many threads serve the public listener.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        if self.workers == 0 { processors() } else { self.workers }
    }

    /// How long a stopping server answers what is in flight.
    #[must_use]
    pub fn stop_timeout(&self) -> Duration {
        Duration::from_secs(self.stop_timeout_s)
    }
}
