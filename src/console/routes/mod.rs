//! The routes of the JSON API below `/api/v1`.

mod audit;
mod call;
mod conversations;
mod dead_letters;
mod description;
mod desk;
mod document;
mod entries;
mod events;
mod input;
mod jobs;
mod numbers;
mod route;
mod sending;
mod table;

use std::sync::Arc;

use axum::Router;

use super::state::Console;

/// The routes of the API. Whoever gets here is known, and each route asks for its right.
pub(super) fn router() -> Router<Arc<Console>> {
    let routes = table::routes().into_iter();
    routes.fold(document::router(), |router, route| route.add_to(router))
}
