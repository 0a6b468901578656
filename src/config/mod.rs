//! Configuration: the compiled-in defaults, a file over them, the environment in it, then checks.
//!
//! A [`Config`] is plain values. Every part of the program gets its own options from it, and no part reads the environment
//! itself.

mod admin_section;
mod admin_tokens;
mod bounds;
mod check;
mod check_dialogues;
mod checker;
mod configuration;
mod defaults;
mod dialogue_sections;
mod encoding;
mod env;
mod error;
mod file;
mod load;
mod options;
mod proxies;
mod read;
mod relations;
mod rules;
mod secret_files;
mod sections;
mod unquoted;

pub use self::{
    admin_section::AdminSection,
    configuration::Config,
    defaults::DEFAULTS,
    dialogue_sections::{DeskSection, DialogueSection, Unreadable},
    error::ConfigError,
    sections::{
        AppSection, ClientSection, JournalSection, JournalUrl, LogFormat, LogSection, PortalSection,
        PumpSection, RateSection, Replies, ServerSection, ShutdownSection,
    },
};
pub use crate::{
    server::admin::{AdminToken, Right, Rights},
    toml_values::Problem,
};
