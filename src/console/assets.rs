//! The page's own files.

use axum::Router;

use crate::page::{self, File};

const FILES: &[File] = &[
    ("/", include_str!("page/index.html")),
    ("/answer.css", include_str!("page/answer.css")),
    ("/audit.css", include_str!("page/audit.css")),
    ("/console.css", include_str!("page/console.css")),
    ("/conversation.css", include_str!("page/conversation.css")),
    ("/dead.css", include_str!("page/dead.css")),
    ("/live.css", include_str!("page/live.css")),
    ("/overview.css", include_str!("page/overview.css")),
    ("/rows.css", include_str!("page/rows.css")),
    ("/split.css", include_str!("page/split.css")),
    ("/story.css", include_str!("page/story.css")),
    ("/answer.js", include_str!("page/answer.js")),
    ("/api.js", include_str!("page/api.js")),
    ("/audit.js", include_str!("page/audit.js")),
    ("/audit_texts.js", include_str!("page/audit_texts.js")),
    ("/chart.js", include_str!("page/chart.js")),
    ("/contents.js", include_str!("page/contents.js")),
    ("/conversation.js", include_str!("page/conversation.js")),
    ("/conversation_row.js", include_str!("page/conversation_row.js")),
    ("/conversations.js", include_str!("page/conversations.js")),
    ("/dead.js", include_str!("page/dead.js")),
    ("/dead_group.js", include_str!("page/dead_group.js")),
    ("/dead_texts.js", include_str!("page/dead_texts.js")),
    ("/desk.js", include_str!("page/desk.js")),
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
    ("/tiles.js", include_str!("page/tiles.js")),
    ("/times.js", include_str!("page/times.js")),
    ("/transcript.js", include_str!("page/transcript.js")),
    ("/views.js", include_str!("page/views.js")),
    ("/waiting.js", include_str!("page/waiting.js")),
];

/// Serves the page.
pub(super) fn router() -> Router {
    page::router(FILES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_served_under_its_name() {
        page::tests::assert_served(FILES, "src/console/page");
    }
}
