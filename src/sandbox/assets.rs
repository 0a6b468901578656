//! The page's own files, and the samples.

use axum::{Router, routing::get};
use http::header::CONTENT_TYPE;

use super::uploads::{PICTURE, PICTURE_PATH, VOICE_PATH, voice};
use crate::page::{self, File};

const FILES: &[File] = &[
    ("/", include_str!("page/index.html")),
    ("/calls.css", include_str!("page/calls.css")),
    ("/chat.css", include_str!("page/chat.css")),
    ("/deliveries.css", include_str!("page/deliveries.css")),
    ("/dialogue.css", include_str!("page/dialogue.css")),
    ("/frame.css", include_str!("page/frame.css")),
    ("/switches.css", include_str!("page/switches.css")),
    ("/attempts.js", include_str!("page/attempts.js")),
    ("/calls.js", include_str!("page/calls.js")),
    ("/chat.js", include_str!("page/chat.js")),
    ("/composer.js", include_str!("page/composer.js")),
    ("/contents.js", include_str!("page/contents.js")),
    ("/curl.js", include_str!("page/curl.js")),
    ("/deliveries.js", include_str!("page/deliveries.js")),
    ("/desk.js", include_str!("page/desk.js")),
    ("/detail.js", include_str!("page/detail.js")),
    ("/dialogue.js", include_str!("page/dialogue.js")),
    ("/menu.js", include_str!("page/menu.js")),
    ("/outcome.js", include_str!("page/outcome.js")),
    ("/page.js", include_str!("page/page.js")),
    ("/passing.js", include_str!("page/passing.js")),
    ("/recording.js", include_str!("page/recording.js")),
    ("/rows.js", include_str!("page/rows.js")),
    ("/sandbox.js", include_str!("page/sandbox.js")),
    ("/sandbox_texts.js", include_str!("page/sandbox_texts.js")),
    ("/switches.js", include_str!("page/switches.js")),
];

/// Serves the page and the samples.
pub(super) fn router() -> Router {
    page::router(FILES)
        .route(PICTURE_PATH, get(async || ([(CONTENT_TYPE, "image/jpeg")], PICTURE)))
        .route(VOICE_PATH, get(async || ([(CONTENT_TYPE, "audio/amr")], voice())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_served_under_its_name() {
        page::tests::assert_served(FILES, "src/sandbox/page");
    }
}
