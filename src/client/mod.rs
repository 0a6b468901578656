//! The platform's API (融云应用公众服务): every call, signed, checked against the limits, decoded.
//!
//! One attempt a call: the client never repeats one by itself. [`ClientError::is_retryable`] tells
//! whether it makes sense to, and the [`worker`](crate::worker) does it for replies.

mod accounts;
mod answer;
mod api;
mod batches;
mod followers;
mod media;
mod menus;
mod message_calls;
mod messages;
mod probe;
mod signing;

pub use accounts::{Account, Accounts, NewAccount, Profile};
pub use api::Client;
pub use batches::BatchError;
pub use followers::Followers;
pub use media::{FullArticle, Media, Uploaded};
pub use menus::{Menu, Menus, NewMenu};
pub use messages::{Messages, Sent};
pub use probe::{ProbeError, probe, server_time};

pub use crate::http::{
    call::Call,
    dry_run::Unsent,
    error::{Answer, ClientError, NoAnswer},
    options::Options,
    proxies::proxy,
};
