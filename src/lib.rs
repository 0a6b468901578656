#![doc = include_str!("../README.md")]
//!
//! # The house
//!
//! ```text
//!              ┌──────────────── server ────────────────┐
//!  platform ─→ │ verify → parse → accept ─────────→ ack │  empty 200
//!              └────────────────────│───────────────────┘
//!                                   ▼ append, durable before the ack
//!                              ┌─ journal ─┐
//!                              │   Inbox   │── lease ─→ dispatch: routes → handler → Reply
//!                              │   Outbox  │←─ finish(entry, replies), one transaction
//!                              │           │── lease ─→ deliver: client → platform API
//!                              └───────────┘←─ finish / postpone / bury
//! ```
//!
//! - [`service`] assembles the rooms: configuration and handlers in, a running server out.
//! - [`server`] answers the platform: the callback's whole path, the listener below it, the operators' endpoints.
//! - [`signature`] and [`protocol`] are the wire: pure, no I/O, no clock, no tasks.
//! - [`journal`] is what survives a crash: two queues of bytes behind one trait, a driver for each store.
//! - `worker` runs behind the ack: one kind of loop for both queues.
//! - [`handler`] is what a user of the library implements; [`rules`] are handlers written as configuration.
//! - [`client`] and [`portal`] speak the platform's APIs.
//! - [`sandbox`] is the platform's stand-in: a second, independent reading of the contract.
//! - [`config`], [`ids`], [`clock`] and [`metrics`] are what the rooms share; `telemetry` writes the log.
//!
//! # Invariants
//!
//! 1. No acknowledgement before the journal said *durable*.
//! 2. The journal knows bytes and keys, never a message type: it keeps each body as it came, and dispatch parses
//!    it again.
//! 3. [`protocol`] and [`signature`] do no I/O, read no clock, start no task.
//! 4. A conversation (app, account, user) is handled one entry at a time, in order of acceptance, also across
//!    retries; conversations run in parallel. A slow or failing one never delays another.
//! 5. Retries have one owner, the `Pump`. An attempt ends as done, retry or bury. A panic or a
//!    time-out in a handler is a failed attempt.
//! 6. The sandbox uses [`protocol`], [`signature`], [`ids`] and [`clock`] only.
//! 7. Secrets have no `Display`; bodies, signatures and query strings are never logged; the wall clock is read in
//!    one file.
//! 8. Everything is bounded: body, connections, concurrency, backlog, memory. Over a bound the answer is 503 and
//!    the platform's retry is the second chance; nothing is acknowledged and dropped.

pub mod client;
pub mod clock;
pub mod config;
mod failpoint;
pub mod handler;
mod identity_hasher;
pub mod ids;
pub mod journal;
mod log_limit;
pub mod metrics;
pub mod portal;
pub mod protocol;
pub mod rules;
pub mod sandbox;
pub mod server;
pub mod service;
pub mod signature;
#[cfg(feature = "log")]
pub mod telemetry;
mod worker;

pub use client::Client;
pub use config::Config;
pub use handler::{
    Context, FromInbound, Handler, HandlerError, HandlerResult, IntoReply, Reply, Route, Routes,
};
pub use protocol::{
    Article, Content, Event, Image, ImageText, Inbound, Location, Message, Payload, Source, Subscribe,
    Text, UnknownEvent, UnknownMessage, Unsubscribe, Voice,
};
pub use rules::Rules;
pub use service::{CallbackService, ServiceError};
