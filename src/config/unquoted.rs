//! Values that may contain a secret: an error about one does not quote it.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Value;
use url::Url;

use crate::toml_values::OneOrMany;

/// Reads one base address or a list of them.
pub(super) fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Url>, D::Error> {
    let OneOrMany(urls) = read(deserializer, "is not a URL, or a list of them")?;
    Ok(urls)
}

/// Reads a list of secrets.
pub(super) fn secrets<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<SecretString>, D::Error> {
    read(deserializer, "is not a list of strings")
}

/// Reads a list of tokens, each of which is a secret or has one in it.
pub(super) fn tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    read(deserializer, "is not a list of tokens")
}

/// Reads a secret that may be left out.
pub(super) fn secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    read(deserializer, "is not a string").map(Some)
}

/// Reads the address of a journal, which may contain a password.
pub(super) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    read(deserializer, "is not a URL in quotes")
}

/// Reads a value; the error is `what` alone.
fn read<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    what: &str,
) -> Result<T, D::Error> {
    T::deserialize(deserializer).map_err(|_| D::Error::custom(what))
}
