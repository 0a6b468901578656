//! The client against an HTTP server of the test and the documents' own examples.

mod accounts;
mod answers;
mod connections;
mod followers;
mod independent;
mod media;
mod menus;
mod messages;
mod metrics;
mod rate;
mod secrecy;
pub(crate) mod support;
