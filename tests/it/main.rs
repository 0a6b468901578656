//! The integration tests, one binary: the modules mirror `src`.
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped is a failed test")]

mod cli;
mod client;
mod config;
mod console;
mod desk;
mod dialogue;
mod docs;
mod fixtures;
mod fuzz;
mod journal;
mod page;
mod portal;
mod protocol;
mod rules;
mod sandbox;
mod server;
mod service;
mod support;
