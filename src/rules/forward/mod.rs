//! Forwarding of messages to a service.

mod answer;
mod desk_service;
mod envelope;
mod service_answer;
mod target;
mod webhook;

pub(crate) use self::desk_service::DeskService;
pub(super) use self::{
    envelope::Envelope,
    service_answer::{AnsweredState, ServiceAnswer},
    target::Target,
};
