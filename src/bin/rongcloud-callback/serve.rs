//! `serve`: the callback server, as the configuration says.

use std::path::{Path, PathBuf};

use rongcloud_callback::{
    CallbackService, Config, Rules,
    config::{ConfigError, Problem},
    service::termination,
    telemetry::{self, LogFilter},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::{JoinError, spawn_blocking},
};

use crate::failure::Failure;

/// Serves the configuration at `path`, or the one that the environment names, until it is told to stop.
pub(crate) async fn run(path: Option<PathBuf>, level: Option<&LogFilter>) -> Result<(), Failure> {
    // Before anything that may have to wait, such as for a file of a volume that is not there: the kernel keeps a signal
    // from the first process of a container until there is a handler for it.
    let stop = termination().map_err(Failure::ours)?;
    let hang_ups = signal(SignalKind::hangup()).map_err(Failure::ours)?;
    tokio::pin!(stop);
    let config = tokio::select! {
        config = load(path.as_deref()) => config.map_err(Failure::ours)??,
        () = &mut stop => return Ok(()),
    };
    telemetry::start(&config.log.options(), level)?;
    raise_open_files();
    let rules = Rules::new(&config.rules).map_err(Failure::yours)?;
    let service = CallbackService::new(config).route(rules.clone()).run_until(stop);
    tokio::select! {
        result = service => result.map_err(Failure::from),
        () = reload_at(hang_ups, &rules, path.as_deref()) => Ok(()),
    }
}

/// Reads the configuration on a thread that may wait for it.
async fn load(path: Option<&Path>) -> Result<Result<Config, ConfigError>, JoinError> {
    let path = path.map(Path::to_owned);
    spawn_blocking(move || Config::load(path.as_deref())).await
}

/// At each SIGHUP, puts the file's rules in force as they are then, if they are right.
async fn reload_at(mut hang_ups: Signal, rules: &Rules, path: Option<&Path>) {
    while hang_ups.recv().await.is_some() {
        let mistakes = match load(path).await {
            Ok(Ok(config)) => rules.replace(&config.rules).err().map(|error| vec![format!("{error:?}")]),
            Ok(Err(error)) => Some(mistakes(&error)),
            Err(panic) => Some(vec![panic.to_string()]),
        };
        let Some(mistakes) = mistakes else {
            tracing::info!(
                rules = rules.len(),
                "the rules have been read again; everything else in the configuration needs a restart"
            );
            continue;
        };
        for mistake in &mistakes {
            tracing::error!("{mistake}");
        }
        tracing::error!(
            mistakes = mistakes.len(),
            "the configuration is not right: the rules stay as they were"
        );
    }
}

/// What is wrong with a configuration, a line each.
fn mistakes(error: &ConfigError) -> Vec<String> {
    let in_one_line = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let ConfigError::Invalid { file, problems } = error else {
        return vec![in_one_line(&format!("{error:?}"))];
    };
    let file = file.as_ref().map_or_else(|| "configuration".into(), |file| file.to_string_lossy());
    let mistake = |problem: &Problem| {
        let line = problem.line.map(|line| format!("{file}:{line}: ")).unwrap_or_default();
        in_one_line(&format!("{line}{}: {}; hint: {}", problem.key, problem.what, problem.hint))
    };
    problems.iter().map(mistake).collect()
}

/// Raises the limit of open files as far as it may be: each connection is one. With fewer the listener takes fewer.
fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // What is granted without it may do.
    _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
