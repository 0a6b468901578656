//! The table of the routes: each with its right, which is asked for before its handler is called.

use axum::http::StatusCode;

use super::{
    super::{
        api::{Change, EntryRow, StepEvent},
        session::{LogIn, Session},
    },
    audit, conversations, dead_letters,
    description::Description,
    desk, entries, events, jobs, numbers,
    route::{Method, Route},
    sending,
};
use crate::server::admin::Right::{Answer, Operate, Read, Send};

/// All routes of the API.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = elsewhere();
    routes.extend(reading());
    routes.extend(acting());
    routes
}

/// The routes that are served beside the others: the document, and the session, which also those reach who are not logged in.
fn elsewhere() -> Vec<Route> {
    let show = Description::new("The session of whoever asks.").answers::<Session>(StatusCode::OK);
    let log_in = Description::new("Makes a session of a token.")
        .body::<LogIn>()
        .answers::<Session>(StatusCode::OK);
    let log_out = Description::new("Ends the session of the page.").answers_nothing();
    let document = Description::new("This document.").answers::<serde_json::Value>(StatusCode::OK);
    vec![
        Route::elsewhere(Method::Get, "/openapi.json", document),
        Route::elsewhere(Method::Get, "/session", show),
        Route::elsewhere(Method::Post, "/session", log_in),
        Route::elsewhere(Method::Delete, "/session", log_out),
    ]
}

fn reading() -> Vec<Route> {
    let events = Description::new("What happens from now on.")
        .answers_events(
            "Events `entry` (a new entry), `step` (a step of this server) and `change` (look again), each with JSON. \
             `Last-Event-ID` is the newest entry that is known.",
        )
        .with_schema::<EntryRow>()
        .with_schema::<StepEvent>()
        .with_schema::<Change>();
    vec![
        Route::get("/entries", Read, "Entries, newest first.", entries::list),
        Route::get(
            "/entries/{id}",
            Read,
            "One entry with everything that is known of it.",
            entries::show,
        ),
        Route::get(
            "/conversations",
            Read,
            "Conversations, the newest activity first.",
            conversations::list,
        ),
        Route::get(
            "/conversations/{id}",
            Read,
            "A conversation with its entries of both directions, newest first.",
            conversations::show,
        ),
        Route::get(
            "/desk",
            Answer,
            "Conversations that wait for a person or that a person has.",
            desk::list,
        ),
        Route::get("/dead-letters", Read, "Dead letters by reason.", dead_letters::list),
        Route::get("/jobs", Read, "The jobs, newest first.", jobs::list),
        Route::get("/pauses", Read, "The accounts to which nothing is sent at present.", sending::list),
        Route::get("/stats", Read, "The present numbers.", numbers::stats),
        Route::get("/stats/history", Read, "The numbers over time, of all servers.", numbers::history),
        Route::stream("/events", Read, events, events::listen),
        Route::get("/audit", Operate, "The audit list, newest first.", audit::list),
    ]
}

fn acting() -> Vec<Route> {
    let start = Description::new("Starts a job for the entries that were counted.").with_key();
    let answer = Description::new("Sends a person's answer.").with_key();
    vec![
        Route::post(
            "/entries/{id}/revive",
            Operate,
            "Makes a dead letter pending again.",
            entries::revive,
        ),
        Route::post(
            "/entries/{id}/discard",
            Operate,
            "Marks a dead or pending entry as done without handling it.",
            entries::discard,
        ),
        Route::post(
            "/conversations/{id}/hand-over",
            Answer,
            "Gives a conversation to persons.",
            desk::hand_over,
        ),
        Route::post("/conversations/{id}/take", Answer, "Takes a conversation.", desk::take),
        Route::post_with(StatusCode::OK, "/conversations/{id}/answer", Answer, answer, desk::answer),
        Route::post(
            "/conversations/{id}/hand-back",
            Answer,
            "Gives a conversation back to the bot.",
            desk::hand_back,
        ),
        Route::post("/jobs/count", Operate, "Counts the entries that a job would change.", jobs::count),
        Route::post_with(StatusCode::CREATED, "/jobs", Operate, start, jobs::start),
        Route::post("/jobs/{id}/cancel", Operate, "Ends a job; its changes stay.", jobs::cancel),
        Route::post("/pauses", Send, "Pauses sending for an account.", sending::pause),
        Route::post("/pauses/resume", Send, "Resumes sending for an account.", sending::resume),
    ]
}
