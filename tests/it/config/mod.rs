//! The configuration: from text to values, with every mistake that can be in it.

mod admin_tokens;
mod bounds;
mod copied;
mod hand_over;
mod load;
mod problems;
mod rules;

use rongcloud_callback::config::{Config, ConfigError};

/// Reads a configuration in the environment that the defaults ask for.
fn environment(name: &str) -> Option<String> {
    let value = match name {
        "RC_APP_KEY" => "app-key",
        "RC_APP_SECRET" => "app-s3cret",
        "RC_API_URL" => "https://api.example.com",
        _ => return None,
    };
    Some(value.to_owned())
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::from_toml(text, environment)
}
