//! The context of API calls.

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, ids::AppKey, sandbox::shared_state::SharedState};

/// The parts of the sandbox that API calls need.
#[derive(Debug)]
pub(in crate::sandbox) struct ApiContext {
    pub(in crate::sandbox) app_key: AppKey,
    pub(in crate::sandbox) secret: SecretString,
    pub(in crate::sandbox) portal_token: SecretString,
    pub(in crate::sandbox) clock: Clock,
    pub(in crate::sandbox) state: SharedState,
    /// The signal at which calls that are never answered end.
    pub(in crate::sandbox) stop: CancellationToken,
}
