//! The operators' endpoints: health, readiness and metrics, for people and orchestrators, never on the public listener.

mod journal_gauges;
mod right;
mod router;
mod tokens;

pub(crate) use self::journal_gauges::JournalGauges;
#[cfg(feature = "console")]
pub(crate) use self::tokens::bearer;
pub use self::{
    right::{Right, Rights},
    router::{Render, router},
    tokens::{AdminToken, AdminTokens},
};
