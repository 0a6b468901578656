//! Forwarding of messages to a service.

mod answer;
mod envelope;
mod target;
mod webhook;

pub(super) use self::{envelope::Envelope, target::Target};
