//! `serve`: the callback server, as the configuration says.

use std::io::{self, IsTerminal};

use rongcloud_callback::{
    CallbackService, Config,
    config::{LogFormat, LogSection},
};
use tracing_subscriber::{EnvFilter, fmt};

use crate::failure::Failure;

pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    log(&config.log)?;
    CallbackService::new(config).run().await.map_err(Failure::from)
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
