//! `serve`: the callback server, as the configuration says.

use std::io::{self, IsTerminal};

use rongcloud_callback::{
    CallbackService, Config,
    config::{LogFormat, LogSection},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing_subscriber::{EnvFilter, fmt};

use crate::failure::Failure;

pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    log(&config.log)?;
    open_many_files(config.server.max_connections);
    CallbackService::new(config).run().await.map_err(Failure::from)
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
