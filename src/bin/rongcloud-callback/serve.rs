//! `serve`: the callback server, as the configuration says.

use std::path::{Path, PathBuf};

use rongcloud_callback::{CallbackService, Config, Rules, service::termination};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
};

use crate::{failure::Failure, log};

/// Serves the configuration at `path`, or the one that the environment names, until it is told to stop.
pub(crate) async fn run(path: Option<PathBuf>) -> Result<(), Failure> {
    // Before anything that may have to wait, such as for a file of a volume that is not there: the kernel keeps a signal
    // from the first process of a container until there is a handler for it.
    let stop = termination().map_err(Failure::ours)?;
    let hang_ups = signal(SignalKind::hangup()).map_err(Failure::ours)?;
    tokio::pin!(stop);
    let config = tokio::select! {
        config = load(path.as_deref()) => config?,
        () = &mut stop => return Ok(()),
    };
    log::start(&config.log)?;
    raise_open_files();
    let rules = Rules::new(&config).map_err(Failure::yours)?;
    let service = CallbackService::new(config).route(rules.clone()).run_until(stop);
    tokio::select! {
        result = service => result.map_err(Failure::from),
        () = reload_at(hang_ups, &rules, path.as_deref()) => Ok(()),
    }
}

/// Reads the configuration on a thread that may wait for it.
async fn load(path: Option<&Path>) -> Result<Config, Failure> {
    let path = path.map(Path::to_owned);
    let loaded = spawn_blocking(move || Config::load(path.as_deref())).await.map_err(Failure::ours)?;
    loaded.map_err(Failure::from)
}

/// At each SIGHUP, puts the file's rules in force as they are then, if they are right.
async fn reload_at(mut hang_ups: Signal, rules: &Rules, path: Option<&Path>) {
    while hang_ups.recv().await.is_some() {
        let replaced =
            load(path).await.and_then(|config| rules.replace(&config).map_err(Failure::yours));
        match replaced {
            Ok(()) => tracing::info!(
                rules = rules.len(),
                "the rules have been read again; everything else in the configuration needs a restart"
            ),
            Err(failure) => tracing::error!(
                reason = failure.to_string().trim_end(),
                "the configuration is not right: the rules stay as they were"
            ),
        }
    }
}

/// Raises the limit of open files as far as it may be: each connection is one. With fewer the listener takes fewer.
fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // What is granted without it may do.
    _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
