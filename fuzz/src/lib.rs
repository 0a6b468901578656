//! Properties that hold for every input: each module is a target of the fuzzer, and what it found is replayed by the tests.

pub mod media;
pub mod outgoing;
pub mod query;
pub mod rules;
mod server;
pub mod signed;
pub mod socket;
pub mod xml;

pub use server::runtime;
