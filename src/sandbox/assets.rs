//! The page's files, compiled into the program: its own, and those of `src/page` that the console has as well.

use axum::{Router, routing::get};
use http::header::CONTENT_TYPE;

use super::uploads::{PICTURE, PICTURE_PATH, VOICE_PATH, voice};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// The path, media type and contents of each file of the page.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("page/index.html")),
    ("/base.css", CSS, include_str!("../page/base.css")),
    ("/bubbles.css", CSS, include_str!("../page/bubbles.css")),
    ("/calls.css", CSS, include_str!("page/calls.css")),
    ("/chat.css", CSS, include_str!("page/chat.css")),
    ("/deliveries.css", CSS, include_str!("page/deliveries.css")),
    ("/detail.css", CSS, include_str!("../page/detail.css")),
    ("/dialogue.css", CSS, include_str!("page/dialogue.css")),
    ("/frame.css", CSS, include_str!("page/frame.css")),
    ("/switches.css", CSS, include_str!("page/switches.css")),
    ("/down.svg", SVG, include_str!("../page/down.svg")),
    ("/icon.svg", SVG, include_str!("../page/icon.svg")),
    ("/icons.svg", SVG, include_str!("../page/icons.svg")),
    ("/attempts.js", JAVASCRIPT, include_str!("page/attempts.js")),
    ("/bubbles.js", JAVASCRIPT, include_str!("../page/bubbles.js")),
    ("/calls.js", JAVASCRIPT, include_str!("page/calls.js")),
    ("/chat.js", JAVASCRIPT, include_str!("page/chat.js")),
    ("/composer.js", JAVASCRIPT, include_str!("page/composer.js")),
    ("/contents.js", JAVASCRIPT, include_str!("page/contents.js")),
    ("/copying.js", JAVASCRIPT, include_str!("../page/copying.js")),
    ("/curl.js", JAVASCRIPT, include_str!("page/curl.js")),
    ("/deliveries.js", JAVASCRIPT, include_str!("page/deliveries.js")),
    ("/desk.js", JAVASCRIPT, include_str!("page/desk.js")),
    ("/detail.js", JAVASCRIPT, include_str!("page/detail.js")),
    ("/dialog.js", JAVASCRIPT, include_str!("../page/dialog.js")),
    ("/dialogue.js", JAVASCRIPT, include_str!("page/dialogue.js")),
    ("/dom.js", JAVASCRIPT, include_str!("../page/dom.js")),
    ("/list.js", JAVASCRIPT, include_str!("../page/list.js")),
    ("/menu.js", JAVASCRIPT, include_str!("page/menu.js")),
    ("/outcome.js", JAVASCRIPT, include_str!("page/outcome.js")),
    ("/page.js", JAVASCRIPT, include_str!("page/page.js")),
    ("/passing.js", JAVASCRIPT, include_str!("page/passing.js")),
    ("/preferences.js", JAVASCRIPT, include_str!("../page/preferences.js")),
    ("/readable.js", JAVASCRIPT, include_str!("../page/readable.js")),
    ("/recording.js", JAVASCRIPT, include_str!("page/recording.js")),
    ("/rows.js", JAVASCRIPT, include_str!("page/rows.js")),
    ("/sandbox.js", JAVASCRIPT, include_str!("page/sandbox.js")),
    ("/sandbox_texts.js", JAVASCRIPT, include_str!("page/sandbox_texts.js")),
    ("/switches.js", JAVASCRIPT, include_str!("page/switches.js")),
    ("/texts.js", JAVASCRIPT, include_str!("../page/texts.js")),
];

/// Serves the page and the samples.
pub(super) fn router() -> Router {
    let samples = Router::new()
        .route(PICTURE_PATH, get(async || ([(CONTENT_TYPE, "image/jpeg")], PICTURE)))
        .route(VOICE_PATH, get(async || ([(CONTENT_TYPE, "audio/amr")], voice())));
    FILES.iter().fold(samples, |router, (path, media_type, contents)| {
        router.route(path, get(async move || ([(CONTENT_TYPE, *media_type)], *contents)))
    })
}
