//! The service: configuration and handlers in, a running callback server out.

mod assembly;
mod background;
mod callback_service;
mod error;
mod operator;
mod parts;
mod ready_line;
mod server;
mod signals;
mod watch;
mod workers;

pub use self::{
    callback_service::CallbackService,
    error::ServiceError,
    operator::open_desk,
    parts::{Metrics, Parts},
    server::Server,
    signals::termination,
    workers::Workers,
};
pub use crate::{
    server::Callbacks,
    worker::{Ending, PausedAccount, Progress, Step},
};
