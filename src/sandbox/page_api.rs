//! The JSON interface for the page and for scripts; [`sandbox`](crate::sandbox) lists its calls.
//!
//! Ids count from 1, times are milliseconds since 1970, errors are `{"error":"…"}`.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Router,
    body::to_bytes,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{
    StatusCode,
    header::{CONTENT_TYPE, HOST},
};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    content::ChatContent,
    conversation::{Conversation, record},
    platform::{Platform, ResendError, WriteError},
    shared_state::SharedState,
    uploads::{Media, seconds},
};
use crate::{
    clock::Clock,
    ids::{AccountId, AppKey, UserId},
    protocol::media::{self, MediaFormat, MediaKind},
};

const MAX_JSON: usize = 32 << 10;
const MAX_CONVERSATION: usize = 256 << 10;
const MAX_FILE: usize = 3 << 20;

/// The parts of the sandbox that the page's calls need.
#[derive(Debug)]
pub(super) struct PageContext {
    pub(super) app_key: AppKey,
    /// The address of the page, for callers who name no host.
    pub(super) base_url: String,
    /// The time in which the server under test must answer, which the page shows.
    pub(super) timeout: Duration,
    pub(super) clock: Clock,
    pub(super) state: SharedState,
    pub(super) platform: Arc<Platform>,
}

/// Answers `/sandbox/…`, except for the stream of events.
pub(super) fn router(context: Arc<PageContext>) -> Router {
    Router::new()
        .route("/sandbox/state", get(show_state))
        .route("/sandbox/users", post(add_user))
        .route("/sandbox/messages", post(write))
        .route("/sandbox/deliveries/{id}/resend", post(resend))
        .route("/sandbox/clear", post(clear))
        .route("/sandbox/faults", post(set_faults))
        // The earlier name of `/sandbox/faults`, which scripts may still call.
        .route("/sandbox/nastiness", post(set_faults))
        .route("/sandbox/files", post(add_file))
        .route("/sandbox/media/{id}", get(show_file))
        .route("/sandbox/recording", get(show_recording))
        .route("/sandbox/play", post(play))
        .with_state(context)
}

/// The refusal of a call: its status, and the reason.
pub(super) struct PageError(pub(super) StatusCode, pub(super) String);

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let Self(status, error) = self;
        answer(status, &json!({ "error": error }))
    }
}

async fn show_state(State(page): State<Arc<PageContext>>) -> Response {
    let now = page.clock.now();
    let mut view = page.state.lock().view(now);
    view["now"] = json!(now);
    view["can_advance"] = json!(page.clock.can_advance());
    view["app_key"] = json!(page.app_key);
    view["timeout_ms"] = json!(page.timeout.as_millis());
    answer(StatusCode::OK, &view)
}

async fn add_user(
    State(page): State<Arc<PageContext>>,
    request: Request,
) -> Result<Response, PageError> {
    #[derive(Deserialize)]
    struct Body {
        id: UserId,
        name: Option<String>,
    }
    let Body { id, name } = read_json(request).await?;
    let length = id.as_str().chars().count();
    if !(1..=200).contains(&length) {
        return Err(PageError(StatusCode::BAD_REQUEST, WriteError::UserId.to_string()));
    }
    let mut state = page.state.lock();
    let user = state.user(&id).map_err(|full| PageError(StatusCode::CONFLICT, full.to_string()))?;
    if let Some(name) = name {
        user.name = name.chars().take(200).collect();
    }
    let user = user.clone();
    state.feed.publish("user", &user);
    Ok(answer(StatusCode::OK, &json!(user)))
}

async fn write(State(page): State<Arc<PageContext>>, request: Request) -> Result<Response, PageError> {
    #[derive(Deserialize)]
    struct Body {
        account: AccountId,
        user: UserId,
        content: ChatContent,
    }
    let Body { account, user, content } = read_json(request).await?;
    let sent = page.platform.write(&account, &user, content).map_err(|error| {
        let status = match error {
            WriteError::NoAccount(_) => StatusCode::NOT_FOUND,
            WriteError::Busy => StatusCode::SERVICE_UNAVAILABLE,
            WriteError::Full(_) => StatusCode::CONFLICT,
            WriteError::NotFromUsers(_) | WriteError::UserId => StatusCode::BAD_REQUEST,
        };
        PageError(status, error.to_string())
    })?;
    let done = json!({ "message": sent.message, "delivery": sent.delivery });
    Ok(answer(StatusCode::ACCEPTED, &done))
}

