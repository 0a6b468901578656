//! Receives RongCloud (融云) public-account callbacks.

pub mod clock;
pub mod config;
pub mod ids;
pub mod journal;
pub mod metrics;
pub mod protocol;
pub mod signature;
