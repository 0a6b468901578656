//! Base addresses: one, or a list of them to fail over to.

use serde::{Deserialize, Deserializer};
use url::Url;

/// Reads one address or a list of them.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Url>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Addresses {
        One(Url),
        Several(Vec<Url>),
    }
    Ok(match Addresses::deserialize(deserializer)? {
        Addresses::One(url) => vec![url],
        Addresses::Several(urls) => urls,
    })
}
