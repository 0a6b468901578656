//! What answers the platform: the callback's path, the listener below it, and the operators' endpoints.
//!
//! [`Callbacks`] keep every bound that a message meets (size, times, how many at once) by themselves, so that their
//! router can be nested in a foreign `axum` program. [`Listener`] adds what lies below HTTP: slow and idle connections, how
//! many of them, and the drain.

pub mod admin;
mod backlog;
mod binding;
mod body;
mod callback;
mod callbacks;
mod conflicts;
mod forwarded;
mod lanes;
mod letter;
mod listener;
mod not_found;
mod rejection;
mod sieve;
mod stream;
mod timer;

pub use callbacks::Callbacks;
pub use listener::{Arrival, ConnectionLimits, Listener};
