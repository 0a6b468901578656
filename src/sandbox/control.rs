//! The sandbox's own JSON interface, for the page and for scripts; [`sandbox`](crate::sandbox) lists its calls.
//!
//! Ids count from 1, times are milliseconds since 1970, errors are `{"error":"…"}`.

use std::{fmt, sync::Arc};

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
    content::Content,
    conversation::{Conversation, record},
    events,
    platform::{ActError, Platform, ResendError},
    uploads::{Uploaded, seconds},
};
use crate::{
    ids::{AccountId, UserId},
    protocol::media::{self, MediaFormat, MediaKind},
};

const MOST_JSON: usize = 32 << 10;
const MOST_CONVERSATION: usize = 256 << 10;
const MOST_FILE: usize = 3 << 20;

/// Answers `/sandbox/…`.
pub(super) fn router() -> Router<Arc<Platform>> {
    Router::new()
        .route("/sandbox/state", get(state))
        .route("/sandbox/events", get(events::follow))
        .route("/sandbox/users", post(add_user))
        .route("/sandbox/messages", post(write))
        .route("/sandbox/deliveries/{id}/resend", post(resend))
        .route("/sandbox/clear", post(clear))
        .route("/sandbox/faults", post(set_faults))
        // Its earlier name, for scripts that were written for it.
        .route("/sandbox/nastiness", post(set_faults))
        .route("/sandbox/files", post(add_file))
        .route("/sandbox/media/{id}", get(file))
        .route("/sandbox/recording", get(recording))
        .route("/sandbox/play", post(play))
}

/// Why a call of the page or a script is refused.
struct Refused(StatusCode, String);

type Answered = Result<Response, Refused>;

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, error) = self;
        answer(status, &json!({ "error": error }))
    }
}

async fn state(State(platform): State<Arc<Platform>>) -> Response {
    let now = platform.clock.now();
    let mut view = platform.state().view(now);
    view["now"] = json!(now);
    view["app_key"] = json!(platform.app_key);
    view["timeout_ms"] = json!(platform.pusher.timeout.as_millis());
    answer(StatusCode::OK, &view)
}

async fn add_user(State(platform): State<Arc<Platform>>, request: Request) -> Answered {
    #[derive(Deserialize)]
    struct Body {
        id: UserId,
        name: Option<String>,
    }
    let Body { id, name } = body(request).await?;
    let length = id.as_str().chars().count();
    if !(1..=200).contains(&length) {
        return Err(Refused(StatusCode::BAD_REQUEST, ActError::UserId.to_string()));
    }
    let mut state = platform.state();
    let user = state.user(&id).map_err(|full| Refused(StatusCode::CONFLICT, full.to_string()))?;
    if let Some(name) = name {
        user.name = name.chars().take(200).collect();
    }
    let user = user.clone();
    state.feed.publish("user", &user);
    Ok(answer(StatusCode::OK, &json!(user)))
}

async fn write(State(platform): State<Arc<Platform>>, request: Request) -> Answered {
    #[derive(Deserialize)]
    struct Body {
        account: AccountId,
        user: UserId,
        content: Content,
    }
    let Body { account, user, content } = body(request).await?;
    let act = platform.act(&account, &user, content).map_err(|error| {
        let status = match error {
            ActError::NoAccount(_) => StatusCode::NOT_FOUND,
            ActError::Busy => StatusCode::SERVICE_UNAVAILABLE,
            ActError::Full(_) => StatusCode::CONFLICT,
            ActError::NotAUsers(_) | ActError::UserId => StatusCode::BAD_REQUEST,
        };
        Refused(status, error.to_string())
    })?;
    let done = json!({ "message": act.message, "delivery": act.delivery });
    Ok(answer(StatusCode::ACCEPTED, &done))
}

