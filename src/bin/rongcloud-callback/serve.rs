//! `serve`: the callback server, as the configuration says.

use std::io::{self, IsTerminal};

use rongcloud_callback::{
    CallbackService, Config, Rules,
    config::{ConfigError, LogFormat, LogSection},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{EnvFilter, fmt};

use crate::failure::Failure;

/// Serves until it is told to stop; `load` reads the configuration again.
pub(crate) async fn run(
    config: Config,
    load: &impl Fn() -> Result<Config, ConfigError>,
) -> Result<(), Failure> {
    log(&config.log)?;
    open_many_files(config.server.max_connections);
    let rules = Rules::new(&config).map_err(Failure::yours)?;
    let mut hang_ups = signal(SignalKind::hangup()).map_err(Failure::ours)?;
    let service = CallbackService::new(config).route(rules.clone()).run();
    let reload = async {
        while hang_ups.recv().await.is_some() {
            reload(&rules, load);
        }
    };
    tokio::select! {
        result = service => result.map_err(Failure::from),
        () = reload => Ok(()),
    }
}

/// Puts the file's rules in force as they are now, if they are right.
fn reload(rules: &Rules, load: &impl Fn() -> Result<Config, ConfigError>) {
    let replaced =
        load().map_err(Failure::from).and_then(|config| rules.replace(&config).map_err(Failure::yours));
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

/// Files that are open beside the connections, with room to spare.
const OTHER_FILES: u64 = 256;

/// Takes as many open files as the system grants: each connection is one, and the usual soft limit is 1024.
fn open_many_files(connections: usize) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let granted = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if raised.is_err() || granted < connections as u64 + OTHER_FILES {
        tracing::warn!(
            granted,
            "fewer files may be open than server.max_connections needs: raise `ulimit -Hn`, or lower it"
        );
    }
}

pub(crate) fn log(section: &LogSection) -> Result<(), Failure> {
    let filter: EnvFilter = section.level.parse().map_err(|error| {
        Failure::yours(anyhow::anyhow!("log.level: `{}` is not a filter: {error}", section.level))
            .hint("write a level such as \"info\", or \"rongcloud_callback=debug,warn\"")
    })?;
    let builder =
        fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    match section.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
