//! The router of the console.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::Response,
};

use super::{
    access::{self, Access, Who},
    assets,
    audit::Audit,
    error::ApiError,
    live::Events,
    options::Options,
    routes, session,
    state::Console,
};
use crate::{clock::Clock, desk::Desk, journal::Administration, statistics::Statistics};

/// The parts of the server that the console shows and acts on.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The journal, as an operator has it.
    pub(crate) journal: Arc<dyn Administration>,
    /// The conversations that persons have.
    pub(crate) desk: Desk,
    /// The clock of the server.
    pub(crate) clock: Clock,
    /// The options of the console.
    pub(crate) options: Options,
    /// The statistics of the servers.
    pub(crate) statistics: Statistics,
    /// The live events of the server.
    pub(crate) events: Events,
}

/// Builds the router of the page and of `/api/v1`.
pub(crate) fn router(parts: Parts) -> Router {
    let Parts { journal, desk, clock, options, statistics, events } = parts;
    let access = Arc::new(Access::new(options.tokens.clone(), options.is_remote, clock.clone()));
    let console = Arc::new(Console {
        audit: Audit::new(Arc::clone(&journal), clock.clone()),
        access: Arc::clone(&access),
        journal,
        desk,
        clock,
        options,
        statistics,
        events,
    });
    let api = routes::router()
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn(require_who))
        .merge(session::router())
        .with_state(console);
    Router::new()
        .nest("/api/v1", api)
        .merge(assets::router())
        .layer(middleware::from_fn_with_state(access, access::check))
}

/// Lets only those in who are known.
async fn require_who(_who: Who, request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn no_such_route() -> ApiError {
    ApiError::not_found("there is no such route: /api/v1/openapi.json lists them")
}

async fn no_such_method() -> ApiError {
    ApiError::method_not_allowed("the route has no such method: /api/v1/openapi.json lists them")
}
