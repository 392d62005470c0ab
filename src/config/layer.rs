//! One source of settings: the command line with the environment, or a file. Says what was said
//! there and nothing else; defaults are [`super::Config`]'s.

use super::LogFormat;
use super::error::ConfigError;
use clap::builder::BoolishValueParser;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What one source says.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Where people and channel apps call [default: 127.0.0.1:8080]
    #[arg(long, env = "OPENRUN_PUBLIC", hide_env_values = true, value_name = "ADDR")]
    pub public: Option<SocketAddr>,
    /// Where operators and Prometheus call [default: 127.0.0.1:8081]
    #[arg(long, env = "OPENRUN_OPS", hide_env_values = true, value_name = "ADDR")]
    pub ops: Option<SocketAddr>,
    /// Let other machines reach the ops listener [default: false]
    #[arg(long, env = "OPENRUN_OPS_ALLOW_REMOTE", hide_env_values = true, value_name = "BOOL",
          num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub ops_allow_remote: Option<bool>,
    /// Where sales are kept, as sqlite:PATH or postgres://…
    /// [default: openrun.db in the data directory]
    #[arg(long, env = "OPENRUN_STORE", hide_env_values = true, value_name = "URL")]
    pub store: Option<String>,
    /// Sell from a store that was set back, without what the refusal to start names by this code
    #[arg(long, env = "OPENRUN_ACCEPT_REWOUND_STORE", hide_env_values = true, value_name = "CODE")]
    pub accept_rewound_store: Option<String>,
    /// Directory of keys and of the embedded store [default: ./openrun-data]
    #[arg(long, env = "OPENRUN_DATA", hide_env_values = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Make keys on the spot and trust the development channels [default: false]
    #[arg(long, env = "OPENRUN_DEV", hide_env_values = true, value_name = "BOOL",
          num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub dev: Option<bool>,
    /// Threads of the public listener, 0 for one a processor [default: 0]
    #[arg(long, env = "OPENRUN_WORKERS", hide_env_values = true, value_name = "N")]
    pub workers: Option<usize>,
    /// What is logged: a level, or directives by module
    /// [default: info,actix_server=warn,actix_http=off]
    #[arg(long, env = "OPENRUN_LOG", hide_env_values = true, value_name = "DIRECTIVES")]
    pub log: Option<String>,
    /// How it is written [default: auto: text on a terminal, json otherwise]
    #[arg(
        long,
        env = "OPENRUN_LOG_FORMAT",
        hide_env_values = true,
        value_name = "FORMAT",
        hide_possible_values = false
    )]
    pub log_format: Option<LogFormat>,
    /// Most connections of the public listener at once [default: 19000]
    #[arg(long, env = "OPENRUN_MAX_CONNECTIONS", hide_env_values = true, value_name = "N")]
    pub max_connections: Option<usize>,
    /// How long a connection may stay idle, in seconds [default: 75]
    #[arg(long, env = "OPENRUN_KEEP_ALIVE_S", hide_env_values = true, value_name = "SECONDS")]
    pub keep_alive_s: Option<u64>,
    /// How long the head of a request may take, in seconds [default: 5]
    #[arg(long, env = "OPENRUN_HEAD_TIMEOUT_S", hide_env_values = true, value_name = "SECONDS")]
    pub head_timeout_s: Option<u64>,
    /// How long the body of a request may take, in seconds [default: 5]
    #[arg(long, env = "OPENRUN_BODY_TIMEOUT_S", hide_env_values = true, value_name = "SECONDS")]
    pub body_timeout_s: Option<u64>,
    /// How long a stopping server answers what is in flight, in seconds [default: 10]
    #[arg(long, env = "OPENRUN_STOP_TIMEOUT_S", hide_env_values = true, value_name = "SECONDS")]
    pub stop_timeout_s: Option<u64>,
    /// Who takes the money: instant, http:URL or toss:URL [default: instant]
    #[arg(long, env = "OPENRUN_RAIL", hide_env_values = true, value_name = "RAIL")]
    pub rail: Option<String>,
    /// File of the secret shared with the rail [default: keys/rail.key in the data directory]
    #[arg(long, env = "OPENRUN_RAIL_KEY_FILE", hide_env_values = true, value_name = "FILE")]
    pub rail_key_file: Option<PathBuf>,
    /// Most calls of the rail in flight [default: 64]
    #[arg(long, env = "OPENRUN_RAIL_CONCURRENCY", hide_env_values = true, value_name = "N")]
    pub rail_concurrency: Option<usize>,
    /// Most payments begun in a second [default: 1000]
    #[arg(long, env = "OPENRUN_RAIL_RATE_PER_S", hide_env_values = true, value_name = "N")]
    pub rail_rate_per_s: Option<u32>,
    /// Most won asked of the rail in a day, 0 for no limit [default: 0]
    #[arg(long, env = "OPENRUN_RAIL_DAILY_LIMIT_WON", hide_env_values = true, value_name = "WON")]
    pub rail_daily_limit_won: Option<i64>,
    /// How long one call of the rail may take, in milliseconds [default: 3000]
    #[arg(long, env = "OPENRUN_RAIL_TIMEOUT_MS", hide_env_values = true, value_name = "MS")]
    pub rail_timeout_ms: Option<u64>,
    /// How long after it was sent a payment may still arrive, in seconds [default: 60]
    #[arg(long, env = "OPENRUN_RAIL_FINALITY_S", hide_env_values = true, value_name = "SECONDS")]
    pub rail_finality_s: Option<u64>,
    /// How long a hold may wait to be sent to the rail, in seconds [default: 30]
    #[arg(long, env = "OPENRUN_RAIL_HOLD_TTL_S", hide_env_values = true, value_name = "SECONDS")]
    pub rail_hold_ttl_s: Option<u64>,
    /// Believe an approval only once an inquiry says the same [default: true]
    #[arg(long, env = "OPENRUN_RAIL_CONFIRM", hide_env_values = true, value_name = "BOOL",
          num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    pub rail_confirm: Option<bool>,
}

