//! What the commands that call the platform share: for which app, how to print, and whether to send at all.

use std::{fmt::Write as _, fs, io::Read as _, path::Path};

use clap::Args;
use rongcloud_callback::{
    Client, Config,
    client::{ClientError, Unsent},
    config::AppSection,
    ids::AppKey,
    portal::Portal,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{failure::Failure, log, terminal};

/// The options that each command has that calls the platform, before the command's name or behind it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Calls of the platform")]
pub(crate) struct Options {
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

impl Options {
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

    /// Prints what a call gave: as JSON, or as `text` puts it.
    pub(crate) fn print<T: Serialize>(
        &self,
        result: Result<T, ClientError>,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        match result {
            Ok(value) if self.json => print_json(&value),
            Ok(value) => {
                // Whatever the platform answered is in it.
                println!("{}", terminal::block(&text(&value)));
                Ok(())
            }
            Err(ClientError::Unsent(unsent)) => self.print_unsent(&unsent),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn print_unsent(&self, unsent: &Unsent) -> Result<(), Failure> {
        if self.json {
            return print_json(unsent);
        }
        println!("{}", terminal::block(&unsent.to_string()));
        Ok(())
    }

    /// The section of the configuration for the chosen app.
    pub(crate) fn section<'a>(&self, config: &'a Config) -> Result<&'a AppSection, Failure> {
        let named = |app: &&AppSection| self.app.as_ref() == Some(&app.key);
        let found = match (&self.app, &config.apps[..]) {
            (None, [only]) => Some(only),
            _ => config.apps.iter().find(named),
        };
        found.ok_or_else(|| {
            name_an_app(
                match &self.app {
                    Some(key) => anyhow::anyhow!("the configuration has no app {key}"),
                    None => anyhow::anyhow!("the configuration has {} apps", config.apps.len()),
                },
                config,
            )
        })
    }
}

/// The failure of a command that does not know for which app it is.
pub(crate) fn name_an_app(what: anyhow::Error, config: &Config) -> Failure {
    let keys: Vec<_> = config.apps.iter().map(|app| app.key.as_str()).collect();
    Failure::yours(what).hint(format!("name one with --app: {}", keys.join(", ")))
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(value).map_err(Failure::ours)?);
    Ok(())
}

/// Reads a file; `-` is standard input.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    bytes.map_err(|error| {
        Failure::yours(error)
            .at(format!("cannot read {}", shown(path)))
            .hint("name a file that exists, or - for standard input")
    })
}

/// Reads JSON; `hint` says of what shape it has to be.
pub(crate) fn read_json(path: &Path, hint: &str) -> Result<Value, Failure> {
    let bytes = read(path)?;
    if bytes.trim_ascii().is_empty() {
        return Err(not_of_shape(anyhow::anyhow!("it is empty"), path, hint));
    }
    serde_json::from_slice(&bytes).map_err(|error| not_of_shape(error, path, hint))
}

/// Reads articles: a list, or the documents' object around one.
pub(crate) fn read_articles<T: DeserializeOwned>(path: &Path, hint: &str) -> Result<Vec<T>, Failure> {
    let articles = match read_json(path, hint)? {
        Value::Object(mut object) => object.remove("articles").unwrap_or_default(),
        list => list,
    };
    if !articles.is_array() {
        return Err(not_of_shape(anyhow::anyhow!("it has no list of articles"), path, hint));
    }
    serde_json::from_value(articles).map_err(|error| not_of_shape(error, path, hint))
}

/// A file that cannot be sent, and how to write it.
pub(crate) fn not_of_shape(error: impl Into<anyhow::Error>, path: &Path, hint: &str) -> Failure {
    Failure::yours(error).at(format!("{} does not hold what is to be sent", shown(path))).hint(hint)
}

/// The name of a file, for what is said about it.
pub(crate) fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

/// Says on standard error what is probably not meant, though it is done.
pub(crate) fn warn(text: &str) {
    log::print(&format!("warning: {}\n", terminal::line(text)));
}

/// Names and values below each other, without those that have no value.
pub(crate) fn table(rows: &[(&str, &str)]) -> String {
    let mut table = String::new();
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        _ = writeln!(table, "{:14}{}", format!("{name}:"), terminal::line(value));
    }
    table.trim_end().to_owned()
}
