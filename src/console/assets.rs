//! The page's files, compiled into the program.

use axum::{
    Router,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    routing::get,
};

const HTML: &str = "text/html; charset=utf-8";

/// The path, media type and contents of each file of the page.
const FILES: &[(&str, &str, &str)] =
    &[("/", HTML, "<!doctype html><meta charset=\"utf-8\"><title>Console</title>\n")];

/// Serves the page.
pub(super) fn router() -> Router {
    FILES.iter().fold(Router::new(), |router, (path, media_type, contents)| {
        let headers = [(CONTENT_TYPE, *media_type), (CACHE_CONTROL, "no-cache")];
        router.route(path, get(async move || (headers, *contents)))
    })
}