async fn resend(State(platform): State<Arc<Platform>>, Path(id): Path<u64>) -> Answered {
    platform.resend(id).map_err(|error| {
        let status = match error {
            ResendError::Gone(_) => StatusCode::NOT_FOUND,
            ResendError::InProgress(_) | ResendError::NotNow(..) => StatusCode::CONFLICT,
        };
        Refused(status, error.to_string())
    })?;
    Ok(answer(StatusCode::ACCEPTED, &json!({ "delivery": id })))
}

async fn clear(State(platform): State<Arc<Platform>>) -> Response {
    platform.state().clear();
    answer(StatusCode::OK, &json!({}))
}

async fn set_faults(State(platform): State<Arc<Platform>>, request: Request) -> Answered {
    let changes: Value = body(request).await?;
    let mut state = platform.state();
    let switches = state.injector.switches().with(&changes).map_err(bad)?;
    let done = json!(switches);
    state.set_faults(switches);
    Ok(answer(StatusCode::OK, &done))
}

async fn add_file(State(platform): State<Arc<Platform>>, request: Request) -> Answered {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    // The address under which the page is reached is the one under which its files are.
    let base = host.map_or_else(|| platform.base.clone(), |host| format!("http://{host}"));
    let bytes = bytes(request, MOST_FILE).await?;
    let kind = match MediaFormat::of(&bytes) {
        Some(MediaFormat::Amr | MediaFormat::AmrWb) => MediaKind::Voice,
        _ => MediaKind::Image,
    };
    let format = media::check(kind, &bytes).map_err(bad)?;
    let seconds = seconds(format, &bytes);
    let id = platform.state().uploads.add(Uploaded::File { kind, format, bytes });
    let url = format!("{base}{}", Uploaded::path(id.as_str()));
    Ok(answer(StatusCode::OK, &json!({ "kind": kind, "url": url, "seconds": seconds })))
}

async fn file(State(platform): State<Arc<Platform>>, Path(id): Path<String>) -> Answered {
    let state = platform.state();
    let Some(Uploaded::File { format, bytes, .. }) = state.uploads.get(&id) else {
        return Err(Refused(StatusCode::NOT_FOUND, "there is no such file, or not any more".to_owned()));
    };
    Ok(([(CONTENT_TYPE, format.content_type())], bytes.clone()).into_response())
}

async fn recording(State(platform): State<Arc<Platform>>, request: Request) -> Answered {
    let value = |name: &str| query_value(&request, name);
    let after = match value("after") {
        Some(id) => id.parse().map_err(|_| bad("`after` is not the id of a message"))?,
        None => 0,
    };
    let (account, user) = (value("account").map(AccountId::new), value("user").map(UserId::new));
    let text = record(&platform.state(), account.as_ref(), user.as_ref(), after);
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

async fn play(State(platform): State<Arc<Platform>>, request: Request) -> Answered {
    let in_chinese = query_value(&request, "lang").is_some_and(|lang| lang.starts_with("zh"));
    let text = bytes(request, MOST_CONVERSATION).await?;
    let text = std::str::from_utf8(&text).map_err(bad)?;
    let conversation: Conversation = text.parse().map_err(bad)?;
    let report = conversation.play_on(&platform).await;
    let text = if in_chinese { report.in_chinese().to_string() } else { report.to_string() };
    let done = json!({ "passed": report.passed(), "report": text });
    Ok(answer(StatusCode::OK, &done))
}

/// What the query string says about `name`.
fn query_value(request: &Request, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

async fn body<T: for<'de> Deserialize<'de>>(request: Request) -> Result<T, Refused> {
    serde_json::from_slice(&bytes(request, MOST_JSON).await?).map_err(bad)
}

async fn bytes(request: Request, most: usize) -> Result<Bytes, Refused> {
    let too_large = |_| Refused(StatusCode::PAYLOAD_TOO_LARGE, format!("more than {most} bytes"));
    to_bytes(request.into_body(), most).await.map_err(too_large)
}

fn bad(error: impl fmt::Display) -> Refused {
    Refused(StatusCode::BAD_REQUEST, error.to_string())
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
