//! Receives the callbacks of RongCloud (融云) public accounts (公众号), and answers them.
//!
//! When a user writes to a public account or follows it, the platform POSTs XML to the account's routeUrl. It waits five
//! seconds for a 200, tries again three times, and then the message is lost. This crate is the server that listens there:
//! it verifies the signature, stores the message, answers an empty 200 within milliseconds, and hands the messages of each
//! user to a handler one after the other. What the handler returns is sent through the platform's API.
//!
//! # A bot in ten lines
//!
//! ```no_run
//! use rongcloud_callback::{CallbackService, Config, Text};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     CallbackService::new(Config::load(None)?)
//!         .on(|text: Text, _context| async move { format!("You said: {}", text.content) })
//!         .run()
//!         .await?;
//!     Ok(())
//! }
//! ```
//!
//! The type of a handler's first argument says which messages the handler takes. [`Config::load`] without a file reads the
//! environment variables `RC_APP_KEY`, `RC_APP_SECRET` and `RC_API_URL`.
//!
//! # Three ways to use it
//!
//! - **The whole server**: [`CallbackService::run`] listens, handles, replies, logs, and ends in order on SIGTERM.
//! - **Inside an axum program**: [`CallbackService::into_parts`] gives a router to nest and the workers to run beside it.
//! - **Pieces alone**: [`Client`] and [`portal`] call the platform's two APIs; [`protocol`] reads and writes the wire format.
//!
//! # What is promised
//!
//! - A message that was answered 200 is on disk: it survives `kill -9` and a power cut.
//! - A message is accepted once, however often and however concurrently the platform delivers it.
//! - The messages of a conversation (app, account, user) are handled one after the other, across retries and replicas.
//! - The state of a [`Dialogue`] moves once for each message, in the transaction that stores the replies.
//! - A handler runs at least once. After the last failed attempt the message is kept as a dead letter.
//! - The replies of a message are stored together with its end, and sent at least once, in order.
//! - Everything is bounded. Over a bound the answer is 503, and the platform tries again.
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | handlers: kinds of message, filters, replies, errors | [`handler`], [`Handler`], [`FromInbound`], [`IntoReply`] |
//! | conversations of several turns, menus | [`dialogue`], [`Dialogue`], [`Turn`], [`Choice`] |
//! | bots without Rust: rules in the configuration | [`rules`], [`Rules`] |
//! | running the service, alone or in parts | [`service`], [`CallbackService`] |
//! | the configuration and its keys | [`config`], [`config::DEFAULTS`] |
//! | the platform's API | [`client`], [`Client`] |
//! | the portal push API (应用服务号推送) | [`portal`] |
//! | bodies, payloads, limits and error codes | [`protocol`] |
//! | what the API for operators reads and writes | [`console`] |
//! | tests and demonstrations without an account | [`sandbox`] |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `server` | yes | the callback server: [`handler`], [`dialogue`], [`service`], [`config`], [`journal`]; without it [`client`], [`portal`], [`protocol`] and [`signature`] are left |
//! | `log` | yes | [`CallbackService::run`] logs as `[log]` of the configuration says |
//! | `postgres` | yes | a journal on PostgreSQL, for several replicas |
//! | `rules` | yes | [`rules`]: handlers written as configuration, and forwarding to a service |
//! | `console` | yes | [`console`]: the operators' page and its JSON API |
//! | `sandbox` | yes | [`sandbox`]: the platform's stand-in, with its chat page |
//! | `cli` | yes | the executable `rongcloud-callback` |
//!
//! The features of the other parts bring `server` with them. A program with handlers of its own needs `log` alone:
//!
//! ```toml
//! [dependencies]
//! rongcloud-callback = { version = "0.1", default-features = false, features = ["log"] }
//! ```
//!
//! # More
//!
//! The folder `docs` of this package has a page for each task, in English and Chinese: handlers, dialogues, rules, configuration,
//! the platform's API, the sandbox, operations, several machines, promises and their tests, benchmarks, architecture.
//! `SECURITY.md` goes through the attacks on the signature and on the server, each with its test.

pub mod client;
pub mod clock;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "console")]
pub mod console;
#[cfg(feature = "server")]
pub mod desk;
#[cfg(feature = "server")]
pub mod dialogue;
#[cfg(feature = "server")]
mod failpoint;
#[cfg(feature = "server")]
pub mod handler;
mod http;
#[cfg(feature = "server")]
mod identity_hasher;
pub mod ids;
#[cfg(feature = "server")]
pub mod journal;
mod lock;
#[cfg(feature = "server")]
mod log_limit;
mod metrics;
#[cfg(any(feature = "console", feature = "sandbox"))]
mod origin;
#[cfg(any(feature = "console", feature = "sandbox"))]
mod page;
pub mod portal;
pub mod protocol;
#[cfg(feature = "rules")]
pub mod rules;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
pub mod service;
pub mod signature;
#[cfg(feature = "server")]
pub mod statistics;
mod stray;
#[cfg(feature = "log")]
pub mod telemetry;
mod tls;
#[cfg(feature = "server")]
mod toml_values;
#[cfg(feature = "server")]
mod worker;

pub use client::Client;
#[cfg(feature = "server")]
pub use config::Config;
#[cfg(feature = "server")]
pub use dialogue::{Choice, Dialogue, Turn};
#[cfg(feature = "server")]
pub use handler::{
    Context, FromInbound, Handler, HandlerError, HandlerResult, IntoReply, Reply, Route, Routes,
};
pub use protocol::{
    Article, Content, Event, Image, ImageText, Inbound, Location, Message, Payload, Source, Subscribe,
    Text, UnknownEvent, UnknownMessage, Unsubscribe, Voice,
};
#[cfg(feature = "rules")]
pub use rules::Rules;
#[cfg(feature = "server")]
pub use service::{CallbackService, ServiceError};

/// Items for the tests and benchmarks of this repository: no part of the API, and free to change.
#[doc(hidden)]
pub mod internals {
    pub use crate::metrics::{call_seconds, calls};
    #[cfg(feature = "server")]
    pub use crate::{
        metrics::{build_recorder, install_recorder},
        server::{Arrival, Callbacks, ConnectionLimits, EndpointOptions, Listener, Options, admin},
    };
}

/// The pages whose blocks of Rust are compiled as tests.
#[cfg(doctest)]
mod doctest {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/api.md")]
    mod api {}
    #[doc = include_str!("../docs/dialogues.md")]
    mod dialogues {}
    #[doc = include_str!("../docs/handlers.md")]
    mod handlers {}
    #[doc = include_str!("../docs/rules.md")]
    mod rules {}
    #[doc = include_str!("../docs/sandbox.md")]
    mod sandbox {}
}
