//! The options of the modules below, from the sections of the configuration.

mod client;
mod journal;
mod server;
#[cfg(feature = "log")]
mod telemetry;
mod worker;
