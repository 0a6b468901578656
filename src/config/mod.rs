//! Configuration: the compiled-in defaults, a file over them, the environment in it, then checks.
//!
//! Pure values: the rooms take their section and never read the environment themselves.

mod addresses;
mod bounds;
mod check;
mod duration;
mod encoding;
mod env;
mod error;
mod file;
mod merge;
mod mistakes;
mod options;
mod proxies;
mod read;
pub(crate) mod rules;
mod secret_files;
mod sections;
pub(crate) mod stray;

use std::{collections::HashSet, env::VarError, path::Path};

use toml::{Table, Value};

#[cfg(feature = "log")]
pub(crate) use self::env::log_filter;
use self::file::UserFile;
pub use self::{
    error::{ConfigError, Problem},
    rules::RuleSection,
    sections::{
        AdminSection, AppSection, ClientSection, JournalSection, JournalUrl, LogFormat, LogSection,
        PortalSection, PumpSection, RateSection, Replies, ServerSection, ShutdownSection,
    },
};

/// `config/callback.toml`: every key, its default, and a comment that says what it is for.
pub const DEFAULTS: &str = include_str!("../../config/callback.toml");

/// The whole configuration; [`DEFAULTS`] documents every key.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the platform's callbacks meet.
    pub server: ServerSection,
    /// Health, readiness and metrics.
    pub admin: AdminSection,
    /// What survives a crash.
    pub journal: JournalSection,
    /// Handling of messages.
    pub dispatch: PumpSection,
    /// Sending of replies.
    pub deliver: PumpSection,
    /// How fast replies are sent.
    pub deliver_rate: RateSection,
    /// Calls to the platform's API.
    pub client: ClientSection,
    /// How it ends.
    pub shutdown: ShutdownSection,
    /// Logs.
    pub log: LogSection,
    /// The apps, at least one.
    pub apps: Vec<AppSection>,
    /// Handlers written as configuration; see [`rules`](crate::rules).
    pub rules: Vec<RuleSection>,
}

impl Config {
    /// The defaults with the file at `path` over them and this process's environment in them.
    ///
    /// Without a path it is the file that `RONGCLOUD_CALLBACK_CONFIG` names; without that these are the defaults
    /// alone, which take one app from the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Read`] and [`ConfigError::Syntax`] for the file as a whole, else
    /// [`ConfigError::Invalid`] with everything that is wrong in it.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let path = match path {
            Some(path) => Some(path.to_owned()),
            None => env::file()?,
        };
        let Some(path) = path else {
            return Self::from_text("", &env::process_variable);
        };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let text = encoding::utf_8(bytes, &path)?;
                Self::from_text(&text, &env::process_variable).map_err(|error| error.in_file(path))
            }
            Err(source) => Err(ConfigError::Read { path, source }),
        }
    }

    /// The defaults with `text` over them; `${NAME}` stands for what `variable` gives for `NAME`.
    ///
    /// Files named in `secret_files` are read.
    ///
    /// # Examples
    ///
    /// ```
    /// use rongcloud_callback::config::Config;
    ///
    /// let text = r#"
    ///     [server]
    ///     listen = "127.0.0.1:0"
    ///
    ///     [[apps]]
    ///     key = "my-app"
    ///     secrets = ["${SECRET}"]
    ///     api_url = "https://api.example.com"
    /// "#;
    /// let config = Config::from_toml(text, |name| (name == "SECRET").then(|| "s3cret".to_owned()))?;
    /// assert_eq!(config.apps[0].path, "/callback");
    /// # Ok::<(), rongcloud_callback::config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load).
    pub fn from_toml(
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        Self::from_text(text, &|name| variable(name).ok_or(VarError::NotPresent))
    }

    fn from_text(text: &str, variable: env::Lookup<'_>) -> Result<Self, ConfigError> {
        let mut defaults: Table = UserFile::parse(DEFAULTS)?.values;
        defaults.insert("rules".to_owned(), Value::Array(Vec::new()));
        let file = UserFile::parse(text)?;
        let mut problems = Vec::new();
        let mut merged = merge::merge(defaults.clone(), file.values.clone(), &mut problems);
        let origins = env::interpolate(&mut merged, variable, &mut problems);
        let unresolved = problems.len();
        let config = read::read(merged, &defaults, &mut problems);
        match config {
            Some(mut config) if problems.is_empty() => {
                for (index, rule) in config.rules.iter_mut().enumerate() {
                    rule.line = file.line(&format!("rules[{index}]"));
                }
                Ok(config)
            }
            _ => {
                problems.iter_mut().skip(unresolved).for_each(|problem| origins.add_to(problem));
                // The first problem of a key may have caused its others.
                let mut seen = HashSet::new();
                problems.retain(|problem| seen.insert(problem.key.clone()));
                for problem in &mut problems {
                    problem.line = file.line(&problem.key);
                }
                problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
                Err(ConfigError::Invalid { file: None, problems })
            }
        }
    }
}
