//! The platform's API from the platform's side: signatures are verified, limits kept, documented codes answered.
//!
//! This module is a second reading of the documents, independent of [`client`](crate::client). Where they leave a question
//! open, the answer here is: an account must exist, and a user is created when first named; the App Keys in a call must be
//! the one that the call is signed for; a call that is refused has no effect.

mod accounts;
mod answer;
mod authentication;
mod body;
mod context;
mod fields;
mod followers;
mod media;
mod menus;
mod messages;
mod portal;
mod request;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use futures_util::stream;
use http::StatusCode;
use serde_json::Value;

pub(super) use self::context::ApiContext;
use self::{
    answer::{Dialect, Refusal, json},
    body::RequestBody,
    request::ApiRequest,
};
use super::{
    access,
    history::{AnswerFault, ApiCall},
    state,
};

/// The largest length of a body and of an answer that is kept, in characters.
const MAX_EXCERPT: usize = 4000;
/// The largest length of a path, of a reason, and of the body of an unknown caller that is kept, in characters.
const MAX_SHORT_EXCERPT: usize = 500;
/// The time after which the connection of a call that is never answered is closed.
const SILENCE: Duration = Duration::from_mins(2);

/// Answers the platform's API.
pub(super) fn router(context: ApiContext) -> Router {
    Router::new()
        .route("/mc/{*call}", any(answer))
        .route("/message/{*call}", any(answer))
        .route("/media/{*call}", any(answer))
        .route("/interface/{*call}", any(answer))
        .with_state(Arc::new(context))
}

