//! Forwarding of messages to a service.

mod answer;
mod envelope;
mod service_answer;
mod target;
mod webhook;

pub(super) use self::{
    envelope::Envelope,
    service_answer::{AnsweredState, ServiceAnswer},
    target::Target,
};
