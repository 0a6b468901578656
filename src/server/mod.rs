//! The servers of the process: the platform's callbacks, the operators' endpoints, and the HTTP below both.
//!
//! - `http` accepts connections, limits them, sheds load and drains. The module serves an `axum` router and
//!   knows nothing of callbacks.
//! - `callback` is the path of a callback: verify, parse, append, acknowledge.
//! - [`admin`] answers health, readiness and metrics.

pub mod admin;
mod callback;
mod http;

pub use self::{
    callback::{Callbacks, EndpointOptions, Options},
    http::{Arrival, ConnectionLimits, Listener},
};
