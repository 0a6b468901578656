//! Browser modules that the pages of console and sandbox share, and the serving of a page's files.

use axum::{
    Router,
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest, Sha256};

/// The path and the contents of a file of a page, compiled into the program.
pub(crate) type File = (&'static str, &'static str);

/// The files that both pages have.
const SHARED: &[File] = &[
    ("/base.css", include_str!("base.css")),
    ("/bubbles.css", include_str!("bubbles.css")),
    ("/detail.css", include_str!("detail.css")),
    ("/down.svg", include_str!("down.svg")),
    ("/icon.svg", include_str!("icon.svg")),
    ("/icons.svg", include_str!("icons.svg")),
    ("/bubbles.js", include_str!("bubbles.js")),
    ("/copying.js", include_str!("copying.js")),
    ("/dialog.js", include_str!("dialog.js")),
    ("/dom.js", include_str!("dom.js")),
    ("/empty.js", include_str!("empty.js")),
    ("/list.js", include_str!("list.js")),
    ("/preferences.js", include_str!("preferences.js")),
    ("/readable.js", include_str!("readable.js")),
    ("/texts.js", include_str!("texts.js")),
    ("/top_bar.js", include_str!("top_bar.js")),
];

/// A file, as it is served.
#[derive(Debug, Clone)]
struct Asset {
    media_type: &'static str,
    /// The tag by which a browser asks whether its copy is still the right one.
    tag: String,
    contents: &'static str,
}

/// Serves a page: its own files, and the shared ones.
pub(crate) fn router(own: &'static [File]) -> Router {
    files(own).fold(Router::new(), |router, (path, contents)| {
        let digest = hex::encode(Sha256::digest(contents));
        let tag = format!("\"{}\"", &digest[..16]);
        let asset = Asset { media_type: media_type(path), tag, contents };
        router.route(path, get(async move |headers: HeaderMap| asset.answer(&headers)))
    })
}

fn files(own: &'static [File]) -> impl Iterator<Item = File> {
    SHARED.iter().chain(own).copied()
}

impl Asset {
    /// The file, unless the browser has it already.
    fn answer(&self, headers: &HeaderMap) -> Response {
        let caching = [(CACHE_CONTROL, "no-cache"), (ETAG, &self.tag)];
        if headers.get(IF_NONE_MATCH).is_some_and(|tag| *tag == self.tag) {
            return (StatusCode::NOT_MODIFIED, caching).into_response();
        }
        (caching, [(CONTENT_TYPE, self.media_type)], self.contents).into_response()
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// Asserts that a page serves every file of its own folder and of the shared one under its name.
    pub(crate) fn assert_served(own: &'static [File], folder: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let served: BTreeSet<_> = files(own).map(|(path, _)| path.trim_start_matches('/')).collect();
        assert_eq!(served.len(), files(own).count(), "two files have one name");
        for folder in [folder, "src/page"] {
            for file in fs::read_dir(root.join(folder)).unwrap() {
                let name = file.unwrap().file_name().into_string().unwrap();
                let path = if name == "index.html" { "" } else { name.as_str() };
                assert!(served.contains(path) || name == "mod.rs", "{folder}/{name} is not served");
            }
        }
    }
}
