//! The whole configuration, as plain values.

use super::{
    admin_section::AdminSection,
    dialogue_sections::{DeskSection, DialogueSection},
    sections::{
        AppSection, ClientSection, JournalSection, LogSection, PumpSection, RateSection, ServerSection,
        ShutdownSection,
    },
};
#[cfg(feature = "rules")]
use crate::rules::RuleSet;

/// The whole configuration; [`DEFAULTS`](super::DEFAULTS) documents every key.
#[derive(Debug, Clone)]
pub struct Config {
    /// The server for the platform's callbacks.
    pub server: ServerSection,
    /// Health, readiness, metrics and the console.
    pub admin: AdminSection,
    /// The store of accepted messages.
    pub journal: JournalSection,
    /// Handling of messages.
    pub dispatch: PumpSection,
    /// Sending of replies.
    pub deliver: PumpSection,
    /// The rate of replies.
    pub deliver_rate: RateSection,
    /// Dialogues.
    pub dialogue: DialogueSection,
    /// Conversations that a person has.
    pub desk: DeskSection,
    /// Calls to the platform's API.
    pub client: ClientSection,
    /// The end of the process.
    pub shutdown: ShutdownSection,
    /// Logs.
    pub log: LogSection,
    /// The apps, at least one.
    pub apps: Vec<AppSection>,
    /// Handlers written as configuration; see [`rules`](crate::rules).
    #[cfg(feature = "rules")]
    pub rules: RuleSet,
}
