//! `openrun serve`: a server until it is told to stop.

use super::signals::Stop;
use super::{Exit, Fault, limits, service_manager};
use crate::app::{self, Running, StartFault};
use crate::config::{Config, Layer};
use crate::telemetry::{self, COMMIT, VERSION};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Every flag is also a setting of openrun.toml, explained in \
openrun.example.toml. SIGTERM and SIGINT stop it: what is in flight is answered, then exit code 0.

Examples:
  openrun serve --dev
  openrun serve --public 0.0.0.0:8080 --data /var/lib/openrun
  OPENRUN_LOG=debug openrun serve --config openrun.toml")]
pub(super) struct Serve {
    /// File of settings [default: openrun.toml if it is there]
    #[arg(long, env = "OPENRUN_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    layer: Layer,
}

impl Serve {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let mut config = Config::load(self.layer, self.config.as_deref())?;
        let _log = telemetry::start_log(&config.log, config.log_format);
        config.max_connections = limits::fit_connections(config.max_connections)?;
        actix_web::rt::System::new().block_on(serve(&config))
    }
}

async fn serve(config: &Config) -> Result<Exit, Fault> {
    let mut stop = Stop::listen().map_err(Fault::failure)?;
    service_manager::starting();
    // Recovery may take seconds: a stop that comes meanwhile is obeyed at once, as nobody is there.
    let running = tokio::select! {
        started = app::start(config) => started?,
        signal = stop.asked() => {
            tracing::info!(signal, "stopped before it was ready");
            return Ok(Exit::Done);
        }
    };
    tracing::info!(
        version = VERSION,
        commit = COMMIT,
        public = %running.public,
        ops = %running.ops,
        data = %config.data.display(),
        dev = config.dev,
        "ready"
    );
    service_manager::ready(&running.engine);
    until_stopped(running, &mut stop).await
}

/// Serves until a signal comes, then stops in good order.
pub(super) async fn until_stopped(mut running: Running, stop: &mut Stop) -> Result<Exit, Fault> {
    let signal = tokio::select! {
        signal = stop.asked() => signal,
        ended = running.wait() => {
            let why = ended.err().map_or("it ended".to_owned(), |cause| cause.to_string());
            running.stop().await;
            return Err(Fault::failure(format!("a listener stopped by itself: {why}")));
        }
    };
    service_manager::stopping();
    tracing::info!(signal, "stopping: answering what is in flight");
    running.stop().await;
    tracing::info!("stopped");
    Ok(Exit::Done)
}

impl From<StartFault> for Fault {
    fn from(fault: StartFault) -> Fault {
        match fault {
            StartFault::Keys(fault) => fault.into(),
            StartFault::Witness(_) => Fault::failure(fault),
            StartFault::Rail(_) => Fault::new(Exit::BadConfig, fault),
            StartFault::Store(fault) => fault.into(),
            StartFault::Engine(_) | StartFault::Merchants(_) => {
                Fault::new(Exit::DependencyDown, fault)
            }
            StartFault::Listen { .. } => Fault::failure(fault),
        }
    }
}