impl Layer {
    /// What a file says.
    ///
    /// # Errors
    /// It cannot be read, or it has a line that is no setting.
    pub fn read(path: &Path) -> Result<Layer, ConfigError> {
        let text = std::fs::read_to_string(path);
        let text =
            text.map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
        Layer::parse(&text).map_err(|(line, fault)| ConfigError::Malformed {
            path: path.to_owned(),
            line,
            fault,
        })
    }

    /// What the text of a file says; a fault comes with its line, from 1.
    pub(super) fn parse(text: &str) -> Result<Layer, (usize, String)> {
        toml::from_str(text).map_err(|fault| {
            let start = fault.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
            (line, fault.message().replace('\n', " "))
        })
    }

    /// This layer, and what `below` says where this one is silent.
    #[must_use]
    pub fn over(self, below: Layer) -> Layer {
        Layer {
            public: self.public.or(below.public),
            ops: self.ops.or(below.ops),
            ops_allow_remote: self.ops_allow_remote.or(below.ops_allow_remote),
            store: self.store.or(below.store),
            accept_rewound_store: self.accept_rewound_store.or(below.accept_rewound_store),
            data: self.data.or(below.data),
            dev: self.dev.or(below.dev),
            workers: self.workers.or(below.workers),
            log: self.log.or(below.log),
            log_format: self.log_format.or(below.log_format),
            max_connections: self.max_connections.or(below.max_connections),
            keep_alive_s: self.keep_alive_s.or(below.keep_alive_s),
            head_timeout_s: self.head_timeout_s.or(below.head_timeout_s),
            body_timeout_s: self.body_timeout_s.or(below.body_timeout_s),
            stop_timeout_s: self.stop_timeout_s.or(below.stop_timeout_s),
            rail: self.rail.or(below.rail),
            rail_key_file: self.rail_key_file.or(below.rail_key_file),
            rail_concurrency: self.rail_concurrency.or(below.rail_concurrency),
            rail_rate_per_s: self.rail_rate_per_s.or(below.rail_rate_per_s),
            rail_daily_limit_won: self.rail_daily_limit_won.or(below.rail_daily_limit_won),
            rail_timeout_ms: self.rail_timeout_ms.or(below.rail_timeout_ms),
            rail_finality_s: self.rail_finality_s.or(below.rail_finality_s),
            rail_hold_ttl_s: self.rail_hold_ttl_s.or(below.rail_hold_ttl_s),
            rail_confirm: self.rail_confirm.or(below.rail_confirm),
        }
    }
}
