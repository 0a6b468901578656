//! The portal push API (应用服务号推送): a second way out, with an access token instead of a signature.
//!
//! Calls, limits and errors are those of the [`client`](crate::client): one attempt a call, limits checked before
//! anything is sent, [`ClientError`](crate::client::ClientError).

mod answer;
mod api;
mod content;
mod media;
mod messages;
mod token;

pub use api::Portal;
pub use content::{Card, Links, MassMessage, Message};
pub use media::{LinkedArticle, Media};
pub use messages::{Messages, Persona};
pub use token::{TokenError, TokenSource};

pub use crate::http::options::Options;
