//! The section `[admin]` of `callback.toml`, which documents every key and its default.

use std::{net::SocketAddr, path::PathBuf};

use serde::Deserialize;
use toml::Value;

use super::unquoted;
use crate::server::admin::AdminToken;

/// `[admin]`: health, readiness, metrics and the console.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminSection {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Tokens with their names and rights, those of `token_files` included. Without a token the metrics are open and the
    /// console is open to this machine, and `listen` is on loopback once loaded.
    #[serde(skip)]
    pub tokens: Vec<AdminToken>,
    /// Files with one token for the metrics each; their contents are in `tokens` once loaded.
    pub token_files: Vec<PathBuf>,
    /// The list `tokens` as it is written, until each token is read by itself.
    #[serde(rename = "tokens", deserialize_with = "unquoted::tokens")]
    pub(super) written_tokens: Vec<Value>,
}

impl AdminSection {
    /// Whether other machines can reach the address.
    pub fn is_remote(&self) -> bool {
        !self.listen.ip().to_canonical().is_loopback()
    }
}
