//! Loading of a configuration: the compiled-in defaults, a file over them, the environment in it, then checks.

use std::{collections::HashSet, env::VarError, path::Path};

use super::{
    configuration::Config,
    defaults::{DEFAULTS, add_defaults},
    encoding, env,
    error::ConfigError,
    file::UserFile,
    read,
};
use crate::toml_values::Problem;

impl Config {
    /// Loads the defaults with the file at `path` over them and this process's environment in them.
    ///
    /// Without a path, the file is the one that `RONGCLOUD_CALLBACK_CONFIG` names. Without that, the defaults alone are
    /// loaded, which take one app from the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Read`] and [`ConfigError::Syntax`] for the file as a whole, else
    /// [`ConfigError::Invalid`] with all of its problems.
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
                let text = encoding::decode(bytes, &path)?;
                Self::from_text(&text, &env::process_variable).map_err(|error| error.in_file(path))
            }
            Err(source) => Err(ConfigError::Read { path, source }),
        }
    }

    /// Loads the defaults with `text` over them; `variable` gives the values of environment variables, written `${NAME}`.
    ///
    /// Files that `secret_files` and `token_files` name are read.
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
    /// The errors of [`load`](Self::load).
    pub fn from_toml(
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        Self::from_text(text, &|name| variable(name).ok_or(VarError::NotPresent))
    }

    fn from_text(text: &str, variable: env::Lookup<'_>) -> Result<Self, ConfigError> {
        let defaults = UserFile::parse(DEFAULTS)?.values;
        let file = UserFile::parse(text)?;
        let mut values = file.values.clone();
        add_defaults(&mut values, &defaults);
        let mut problems = Vec::new();
        let origins = env::interpolate(&mut values, variable, &mut problems);
        let mut value_problems = Vec::new();
        let config = read::read(values, &defaults, &file, &mut value_problems);
        for problem in &mut value_problems {
            origins.add_to(problem);
        }
        problems.append(&mut value_problems);
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(invalid(problems, &file)),
        }
    }
}

/// The error for all problems, in the order of the file.
fn invalid(mut problems: Vec<Problem>, file: &UserFile<'_>) -> ConfigError {
    // The first problem of a key may have caused its others.
    let mut seen = HashSet::new();
    problems.retain(|problem| seen.insert(problem.key.clone()));
    for problem in &mut problems {
        problem.line = file.line(&problem.key);
    }
    problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
    ConfigError::Invalid { file: None, problems }
}
