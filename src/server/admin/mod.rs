//! The operators' endpoints: health, readiness and metrics, for people and orchestrators, never on the public listener.

mod journal_gauges;
mod router;
mod tokens;

pub use self::{
    journal_gauges::JournalGauges,
    router::{Render, router},
};
