//! The JSON API below `/api/v1`.

use std::sync::Arc;

use axum::Router;

use super::state::Console;

/// The routes of the API. Whoever gets here is known, and each route asks for its right.
pub(super) fn router() -> Router<Arc<Console>> {
    Router::new()
}
