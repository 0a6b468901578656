//! Receives RongCloud (融云) public-account callbacks.

pub mod client;
pub mod clock;
pub mod config;
pub mod ids;
pub mod journal;
pub mod metrics;
pub mod portal;
pub mod protocol;
pub mod signature;
