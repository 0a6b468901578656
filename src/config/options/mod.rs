//! The options of the modules below, from the sections of the configuration.

mod client;
