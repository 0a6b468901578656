//! Receives RongCloud (融云) public-account callbacks.

pub mod clock;
pub mod ids;
pub mod protocol;
pub mod signature;
