//! The properties of every input: each module is a target of the fuzzer, and the tests replay what the fuzzer found.

pub mod media;
pub mod outgoing;
pub mod query;
pub mod rules;
mod server;
pub mod signed;
pub mod socket;
pub mod xml;

pub use server::runtime;
