//! The operators' endpoints: health, readiness and metrics, for people and orchestrators, never on the public listener.

mod journal_gauges;
mod router;
mod tokens;

pub(crate) use self::journal_gauges::JournalGauges;
pub use self::router::{Render, router};
