//! Parts that the drivers with a store outside the process share.

pub(super) mod access;
pub(super) mod conversation_segment;
pub(super) mod numbers;
pub(super) mod purge;
pub(super) mod request;
pub(super) mod thread;
