//! The page's files, compiled into the program: its own, and those of `src/page` that the sandbox has as well.

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

/// The path and the contents of each file of the page.
const FILES: &[(&str, &str)] = &[
    ("/", include_str!("page/index.html")),
    ("/answer.css", include_str!("page/answer.css")),
    ("/audit.css", include_str!("page/audit.css")),
    ("/base.css", include_str!("../page/base.css")),
    ("/bubbles.css", include_str!("../page/bubbles.css")),
    ("/console.css", include_str!("page/console.css")),
    ("/conversation.css", include_str!("page/conversation.css")),
    ("/dead.css", include_str!("page/dead.css")),
    ("/detail.css", include_str!("../page/detail.css")),
    ("/live.css", include_str!("page/live.css")),
    ("/overview.css", include_str!("page/overview.css")),
    ("/rows.css", include_str!("page/rows.css")),
    ("/split.css", include_str!("page/split.css")),
    ("/story.css", include_str!("page/story.css")),
    ("/down.svg", include_str!("../page/down.svg")),
    ("/icon.svg", include_str!("../page/icon.svg")),
    ("/icons.svg", include_str!("../page/icons.svg")),
    ("/answer.js", include_str!("page/answer.js")),
    ("/api.js", include_str!("page/api.js")),
    ("/audit.js", include_str!("page/audit.js")),
    ("/audit_texts.js", include_str!("page/audit_texts.js")),
    ("/bubbles.js", include_str!("../page/bubbles.js")),
    ("/chart.js", include_str!("page/chart.js")),
    ("/contents.js", include_str!("page/contents.js")),
    ("/conversation.js", include_str!("page/conversation.js")),
    ("/conversation_row.js", include_str!("page/conversation_row.js")),
    ("/conversations.js", include_str!("page/conversations.js")),
    ("/copying.js", include_str!("../page/copying.js")),
    ("/dead.js", include_str!("page/dead.js")),
    ("/dead_group.js", include_str!("page/dead_group.js")),
    ("/dead_texts.js", include_str!("page/dead_texts.js")),
    ("/desk.js", include_str!("page/desk.js")),
    ("/dialog.js", include_str!("../page/dialog.js")),
    ("/dom.js", include_str!("../page/dom.js")),
    ("/entries.js", include_str!("page/entries.js")),
    ("/entry_texts.js", include_str!("page/entry_texts.js")),
    ("/event_row.js", include_str!("page/event_row.js")),
    ("/events.js", include_str!("page/events.js")),
    ("/failures.js", include_str!("page/failures.js")),
    ("/filter_bar.js", include_str!("page/filter_bar.js")),
    ("/filters.js", include_str!("page/filters.js")),
    ("/job_dialog.js", include_str!("page/job_dialog.js")),
    ("/jobs.js", include_str!("page/jobs.js")),
    ("/keyed.js", include_str!("page/keyed.js")),
    ("/keys.js", include_str!("page/keys.js")),
    ("/list.js", include_str!("../page/list.js")),
    ("/list_filters.js", include_str!("page/list_filters.js")),
    ("/live.js", include_str!("page/live.js")),
    ("/live_texts.js", include_str!("page/live_texts.js")),
    ("/login.js", include_str!("page/login.js")),
    ("/messages.js", include_str!("page/messages.js")),
    ("/messages_texts.js", include_str!("page/messages_texts.js")),
    ("/names.js", include_str!("page/names.js")),
    ("/overview.js", include_str!("page/overview.js")),
    ("/overview_texts.js", include_str!("page/overview_texts.js")),
    ("/page.js", include_str!("page/page.js")),
    ("/people.js", include_str!("page/people.js")),
    ("/phrases.js", include_str!("page/phrases.js")),
    ("/preferences.js", include_str!("../page/preferences.js")),
    ("/readable.js", include_str!("../page/readable.js")),
    ("/reason_list.js", include_str!("page/reason_list.js")),
    ("/refresh.js", include_str!("page/refresh.js")),
    ("/router.js", include_str!("page/router.js")),
    ("/row.js", include_str!("page/row.js")),
    ("/sending.js", include_str!("page/sending.js")),
    ("/session.js", include_str!("page/session.js")),
    ("/shell_texts.js", include_str!("page/shell_texts.js")),
    ("/split.js", include_str!("page/split.js")),
    ("/status.js", include_str!("page/status.js")),
    ("/story.js", include_str!("page/story.js")),
    ("/story_parts.js", include_str!("page/story_parts.js")),
    ("/talk_texts.js", include_str!("page/talk_texts.js")),
    ("/texts.js", include_str!("../page/texts.js")),
    ("/tiles.js", include_str!("page/tiles.js")),
    ("/times.js", include_str!("page/times.js")),
    ("/transcript.js", include_str!("page/transcript.js")),
    ("/views.js", include_str!("page/views.js")),
    ("/waiting.js", include_str!("page/waiting.js")),
];

/// A file, as it is served.
#[derive(Debug, Clone)]
struct Asset {
    media_type: &'static str,
    /// The tag by which a browser asks whether its copy is still the right one.
    tag: String,
    contents: &'static str,
}

/// Serves the page.
pub(super) fn router() -> Router {
    FILES.iter().fold(Router::new(), |router, (path, contents)| {
        let digest = hex::encode(Sha256::digest(contents));
        let tag = format!("\"{}\"", &digest[..16]);
        let asset = Asset { media_type: media_type(path), tag, contents };
        router.route(path, get(async move |headers: HeaderMap| asset.answer(&headers)))
    })
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
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_of_the_page_is_served_under_its_name() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let served: BTreeSet<_> = FILES.iter().map(|(path, _)| path.trim_start_matches('/')).collect();
        assert_eq!(served.len(), FILES.len(), "two files have one name");
        for folder in ["src/console/page", "src/page"] {
            for file in fs::read_dir(root.join(folder)).unwrap() {
                let name = file.unwrap().file_name().into_string().unwrap();
                let path = if name == "index.html" { "" } else { name.as_str() };
                assert!(served.contains(path), "{folder}/{name} is not served");
            }
        }
    }
}