async fn resend(
    State(page): State<Arc<PageContext>>,
    Path(id): Path<u64>,
) -> Result<Response, PageError> {
    page.platform.resend(id).map_err(|error| {
        let status = match error {
            ResendError::Gone(_) => StatusCode::NOT_FOUND,
            ResendError::InProgress(_) | ResendError::NotNow(..) => StatusCode::CONFLICT,
        };
        PageError(status, error.to_string())
    })?;
    Ok(answer(StatusCode::ACCEPTED, &json!({ "delivery": id })))
}

async fn clear(State(page): State<Arc<PageContext>>) -> Response {
    page.state.lock().clear();
    answer(StatusCode::OK, &json!({}))
}

async fn set_faults(
    State(page): State<Arc<PageContext>>,
    request: Request,
) -> Result<Response, PageError> {
    let changes: Value = read_json(request).await?;
    let mut state = page.state.lock();
    let faults = state.injector.faults().with_changes(&changes).map_err(bad_request_error)?;
    let done = json!(faults);
    state.set_faults(faults);
    Ok(answer(StatusCode::OK, &done))
}

async fn add_file(
    State(page): State<Arc<PageContext>>,
    request: Request,
) -> Result<Response, PageError> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    // The page loads the file from the host under which it was itself loaded.
    let base = host.map_or_else(|| page.base_url.clone(), |host| format!("http://{host}"));
    let bytes = read_bytes(request, MAX_FILE).await?;
    let kind = match MediaFormat::of(&bytes) {
        Some(MediaFormat::Amr | MediaFormat::AmrWb) => MediaKind::Voice,
        _ => MediaKind::Image,
    };
    let format = media::check(kind, &bytes).map_err(bad_request_error)?;
    let seconds = seconds(format, &bytes);
    let id = page.state.lock().uploads.add(Media::File { kind, format, bytes });
    let url = format!("{base}{}", Media::path(id.as_str()));
    Ok(answer(StatusCode::OK, &json!({ "kind": kind, "url": url, "seconds": seconds })))
}

async fn show_file(
    State(page): State<Arc<PageContext>>,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let state = page.state.lock();
    let Some(Media::File { format, bytes, .. }) = state.uploads.get(&id) else {
        return Err(PageError(
            StatusCode::NOT_FOUND,
            "there is no such file, or not any more".to_owned(),
        ));
    };
    Ok(([(CONTENT_TYPE, format.content_type())], bytes.clone()).into_response())
}

async fn show_recording(
    State(page): State<Arc<PageContext>>,
    request: Request,
) -> Result<Response, PageError> {
    let value = |name: &str| query_value(&request, name);
    let after = match value("after") {
        Some(id) => id.parse().map_err(|_| bad_request_error("`after` is not the id of a message"))?,
        None => 0,
    };
    let (account, user) = (value("account").map(AccountId::new), value("user").map(UserId::new));
    let text = record(&page.state.lock(), account.as_ref(), user.as_ref(), after);
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

async fn play(State(page): State<Arc<PageContext>>, request: Request) -> Result<Response, PageError> {
    let in_chinese = query_value(&request, "lang").is_some_and(|lang| lang.starts_with("zh"));
    let text = read_bytes(request, MAX_CONVERSATION).await?;
    let text = std::str::from_utf8(&text).map_err(bad_request_error)?;
    let conversation: Conversation = text.parse().map_err(bad_request_error)?;
    let report = conversation.play_on(&page.platform).await;
    let text = if in_chinese { report.in_chinese().to_string() } else { report.to_string() };
    let done = json!({ "passed": report.has_passed(), "report": text });
    Ok(answer(StatusCode::OK, &done))
}

/// The value of the query parameter `name`.
fn query_value(request: &Request, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Reads a call's body as JSON.
pub(super) async fn read_json<T: for<'de> Deserialize<'de>>(request: Request) -> Result<T, PageError> {
    serde_json::from_slice(&read_bytes(request, MAX_JSON).await?).map_err(bad_request_error)
}

/// Reads a call's body, of at most `max` bytes.
async fn read_bytes(request: Request, max: usize) -> Result<Bytes, PageError> {
    let too_large = |_| PageError(StatusCode::PAYLOAD_TOO_LARGE, format!("more than {max} bytes"));
    to_bytes(request.into_body(), max).await.map_err(too_large)
}

pub(super) fn bad_request_error(error: impl fmt::Display) -> PageError {
    PageError(StatusCode::BAD_REQUEST, error.to_string())
}

pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
