//! Outgoing HTTP, shared by [`client`](crate::client), [`portal`](crate::portal) and forwarding rules.
//!
//! [`Api`](api::Api) makes a call of one of the platform's two APIs. Below it, [`Transport`](transport::Transport) tries
//! one base address after the other, and `exchange` sends one request and reads one answer. Nothing here repeats a call.

pub(crate) mod api;
pub(crate) mod base_address;
pub(crate) mod call;
mod connection_pool;
pub(crate) mod dry_run;
pub(crate) mod error;
pub(crate) mod exchange;
pub(crate) mod flag;
pub(crate) mod lenient;
pub(crate) mod options;
pub(crate) mod proxies;
pub(crate) mod redaction;
pub(crate) mod request;
mod retry_after;
#[cfg(feature = "console")]
pub(crate) mod single_server;
pub(crate) mod transport;
pub(crate) mod uploads;
