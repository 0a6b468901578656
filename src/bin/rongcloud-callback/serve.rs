//! `serve`: the callback server of a configuration.

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

/// Runs the server with the configuration at `path`, or the one that the environment names, until a signal stops it.
pub(crate) async fn run(path: Option<PathBuf>, level: Option<&LogFilter>) -> Result<(), Failure> {
    // The handler is set up before anything that may wait, such as for a file of a missing volume: the kernel delivers a
    // signal to the first process of a container only if it has a handler.
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
        () = reload_rules(hang_ups, &rules, path.as_deref()) => Ok(()),
    }
}

/// Reads the configuration on a thread that may block.
async fn load(path: Option<&Path>) -> Result<Result<Config, ConfigError>, JoinError> {
    let path = path.map(Path::to_owned);
    spawn_blocking(move || Config::load(path.as_deref())).await
}

/// Loads the file's rules again at each SIGHUP, and uses them if they are correct.
async fn reload_rules(mut hang_ups: Signal, rules: &Rules, path: Option<&Path>) {
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

/// The mistakes of a configuration, one on each line.
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

/// Raises the limit of open files to its maximum, as each connection is one. With a lower limit the listener accepts fewer
/// connections.
fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // If it cannot be raised, the present limit may be enough.
    _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
