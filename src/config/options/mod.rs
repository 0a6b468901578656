//! The options of the modules below, from the sections of the configuration.

mod client;
#[cfg(feature = "console")]
mod console;
mod dialogue;
mod journal;
mod server;
#[cfg(feature = "log")]
mod telemetry;
mod worker;

/// A configuration with the default of every key that has one.
#[cfg(test)]
fn default_config() -> super::Config {
    let app = "[[apps]]\nkey = 'a'\nsecrets = ['s3cret']\napi_url = 'https://api.example.com'\n";
    super::Config::from_toml(app, |_| None).unwrap()
}