/// Answers a call. Its body is read only once the caller is known: the signature and the token are in the head and do not
/// cover the body.
async fn answer(State(api): State<Arc<ApiContext>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let dialect = Dialect::of(head.uri.path());
    if let Some(reason) = access::foreign_page_refusal(&head.headers, &head.uri) {
        body::read_beginning(body).await;
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    let mut request = ApiRequest::new(api.clock.now(), head);
    if let Err(refusal) = check_caller(&api, &request, dialect) {
        request.body = body::read_beginning(body).await;
        return refuse(&api, &request, dialect, refusal, MAX_SHORT_EXCERPT);
    }
    let RequestBody { bytes, exceeded } = body::read(&request.path, body).await;
    if let Some(max) = exceeded {
        request.body = bytes;
        let refusal = Refusal::parameter(format!("the body has more than {max} bytes"));
        return refuse(&api, &request, dialect, refusal, MAX_EXCERPT);
    }
    request.set_body(bytes).await;
    let (fault, slow) = {
        let injector = &mut api.state.lock().injector;
        (injector.roll_answer(), Duration::from_millis(injector.faults().slow_ms))
    };
    tokio::time::sleep(slow).await;
    match fault {
        None => carry_out(&api, &request, dialect),
        Some(fault) => answer_with_fault(&api, &request, dialect, fault).await,
    }
}

/// Checks who calls, and the method.
fn check_caller(api: &ApiContext, request: &ApiRequest, dialect: Dialect) -> Result<(), Refusal> {
    match dialect {
        Dialect::RongCloud => authentication::check_signature(api, request)?,
        Dialect::Portal => authentication::check_token(api, request)?,
    }
    if request.method != http::Method::POST {
        return Err(Refusal::parameter(format!("{} is called with POST", request.path)));
    }
    Ok(())
}

/// Refuses a call, and keeps the first `max_excerpt` characters of its body in the history.
fn refuse(
    api: &ApiContext,
    request: &ApiRequest,
    dialect: Dialect,
    refusal: Refusal,
    max_excerpt: usize,
) -> Response {
    let answer = dialect.refusal(&refusal, api.clock.now()).to_string();
    let status = refusal.status(dialect);
    let result = CallResult { refused: Some(refusal.message), ..CallResult::new(status, &answer) };
    record(&mut api.state.lock(), request, result, max_excerpt);
    json(status, answer)
}

/// Carries a call out, or refuses it.
fn carry_out(api: &ApiContext, request: &ApiRequest, dialect: Dialect) -> Response {
    let mut state = api.state.lock();
    match run(&mut state, api, request) {
        Ok(answer) => {
            let answer = dialect.success(answer, api.clock.now()).to_string();
            record(&mut state, request, CallResult::new(200, &answer), MAX_EXCERPT);
            json(200, answer)
        }
        Err(refusal) => {
            drop(state);
            refuse(api, request, dialect, refusal, MAX_EXCERPT)
        }
    }
}

/// Runs the call that the path names.
fn run(state: &mut state::State, api: &ApiContext, request: &ApiRequest) -> Result<Value, Refusal> {
    match request.path.as_str() {
        "/mc/add.json" => accounts::add(state, api, request),
        "/mc/refresh.json" => accounts::refresh(state, api, request),
        "/mc/info.json" => accounts::info(state, api, request),
        "/mc/route/setUrl.json" => accounts::set_url(state, api, request),
        "/mc/route/setSwitch.json" => accounts::set_switch(state, api, request),
        "/mc/menu/refresh.json" => menus::refresh(state, request),
        "/mc/menu/delete.json" => menus::delete(state, request),
        "/mc/menu/order.json" => menus::order(state, request),
        "/mc/subscribe.json" => followers::set_followers(state, request, true),
        "/mc/unsubscribe.json" => followers::set_followers(state, request, false),
        "/media/upload" => media::upload(state, api, request),
        "/media/uploadnews" => media::upload_news(state, api, request),
        path if path.starts_with("/message/") => messages::send(state, api, request),
        path if path.starts_with("/interface/") => portal::call(state, api, request),
        path => Err(Refusal::parameter(format!("there is no call {path}"))),
    }
}

/// Answers with an injected fault; the call is not carried out.
async fn answer_with_fault(
    api: &ApiContext,
    request: &ApiRequest,
    dialect: Dialect,
    fault: AnswerFault,
) -> Response {
    let now = api.clock.now();
    let refusal = match fault {
        AnswerFault::InternalError => Some(Refusal::internal()),
        AnswerFault::RateExceeded => Some(Refusal::rate_exceeded()),
        AnswerFault::Status500 | AnswerFault::Cut | AnswerFault::Silent => None,
    };
    let (status, answer) = match (&refusal, fault) {
        (Some(refusal), _) => (Some(refusal.status(dialect)), dialect.refusal(refusal, now).to_string()),
        (None, AnswerFault::Status500) => {
            (Some(500), "<html>500 Internal Server Error</html>".to_owned())
        }
        (None, _) => (None, String::new()),
    };
    {
        let result = CallResult { status, answer: &answer, refused: None, fault: Some(fault) };
        record(&mut api.state.lock(), request, result, MAX_EXCERPT);
    }
    match (status, refusal) {
        (Some(status), Some(_)) => json(status, answer),
        (Some(_), None) => (StatusCode::INTERNAL_SERVER_ERROR, answer).into_response(),
        (None, _) => {
            if fault == AnswerFault::Silent {
                let _ = tokio::time::timeout(SILENCE, api.stop.cancelled()).await;
            }
            broken_response()
        }
    }
}

/// A response whose connection breaks before it is complete.
fn broken_response() -> Response {
    let broken = stream::once(async { Err::<&[u8], _>(std::io::Error::other("cut")) });
    Body::from_stream(broken).into_response()
}

/// The result of a call, for the history.
struct CallResult<'a> {
    status: Option<u16>,
    answer: &'a str,
    refused: Option<String>,
    fault: Option<AnswerFault>,
}

impl<'a> CallResult<'a> {
    fn new(status: u16, answer: &'a str) -> Self {
        Self { status: Some(status), answer, refused: None, fault: None }
    }
}

/// Adds a call with the first `max_excerpt` characters of its body to the history.
fn record(state: &mut state::State, request: &ApiRequest, result: CallResult<'_>, max_excerpt: usize) {
    let (account, mut users) = request.named_ids();
    let delivery = match (&account, &users[..]) {
        (Some(account), [user]) => state.deliveries.latest_of(account, user),
        _ => None,
    };
    if result.refused.is_some() {
        users.clear();
    }
    let call = ApiCall {
        id: state.calls.next_id(),
        at: request.at,
        ms: request.started.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
        method: beginning(request.method.as_str(), MAX_SHORT_EXCERPT),
        path: beginning(&request.path, MAX_SHORT_EXCERPT),
        account,
        users,
        delivery,
        body_type: request.body_type(),
        body: beginning(&request.display_body(), max_excerpt),
        status: result.status,
        answer: beginning(result.answer, MAX_EXCERPT),
        refused: result.refused.map(|reason| beginning(&reason, MAX_SHORT_EXCERPT)),
        fault: result.fault,
    };
    state.add_call(call);
}

/// The first characters of a text.
fn beginning(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}
