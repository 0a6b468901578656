//! The options of the commands that call the platform: the app, the form of the output, and the dry run.

use clap::Args;
use rongcloud_callback::{
    Client, Config,
    client::{ClientError, Unsent},
    config::AppSection,
    ids::AppKey,
    portal::Portal,
};
use serde::Serialize;

use crate::{failure::Failure, output::print_json, terminal};

/// The options of each command that calls the platform, before the command's name or behind it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Calls of the platform")]
pub(crate) struct ApiOptions {
    /// Makes the call for the app with this App Key; not needed where the configuration has one app only.
    #[arg(long, value_name = "KEY", global = true)]
    app: Option<AppKey>,
    /// Prints JSON, for scripts.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Prints the request, with its secrets masked, instead of sending it.
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
}

impl ApiOptions {
    /// The client of the chosen app.
    pub(crate) fn client(&self, config: &Config) -> Result<Client, Failure> {
        let client = self.section(config)?.client(config.client.options())?;
        Ok(if self.dry_run { client.dry_run() } else { client })
    }

    /// The portal of the chosen app.
    pub(crate) fn portal(&self, config: &Config) -> Result<Portal, Failure> {
        let app = self.section(config)?;
        let section = app.portal.as_ref().ok_or_else(|| {
            Failure::yours(anyhow::anyhow!("the app {} has no portal", app.key))
                .hint("write a section [apps.portal] below it; `config/callback.toml` shows one")
        })?;
        let portal = section.portal(config.client.options())?;
        Ok(if self.dry_run { portal.dry_run() } else { portal })
    }

    /// Prints the result of a call: as JSON, or as the text that `text` makes of it.
    pub(crate) fn print<T: Serialize>(
        &self,
        result: Result<T, ClientError>,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        match result {
            Ok(value) if self.json => print_json(&value),
            Ok(value) => {
                // The text holds what the platform answered, which may be anything.
                println!("{}", terminal::block(&text(&value)));
                Ok(())
            }
            Err(ClientError::Unsent(unsent)) => self.print_unsent(&unsent),
            Err(error) => Err(error.into()),
        }
    }

    /// Prints the request of a dry run.
    pub(crate) fn print_unsent(&self, unsent: &Unsent) -> Result<(), Failure> {
        if self.json {
            return print_json(unsent);
        }
        println!("{}", terminal::block(&unsent.to_string()));
        Ok(())
    }

    /// The section of the configuration for the chosen app.
    pub(crate) fn section<'a>(&self, config: &'a Config) -> Result<&'a AppSection, Failure> {
        chosen_app(config, self.app.as_ref())
    }
}

/// The app with this key, or the only one of the configuration.
pub(crate) fn chosen_app<'a>(
    config: &'a Config,
    key: Option<&AppKey>,
) -> Result<&'a AppSection, Failure> {
    let found = match (key, &config.apps[..]) {
        (None, [only]) => Some(only),
        _ => config.apps.iter().find(|app| key == Some(&app.key)),
    };
    found.ok_or_else(|| {
        name_an_app(
            match key {
                Some(key) => anyhow::anyhow!("the configuration has no app {key}"),
                None => anyhow::anyhow!("the configuration has {} apps", config.apps.len()),
            },
            config,
        )
    })
}

/// The failure of a command where several apps are possible and none is chosen.
pub(crate) fn name_an_app(what: anyhow::Error, config: &Config) -> Failure {
    let keys: Vec<_> = config.apps.iter().map(|app| app.key.as_str()).collect();
    Failure::yours(what).hint(format!("name one with --app: {}", keys.join(", ")))
}
