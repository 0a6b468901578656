//! HTTP/1 below the routers: the accept loop, time limits, load shedding and the drain.
//!
//! # Design
//!
//! `axum::serve` sets no time limit for headers or for a write, does not limit connections, and has nothing that sees
//! how long requests wait. So the accept loop is this module's own; the protocol is hyper's.

mod arrival;
mod connection;
mod cores;
mod headroom;
mod lag_probe;
mod limits;
mod listener;
mod socket;
mod stream;
mod timer;

pub use self::{arrival::Arrival, limits::ConnectionLimits, listener::Listener};
